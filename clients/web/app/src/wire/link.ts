// One connection at a time to the server: hello, replies, reconnecting. Knows frames and nothing of
// rooms; `store` hears what arrives. The token lives in memory here and is sent in `hello` only.

import { delay } from "./backoff.ts";
import { afterClose } from "./close.ts";
import { decode, encode, frameSize } from "./codec.ts";
import type { ServerFrame } from "./codec.ts";
import { Failure } from "./failure.ts";
import type { Greeting, Position, Refreshed } from "./types.ts";

export type LinkState =
  | { kind: "idle" }
  | { kind: "connecting"; attempt: number }
  | { kind: "live"; greeting: Greeting }
  | { kind: "waiting"; attempt: number; until: number }
  | { kind: "ended"; why: "token_invalid" | "token_expired" | "refused" | "protocol" | "stopped"; message?: string };

/** The part of a WebSocket this file uses; a test brings its own. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Surroundings {
  open(): SocketLike;
  now(): number;
  random(): number;
  /** Calls back later; answers how to take it back. */
  later(ms: number, run: () => void): () => void;
}

export interface Listener {
  state(state: LinkState): void;
  /** Greeted: resume results are in the greeting. Runs before any frame that follows it. */
  greeted(greeting: Greeting): void;
  frame(frame: Exclude<ServerFrame, { kind: "reply" | "error" }>): void;
  /** Where every followed log stands, for `hello`. */
  resume(): Record<string, Position>;
  /** The server asks to forget positions. */
  forget(): void;
}

interface Asked {
  resolve(ok: unknown): void;
  reject(failure: Failure): void;
  cancel(): void;
}

const REPLY_MS = 30_000;
/** A connection that does not open or greet within this is given up. */
const OPEN_MS = 10_000;
const STABLE_MS = 30_000;
/** A probe after sleep or network change is answered within this, or the socket is dead. */
const PROBE_MS = 3_000;
/** More than this many unanswered commands are refused at once; the callers are few and all wait. */
const ASKED_MAX = 256;

