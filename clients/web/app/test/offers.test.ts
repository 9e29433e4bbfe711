// What the room's page offers to whom: drawn for real, into a document that only remembers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { h, render } from "preact";
import { Room } from "../src/views/Room.tsx";
import { PageContext } from "../src/views/context.ts";
import { t } from "../src/text/index.ts";
import type { Entry, RoomClass, RoomRole } from "../src/wire/types.ts";
import { drawing } from "./dom.ts";
import { Page } from "./page.ts";
import { GREETING } from "./socket.ts";
import { EPOCH, joined, mid, posted, settle } from "./world.ts";

const TOPIC = "a".repeat(26);
const entries: Entry[] = [
  posted(1, TOPIC, { d: { topic: TOPIC, kind: "question" } }),
  posted(2, TOPIC, { d: { topic: TOPIC, kind: "answer", reply_to: mid(1) } }),
];

/** The page of somebody with these roles of the token, in one topic of a room of this class where they are `role`. */
async function drawn(cls: RoomClass, role: RoomRole | undefined, roles: string[] = []) {
  const page = await new Page().signIn({ principal: { ...GREETING.principal, roles } });
  page.app.open("cardiology");
  page.socket.answer("join", joined(0, 2, { state: { ...joined(0, 0).state, class: cls, ...(role === undefined ? {} : { role }) } }));
  await settle();
  await page.hear(...entries);
  const view = page.app.current.value;
  assert.ok(view);
  const { body, place } = drawing();
  const value = { app: page.app, route: { room: "cardiology", topic: TOPIC }, go: () => undefined, say: () => undefined };
  render(h(PageContext.Provider, { value, children: h(Room, { view }) }), place);
  const words = (among: typeof body) => among.elements.filter((found) => found.localName === "button").map((found) => found.textContent.trim());
  return {
    page,
    /** The buttons of the answer's row, and of the head of its topic. */
    offers() {
      const row = body.elements.find((found) => found.localName === "li" && found.getAttribute("data-mid") === mid(2));
      const tools = row?.elements.find((found) => found.getAttribute("class") === "tools");
      const head = body.elements.find((found) => found.getAttribute("class") === "filtered");
      assert.ok(tools && head, "the answer and its topic are not on the page");
      return [...words(tools), ...words(head)];
    },
    /** What a message may be meant as. */
    kinds: () => body.elements.filter((found) => found.localName === "option").map((found) => found.textContent.trim()).filter((name) => KIND_NAMES.includes(name)),
    leave: () => render(null, place),
  };
}

const KIND_NAMES = Object.values(t.kinds);
for (const [role, roles, announces] of [["member", [], false], ["owner", [], true], [undefined, ["moderator"], true]] as const) {
  test(`announcements are offered to moderators: ${role ?? roles[0]}`, async () => {
    const room = await drawn("discussion", role, [...roles]);
    assert.equal(room.kinds().includes(t.kinds.announcement), announces);
    assert.ok(room.kinds().includes(t.kinds.question));
    room.leave();
  });
}

const always = ["Reply", "React"];
const reader = [...always, "Report…"];
const keeper = [...always, "Accept as answer", "Pin", "Report…", "Remove words…", "Mark as settled"];
const talker = [...always, "Pin"];
const table: [string, RoomClass, RoomRole | undefined, string[], string[]][] = [
  ["an owner", "discussion", "owner", [], keeper],
  ["a moderator", "discussion", "moderator", [], keeper],
  ["a member", "discussion", "member", [], reader],
  ["a guest", "discussion", undefined, [], reader],
  ["a token's moderator", "discussion", undefined, ["moderator"], keeper],
  ["a member", "direct", "member", [], talker],
  ["a token's moderator", "direct", "member", ["moderator"], talker],
];
for (const [who, cls, role, roles, expected] of table) {
  test(`the buttons in a ${cls} room: ${who}`, async () => {
    const { offers, leave } = await drawn(cls, role, roles);
    assert.deepEqual(offers(), expected);
    leave();
  });
}

test("a role that changes while the room is open changes what is offered there", async () => {
  const { page, offers, leave } = await drawn("discussion", undefined);
  const become = async (seq: number, op: string, role?: RoomRole) => {
    const d = { person: "ana", ...(role === undefined ? {} : { role }) };
    await page.hear({ room: "cardiology", epoch: EPOCH, seq, at: seq, by: { id: "own" }, op, mid: mid(seq), d, w: { card: { name: "Owner" } } });
    return offers();
  };
  assert.deepEqual(offers(), reader);
  assert.deepEqual(await become(3, "member.invited", "moderator"), keeper);
  assert.deepEqual(await become(4, "member.role_set", "member"), reader);
  assert.deepEqual(await become(5, "member.role_set", "owner"), keeper);
  assert.deepEqual(await become(6, "member.removed"), reader);
  leave();
});
