// A clock that moves only when a test says so, a seeded die, and the entries tests are made of.

import type { Entry, HistoryPage, Joined } from "../src/wire/types.ts";

export const EPOCH = 1_763_787_600;

export class World {
  time = 1_000_000;
  private timers: { at: number; run: () => void; order: number }[] = [];
  private made = 0;

  readonly now = () => this.time;
  readonly later = (ms: number, run: () => void) => {
    const timer = { at: this.time + ms, run, order: this.made++ };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  /** Lets time pass, and between any two timers lets promises settle. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
      await settle();
    }
    this.time = end;
  }

  get waiting(): number {
    return this.timers.length;
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let at = 0; at < 12; at++) await Promise.resolve();
}

/** A small seeded generator (mulberry32); a failing test prints its seed. */
export function die(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const mid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;

export function posted(seq: number, topic = "t", more: Partial<Entry> = {}): Entry {
  return {
    room: "cardiology", epoch: EPOCH, seq, n: seq, at: seq * 1_000, by: { id: `p${seq % 3}` }, op: "message.posted", mid: mid(seq),
    d: { topic, kind: "message" }, w: { card: { name: `Author ${seq % 3}` }, topic: `Topic ${topic}`, body: `Body ${seq}` }, ...more,
  };
}

export function redacted(seq: number, of: number): Entry {
  return {
    room: "cardiology", epoch: EPOCH, seq, at: seq * 1_000, by: { id: "mod" }, op: "message.redacted", mid: mid(seq),
    d: { of: mid(of), seq: of, topic: "t" }, w: { card: { name: "Moderator" }, reason: "Synthetic" },
  };
}

export function joined(after: number, head: number, more: Partial<Joined> = {}): Joined {
  return {
    position: { epoch: EPOCH, seq: head }, after: { epoch: after === 0 ? 0 : EPOCH, seq: after }, first: { epoch: EPOCH, seq: 1 }, n: head, recovered: true,
    state: { class: "discussion", title: "Cardiology", topics: 1, members: 3, epochs: [{ epoch: EPOCH, base: 0 }] }, ...more,
  };
}

export function page(entries: Entry[], from: number, to: number, more: boolean, extra: Partial<HistoryPage> = {}): HistoryPage {
  return { entries, range: { from, to }, position: { epoch: EPOCH, seq: 9_999 }, first: { epoch: EPOCH, seq: 1 }, more, ...extra };
}
