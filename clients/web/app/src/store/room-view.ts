// One followed room on this page: its log, its topics, who is writing, and what is being loaded.
// Asks the server through the link; the views read its signals.

import { signal } from "@preact/signals";
import { Attendance } from "./attendance.ts";
import type { Message } from "./message.ts";
import { RoomLog } from "./room-log.ts";
import type { Ask, Gap } from "./room-log.ts";
import { TopicBook } from "./topic-book.ts";
import { delay } from "../wire/backoff.ts";
import { Failure } from "../wire/failure.ts";
import type { AboutFacts, Entry, HistoryPage, Joined, MovedFacts, TopicsPage } from "../wire/types.ts";

/** What a first visit reads. */
const FIRST_LAST = 50;
const OLDER_PAGE = 50;
const TOPICS_PAGE = 200;
/** Past this many pages of topics the list stops; finding by name still works on what was read. */
const TOPICS_PAGES_MAX = 50;
/** Pages looked through for the message that a reply points to. */
const FIND_PAGES_MAX = 12;
/** Messages kept in memory per room once nobody scrolls back. */
const KEEP = 1_500;
const INDEX_WAIT_MS = 400;
const INDEX_TRIES = 20;

export type RoomStatus = { kind: "joining" } | { kind: "ready" } | { kind: "failed"; failure: Failure };

export interface RoomDeps {
  ask(op: string, d: object): Promise<unknown>;
  later(ms: number, run: () => void): () => void;
  random(): number;
  now(): number;
  /** No more of the room than this can have been read. */
  seenAtMost(n: number): void;
}

export class RoomView {
  log = new RoomLog();
  readonly topics = new TopicBook();
  /** Names of people who wrote here, by id. */
  readonly names = new Map<string, string>();
  /** Rises whenever the log changed; views read it to be drawn again. */
  readonly version = signal(0);
  readonly topicsVersion = signal(0);
  readonly status = signal<RoomStatus>({ kind: "joining" });
  readonly loadingOlder = signal(false);
  readonly olderFailed = signal(false);
  readonly loadingTopics = signal(false);
  readonly topicsFailed = signal(false);
  /** Who is here, and who is writing. */
  readonly here: Attendance;
  /** Entries above this are news and are announced. */
  liveFrom = 0;
  /** The log began anew, and nothing that counts came since. */
  private anew = false;

  constructor(
    readonly name: string,
    private readonly deps: RoomDeps,
  ) {
    this.here = new Attendance(name, deps);
  }

  /** Follows the log, from where this page stands or from its last messages. */
  async join(): Promise<void> {
    if (this.status.value.kind === "failed") this.status.value = { kind: "joining" };
    const { cursor } = this.log;
    const from = cursor.seq > 0 ? cursor : { last: FIRST_LAST };
    try {
      this.joined((await this.deps.ask("join", { room: this.name, from })) as Joined);
    } catch (error) {
      if (!(error instanceof Failure) || error.code === "disconnected") return; // joins again when live
      if (error.number >= 400 && cursor.seq > 0) {
        this.startOver();
        return this.join();
      }
      if (error.retryable) {
        this.deps.later(delay(2, this.deps.random, error.retryAfterMs), () => void this.join());
      } else {
        this.failed(error);
      }
    }
  }

  joined(answer: Joined): void {
    if (this.log.parted(answer)) this.startOver();
    this.log.joined(answer);
    this.deps.seenAtMost(answer.n);
    this.liveFrom = Math.max(this.liveFrom, answer.position.seq);
    this.status.value = { kind: "ready" };
    this.changed();
    this.here.joined(answer.online);
    if (!this.topics.complete) void this.loadTopics();
  }

  /** What is held may not have happened any more: all of it is read again. */
  startOver(): void {
    this.anew = true;
    this.empty();
    this.status.value = { kind: "joining" };
    this.changed();
  }

  /** The resumed position is of no use any more, or the room is closed to us. */
  resumeFailed(failure: Failure): void {
    if (failure.number >= 400 || failure.retryable) {
      if (failure.number >= 400) this.startOver();
      this.status.value = { kind: "joining" };
      this.changed();
    } else {
      this.failed(failure);
    }
  }

  /** Notice `removed`: the room may not be read any more. */
  removed(): void {
    this.closed(new Failure({ code: "removed", number: 203, message: "" }));
  }

  /** Applies an entry; does not draw. */
  entry(entry: Entry): void {
    const { cursor } = this.log;
    if (entry.seq <= cursor.seq && entry.epoch > cursor.epoch) {
      // The line has moved under this page: where both share it is what a join tells.
      if (this.status.value.kind === "ready") {
        this.status.value = { kind: "joining" };
        void this.join();
      }
      return;
    }
    if (entry.seq > cursor.seq) this.topics.apply(entry, this.movedFrom(entry));
    if (entry.op === "message.redacted") this.forgetName(entry);
    this.follow(this.log.apply(entry));
    this.notSeen(entry);
    const message = this.log.message(entry.seq);
    if (!message) return;
    this.topics.addLive(message);
    this.learn(message);
    this.here.stopTyping(message.by);
  }

  lost(gap: Gap): void {
    this.log.lost(gap);
  }

  /** Draws what was applied. */
  changed(): void {
    this.version.value += 1;
    this.topicsVersion.value += 1;
  }

