import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomView } from "../src/store/room-view.ts";
import { SeenMarks } from "../src/store/seen-marks.ts";
import { Failure } from "../src/wire/failure.ts";
import type { Entry, Joined, TopicSummary } from "../src/wire/types.ts";
import { MemoryStorage } from "./storage.ts";
import { EPOCH, World, joined, posted, redacted, settle } from "./world.ts";

const FORBIDDEN = new Failure({ code: "forbidden", number: 203, message: "" });
const UNKNOWN = new Failure({ code: "unknown_room", number: 202, message: "" });
const OVERLOADED = new Failure({ code: "overloaded", number: 101, message: "" });

/** A room that was read to its fourth entry, the second of them pinned. Each further question is refused. */
function read(refusal: Failure): RoomView {
  const { later, now } = new World();
  const view = new RoomView("cardiology", { later, now, random: () => 0, seenAtMost: () => undefined, ask: () => Promise.reject(refusal) });
  view.joined(joined(0, 4));
  for (const seq of [1, 2, 3]) view.entry(posted(seq));
  view.entry({ ...posted(4), op: "message.pinned", d: { of: posted(2).mid, seq: 2, topic: "t" } });
  assert.deepEqual(shown(view), { rows: 3, pins: [2], topics: 1, names: 3 });
  return view;
}

const shown = ({ log, topics, names }: RoomView) =>
  ({ rows: log.rows(undefined).length, pins: log.pins(), topics: topics.size, names: names.size });
const NOTHING = { rows: 0, pins: [], topics: 0, names: 0 };

for (const refusal of [FORBIDDEN, UNKNOWN]) {
  test(`nothing is shown of a room that was lost while disconnected: ${refusal.code}`, async () => {
    const resumed = read(refusal);
    const before = resumed.version.value;
    resumed.resumeFailed(refusal);
    assert.deepEqual([shown(resumed), resumed.status.value], [NOTHING, { kind: "failed", failure: refusal }]);
    assert.ok(resumed.version.value > before, "it is drawn again");
    const again = read(refusal);
    void again.join();
    await settle();
    assert.deepEqual([shown(again), again.status.value], [NOTHING, { kind: "failed", failure: refusal }]);
  });
}

test("what was read stays while a room can only not be followed for a moment", async () => {
  const view = read(OVERLOADED);
  view.resumeFailed(OVERLOADED);
  void view.join();
  await settle();
  assert.deepEqual([shown(view).rows, view.status.value.kind], [3, "joining"]);
});

test("the notice `removed` takes a room from the page", () => {
  const view = read(FORBIDDEN);
  view.removed();
  assert.deepEqual(shown(view), NOTHING);
});

const NEXT = EPOCH + 9;
const GONE = new Failure({ code: "position_unknown", number: 400, message: "" });
const renamed = (seq: number, topic: string, name: string, more: Partial<Entry> = {}): Entry => {
  const { n: _, ...entry } = posted(seq);
  return { ...entry, op: "topic.renamed", d: { topic, alias: "x" }, w: { card: { name: "X" }, topic: name }, ...more };
};
/** How the next epoch's line answers: what the one before had above the third entry never happened. */
const answered = (after: number, head: number, n: number, more: Partial<Joined> = {}) => {
  const epochs = [{ epoch: EPOCH, base: 0 }, { epoch: NEXT, base: 3 }];
  const at = (seq: number) => ({ epoch: seq === 0 ? 0 : seq > 3 ? NEXT : EPOCH, seq });
  return joined(after, head, { position: at(head), after: at(after), n, state: { ...joined(0, 0).state, epochs }, ...more });
};

/** A room read to (EPOCH, 5), the fourth entry a rename and the fifth the first of a topic, all of it seen. */
async function readTo5() {
  const { later, now } = new World();
  const marks = new SeenMarks("me", new MemoryStorage());
  const served: { topics: TopicSummary[]; position: number; join: (() => Joined)[] } = { topics: [], position: 0, join: [] };
  const view = new RoomView("cardiology", {
    later, now, random: () => 0, seenAtMost: (n) => marks.atMost("cardiology", n),
    ask: async (op) => {
      if (op === "topics") return structuredClone({ topics: served.topics, position: { epoch: NEXT, seq: served.position } });
      const join = op === "join" && served.join.shift();
      if (!join) throw new Error(`nobody answers ${op}`);
      return join();
    },
  });
  const serve = (position: number, ...topics: TopicSummary[]) => Object.assign(served, { position, topics });
  serve(5, { topic: "a", name: "Lost name", messages: 3, first: 1, last: 3 }, { topic: "lost", name: "Lost topic", messages: 1, first: 5, last: 5 });
  view.joined(joined(0, 5, { n: 4 }));
  await settle();
  for (const seq of [1, 2, 3]) view.entry(posted(seq, "a"));
  view.entry(renamed(4, "a", "Lost name"));
  view.entry(posted(5, "lost", { n: 4, by: { id: "lost" }, w: { card: { name: "Lost author" }, topic: "Lost topic", body: "Lost" } }));
  marks.set("cardiology", view.log.n);
  assert.deepEqual([view.topics.size, view.topics.get("a")?.name, view.names.has("lost"), marks.get("cardiology")], [2, "Lost name", true, 4]);
  return { view, marks, served, serve };
}

/** What comes in the place of the two that were lost. */
const place: Entry[] = [
  posted(4, "b", { epoch: NEXT, n: 4 }),
  renamed(5, "a", "New name", { epoch: NEXT }),
];

