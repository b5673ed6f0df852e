import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { holderKey, installedCompanyKey, readCompanyKey, readInstanceKeys } from "../../../src/keys.ts";
import { createCompanyKey, installCompanyKey } from "../../../src/keys.ts";
import { makeDemoTrust, type DemoTrustOptions } from "../../../src/trust/demo-trust.ts";
import { publishTrust, readTrustFolder } from "../../../src/trust/trust-files.ts";
import { openTrust } from "../../../src/trust/trust-store.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { people, policy } from "../../fakes/trust-world.ts";

const now = Date.parse("2026-01-05T10:00:00.000Z");
const day = 86_400_000;
let root = "";
let number = 0;
before(async () => {
  root = await mkdtemp(path.join(tmpdir(), "trust-"));
});
after(() => rm(root, { recursive: true }));

function options(change: Partial<DemoTrustOptions> = {}): DemoTrustOptions {
  return {
    folder: path.join(root, String((number += 1))),
    company: "@cs-company",
    agents: [
      {
        id: "bot",
        atSign: "@cs-bot",
        skills: [],
        instances: [
          { name: "main", role: "bot" },
          { name: "evidence", role: "evidence" },
        ],
      },
      {
        id: "supply",
        atSign: "@cs-supply",
        skills: ["place-orders"],
        instances: [{ name: "main", role: "supply" }],
      },
    ],
    people,
    policy,
    demo: true,
    now,
    ...change,
  };
}
const papers = (folder: string) => readTrustFolder(path.join(folder, "trust"));
const open = (o: DemoTrustOptions, companyKey: string, memory = new MemoryValues()) =>
  openTrust({ companyKey, memory, load: () => papers(o.folder), clock: { now: () => o.now } });

test("makes everything a company needs, once", async () => {
  const o = options();
  const { companyKey } = await makeDemoTrust(o);
  const trust = await open(o, companyKey);
  assert.deepEqual(trust.problems, []);
  assert.equal(trust.instanceKeys("@cs-bot", "evidence").role, "evidence");
  assert.equal(trust.instanceKeys("@cs-bot", "main").role, "bot");
  assert.deepEqual(trust.instanceKeys("@cs-supply", "main").skills, ["place-orders"]);
  assert.equal(await installedCompanyKey(path.join(o.folder, "keys", "supply")), companyKey);

  const first = await papers(o.folder);
  assert.deepEqual(await makeDemoTrust(o), { companyKey });
  assert.deepEqual(await papers(o.folder), first, "a second call changes nothing");
});

test("renews the document daily and on change, with the next serial", async () => {
  const o = options();
  const { companyKey } = await makeDemoTrust(o);
  const memory = new MemoryValues();
  assert.equal((await open(o, companyKey, memory)).serial, 1);
  const later = { ...o, now: now + day };
  await makeDemoTrust(later);
  assert.equal((await open(later, companyKey, memory)).serial, 2);
  const stricter = { ...later, policy: { ...policy, approve: { ...policy.approve, expiresHours: 24 } } };
  await makeDemoTrust(stricter);
  const trust = await open(stricter, companyKey, memory);
  assert.equal(trust.serial, 3);
  assert.equal(trust.policy.approve.expiresHours, 24);
  assert.deepEqual(trust.instanceKeys("@cs-supply", "main").serials, [1, 1]);
});

test("a document that a clock which was ahead signed for later is followed by one of today", async () => {
  const o = options();
  const memory = new MemoryValues();
  const { companyKey } = await makeDemoTrust({ ...o, now: now + 30 * day });
  assert.equal((await open({ ...o, now: now + 30 * day }, companyKey, memory)).serial, 1);
  await makeDemoTrust(o);
  assert.equal((await open(o, companyKey, memory)).serial, 2);
});

test("whether a company is a demo is said, or taken from its signed document, and never assumed", async () => {
  const own = options({ demo: "as-signed" });
  const { companyKey } = await makeDemoTrust(own);
  const memory = new MemoryValues();
  assert.equal((await open(own, companyKey, memory)).demo, false, "no document yet");

  for (const demo of [true, false]) {
    await makeDemoTrust({ ...own, demo });
    await makeDemoTrust({ ...own, demo: "as-signed", now: now + day });
    assert.equal((await open({ ...own, now: now + day }, companyKey, memory)).demo, demo);
  }
});

