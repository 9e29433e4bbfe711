import assert from "node:assert/strict";
import { test } from "node:test";
import { Link } from "../src/wire/link.ts";
import type { LinkState } from "../src/wire/link.ts";
import { Failure } from "../src/wire/failure.ts";
import type { ServerFrame } from "../src/wire/codec.ts";
import type { Position } from "../src/wire/types.ts";
import { FakeSocket, GREETING } from "./socket.ts";
import { EPOCH, World, die, settle } from "./world.ts";

function setUp(random = () => 0.5) {
  const world = new World();
  const sockets: FakeSocket[] = [];
  const states: LinkState[] = [];
  const frames: ServerFrame[] = [];
  const order: string[] = [];
  let held: Record<string, Position> = {};
  let forgot = 0;
  const link = new Link(
    { open: () => { const socket = new FakeSocket(); sockets.push(socket); return socket; }, now: world.now, later: world.later, random },
    {
      state: (state) => { states.push(state); order.push(state.kind); },
      greeted: () => order.push("greeted"),
      frame: (frame) => { frames.push(frame); order.push(frame.kind); },
      resume: () => held,
      forget: () => { forgot += 1; held = {}; },
    },
    { name: "test", version: "1" },
  );
  const greet = async (at = sockets.length - 1, more: object = {}) => {
    const socket = sockets[at];
    assert.ok(socket);
    socket.onopen?.();
    socket.say({ id: socket.last?.id, ok: { ...GREETING, ...more } });
    await settle();
    return socket;
  };
  return { world, sockets, states, frames, order, link, greet, hold: (to: typeof held) => (held = to), forgotten: () => forgot };
}

test("hello is the first frame, with the token, and rooms are resumed by position", async () => {
  const { link, sockets, greet, hold, order } = setUp();
  hold({ cardiology: { epoch: EPOCH, seq: 12 } });
  link.start("a.b.c");
  const socket = await greet();
  assert.equal(sockets.length, 1);
  assert.equal(socket.sent[0]?.op, "hello");
  assert.deepEqual(socket.sent[0]?.d, {
    token: "a.b.c", client: { name: "test", version: "1" }, resume: { cardiology: { epoch: EPOCH, seq: 12 } },
  });
  assert.deepEqual(order, ["connecting", "greeted", "live"]);
});

test("answers find their questions, refusals are told apart", async () => {
  const { link, greet } = setUp();
  link.start("t");
  const socket = await greet();
  const good = link.ask("rooms", {});
  const bad = link.ask("join", { room: "x" });
  const [first, second] = socket.sent.slice(-2);
  socket.say({ id: second?.id, error: { code: "unknown_room", number: 202, message: "no" } });
  socket.say({ id: first?.id, ok: { rooms: [] } });
  assert.deepEqual(await good, { rooms: [] });
  await assert.rejects(bad, (error: Failure) => error.code === "unknown_room" && !error.retryable);
});

test("a ping is answered, and silence ends the connection", async () => {
  const { link, greet, world } = setUp();
  link.start("t");
  const socket = await greet();
  socket.say({ op: "ping", d: { now: 1 } });
  assert.deepEqual(socket.last, { op: "pong", d: {} });
  await world.pass(54_000);
  assert.equal(link.state.kind, "live");
  await world.pass(2_000);
  assert.notEqual(link.state.kind, "live");
  assert.equal(socket.closed, true);
});

test("waits grow up to twenty seconds, spread over their whole length", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { link, sockets, states, world } = setUp(die(seed));
    link.start("t");
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      sockets.at(-1)?.onclose?.({ code: 1006 });
      const state = states.at(-1);
      assert.equal(state?.kind, "waiting", `seed ${seed}`);
      if (state?.kind !== "waiting") return;
      const wait = state.until - world.now();
      assert.ok(wait >= 0 && wait <= Math.min(20_000, 250 * 2 ** attempt), `seed ${seed}: attempt ${attempt} waits ${wait}`);
      waits.push(wait);
      await world.pass(wait);
    }
    assert.equal(sockets.length, 13, `seed ${seed}`);
    assert.ok(new Set(waits).size > 6, `seed ${seed}: waits are all alike: ${waits.join()}`);
  }
});

