import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { AtClient } from "@atsign/atsdk";
import {
  holderKey,
  keyFolderOf,
  nextHolderKey,
  readCompanyKey,
  readInstanceKeys,
} from "../../../src/keys.ts";
import { enrollHere } from "../../../src/processes/enroll-here.ts";
import { enrollInstance } from "../../../src/processes/enroll-instance.ts";
import { publishCompanyTrust, pullTrust } from "../../../src/processes/public-trust.ts";
import { rotateAgent, type RotateOptions, seenMs } from "../../../src/processes/rotate-agent.ts";
import { endFormerKey, grantRotation, signRotationRequest } from "../../../src/trust/agent-rotation.ts";
import { makeDemoTrust } from "../../../src/trust/demo-trust.ts";
import { rawPublicKey, signAs } from "../../../src/trust/sign-statement.ts";
import { makeCompanyKey, makeSigningKey } from "../../../src/trust/sign-trust.ts";
import { readTrustFolder, writePaper } from "../../../src/trust/trust-files.ts";
import { openTrust, type TrustStore } from "../../../src/trust/trust-store.ts";
import { type EnrollmentHome, enrollmentConfig, openEnrollmentHome } from "../../fakes/enrollment-home.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { people, policy } from "../../fakes/trust-world.ts";
import { bobKeys } from "../atsdk/vectors.ts";

/** A whole agent's keys are replaced: "main" is on the key-holder's machine, "far" on another. */

const agent = "inventory";
const atSign = "@cs-inventory";
const about = { atSign, role: agent } as const;
const statement = { tag: "countersign/test/1", text: "attested before" };
let world: EnrollmentHome;
let far = "";
/** One process that goes on all the time. */
let witness: TrustStore;

before(async () => {
  world = await openEnrollmentHome(agent);
  far = path.join(world.root, "far");
  await enrollHere(world.holder, "main", { data: world.home.data, ca: world.sandbox.ca });
  await enrollFar("far");
  witness = await trustOf();
});
after(async () => {
  await world.holder.close();
  await world.sandbox.close();
  await rm(world.root, { recursive: true, force: true });
});

async function enrollFar(instance: string): Promise<void> {
  const { invitation } = await world.holder.invite(instance, 60_000);
  const wait = async () => void (await world.holder.approve());
  await enrollInstance({ data: far, invitation, ca: world.sandbox.ca, wait, now: () => Date.now() });
  await world.holder.approve();
}
const data = () => world.home.data;
const folder = () => keyFolderOf(data(), agent);
const trustOf = (): Promise<TrustStore> =>
  openTrust({
    companyKey: world.companyKey,
    memory: new MemoryValues(),
    load: () => readTrustFolder(path.join(data(), "trust")),
    clock: { now: () => Date.now() },
  });
const publish = async () => {
  await publishCompanyTrust(world.home, enrollmentConfig, world.sandbox);
  return true;
};
/** As the command does it; waits pass at once, and are counted. */
async function rotate(change: Partial<RotateOptions> = {}) {
  const waited: number[] = [];
  const outcome = await rotateAgent({
    ...about,
    data: data(),
    ca: world.sandbox.ca,
    holder: world.holder,
    company: await readCompanyKey(keyFolderOf(data(), "company")),
    publish,
    now: () => Date.now(),
    wait: async (ms) => void waited.push(ms),
    onStep: () => undefined,
    ...change,
  });
  return { outcome, waited };
}
/** What everybody believes of both instances, without a gap. */
async function assertBelieved(trust: TrustStore): Promise<void> {
  await trust.reload();
  assert.deepEqual(trust.problems, []);
  for (const instance of ["main", "far"]) {
    trust.instanceKeys(atSign, instance);
  }
}
const keyOf = async (instance: string, where = data()): Promise<string> => {
  const keys = await readInstanceKeys(keyFolderOf(where, agent), instance);
  assert.ok(keys !== undefined);
  return rawPublicKey(keys.ed25519);
};

