// Drives the page of a running server in a real browser.
//
//   node run.mjs --url http://127.0.0.1:7420 --token T [--moderator-token M] --out DIR
//               [--room SLUG] [--chromium PATH]
//
// Needs a room with messages in it. With --moderator-token (role moderator) the removal of words is
// tried as well. Screenshots go to --out. The last line is "N passed, N failed".

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open, until } from "./browser.mjs";
import { accessible } from "./accessible.mjs";
import { Cuttable } from "./cuttable.mjs";
import { people } from "./people.mjs";
import { responses } from "./responses.mjs";
import { roles } from "./roles.mjs";
import { states } from "./states.mjs";
import { holding, openRoom, pill, rooms, rows, seqs, settledOnce, signIn, write } from "./page.mjs";

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const url = option("--url");
const token = option("--token");
const moderatorToken = option("--moderator-token");
const out = option("--out") ?? "out";
if (!url || !token) {
  console.error("usage: node run.mjs --url http://HOST:PORT --token TOKEN [--moderator-token TOKEN] --out DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });

const run = Date.now().toString(36);
const topic = `Browser test ${run}`;
const said = (what) => `${what} ${run}`;
let passed = 0;
let failed = 0;
const complaints = [];
const expect = (holds, why) => {
  if (!holds) throw new Error(why);
};
async function check(name, attempt) {
  try {
    await attempt();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${String(error.message ?? error).split("\n").slice(0, 6).join("\n        ")}`);
  }
}
const shoot = (page, name) => page.screenshot({ path: join(out, `${name}.png`) });

const browser = await launch(option("--chromium"));
const first = await open(browser, complaints);
let slug = option("--room");

await check("the page comes with a strict policy and asks for a token", async () => {
  const response = await first.goto(url);
  const policy = response.headers()["content-security-policy"] ?? "";
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'"]) {
    expect(policy.includes(part), `the policy lacks ${part}: ${policy}`);
  }
  expect(!policy.includes("unsafe"), `the policy allows something unsafe: ${policy}`);
  await first.getByRole("heading", { name: "Wardroom" }).waitFor();
  await shoot(first, "sign-in-light");
  await accessible(first);
});

await check("a token that the server refuses is answered in words", async () => {
  await signIn(first, url, "bad.bad.bad");
  await first.locator("#token-problem", { hasText: "does not accept" }).waitFor();
  expect(await first.getByLabel("Access token").evaluate((field) => field === document.activeElement), "focus is not on the field");
  await shoot(first, "sign-in-wrong");
});

await check("signing in shows the rooms, and the token is in no address", async () => {
  await signIn(first, url, token);
  await rooms(first).first().waitFor();
  await pill(first).and(first.locator('[data-state="live"]')).waitFor();
  const address = await first.evaluate(() => location.href + document.referrer + JSON.stringify({ ...localStorage }));
  expect(!address.includes(token), "the token is in the address or in local storage");
});

await check("a room opens with its messages and topics", async () => {
  // The fullest room shows most.
  slug ??= await rooms(first).evaluateAll((found) => {
    const size = (row) => Number((row.querySelector(".tally")?.textContent ?? "0").replace(/\D/g, ""));
    return found.sort((a, b) => size(b) - size(a))[0].dataset.room;
  });
  await openRoom(first, slug);
  await rows(first).first().waitFor();
  await first.locator(".topic[data-topic]").first().waitFor();
  const shown = await seqs(first);
  expect(shown.every((seq, at) => at === 0 || seq > shown[at - 1]), "the log is out of order");
});

await check("the log opens at its newest message", async () => {
  await until("the end is in sight", () =>
    first.locator(".log-scroll").evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop < 4));
});

await check("a message is echoed at once and settles exactly once", async () => {
  await write(first, topic, said("First words"));
  await holding(first, said("First words")).first().waitFor();
  await settledOnce(first, said("First words"));
  expect((await first.locator("#composer").inputValue()) === "", "the box was not emptied");
});

const second = await open(browser, complaints, { dark: true });
await check("what one page writes another sees live, once", async () => {
  await signIn(second, url, token);
  await openRoom(second, slug);
  await rows(second).first().waitFor();
  await write(second, topic, said("Hello from the second page"));
  await settledOnce(second, said("Hello from the second page"));
  await settledOnce(first, said("Hello from the second page"));
});

await check("both pages hold the same order", async () => {
  const [a, b] = await Promise.all([first, second].map((page) =>
    page.locator(".rows .row[data-seq]", { hasText: run }).evaluateAll((found) => found.map((row) => `${row.dataset.seq} ${row.dataset.mid}`))));
  expect(a.length >= 2 && a.join() === b.join(), `${a.join()} is not ${b.join()}`);
});

await check("text is only text", async () => {
  const nasty = said("<img src=x onerror=alert(1)> <b>bold</b> & &amp;");
  await write(first, topic, nasty);
  await settledOnce(first, nasty);
  expect((await first.locator(".rows .body img, .rows .body b").count()) === 0, "markup came alive");
});

await check("a new line is kept, and Shift+Enter does not send", async () => {
  await first.locator("#composer").fill(said("Line one"));
  await first.locator("#composer").press("Shift+Enter");
  await first.locator("#composer").pressSequentially("line two");
  await first.locator("#composer").press("Enter");
  await settledOnce(first, `${said("Line one")}\nline two`);
});

await check("a reply names what it answers", async () => {
  const target = holding(second, said("First words"));
  await target.hover();
  await target.getByRole("button", { name: "Reply" }).click();
  await second.locator("#composer").fill(said("My reply"));
  await second.locator("#composer").press("Enter");
  await settledOnce(second, said("My reply"));
  await holding(first, said("My reply")).locator(".reply-ref", { hasText: said("First words") }).waitFor();
});

await check("a reply leads back to what it answers", async () => {
  await holding(first, said("My reply")).locator(".reply-ref").click();
  await until("the focus is on what was answered", () =>
    first.evaluate((text) => document.activeElement?.querySelector(".body")?.textContent === text, said("First words")));
});

await check("choosing a topic shows its messages only, and the way back works", async () => {
  await first.locator(".topic[data-topic]", { hasText: topic }).click();
  await until("only that topic is shown", async () => {
    const shown = await rows(first).allTextContents();
    return shown.length >= 4 && shown.every((text) => text.includes(run) || text.includes("line two"));
  });
  await shoot(first, "room-topic");
  await first.goBack();
  await first.locator(".filtered").waitFor({ state: "detached" });
});

await check("scrolling up brings earlier messages without a jump", async () => {
  const before = await seqs(first);
  if (before[0] <= 3) return; // a room this small has no earlier ones
  const box = first.locator(".log-scroll");
  await box.evaluate((element) => {
    element.scrollTop = 0;
    // A press right behind it, before the scroll has had its own event, must not undo it.
    element.querySelector("[data-seq]").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
  });
  await until("an earlier message is there", async () => (await seqs(first))[0] < before[0]);
  const after = await seqs(first);
  expect(after.every((seq, at) => at === 0 || seq > after[at - 1]), "the log is out of order");
  await first.locator(".to-end").click();
  await settledOnce(first, said("My reply"));
});

await check("a reload stays signed in and shows everything once", async () => {
  await second.reload();
  await settledOnce(second, said("First words"));
  await settledOnce(second, said("My reply"));
});

await check("what is written while the connection is gone is sent once when it is back", async () => {
  const page = await open(browser, complaints);
  const line = await Cuttable.on(page);
  await signIn(page, url, token);
  await openRoom(page, slug);
  await settledOnce(page, said("My reply"));
  line.cut();
  await page.locator('.pill-text:visible:not([data-state="live"])').waitFor();
  await write(page, topic, said("Written in a tunnel"));
  await page.locator('.outgoing[data-send="queued"]').waitFor();
  await shoot(page, "room-reconnecting");
  await page.reload(); // what waits outlives the page
  line.mend();
  await settledOnce(page, said("Written in a tunnel"));
  await settledOnce(first, said("Written in a tunnel"));
  await page.context().close();
});

await check("an answer that is lost on the way doubles nothing", async () => {
  const page = await open(browser, complaints);
  const line = await Cuttable.on(page);
  await signIn(page, url, token);
  await openRoom(page, slug);
  await settledOnce(page, said("My reply"));
  line.cutAfterNext("message.post"); // the server gets it; the page never hears
  await write(page, topic, said("Lost answer"));
  await settledOnce(first, said("Lost answer"));
  line.mend();
  await settledOnce(page, said("Lost answer"));
  await page.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith("wardroom.outbox.")));
  expect((await holding(first, said("Lost answer")).count()) === 1, "the message was doubled");
  expect(line.sent("message.post") >= 2, "the page did not send again");
  await page.context().close();
});

await check("entries that are lost leave a divider that says so", async () => {
  const page = await open(browser, complaints);
  const line = await Cuttable.on(page);
  await signIn(page, url, token);
  await openRoom(page, slug);
  await settledOnce(page, said("Lost answer"));
  const head = Math.max(...(await seqs(page)));
  // Only a damaged server says this, so the line says it in its name.
  line.inject({ op: "gap", d: { room: slug, from: head + 1, to: head + 3, reason: "lost", last: { epoch: 1, seq: head } } });
  await page.locator(".gap", { hasText: "are lost" }).waitFor();
  await shoot(page, "room-gap");
  await page.context().close();
});

const enter = (options) => open(browser, complaints, options);
await states({ check, expect, shoot, enter, url, slug, token, other: moderatorToken, topic, said });

if (moderatorToken) {
  await responses({ check, expect, shoot, enter, url, slug, token, moderator: moderatorToken, topic, said });
  await roles({ check, enter, url, slug, token, moderator: moderatorToken, topic, run, said });
  await people({ check, expect, shoot, enter, first, second, url, slug, other: moderatorToken, topic });
  await check("a moderator removes words, and they are gone for everybody", async () => {
    const page = await open(browser, complaints);
    await signIn(page, url, moderatorToken);
    await openRoom(page, slug);
    const target = holding(page, said("Hello from the second page"));
    await target.hover();
    await target.getByRole("button", { name: "Remove words" }).click();
    await page.getByLabel("Why?").fill("Synthetic reason: could point to a person");
    await page.getByRole("button", { name: "Remove words", exact: true }).click();
    for (const reader of [page, first]) {
      await reader.locator(".erased", { hasText: "Words removed by a moderator" }).first().waitFor();
      await until("the words are gone", async () => (await holding(reader, said("Hello from the second page")).count()) === 0);
    }
    await shoot(page, "room-moderator");
    await page.context().close();
  });
}

await check("anybody can report a message", async () => {
  const target = holding(first, said("First words"));
  await target.first().hover();
  await target.first().getByRole("button", { name: "Report" }).click();
  await first.getByLabel("What is wrong with it?").fill("Synthetic report");
  await shoot(first, "room-report");
  await first.getByRole("button", { name: "Send report" }).click();
  await first.locator("form.reason").waitFor({ state: "detached" });
});

await check("the room is accessible, light and dark", async () => {
  await first.locator("#room-title").hover();
  await shoot(first, "room-light");
  await shoot(second, "room-dark");
  await accessible(first);
  await accessible(second);
});

await check("on a tablet topics wait in a drawer, and leave the focus where it was", async () => {
  await first.setViewportSize({ width: 1024, height: 768 });
  await shoot(first, "tablet-room");
  const toggle = first.locator(".only-drawer-toggle");
  await toggle.click();
  await first.locator(".with-drawer .topics .topic").first().waitFor();
  await shoot(first, "tablet-topics");
  await accessible(first);
  await first.keyboard.press("Escape");
  await first.locator(".with-drawer").waitFor({ state: "detached" });
  expect(await toggle.evaluate((button) => button === document.activeElement), "the focus was lost");
  await first.setViewportSize({ width: 1440, height: 900 });
});

await check("at 400 % zoom nothing is cut off sideways", async () => {
  await first.setViewportSize({ width: 360, height: 640 });
  const wide = await first.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await shoot(first, "zoomed");
  await first.setViewportSize({ width: 1440, height: 900 });
  expect(wide <= 0, `the page is ${wide} px too wide`);
});

await check("the keyboard alone reaches messages and the message box", async () => {
  await second.locator("body").press("Tab");
  await second.keyboard.press("Enter"); // the first skip link
  expect(await second.evaluate(() => document.activeElement?.id === "messages"), "the skip link leads nowhere");
  await second.keyboard.press("Tab");
  const where = () => second.evaluate(() => Number(document.activeElement?.closest("[data-seq]")?.dataset.seq ?? -1));
  const last = await where();
  await second.keyboard.press("ArrowUp");
  const above = await where();
  expect(last > 0 && above > 0 && above < last, `from ${last} the arrow key led to ${above}`);
});

await check("on a phone one column shows rooms, then the room", async () => {
  const page = await open(browser, complaints, { mobile: true });
  await signIn(page, url, token);
  await rooms(page).first().waitFor();
  await shoot(page, "mobile-rooms");
  await openRoom(page, slug);
  await settledOnce(page, said("My reply"));
  await shoot(page, "mobile-room");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide <= 0, `the page is ${wide} px too wide`);
  await accessible(page);
  await page.locator(".only-drawer-toggle").click();
  await page.locator(".with-drawer .topics .topic").first().waitFor();
  await shoot(page, "mobile-topics");
  await page.context().close();
});

await check("a reply leads back even to what this page has not read yet", async () => {
  await write(first, `${topic} far`, said("Asked long ago"));
  await settledOnce(second, said("Asked long ago"));
  await holding(second, said("Asked long ago")).hover();
  await holding(second, said("Asked long ago")).getByRole("button", { name: "Reply" }).click();
  for (let n = 1; n <= 70; n++) await write(first, `${topic} filler`, said(`Filler ${n} of`));
  await settledOnce(first, said("Filler 70 of"));
  await second.locator("#composer").fill(said("Answered at last"));
  await second.locator("#composer").press("Enter");
  await settledOnce(second, said("Answered at last"));
  const page = await open(browser, complaints);
  await signIn(page, url, token);
  await openRoom(page, slug);
  await settledOnce(page, said("Answered at last"));
  await holding(page, said("Answered at last")).locator(".reply-ref").click();
  await until("the focus is on what was answered", () =>
    page.evaluate((text) => document.activeElement?.querySelector(".body")?.textContent === text, said("Asked long ago")));
  await page.context().close();
});

await check("signing out forgets the token", async () => {
  await second.getByRole("button", { name: "Sign out" }).click();
  await second.getByLabel("Access token").waitFor();
  await shoot(second, "sign-in-dark");
  const left = await second.evaluate(() => JSON.stringify({ ...sessionStorage }));
  expect(!left.includes(token), "the token is still there");
  expect((await rows(second).count()) === 0, "messages are still on the page");
});

await check("no page complained", async () => {
  expect(complaints.length === 0, complaints.join("\n"));
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