export class Link {
  state: LinkState = { kind: "idle" };
  private socket: SocketLike | undefined;
  private token = "";
  private attempt = 0;
  private nextId = 1;
  private readonly asked = new Map<number, Asked>();
  private timer: (() => void) | undefined;
  private watchdog: (() => void) | undefined;
  private stable: (() => void) | undefined;
  private retryAfter: number | undefined;
  /** The largest frame the server takes, as it last said. */
  private frameBytes = Infinity;

  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener,
    private readonly client: { name: string; version: string },
  ) {}

  /** Signs in, and from then on stays connected until `stop` or the server says it is useless. */
  start(token: string): void {
    this.token = token;
    this.attempt = 0;
    this.connect();
  }

  /** Closes for good and forgets the token. */
  stop(): void {
    this.end("stopped");
  }

  /** Ends any wait; on a live connection, checks that it is alive. */
  hurry(): void {
    if (this.state.kind === "waiting") {
      this.connect();
    } else if (this.state.kind === "live") {
      const socket = this.socket;
      this.ask("rooms", { limit: 1 }, PROBE_MS).catch((failure: unknown) => {
        if (socket === this.socket && failure instanceof Failure && failure.code === "timeout") {
          this.lost(1006);
        }
      });
    }
  }

  /** Leaves this connection and makes another; followed logs resume where they stand. */
  reconnect(): void {
    if (this.state.kind === "live") this.lost(4000);
  }

  /** Sends a command and waits for its answer. Rejects with a `Failure`. */
  ask(op: string, d: object, withinMs = REPLY_MS): Promise<unknown> {
    if (this.state.kind !== "live" || this.asked.size >= ASKED_MAX) {
      return Promise.reject(Failure.disconnected());
    }
    return this.command(op, d, withinMs, this.frameBytes);
  }

  /** Gives the living connection a newer token, which later ones are opened with. Rejects with a `Failure`. */
  async refresh(token: string): Promise<Refreshed> {
    const answer = (await this.ask("refresh", { token })) as Refreshed;
    this.token = token;
    this.frameBytes = answer.limits.frame_bytes;
    return answer;
  }

  /** Sends a command that has no answer; does nothing while not connected. */
  tell(op: string, d: object): void {
    if (this.state.kind === "live") this.socket?.send(encode(undefined, op, d));
  }

  private command(op: string, d: object, withinMs: number, most = Infinity): Promise<unknown> {
    const id = this.nextId++;
    const frame = encode(id, op, d);
    // The server would close over it; only this command is at fault, not the connection.
    if (frameSize(frame) > most) return Promise.reject(Failure.tooLarge());
    return new Promise((resolve, reject) => {
      const cancel = this.around.later(withinMs, () => {
        this.asked.delete(id);
        reject(Failure.timeout());
      });
      this.asked.set(id, { resolve, reject, cancel });
      this.socket?.send(frame);
    });
  }

  private connect(): void {
    this.clear();
    this.become({ kind: "connecting", attempt: this.attempt });
    let socket: SocketLike;
    try {
      socket = this.around.open();
    } catch {
      this.lost(1006);
      return;
    }
    this.socket = socket;
    const mine = (run: () => void) => () => {
      if (this.socket === socket) run();
    };
    this.timer = this.around.later(OPEN_MS, mine(() => this.lost(1006)));
    socket.onopen = mine(() => this.hello(socket));
    socket.onmessage = (event) => mine(() => this.received(event.data))();
    socket.onclose = (event) => mine(() => this.lost(event.code))();
    socket.onerror = null; // a close follows, and says more
  }

  private hello(socket: SocketLike): void {
    const body = { token: this.token, client: this.client, resume: this.listener.resume() };
    this.command("hello", body, OPEN_MS).then(
      (ok) => {
        if (this.socket !== socket) return;
        const greeting = ok as Greeting;
        this.timer?.();
        this.timer = undefined;
        this.retryAfter = undefined;
        this.frameBytes = greeting.limits.frame_bytes;
        this.stable = this.around.later(STABLE_MS, () => (this.attempt = 0));
        this.become({ kind: "live", greeting });
        this.heard();
      },
      (error: unknown) => {
        if (this.socket !== socket || !(error instanceof Failure)) return;
        if (error.needsToken) {
          this.end(error.code === "token_expired" ? "token_expired" : "token_invalid");
        } else if (error.number < 300 && !error.retryable) {
          this.end("refused", error.message); // a good token with something wrong in it, such as its name
        } else {
          this.retryAfter = error.retryAfterMs;
          this.lost(1006);
        }
      },
    );
  }

  private received(data: unknown): void {
    const frame = typeof data === "string" ? decode(data) : undefined;
    if (!frame) {
      this.end("protocol");
      return;
    }
    this.heard();
    switch (frame.kind) {
      case "reply":
      case "error": {
        const asked = this.asked.get(frame.id);
        if (!asked) return; // its answer came after its time was over
        this.asked.delete(frame.id);
        asked.cancel();
        if (frame.kind === "error") {
          asked.reject(new Failure(frame.error));
          return;
        }
        // Resumed logs change before the entries behind the greeting are looked at.
        if (this.state.kind === "connecting") this.listener.greeted(frame.ok as Greeting);
        asked.resolve(frame.ok);
        return;
      }
      case "notice":
        if (frame.op === "ping") {
          this.socket?.send(encode(undefined, "pong", {}));
          return;
        }
        if (frame.op === "drain") this.drain(frame.d.within_ms);
        this.listener.frame(frame);
        return;
      default:
        this.listener.frame(frame);
    }
  }

  /** The node goes away: leave at a random moment, not with everybody else. */
  private drain(within: unknown): void {
    const ms = typeof within === "number" && within >= 0 ? within : 1_000;
    this.timer?.();
    this.timer = this.around.later(Math.round(this.around.random() * ms), () => this.lost(4000));
  }

  /** Anything heard is a sign of life; two pings missed are not. */
  private heard(): void {
    if (this.state.kind !== "live") return;
    this.watchdog?.();
    const within = this.state.greeting.ping_ms * 2 + 5_000;
    this.watchdog = this.around.later(within, () => this.lost(1006));
  }

  private lost(code: number): void {
    const next = afterClose(code);
    if (next === "sign_in") return this.end(code === 4202 ? "token_expired" : "token_invalid");
    if (next === "stay_away") return this.end("protocol");
    if (next === "rejoin") this.listener.forget();
    const wasLive = this.state.kind === "live";
    this.drop();
    // "Now" is now only once in a while: a node that keeps sending us away is backed off from.
    const atOnce = next === "now" && wasLive && this.attempt === 0;
    const wait = atOnce ? 0 : delay(this.attempt, this.around.random, this.retryAfter);
    this.retryAfter = undefined;
    this.attempt += 1;
    this.become({ kind: "waiting", attempt: this.attempt, until: this.around.now() + wait });
    this.timer = this.around.later(wait, () => this.connect());
  }

  private end(why: Extract<LinkState, { kind: "ended" }>["why"], message?: string): void {
    this.token = "";
    this.drop();
    this.become({ kind: "ended", why, ...(message === undefined ? {} : { message }) });
  }

  /** Leaves the socket; commands under way have an unknown outcome. */
  private drop(): void {
    this.clear();
    for (const asked of this.asked.values()) {
      asked.cancel();
      asked.reject(Failure.disconnected());
    }
    this.asked.clear();
  }

  private clear(): void {
    for (const cancel of [this.timer, this.watchdog, this.stable]) cancel?.();
    this.timer = this.watchdog = this.stable = undefined;
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(1000);
    } catch {
      // It was never open; that is as good as closed.
    }
  }

  private become(state: LinkState): void {
    this.state = state;
    this.listener.state(state);
  }
}
