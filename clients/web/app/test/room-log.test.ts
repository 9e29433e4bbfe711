import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomLog } from "../src/store/room-log.ts";
import { EPOCH, die, joined, mid, page, posted, redacted } from "./world.ts";

const seqs = (log: RoomLog, topic?: string) => log.rows(topic).map((row) => row.seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

function opened(after: number, head: number): RoomLog {
  const log = new RoomLog();
  log.joined(joined(after, head));
  for (const seq of range(after + 1, head)) assert.equal(log.apply(posted(seq)), undefined);
  return log;
}

test("the next entry is applied and an old one is dropped", () => {
  const log = opened(10, 12);
  assert.equal(log.apply(posted(12, "t", { w: { card: { name: "X" }, topic: "t", body: "changed" } })), undefined);
  assert.deepEqual(seqs(log), [11, 12]);
  assert.equal(log.message(12)?.body, "Body 12");
  assert.deepEqual(log.cursor, { epoch: EPOCH, seq: 12 });
});

test("a hole is asked for once, and what came early is kept until it is filled", () => {
  const log = opened(0, 3);
  assert.deepEqual(log.apply(posted(6)), { op: "history", after: { epoch: EPOCH, seq: 3 } });
  assert.equal(log.apply(posted(7)), undefined);
  assert.deepEqual(seqs(log), [1, 2, 3]);
  assert.equal(log.filled(page([posted(4), posted(5)], 4, 5, false)), undefined);
  assert.deepEqual(seqs(log), range(1, 7));
  assert.equal(log.cursor.seq, 7);
});

test("a hole longer than a page is asked for page by page", () => {
  const log = opened(0, 1);
  log.apply(posted(6));
  assert.deepEqual(log.filled(page([posted(2), posted(3)], 2, 3, true)), { op: "history", after: { epoch: EPOCH, seq: 3 } });
  assert.equal(log.filled(page([posted(4), posted(5)], 4, 5, true)), undefined);
  assert.deepEqual(seqs(log), range(1, 6));
});

test("after a failed question the next entry asks again", () => {
  const log = opened(0, 1);
  assert.ok(log.apply(posted(5)));
  assert.equal(log.apply(posted(6)), undefined);
  log.fillFailed();
  assert.ok(log.apply(posted(7)));
});

test("any order of arrival ends in the same log", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = die(seed);
    const log = opened(0, 1);
    const entries = range(2, 30).map((seq) => posted(seq));
    const lost = new Set<number>();
    let ask = undefined as ReturnType<RoomLog["apply"]>;
    const arrive = (entry: (typeof entries)[number]) => (ask = log.apply(entry) ?? ask);
    for (const entry of [...entries].sort(() => random() - 0.5)) {
      if (random() < 0.3) lost.add(entry.seq);
      else arrive(entry);
      if (random() < 0.2) arrive(entry);
    }
    for (let rounds = 0; ask && rounds < 40; rounds++) {
      const { after } = ask;
      const found = entries.filter((entry) => entry.seq > after.seq).slice(0, 4);
      ask = found.length === 0 ? undefined : log.filled(page(found, after.seq + 1, found.at(-1)?.seq ?? 0, (found.at(-1)?.seq ?? 30) < 30));
    }
    const held = seqs(log);
    assert.deepEqual(held, range(1, log.cursor.seq), `seed ${seed}`);
    const highest = Math.max(1, ...entries.filter(({ seq }) => !lost.has(seq)).map(({ seq }) => seq));
    assert.ok(log.cursor.seq >= highest, `seed ${seed}: stopped at ${log.cursor.seq}, ${highest} had arrived`);
  }
});

test("a resumed log goes on where it stands", () => {
  const log = opened(10, 20);
  log.joined(joined(20, 22));
  log.apply(posted(21));
  log.apply(posted(22));
  assert.deepEqual(seqs(log), range(11, 22));
  assert.deepEqual(log.gaps, []);
});

