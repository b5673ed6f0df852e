import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { AtClient, readAtKeysFile, writeAtKeysFile } from "@atsign/atsdk";
import type { Settings } from "../../../src/config.ts";
import {
  atKeysPath,
  instanceAtKeysPath,
  keyFolderOf,
  keyStamp,
  makeInstanceKeys,
  makeSecretFolder,
  readInstanceKeys,
} from "../../../src/keys.ts";
import { enrollHere } from "../../../src/processes/enroll-here.ts";
import { enrollInstance, grantRequestKey } from "../../../src/processes/enroll-instance.ts";
import { type KeyHolder, openKeyHolder } from "../../../src/processes/key-holder.ts";
import { pullTrust } from "../../../src/processes/public-trust.ts";
import type { AtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { adoptPapers } from "../../../src/trust/adopt-papers.ts";
import { makeDemoTrust } from "../../../src/trust/demo-trust.ts";
import { readRegister } from "../../../src/trust/instance-register.ts";
import { formatToken, type Invitation, readToken } from "../../../src/trust/invitation.ts";
import { rawPublicKey } from "../../../src/trust/sign-statement.ts";
import { makeSigningKey, signInstanceGrant } from "../../../src/trust/sign-trust.ts";
import { readTrustFolder } from "../../../src/trust/trust-files.ts";
import { openTrust, type TrustStore } from "../../../src/trust/trust-store.ts";
import { enrollmentConfig, machineSettings, openEnrollmentHome } from "../../fakes/enrollment-home.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { people, policy } from "../../fakes/trust-world.ts";
import { aliceKeys, bobKeys } from "../atsdk/vectors.ts";

/** Two machines, each a data folder, and the atServers between them. */

const agent = "inventory";
const atSign = "@cs-inventory";
let root = "";
let sandbox: AtSandbox;
let companyKey = "";
let home: Settings;
let holder: KeyHolder;
let machines = 0;

const newMachine = (): string => path.join(root, `machine-${(machines += 1)}`);

before(async () => {
  ({ root, sandbox, companyKey, home, holder } = await openEnrollmentHome(agent));
});
after(async () => {
  await holder.close();
  await sandbox.close();
  await rm(root, { recursive: true, force: true });
});

/** On a machine of its own; the key-holder is asked as often as the instance looks. */
const enroll = (data: string, invitation: Invitation, wait = async () => void (await holder.approve())) =>
  enrollInstance({ data, invitation, ca: sandbox.ca, wait, now: () => Date.now() });
/** Invited, enrolled and confirmed. */
async function enrolled(instance: string): Promise<{ readonly data: string; readonly token: string }> {
  const { token, invitation } = await holder.invite(instance, 60_000);
  const data = newMachine();
  await enroll(data, invitation);
  await holder.approve();
  return { data, token };
}
const openAs = async (data: string, instance: string): Promise<AtClient> =>
  AtClient.open({
    ...sandbox,
    atSign,
    keys: await readAtKeysFile(instanceAtKeysPath(keyFolderOf(data, agent), instance)),
  });
const trustOf = (data: string, memory = new MemoryValues()): Promise<TrustStore> =>
  openTrust({
    companyKey,
    memory,
    load: () => readTrustFolder(path.join(data, "trust")),
    clock: { now: () => Date.now() },
  });
function closing(t: TestContext, client: AtClient): AtClient {
  t.after(() => client.close());
  return client;
}

test("an instance makes its keys on its own machine and is let in by its agent's key-holder", async (t) => {
  const { data } = await enrolled("two");
  const keys = await readInstanceKeys(keyFolderOf(data, agent), "two");
  assert.ok(keys !== undefined);
  for (const store of [await trustOf(home.data), await trustOf(data)]) {
    assert.deepEqual(store.problems, []);
    assert.equal(rawPublicKey(store.instanceKeys(atSign, "two").ed25519), rawPublicKey(keys.ed25519));
    assert.equal(store.agent("bot").atSign, "@cs-bot");
  }
  assert.equal(await readInstanceKeys(keyFolderOf(home.data, agent), "two"), undefined);
  const { instances, invitations } = await readRegister(keyFolderOf(home.data, agent));
  assert.deepEqual([instances["two"]?.state, invitations], ["enrolled", []]);
  const secrets = (await readdir(keyFolderOf(data, agent))).filter((name) => name.startsWith("enrolling"));
  assert.deepEqual(secrets, []);

  const client = closing(t, await openAs(data, "two"));
  await client.put({ kind: "self", name: "note", namespace: "two.countersign" }, "mine");
  const foreign = { kind: "self", name: "note", namespace: "three.countersign" } as const;
  await assert.rejects(client.put(foreign, "not mine"), { code: "AT0009" });
  await assert.rejects(client.enrollments.createPasscode());
  assert.equal((await client.enrollments.list()).length, 1);
});

test("an invitation is good once, in time and whole", async () => {
  const { data, token } = await enrolled("once");
  await assert.rejects(enroll(newMachine(), readToken(token, Date.now())), { code: "token-refused" });
  assert.ok(existsSync(instanceAtKeysPath(keyFolderOf(data, agent), "once")));
  assert.throws(() => readToken(token, Date.now() + 60_000), { code: "token-expired" });
  for (const damaged of [token.slice(0, -9), `${token.slice(0, 40)}X${token.slice(41)}`, "cs1.a.b", ""]) {
    assert.throws(() => readToken(damaged, Date.now()), { code: "token-malformed" });
  }
});

test("one that nobody uses in time lapses at the key-holder too", async () => {
  const { invitation } = await holder.invite("late", 1);
  await new Promise((resolve) => setImmediate(resolve));
  while (Date.parse(invitation.expiresAt) > Date.now()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await holder.approve(), [{ instance: "late", did: "expired" }]);
  await assert.rejects(enroll(newMachine(), invitation), { code: /token-(refused|expired)/ });
});

test("who has the passcode but not the secret is denied, and nobody else is", async () => {
  const { invitation } = await holder.invite("forged", 60_000);
  const forged = { ...invitation, secret: Buffer.alloc(32, 7).toString("base64url") };
  await assert.rejects(enroll(newMachine(), readToken(formatToken(forged), Date.now())), {
    code: "enrollment-denied",
  });
  const { instances } = await holder.register();
  assert.equal(instances["forged"], undefined);
  const store = await trustOf(home.data);
  assert.throws(() => store.instanceKeys(atSign, "forged"), { code: "no-grant" });
  await holder.revoke("forged");
});

test("keys that somebody else puts in the place of the instance's are not granted", async (t) => {
  const { invitation } = await holder.invite("swapped", 60_000);
  const server = closing(t, await AtClient.open({ ...sandbox, atSign, keys: aliceKeys }));
  const other = makeInstanceKeys({ atSign, instance: "swapped" });
  const text = JSON.stringify({
    ed25519: rawPublicKey(other.ed25519),
    x25519: rawPublicKey(other.x25519),
    proof: "0".repeat(64),
  });
  let refused = 0;
  await enroll(newMachine(), invitation, async () => {
    if (refused === 0) {
      await server.put(grantRequestKey("swapped"), text);
    }
    const steps = await holder.approve();
    refused += steps.filter(({ did }) => did === "refused").length;
    if (refused > 0) {
      // The instance asked before; it would ask again when it is called again.
      throw new Error("swapped");
    }
  }).catch((error: unknown) => assert.match(String(error), /swapped/));
  assert.equal(refused, 1);
  const store = await trustOf(home.data);
  assert.throws(() => store.instanceKeys(atSign, "swapped"), { code: "no-grant" });
});

test("broken off after it was let in, it goes on with the same keys", async () => {
  const { invitation } = await holder.invite("again", 60_000);
  const data = newMachine();
  const broken = enroll(data, invitation, () => Promise.reject(new Error("the machine went down")));
  await assert.rejects(broken, /went down/);
  await enroll(data, invitation);
  const store = await trustOf(data);
  store.instanceKeys(atSign, "again");
});

test("a hostile bot lets nobody in: not with its keys, not with a grant of its own", async () => {
  const bot = machineSettings(sandbox, path.join(root, "bot-only"));
  await makeSecretFolder(keyFolderOf(bot.data, agent));
  await assert.rejects(openKeyHolder(bot, enrollmentConfig, agent, { companyKey }), { code: "keys-missing" });
  // With the keys that it has, under the agent's name.
  await writeAtKeysFile(atKeysPath(keyFolderOf(bot.data, agent), atSign), bobKeys);
  await assert.rejects(openKeyHolder(bot, enrollmentConfig, agent, { companyKey }), { code: "AT0401" });

  const keys = makeInstanceKeys({ atSign, instance: "spy" });
  const paper = signInstanceGrant(
    {
      atSign,
      instance: "spy",
      role: agent,
      ed25519: rawPublicKey(keys.ed25519),
      x25519: rawPublicKey(keys.x25519),
      notAfter: new Date(Date.now() + 86_400_000).toISOString(),
      serial: 9_999_999_999,
    },
    makeSigningKey().privateKey,
  );
  const trustFolder = path.join(home.data, "trust");
  const found = { document: undefined, agentGrants: undefined, instanceGrants: [JSON.stringify([paper])] };
  assert.equal((await adoptPapers(trustFolder, companyKey, found)).adopted, 0);
});

test("revoked: its connection ends, nobody believes it any more, the others do not notice", async (t) => {
  const { data } = await enrolled("gone");
  const { data: other } = await enrolled("stays");
  const memory = new MemoryValues();
  const seen = await trustOf(other, memory);
  seen.instanceKeys(atSign, "gone");
  const client = closing(t, await openAs(data, "gone"));
  const kept = closing(t, await openAs(other, "stays"));
  await holder.revoke("gone");

  await assert.rejects(client.scan());
  await assert.rejects(openAs(data, "gone"), { code: "AT0027" });
  await kept.scan();
  const store = await trustOf(home.data);
  assert.throws(() => store.instanceKeys(atSign, "gone"), { code: "grant-expired" });
  store.instanceKeys(atSign, "stays");
  // What another machine sees at its next pull.
  const pull = { client: kept, data: other, company: "@cs-company", companyKey } as const;
  assert.ok((await pullTrust(pull)) > 0);
  await seen.reload();
  assert.throws(() => seen.instanceKeys(atSign, "gone"), { code: "grant-expired" });
  seen.instanceKeys(atSign, "stays");
  assert.equal(await pullTrust(pull), 0);
  assert.equal((await holder.register()).instances["gone"]?.state, "revoked");
});

test("rotated: new keys and a new grant, the old keys end, the others do not notice", async (t) => {
  const { data } = await enrolled("turn");
  const { data: other } = await enrolled("still");
  const kept = closing(t, await openAs(other, "still"));
  const folder = keyFolderOf(data, agent);
  const before = await readInstanceKeys(folder, "turn");
  const stamp = await keyStamp(folder, "turn");
  const old = closing(t, await openAs(data, "turn"));
  const serial = (await trustOf(home.data)).instanceKeys(atSign, "turn").serials[1];

  const { invitation } = await holder.invite("turn", 60_000);
  await enroll(data, invitation);
  await old.scan();
  assert.deepEqual(await holder.approve(), [{ instance: "turn", did: "enrolled" }]);
  await assert.rejects(old.scan());
  const now = await readInstanceKeys(folder, "turn");
  assert.ok(before !== undefined && now !== undefined);
  assert.notEqual(rawPublicKey(now.ed25519), rawPublicKey(before.ed25519));
  assert.notEqual(await keyStamp(folder, "turn"), stamp);
  closing(t, await openAs(data, "turn"));
  const granted = (await trustOf(home.data)).instanceKeys(atSign, "turn");
  assert.ok(granted.serials[1] > serial);
  assert.equal(rawPublicKey(granted.x25519), rawPublicKey(now.x25519));
  await kept.scan();
});

test("a start that was revoked is not made good by the next signing", async () => {
  await enrollHere(holder, "main", { data: home.data, ca: sandbox.ca });
  await holder.revoke("main");
  const { companyKey: same } = await makeDemoTrust({
    folder: home.data,
    company: "@cs-company",
    agents: [{ id: agent, atSign, skills: [], instances: [{ name: "main", role: agent, pattern: "*" }] }],
    people,
    policy,
    demo: true,
    now: Date.now() + 2_000,
  });
  assert.equal(same, companyKey);
  const store = await trustOf(home.data);
  assert.throws(() => store.instanceKeys(atSign, "main"), { code: "grant-expired" });
  await enrollHere(holder, "main", { data: home.data, ca: sandbox.ca });
  (await trustOf(home.data)).instanceKeys(atSign, "main");
});

test("no private key and no invitation's secret lies where others can read it", async () => {
  const { data, token } = await enrolled("quiet");
  const secret = readToken(token, Date.now()).secret;
  for (const folder of [path.join(data, "trust"), path.join(home.data, "trust")]) {
    for (const name of await readdir(folder)) {
      assert.ok(!(await readFile(path.join(folder, name), "utf8")).includes(secret), name);
    }
  }
});
