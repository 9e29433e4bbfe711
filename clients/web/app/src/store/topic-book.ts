// A room's topics: what `topics` pages said, kept current by the messages that follow.

import type { Message } from "./message.ts";
import type { TopicSummary } from "../wire/types.ts";

export class TopicBook {
  private readonly topics = new Map<string, TopicSummary>();
  /** Whether every page was read. */
  complete = false;

  addPage(page: TopicSummary[]): void {
    for (const topic of page) this.topics.set(topic.topic, topic);
  }

  /** A message above all that its topic's summary counts. Older ones are counted already. */
  addLive(message: Message): void {
    const known = this.topics.get(message.topic);
    if (known && message.seq <= known.last) return;
    const name = known?.name ?? message.topicName;
    this.topics.set(message.topic, {
      topic: message.topic,
      ...(name === undefined ? {} : { name }),
      messages: (known?.messages ?? 0) + 1,
      first: known?.first ?? message.seq,
      last: message.seq,
    });
  }

  get size(): number {
    return this.topics.size;
  }

  get(topic: string): TopicSummary | undefined {
    return this.topics.get(topic);
  }

  /** The id of the topic of this name, if there is one already. */
  idOf(name: string): string | undefined {
    const wanted = fold(name);
    return wanted === "" ? undefined : this.list(name).find((topic) => fold(topic.name ?? "") === wanted)?.topic;
  }

  /** The most recently used first; only those whose name holds the text. */
  list(filter = ""): TopicSummary[] {
    const wanted = fold(filter);
    const found = [...this.topics.values()].filter(
      (topic) => wanted === "" || (topic.name !== undefined && fold(topic.name).includes(wanted)),
    );
    return found.sort((a, b) => b.last - a.last);
  }
}

/** For finding: case and accents do not count. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase().trim();
}
