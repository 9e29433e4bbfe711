import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../src/store/announcer.ts";
import { hear } from "../src/store/hearing.ts";
import { Spoken } from "../src/store/spoken.ts";
import { Page } from "./page.ts";
import { joined, posted, redacted, settle } from "./world.ts";

/** A room of three messages, with a reader who heard the fourth. */
async function heard() {
  const page = await new Page().signIn();
  const spoken = new Spoken();
  const words = { message: (name: string, body: string) => `${name}: ${body}`, many: (n: number, room: string) => `${n} in ${room}` };
  hear(page.app, spoken, new Announcer(spoken.say, words, page.world.now, page.world.later), "Nobody");
  await page.open("cardiology", [1, 2, 3].map((seq) => posted(seq)));
  await page.hear(posted(4));
  const said = () => spoken.lines.map((line) => line.value).join("");
  assert.equal(said(), "Author 1: Body 4");
  return { page, spoken, said };
}
const about = (op: string, seq: number, of: number) => ({ ...redacted(seq, of), op });

for (const op of ["message.redacted", "message.hidden", "message.retracted"]) {
  test(`the words of a message leave the reader's line with it: ${op}`, async () => {
    const { page, said } = await heard();
    await page.hear(about(op, 5, 2));
    assert.equal(said(), "Author 1: Body 4", "another message's end takes nothing away");
    // Its end came first, ahead of its turn.
    await page.hear(about(op, 7, 6), posted(6));
    assert.equal(said(), "Author 1: Body 4", "what is not shown is no news");
    await page.hear(about(op, 8, 4));
    assert.equal(said(), "");
    await page.hear(posted(9), about(op, 10, 9));
    assert.equal(said(), "", "nor do they come when it goes before they were drawn");
  });
}

const ends: Record<string, (page: Page) => void> = {
  "one signs out": ({ app }) => app.signOut(),
  "the token's time is over": ({ socket }) => socket.onclose?.({ code: 4202 }),
  "the room is lost": ({ socket }) => socket.say({ op: "removed", d: { room: "cardiology", reason: "forbidden" } }),
  "another room is opened": ({ app }) => app.open("oncology"),
  "the room is closed": ({ app }) => app.open(undefined),
};
for (const [what, end] of Object.entries(ends)) {
  test(`nothing stays on the reader's line, and nothing comes late, once ${what}`, async () => {
    const { page, said } = await heard();
    await page.hear(...[5, 6, 7, 8, 9].map((seq) => posted(seq)));
    assert.notEqual(said(), "", "the rest waits to be told as a number");
    end(page);
    assert.equal(said(), "");
    await page.world.pass(6_000);
    assert.equal(said(), "");
  });
}

test("what is said of the page itself goes with whoever signs out, and stays through a reconnect", async () => {
  const { page, spoken, said } = await heard();
  spoken.say("Connection: Live");
  page.socket.onclose?.({ code: 4000 });
  await page.world.pass(0);
  await page.greet({ rooms: { cardiology: { ok: joined(4, 4) } } });
  assert.equal(said(), "Connection: Live");
  page.app.open(undefined);
  spoken.say("Connection: Live");
  page.app.signOut();
  assert.equal(said(), "", "with a room open or none");
});

test("a number of messages is told although one of them went", async () => {
  const { page, said } = await heard();
  await page.hear(...[5, 6, 7, 8, 9].map((seq) => posted(seq)), about("message.hidden", 10, 8));
  await page.world.pass(6_000);
  assert.equal(said(), "3 in cardiology");
});

test("the same sentence twice is two changes", async () => {
  const spoken = new Spoken();
  spoken.say("Queued");
  const before = spoken.lines.map((line) => line.value);
  spoken.say("Queued");
  await settle();
  assert.deepEqual(spoken.lines.map((line) => line.value), before.reverse());
});