const A: TopicSummary = { topic: "a", name: "Topic a", messages: 3, first: 1, last: 3 };
type Again = Awaited<ReturnType<typeof readTo5>>;
const ways: Record<string, (room: Again) => Promise<unknown> | void> = {
  "a resumed hello answers": ({ view }) => view.joined(answered(3, 3, 3, { recovered: false })),
  "a join answers": ({ view, served }) => {
    served.join.push(() => answered(3, 3, 3, { recovered: false }));
    return view.join();
  },
  "a resumed hello refuses the position": async ({ view, served }) => {
    view.resumeFailed(GONE);
    served.join.push(() => answered(0, 3, 3));
    await view.join();
    for (const seq of [1, 2, 3]) view.entry(posted(seq, "a"));
  },
  "a join refuses the position": async ({ view, served }) => {
    served.join.push(() => { throw GONE; }, () => answered(0, 3, 3));
    await view.join();
    for (const seq of [1, 2, 3]) view.entry(posted(seq, "a"));
  },
};
for (const [way, again] of Object.entries(ways)) {
  test(`what an epoch lost is forgotten with all that rests on it, and what took its place counts: ${way}`, async () => {
    const room = await readTo5();
    const { view, marks, serve } = room;
    serve(3, A);
    await again(room);
    await settle();
    assert.deepEqual(view.topics.list().map(({ topic, name }) => [topic, name]), [["a", "Topic a"]]);
    assert.equal(view.names.has("lost"), false);
    assert.equal(view.liveFrom, 3, "what comes now is news");
    for (const entry of place) view.entry(entry);
    assert.deepEqual(view.topics.list().map(({ topic, name, messages }) => [topic, name, messages]), [["b", "Topic b", 1], ["a", "New name", 3]]);
    assert.deepEqual([view.log.cursor, view.log.message(5), view.log.n], [{ epoch: NEXT, seq: 5 }, undefined, 4]);
    const seen = marks.get("cardiology") ?? -1;
    assert.ok(seen < 4, `the new one counts as read: ${seen}`);
    if (view.log.reach.low > 3) assert.equal(seen, 3, "what both lines share stays read");
  });
}

test("what took its place counts also where it was written before the page came back", async () => {
  const { view, marks, serve } = await readTo5();
  serve(5, { ...A, name: "New name" }, { topic: "b", name: "Topic b", messages: 1, first: 4, last: 4 });
  view.joined(answered(3, 5, 4, { recovered: false }));
  await settle();
  for (const entry of place) view.entry(entry);
  assert.deepEqual(view.topics.list().map(({ topic, name, messages }) => [topic, name, messages]), [["b", "Topic b", 1], ["a", "New name", 3]]);
  assert.equal(marks.get("cardiology"), 3);
  assert.equal(view.liveFrom, 5, "a replay is no news");
});

test("a page that was asked for on the lost line is dropped when it comes, and a removal there is taken back", async () => {
  const { view, serve } = await readTo5();
  view.entry(redacted(6, 3));
  assert.equal(view.log.message(3)?.erased, true);
  const page = view.loadTopics(); // answers with what was lost
  serve(3, A);
  view.joined(answered(2, 3, 3, { recovered: false }));
  await page;
  await settle();
  view.entry(posted(3, "a", { epoch: NEXT }));
  assert.deepEqual(view.topics.list().map(({ topic }) => topic), ["a"]);
  assert.deepEqual([view.log.message(3)?.body, view.log.removals.size, view.log.reach], ["Body 3", 0, { low: 3, more: true }]);
});

test("on one line nothing is forgotten by a reconnect", async () => {
  const { view, marks } = await readTo5();
  view.joined(joined(5, 6, { n: 5 }));
  await settle();
  assert.deepEqual([view.topics.size, view.names.has("lost"), marks.get("cardiology"), view.log.rows(undefined).length], [2, true, 4, 4]);
  view.entry(posted(6, "lost", { n: 5 }));
  assert.equal(marks.get("cardiology"), 4);
});

test("an entry at a number that is held, of a later epoch, has the room joined again", async () => {
  const { view, served } = await readTo5();
  const answers = [() => answered(3, 4, 4, { recovered: false })];
  served.join.push(...answers);
  view.entry(posted(4, "b", { epoch: NEXT, n: 4 }));
  view.entry(posted(5, "b", { epoch: NEXT, n: 5 }));
  await settle();
  assert.deepEqual([served.join.length, view.status.value.kind, view.log.cursor], [0, "ready", { epoch: EPOCH, seq: 3 }]);
  view.entry(posted(4, "b", { epoch: NEXT, n: 4 }));
  assert.deepEqual(view.log.cursor, { epoch: NEXT, seq: 4 });
});

test("a topic's name goes with the words that gave it, until the server tells another", async () => {
  const { view, serve } = await readTo5();
  serve(6, { topic: "a", name: "Topic a", messages: 3, first: 1, last: 3 }, { topic: "lost", messages: 1, first: 5, last: 5 });
  view.entry(redacted(6, 5));
  assert.equal(view.topics.get("lost")?.name, undefined);
  await settle();
  assert.deepEqual([view.topics.get("lost")?.name, view.topics.get("a")?.name, view.topics.complete], [undefined, "Topic a", true]);
});

test("nobody is shown of a room that was lost", () => {
  const view = read(FORBIDDEN);
  view.here.roster.begin({ rev: 3, online: 1, people: [{ id: "a", card: { name: "A" } }] } as never);
  view.here.isTyping("a", undefined, undefined);
  view.removed();
  assert.deepEqual([view.here.roster.online, view.here.roster.list(), view.here.typing.value], [0, [], []]);
});
