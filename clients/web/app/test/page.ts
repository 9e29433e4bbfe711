// A whole page without a browser: the app, what it stores, and the sockets it opens.

import assert from "node:assert/strict";
import { App } from "../src/store/app.ts";
import type { RoomView } from "../src/store/room-view.ts";
import type { Entry } from "../src/wire/types.ts";
import { FakeSocket, GREETING } from "./socket.ts";
import { MemoryStorage } from "./storage.ts";
import { World, joined, settle } from "./world.ts";

export class Page {
  readonly world = new World();
  readonly sockets: FakeSocket[] = [];
  readonly local = new MemoryStorage();
  readonly app = new App({
    open: () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    now: this.world.now, later: this.world.later, random: () => 0, session: new MemoryStorage(), local: this.local,
    networkUp: () => true, version: "1",
  });

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    assert.ok(socket);
    return socket;
  }

  /** The newest socket opens and is greeted. */
  async greet(more: object = {}): Promise<void> {
    this.socket.onopen?.();
    this.socket.answer("hello", { ...GREETING, ...more });
    await settle();
  }

  async signIn(more: object = {}): Promise<this> {
    this.app.signIn("a.b.c");
    await this.greet(more);
    return this;
  }

  /** Opens a room that holds these entries. */
  async open(room: string, entries: Entry[]): Promise<RoomView> {
    this.app.open(room);
    this.socket.answer("join", joined(0, entries.length));
    await settle();
    await this.hear(...entries);
    const view = this.app.current.value;
    assert.ok(view);
    return view;
  }

  /** Entries come, and are drawn. */
  async hear(...entries: Entry[]): Promise<void> {
    for (const entry of entries) this.socket.say(entry);
    await this.world.pass(0);
  }
}
