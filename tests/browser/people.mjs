// Who is in a room and who is writing there, seen from a page of its own.

import { accessible } from "./accessible.mjs";
import { until } from "./browser.mjs";
import { openRoom, rows, signIn } from "./page.mjs";

/**
 * `first` and `second` are pages of one person in the room `slug`; `enter` opens a page, `other` is the
 * token of another person, `topic` one that both pages know.
 */
export async function people({ check, expect, shoot, enter, first, second, url, slug, other, topic }) {
  const toggle = first.locator(".people-toggle");
  const here = (page) => page.locator(".people-toggle span[aria-hidden]").textContent();
  const names = () => first.locator(".people-panel .person-name").allTextContents();

  await check("one person with two pages is here once", async () => {
    await until("one is here", async () => (await here(first)) === "1" && (await here(second)) === "1");
  });

  const page = await enter();
  await signIn(page, url, other);
  await openRoom(page, slug);
  await rows(page).first().waitFor();

  await check("who comes is counted and named, in the room and beside its name", async () => {
    await until("two are here", async () => (await here(first)) === "2");
    expect((await first.locator(`a.room[data-room="${slug}"] .online [aria-hidden]`).textContent()) === "2", "the list of rooms has another number");
    await toggle.click();
    await until("both are named", async () => (await names()).join() === "Dr Ann Example,Dr Mo Example");
    expect((await first.locator(".people-panel li", { hasText: "Ann" }).locator(".chip").textContent()) === "You", "the list does not say who you are");
    expect(await first.locator("#people").evaluate((panel) => panel === document.activeElement), "the focus is not in the list");
    await shoot(first, "room-people");
    await accessible(first);
    await second.locator(".people-toggle").click();
    await shoot(second, "room-people-dark");
    await accessible(second);
    await second.locator("#composer").click();
    await second.locator(".people-panel").waitFor({ state: "detached" });
    await second.reload(); // whoever comes next finds the focus where a page begins
    await rows(second).first().waitFor();
    await first.keyboard.press("Escape");
    await first.locator(".people-panel").waitFor({ state: "detached" });
    expect(await toggle.evaluate((button) => button === document.activeElement), "the focus was lost");
  });

  await check("who is writing is shown while they write, and where", async () => {
    await page.locator("#topic").fill(topic);
    await page.locator("#composer").pressSequentially("Synthetic draft");
    await first.locator(".typing", { hasText: `Dr Mo Example is writing in ${topic}` }).waitFor();
    await shoot(first, "room-typing");
    await until("it is forgotten", async () => (await first.locator(".typing").textContent()) === "");
  });

  await check("who goes is missed once the grace is over", async () => {
    await page.context().close();
    await until("one is here", async () => (await here(first)) === "1");
  });
}
