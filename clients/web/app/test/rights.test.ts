import assert from "node:assert/strict";
import { test } from "node:test";
import { rightsIn } from "../src/store/rights.ts";
import type { Rights } from "../src/store/rights.ts";
import { RoomLog } from "../src/store/room-log.ts";
import type { Entry, Principal, RoomClass, RoomRole } from "../src/wire/types.ts";
import { EPOCH, joined, mid, page, posted } from "./world.ts";

const ana = (...roles: string[]): Principal => ({ id: "ana", card: { name: "Ana" }, roles });
/** A join's answer: `role` is left out for who is no member, as the server does. */
const told = (after: number, head: number, role?: RoomRole, cls: RoomClass = "discussion") =>
  joined(after, head, { state: { ...joined(0, 0).state, class: cls, ...(role === undefined ? {} : { role }) } });
const log = (role?: RoomRole, cls?: RoomClass) => {
  const made = new RoomLog();
  made.joined(told(4, 4, role, cls));
  return made;
};

const report: Rights = { report: true, pin: false, moderate: false };
const order: Rights = { report: true, pin: true, moderate: true };
const pin: Rights = { report: false, pin: true, moderate: false };
const nothing: Rights = { report: false, pin: false, moderate: false };

// Who, in which class of room, as what there, with which roles of the token; the lines of src/domain/access.rs.
const table: [string, RoomClass, RoomRole | undefined, string[], Rights][] = [
  ["an owner", "discussion", "owner", [], order],
  ["a moderator", "discussion", "moderator", [], order],
  ["a member", "discussion", "member", [], report],
  ["a guest", "discussion", undefined, [], report],
  ["a token's moderator who is a guest", "discussion", undefined, ["moderator"], order],
  ["a token's moderator who is a member", "discussion", "member", ["moderator"], order],
  ["a guest with another role", "discussion", undefined, ["import"], report],
  ["an owner", "direct", "owner", [], pin],
  ["a member", "direct", "member", [], pin],
  ["a token's moderator who is a member", "direct", "member", ["moderator"], pin],
  ["a token's moderator who is a stranger", "direct", undefined, ["moderator"], nothing],
  ["an owner", "case", "owner", ["moderator"], nothing],
  ["an owner", "mixed", "owner", ["moderator"], nothing],
];
for (const [who, cls, role, roles, expected] of table) {
  test(`what the page offers in a ${cls} room: ${who}`, () => {
    assert.deepEqual(rightsIn(log(role, cls), ana(...roles)), expected);
  });
}

test("nothing is offered to nobody, nor before a room has answered", () => {
  assert.deepEqual(rightsIn(log("owner"), undefined), nothing);
  assert.deepEqual(rightsIn(new RoomLog(), ana("moderator")), nothing);
});

const member = (seq: number, op: string, person: string, role?: RoomRole): Entry => ({
  room: "cardiology", epoch: EPOCH, seq, at: seq * 1_000, by: { id: "own" }, op: `member.${op}`, mid: mid(seq),
  d: { person, ...(role === undefined ? {} : { role }) }, w: { card: { name: "Owner" } },
});
const may = (made: RoomLog) => rightsIn(made, ana()).moderate;

for (const op of ["role_set", "invited", "admitted"]) {
  test(`a role that is given while the room is open counts from then on: ${op}`, () => {
    const made = log();
    made.apply(member(5, op, "ana", "moderator"));
    assert.deepEqual([made.roles.of("ana"), may(made)], ["moderator", true]);
    made.apply(member(6, op, "ana", "member"));
    assert.deepEqual([made.roles.of("ana"), may(made)], ["member", false]);
  });
}

for (const op of ["left", "removed"]) {
  test(`who belongs to an open room no more is a guest there: ${op}`, () => {
    const made = log("owner");
    made.apply(member(5, op, "ana"));
    assert.deepEqual([made.roles.of("ana"), rightsIn(made, ana())], [undefined, report]);
  });
}

test("what others become changes nothing for oneself", () => {
  const made = log("moderator");
  made.apply(member(5, "role_set", "bea", "member"));
  made.apply(member(6, "left", "cem"));
  assert.equal(may(made), true);
  const guest = log();
  guest.apply(member(5, "invited", "bea", "owner"));
  assert.equal(may(guest), false);
});

test("a replay takes nothing back from the state that was told of its end", () => {
  const made = new RoomLog();
  made.joined(told(2, 4, "moderator"));
  made.apply(member(3, "role_set", "ana", "member"));
  assert.equal(may(made), true, "the fourth entry, not here yet, is in the state");
  made.apply(posted(4));
  made.apply(member(5, "role_set", "ana", "member"));
  assert.equal(may(made), false);
});

test("roles count in the order of the log, however they come", () => {
  const made = log();
  made.apply(member(6, "role_set", "ana", "moderator"));
  assert.equal(may(made), false, "its turn has not come");
  made.filled(page([member(5, "role_set", "ana", "owner")], 5, 5, false));
  assert.deepEqual([made.cursor.seq, made.roles.of("ana")], [6, "moderator"]);
  const older = log("member");
  older.older(page([member(3, "role_set", "ana", "owner")], 3, 4, true));
  assert.equal(may(older), false, "an earlier page tells what was");
});

test("a new join tells the role anew", () => {
  const made = log("moderator");
  made.apply(member(5, "role_set", "ana", "owner"));
  made.joined(told(5, 6));
  assert.equal(may(made), false);
});
