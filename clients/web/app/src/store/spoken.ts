// The words of the page's one polite region, which screen readers speak when they change. Two lines take
// turns: saying the same sentence twice is two changes.

import { effect, signal } from "@preact/signals";

export class Spoken {
  readonly lines = [signal(""), signal("")] as const;
  private turn: 0 | 1 = 0;
  private watch: (() => void) | undefined;

  /** `stands` reads signals; once it is no longer so, the words are taken back. Without it they may stay. */
  readonly say = (text: string, stands?: () => boolean): void => {
    this.clear();
    this.turn = this.turn === 0 ? 1 : 0;
    this.lines[this.turn].value = text;
    if (stands) this.watch = effect(() => (stands() ? undefined : this.clear()));
  };

  /** Takes back what was said last. Silence is no news to a reader. */
  clear(): void {
    this.watch?.();
    this.watch = undefined;
    for (const line of this.lines) line.value = "";
  }
}