  /** Reads one page further back. Answers whether anything more may lie there. */
  async older(topic: string | undefined): Promise<boolean> {
    if (this.loadingOlder.value) return true;
    this.loadingOlder.value = true;
    this.olderFailed.value = false;
    const { log } = this;
    const before = log.before(topic);
    const body = {
      room: this.name,
      limit: OLDER_PAGE,
      ...(before ? { before } : {}),
      ...(topic === undefined ? {} : { topic }),
    };
    try {
      let page = (await this.deps.ask("history", body)) as HistoryPage;
      // The server's index may be an instant behind the log; then the page ends too early.
      for (let again = 0; log === this.log && !log.older(page, topic); again++) {
        if (again >= INDEX_TRIES) throw new Error("the topic's index does not reach the log");
        await new Promise<void>((resume) => this.deps.later(INDEX_WAIT_MS, resume));
        page = (await this.deps.ask("history", body)) as HistoryPage;
      }
      for (const entry of page.entries) this.learn(this.log.message(entry.seq));
      return page.more;
    } catch {
      this.olderFailed.value = true;
      return false;
    } finally {
      this.loadingOlder.value = false;
      this.version.value += 1;
    }
  }

  /** Reads back in a topic until a message is held here. */
  async find(mid: string, topic: string): Promise<boolean> {
    for (let page = 0; page < FIND_PAGES_MAX && this.log.seqOf(mid) === undefined; page++) {
      if (!(await this.older(topic))) break;
    }
    return this.log.seqOf(mid) !== undefined;
  }

  async loadTopics(): Promise<void> {
    if (this.loadingTopics.value) return;
    this.loadingTopics.value = true;
    this.topicsFailed.value = false;
    const { log } = this;
    let after: string | undefined;
    try {
      for (let at = 0; at < TOPICS_PAGES_MAX; at++) {
        const page = (await this.deps.ask("topics", {
          room: this.name,
          limit: TOPICS_PAGE,
          ...(after === undefined ? {} : { after }),
        })) as TopicsPage;
        if (log !== this.log) return; // another log meanwhile, or none
        this.topics.addPage(page.topics, page.position.seq);
        this.topicsVersion.value += 1;
        after = page.next;
        if (after === undefined) break;
      }
      this.topics.complete = true;
    } catch (error) {
      const lost = error instanceof Failure && error.code === "disconnected";
      this.topicsFailed.value = !lost; // a new connection loads them again
    } finally {
      this.loadingTopics.value = false;
      // A join that came meanwhile found this one busy.
      if (log !== this.log && this.status.value.kind === "ready") void this.loadTopics();
    }
  }

  trim(): void {
    this.log.trim(KEEP);
  }

  /** Following was refused. Who may not read the room, or not know of it, was not told so while disconnected. */
  private failed(failure: Failure): void {
    if (failure.code === "forbidden" || failure.code === "unknown_room") return this.closed(failure);
    this.status.value = { kind: "failed", failure };
    this.changed();
  }

  /** The room may not be read any more, so nothing of it is shown. */
  private closed(failure: Failure): void {
    this.empty();
    this.here.left();
    this.status.value = { kind: "failed", failure };
    this.changed();
  }

  /** Another log, and nothing that rests on the one before. What is asked for that one is dropped when it comes. */
  private empty(): void {
    this.log = new RoomLog();
    this.topics.clear();
    this.names.clear();
    this.liveFrom = 0;
  }

  /** The first reading matter of a log that began anew takes the place of what was lost: it was not read. */
  private notSeen({ n }: Entry): void {
    if (!this.anew || n === undefined) return;
    this.anew = false;
    this.deps.seenAtMost(n - 1);
  }

  /** A topic's name is of its first message, or of one that gave it another: erased with that, the server tells another. */
  private forgetName(entry: Entry): void {
    const name = this.log.message((entry.d as unknown as AboutFacts).seq)?.topicName;
    if (name !== undefined) this.topics.unname(name);
    this.topics.complete = false;
    void this.loadTopics();
  }

  /** Where the messages belong that an entry moves, before it does. */
  private movedFrom(entry: Entry): string[] {
    if (entry.op !== "topic.moved") return [];
    const { messages } = entry.d as unknown as MovedFacts;
    return messages.map(({ seq, from }) => this.log.message(seq)?.topic ?? this.log.line.resolve(from));
  }

  private learn(message: Message | undefined): void {
    if (message?.card && !message.imported) this.names.set(message.by, message.card.name);
  }

  /** Fills a hole in the line; asks once at a time. */
  private follow(ask: Ask): void {
    if (!ask) return;
    const { log } = this;
    this.deps.ask("history", { room: this.name, after: ask.after, limit: 200 }).then(
      (page) => {
        if (log !== this.log) return;
        for (const entry of (page as HistoryPage).entries) {
          if (entry.seq > log.cursor.seq) this.topics.apply(entry, this.movedFrom(entry));
          if (entry.op === "message.redacted") this.forgetName(entry);
        }
        const more = log.filled(page as HistoryPage);
        for (const entry of (page as HistoryPage).entries) {
          const message = log.message(entry.seq);
          if (message) this.topics.addLive(message);
        }
        this.changed();
        this.follow(more);
      },
      () => log.fillFailed(),
    );
  }
}
