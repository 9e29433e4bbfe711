// The whole page's state: who is signed in, the connection, the rooms, the outbox. Views read its
// signals and call its verbs; nothing here knows the DOM beyond storage and timers given to it.

import { signal } from "@preact/signals";
import { FrameQueue } from "./frame-queue.ts";
import { RoomView } from "./room-view.ts";
import type { RoomDeps } from "./room-view.ts";
import { SeenMarks } from "./seen-marks.ts";
import { TokenLife } from "./token-life.ts";
import type { Message } from "./message.ts";
import { freshMid } from "../mid.ts";
import { Outbox } from "../outbox/outbox.ts";
import { browserShelf, removedElsewhere } from "../outbox/shelf.ts";
import { Failure } from "../wire/failure.ts";
import type { ServerFrame } from "../wire/codec.ts";
import { Link } from "../wire/link.ts";
import type { LinkState, Surroundings } from "../wire/link.ts";
import type {
  Announce, Card, Entry, Greeting, MessageKind, Position, PresenceSignal, Principal, RoomSummary, RoomsPage, Written,
} from "../wire/types.ts";

export type SignInProblem = { kind: "wrong" | "expired" | "protocol" } | { kind: "refused"; message: string };
export type Phase = "signed_out" | "signing_in" | "in";

export interface Draft {
  topic: string;
  kind: MessageKind;
  body: string;
  replyTo?: string;
  /** Of an announcement: for how many days readers are asked to take note; 0 for as long as it stands. */
  noteDays?: number | undefined;
}

/** Rooms followed at once; the one not looked at for longest is left. */
const FOLLOWED_MAX = 8;
const ROOMS_PAGES_MAX = 25;
const DAY_MS = 86_400_000;
const TOKEN_KEY = "wardroom.token";
/** Whose drafts this tab holds: they outlive a token, and are nobody else's. */
const PERSON_KEY = "wardroom.person";
const DRAFT_KEYS = "wardroom.draft.";

export interface AppDeps extends Surroundings {
  session: Storage;
  local: Storage;
  networkUp(): boolean;
  version: string;
}

export class App {
  readonly phase = signal<Phase>("signed_out");
  readonly problem = signal<SignInProblem | undefined>(undefined);
  readonly link = signal<LinkState>({ kind: "idle" });
  readonly networkUp = signal(true);
  readonly me = signal<Principal | undefined>(undefined);
  readonly node = signal("");
  readonly frameBytes = signal(65_536);
  readonly rooms = signal<RoomSummary[] | undefined>(undefined);
  readonly roomsFailed = signal(false);
  readonly current = signal<RoomView | undefined>(undefined);
  /** Rises whenever a message in the outbox changed. */
  readonly outboxVersion = signal(0);
  readonly marksVersion = signal(0);
  /** After the token's time ran out: how much of what was written still waits in this browser. */
  readonly leftWaiting = signal(0);
  /** Called for each message that is news in the open room. */
  onNews: (message: Message, room: RoomView) => void = () => undefined;
  /** How long the token lives. */
  readonly life: TokenLife;
  outbox: Outbox | undefined;
  marks: SeenMarks | undefined;
  private readonly views = new Map<string, RoomView>();
  private readonly wire: Link;
  private readonly queue: FrameQueue;

  constructor(private readonly deps: AppDeps) {
    this.networkUp.value = deps.networkUp();
    this.life = new TokenLife(deps.now, deps.later);
    this.queue = new FrameQueue(deps, {
      entry: (entry) => this.entry(entry),
      gap: (gap) => this.views.get(gap.room)?.lost(gap),
      drawn: (rooms) => this.drawn(rooms),
      overflow: () => this.wire.reconnect(),
    });
    this.wire = new Link(
      deps,
      {
        state: (state) => this.linkChanged(state),
        greeted: (greeting) => this.greeted(greeting),
        frame: (frame) => {
          if (frame.kind === "entry") this.queue.push(frame.entry);
          else if (frame.kind === "notice" && frame.op === "gap") this.queue.pushGap(frame.d);
          else if (frame.kind === "notice" && frame.op === "removed") this.views.get(String(frame.d.room))?.removed();
          else if (frame.kind === "notice" && frame.op === "expiring") this.life.endsSoon(Number(frame.d.expires_at));
          else if (frame.kind === "signal") this.signalled(frame);
        },
        resume: () => this.positions(),
        forget: () => {
          for (const view of this.views.values()) view.startOver();
        },
      },
      { name: "wardroom-web", version: deps.version },
    );
  }

  /** Signs in with the token this tab still has, if it has one. */
  begin(): void {
    const token = this.deps.session.getItem(TOKEN_KEY);
    if (token) this.signIn(token);
  }

  signIn(token: string): void {
    this.problem.value = undefined;
    this.phase.value = "signing_in";
    this.deps.session.setItem(TOKEN_KEY, token);
    this.wire.start(token);
  }

