// What the page offers somebody follows from what they are in the room and what kind of room it is, and changes
// with that while the room is open. In the end they are what they were.

import { randomUUID } from "node:crypto";
import { until } from "./browser.mjs";
import { holding, openRoom, rows, settledOnce, signIn, write } from "./page.mjs";

/** Says hello and these commands on a socket of its own, each after the other's answer. Answers who says it. */
function command(page, token, ...commands) {
  return page.evaluate(async ({ token, commands }) => {
    const socket = new WebSocket(new URL("/v1/socket", location.href.replace(/^http/, "ws")), "wardroom.v1");
    await new Promise((opened, failed) => Object.assign(socket, { onopen: opened, onerror: failed }));
    const answers = [];
    for (const [at, [op, d]] of [["hello", { token }], ...commands].entries()) {
      const answer = new Promise((resolve) => {
        socket.onmessage = ({ data }) => JSON.parse(data).id === at + 1 && resolve(JSON.parse(data));
      });
      socket.send(JSON.stringify({ id: at + 1, op, d }));
      const { ok, error } = await answer;
      if (error) throw new Error(`${op}: ${JSON.stringify(error)}`);
      answers.push(ok);
    }
    socket.close();
    return answers[0].principal.id;
  }, { token, commands });
}

/** A UUID of version 7. */
function mid() {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** `token` is of somebody who is no member of the room `slug`, `moderator` a moderator's; `topic` is one of that room. */
export async function roles({ check, enter, url, slug, token, moderator, topic, run, said }) {
  const page = await enter();
  await signIn(page, url, token);
  await openRoom(page, slug);
  await rows(page).first().waitFor();
  const person = await command(page, token);
  const chair = (op, body) => command(page, moderator, [op, { room: slug, mid: mid(), person, ...body }]);

  const row = (text) => holding(page, said(text), ".rows .row[data-seq]").first();
  const offered = (what, text, ...expected) => until(`${what} is offered ${expected.join(", ")}`, async () =>
    (await row(text).locator(".tools .tool").allTextContents()).map((tool) => tool.trim()).join() === expected.join());
  async function act(text, button) {
    await row(text).hover();
    await row(text).getByRole("button", { name: button, exact: true }).click();
  }
  const reader = ["Reply", "React", "Report…"];
  const keeper = ["Reply", "React", "Pin", "Report…", "Remove words…"];

  await check("who becomes a moderator of the room keeps order in it, for as long as they are one", async () => {
    await write(page, topic, said("Whose order"));
    await settledOnce(page, said("Whose order"));
    await offered("a guest", "Whose order", ...reader);
    await chair("member.invite", { role: "moderator" });
    await offered("a moderator", "Whose order", ...keeper);
    await act("Whose order", "Pin");
    await act("Whose order", "Unpin");
    await page.reload();
    await offered("a moderator who comes back", "Whose order", ...keeper);
    await chair("member.role", { role: "member" });
    await offered("a member", "Whose order", ...reader);
    await chair("member.role", { role: "owner" });
    await offered("an owner", "Whose order", ...keeper);
    await act("Whose order", "Remove words…");
    await page.getByLabel("Why?").fill("Synthetic reason");
    await page.getByRole("button", { name: "Remove words", exact: true }).click();
    await until("the words are gone", async () => (await row("Whose order").count()) === 0);
    await write(page, topic, said("Guests again"));
    await chair("member.remove", {});
    await offered("a guest again", "Guests again", ...reader);
  });

  await check("in a direct room everybody may pin, and there is nobody to report to", async () => {
    const direct = `direct-${run}`;
    await command(page, moderator, ["room.create", { room: direct, mid: mid(), title: said("Between two"), class: "direct", with: [person] }]);
    for (const who of [token, moderator]) {
      const theirs = await enter();
      await signIn(theirs, url, who);
      await openRoom(theirs, direct);
      const text = said(who === token ? "Between us" : "Between us, too");
      await write(theirs, topic, text);
      await settledOnce(theirs, text);
      const mine = holding(theirs, text, ".rows .row[data-seq]").first();
      const tools = (await mine.locator(".tools .tool").allTextContents()).map((tool) => tool.trim()).join();
      if (tools !== "Reply,React,Pin") throw new Error(`offered: ${tools}`);
      await mine.hover();
      await mine.getByRole("button", { name: "Pin", exact: true }).click();
      await mine.getByRole("button", { name: "Unpin", exact: true }).click();
      await theirs.context().close();
    }
  });

  await page.context().close();
}
