import assert from "node:assert/strict";
import { test } from "node:test";
import { Attendance } from "../src/store/attendance.ts";
import { Roster } from "../src/store/roster.ts";
import type { PresencePage, PresenceSignal } from "../src/wire/types.ts";
import { World, die, settle } from "./world.ts";

const person = (id: string) => ({ id, card: { name: `Synthetic ${id}` } });
const ids = (roster: Roster) => roster.people && [...roster.people.keys()].sort().join("");
const news = (rev: number, online: number, joined = "", left = ""): PresenceSignal => ({
  rev, online, ...(joined ? { joined: [...joined].map(person) } : {}), ...(left ? { left: [...left] } : {}),
});
const page = (rev: number, people: string, next?: string): PresencePage => ({
  rev, online: people.length, people: [...people].map(person), ...(next === undefined ? {} : { next }),
});

test("the next signal changes a roster, an old one does not, and a lost one makes it void", () => {
  const roster = new Roster();
  roster.begin(page(7, "ab"));
  assert.equal(roster.heard(news(7, 9, "x")), false);
  assert.equal(roster.heard(news(8, 2, "c", "a")), false);
  assert.deepEqual([roster.online, ids(roster)], [2, "bc"]);
  assert.equal(roster.heard(news(10, 3, "d")), true);
  assert.deepEqual([roster.online, ids(roster)], [3, undefined]);
});

test("a crowd has a number and no names, and nobody asks for them", () => {
  const roster = new Roster();
  roster.begin(page(1, "ab"));
  assert.equal(roster.heard(news(2, 201)), false);
  assert.deepEqual([roster.online, ids(roster)], [201, undefined]);
  assert.equal(roster.heard(news(3, 200)), true, "at two hundred they are named again");
});

test("a join's number counts until a signal told a newer one", () => {
  const roster = new Roster();
  roster.told(5);
  assert.equal(roster.online, 5);
  roster.heard(news(3, 9, "a"));
  roster.told(2);
  assert.equal(roster.online, 9);
});

/** A server with people, of which the page may miss signals. */
class Server {
  rev = 0;
  people = new Set("a");
  asked = 0;
  readonly world = new World();
  readonly here: Attendance;

  constructor(seed: number, failing = () => false) {
    const deps = {
      now: this.world.now, later: this.world.later, random: die(seed),
      ask: async (op: string) => {
        assert.equal(op, "presence");
        this.asked += 1;
        if (failing()) throw new Error("not now");
        return page(this.rev, [...this.people].sort().join(""));
      },
    };
    this.here = new Attendance("cardiology", deps);
  }

  change(joined: string, left: string, lose = false): void {
    for (const id of left) this.people.delete(id);
    for (const id of joined) this.people.add(id);
    this.rev += 1;
    if (!lose) this.here.heard(news(this.rev, this.people.size, joined, left));
  }
}

test("a page asks once when it joins, and again after a lost signal, not at once and not too often", async () => {
  const server = new Server(1);
  server.here.joined(1);
  await server.world.pass(0);
  assert.deepEqual([server.asked, ids(server.here.roster)], [1, "a"]);
  server.change("b", "");
  assert.deepEqual([server.asked, ids(server.here.roster)], [1, "ab"]);
  for (let at = 0; at < 10; at++) {
    server.change(String.fromCharCode(100 + at), "", true);
    server.change(String.fromCharCode(120 + at), "");
    await server.world.pass(100);
  }
  assert.equal(server.asked, 1, "five seconds apart at least");
  await server.world.pass(8_000);
  assert.equal(server.asked, 2);
  assert.equal(ids(server.here.roster), [...server.people].sort().join(""));
});

test("whatever is lost, the page knows who is here once a signal came and time has passed", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = die(seed);
    const server = new Server(seed, () => random() < 0.2);
    server.here.joined(1);
    for (let step = 0; step < 40; step++) {
      const id = String.fromCharCode(98 + Math.floor(random() * 20));
      if (server.people.has(id)) server.change("", id, random() < 0.3);
      else server.change(id, "", random() < 0.3);
      if (random() < 0.1) server.here.joined(server.people.size);
      await server.world.pass(Math.floor(random() * 4_000));
    }
    // An answer that fails is not asked for again by itself: the next signal sees to it.
    const knows = () => ids(server.here.roster) === [...server.people].sort().join("") && server.here.roster.online === server.people.size;
    for (let again = 0; again < 40 && !knows(); again++) {
      server.change("z", "");
      await server.world.pass(10_000);
    }
    assert.ok(knows(), `seed ${seed}`);
  }
});

test("typing is forgotten after six seconds, with an entry, or when somebody left", async () => {
  const { here, world } = new Server(1);
  const who = () => here.typing.value.map((typist) => `${typist.id}:${typist.name ?? "?"}:${typist.topic ?? "-"}`);
  here.isTyping("ana", "t", { name: "Dr Ana" });
  here.isTyping("ben", undefined, undefined);
  assert.deepEqual(who(), ["ana:Dr Ana:t", "ben:?:-"]);
  await world.pass(5_000);
  here.isTyping("ana", "u", { name: "Dr Ana" });
  await world.pass(1_500);
  assert.deepEqual(who(), ["ana:Dr Ana:u"]);
  here.stopTyping("ana");
  here.isTyping("c", "t", { name: "Cy" });
  here.heard(news(1, 1, "", "c"));
  await settle();
  assert.deepEqual(who(), []);
});
