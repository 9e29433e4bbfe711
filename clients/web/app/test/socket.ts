// A socket whose other end the test holds, and the greeting that is heard on it.

import assert from "node:assert/strict";
import type { SocketLike } from "../src/wire/link.ts";

export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: { id?: number; op: string; d: Record<string, unknown> }[] = [];
  closed = false;
  send(text: string) { this.sent.push(JSON.parse(text)); }
  close() { this.closed = true; }
  say(frame: object) { this.onmessage?.({ data: JSON.stringify(frame) }); }
  get last() { return this.sent.at(-1); }

  /** The commands of this kind, oldest first. */
  asked(op: string) { return this.sent.filter((frame) => frame.op === op); }

  /** Answers the newest command of this kind. */
  answer(op: string, ok: object) {
    const id = this.asked(op).at(-1)?.id;
    assert.notEqual(id, undefined, `nobody asked for ${op}`);
    this.say({ id, ok });
  }
}

export const GREETING = {
  connection: "c1", principal: { id: "ana", card: { name: "Ana" }, roles: [] }, node: "n1", now: 0, ping_ms: 25_000, expires_at: 9e15,
  limits: { frame_bytes: 65_536, logs: 128, history_page: 200 }, rooms: {},
};
