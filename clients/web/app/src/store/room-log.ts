// What this client holds of one room's log. A synchronous state machine: what the server said goes in,
// what to ask for comes out. Knows no socket, no clock and no DOM.
//
// Two stretches are kept: the line, contiguous from `low` to the cursor, and per topic the part read by
// `history {topic}`, complete from that topic's own low. Both share one map by seq.

import { Fates } from "./fates.ts";
import { befallen, toMessage } from "./message.ts";
import type { Message } from "./message.ts";
import { Roles } from "./rights.ts";
import { TopicLine } from "./topic-line.ts";
import type { TopicState } from "./topic-line.ts";
import type {
  AboutFacts, Entry, HistoryPage, Joined, MergedFacts, MovedFacts, Position, ReasonWords, RoomState, SeqRange,
} from "../wire/types.ts";
import { ZERO } from "../wire/types.ts";

export interface Gap {
  from: number;
  to: number;
}

export interface Removal {
  at: number;
  by: string | undefined;
  reason: string | undefined;
}

/** How far a stretch was read backwards. */
export interface Reach {
  low: number;
  more: boolean;
}

export type Ask = { op: "history"; after: Position } | undefined;

export type Row = { kind: "message"; seq: number; message: Message } | ({ kind: "gap"; seq: number } & Gap);

/** Entries that came ahead of their turn. Past this many they are dropped: history brings them again. */
const AHEAD_MAX = 2_000;

export class RoomLog {
  /** The last entry applied. */
  cursor: Position = ZERO;
  /** The server's head when it last told us. */
  head: Position = ZERO;
  first: Position = ZERO;
  /** The line's own reach backwards. */
  reach: Reach = { low: 1, more: false };
  readonly topicReach = new Map<string, Reach>();
  readonly gaps: Gap[] = [];
  readonly removals = new Map<string, Removal>();
  /** The ordinal of the head: how much reading matter there is. */
  n = 0;
  state: RoomState | undefined;
  private epochs: RoomState["epochs"] = [];
  readonly roles = new Roles();
  /** What ids of topics lead to. */
  readonly line = new TopicLine();
  /** As they were posted, their words erased where they are. */
  private readonly posts = new Map<number, Message>();
  /** As they are to be shown. */
  private readonly messages = new Map<number, Message>();
  private readonly seqs = new Map<string, number>();
  private readonly fates = new Fates();
  private readonly ahead = new Map<number, Entry>();
  private asking = false;

  /**
   * Whether something that is held or was told of never happened on the line of this answer. A removal of words
   * may be among it and cannot be taken back, so such a log is of no use any more: another one is begun.
   */
  parted({ after, state }: Joined): boolean {
    return after.seq < this.cursor.seq || !onLine(this.head, state.epochs);
  }

  /** `join` or a resumed `hello` was answered, on the same line. Entries above `after` follow by themselves. */
  joined(answer: Joined): void {
    const fresh = this.cursor.seq === 0 && this.messages.size === 0;
    if (fresh) {
      this.reach = { low: answer.after.seq + 1, more: answer.after.seq + 1 > answer.first.seq };
    } else if (answer.after.seq > this.cursor.seq) {
      this.addGap({ from: this.cursor.seq + 1, to: answer.after.seq });
    }
    this.cursor = answer.after;
    this.head = answer.position;
    this.first = answer.first;
    this.n = answer.n;
    this.state = answer.state;
    this.epochs = answer.state.epochs;
    this.roles.joined(answer);
    this.ahead.clear();
    this.asking = false;
  }

  /** A live entry, or one of a replay. Answers what to ask for, if entries are missing before it. */
  apply(entry: Entry): Ask {
    if (entry.seq <= this.cursor.seq) return undefined;
    if (entry.seq > this.cursor.seq + 1) {
      if (this.ahead.size < AHEAD_MAX) this.ahead.set(entry.seq, entry);
      if (this.asking) return undefined;
      this.asking = true;
      return { op: "history", after: this.cursor };
    }
    this.step(entry);
    this.takeAhead();
    return undefined;
  }