  /** Goes on with a newer token of the same person; nothing else changes. Rejects with a `Failure`. */
  async renew(token: string): Promise<void> {
    const { expires_at, limits } = await this.wire.refresh(token);
    this.deps.session.setItem(TOKEN_KEY, token);
    this.frameBytes.value = limits.frame_bytes;
    this.life.renewed(expires_at);
  }

  /** Leaves for good. What waits in the outbox stays in this browser, for this person only. */
  signOut(): void {
    this.forget("wardroom.");
    this.wire.stop();
  }

  hurry(): void {
    this.networkUp.value = this.deps.networkUp();
    this.wire.hurry();
  }

  wentOffline(): void {
    this.networkUp.value = false;
  }

  /** Another tab changed the local storage. */
  storageChanged(event: { key: string | null; newValue: string | null }): void {
    const mid = this.me.value && removedElsewhere(this.me.value.id, event);
    if (mid !== undefined) this.outbox?.settledElsewhere(mid);
  }

  /** Opens a room, or none. */
  open(room: string | undefined): void {
    if (this.current.value?.name === room) return;
    if (room === undefined) {
      this.current.value = undefined;
      return;
    }
    const view = this.views.get(room) ?? new RoomView(room, this.roomDeps(room));
    const known = this.views.delete(room);
    this.views.set(room, view); // the newest last
    this.current.value = view;
    if (!known || view.status.value.kind === "failed") void view.join();
    for (const name of this.views.keys()) {
      if (this.views.size <= FOLLOWED_MAX) break;
      this.views.delete(name);
      this.outbox?.settle(name);
      void this.wire.ask("leave", { room: name }).catch(() => undefined);
    }
  }

  async loadRooms(): Promise<void> {
    const found: RoomSummary[] = [];
    let after: string | undefined;
    try {
      for (let at = 0; at < ROOMS_PAGES_MAX; at++) {
        const page = (await this.wire.ask("rooms", {
          limit: 200,
          ...(after === undefined ? {} : { after }),
        })) as RoomsPage;
        found.push(...page.rooms);
        after = page.next;
        if (after === undefined) break;
      }
      const order = new Intl.Collator();
      this.rooms.value = found.sort((a, b) => order.compare(a.title ?? a.room, b.title ?? b.room));
      this.roomsFailed.value = false;
    } catch {
      this.roomsFailed.value = this.rooms.value === undefined;
    }
  }

  /** Takes a message for sending. `false`: it could not be kept safe and stays in the composer. */
  post(room: string, draft: Draft): boolean {
    return this.outbox?.add({
      room,
      topic: draft.topic.trim(),
      mid: freshMid(this.deps.now()),
      kind: draft.kind,
      body: draft.body,
      ...(draft.replyTo === undefined ? {} : { reply_to: draft.replyTo }),
      ...this.asksFor(draft),
    }) ?? false;
  }

  private asksFor({ kind, noteDays }: Draft): { announce?: Announce } {
    if (kind !== "announcement" || noteDays === undefined) return {};
    return { announce: { ack: true, ...(noteDays > 0 ? { until: this.deps.now() + noteDays * DAY_MS } : {}) } };
  }

  /** Asks for something that is not queued: it works now or fails now. The mid makes retrying harmless. */
  about(op: "message.redact" | "message.report", room: string, of: string, reason: string, mid: string) {
    return this.wire.ask(op, { room, mid, of, reason });
  }

  /** Says what one makes of a message or topic; as above. */
  respond(op: string, body: object) {
    return this.wire.ask(op, body);
  }

  tellTyping(room: string, topic: string | undefined): void {
    this.wire.tell("typing", { room, ...(topic === undefined ? {} : { topic }) });
  }

  /**
   * The open room, or one of its topics, was read to its end in a focused window. A topic's end says nothing of
   * the others, and while the log catches up its end is not shown yet.
   */
  markSeen({ name, log }: RoomView, topic: string | undefined): void {
    if (topic !== undefined || log.cursor.seq < log.head.seq) return;
    if (this.marks?.set(name, log.n)) this.marksVersion.value += 1;
  }

  /** How much reading matter a room holds, as far as this page knows. */
  count(room: RoomSummary): number {
    void this.marksVersion.value; // who reads a count is drawn again when it moves
    return Math.max(room.n, this.views.get(room.room)?.log.n ?? 0);
  }

  /** How many people are in a room now, as far as this page knows. */
  online(room: RoomSummary): number {
    const view = this.views.get(room.room);
    if (view) void view.here.version.value; // who reads a number is drawn again when it moves
    return view?.here.roster.online ?? room.online ?? 0;
  }

