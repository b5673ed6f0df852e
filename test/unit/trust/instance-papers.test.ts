import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { keyFolderOf, makeInstanceKeys } from "../../../src/keys.ts";
import { makeDemoTrust } from "../../../src/trust/demo-trust.ts";
import { endInstanceGrant, grantInstance, renewInstanceGrant } from "../../../src/trust/instance-papers.ts";
import { rawPublicKey } from "../../../src/trust/sign-statement.ts";
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

const made = makeInstanceKeys({ atSign, instance: "b" });
const keys = { ed25519: rawPublicKey(made.ed25519), x25519: rawPublicKey(made.x25519) };

test("an agent's key-holder grants a further instance, without the company's key", async () => {
  const { data, open, own } = await company("granted", "*");
  await rm(keyFolderOf(data, "company"), { recursive: true });
  await grantInstance(own, keys, now);
  const trust = await open();
  assert.deepEqual(trust.problems, []);
  assert.deepEqual(trust.instanceKeys(atSign, "b").skills, ["place-orders"]);
  assert.deepEqual(rawPublicKey(trust.instanceKeys(atSign, "b").ed25519), keys.ed25519);
  const first = await papers(data);
  assert.equal(await renewInstanceGrant(own, now + day), false);
  assert.deepEqual(await papers(data), first, "a second start changes nothing");
  assert.equal(await renewInstanceGrant(own, now + 350 * day), true);
  assert.notDeepEqual(await papers(data), first, "but a grant that ends soon is renewed");
  assert.deepEqual((await open()).problems, []);
});

test("a grant that was ended holds nowhere, is not renewed, and nobody goes back behind its end", async () => {
  const { data, open, own } = await company("ended", "*");
  await grantInstance(own, keys, now - 10_000);
  const before = await papers(data);
  await open();
  await endInstanceGrant(own, now);
  const trust = await open();
  assert.throws(() => trust.instanceKeys(atSign, "b"), { code: "grant-expired" });
  trust.instanceKeys(atSign, "main");
  assert.equal(await renewInstanceGrant(own, now + 1), false);
  const old = before.grants.find(({ name }) => name === "instance-grant.cs-supply.b.json");
  assert.ok(old !== undefined);
  await writeFile(path.join(data, "trust", old.name), old.text);
  const rolledBack = await open();
  assert.deepEqual(
    rolledBack.problems.map(({ code }) => code),
    ["trust-rollback"],
  );
  assert.throws(() => rolledBack.instanceKeys(atSign, "b"), { code: "no-grant" });
  await endInstanceGrant(own, now + 1_000);
  await grantInstance(own, keys, now + 2_000);
  (await open()).instanceKeys(atSign, "b");
});

test("what the company did not allow is believed by nobody", async () => {
  const { open, own } = await company("refused");
  await grantInstance(own, keys, now);
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
  await assert.rejects(grantInstance(own, keys, now), { code: "keys-missing", message: /key-holder/ });
});
