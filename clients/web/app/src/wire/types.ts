// The words of wardroom.v1 as this client reads them. The crate `wardroom-protocol` is the contract;
// unknown fields are ignored here, so only what is used is listed.

export interface Position {
  epoch: number;
  seq: number;
}

export const ZERO: Position = { epoch: 0, seq: 0 };

export interface Card {
  name: string;
  profession?: string;
  specialties?: string[];
  level?: number;
  org?: string;
}

export interface Principal {
  id: string;
  card: Card;
  roles: string[];
}

export type RoomClass = "discussion" | "case" | "direct" | "mixed";
/** What a member of a room is there. */
export type RoomRole = "owner" | "moderator" | "member";
export type MessageKind = "message" | "question" | "answer" | "announcement";

export interface RoomState {
  class: RoomClass;
  title?: string;
  specialty?: string;
  topics: number;
  members: number;
  /** What you are here; absent for who is in only because the room is open. */
  role?: RoomRole;
  /** The line of epochs: entries of `epoch` are numbered from `base + 1` on. */
  epochs: { epoch: number; base: number }[];
}

export interface Joined {
  position: Position;
  after: Position;
  first: Position;
  n: number;
  recovered: boolean;
  /** How many people are in the room now. */
  online?: number;
  state: RoomState;
}

export interface Limits {
  frame_bytes: number;
  logs: number;
  history_page: number;
}

export interface Greeting {
  connection: string;
  principal: Principal;
  node: string;
  now: number;
  ping_ms: number;
  expires_at: number;
  limits: Limits;
  rooms: Record<string, { ok: Joined } | { error: WireError }>;
}

/** The answer to `refresh`. */
export interface Refreshed {
  expires_at: number;
  limits: Limits;
}

export interface RoomSummary {
  room: string;
  class: RoomClass;
  title?: string;
  specialty?: string;
  position: Position;
  n: number;
  /** How many people are in the room now. */
  online?: number;
}

export interface RoomsPage {
  rooms: RoomSummary[];
  next?: string;
}

export interface TopicSummary {
  topic: string;
  name?: string;
  messages: number;
  first: number;
  last: number;
  /** Whether it is settled. */
  resolved?: boolean;
  /** It ended: its messages and names are that topic's. */
  merged_into?: string;
}

export interface TopicsPage {
  position: Position;
  topics: TopicSummary[];
  next?: string;
}

export interface SeqRange {
  from: number;
  to: number;
}

export interface HistoryPage {
  entries: Entry[];
  range?: SeqRange;
  holes?: SeqRange[];
  position: Position;
  first: Position;
  more: boolean;
}

export interface Written {
  position: Position;
  at: number;
  duplicate?: boolean;
}

/** An entry of a log. `d` holds facts, `w` words; `erased` means that there were words once. */
export interface Entry {
  room: string;
  epoch: number;
  seq: number;
  n?: number;
  at: number;
  by: { id: string };
  op: string;
  mid: string;
  d: Record<string, unknown>;
  w?: Record<string, unknown>;
  erased?: boolean;
}

/** Facts of `message.posted`. */
export interface PostedFacts {
  topic: string;
  kind: MessageKind;
  reply_to?: string;
  origin?: string;
  announce?: Announce;
}

/** Of an announcement: whether readers are asked to take note, and until when. */
export interface Announce {
  ack: boolean;
  until?: number;
}

/** What one may make of a message, as the protocol names it. */
export const REACTIONS = ["agree", "disagree", "thanks", "helpful", "caution", "seen"] as const;
export type Reaction = (typeof REACTIONS)[number];

/** Words of `message.posted`. */
export interface PostedWords {
  card: Card;
  topic: string;
  body: string;
  tags?: string[];
}

/** Words of `message.edited`. */
export interface EditedWords {
  card: Card;
  body: string;
  tags?: string[];
}

/** Facts of entries about one message. */
export interface AboutFacts {
  of: string;
  seq: number;
  topic: string;
}

/** Facts of `message.reacted` and `message.unreacted`. */
export interface ReactedFacts extends AboutFacts {
  reaction: string;
}

/** Facts of `answer.accepted`. */
export interface AcceptedFacts extends AboutFacts {
  answer: string;
}

/** Facts of `question.marked`. */
export interface MarkedFacts extends AboutFacts {
  state: "open" | "needs_info";
}

/** Facts of `topic.renamed`. */
export interface RenamedFacts {
  topic: string;
  alias: string;
}

/** Facts of `topic.resolved`. */
export interface ResolvedFacts {
  topic: string;
  resolved: boolean;
}

/** Facts of `topic.moved`. */
export interface MovedFacts {
  topic: string;
  messages: { of: string; seq: number; from: string }[];
}

/** Facts of `topic.merged`. */
export interface MergedFacts {
  topic: string;
  into: string;
}

/** Facts of entries about who belongs to a room; without `role` they belong to it no more. */
export interface BelongsFacts {
  person: string;
  role?: RoomRole;
}

/** Words of `topic.renamed` and `topic.moved`. */
export interface TopicWords {
  card: Card;
  topic: string;
}

/** Words of `message.redacted`. */
export interface ReasonWords {
  card: Card;
  reason: string;
}

export interface WireError {
  code: string;
  number: number;
  message: string;
  retry_after_ms?: number;
  field?: string;
  common?: Position;
}

/** What `message.post` asks for. */
export interface Post {
  room: string;
  topic: string;
  mid: string;
  kind: MessageKind;
  body: string;
  reply_to?: string;
  announce?: Announce;
}

/** Somebody who is in a room. */
export interface Person {
  id: string;
  card: Card;
}

/** The answer to `presence`; without `people` they are too many to be named. */
export interface PresencePage {
  rev: number;
  online: number;
  people?: Person[];
  next?: string;
}

/** The body of the signal `presence`. With nobody in `joined` and `left` only the number is told. */
export interface PresenceSignal {
  rev: number;
  online: number;
  joined?: Person[];
  left?: string[];
}

export interface GapNotice {
  room: string;
  from: number;
  to: number;
  reason: string;
  last: Position;
}