test("the key-holder and the instances here have new keys, and nobody is without a grant at any step", async () => {
  const old = { holder: (await holderKey(folder(), agent)).publicKey, main: await keyOf("main") };
  const before = await readInstanceKeys(folder(), "main");
  assert.ok(before !== undefined);
  const signed = signAs(statement, { atSign, instance: "main" }, before.ed25519);
  const seen: string[] = [];
  const { outcome } = await rotate({
    wait: async () => {
      seen.push((await trustOf()).problems.map(({ code }) => code).join());
      await assertBelieved(witness);
    },
    onStep: (step) => void seen.push(step),
  });
  assert.deepEqual(outcome, {
    kind: "rotated",
    instances: ["main"],
    elsewhere: ["far"],
    formerUntil: undefined,
  });
  assert.deepEqual(seen, ["granted", "", "regranted", "regranted", "", "ended"]);
  await assertBelieved(witness);
  await assertBelieved(await trustOf());
  assert.notEqual((await holderKey(folder(), agent)).publicKey, old.holder);
  assert.notEqual(await keyOf("main"), old.main);
  assert.equal(rawPublicKey(witness.instanceKeys(atSign, "far").ed25519), await keyOf("far", far));
  // What a plan that still waits carries is believed; of the former key itself nothing new is.
  assert.ok(witness.verify(signed, agent));
  assert.equal(await endFormerKey(data(), about, await company()), undefined);
});

test("it waits until everybody has seen each step: five seconds, twice", async () => {
  const { waited } = await rotate();
  assert.deepEqual(waited, [seenMs, seenMs]);
  assert.equal(seenMs, 5_000);
});

test("a second rotation at the same time is refused, and the first one ends well", async () => {
  const goOn = Promise.withResolvers<void>();
  const waits = Promise.withResolvers<void>();
  const first = rotate({
    wait: () => {
      waits.resolve();
      return goOn.promise;
    },
  });
  await waits.promise;
  await assert.rejects(rotate(), { code: "data-in-use", message: /^A rotation of the keys of inventory/ });
  goOn.resolve();
  assert.equal((await first).outcome.kind, "rotated");
  await assertBelieved(witness);
});

test("another machine follows by what is published", async (t) => {
  const bot = await AtClient.open({ ...world.sandbox, atSign: "@cs-bot", keys: bobKeys });
  t.after(() => bot.close());
  await rotate();
  await pullTrust({ client: bot, data: far, company: "@cs-company", companyKey: world.companyKey });
  const there = await openTrust({
    companyKey: world.companyKey,
    memory: new MemoryValues(),
    load: () => readTrustFolder(path.join(far, "trust")),
    clock: { now: () => Date.now() },
  });
  await assertBelieved(there);
});

test("broken off at any step it goes on when it is called again", async () => {
  for (const broken of ["granted", "regranted", "ended"] as const) {
    const before = (await holderKey(folder(), agent)).publicKey;
    const failing = rotate({
      onStep: (step) => {
        if (step === broken) {
          throw new Error(`down after ${step}`);
        }
      },
    });
    await assert.rejects(failing, new RegExp(`down after ${broken}`));
    await assertBelieved(witness);
    // What the launcher does daily changes nothing of it.
    await signAgain();
    await assertBelieved(witness);
    const { outcome } = await rotate();
    assert.equal(outcome.kind, "rotated");
    assert.equal(await nextHolderKey(folder(), agent), undefined);
    assert.notEqual((await holderKey(folder(), agent)).publicKey, before);
    await assertBelieved(witness);
  }
});

test("without the company key it asks, and goes on with what the company granted elsewhere", async () => {
  const before = (await holderKey(folder(), agent)).publicKey;
  const { outcome } = await rotate({ company: undefined });
  assert.ok(outcome.kind === "request");
  await assertBelieved(witness);
  assert.equal((await holderKey(folder(), agent)).publicKey, before);
  // Asked again before there is an answer, it asks for the same.
  const { outcome: again } = await rotate({ company: undefined });
  assert.deepEqual(again, outcome);

  const grant = { company: await company(), now: Date.now(), readmit: false };
  const paper = await grantRotation(data(), outcome.request, grant);
  await writePaper(path.join(data(), "trust"), paper);
  await assertBelieved(witness);
  const notShown = rotate({ company: undefined, publish: async () => false });
  await assert.rejects(notShown, { code: "not-published" });
  await publish();
  const { outcome: done, waited } = await rotate({ company: undefined, publish: async () => false });
  assert.ok(done.kind === "rotated");
  assert.deepEqual(waited, [seenMs]);
  assert.equal(done.formerUntil, paper.statement.former?.notAfter);
  await assertBelieved(witness);
  // Good once.
  await assert.rejects(grantRotation(data(), outcome.request, grant), { code: "request-refused" });
});

