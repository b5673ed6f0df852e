import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { CompanyConfig } from "../../../src/config.ts";
import { openIdentity } from "../../../src/processes/identity.ts";
import type { JournalEntry } from "../../../src/record-types.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

let world: JournalWorld;
let entries: JournalEntry[];
beforeEach(async () => {
  world = new JournalWorld();
  entries = [];
  await world.setUp();
});
afterEach(() => world.close());

const open = (config: CompanyConfig = world.config) =>
  openIdentity({
    settings: world.settings,
    config,
    id: "bot",
    memory: new MemoryValues(),
    journal: async (added) => void entries.push(...added),
    clock: { now: () => Date.now() },
    log: silentLogger,
    onFatal: (error) => assert.fail(error),
    signal: new AbortController().signal,
  });

test("a start whose configured policy is not the signed one is refused", async () => {
  const policy = { ...world.config.policy, separationOfDuties: false };
  await assert.rejects(open({ ...world.config, policy }), { code: "policy-not-signed" });
  // With the signed policy it gets as far as the setting that this test leaves out.
  await assert.rejects(open(), { code: "bad-setting" });
});

test("a paper of trust that is refused leaves evidence in the journal", async () => {
  const file = path.join(world.folder, "trust", "agent-grant.cs-supply.supply.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"skills": []', '"skills": ["place-orders"]'));
  await assert.rejects(open(), { code: "bad-setting" });
  // The agent's grant, and with it the grant of its instance.
  const facts = { peer: null, code: "trust-ungranted", count: 1 };
  const alarm = { kind: "alarm", run: null, facts };
  assert.deepEqual(entries, [alarm, alarm]);
});

test("so does a trust document that stops the start", async () => {
  const file = path.join(world.folder, "trust", "trust.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"demo": true', '"demo": false'));
  await assert.rejects(open(), { code: "trust-signature" });
  assert.deepEqual(
    entries.map(({ kind, facts }) => [kind, facts["code"]]),
    [["alarm", "trust-signature"]],
  );
});
