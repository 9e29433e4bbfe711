import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.ts";
import { GREETING } from "./socket.ts";
import { joined, posted, settle } from "./world.ts";

test("the end of one topic marks nothing as read; the end of all of them marks the room", async () => {
  const page = await new Page().signIn();
  const view = await page.open("cardiology", [posted(1, "a"), posted(2, "b"), posted(3, "a")]);
  page.app.markSeen(view, "a");
  assert.equal(page.app.marks?.get("cardiology"), undefined);
  page.app.markSeen(view, undefined);
  assert.equal(page.app.marks?.get("cardiology"), 3);
  await page.hear(posted(4, "b"));
  page.app.markSeen(view, "a");
  assert.equal(page.app.marks?.get("cardiology"), 3, "another topic's message was not read");
});

test("while a log catches up its head is not read yet", async () => {
  const page = await new Page().signIn();
  page.app.open("cardiology");
  page.socket.answer("join", joined(0, 3));
  await settle();
  await page.hear(posted(1), posted(2));
  const view = page.app.current.value;
  assert.ok(view);
  page.app.markSeen(view, undefined);
  assert.equal(page.app.marks?.get("cardiology"), undefined);
  await page.hear(posted(3));
  page.app.markSeen(view, undefined);
  assert.equal(page.app.marks?.get("cardiology"), 3);
});

test("a mark goes back with a log that lost its end, and the page says so", async () => {
  const page = await new Page().signIn();
  const view = await page.open("cardiology", [1, 2, 3].map((seq) => posted(seq)));
  page.app.markSeen(view, undefined);
  page.socket.onclose?.({ code: 4000 });
  await page.world.pass(0);
  const before = page.app.marksVersion.value;
  await page.greet({ rooms: { cardiology: { ok: joined(1, 1, { recovered: false }) } } });
  assert.deepEqual([page.app.marks?.get("cardiology"), page.app.marksVersion.value > before], [1, true]);
});

test("who is told to drop positions reads the open room anew", async () => {
  const page = await new Page().signIn();
  const view = await page.open("cardiology", [1, 2, 3].map((seq) => posted(seq)));
  page.socket.onclose?.({ code: 4300 });
  await page.world.pass(0);
  assert.deepEqual([page.sockets.length, view.log.rows(undefined).length, view.status.value.kind], [2, 0, "joining"]);
  await page.greet();
  assert.deepEqual(page.socket.asked("hello")[0]?.d["resume"], {});
  page.socket.answer("join", joined(0, 1));
  await settle();
  await page.hear(posted(1));
  assert.deepEqual([view.log.rows(undefined).length, view.status.value.kind], [1, "ready"]);
});

test("a message that waited and is too large for a lowered limit fails by itself, and holds up no other", async () => {
  const page = await new Page().signIn();
  await page.open("cardiology", [posted(1)]);
  page.socket.onclose?.({ code: 1006 });
  const draft = { topic: "T", kind: "message" as const };
  for (const body of ["ß".repeat(600), "short"]) assert.equal(page.app.post("cardiology", { ...draft, body }), true);
  await page.world.pass(0);
  await page.greet({ limits: { ...GREETING.limits, frame_bytes: 1_000 }, rooms: { cardiology: { ok: joined(1, 1) } } });
  const states = () => page.app.outbox?.of("cardiology").map(({ state }) => ("code" in state ? state.code : state.kind));
  assert.deepEqual(states(), ["too_large", "sending"]);
  assert.deepEqual(page.socket.asked("message.post").map(({ d }) => d["body"]), ["short"]);
  page.socket.answer("message.post", { position: { epoch: 1, seq: 2 }, at: 1 });
  await page.world.pass(50_000);
  assert.equal(page.socket.asked("message.post").length, 1, "it was tried by itself again");
  assert.deepEqual([page.sockets.length, page.app.link.value.kind], [2, "live"]);
  const kept = () => Array.from({ length: page.local.length }, (_, at) => page.local.key(at)).filter((key) => key?.startsWith("wardroom.outbox."));
  const large = page.app.outbox?.of("cardiology").find(({ state }) => state.kind === "failed");
  assert.ok(large);
  assert.equal(kept().length, 1, "the words are kept until one decides");
  page.app.outbox?.discard(large.post.mid);
  assert.deepEqual(kept(), []);
});
