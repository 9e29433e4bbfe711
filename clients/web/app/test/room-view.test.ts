import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomView } from "../src/store/room-view.ts";
import { Failure } from "../src/wire/failure.ts";
import { World, joined, posted, settle } from "./world.ts";

const FORBIDDEN = new Failure({ code: "forbidden", number: 203, message: "" });
const UNKNOWN = new Failure({ code: "unknown_room", number: 202, message: "" });
const OVERLOADED = new Failure({ code: "overloaded", number: 101, message: "" });

/** A room that was read to its fourth entry, the second of them pinned. Each further question is refused. */
function read(refusal: Failure): RoomView {
  const { later, now } = new World();
  const view = new RoomView("cardiology", { later, now, random: () => 0, ask: () => Promise.reject(refusal) });
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