test("the company grants nothing that its key-holder did not ask for", async () => {
  const holder = await holderKey(folder(), agent);
  const next = makeSigningKey();
  const trust = await trustOf();
  const serial = trust.instanceKeys(atSign, "main").serials[0];
  const grant = { company: await company(), now: Date.now(), readmit: false };
  const subject = { ...about, serial };
  const good = signRotationRequest(subject, holder, next);
  for (const forged of [
    signRotationRequest(subject, makeSigningKey(), next),
    { ...good, nextSignature: good.signature },
    { ...good, statement: { ...good.statement, nextKey: makeSigningKey().publicKey } },
    signRotationRequest({ ...subject, serial: serial - 1 }, holder, next),
  ]) {
    await assert.rejects(grantRotation(data(), forged, grant), { code: "request-refused" });
  }
  const other = { ...grant, company: makeCompanyKey() };
  await assert.rejects(grantRotation(data(), good, other), { code: "no-grant" });
  const nobody = signRotationRequest({ ...subject, role: "supply" }, holder, next);
  await assert.rejects(grantRotation(data(), nobody, grant), { code: "no-grant" });
});

test("revoked as a whole, it is let in again with what is here, and nothing it had is believed", async () => {
  const old = await readInstanceKeys(folder(), "main");
  assert.ok(old !== undefined);
  const signed = signAs(statement, { atSign, instance: "main" }, old.ed25519);
  const serial = (await trustOf()).instanceKeys(atSign, "main").serials[0];
  await signAgain({ revoke: [{ kind: "agent", atSign, role: agent, serial }] });
  await witness.reload();
  assert.throws(() => witness.instanceKeys(atSign, "main"), { code: "grant-revoked" });
  const { outcome } = await rotate({ company: undefined });
  assert.ok(outcome.kind === "request");
  const grant = { company: await company(), now: Date.now() };
  await assert.rejects(grantRotation(data(), outcome.request, { ...grant, readmit: false }), /--readmit/);

  const { outcome: done } = await rotate();
  assert.ok(done.kind === "rotated");
  assert.deepEqual(done.instances, ["main"]);
  await witness.reload();
  witness.instanceKeys(atSign, "main");
  assert.throws(() => witness.instanceKeys(atSign, "far"), { code: "grant-expired" });
  assert.ok(!witness.verify(signed, agent));
  assert.deepEqual(witness.problems, []);
});

test("a company key that is kept elsewhere is never replaced by a new one", async () => {
  const file = path.join(keyFolderOf(data(), "company"), "company-key.json");
  await rename(file, `${file}.away`);
  await assert.rejects(signAgain(), { code: "no-company-key" });
  assert.equal(await readCompanyKey(keyFolderOf(data(), "company")), undefined);
  await rename(`${file}.away`, file);
  await signAgain();
});

async function company() {
  const key = await readCompanyKey(keyFolderOf(data(), "company"));
  assert.ok(key !== undefined);
  return key;
}
async function signAgain(change: Partial<Parameters<typeof makeDemoTrust>[0]> = {}): Promise<void> {
  await makeDemoTrust({
    folder: data(),
    company: "@cs-company",
    agents: [agent, "bot"].map((id) => ({
      id,
      atSign: enrollmentConfig.atSignOf(id),
      skills: [],
      instances: [{ name: "main", role: id, pattern: "*" }],
    })),
    people,
    policy,
    demo: true,
    now: Date.now(),
    ...change,
  });
}
