// What a topic's ids and names lead to, as the log's entries say. Merging and renaming build on one
// another, so the entries are kept, and folded in their order whenever one comes late.

import type { Entry, MergedFacts, MovedFacts, RenamedFacts, ResolvedFacts, TopicWords } from "../wire/types.ts";

/** A topic as entries leave it; what no entry here told is not said. */
export interface TopicState {
  topic: string;
  name: string | undefined;
  resolved: boolean;
  mergedInto: string | undefined;
}

/** Entries about topics that are kept; the oldest are forgotten when there are more. */
const ACTS_MAX = 10_000;

export class TopicLine {
  private acts: Entry[] = [];
  private leads = new Map<string, string>();
  private ended = new Map<string, string>();
  private resolved = new Set<string>();
  private renamed = new Map<string, string>();
  /** The name by which a topic was first moved to, and by which entry. */
  private began = new Map<string, { seq: number; name: string }>();
  private known = new Set<string>();

  /** Takes an entry about topics. Answers whether an id may lead elsewhere, or something is named otherwise. */
  take(entry: Entry): boolean {
    if (!OPS.has(entry.op) || this.acts.some((act) => act.seq === entry.seq)) return false;
    const last = this.acts.at(-1)?.seq ?? 0;
    this.acts.push(entry);
    if (entry.seq > last && this.acts.length <= ACTS_MAX) {
      this.fold(entry);
      return true;
    }
    this.acts.sort((a, b) => a.seq - b.seq);
    if (this.acts.length > ACTS_MAX) this.acts.shift();
    this.forget();
    for (const act of this.acts) this.fold(act);
    return true;
  }

  /** The topic that an id leads to now. */
  resolve(topic: string): string {
    return this.leads.get(topic) ?? topic;
  }

  /** A topic's newest name, or the one that it began with. `first`: its first message's seq and the name there. */
  name(topic: string, first?: { seq: number; name: string }): string | undefined {
    const began = this.began.get(topic);
    const beginning = began && (!first || began.seq < first.seq) ? began : first;
    return this.renamed.get(topic) ?? beginning?.name;
  }

  state(topic: string, first?: { seq: number; name: string }): TopicState {
    return { topic, name: this.name(topic, first), resolved: this.resolved.has(topic), mergedInto: this.ended.get(topic) };
  }

  /** The topics that entries tell of. */
  ids(): Iterable<string> {
    return this.known;
  }

  private forget(): void {
    for (const part of [this.leads, this.ended, this.resolved, this.renamed, this.began, this.known]) part.clear();
  }

  private fold({ op, seq, d, w }: Entry): void {
    const name = (w as unknown as TopicWords | undefined)?.topic;
    if (op === "topic.merged") {
      const { topic, into: to } = d as unknown as MergedFacts;
      const into = this.resolve(to);
      this.known.add(topic).add(into);
      // Of two nodes that merge at once, the first one's stands.
      if (topic === into || this.ended.has(topic)) return;
      this.ended.set(topic, into);
      this.lead(topic, into);
      return;
    }
    const topic = this.resolve((d as unknown as MovedFacts).topic);
    this.known.add(topic);
    if (op === "topic.resolved") {
      if ((d as unknown as ResolvedFacts).resolved) this.resolved.add(topic);
      else this.resolved.delete(topic);
    } else if (op === "topic.renamed") {
      if (name !== undefined) this.renamed.set(topic, name);
      this.lead((d as unknown as RenamedFacts).alias, topic);
    } else if (name !== undefined && !this.began.has(topic)) {
      this.began.set(topic, { seq, name });
    }
  }

  /** An id leads elsewhere now, and with it what led to it. */
  private lead(id: string, to: string): void {
    if (id === to) return;
    for (const [other, leads] of this.leads) if (leads === id) this.leads.set(other, to);
    this.leads.set(id, to);
  }
}

const OPS: ReadonlySet<string> = new Set(["topic.renamed", "topic.resolved", "topic.moved", "topic.merged"]);