  /** How much of a room is new to this browser; none if it was never opened here. */
  unread(room: RoomSummary): number {
    const seen = this.marks?.get(room.room);
    return seen === undefined || room.room === this.current.value?.name ? 0 : Math.max(0, this.count(room) - seen);
  }

  get waiting(): number {
    return this.outbox?.waiting ?? 0;
  }

  /** Takes what begins so out of this tab's storage. */
  private forget(keys: string): void {
    for (const key of Object.keys(this.deps.session)) if (key.startsWith(keys)) this.deps.session.removeItem(key);
  }

  private roomDeps(room: string): RoomDeps {
    const { later, random, now } = this.deps;
    return {
      later, random, now,
      ask: (op, d) => this.wire.ask(op, d),
      seenAtMost: (n) => {
        if (this.marks?.atMost(room, n)) this.marksVersion.value += 1;
      },
    };
  }

  private positions(): Record<string, Position> {
    const held: Record<string, Position> = {};
    for (const [name, { log }] of this.views) if (log.cursor.seq > 0) held[name] = log.cursor;
    return held;
  }

  private linkChanged(state: LinkState): void {
    this.link.value = state;
    if (state.kind === "waiting") this.queue.clear();
    if (state.kind === "live") this.live();
    if (state.kind === "ended") this.ended(state.why, state.message ?? "");
  }

  private greeted(greeting: Greeting): void {
    const { principal } = greeting;
    if (this.me.value?.id !== principal.id) {
      this.marks = new SeenMarks(principal.id, this.deps.local);
      this.outbox = new Outbox({
        shelf: browserShelf(principal.id, this.deps.local),
        send: async (post) => (await this.wire.ask("message.post", post)) as Written,
        online: () => this.wire.state.kind === "live",
        applied: (room) => this.views.get(room)?.log.cursor.seq,
        changed: () => (this.outboxVersion.value += 1),
        freshMid: () => freshMid(this.deps.now()),
        now: this.deps.now,
        random: this.deps.random,
        later: this.deps.later,
      });
    }
    if (this.deps.session.getItem(PERSON_KEY) !== principal.id) {
      this.forget(DRAFT_KEYS);
      this.deps.session.setItem(PERSON_KEY, principal.id);
    }
    this.life.begins(greeting.now, greeting.expires_at);
    this.me.value = principal;
    this.node.value = greeting.node;
    this.frameBytes.value = greeting.limits.frame_bytes;
    for (const [name, resumed] of Object.entries(greeting.rooms)) {
      const view = this.views.get(name);
      if ("ok" in resumed) view?.joined(resumed.ok);
      else view?.resumeFailed(new Failure(resumed.error));
    }
  }

  private live(): void {
    this.phase.value = "in";
    for (const view of this.views.values()) {
      if (view.status.value.kind === "joining" || view.log.cursor.seq === 0) void view.join();
    }
    void this.loadRooms();
    this.outbox?.resume();
    this.outboxVersion.value += 1;
  }

  private ended(why: Extract<LinkState, { kind: "ended" }>["why"], message: string): void {
    this.deps.session.removeItem(TOKEN_KEY);
    this.life.over();
    this.leftWaiting.value = why === "stopped" ? 0 : this.waiting;
    // What was on the screen belongs to who was signed in.
    this.queue.clear();
    this.views.clear();
    this.current.value = undefined;
    this.rooms.value = undefined;
    this.me.value = undefined;
    this.outbox = undefined;
    this.marks = undefined;
    this.phase.value = "signed_out";
    const problems = {
      stopped: undefined,
      token_invalid: { kind: "wrong" },
      token_expired: { kind: "expired" },
      protocol: { kind: "protocol" },
      refused: { kind: "refused", message },
    } as const;
    this.problem.value = problems[why];
  }

  private entry(entry: Entry): void {
    const view = this.views.get(entry.room);
    if (!view) return;
    const before = view.log.cursor.seq;
    view.entry(entry);
    if (entry.op === "message.posted") this.outbox?.seen(entry.mid);
    const news = view.log.shown(entry.mid);
    if (news && entry.seq > Math.max(before, view.liveFrom) && view === this.current.value) {
      if (news.by !== this.me.value?.id) this.onNews(news, view);
    }
  }

  private signalled({ room, op, by, d }: Extract<ServerFrame, { kind: "signal" }>): void {
    const here = this.views.get(room)?.here;
    if (op === "presence") here?.heard(d as unknown as PresenceSignal);
    if (op !== "typing" || by === undefined || by === this.me.value?.id) return;
    const { topic, card } = d as { topic?: string; card?: Card };
    here?.isTyping(by, topic, card);
  }

  private drawn(rooms: Iterable<string>): void {
    for (const name of rooms) {
      const view = this.views.get(name);
      if (!view) continue;
      view.changed();
      this.outbox?.settle(name);
    }
    this.marksVersion.value += 1;
  }
}
