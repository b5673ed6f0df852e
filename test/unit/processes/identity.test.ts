import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { writeAtKeysFile } from "@atsign/atsdk";
import { AtServer } from "../../../src/sandbox/at-server/at-server.ts";
import { startAtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { freePort } from "../../fakes/free-port.ts";
import { BotIdentity } from "../../fakes/bot-identity.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";
import { until } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { aliceKeys } from "../atsdk/vectors.ts";

let world: JournalWorld;
let bot: BotIdentity;
beforeEach(async () => {
  world = new JournalWorld();
  bot = new BotIdentity(world);
  await world.setUp();
});
afterEach(() => world.close());

test("a start whose configured policy is not the signed one is refused", async () => {
  const policy = { ...world.config.policy, separationOfDuties: false };
  await assert.rejects(bot.open({ ...world.config, policy }), { code: "policy-not-signed" });
  // With the signed policy it gets as far as the setting that this test leaves out.
  await assert.rejects(bot.open(), { code: "bad-setting" });
});

test("a paper of trust that is refused leaves evidence in the journal", async () => {
  const file = path.join(world.folder, "trust", "agent-grant.cs-supply.supply.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"skills": []', '"skills": ["place-orders"]'));
  await assert.rejects(bot.open(), { code: "bad-setting" });
  // The agent's grant, and with it the grant of its instance.
  const facts = { peer: null, code: "trust-ungranted", count: 1 };
  const alarm = { kind: "alarm", run: null, facts };
  assert.deepEqual(bot.entries, [alarm, alarm]);
});

test("so does a trust document that stops the start", async () => {
  const file = path.join(world.folder, "trust", "trust.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"demo": true', '"demo": false'));
  await assert.rejects(bot.open(), { code: "trust-signature" });
  assert.deepEqual(
    bot.entries.map(({ kind, facts }) => [kind, facts["code"]]),
    [["alarm", "trust-signature"]],
  );
});

test("so does an atServer that passes on another server's challenge; so do key files that others may read, which are not used", async (t) => {
  const sandbox = await startAtSandbox({
    dataDir: path.join(world.folder, "at"),
    atSigns: ["@cs-bot"],
    behaviour: { clientCertificates: "off" },
    makeServer(atSign, options) {
      const server = new AtServer(atSign, options);
      // It answers as another atSign's server does when that of @cs-bot calls: with something to prove by a signature.
      return Object.defineProperty(server, "atSign", { value: "@cs-elsewhere" });
    },
  });
  t.after(() => sandbox.close());
  const { directory: atDirectory, caFile: atCaFile } = sandbox;
  const file = path.join(world.folder, "keys", "bot", "instance.main.atKeys");
  await writeAtKeysFile(file, aliceKeys);
  const reached = { ...world.settings, atDirectory, atCaFile };
  await chmod(file, 0o640);
  await assert.rejects(bot.open(world.config, reached), { code: "key-file-open" });
  await chmod(file, 0o600);
  await assert.rejects(bot.open(world.config, reached), { code: "bad-challenge" });
  assert.deepEqual(
    bot.entries.map(({ kind, facts }) => [kind, facts["code"]]),
    [
      ["refusal", "key-file-open"],
      ["alarm", "bad-challenge"],
    ],
  );
});

test("where no atServer answers, a process waits and says so; a person is told at once", async (t) => {
  const settings = { ...world.settings, atDirectory: { host: "127.0.0.1", port: await freePort() } };
  const file = path.join(world.folder, "keys", "bot", "instance.main.atKeys");
  await writeAtKeysFile(file, aliceKeys);
  t.mock.timers.enable({ apis: ["setInterval"] });
  const stopping = new AbortController();
  const said: unknown[] = [];
  const log = { ...silentLogger, warn: (facts: object, message: string) => said.push({ ...facts, message }) };
  const waiting = bot.open(world.config, settings, { log, signal: stopping.signal });
  await until(() => {
    t.mock.timers.tick(30_000);
    return said.length > 0;
  }, "a word about it");
  assert.deepEqual(said[0], { atSign: "@cs-bot", message: "at-server-awaited" });
  stopping.abort();
  await assert.rejects(waiting, { code: "aborted" });

  const device = { atSign: "@cs-bot", folder: path.dirname(file), atKeysFile: file } as const;
  await assert.rejects(bot.open(world.config, settings, { device }), {
    code: "at-server-away",
    message: /@cs-bot does not answer .*ECONNREFUSED/,
  });
});
