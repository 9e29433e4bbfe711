// What the page shows when things are not as usual: earlier messages on their way, a connection that is gone,
// a token that ends, a message that was not taken. Each is said where people look, and to screen readers.

import { accessible } from "./accessible.mjs";
import { until } from "./browser.mjs";
import { Cuttable } from "./cuttable.mjs";
import { holding, openRoom, pill, rooms, rows, seqs, settledOnce, signIn, write } from "./page.mjs";

/** `enter` opens a page; `token` and `other` belong to two people; `topic` is one of the room `slug`. */
export async function states({ check, expect, shoot, enter, url, slug, token, other, topic, said }) {
  async function inRoom(options) {
    const page = await enter(options);
    const line = await Cuttable.on(page);
    await signIn(page, url, token);
    await openRoom(page, slug);
    await rows(page).first().waitFor();
    return { page, line, leave: () => page.context().close() };
  }
  const upwards = (page) => page.locator(".log-scroll").evaluate((box) => { box.scrollTop = 0; });
  const spoken = (page) => page.locator("#announcer").textContent();

  await check("while earlier messages are on their way the log says so, and where they cannot be had", async () => {
    const { page, line, leave } = await inRoom();
    if ((await seqs(page))[0] > 3) {
      line.holdFrom({ answerTo: "history" });
      const saying = page.locator('[role="status"]', { hasText: "Loading earlier messages" });
      await until("it is said", async () => { await upwards(page); return (await saying.count()) === 1; });
      await shoot(page, "log-loading-earlier");
      line.refuse("history", { code: "overloaded", number: 101, message: "synthetic" });
      line.release();
      const failed = page.locator('[role="alert"]', { hasText: "could not be loaded" });
      await until("it failed and says so", async () => { await upwards(page); return (await failed.count()) === 1; });
      await shoot(page, "log-earlier-failed");
      line.refuse("history");
      const before = (await seqs(page))[0];
      await failed.getByRole("button", { name: "Try again" }).click();
      await until("they are there", async () => (await seqs(page))[0] < before);
    }
    await leave();
  });

  await check("a room says where it begins", async () => {
    const page = await enter();
    await signIn(page, url, token);
    // The smallest room is read to its beginning soonest.
    await rooms(page).first().waitFor();
    const smallest = await rooms(page).evaluateAll((found) => {
      const size = (row) => Number((row.querySelector(".tally")?.textContent ?? "0").replace(/\D/g, ""));
      return found.filter((row) => size(row) > 0).sort((a, b) => size(a) - size(b))[0].dataset.room;
    });
    await openRoom(page, smallest);
    await rows(page).first().waitFor();
    const beginning = page.locator(".log-inner > p", { hasText: "This is where" });
    await until("the beginning is marked", async () => { await upwards(page); return (await beginning.count()) === 1; });
    expect((await seqs(page))[0] <= 3, "there are earlier messages");
    await upwards(page);
    await shoot(page, "log-beginning");
    await page.context().close();
  });

  await check("a connection that is gone is said, with a way to try at once; back, it catches up in sight", async () => {
    const { page, line, leave } = await inRoom();
    const { page: writer, leave: writerLeaves } = await inRoom();
    await until("they stand at one head", async () => (await seqs(page)).at(-1) === (await seqs(writer)).at(-1));
    const head = (await seqs(page)).at(-1);
    line.cut();
    await until("a wait is counted down", async () => /Reconnecting, \d+\w+ try, in \d+/.test(await pill(page).textContent()));
    await until("it is said aloud", async () => (await spoken(page)).includes("Connection: Connecting"));
    await shoot(page, "room-waiting");
    await accessible(page);
    for (let n = 1; n <= 4; n++) await write(writer, topic, said(`While away ${n}`));
    await settledOnce(writer, said("While away 4"));
    line.holdFrom({ after: head + 2 });
    line.mend();
    await page.locator('.catch-up[role="status"]', { hasText: "Catching up" }).waitFor();
    await shoot(page, "room-catching-up");
    line.release();
    await settledOnce(page, said("While away 4"));
    await page.locator(".catch-up").waitFor({ state: "detached" });
    await until("it is said aloud", async () => (await spoken(page)).includes("Connection: Live"));
    const away = await page.locator(".rows .row", { hasText: said("While away") }).count();
    expect(away === 0 || (await seqs(page)).every((seq, at, all) => at === 0 || seq > all[at - 1]), "the log is out of order");
    await writerLeaves();
    await leave();
  });

  await check("without a network the page says so, keeps what is written, and sends it when it is back", async () => {
    const { page, line, leave } = await inRoom({ dark: true });
    await page.context().setOffline(true);
    line.cut();
    await page.locator('.pill-text:visible[data-state="off"]', { hasText: "Offline" }).waitFor();
    await write(page, topic, said("Written offline"));
    await pill(page).and(page.locator(".pill-text", { hasText: "1 waiting" })).waitFor();
    await until("it is said aloud", async () => (await spoken(page)).includes("Queued"));
    await shoot(page, "room-offline-dark");
    await accessible(page);
    line.mend();
    await page.context().setOffline(false);
    await settledOnce(page, said("Written offline"));
    await leave();
  });

  await check("a room that may not be read any more shows nothing of itself, and says why", async () => {
    const { page, line, leave } = await inRoom();
    line.inject({ op: "removed", d: { room: slug, reason: "forbidden" } });
    await page.locator('.log [role="alert"]', { hasText: "You may not read this room any more." }).waitFor();
    await until("nothing of it is on the page", async () => (await page.locator(".rows .row, .topic[data-topic], #composer").count()) === 0);
    await shoot(page, "room-removed");
    await leave();
  });

  await check("a message that is refused stays, with the reason, until one decides", async () => {
    const { page, line, leave } = await inRoom();
    line.refuse("message.post", { code: "forbidden", number: 203, message: "synthetic" });
    await write(page, topic, said("Refused at first"));
    const parked = page.locator(".outgoing.failed");
    await parked.locator('[role="alert"]', { hasText: "Not sent: Your roles do not allow this." }).waitFor();
    await shoot(page, "room-refused");
    await accessible(page);
    line.refuse("message.post");
    await parked.getByRole("button", { name: "Retry" }).click();
    await settledOnce(page, said("Refused at first"));
    await leave();
  });

  await check("a message that a moderator looks at first says so and stops no other", async () => {
    const { page, line, leave } = await inRoom();
    line.refuse("message.post", { code: "held", number: 107, message: "synthetic" });
    await write(page, topic, said("Held for now"));
    await page.locator(".outgoing.held", { hasText: "A moderator looks at it first" }).waitFor();
    line.refuse("message.post");
    await write(page, topic, said("Passes by"));
    await settledOnce(page, said("Passes by"));
    expect((await page.locator(".outgoing.held").count()) === 1, "what is held has gone");
    await shoot(page, "room-held");
    // A new connection asks after it: now it stands in the room.
    line.close(4000);
    await settledOnce(page, said("Held for now"));
    await leave();
  });

  await check("that the token ends soon is said in time, and a newer one goes on without a break", async () => {
    const { page, line, leave } = await inRoom();
    await page.locator("#composer").fill(said("Half a"));
    line.inject({ op: "expiring", d: { expires_at: Date.now() + 30_000 } });
    const bar = page.locator("form.expiring");
    await bar.getByText(/Your token ends in \d+/).waitFor();
    await until("it is said aloud", async () => (await spoken(page)).includes("Your token ends soon"));
    await shoot(page, "token-ends-soon");
    await accessible(page);
    await bar.getByLabel("New access token").fill("bad.bad.bad");
    await bar.getByRole("button", { name: "Stay signed in" }).click();
    await bar.locator('[role="alert"]', { hasText: "does not accept" }).waitFor();
    await bar.getByLabel("New access token").fill(token);
    await bar.getByRole("button", { name: "Stay signed in" }).click();
    await bar.waitFor({ state: "detached" });
    expect(line.sent("hello") === 1 && line.sent("refresh") === 2, "the connection did not go on");
    expect((await page.locator("#composer").inputValue()) === said("Half a"), "what was written is gone");
    await leave();
  });

  await check("when the token's time is over one signs in again and goes on writing; somebody else does not", async () => {
    const { page, line, leave } = await inRoom();
    await page.locator("#composer").fill(said("Half a sentence"));
    line.close(4202);
    await page.locator("#token-problem", { hasText: "time is over" }).waitFor();
    expect((await rows(page).count()) === 0, "messages are still on the page");
    await shoot(page, "sign-in-expired");
    await accessible(page);
    const again = async (as) => {
      await page.getByLabel("Access token").fill(as);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator("#composer").waitFor();
    };
    await again(token);
    expect((await page.locator("#composer").inputValue()) === said("Half a sentence"), "what was written is gone");
    if (other) {
      line.close(4202);
      await page.locator("#token-problem", { hasText: "time is over" }).waitFor();
      await again(other);
      expect((await page.locator("#composer").inputValue()) === "", "somebody else reads the draft");
    }
    expect((await holding(page, said("Half a sentence")).count()) === 0, "a draft was sent");
    await leave();
  });
}
