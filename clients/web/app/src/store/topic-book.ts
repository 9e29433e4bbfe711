// A room's topics: what `topics` pages said, kept current by the entries that follow.

import type { Message } from "./message.ts";
import type { Entry, MergedFacts, MovedFacts, RenamedFacts, ResolvedFacts, TopicSummary, TopicWords } from "../wire/types.ts";

export class TopicBook {
  private readonly topics = new Map<string, TopicSummary>();
  /** Whether every page was read. */
  complete = false;

  /** By topic, what its page describes: entries up to this seq are counted in it. */
  private readonly asOf = new Map<string, number>();

  addPage(page: TopicSummary[], position: number): void {
    for (const topic of page) {
      this.topics.set(topic.topic, topic);
      this.asOf.set(topic.topic, position);
    }
  }

  clear(): void {
    this.topics.clear();
    this.asOf.clear();
    this.complete = false;
  }

  /** The words of a message were erased that gave this name: no topic shows it, until it is told again from elsewhere. */
  unname(name: string): void {
    for (const { name: shown, ...topic } of [...this.topics.values()]) {
      if (shown === name) this.topics.set(topic.topic, topic);
    }
  }

  /** An entry about topics. `from`: where the messages belonged that it moves. */
  apply(entry: Entry, from: string[]): void {
    const { op, seq } = entry;
    const name = (entry.w as unknown as TopicWords | undefined)?.topic;
    if (op === "topic.renamed") {
      if (name !== undefined) this.change(entry, (entry.d as unknown as RenamedFacts).topic, () => ({ name }));
    } else if (op === "topic.resolved") {
      const { topic, resolved } = entry.d as unknown as ResolvedFacts;
      this.change(entry, topic, () => ({ resolved }));
    } else if (op === "topic.merged") {
      const { topic, into } = entry.d as unknown as MergedFacts;
      const ended = this.topics.get(topic);
      this.change(entry, into, ({ first, last, messages }) => ended && ended.merged_into === undefined ? {
        first: Math.min(first, ended.first), last: Math.max(last, ended.last), messages: messages + ended.messages,
      } : {});
      this.change(entry, topic, ({ merged_into = into }) => ({ merged_into }));
    } else if (op === "topic.moved") {
      const { topic, messages: moved } = entry.d as unknown as MovedFacts;
      for (const left of from) this.change(entry, left, ({ messages }) => ({ messages: Math.max(0, messages - 1) }));
      if (!this.topics.has(topic)) {
        // It begins with them.
        this.topics.set(topic, { topic, ...(name === undefined ? {} : { name }), messages: 0, first: seq, last: 0 });
      }
      const seqs = moved.map((message) => message.seq);
      this.change(entry, topic, ({ first, last, messages }) => ({
        messages: messages + seqs.length, first: Math.min(first, ...seqs), last: Math.max(last, ...seqs),
      }));
    }
  }

  private change({ seq }: Entry, topic: string, change: (known: TopicSummary) => Partial<TopicSummary>): void {
    const known = this.topics.get(topic);
    if (known && seq > (this.asOf.get(topic) ?? 0)) this.topics.set(topic, { ...known, ...change(known) });
  }

  /** A message above all that its topic's summary counts. Older ones are counted already. */
  addLive(message: Message): void {
    const known = this.topics.get(message.topic);
    if (known && message.seq <= known.last) return;
    const name = known?.name ?? message.topicName;
    this.topics.set(message.topic, {
      ...known,
      topic: message.topic,
      ...(name === undefined ? {} : { name }),
      messages: (known?.messages ?? 0) + 1,
      first: known?.first ?? message.seq,
      last: message.seq,
    });
  }

  get size(): number {
    return this.list().length;
  }

  get(topic: string): TopicSummary | undefined {
    return this.topics.get(topic);
  }

  /** The id of the topic of this name, if there is one already. */
  idOf(name: string): string | undefined {
    const wanted = fold(name);
    return wanted === "" ? undefined : this.list(name).find((topic) => fold(topic.name ?? "") === wanted)?.topic;
  }

  /** The most recently used first, those that ended left out; only those whose name holds the text. */
  list(filter = ""): TopicSummary[] {
    const wanted = fold(filter);
    const found = [...this.topics.values()].filter(
      (topic) => topic.merged_into === undefined && (wanted === "" || (topic.name !== undefined && fold(topic.name).includes(wanted))),
    );
    return found.sort((a, b) => b.last - a.last);
  }
}

/** For finding: case and accents do not count. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase().trim();
}
