// What readers make of a message: reactions, an answer that is accepted, what is kept in sight, a topic that is
// settled. What one does the other sees, and everything is taken back in the end.

import { accessible } from "./accessible.mjs";
import { until } from "./browser.mjs";
import { holding, openRoom, rows, settledOnce, signIn, write } from "./page.mjs";

/** `token` is anybody's, `moderator` a moderator's; `topic` is one of the room `slug`. */
export async function responses({ check, expect, shoot, enter, url, slug, token, moderator, topic, said }) {
  async function inRoom(as) {
    const page = await enter();
    await signIn(page, url, as);
    await openRoom(page, slug);
    await rows(page).first().waitFor();
    return page;
  }
  const row = (page, text) => holding(page, said(text), ".rows .row[data-seq]").first();
  async function act(page, text, button) {
    await row(page, text).hover();
    await row(page, text).getByRole("button", { name: button, exact: true }).click();
  }
  const chip = (page, text, name) => row(page, text).getByRole("button", { name });

  const anybody = await inRoom(token);
  const chair = await inRoom(moderator);

  await check("words that are removed are quoted no more, nor left with screen readers", async () => {
    const spoken = () => anybody.locator("#announcer").textContent();
    await write(chair, topic, said("Said too much"));
    await settledOnce(anybody, said("Said too much"));
    await until("it is said aloud", async () => (await spoken()).includes(said("Said too much")));
    await act(anybody, "Said too much", "Reply");
    await anybody.locator(".replying", { hasText: said("Said too much") }).waitFor();
    await act(chair, "Said too much", "Remove words…");
    await chair.getByLabel("Why?").fill("Synthetic reason");
    await chair.getByRole("button", { name: "Remove words", exact: true }).click();
    await anybody.locator(".replying").waitFor({ state: "detached" });
    await until("nothing of it is on the page", async () => !(await anybody.locator("body").textContent()).includes(said("Said too much")));
  });

  await check("what one thinks of a message the other sees, and it is taken back", async () => {
    await write(anybody, topic, said("Think of it"));
    await settledOnce(chair, said("Think of it"));
    await act(chair, "Think of it", "React");
    await chip(chair, "Think of it", "Helpful").click();
    await chip(anybody, "Think of it", /^Helpful\s*1 person$/).click();
    await chip(chair, "Think of it", /^Helpful\s*2 people$/).waitFor();
    expect((await chip(chair, "Think of it", "Helpful").getAttribute("aria-pressed")) === "true", "mine is not marked");
    await shoot(chair, "room-reactions");
    await accessible(chair);
    await chip(chair, "Think of it", /^Helpful\s*2 people$/).click();
    await chip(anybody, "Think of it", /^Helpful\s*1 person$/).click();
    await until("nothing is left", async () => (await row(chair, "Think of it").locator(".response").count()) === 0);
  });

  await check("who asked says which reply answers, and the question leads there", async () => {
    await anybody.locator("form:has(#composer) select").selectOption("question");
    await write(anybody, topic, said("Which dose"));
    await row(anybody, "Which dose").locator(".chip", { hasText: "Open question" }).waitFor();
    await settledOnce(chair, said("Which dose"));
    await act(chair, "Which dose", "Reply");
    await chair.locator("#composer").fill(said("Half of it"));
    await chair.locator("#composer").press("Enter");
    await settledOnce(anybody, said("Half of it"));
    await act(anybody, "Half of it", "Accept as answer");
    await chip(chair, "Which dose", "Answered. Go to the answer").click();
    await until("it leads there", async () => ((await chair.locator(".row.active").textContent()) ?? "").includes(said("Half of it")));
    await shoot(chair, "room-answered");
    await anybody.locator("form:has(#composer) select").selectOption("message");
  });

  await check("an announcement asks readers to take note, and one sees who did", async () => {
    const kind = chair.locator("form:has(#composer) select").first();
    await kind.selectOption("announcement");
    await chair.locator("#note").selectOption("3");
    await shoot(chair, "composer-announcement");
    await write(chair, topic, said("The ward moves"));
    expect((await kind.inputValue()) === "message", "the next message would be an announcement, too");
    await settledOnce(anybody, said("The ward moves"));
    await row(anybody, "The ward moves").getByRole("button", { name: "Take note", exact: true }).click();
    await row(chair, "The ward moves").getByText("1 person took note").waitFor();
    await shoot(chair, "room-noted");
  });

  await check("what a moderator pins stays in sight, and leads to its place", async () => {
    await act(chair, "Think of it", "Pin");
    const pins = anybody.locator("details.pins");
    await pins.locator("summary", { hasText: "pinned message" }).click();
    await pins.getByRole("button", { name: said("Think of it") }).click();
    await until("it leads there", async () => ((await anybody.locator(".row.active").textContent()) ?? "").includes(said("Think of it")));
    const moved = await anybody.evaluate(() => document.scrollingElement.scrollTop);
    expect(moved === 0, `the page itself moved by ${moved} px`);
    await shoot(anybody, "room-pinned");
    await accessible(anybody);
    await act(chair, "Think of it", "Unpin");
    await pins.waitFor({ state: "detached" });
  });

  await check("a topic that is settled says so until it is open again", async () => {
    await chair.goto(new URL(await row(chair, "Think of it").evaluate((found, slug) => {
      const topics = [...document.querySelectorAll(".topic[data-topic]")];
      return topics.find((link) => link.getAttribute("href").includes(`/r/${slug}/`)).getAttribute("href");
    }, slug), url).href);
    await chair.getByRole("button", { name: "Mark as settled" }).click();
    await chair.getByRole("button", { name: "Open it again" }).waitFor();
    await anybody.locator(".topic .chip", { hasText: "Settled" }).first().waitFor({ state: "attached" });
    await shoot(chair, "topic-settled");
    await chair.getByRole("button", { name: "Open it again" }).click();
    await anybody.locator(".topic .chip", { hasText: "Settled" }).first().waitFor({ state: "detached" });
  });

  await anybody.context().close();
  await chair.context().close();
}
