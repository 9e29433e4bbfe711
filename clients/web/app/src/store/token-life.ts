// How long the token still lives, by this page's clock, and when to say that it ends. A connection that
// sees its token expire is closed; with a newer one it goes on.

import { signal } from "@preact/signals";

/** This long before the end it is said: time to fetch another one. */
export const WARN_MS = 2 * 60_000;
/** A browser's timers hold no more; whoever stays longer hears it from the server. */
const TIMER_MAX = 2 ** 31 - 1;

export class TokenLife {
  /** When it ends, once that is to be said. */
  readonly ending = signal<number | undefined>(undefined);
  private offset = 0;
  private timer: (() => void) | undefined;

  constructor(
    private readonly now: () => number,
    private readonly later: (ms: number, run: () => void) => () => void,
  ) {}

  /** Greeted: the server told its time, and when the token ends by it. */
  begins(serverNow: number, expiresAt: number): void {
    this.offset = this.now() - serverNow;
    this.renewed(expiresAt);
  }

  /** A newer token was taken. */
  renewed(expiresAt: number): void {
    this.over();
    const wait = expiresAt + this.offset - this.now() - WARN_MS;
    if (wait <= TIMER_MAX) this.timer = this.later(Math.max(0, wait), () => this.endsSoon(expiresAt));
  }

  /** It is time to say so; the server says it, too. */
  endsSoon(expiresAt: number): void {
    this.ending.value = expiresAt + this.offset;
  }

  /** There is no token any more. */
  over(): void {
    this.timer?.();
    this.timer = undefined;
    this.ending.value = undefined;
  }
}
