import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, WAITING_MAX } from "../src/outbox/outbox.ts";
import { browserShelf, removedElsewhere } from "../src/outbox/shelf.ts";
import { Failure } from "../src/wire/failure.ts";
import type { Post, Written } from "../src/wire/types.ts";
import { MemoryStorage } from "./storage.ts";
import { EPOCH, World, mid, settle } from "./world.ts";

const post = (n: number, room = "cardiology"): Post => ({ room, topic: "T", mid: mid(n), kind: "message", body: `Body ${n}` });
const refusal = (code: string, number: number, retry?: number) =>
  new Failure({ code, number, message: `it is ${code}`, ...(retry === undefined ? {} : { retry_after_ms: retry }) });

function setUp(storage = new MemoryStorage(), person = "ana") {
  const world = new World();
  const sent: { post: Post; answer(seq: number): void; refuse(failure: Failure): void }[] = [];
  const applied = new Map<string, number>([["cardiology", 0]]);
  const state = { online: true, fresh: 900 };
  const outbox = new Outbox({
    shelf: browserShelf(person, storage),
    send: (post) =>
      new Promise<Written>((resolve, reject) =>
        sent.push({ post, answer: (seq) => resolve({ position: { epoch: EPOCH, seq }, at: 1 }), refuse: reject }),
      ),
    online: () => state.online,
    applied: (room) => applied.get(room),
    now: world.now,
    random: () => 1,
    later: world.later,
    changed: () => undefined,
    freshMid: () => mid(state.fresh++),
  });
  return { world, storage, sent, outbox, state, applied };
}

const kinds = (outbox: Outbox) => outbox.of("cardiology").map((item) => item.state.kind);

test("a message is stored before it is sent, and forgotten once the server has it", async () => {
  const { outbox, sent, storage } = setUp();
  assert.equal(outbox.add(post(1)), true);
  assert.equal(storage.length, 1);
  assert.equal(sent.length, 1);
  sent[0]?.answer(7);
  await settle();
  assert.equal(storage.length, 0);
  assert.deepEqual(kinds(outbox), ["sent"], "it stays in sight until its entry comes");
  outbox.seen(mid(1));
  assert.deepEqual(kinds(outbox), []);
});

test("the entry may come before the answer", async () => {
  const { outbox, sent, storage } = setUp();
  outbox.add(post(1));
  outbox.seen(mid(1));
  assert.deepEqual(kinds(outbox), []);
  assert.equal(storage.length, 0);
  sent[0]?.answer(7);
  await settle();
  assert.deepEqual(kinds(outbox), []);
});

test("one author's order is kept: one under way per room", async () => {
  const { outbox, sent } = setUp();
  outbox.add(post(1));
  outbox.add(post(2));
  outbox.add(post(3, "oncology"));
  assert.deepEqual(sent.map(({ post }) => post.mid), [mid(1), mid(3)]);
  sent[0]?.answer(1);
  await settle();
  assert.deepEqual(sent.map(({ post }) => post.mid), [mid(1), mid(3), mid(2)]);
});

test("an unknown outcome is sent again with the same mid, after the wait the server asked for", async () => {
  const { outbox, sent, world } = setUp();
  outbox.add(post(1));
  sent[0]?.refuse(refusal("rate_limited", 102, 2_000));
  await world.pass(1_999);
  assert.equal(sent.length, 1, "earlier than asked for");
  await world.pass(1_001);
  assert.deepEqual(sent.map(({ post }) => post.mid), [mid(1), mid(1)]);
  sent[1]?.answer(3);
  await settle();
  assert.deepEqual(kinds(outbox), ["sent"]);
});

test("without a connection it waits, and goes when there is one", async () => {
  const { outbox, sent, state, world } = setUp();
  state.online = false;
  outbox.add(post(1));
  await world.pass(60_000);
  assert.equal(sent.length, 0);
  assert.deepEqual(kinds(outbox), ["queued"]);
  state.online = true;
  outbox.resume();
  assert.equal(sent.length, 1);
  state.online = false;
  sent[0]?.refuse(Failure.disconnected());
  await world.pass(60_000);
  assert.deepEqual(kinds(outbox), ["queued"]);
  state.online = true;
  outbox.resume();
  assert.deepEqual(sent.map(({ post }) => post.mid), [mid(1), mid(1)]);
});

