// What a person does on the page, in verbs.

import { until } from "./browser.mjs";

export async function signIn(page, url, token) {
  await page.goto(url);
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export const rooms = (page) => page.locator("nav.rail a.room");
export const rows = (page) => page.locator(".rows .row");
export const pill = (page) => page.locator(".pill-text:visible").first();

export async function openRoom(page, slug) {
  await page.locator(`a.room[data-room="${slug}"]`).click();
  await page.locator("#room-title").waitFor();
}

export async function write(page, topic, body) {
  await page.locator("#topic").fill(topic);
  await page.locator("#composer").fill(body);
  await page.locator("#composer").press("Enter");
}

/** Rows of the log, and on their way to it, whose own words hold this text. A quote of them does not count. */
export const holding = (page, text, among = ".row") =>
  page.locator(among).filter({ has: page.locator(".body", { hasText: text }) });

/** The text stands in the log once, numbered, and nothing of it is left on its way. */
export async function settledOnce(page, text) {
  await until(`"${text}" settles`, async () => {
    const all = await holding(page, text).count();
    const inLog = await holding(page, text, ".rows .row[data-seq]").count();
    return all === 1 && inLog === 1;
  });
}

export const seqs = (page) =>
  page.locator(".rows .row[data-seq]").evaluateAll((found) => found.map((row) => Number(row.dataset.seq)));
