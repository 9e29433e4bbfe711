import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenLife, WARN_MS } from "../src/store/token-life.ts";
import { World } from "./world.ts";

test("the end is told two minutes ahead, by this page's own clock", async () => {
  const world = new World();
  const life = new TokenLife(world.now, world.later);
  // The server's clock runs an hour ahead of this one.
  const server = world.time + 3_600_000;
  life.begins(server, server + 10 * 60_000);
  const end = world.time + 10 * 60_000;
  await world.pass(10 * 60_000 - WARN_MS - 1);
  assert.equal(life.ending.value, undefined);
  await world.pass(1);
  assert.equal(life.ending.value, end);
});

test("a newer token takes the warning back and is watched in turn", async () => {
  const world = new World();
  const life = new TokenLife(world.now, world.later);
  life.begins(0, 1_000);
  await world.pass(0);
  assert.equal(life.ending.value, world.time + 1_000, "so little left is told at once");
  life.renewed(600_000);
  assert.equal(life.ending.value, undefined);
  await world.pass(600_000 - WARN_MS);
  assert.notEqual(life.ending.value, undefined);
  life.over();
  assert.equal(life.ending.value, undefined);
  assert.equal(world.waiting, 0);
});

test("what the server says counts, and a life longer than a timer holds needs none", () => {
  const world = new World();
  const life = new TokenLife(world.now, world.later);
  life.begins(world.time, world.time + 30 * 86_400_000);
  assert.equal(world.waiting, 0);
  life.endsSoon(world.time + 30_000);
  assert.equal(life.ending.value, world.time + 30_000);
});
