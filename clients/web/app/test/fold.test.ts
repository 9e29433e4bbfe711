// Plays `protocol/vectors/fold.json`: logs, and what is to be shown of them. The server's fold and the
// Rust client's play the same file.

import assert from "node:assert/strict";
import { test } from "node:test";
import file from "../../../../protocol/vectors/fold.json" with { type: "json" };
import { RoomLog } from "../src/store/room-log.ts";
import type { Message } from "../src/store/message.ts";
import type { Entry } from "../src/wire/types.ts";
import { EPOCH, die, joined, page } from "./world.ts";

interface Vector {
  name: string;
  entries: string[];
  expect: unknown;
}
const vectors = (file as { vectors: Vector[] }).vectors;

/** The seq of the entry that says this. */
function saidBy(body: string, entries: Entry[]): number {
  const said = entries.find((entry) => entry.w?.["body"] === body);
  assert.ok(said, `no entry says ${body}`);
  return said.seq;
}

function shown(log: RoomLog, entries: Entry[]) {
  const message = (it: Message) => ({
    seq: it.seq, topic: it.topic, stand: it.stand, erased: it.erased,
    words: it.erased || it.stand !== "shown" ? null : saidBy(it.body, entries),
    reactions: it.reactions, acks: it.acks,
    ...(it.question === undefined ? {} : { question: it.question }),
    ...(it.answer === undefined ? {} : { answer: it.answer }),
  });
  const topics = log.topics().map(({ topic, name, resolved, mergedInto }) => ({
    topic, name: name ?? null, resolved, ...(mergedInto === undefined ? {} : { merged_into: mergedInto }),
  }));
  return {
    messages: log.rows(undefined).flatMap((row) => (row.kind === "message" ? [message(row.message)] : [])),
    pins: log.pins(),
    topics: topics.sort((a, b) => (a.topic < b.topic ? -1 : 1)),
  };
}

/** A log that follows from `after` on and holds what came live. */
function live(entries: Entry[], after: number): RoomLog {
  const log = new RoomLog();
  log.joined(joined(after, entries.length));
  for (const entry of entries.slice(after)) assert.equal(log.apply(structuredClone(entry)), undefined);
  return log;
}

test("the log shows what the vectors say, wherever it began and in whatever pages the rest was read", () => {
  assert.ok(vectors.length >= 80);
  for (const { name, entries: frames, expect } of vectors) {
    const entries = frames.map((frame) => JSON.parse(frame) as Entry);
    for (let after = 0; after <= entries.length; after++) {
      for (const size of [1, 2, 200]) {
        const log = live(entries, after);
        for (let to = after; to > 0; to = Math.max(0, to - size)) {
          const from = Math.max(0, to - size);
          log.older(page(structuredClone(entries.slice(from, to)), from + 1, to, from > 0));
        }
        assert.deepEqual(shown(log, entries), expect, `${name} (joined after ${after}, pages of ${size})`);
      }
    }
  }
});

test("any order of pages gives the same state, a page twice too", () => {
  for (const { name, entries: frames, expect } of vectors) {
    for (let seed = 1; seed <= 12; seed++) {
      const random = die(seed);
      const entries = frames.map((frame) => JSON.parse(frame) as Entry);
      const log = new RoomLog();
      log.joined(joined(entries.length, entries.length));
      const order = [...entries, ...entries].map((entry) => ({ entry, at: random() })).sort((a, b) => a.at - b.at);
      for (const { entry } of order) log.older(page([structuredClone(entry)], entry.seq, entry.seq, true));
      assert.deepEqual(shown(log, entries), expect, `${name} (seed ${seed})`);
    }
  }
});

test("a topic that was merged or moved to is read again from its beginning", () => {
  const merged = vectors.find(({ name }) => name === "two topics merged");
  assert.ok(merged);
  const entries = merged.entries.map((frame) => JSON.parse(frame) as Entry);
  const log = live(entries.slice(0, 3), 0);
  const [a, b] = ["a".repeat(26), `b${"a".repeat(25)}`];
  for (const topic of [a, b]) assert.ok(log.older(page([], 1, 3, false), topic));
  assert.ok(log.reachOf(a) && log.reachOf(b));
  log.apply(entries[3] as Entry);
  assert.deepEqual([log.reachOf(a), log.reachOf(b)], [undefined, undefined]);
  assert.deepEqual(log.rows(b).map(({ seq }) => seq), [2, 3]);
  assert.deepEqual(log.rows(a).map(({ seq }) => seq), [2, 3], "an ended topic leads to the one that goes on");
  assert.equal(EPOCH, log.cursor.epoch);
});
