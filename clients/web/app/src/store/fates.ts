// What entries did to messages: the table of dependent ops in SPEC.md. Pages come in any order, so each
// part goes by the seq of the entry that it came from.

import type { AcceptedFacts, AboutFacts, EditedWords, Entry, MarkedFacts, MovedFacts, ReactedFacts } from "../wire/types.ts";

export type Question = "open" | "needs_info" | "answered";

/** What entries after it did to one message. Kept also while the message itself is not: it may be read later. */
export interface Fate {
  /** The newest edit; without words if they were erased. */
  edit?: { seq: number; words: { body: string; tags: string[] } | undefined };
  /** What took it out of sight first; neither is taken back. */
  stand?: { seq: number; as: "retracted" | "hidden" };
  /** Its words are gone, also those of edits that are read later. */
  erased?: boolean;
  /** By reaction and person: the newest that was said, and whether it was yes. */
  reactions?: Map<string, Map<string, { seq: number; on: boolean }>>;
  acks?: Set<string>;
  pin?: { seq: number; on: boolean };
  question?: { seq: number; state: Question; answer?: string };
  moved?: { seq: number; topic: string };
}

export class Fates {
  /** By the seq of the message. */
  private readonly fates = new Map<number, Fate>();
  /** From the seq of a message's newest edit to the message. */
  private readonly edits = new Map<number, number>();

  get(seq: number): Fate | undefined {
    return this.fates.get(seq);
  }

  /** The messages that are pinned, the one pinned first before the others. */
  pins(): number[] {
    const pinned = [...this.fates].filter(([, fate]) => isPinned(fate));
    return pinned.sort(([, a], [, b]) => (a.pin?.seq ?? 0) - (b.pin?.seq ?? 0)).map(([seq]) => seq);
  }

  /** Takes an entry about messages. Answers the seqs of those that may be shown otherwise now. */
  take(entry: Entry): number[] {
    const { seq, op } = entry;
    if (op === "topic.moved") {
      const facts = entry.d as unknown as MovedFacts;
      for (const moved of facts.messages) {
        const fate = this.of(moved.seq);
        if (newer(fate.moved, seq)) fate.moved = { seq, topic: facts.topic };
      }
      return facts.messages.map((moved) => moved.seq);
    }
    const facts = entry.d as unknown as AboutFacts;
    if (op === "message.redacted") return [this.redacted(facts.seq)];
    if (!ABOUT.has(op)) return [];
    const fate = this.of(facts.seq);
    switch (op) {
      case "message.edited":
        this.edited(entry, facts.seq, fate);
        break;
      case "message.retracted":
      case "message.hidden":
        if (!fate.stand || seq < fate.stand.seq) fate.stand = { seq, as: op === "message.retracted" ? "retracted" : "hidden" };
        break;
      case "message.reacted":
      case "message.unreacted":
        react(fate, (facts as ReactedFacts).reaction, entry.by.id, { seq, on: op === "message.reacted" });
        break;
      case "message.pinned":
      case "message.unpinned":
        if (newer(fate.pin, seq)) fate.pin = { seq, on: op === "message.pinned" };
        break;
      case "announcement.acked":
        (fate.acks ??= new Set()).add(entry.by.id);
        break;
      case "answer.accepted":
        if (newer(fate.question, seq)) fate.question = { seq, state: "answered", answer: (facts as AcceptedFacts).answer };
        break;
      case "question.marked":
        if (newer(fate.question, seq)) fate.question = { seq, state: (facts as MarkedFacts).state };
    }
    return [facts.seq];
  }

  private edited(entry: Entry, of: number, fate: Fate): void {
    if (!newer(fate.edit, entry.seq)) return;
    if (fate.edit) this.edits.delete(fate.edit.seq);
    this.edits.set(entry.seq, of);
    const words = entry.w as unknown as EditedWords | undefined;
    const gone = entry.erased || !words || fate.erased || this.fates.get(entry.seq)?.erased;
    fate.edit = { seq: entry.seq, words: gone ? undefined : { body: words.body, tags: words.tags ?? [] } };
  }

  /** What is erased is a message, or one edit of one. Answers the message. */
  private redacted(seq: number): number {
    const fate = this.of(seq);
    fate.erased = true;
    if (fate.edit) fate.edit.words = undefined;
    const message = this.edits.get(seq);
    const edited = message === undefined ? undefined : this.fates.get(message);
    if (edited?.edit) edited.edit.words = undefined;
    return message ?? seq;
  }

  private of(seq: number): Fate {
    let fate = this.fates.get(seq);
    if (!fate) this.fates.set(seq, (fate = {}));
    return fate;
  }
}

const ABOUT: ReadonlySet<string> = new Set([
  "message.edited", "message.retracted", "message.hidden", "message.reacted", "message.unreacted", "message.pinned",
  "message.unpinned", "announcement.acked", "answer.accepted", "question.marked",
]);

const newer = (held: { seq: number } | undefined, seq: number): boolean => !held || held.seq < seq;

function react(fate: Fate, reaction: string, by: string, said: { seq: number; on: boolean }): void {
  const all = (fate.reactions ??= new Map());
  const people = all.get(reaction) ?? new Map();
  all.set(reaction, people);
  if (newer(people.get(by), said.seq)) people.set(by, said);
}

/** What is out of sight or has no words is not kept in sight, whichever came first. */
export const isPinned = (fate: Fate): boolean => fate.pin?.on === true && !fate.stand && !fate.erased;

/** Who reacts, by reaction. Nobody to what is out of sight. */
export function reactionsOf(fate: Fate): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  if (fate.stand) return found;
  for (const [reaction, people] of fate.reactions ?? []) {
    const who = [...people].filter(([, { on }]) => on).map(([id]) => id);
    if (who.length > 0) found[reaction] = who.sort();
  }
  return found;
}
