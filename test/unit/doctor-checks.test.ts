import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkKeys,
  checkNode,
  checkQueue,
  checkSlack,
  checkStore,
  checkTrust,
  withoutSecrets,
} from "../../src/doctor-checks.ts";

test("Node 22.18 is the first that will do", () => {
  for (const [version, status] of [
    ["24.1.0", "ok"],
    ["22.18.0", "ok"],
    ["22.17.9", "bad"],
    ["20.19.0", "bad"],
  ]) {
    assert.equal(checkNode(version ?? "").status, status, version);
  }
});

test("addresses are shown without passwords and parameters", () => {
  assert.equal(
    withoutSecrets("postgres://bot:s3cret@db.example:5432/cs?password=s3cret"),
    "postgres://bot@db.example:5432/cs",
  );
  assert.equal(withoutSecrets("redis://:s3cret@localhost:6379"), "redis://localhost:6379");
  assert.equal(withoutSecrets("s3cret"), "(an address that cannot be shown)");
  const url = "postgres://bot:s3cret@db.example/cs";
  const store = checkStore("record", { url, file: "x", tables: ["runs"], content: "none" });
  const queue = checkQueue({
    redisUrl: "redis://:s3cret@r",
    redisServer: undefined,
    production: true,
    silent: false,
  });
  assert.doesNotMatch(JSON.stringify([store, queue]), /s3cret/);
});

test("the queue: REDIS_URL, else a private Redis, else memory, which production refuses", () => {
  const none = { redisUrl: undefined, redisServer: undefined, production: false, silent: false };
  assert.equal(checkQueue({ ...none, redisUrl: "redis://r:6379" }).status, "ok");
  assert.match(checkQueue({ ...none, redisServer: "/usr/bin/redis-server" }).text, /private Redis/);
  assert.equal(checkQueue(none).status, "warn");
  const refused = checkQueue({ ...none, redisServer: "/usr/bin/redis-server", production: true });
  assert.equal(refused.status, "bad");
  assert.match(refused.todo, /REDIS_URL/);
  const silent = checkQueue({ ...none, redisUrl: "redis://:s3cret@r:6379", silent: true });
  assert.deepEqual([silent.status, silent.text], ["bad", "Redis at redis://r:6379 does not answer"]);
});

test("keys: none yet, all well, one that others may read, an agent without", () => {
  const folder = { path: "keys/bot", mode: 0o700, folder: true };
  const file = { path: "keys/bot/instance.main.json", mode: 0o600, folder: false };
  assert.equal(checkKeys([], ["bot"]).status, "warn");
  assert.equal(checkKeys([folder, file], []).status, "ok");
  const openFile = checkKeys([folder, { ...file, mode: 0o640 }], []);
  assert.deepEqual([openFile.status, openFile.todo], ["bad", "chmod 600 keys/bot/instance.main.json"]);
  assert.equal(checkKeys([{ ...folder, mode: 0o755 }, file], []).todo, "chmod 700 keys/bot");
  assert.match(checkKeys([folder, file], ["supply"]).text, /no keys of supply/);
});

test("slack: what the running bot says of it, whatever the words; else whether there are tokens", () => {
  const unwell = checkSlack(true, { ok: false, text: "the channel refuses cards" });
  assert.equal(unwell.status, "bad");
  assert.match(unwell.text, /refuses cards/);
  assert.match(unwell.todo, /slack setup/);
  assert.equal(
    checkSlack(true, { ok: true, text: "not connected: a word that decides nothing" }).status,
    "ok",
  );
  assert.match(checkSlack(true, undefined).text, /tokens are set/);
  assert.equal(checkSlack(false, undefined).text, "not set up");
});

test("trust: fresh, ageing, too old for effects, ended, or with a paper refused", () => {
  const now = Date.parse("2026-03-10T00:00:00Z");
  const document = (issued: string, notAfter = "2026-04-01T00:00:00Z") => ({
    serial: 3,
    issuedAt: `${issued}T00:00:00Z`,
    notAfter,
  });
  assert.equal(checkTrust(document("2026-03-09"), [], now).status, "ok");
  assert.match(checkTrust(document("2026-03-09"), [], now).text, /document 3, 1 days old/);
  assert.equal(checkTrust(document("2026-03-04"), [], now).status, "warn");
  assert.equal(checkTrust(document("2026-03-09", "2026-03-12T00:00:00Z"), [], now).status, "warn");
  assert.match(checkTrust(document("2026-03-02"), [], now).text, /effects are stopped/);
  assert.match(checkTrust(document("2026-03-09", "2026-03-10T00:00:00Z"), [], now).text, /has ended/);
  assert.match(
    checkTrust(document("2026-03-09"), ["a grant was replaced"], now).text,
    /a grant was replaced/,
  );
});
