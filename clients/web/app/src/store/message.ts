// One message as it is shown: an entry's facts and words, and what was done to it since.

import type { Card, Entry, MessageKind, PostedFacts, PostedWords } from "../wire/types.ts";

export interface Message {
  seq: number;
  mid: string;
  at: number;
  /** Who is behind it: the person's id, or the source's author for an import. Groups rows. */
  author: string;
  /** The id that wrote the entry. */
  by: string;
  imported: boolean;
  card: Card | undefined;
  topic: string;
  topicName: string | undefined;
  kind: MessageKind;
  replyTo: string | undefined;
  body: string;
  tags: string[];
  /** Its words are gone for good. */
  erased: boolean;
  /** Its author said it better. */
  edited: boolean;
  /** It is shown no more: its author took it back, or a moderator took it out of sight. */
  stand: "shown" | "retracted" | "hidden";
}

const KINDS: readonly string[] = ["message", "question", "answer", "announcement"];

/** Reads a `message.posted` entry; `undefined` for any other op. */
export function toMessage(entry: Entry): Message | undefined {
  if (entry.op !== "message.posted") return undefined;
  const facts = entry.d as unknown as PostedFacts;
  const words = entry.erased ? undefined : (entry.w as unknown as PostedWords | undefined);
  return {
    seq: entry.seq,
    mid: entry.mid,
    at: entry.at,
    author: facts.origin ?? entry.by.id,
    by: entry.by.id,
    imported: facts.origin !== undefined,
    card: words?.card,
    topic: facts.topic,
    topicName: words?.topic,
    // A kind added later still reads as talk.
    kind: KINDS.includes(facts.kind) ? facts.kind : "message",
    replyTo: facts.reply_to,
    body: words?.body ?? "",
    tags: words?.tags ?? [],
    erased: words === undefined,
    edited: false,
    stand: "shown",
  };
}