test("what the server asks for wins over the own wait", async () => {
  const { link, sockets, states, world } = setUp(() => 0);
  link.start("t");
  const socket = sockets[0];
  socket?.onopen?.();
  socket?.say({ id: socket.last?.id, error: { code: "overloaded", number: 101, message: "full", retry_after_ms: 7_000 } });
  await settle();
  const state = states.at(-1);
  assert.ok(state?.kind === "waiting" && state.until === world.now() + 7_000);
});

test("coming back online ends the wait", async () => {
  const { link, sockets } = setUp(() => 1);
  link.start("t");
  sockets[0]?.onclose?.({ code: 1006 });
  assert.equal(link.state.kind, "waiting");
  link.hurry();
  assert.equal(sockets.length, 2);
});

test("a socket that went deaf while the tab slept is found within three seconds", async () => {
  const { link, greet, world, sockets } = setUp(() => 0);
  link.start("t");
  await greet();
  link.hurry();
  await world.pass(3_001);
  assert.equal(sockets.length, 2);
});

test("drain leaves at a random moment within the time given, and comes back at once", async () => {
  const { link, greet, world, sockets } = setUp(() => 0.5);
  link.start("t");
  const socket = await greet();
  socket.say({ op: "drain", d: { within_ms: 4_000 } });
  await world.pass(1_999);
  assert.equal(sockets.length, 1);
  await world.pass(2);
  assert.equal(sockets.length, 2);
});

test("a node that sends us away again and again is backed off from", async () => {
  const { link, greet, world, sockets } = setUp(() => 1);
  link.start("t");
  const waits: number[] = [];
  for (let at = 0; at < 5; at++) {
    const socket = await greet();
    socket.onclose?.({ code: 4000 });
    const { state } = link;
    assert.ok(state.kind === "waiting");
    waits.push(state.until - world.now());
    await world.pass(waits.at(-1) ?? 0);
    assert.equal(sockets.length, at + 2);
  }
  assert.deepEqual(waits, [0, 500, 1_000, 2_000, 4_000]);
});

test("a token that is no good ends it, and is forgotten", async () => {
  for (const [code, close, why] of [["token_invalid", 4201, "token_invalid"], ["token_expired", 4202, "token_expired"]] as const) {
    const refused = setUp();
    refused.link.start("t");
    const socket = refused.sockets[0];
    socket?.onopen?.();
    socket?.say({ id: socket.last?.id, error: { code, number: code === "token_invalid" ? 300 : 301, message: "no" } });
    await settle();
    assert.deepEqual(refused.link.state, { kind: "ended", why });

    const closed = setUp();
    closed.link.start("t");
    (await closed.greet()).onclose?.({ code: close });
    assert.deepEqual(closed.link.state, { kind: "ended", why });
    await closed.world.pass(60_000);
    assert.equal(closed.sockets.length, 1);
  }
});

test("a hello refused for another reason says why, and is not tried for ever", async () => {
  const { link, sockets, world } = setUp();
  link.start("t");
  const socket = sockets[0];
  socket?.onopen?.();
  socket?.say({ id: socket.last?.id, error: { code: "bad_text", number: 211, message: "the name is blank" } });
  await settle();
  assert.deepEqual(link.state, { kind: "ended", why: "refused", message: "the name is blank" });
  await world.pass(60_000);
  assert.equal(sockets.length, 1);
});

test("what was asked and never answered is unknown, and nothing arrives from a socket that was left", async () => {
  const { link, greet, frames } = setUp();
  link.start("t");
  const socket = await greet();
  const asked = link.ask("rooms", {});
  const { onmessage } = socket;
  socket.onclose?.({ code: 4100 });
  await assert.rejects(asked, (error: Failure) => error.code === "disconnected" && error.retryable);
  onmessage?.({ data: JSON.stringify({ room: "r", seq: 1, epoch: 1, at: 1, by: { id: "x" }, op: "y", mid: "m", d: {} }) });
  assert.equal(frames.length, 0);
  await assert.rejects(link.ask("rooms", {}), (error: Failure) => error.code === "disconnected");
});

