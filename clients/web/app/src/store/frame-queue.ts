// Entries between the socket and the logs. A long replay is applied in short slices, so that typing
// and scrolling stay smooth meanwhile.

import type { Entry, GapNotice } from "../wire/types.ts";

/** Longest time spent on entries before the page may draw. */
const SLICE_MS = 8;
/** When this is full the connection is made anew: positions resume it, and nothing is lost. */
const QUEUE_MAX = 50_000;

export interface FrameSink {
  entry(entry: Entry): void;
  gap(gap: GapNotice): void;
  /** A slice is done; these rooms changed. */
  drawn(rooms: Iterable<string>): void;
  overflow(): void;
}

export class FrameQueue {
  private items: (Entry | { gap: GapNotice })[] = [];
  private scheduled: (() => void) | undefined;

  constructor(
    private readonly around: { now(): number; later(ms: number, run: () => void): () => void },
    private readonly sink: FrameSink,
  ) {}

  push(entry: Entry): void {
    this.add(entry);
  }

  /** Takes the body of a `gap` notice; it stays in order with the entries around it. */
  pushGap(body: Record<string, unknown>): void {
    const gap = body as unknown as GapNotice;
    const valid = typeof gap.room === "string" && Number.isSafeInteger(gap.from) && Number.isSafeInteger(gap.to);
    if (valid) this.add({ gap });
  }

  clear(): void {
    this.items = [];
    this.scheduled?.();
    this.scheduled = undefined;
  }

  private add(item: Entry | { gap: GapNotice }): void {
    if (this.items.length >= QUEUE_MAX) {
      this.clear();
      this.sink.overflow();
      return;
    }
    this.items.push(item);
    this.scheduled ??= this.around.later(0, () => this.slice());
  }

  private slice(): void {
    this.scheduled = undefined;
    const rooms = new Set<string>();
    const end = this.around.now() + SLICE_MS;
    let at = 0;
    for (; at < this.items.length && (at % 16 !== 0 || at === 0 || this.around.now() < end); at++) {
      const item = this.items[at];
      if (!item) break;
      if ("gap" in item) {
        rooms.add(item.gap.room);
        this.sink.gap(item.gap);
      } else {
        rooms.add(item.room);
        this.sink.entry(item);
      }
    }
    this.items.splice(0, at);
    if (this.items.length > 0) this.scheduled ??= this.around.later(0, () => this.slice());
    this.sink.drawn(rooms);
  }
}