test("a log parts from an answer whose line ends below what is held, or was told of", () => {
  const log = opened(10, 20);
  const epochs = (base: number) => ({ state: { ...joined(0, 0).state, epochs: [{ epoch: EPOCH, base: 0 }, { epoch: EPOCH + 9, base }] } });
  assert.equal(log.parted(joined(20, 22)), false);
  assert.equal(log.parted(joined(20, 22, epochs(20))), false);
  assert.equal(log.parted(joined(14, 16, { recovered: false, ...epochs(14) })), true);
  const behind = new RoomLog();
  behind.joined(joined(10, 20));
  behind.apply(posted(11));
  assert.equal(behind.parted(joined(11, 25, epochs(20))), false);
  assert.equal(behind.parted(joined(11, 25, epochs(19))), true, "the twentieth was told of, and never happened");
  // Not below it, but of another epoch: this line forked off earlier.
  const forked = opened(0, 3);
  forked.apply(posted(4, "t", { epoch: EPOCH + 5 }));
  assert.equal(forked.parted(joined(4, 6, { recovered: false, ...epochs(6) })), true);
});

test("lost entries leave a divider for good, and reading goes on after them", () => {
  const log = opened(0, 3);
  log.apply(posted(8));
  log.lost({ from: 4, to: 7 });
  assert.deepEqual(log.rows(undefined).map((row) => [row.kind, row.seq]), [
    ["message", 1], ["message", 2], ["message", 3], ["gap", 4], ["message", 8],
  ]);
  log.lost({ from: 4, to: 7 });
  assert.equal(log.gaps.length, 1);
  assert.equal(log.apply(posted(9)), undefined);
});

test("a hole named by a page is a divider too", () => {
  const log = opened(0, 3);
  log.apply(posted(8));
  log.filled(page([posted(7)], 4, 7, false, { holes: [{ from: 4, to: 6 }] }));
  assert.deepEqual(seqs(log), [1, 2, 3, 4, 7, 8]);
  assert.equal(log.gaps.length, 1);
});

test("a position that the server has moved past is a gap, not silence", () => {
  const log = opened(0, 3);
  log.joined(joined(10, 12));
  assert.deepEqual(log.gaps, [{ from: 4, to: 10 }]);
});

test("removed words leave the page, whichever comes first", () => {
  const log = opened(0, 4);
  log.apply(redacted(5, 2));
  assert.equal(log.message(2)?.erased, true);
  assert.equal(log.message(2)?.body, "");
  assert.equal(log.message(2)?.card, undefined);
  assert.equal(log.removals.get(mid(2))?.reason, "Synthetic");

  const late = new RoomLog();
  late.joined(joined(4, 5));
  late.apply(redacted(5, 2));
  late.older(page([1, 2, 3, 4].map((seq) => posted(seq)), 1, 4, false));
  assert.equal(late.message(2)?.erased, true, "a page made before the removal must not bring the words back");
});

test("an entry that comes erased shows as erased", () => {
  const log = new RoomLog();
  log.joined(joined(0, 1));
  const { w: _, ...bare } = posted(1);
  log.apply({ ...bare, erased: true });
  assert.equal(log.message(1)?.erased, true);
});

test("ops that nobody knows yet move the cursor and nothing else", () => {
  const log = opened(0, 2);
  log.apply(posted(3, "t", { op: "poll.opened" }));
  log.apply(posted(4, "t", { d: { topic: "t", kind: "riddle" } }));
  assert.deepEqual(seqs(log), [1, 2, 4]);
  assert.equal(log.message(4)?.kind, "message");
  assert.equal(log.cursor.seq, 4);
});

test("earlier pages join the line without a seam", () => {
  const log = opened(50, 60);
  assert.deepEqual(log.reach, { low: 51, more: true });
  assert.deepEqual(log.before(undefined), { epoch: EPOCH, seq: 51 });
  log.older(page(range(31, 50).map((seq) => posted(seq)), 31, 50, true));
  assert.deepEqual(log.reach, { low: 31, more: true });
  log.older(page(range(1, 30).map((seq) => posted(seq)), 1, 30, false));
  assert.deepEqual(seqs(log), range(1, 60));
  assert.equal(log.reach.more, false);
});