test("43xx drops positions, 44xx and nonsense stay away", async () => {
  const rejoin = setUp();
  rejoin.link.start("t");
  (await rejoin.greet()).onclose?.({ code: 4300 });
  assert.equal(rejoin.forgotten(), 1);
  assert.equal(rejoin.link.state.kind, "waiting");

  const away = setUp();
  away.link.start("t");
  (await away.greet()).onclose?.({ code: 4400 });
  assert.deepEqual(away.link.state, { kind: "ended", why: "protocol" });

  const large = setUp();
  large.link.start("t");
  (await large.greet()).onclose?.({ code: 1009 });
  await large.world.pass(60_000);
  assert.deepEqual([large.link.state, large.sockets.length], [{ kind: "ended", why: "protocol" }, 1]);

  const nonsense = setUp();
  nonsense.link.start("t");
  (await nonsense.greet()).onmessage?.({ data: "not json" });
  assert.deepEqual(nonsense.link.state, { kind: "ended", why: "protocol" });
});

test("stopping leaves no timer behind", async () => {
  const { link, greet, world } = setUp();
  link.start("t");
  await greet();
  link.ask("rooms", {}).catch(() => undefined);
  link.stop();
  assert.equal(world.waiting, 0);
});

test("a newer token goes on on the same connection, and opens the next one", async () => {
  const { link, sockets, greet } = setUp();
  link.start("old.old.old");
  const socket = await greet();
  const refused = link.refresh("not.a.token");
  socket.say({ id: socket.last?.id, error: { code: "token_invalid", number: 300, message: "no" } });
  await assert.rejects(refused, (error) => error instanceof Failure && error.needsToken);
  const taken = link.refresh("new.new.new");
  assert.deepEqual([socket.last?.op, socket.last?.d], ["refresh", { token: "new.new.new" }]);
  socket.say({ id: socket.last?.id, ok: { expires_at: 99, limits: GREETING.limits } });
  assert.equal((await taken).expires_at, 99);
  assert.equal(sockets.length, 1);
  link.reconnect();
  link.hurry();
  sockets[1]?.onopen?.();
  assert.equal(sockets[1]?.last?.d["token"], "new.new.new");
});

test("a frame that is larger than the server takes is refused here, counted in bytes", async () => {
  const { link, sockets, greet } = setUp();
  link.start("t");
  const socket = await greet(0, { limits: { ...GREETING.limits, frame_bytes: 200 } });
  const sent = () => socket.sent.length - 1;
  const around = new TextEncoder().encode(JSON.stringify({ id: 2, op: "message.post", d: { body: "" } })).length;
  const fits = "ä".repeat(Math.floor((200 - around) / 2));
  link.ask("message.post", { body: fits }).catch(() => undefined);
  assert.equal(sent(), 1);
  await assert.rejects(link.ask("message.post", { body: `${fits}ä` }), (error: Failure) =>
    error.code === "too_large" && error.number === 204 && !error.retryable && !error.needsToken);
  assert.deepEqual([sent(), link.state.kind], [1, "live"]);
  // A newer token may change it, and so may the next greeting.
  const renewed = link.refresh("new.new.new");
  socket.say({ id: socket.last?.id, ok: { expires_at: 99, limits: { ...GREETING.limits, frame_bytes: 400 } } });
  await renewed;
  link.ask("message.post", { body: `${fits}ä` }).catch(() => undefined);
  assert.equal(sent(), 3);
  link.reconnect();
  link.hurry();
  const next = await greet(1, { limits: { ...GREETING.limits, frame_bytes: 200 } });
  await assert.rejects(link.ask("message.post", { body: `${fits}ää` }), (error: Failure) => error.code === "too_large");
  assert.deepEqual([sockets.length, next.sent.length], [2, 1]);
});
