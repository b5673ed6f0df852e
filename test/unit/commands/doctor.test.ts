import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSilent } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { examine } from "../../../src/commands/doctor.ts";
import { lockFolder } from "../../../src/processes/folder-lock.ts";
import { makeRuntimeFolder } from "../../../src/processes/runtime-folder.ts";
import { readSettings } from "../../../src/config.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";

let world: JournalWorld;
beforeEach(() => {
  world = new JournalWorld();
});
afterEach(() => world.close());
const finding = async (name: string, settings = world.settings) => {
  const found = (await examine(settings)).find((each) => each.name === name);
  assert.ok(found, name);
  return found;
};

test("a folder that does not exist yet is fine, and is not made", async () => {
  const folder = path.join(world.folder, "none");
  const settings = readSettings({ COUNTERSIGN_DATA: folder, COUNTERSIGN_RUNTIME: path.join(folder, "run") });
  const findings = await examine(settings);
  assert.deepEqual(
    findings.filter(({ status }) => status === "bad"),
    [],
  );
  assert.match((await finding("data", settings)).text, /first start makes it/);
  assert.deepEqual((await finding("system", settings)).text, "not running");
});

test("a bot and a Redis that stand still are said, and keep nobody from the other findings", async () => {
  makeRuntimeFolder(world.settings.runtime);
  const silent = [createServer(() => undefined), createSilent()];
  for (const [index, name] of ["bot.sock", "redis.sock"].entries()) {
    await once(silent[index]?.listen(path.join(world.settings.runtime, name)) ?? assert.fail(), "listening");
  }
  const findings = await examine(world.settings, 50);
  silent.forEach((each) => each.close());
  assert.deepEqual(
    findings.filter(({ status }) => status === "bad").map(({ name, text }) => [name, text]),
    [
      ["queue", "the private Redis does not answer"],
      ["system", "the bot is there, but does not answer"],
    ],
  );
});

test("the stores are named with their tables and content columns", async () => {
  const { text } = await finding("record");
  assert.match(
    text,
    /SQLite, .*bot\/record\.db; tables: journal, chains, runs, requests, run_keys, contents/,
  );
  assert.match(
    text,
    /sealed under each run's key: runs\.errors, .*contents\.value, outbox\.body, journal\.body/,
  );
  assert.match(
    (await finding("books")).text,
    /customers, .*checkpoints.*agent_outbox.*all columns are clear/,
  );
});

test("keys and trust as set up; a key file that others may read is bad", async () => {
  await world.setUp();
  assert.equal((await finding("trust")).status, "ok");
  const keys = await finding("keys");
  assert.match(keys.text, /no keys of .*router.*validation/);
  assert.doesNotMatch(keys.text, /\b(bot|compliance|supply)\b/);
  await chmod(path.join(world.folder, "keys", "supply", "instance.main.json"), 0o644);
  assert.match((await finding("keys")).todo, /^chmod 600 .*keys\/supply\/instance\.main\.json$/);
  await writeFile(path.join(world.folder, "trust", "trust.json"), "{}");
  assert.equal((await finding("trust")).status, "bad");
});

test("the lock, the runtime folder's mode and unreadable ports are seen", async () => {
  assert.match((await finding("data")).text, /never started/);
  const lock = lockFolder(world.folder, "Countersign");
  assert.match((await finding("data")).text, /in use by a running Countersign/);
  lock.release();
  assert.match((await finding("data")).text, /free$/);
  makeRuntimeFolder(world.settings.runtime);
  assert.equal((await finding("runtime")).status, "ok");
  await chmod(world.settings.runtime, 0o755);
  assert.equal((await finding("runtime")).status, "bad");
  assert.match((await finding("sandbox")).text, /no ports kept yet/);
  const folder = path.join(world.folder, "sandbox", "at");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "ports.json"), '{"directory":5001}');
  assert.match((await finding("sandbox")).text, /^1 ports kept/);
  await writeFile(path.join(folder, "ports.json"), "{");
  assert.equal((await finding("sandbox")).status, "bad");
});
