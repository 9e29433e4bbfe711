import assert from "node:assert/strict";
import { test } from "node:test";
import { delay } from "../src/wire/backoff.ts";
import { afterClose } from "../src/wire/close.ts";
import { decode, encode } from "../src/wire/codec.ts";
import { freshMid } from "../src/mid.ts";
import { posted } from "./world.ts";

test("a frame is told apart by what it has", () => {
  assert.deepEqual(decode('{"id":7,"ok":{"a":1}}'), { kind: "reply", id: 7, ok: { a: 1 } });
  assert.equal(decode('{"id":7,"error":{"code":"forbidden","number":203,"message":"no"}}')?.kind, "error");
  assert.deepEqual(decode(JSON.stringify(posted(3))), { kind: "entry", entry: posted(3) });
  assert.deepEqual(decode('{"room":"cardiology","op":"typing","by":{"id":"x"},"d":{}}'), {
    kind: "signal", room: "cardiology", op: "typing", by: "x", d: {},
  });
  assert.deepEqual(decode('{"op":"drain","d":{"within_ms":5}}'), { kind: "notice", op: "drain", d: { within_ms: 5 } });
  assert.deepEqual(decode('{"op":"later"}'), { kind: "notice", op: "later", d: {} });
});

test("what is no frame of wardroom.v1 is not guessed at", () => {
  for (const text of ["", "null", "[]", "7", "{", "{}", '{"id":1}', '{"id":1,"op":"x"}', '{"seq":1}', '{"room":"r","seq":1,"op":"x"}']) {
    assert.equal(decode(text), undefined, text);
  }
});

test("a command carries an id only where an answer is wanted", () => {
  assert.equal(encode(3, "rooms", { limit: 1 }), '{"id":3,"op":"rooms","d":{"limit":1}}');
  assert.equal(encode(undefined, "pong", {}), '{"op":"pong","d":{}}');
});

test("the wait stays within its bounds, and the server's wish wins", () => {
  assert.equal(delay(0, () => 1), 250);
  assert.equal(delay(3, () => 1), 2_000);
  assert.equal(delay(60, () => 1), 20_000);
  assert.equal(delay(60, () => 0), 0);
  assert.equal(delay(9, () => 0, 400), 400);
  assert.ok(delay(0, () => 1, 60_000) <= 61_000 && delay(0, () => 1, 60_000) >= 60_000);
  assert.equal(delay(0, () => 1, Number.NaN), 250);
});

test("the hundred of a close code decides", () => {
  assert.deepEqual([4000, 4100, 4201, 4300, 4400, 1006, 1011].map(afterClose), [
    "now", "backoff", "sign_in", "rejoin", "stay_away", "backoff", "backoff",
  ]);
  assert.equal(afterClose(4299), "sign_in");
  assert.equal(afterClose(4200), "backoff");
  for (const code of [1002, 1003, 1007, 1009]) assert.equal(afterClose(code), "stay_away", `${code}: our frame was wrong, and would be again`);
});

test("a mid is a version 7 UUID, and later ones sort later", () => {
  const at = Date.UTC(2026, 10, 22);
  const early = freshMid(at, new Uint8Array(10).fill(255));
  const late = freshMid(at + 1, new Uint8Array(10));
  assert.match(early, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(early < late);
  assert.equal(Number.parseInt(early.replaceAll("-", "").slice(0, 12), 16), at);
  assert.equal(new Set(Array.from({ length: 1_000 }, () => freshMid(at))).size, 1_000);
});
