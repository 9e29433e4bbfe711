// What a screen reader hears of new messages: author and text, and a count once they come fast.

/** More than this many within the window are told as a number. */
const BURST = 3;
const WINDOW_MS = 5_000;
const BODY_CHARS = 200;

export class Announcer {
  private times: number[] = [];
  private counted = 0;
  private timer: (() => void) | undefined;

  constructor(
    private readonly say: (text: string, stands?: () => boolean) => void,
    private readonly words: {
      message(name: string, body: string): string;
      many(n: number, room: string): string;
    },
    private readonly now: () => number,
    private readonly later: (ms: number, run: () => void) => () => void,
  ) {}

  /** `stands`: whether the words may still be seen. A number is told without any. */
  heard(name: string, body: string, room: string, stands: () => boolean): void {
    const now = this.now();
    this.times = this.times.filter((time) => now - time < WINDOW_MS);
    this.times.push(now);
    if (this.times.length <= BURST) {
      const short = body.length > BODY_CHARS ? `${body.slice(0, BODY_CHARS)}…` : body;
      this.say(this.words.message(name, short), stands);
      return;
    }
    this.counted += 1;
    this.timer ??= this.later(WINDOW_MS, () => {
      this.timer = undefined;
      this.say(this.words.many(this.counted, room));
      this.counted = 0;
    });
  }

  /** Another room is open now: what was not yet said is not said any more. */
  quiet(): void {
    this.timer?.();
    this.timer = undefined;
    this.counted = 0;
    this.times = [];
  }
}
