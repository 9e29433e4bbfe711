// Messages on their way. Stored before they are first sent, sent one after the other per room, and sent
// again with the same mid until the server has said what became of them. Knows no socket and no DOM.

import { delay } from "../wire/backoff.ts";
import { Failure } from "../wire/failure.ts";
import type { Post, Written } from "../wire/types.ts";
import type { Shelf } from "./shelf.ts";

export type SendState =
  | { kind: "queued" }
  | { kind: "sending"; since: number }
  | { kind: "sent"; seq: number }
  /** A moderator looks at it first. It is kept there, and in nobody's way here. */
  | { kind: "held" }
  | { kind: "failed"; reason: string; code: string };

export interface Outgoing {
  post: Post;
  made: number;
  state: SendState;
}

export interface OutboxDeps {
  shelf: Shelf;
  send(post: Post): Promise<Written>;
  online(): boolean;
  /** The last seq this page shows of a room; `undefined` if it does not follow the room. */
  applied(room: string): number | undefined;
  now(): number;
  random(): number;
  later(ms: number, run: () => void): () => void;
  changed(): void;
  freshMid(): string;
}

/** This long after it was held, a message is asked after again; its entry may come before that. */
const HELD_AGAIN_MS = 60_000;

/** More waiting messages than this and the composer keeps the text instead. */
export const WAITING_MAX = 200;

export class Outbox {
  private items: Outgoing[];
  private readonly busy = new Set<string>();
  private readonly attempts = new Map<string, number>();
  private readonly pauses = new Map<string, () => void>();

  constructor(private readonly deps: OutboxDeps) {
    this.items = deps.shelf.all().map(({ post, made }) => ({ post, made, state: { kind: "queued" } }));
  }

  /** What has not settled, oldest first. */
  of(room: string): Outgoing[] {
    return this.items.filter((item) => item.post.room === room);
  }

  /** How many still have to be sent. */
  get waiting(): number {
    return this.items.filter(({ state }) => state.kind !== "sent" && state.kind !== "held").length;
  }

  /** Takes a message. `false`: there is no room to keep it safe, and it was not taken. */
  add(post: Post): boolean {
    if (this.items.filter(({ state }) => state.kind !== "sent").length >= WAITING_MAX) return false;
    const last = this.items.at(-1)?.made ?? 0;
    const made = Math.max(this.deps.now(), last + 1);
    if (!this.deps.shelf.put({ post, made })) return false;
    this.items.push({ post, made, state: { kind: "queued" } });
    this.deps.changed();
    this.pump(post.room);
    return true;
  }

  /** The connection is live: everything that waits may go. */
  resume(): void {
    for (const item of this.items) if (item.state.kind === "held") item.state = { kind: "queued" };
    for (const cancel of this.pauses.values()) cancel();
    this.pauses.clear();
    for (const room of new Set(this.items.map((item) => item.post.room))) this.pump(room);
  }

  /** The log shows this mid: it has arrived, whatever the reply says. */
  seen(mid: string): void {
    if (this.items.some((item) => item.post.mid === mid)) this.drop(mid);
  }

  /** Tries a failed message again. A refused mid is replaced; otherwise the same one is used. */
  retry(mid: string): void {
    const item = this.find(mid);
    if (item?.state.kind !== "failed") return;
    if (item.state.code === "mid_reused" || item.state.code === "mid_taken") {
      this.deps.shelf.remove(mid);
      item.post = { ...item.post, mid: this.deps.freshMid() };
      this.deps.shelf.put({ post: item.post, made: item.made });
    }
    this.set(item, { kind: "queued" });
    this.pump(item.post.room);
  }

  /** Gives up a message that is not being sent right now. */
  discard(mid: string): void {
    const item = this.find(mid);
    if (item && item.state.kind !== "sending") this.drop(mid);
  }

  /** Another tab of the same person finished this one. */
  settledElsewhere(mid: string): void {
    const item = this.find(mid);
    if (item && item.state.kind !== "sent") this.drop(mid);
  }

  /** The log of a room moved on: what was sent and is shown there, or was sent to a room that is not
   * followed, needs no place here. */
  settle(room: string): void {
    const applied = this.deps.applied(room);
    const kept = this.items.filter(
      ({ post, state }) =>
        post.room !== room || state.kind !== "sent" || (applied !== undefined && state.seq > applied),
    );
    if (kept.length === this.items.length) return;
    this.items = kept;
    this.deps.changed();
  }

  private find(mid: string): Outgoing | undefined {
    return this.items.find((item) => item.post.mid === mid);
  }

  private set(item: Outgoing, state: SendState): void {
    item.state = state;
    this.deps.changed();
  }

  private drop(mid: string): void {
    this.deps.shelf.remove(mid);
    this.items = this.items.filter((item) => item.post.mid !== mid);
    this.deps.changed();
  }

  /** Sends the room's oldest queued message, one at a time: that keeps the author's order. */
  private pump(room: string): void {
    if (!this.deps.online() || this.busy.has(room) || this.pauses.has(room)) return;
    const item = this.items.find(({ post, state }) => post.room === room && state.kind === "queued");
    if (!item) return;
    const { mid } = item.post;
    this.busy.add(room);
    this.set(item, { kind: "sending", since: this.deps.now() });
    this.deps.send(item.post).then(
      (written) => {
        this.busy.delete(room);
        this.attempts.delete(room);
        this.deps.shelf.remove(mid);
        // The entry may have come first and taken the item away already.
        if (this.find(mid)) this.set(item, { kind: "sent", seq: written.position.seq });
        this.settle(room);
        this.pump(room);
      },
      (error: unknown) => {
        this.busy.delete(room);
        if (this.find(mid)) this.refused(item, error);
        this.pump(room);
      },
    );
  }

  private refused(item: Outgoing, error: unknown): void {
    const room = item.post.room;
    if (!(error instanceof Failure)) {
      this.set(item, { kind: "failed", reason: String(error), code: "client" });
      return;
    }
    if (!error.retryable && !error.needsToken) {
      this.set(item, { kind: "failed", reason: error.message, code: error.code });
      return;
    }
    if (error.code === "held") {
      this.set(item, { kind: "held" });
      this.deps.later(HELD_AGAIN_MS, () => {
        if (this.find(item.post.mid)?.state.kind !== "held") return;
        this.set(item, { kind: "queued" });
        this.pump(room);
      });
      return;
    }
    this.set(item, { kind: "queued" });
    // Without a connection nothing is sent anyway; without a good token `resume` starts again.
    if (!this.deps.online()) return;
    if (error.needsToken) {
      this.pauses.set(room, () => undefined);
      return;
    }
    const attempt = this.attempts.get(room) ?? 0;
    this.attempts.set(room, attempt + 1);
    const wait = delay(attempt + 1, this.deps.random, error.retryAfterMs);
    this.pauses.set(
      room,
      this.deps.later(wait, () => {
        this.pauses.delete(room);
        this.pump(room);
      }),
    );
  }
}
