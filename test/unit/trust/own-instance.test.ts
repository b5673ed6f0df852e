import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { keyFolderOf, readInstanceKeys } from "../../../src/keys.ts";
import { makeDemoTrust } from "../../../src/trust/demo-trust.ts";
import { grantOwnInstance, removeOwnInstance } from "../../../src/trust/own-instance.ts";
import { readTrustFolder } from "../../../src/trust/trust-files.ts";
import { openTrust, type TrustStore } from "../../../src/trust/trust-store.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { people, policy } from "../../fakes/trust-world.ts";

const now = Date.parse("2026-01-05T10:00:00.000Z");
const day = 86_400_000;
let root = "";
before(async () => {
  root = await mkdtemp(path.join(tmpdir(), "cs-own-"));
});
after(() => rm(root, { recursive: true }));

const atSign = "@cs-supply";

/** A company whose agent may have the instances of the pattern. */
async function company(name: string, pattern?: string) {
  const data = path.join(root, name);
  const main = { name: "main", role: "supply", ...(pattern === undefined ? {} : { pattern }) };
  const { companyKey } = await makeDemoTrust({
    folder: data,
    company: "@cs-company",
    agents: [{ id: "supply", atSign, skills: ["place-orders"], instances: [main] }],
    people,
    policy,
    demo: true,
    now,
  });
  const memory = new MemoryValues();
  const open = (): Promise<TrustStore> =>
    openTrust({ companyKey, memory, load: () => papers(data), clock: { now: () => now } });
  return { data, open, own: { data, agent: "supply", atSign, instance: "b" } as const };
}
const papers = (data: string) => readTrustFolder(path.join(data, "trust"));

test("an agent's key-holder grants a further instance, without the company's key", async () => {
  const { data, open, own } = await company("granted", "*");
  await rm(keyFolderOf(data, "company"), { recursive: true });
  await grantOwnInstance(own, now);
  const trust = await open();
  assert.deepEqual(trust.problems, []);
  assert.deepEqual(trust.instanceKeys(atSign, "b").skills, ["place-orders"]);
  assert.notDeepEqual(trust.instanceKeys(atSign, "b").ed25519, trust.instanceKeys(atSign, "main").ed25519);
  const first = await papers(data);
  await grantOwnInstance(own, now + day);
  assert.deepEqual(await papers(data), first, "a second start changes nothing");
  await grantOwnInstance(own, now + 350 * day);
  assert.notDeepEqual(await papers(data), first, "but a grant that ends soon is renewed");
  assert.deepEqual((await open()).problems, []);
});

test("an instance that is given up leaves nothing, and its name may come back", async () => {
  const { data, open, own } = await company("passing", "*");
  const before = await papers(data);
  await grantOwnInstance(own, now);
  await open();
  await removeOwnInstance(own);
  assert.deepEqual(await papers(data), before);
  assert.equal(await readInstanceKeys(keyFolderOf(data, "supply"), "b"), undefined);
  const without = await open();
  assert.throws(() => without.instanceKeys(atSign, "b"), { code: "no-grant" });
  await grantOwnInstance(own, now + 1_000);
  const trust = await open();
  assert.deepEqual(trust.problems, [], "its serial is a higher one");
  trust.instanceKeys(atSign, "b");
});

test("what the company did not allow is believed by nobody", async () => {
  const { open, own } = await company("refused");
  await grantOwnInstance(own, now);
  const trust = await open();
  assert.deepEqual(
    trust.problems.map(({ code }) => code),
    ["trust-ungranted"],
  );
  assert.throws(() => trust.instanceKeys(atSign, "b"), { code: "no-grant" });
});

test("without the key-holder's key there is no further instance", async () => {
  const { data, own } = await company("holderless", "*");
  await rm(path.join(keyFolderOf(data, "supply"), "holder.supply.json"));
  await assert.rejects(grantOwnInstance(own, now), { code: "keys-missing", message: /key-holder/ });
});
