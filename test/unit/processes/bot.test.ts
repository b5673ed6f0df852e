import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import path from "node:path";
import { Hono } from "hono";
import { listenOnSocket } from "../../../adapters/terminal/socket-server.ts";
import { readSettings } from "../../../src/config.ts";
import { startBot } from "../../../src/processes/bot.ts";
import { makeRuntimeFolder } from "../../../src/processes/runtime-folder.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";

let world: JournalWorld;
beforeEach(() => {
  world = new JournalWorld();
  makeRuntimeFolder(world.settings.runtime);
});
afterEach(() => world.close());
const start = (environment: Readonly<Record<string, string>> = {}) =>
  startBot(
    readSettings({
      COUNTERSIGN_DATA: world.folder,
      COUNTERSIGN_RUNTIME: world.settings.runtime,
      ...environment,
    }),
    world.config,
    (error) => assert.fail(String(error)),
  );

test("a record that bots may share is refused with a queue of this process alone", async () => {
  const refused = { code: "bad-setting", message: /REDIS_URL/ };
  await assert.rejects(start({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" }), refused);
  await assert.rejects(start({ NODE_ENV: "production" }), refused);
});

test("a second bot in one runtime folder is refused before it receives anything", async () => {
  const first = await listenOnSocket(path.join(world.settings.runtime, "bot.sock"), new Hono());
  await assert.rejects(start(), { code: "runtime-in-use" });
  await first.close();
});
