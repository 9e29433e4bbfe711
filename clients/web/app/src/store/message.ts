// One message as it is shown: an entry's facts and words, and what was done to it since.

import { isPinned, reactionsOf } from "./fates.ts";
import type { Fate, Question } from "./fates.ts";
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
  /** The topic it belongs to now. */
  topic: string;
  /** The topic it was posted under. */
  filed: string;
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
  /** Who thinks what of it: ids by reaction. */
  reactions: Record<string, string[]>;
  /** Announcements: who has taken note. */
  acks: string[];
  /** Announcements that ask for it: until when one may take note. */
  ack: { until: number | undefined } | undefined;
  /** A moderator keeps it in sight. */
  pinned: boolean;
  /** Questions: where it stands. */
  question: Question | undefined;
  /** The mid of the message that answers it. */
  answer: string | undefined;
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
    filed: facts.topic,
    topicName: words?.topic,
    // A kind added later still reads as talk.
    kind: KINDS.includes(facts.kind) ? facts.kind : "message",
    replyTo: facts.reply_to,
    body: words?.body ?? "",
    tags: words?.tags ?? [],
    erased: words === undefined,
    edited: false,
    stand: "shown",
    reactions: {},
    acks: [],
    ack: facts.announce?.ack ? { until: facts.announce.until } : undefined,
    pinned: false,
    question: facts.kind === "question" ? "open" : undefined,
    answer: undefined,
  };
}

/** A message as what was done to it leaves it. `topic`: where it belongs now. */
export function befallen(message: Message, fate: Fate | undefined, topic: string): Message {
  if (!fate) return message.topic === topic ? message : { ...message, topic };
  const erased = message.erased || fate.erased === true;
  const stand = fate.stand?.as ?? "shown";
  // If the newest text is erased, the one before it does not come back.
  const { edit } = fate;
  const words = erased ? undefined : edit ? edit.words : message;
  const question = message.question && (fate.question ?? { state: message.question, answer: undefined });
  return {
    ...message,
    topic,
    body: words?.body ?? "",
    tags: words?.tags ?? [],
    erased: words === undefined,
    edited: edit !== undefined,
    ...(erased ? { card: undefined, topicName: undefined } : {}),
    stand,
    reactions: reactionsOf(fate),
    acks: [...(fate.acks ?? [])].sort(),
    pinned: isPinned(fate),
    question: question?.state,
    answer: question?.answer,
  };
}
