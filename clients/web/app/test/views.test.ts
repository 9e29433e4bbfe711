import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../src/store/announcer.ts";
import { TopicBook } from "../src/store/topic-book.ts";
import { formatRoute, parseRoute } from "../src/store/route.ts";
import { FrameQueue } from "../src/store/frame-queue.ts";
import { toMessage } from "../src/store/message.ts";
import type { Message } from "../src/store/message.ts";
import type { Row } from "../src/store/room-log.ts";
import { hue, initials } from "../src/text/format.ts";
import { END, FIRST_ROWS, MOST_ROWS, around, back, bounds, forth } from "../src/views/window.ts";
import type { Entry } from "../src/wire/types.ts";
import { World, die, posted } from "./world.ts";

const message = (seq: number, topic = "t"): Message => {
  const found = toMessage(posted(seq, topic));
  assert.ok(found);
  return found;
};
const rowsOf = (n: number): Row[] => Array.from({ length: n }, (_, at) => ({ kind: "message", seq: (at + 1) * 3, message: message((at + 1) * 3) }));

test("a log opens at its end and never holds more rows than it may", () => {
  const rows = rowsOf(5_000);
  assert.deepEqual(bounds(rows, END), { start: 5_000 - FIRST_ROWS, end: 5_000 });
  assert.deepEqual(bounds(rowsOf(3), END), { start: 0, end: 3 });
  for (let seed = 1; seed <= 50; seed++) {
    const random = die(seed);
    let stretch = END;
    for (let step = 0; step < 200; step++) {
      const before = bounds(rows, stretch);
      const choice = random();
      stretch = choice < 0.45 ? back(rows, stretch) : choice < 0.9 ? forth(rows, stretch) : around(rows, Math.floor(random() * 15_000));
      const { start, end } = bounds(rows, stretch);
      assert.ok(start >= 0 && end <= rows.length && end - start <= MOST_ROWS && end > start, `seed ${seed}, step ${step}: ${start} to ${end}`);
      if (choice < 0.9) assert.ok(start <= before.end && end >= before.start, `seed ${seed}, step ${step}: what was read left the page`);
    }
  }
});

test("walking back reaches the first row, and forth the last", () => {
  const rows = rowsOf(1_000);
  let stretch = END;
  for (let step = 0; step < 30; step++) stretch = back(rows, stretch);
  assert.equal(bounds(rows, stretch).start, 0);
  for (let step = 0; step < 30; step++) stretch = forth(rows, stretch);
  assert.equal(bounds(rows, stretch).end, 1_000);
  assert.equal(stretch.to, undefined, "at the end new rows are followed again");
});

test("rows added in front do not move what is shown", () => {
  const rows = rowsOf(300);
  const stretch = back(rows.slice(100), END);
  const shown = (all: Row[]) => { const { start, end } = bounds(all, stretch); return all.slice(start, end).map((row) => row.seq); };
  assert.deepEqual(shown(rows.slice(100)), shown(rows));
});

test("topics count what follows, once", () => {
  const book = new TopicBook();
  book.addLive(message(5, "b"));
  book.addPage([{ topic: "a", name: "Änderungen", messages: 3, first: 1, last: 4 }, { topic: "b", name: "B", messages: 1, first: 5, last: 5 }], 5);
  book.addLive(message(5, "b"));
  book.addLive(message(6, "a"));
  assert.equal(book.get("b")?.messages, 1);
  assert.equal(book.get("a")?.messages, 4);
  assert.deepEqual(book.list().map(({ topic }) => topic), ["a", "b"]);
  assert.deepEqual(book.list("ander").map(({ topic }) => topic), ["a"]);
  book.addLive(message(9, "c"));
  assert.equal(book.list()[0]?.name, "Topic c");
});