  /** The answer to what `apply` asked for. May ask again if the hole is longer than a page. */
  filled(page: HistoryPage): Ask {
    this.asking = false;
    this.addHoles(page.holes);
    // The page speaks for its range: what is not in it does not exist.
    for (const entry of page.entries) if (entry.seq > this.cursor.seq) this.step(entry);
    const to = page.range?.to ?? 0;
    if (to > this.cursor.seq) this.cursor = { epoch: this.cursor.epoch, seq: to };
    this.takeAhead();
    if (this.ahead.size === 0 || !page.more) return undefined;
    this.asking = true;
    return { op: "history", after: this.cursor };
  }

  /** Asking failed; the next entry may ask again. */
  fillFailed(): void {
    this.asking = false;
  }

  /** Notice `gap`: these seqs are lost for good and reading goes on after them. */
  lost(gap: Gap): void {
    this.addGap({ from: gap.from, to: gap.to });
    this.takeAhead();
  }

  /**
   * A page before the line's low, or (with a topic) before that topic's. `false`: a topic's first page
   * ends before the line begins, and was not taken, because what lies between would be missing.
   */
  older(page: HistoryPage, topic?: string): boolean {
    const first = topic !== undefined && !this.topicReach.has(topic);
    if (first && (page.range?.to ?? 0) < this.reach.low - 1) return false;
    const below = topic === undefined ? this.reach.low : (this.topicReach.get(topic)?.low ?? Infinity);
    for (const entry of page.entries) this.keep(entry);
    this.addHoles(page.holes);
    const from = page.range?.from ?? page.entries[0]?.seq;
    const reach = { low: Math.min(below, from ?? below), more: page.more };
    if (topic === undefined) {
      this.reach = reach;
      return true;
    }
    // A topic's first page may be empty: then the topic is complete as far as it goes.
    this.topicReach.set(topic, Number.isFinite(reach.low) ? reach : { low: 1, more: false });
    return true;
  }

  /** How far back a view reaches. */
  reachOf(topic: string | undefined): Reach | undefined {
    return topic === undefined ? this.reach : this.topicReach.get(topic);
  }

  /** The messages that are kept in sight and were read, the one pinned first before the others. */
  pins(): number[] {
    return this.fates.pins().filter((seq) => this.messages.has(seq));
  }

  /** The topics that were read of, those that ended included. */
  topics(): TopicState[] {
    const first = new Map<string, { seq: number; name: string } | undefined>();
    for (const { seq, filed, topicName } of this.messages.values()) {
      const known = first.get(filed);
      const named = topicName === undefined || (known && known.seq < seq) ? known : { seq, name: topicName };
      first.set(filed, named);
    }
    const states = [...new Set([...first.keys(), ...this.line.ids()])].map((id) => this.line.state(id, first.get(id)));
    return states.filter(({ topic, mergedInto }) => mergedInto !== undefined || this.line.resolve(topic) === topic);
  }

  /** The position to read a page before; none means that the newest page is next. */
  before(topic: string | undefined): Position | undefined {
    const low = this.reachOf(topic)?.low;
    if (low === undefined || low > this.cursor.seq) return undefined;
    const epoch = this.epochs.findLast((step) => step.base < low)?.epoch;
    return epoch === undefined ? undefined : { epoch, seq: low };
  }

  /** The seq of a message held here. */
  seqOf(mid: string): number | undefined {
    return this.seqs.get(mid);
  }

  message(seq: number): Message | undefined {
    return this.messages.get(seq);
  }

  /** A message held here whose words may be seen. */
  shown(mid: string): Message | undefined {
    const message = this.messages.get(this.seqs.get(mid) ?? 0);
    return message && !message.erased && message.stand === "shown" ? message : undefined;
  }

  /** What a view shows, oldest first. */
  rows(topic: string | undefined): Row[] {
    // Without a page of its own yet, a topic shows what the line holds of it.
    const low = (this.reachOf(topic) ?? this.reach).low;
    // An id that ended leads to the topic that goes on.
    const belongs = topic === undefined ? undefined : this.line.resolve(topic);
    const rows: Row[] = [];
    for (const message of this.messages.values()) {
      if (message.seq < low || (belongs !== undefined && message.topic !== belongs)) continue;
      rows.push({ kind: "message", seq: message.seq, message });
    }
    for (const gap of this.gaps) {
      if (gap.to >= low) rows.push({ kind: "gap", seq: gap.from, from: gap.from, to: gap.to });
    }
    return rows.sort((a, b) => a.seq - b.seq);
  }