test("lost keys are made and granted again; old grants are renewed before they end", async () => {
  const o = options();
  const { companyKey } = await makeDemoTrust(o);
  const memory = new MemoryValues();
  await open(o, companyKey, memory);
  await rm(path.join(o.folder, "keys", "supply", "instance.main.json"));
  await rm(path.join(o.folder, "keys", "bot", "holder.bot.json"));
  await makeDemoTrust(o);
  const trust = await open(o, companyKey, memory);
  assert.deepEqual(trust.problems, []);
  assert.deepEqual(trust.instanceKeys("@cs-supply", "main").serials, [1, 2]);
  assert.deepEqual(trust.instanceKeys("@cs-bot", "main").serials, [2, 2]);
  assert.deepEqual(trust.instanceKeys("@cs-bot", "evidence").serials, [1, 1]);
  const nextYear = { ...o, now: now + 340 * day };
  await makeDemoTrust(nextYear);
  assert.deepEqual(
    (await open(nextYear, companyKey, memory)).instanceKeys("@cs-bot", "evidence").serials,
    [2, 2],
  );
});

test("a paper that somebody else put in place is not continued", async () => {
  const o = options();
  await makeDemoTrust(o);
  const file = path.join(o.folder, "trust", "trust.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"demo": true', '"demo": false'));
  await assert.rejects(makeDemoTrust(o), { code: "trust-ungranted" });
});

test("key files are for their owner only", async () => {
  const o = options();
  await makeDemoTrust(o);
  const folder = path.join(o.folder, "keys", "supply");
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(path.join(o.folder, "keys", "company"))).mode & 0o777, 0o700);
  for (const name of await readdir(folder)) {
    assert.equal((await stat(path.join(folder, name))).mode & 0o777, 0o600, name);
  }
  const file = path.join(folder, "instance.main.json");
  await chmod(file, 0o644);
  await assert.rejects(readInstanceKeys(folder, "main"), { code: "key-file-open" });
  await writeFile(file, "{}");
  await chmod(file, 0o600);
  await assert.rejects(readInstanceKeys(folder, "main"), { code: "key-file-malformed" });
  assert.equal(await readInstanceKeys(folder, "absent"), undefined);
});

test("keys come back from files as they were; a company key is never replaced", async () => {
  const folder = path.join(root, "keys-only");
  const key = await createCompanyKey(folder);
  assert.equal((await readCompanyKey(folder))?.publicKey, key.publicKey);
  await assert.rejects(createCompanyKey(folder), { code: "exists" });
  assert.equal((await holderKey(folder, "x")).publicKey, (await holderKey(folder, "x")).publicKey);
  await assert.rejects(installedCompanyKey(folder), { code: "no-company-key" });
  await installCompanyKey(folder, key.publicKey);
  await installCompanyKey(folder, key.publicKey);
  await assert.rejects(installCompanyKey(folder, "A".repeat(43)), { code: "company-key-differs" });
  assert.equal(await installedCompanyKey(folder), key.publicKey);
});

test("published papers are the same papers", async () => {
  const o = options();
  const { companyKey } = await makeDemoTrust(o);
  const records = new Map<string, string>();
  await publishTrust(await papers(o.folder), async (name, value) => {
    assert.match(name, /^[a-z0-9._-]+$/);
    records.set(name, value);
  });
  assert.deepEqual([...records.keys()].toSorted(), ["agent-grants", "instance-grants", "trust"]);
  const document = { name: "trust", text: records.get("trust") ?? "" };
  const grants = ["agent-grant", "instance-grant"].flatMap((kind) =>
    (JSON.parse(records.get(`${kind}s`) ?? "") as object[]).map((paper, index) => ({
      name: `${kind}.${index}`,
      text: JSON.stringify(paper),
    })),
  );
  assert.equal(grants.length, 6);
  const trust = await openTrust({
    companyKey,
    memory: new MemoryValues(),
    load: async () => ({ document, grants }),
    clock: { now: () => now },
  });
  assert.deepEqual(trust.problems, []);
  assert.deepEqual(trust.agent("supply"), { atSign: "@cs-supply", instance: "main" });
});

test("accounts are signed; one at two people is refused by name, and the old document stays", async () => {
  const o = options();
  const { companyKey } = await makeDemoTrust(o);
  const memory = new MemoryValues();
  const account = "slack:T1/U1";
  const linked = (...ids: readonly string[]) =>
    people.map((each) => (ids.includes(each.id) ? { ...each, accounts: [account] } : each));
  await makeDemoTrust({ ...o, people: linked("manager") });
  const trust = await open(o, companyKey, memory);
  assert.deepEqual([trust.serial, trust.person("manager")?.accounts], [2, [account]]);
  await assert.rejects(makeDemoTrust({ ...o, people: linked("manager", "former") }), {
    code: "account-taken",
    message: /slack:T1\/U1 belongs to both "manager" and "former".*nothing was signed/,
  });
  assert.equal((await open(o, companyKey, memory)).serial, 2);
  await makeDemoTrust({ ...o, now: now + day, people: linked("manager") });
  const renewed = await open({ ...o, now: now + day }, companyKey, memory);
  assert.deepEqual([renewed.serial, renewed.person("manager")?.accounts], [3, [account]]);
});