test("topics follow what is said about them, once", () => {
  const book = new TopicBook();
  const about = (seq: number, op: string, d: object, name?: string): Entry => ({
    ...posted(seq), op, d: { ...d }, w: { card: { name: "X" }, ...(name === undefined ? {} : { topic: name }) },
  });
  const page = [{ topic: "a", name: "A", messages: 3, first: 1, last: 4 }, { topic: "b", name: "B", messages: 1, first: 5, last: 5 }];
  book.addPage(page, 6);
  book.apply(about(6, "topic.renamed", { topic: "a", alias: "x" }, "counted in the page already"), []);
  assert.equal(book.get("a")?.name, "A");
  book.apply(about(7, "topic.renamed", { topic: "a", alias: "x" }, "Another name"), []);
  book.apply(about(8, "topic.resolved", { topic: "a", resolved: true }), []);
  assert.deepEqual([book.idOf("another name"), book.get("a")?.resolved], ["a", true]);
  book.apply(about(9, "topic.moved", { topic: "c", messages: [{ of: "m", seq: 1, from: "a" }] }, "C"), ["a"]);
  assert.deepEqual([book.get("a")?.messages, book.get("c")], [2, { topic: "c", name: "C", messages: 1, first: 1, last: 1 }]);
  book.apply(about(10, "topic.merged", { topic: "a", into: "b" }), []);
  assert.deepEqual(book.get("b"), { topic: "b", name: "B", messages: 3, first: 1, last: 5 });
  assert.deepEqual([book.list().map(({ topic }) => topic), book.size, book.get("a")?.merged_into], [["b", "c"], 2, "b"]);
});

test("the address holds a slug and an id, and nothing else gets in", () => {
  const topic = "abcdefghijklmnopqrstuvwx27";
  for (const route of [{ room: undefined, topic: undefined }, { room: "cardiology", topic: undefined }, { room: "a-1", topic }]) {
    assert.deepEqual(parseRoute(formatRoute(route)), route);
  }
  for (const hash of ["", "#", "#/r/", "#/r/Upper", "#/r/a/t/short", "#/r/a?token=x", "#/r/../x"]) {
    assert.deepEqual(parseRoute(hash), { room: undefined, topic: undefined }, hash);
  }
});

test("many messages are told as a number", async () => {
  const world = new World();
  const said: string[] = [];
  const announcer = new Announcer((text) => said.push(text), {
    message: (name, body) => `${name}: ${body}`, many: (n, room) => `${n} in ${room}`,
  }, world.now, world.later);
  for (let n = 1; n <= 8; n++) announcer.heard("Ana", `words ${n}`, "Sepsis", () => true);
  assert.deepEqual(said, ["Ana: words 1", "Ana: words 2", "Ana: words 3"]);
  await world.pass(5_000);
  assert.deepEqual(said.slice(3), ["5 in Sepsis"]);
  await world.pass(10_000);
  announcer.heard("Mei", "x".repeat(900), "Sepsis", () => true);
  assert.ok((said.at(-1)?.length ?? 0) < 220);
});

test("a long replay is applied in slices, in order, with gaps in their place", async () => {
  const world = new World();
  const seen: string[] = [];
  let drawn = 0;
  let longest = 0;
  let started = 0;
  const queue = new FrameQueue(world, {
    entry: (entry) => { seen.push(String(entry.seq)); world.time += 1; },
    gap: (gap) => seen.push(`gap ${gap.from}`),
    drawn: () => { drawn += 1; longest = Math.max(longest, seen.length - started); started = seen.length; },
    overflow: () => assert.fail("the queue is large enough"),
  });
  for (let seq = 1; seq <= 100; seq++) queue.push(posted(seq));
  queue.pushGap({ room: "cardiology", from: 101, to: 104, reason: "lost" });
  queue.pushGap({ room: "cardiology", from: "x" });
  queue.push(posted(105));
  await world.pass(10_000);
  assert.equal(seen.length, 102);
  assert.deepEqual(seen.slice(-2), ["gap 101", "105"]);
  assert.ok(drawn > 3 && longest <= 32, `${drawn} slices, the longest of ${longest}`);
});

test("initials and colours say who, the same each time", () => {
  assert.equal(initials("Dr Ana Osei"), "AO");
  assert.equal(initials("oncology-member-35"), "OM");
  assert.equal(initials("דנה לוי"), "דל");
  assert.equal(initials("🩺"), "?");
  assert.equal(initials(""), "?");
  assert.equal(hue("ana", 8), hue("ana", 8));
  assert.ok(new Set(Array.from({ length: 100 }, (_, at) => hue(`person ${at}`, 8))).size === 8);
});