test("a definite refusal parks that message only, with its reason", async () => {
  const { outbox, sent, storage } = setUp();
  outbox.add(post(1));
  outbox.add(post(2));
  sent[0]?.refuse(refusal("too_large", 204));
  await settle();
  assert.deepEqual(kinds(outbox), ["failed", "sending"]);
  assert.equal(storage.length, 2, "what failed is still kept");
  outbox.discard(mid(2));
  assert.deepEqual(kinds(outbox), ["failed", "sending"], "what is under way cannot be taken back");
  sent[1]?.answer(2);
  await settle();
  outbox.retry(mid(1));
  assert.equal(sent[2]?.post.mid, mid(1));
  sent[2]?.refuse(refusal("too_large", 204));
  await settle();
  outbox.discard(mid(1));
  assert.equal(storage.length, 0);
});

test("a mid that was used for something else is replaced when trying again", async () => {
  const { outbox, sent, storage } = setUp();
  outbox.add(post(1));
  sent[0]?.refuse(refusal("mid_reused", 205));
  await settle();
  outbox.retry(mid(1));
  assert.equal(sent[1]?.post.mid, mid(900));
  assert.equal(storage.length, 1);
  assert.equal(sent[1]?.post.body, "Body 1");
});

test("a bad token leaves everything queued for the next one", async () => {
  const { outbox, sent, world } = setUp();
  outbox.add(post(1));
  sent[0]?.refuse(refusal("token_expired", 301));
  await world.pass(60_000);
  assert.deepEqual(kinds(outbox), ["queued"]);
  assert.equal(sent.length, 1);
});

test("what waited is there after a reload, in order, and for its author only", async () => {
  const first = setUp();
  first.state.online = false;
  for (const n of [3, 1, 2]) first.outbox.add(post(n));
  const other = setUp(first.storage, "mei");
  other.outbox.resume();
  assert.equal(other.sent.length, 0, "nobody sends what another person wrote");
  const again = setUp(first.storage);
  assert.deepEqual(again.outbox.of("cardiology").map((item) => item.post.mid), [mid(3), mid(1), mid(2)]);
  again.outbox.resume();
  assert.equal(again.sent[0]?.post.mid, mid(3));
});

test("what cannot be kept safe is not taken", () => {
  const { outbox, storage, state } = setUp();
  state.online = false;
  storage.full = true;
  assert.equal(outbox.add(post(1)), false);
  storage.full = false;
  for (let n = 0; n < WAITING_MAX; n++) assert.equal(outbox.add(post(n + 10)), true);
  assert.equal(outbox.add(post(5_000)), false);
  assert.equal(storage.length, WAITING_MAX);
});

test("sent to a room this page does not follow, it leaves no trace", async () => {
  const { outbox, sent } = setUp();
  outbox.add(post(1, "oncology"));
  sent[0]?.answer(9);
  await settle();
  assert.deepEqual(outbox.of("oncology"), []);
});

test("another tab that finished a message takes it from this one", () => {
  const { outbox, state } = setUp();
  state.online = false;
  outbox.add(post(1));
  const done = removedElsewhere("ana", { key: `wardroom.outbox.ana.${mid(1)}`, newValue: null });
  assert.equal(done, mid(1));
  assert.equal(removedElsewhere("mei", { key: `wardroom.outbox.ana.${mid(1)}`, newValue: null }), undefined);
  assert.equal(removedElsewhere("ana", { key: `wardroom.outbox.ana.${mid(1)}`, newValue: "{}" }), undefined);
  outbox.settledElsewhere(mid(1));
  assert.deepEqual(kinds(outbox), []);
});

test("what a moderator looks at first stops no other, and is asked after again", async () => {
  const { world, sent, outbox } = setUp();
  outbox.add(post(1));
  outbox.add(post(2));
  sent[0]?.refuse(refusal("held", 107));
  await settle();
  assert.deepEqual(outbox.of("cardiology").map(({ state }) => state.kind), ["held", "sending"]);
  assert.equal(outbox.waiting, 1);
  sent[1]?.answer(5);
  await settle();
  await world.pass(60_000);
  assert.equal(sent[2]?.post.mid, mid(1), "the same mid");
  sent[2]?.refuse(refusal("held", 107));
  await settle();
  outbox.resume();
  assert.equal(sent[3]?.post.mid, mid(1), "a new connection asks at once");
  sent[3]?.refuse(refusal("declined", 220));
  await settle();
  assert.equal(outbox.of("cardiology").find((item) => item.post.mid === mid(1))?.state.kind, "failed");
});