test("a topic reaches further back than the line, and neither shows the other's rows", () => {
  const log = new RoomLog();
  log.joined(joined(50, 54));
  for (const seq of range(51, 54)) log.apply(posted(seq, seq % 2 ? "odd" : "even"));
  assert.deepEqual(seqs(log, "odd"), [51, 53], "before its own page a topic shows what the line holds");
  log.older(page([posted(7, "odd"), posted(51, "odd"), posted(53, "odd")], 7, 54, true), "odd");
  assert.deepEqual(seqs(log, "odd"), [7, 51, 53]);
  assert.deepEqual(seqs(log), range(51, 54), "the line must not show a stretch with holes");
  assert.deepEqual(log.before("odd"), { epoch: EPOCH, seq: 7 });
  log.apply(posted(55, "odd"));
  assert.deepEqual(seqs(log, "odd"), [7, 51, 53, 55]);
  log.older(page([], 1, 55, false), "none");
  assert.deepEqual(log.reachOf("none"), { low: 1, more: false });
});

test("a topic's page that ends before the line begins is not taken for the whole", () => {
  const log = opened(50, 54);
  assert.equal(log.older(page([posted(7, "late")], 1, 40, false), "late"), false);
  assert.equal(log.reachOf("late"), undefined);
  assert.deepEqual(seqs(log, "late"), []);
  assert.equal(log.older(page([posted(7, "late"), posted(45, "late")], 1, 50, false), "late"), true);
  assert.deepEqual(seqs(log, "late"), [7, 45]);
});

test("an open page does not grow for ever", () => {
  const log = opened(0, 100);
  log.trim(60);
  assert.equal(seqs(log).length, 100);
  log.trim(40);
  assert.deepEqual(seqs(log), range(61, 100));
  assert.deepEqual(log.reach, { low: 61, more: true });
  assert.equal(log.seqOf(mid(3)), undefined);
});

const about = (op: string, seq: number, of: number, w: Record<string, unknown> = { card: { name: "X" } }) => ({
  ...redacted(seq, of), op, w,
});

test("edits, retractions and hiding change what is shown, in whatever order pages come", () => {
  const better = (seq: number, body: string) => about("message.edited", seq, 2, { card: { name: "X" }, body });
  const log = opened(4, 4);
  log.apply(better(5, "first try"));
  log.apply(better(6, "second try"));
  log.older(page([posted(1), posted(2), posted(3)], 1, 3, false));
  assert.equal(log.message(2)?.body, "second try");
  assert.equal(log.message(2)?.edited, true);
  log.apply(about("message.retracted", 7, 2));
  log.apply(about("message.hidden", 8, 2));
  assert.equal(log.message(2)?.stand, "retracted");
  log.apply(about("message.hidden", 9, 3));
  assert.equal(log.message(3)?.stand, "hidden");
});

test("a redaction takes the words of edits too", () => {
  const log = opened(0, 3);
  log.apply(about("message.edited", 4, 2, { card: { name: "X" }, body: "better" }));
  log.apply({ ...redacted(5, 4), d: { of: mid(4), seq: 4, topic: "t" } });
  log.apply(redacted(6, 2));
  assert.equal(log.message(2)?.body, "");
  assert.equal(log.message(2)?.erased, true);
});

test("words are quoted elsewhere for as long as the log shows them", () => {
  const log = opened(0, 4);
  log.apply(about("message.edited", 5, 1, { card: { name: "X" }, body: "better" }));
  assert.equal(log.shown(mid(1))?.body, "better");
  assert.equal(log.shown(mid(2))?.body, "Body 2");
  log.apply(redacted(6, 2));
  log.apply(about("message.hidden", 7, 3));
  log.apply(about("message.retracted", 8, 4));
  for (const n of [2, 3, 4]) assert.equal(log.shown(mid(n)), undefined);
  assert.equal(log.shown(mid(99)), undefined, "nor is what is not held");
});