  /**
   * Forgets the oldest part of the line, so that an open page does not grow for days. What was done to its
   * messages is kept, a little each: they may be read again, and the entries that say so would not be.
   */
  trim(keep: number): void {
    if (this.messages.size <= keep * 2) return;
    const seqs = [...this.messages.keys()].sort((a, b) => a - b);
    const low = seqs[seqs.length - keep];
    if (low === undefined) return;
    for (const seq of seqs.slice(0, seqs.length - keep)) this.forget(seq);
    this.topicReach.clear();
    this.reach = { low: Math.max(low, this.reach.low), more: true };
  }

  private step(entry: Entry): void {
    if (entry.epoch > (this.epochs.at(-1)?.epoch ?? 0)) {
      this.epochs = [...this.epochs, { epoch: entry.epoch, base: entry.seq - 1 }];
    }
    this.cursor = { epoch: entry.epoch, seq: entry.seq };
    if (entry.seq > this.head.seq) this.head = this.cursor;
    if (entry.n !== undefined && entry.n > this.n) this.n = entry.n;
    this.roles.take(entry);
    this.keep(entry);
    this.unread(entry);
  }

  private keep(entry: Entry): void {
    const message = toMessage(entry);
    if (message) {
      const held = this.posts.get(message.seq);
      if (!held || message.erased) this.posts.set(message.seq, message);
      this.seqs.set(message.mid, message.seq);
      this.show(message.seq);
      return;
    }
    if (entry.op === "message.redacted") {
      const facts = entry.d as unknown as AboutFacts;
      const words = entry.w as unknown as ReasonWords | undefined;
      this.removals.set(facts.of, { at: entry.at, by: words?.card?.name, reason: words?.reason });
    }
    for (const seq of this.fates.take(entry)) this.show(seq);
    if (this.line.take(entry)) for (const seq of this.posts.keys()) this.show(seq);
  }

  /** Brings what is shown of a message to what is known of it, and forgets words that are erased. */
  private show(seq: number): void {
    const post = this.posts.get(seq);
    if (!post) return;
    const fate = this.fates.get(seq);
    const message = befallen(post, fate, this.line.resolve(fate?.moved?.topic ?? post.filed));
    this.messages.set(seq, message);
    if (fate?.erased) this.posts.set(seq, { ...post, card: undefined, topicName: undefined, body: "", tags: [], erased: true });
  }

  /** What a topic's own stretch was read for changed: it is read again when it is looked at. */
  private unread(entry: Entry): void {
    if (entry.op === "topic.moved") this.topicReach.delete(this.line.resolve((entry.d as unknown as MovedFacts).topic));
    if (entry.op !== "topic.merged") return;
    const { topic, into } = entry.d as unknown as MergedFacts;
    for (const id of [topic, into, this.line.resolve(into)]) this.topicReach.delete(id);
  }

  private takeAhead(): void {
    for (;;) {
      this.passGaps();
      const next = this.ahead.get(this.cursor.seq + 1);
      if (!next) break;
      this.ahead.delete(next.seq);
      this.step(next);
    }
    for (const seq of [...this.ahead.keys()]) if (seq <= this.cursor.seq) this.ahead.delete(seq);
  }

  /** Moves the cursor over a gap that begins right after it. */
  private passGaps(): void {
    for (const gap of this.gaps) {
      if (gap.from <= this.cursor.seq + 1 && gap.to > this.cursor.seq) {
        this.cursor = { epoch: this.cursor.epoch, seq: gap.to };
      }
    }
  }

  private addHoles(holes: SeqRange[] | undefined): void {
    for (const hole of holes ?? []) this.addGap(hole);
  }

  private addGap(gap: Gap): void {
    if (gap.to < gap.from || this.gaps.some((known) => known.from <= gap.from && known.to >= gap.to)) return;
    this.gaps.push({ from: gap.from, to: gap.to });
    this.gaps.sort((a, b) => a.from - b.from);
  }

  private forget(seq: number): void {
    const message = this.messages.get(seq);
    if (message) this.seqs.delete(message.mid);
    this.posts.delete(seq);
    this.messages.delete(seq);
  }
}

/** Whether a log with these epochs ever came to this position. */
function onLine({ epoch, seq }: Position, epochs: RoomState["epochs"]): boolean {
  const at = epochs.findIndex((step) => step.epoch === epoch);
  return seq === 0 || (at >= 0 && seq <= (epochs[at + 1]?.base ?? Infinity));
}
