import assert from "node:assert/strict";
import { test } from "node:test";
import { makeInstanceKeys } from "../../../src/keys.ts";
import { makeSigningKey } from "../../../src/trust/sign-trust.ts";
import { rawPublicKey } from "../../../src/trust/sign-statement.ts";
import type { TrustStore } from "../../../src/trust/trust-store.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { people, policy, signedForm, TrustWorld } from "../../fakes/trust-world.ts";

const day = 86_400_000;
const statement = { tag: "countersign/test/1", text: "hello" };

function world(): { readonly time: ManualTime; readonly it: TrustWorld } {
  const time = new ManualTime();
  return { time, it: new TrustWorld(time, ["bot", "supply", "hitl"]) };
}

function problems(trust: TrustStore): readonly string[] {
  return trust.problems.map((each) => each.code);
}

test("a good document and grants are believed", async () => {
  const { it } = world();
  const trust = await it.open();
  assert.deepEqual(problems(trust), []);
  assert.equal(trust.serial, 1);
  assert.equal(trust.company, "@cs-company");
  assert.equal(trust.person("manager")?.name, "Mo Example");
  assert.equal(trust.person("nobody"), undefined);
  assert.deepEqual(trust.agent("supply"), { atSign: "@cs-supply", instance: "main" });
  assert.equal(trust.instanceKeys("@cs-supply", "main").role, "supply");
  assert.ok(trust.knows("@cs-supply"));
  assert.ok(!trust.knows("@stranger"));
  assert.throws(() => trust.agent("crm"), { code: "no-grant" });
  assert.throws(() => trust.instanceKeys("@cs-supply", "other"), { code: "no-grant" });
});

test("verify accepts the granted key of the role, and nothing else", async () => {
  const { it } = world();
  const trust = await it.open();
  const signed = it.sign("hitl", statement);
  assert.ok(trust.verify(signed, "hitl"));
  assert.ok(!trust.verify(signed, "supply"));
  assert.ok(!trust.verify({ ...signed, statement: { ...statement, text: "other" } }, "hitl"));
  assert.ok(!trust.verify({ ...signed, statement: { ...statement, tag: "countersign/other/1" } }, "hitl"));
  assert.ok(!trust.verify({ ...signed, signer: { atSign: "@cs-supply", instance: "main" } }, "hitl"));
  assert.ok(!trust.verify({ ...signed, signer: { atSign: "@cs-supply", instance: "main" } }, "supply"));
  assert.ok(!trust.verify({ ...signed, signer: { ...signed.signer, instance: "two" } }, "hitl"));
  assert.ok(!trust.verify({ ...signed, signature: it.sign("supply", statement).signature }, "hitl"));
  assert.ok(!trust.verify({ ...signed, signature: "" }, "hitl"));
  // Another spelling of the same 64 bytes is another text in a journal: refused.
  const last = signed.signature.at(-3) ?? "";
  const respelled = `${signed.signature.slice(0, -3)}${String.fromCodePoint((last.codePointAt(0) ?? 0) + 1)}==`;
  assert.ok(!trust.verify({ ...signed, signature: respelled }, "hitl"));
  assert.ok(!trust.verify({ ...signed, statement: "countersign/test/1" }, "hitl"));
});

test("a document is refused when missing, malformed, signed by another key, ended or from the future", async () => {
  const refused = async (code: string, change: (it: TrustWorld) => void): Promise<void> => {
    const { it } = world();
    change(it);
    await assert.rejects(it.open(), { name: "AppError", code });
  };
  await refused("trust-missing", (it) => {
    it.files = { ...it.files, document: undefined };
  });
  await refused("trust-malformed", (it) => {
    it.files = { ...it.files, document: { name: "trust.json", text: "{}" } };
  });
  await refused("trust-signature", (it) => it.document({}, makeSigningKey().privateKey));
  await refused("trust-signature", (it) => {
    const text = it.files.document?.text.replace('"demo":true', '"demo":false') ?? "";
    it.files = { ...it.files, document: { name: "trust.json", text } };
  });
  await refused("trust-expired", (it) => it.document({ notAfter: it.time(-1) }));
  await refused("trust-from-future", (it) => it.document({ issuedAt: it.time(1) }));
});

test("the highest serial seen outlives the process: lower is refused, equal with other content too", async () => {
  const { it } = world();
  const memory = new MemoryValues();
  const first = it.files.document;
  it.document({ serial: 2 });
  assert.equal((await it.open({ memory })).serial, 2);
  assert.equal((await it.open({ memory })).serial, 2, "the same again is fine");
  it.files = { ...it.files, document: first };
  await assert.rejects(it.open({ memory }), { code: "trust-rollback" });
  it.document({ serial: 2, demo: false });
  await assert.rejects(it.open({ memory }), { code: "trust-conflict" });
  it.document({ serial: 3, demo: false });
  assert.equal((await it.open({ memory })).demo, false);
});

test("one bad grant is refused and reported, and harms no other", async () => {
  const cases: readonly [string, (it: TrustWorld) => void][] = [
    ["trust-ungranted", (it) => it.grantAgent("supply", {}, makeSigningKey().privateKey)],
    ["trust-ungranted", (it) => it.grantInstance("supply", {}, makeSigningKey())],
    ["trust-ungranted", (it) => it.grantAgent("supply", { instancePattern: "other*" })],
    ["trust-ungranted", (it) => it.grantAgent("supply", { signingKey: makeSigningKey().publicKey })],
    ["trust-ungranted", (it) => it.grantInstance("supply", { role: "hitl" })],
    [
      "trust-malformed",
      (it) => {
        const grants = it.files.grants.filter((each) => each.name !== "instance-grant.supply.json");
        it.files = { ...it.files, grants: [...grants, { name: "instance-grant.supply.json", text: "[1" }] };
      },
    ],
  ];
  for (const [code, change] of cases) {
    const { it } = world();
    change(it);
    const refused: string[] = [];
    const trust = await it.open({ onRefused: (error) => refused.push(error.code) });
    assert.ok(refused.includes(code), `${code}: ${refused.join()}`);
    assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "no-grant" });
    assert.ok(!trust.knows("@cs-supply"));
    assert.ok(trust.knows("@cs-hitl"));
  }
});

test("a changed key without a grant is refused; rotation is a grant with the next serial", async () => {
  const { it } = world();
  const memory = new MemoryValues();
  const trust = await it.open({ memory });
  const before = rawPublicKey(trust.instanceKeys("@cs-supply", "main").x25519);
  const fresh = makeInstanceKeys({ atSign: "@cs-supply", instance: "main" });
  const newKeys = { ed25519: rawPublicKey(fresh.ed25519), x25519: rawPublicKey(fresh.x25519) };
  const oldGrants = it.files.grants;

  it.files = {
    ...it.files,
    grants: oldGrants.map(({ name, text }) =>
      name === "instance-grant.supply.json"
        ? { name, text: text.replace(before, newKeys.x25519) }
        : { name, text },
    ),
  };
  assert.equal(await trust.reload(), "changed");
  assert.deepEqual(problems(trust), ["trust-ungranted"]);
  assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "no-grant" });

  it.files = { ...it.files, grants: oldGrants };
  it.grantInstance("supply", { ...newKeys, serial: 2 });
  await trust.reload();
  assert.deepEqual(problems(trust), []);
  assert.equal(rawPublicKey(trust.instanceKeys("@cs-supply", "main").x25519), newKeys.x25519);
  assert.deepEqual(trust.instanceKeys("@cs-supply", "main").serials, [1, 2]);

  it.files = { ...it.files, grants: oldGrants };
  await trust.reload();
  assert.deepEqual(problems(trust), ["trust-rollback"], "the old key may not come back");
  assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "no-grant" });
});

test("with two papers of one instance the newer counts", async () => {
  const { it } = world();
  const old = it.files.grants.find((each) => each.name === "instance-grant.supply.json");
  it.grantInstance("supply", { serial: 2 });
  it.files = {
    ...it.files,
    grants: [{ name: "instance-grant.old.json", text: old?.text ?? "" }, ...it.files.grants],
  };
  const trust = await it.open();
  assert.deepEqual(problems(trust), []);
  assert.deepEqual(trust.instanceKeys("@cs-supply", "main").serials, [1, 2]);
});

test("grants end, start later and are revoked; a later serial is valid again", async () => {
  const { time, it } = world();
  it.grantInstance("supply", { notAfter: it.time(2) });
  const trust = await it.open();
  const signed = it.sign("hitl", statement);
  assert.ok(trust.knows("@cs-supply"));
  await time.advance(2 * day);
  assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "grant-expired" });
  assert.ok(!trust.knows("@cs-supply"));

  it.document({ serial: 2, revocations: [{ kind: "agent", atSign: "@cs-hitl", role: "hitl", serial: 1 }] });
  await trust.reload();
  assert.throws(() => trust.instanceKeys("@cs-hitl", "main"), { code: "grant-revoked" });
  assert.throws(() => trust.agent("hitl"), { code: "no-grant" });
  assert.ok(!trust.verify(signed, "hitl"), "a revoked key's signature no longer counts");
  assert.ok(trust.knows("@cs-bot"), "the others do not notice");
  it.grantAgent("hitl", { serial: 2 });
  await trust.reload();
  assert.ok(trust.verify(signed, "hitl"));

  it.document({
    serial: 3,
    revocations: [{ kind: "instance", atSign: "@cs-hitl", instance: "main", serial: 1 }],
  });
  await trust.reload();
  assert.throws(() => trust.instanceKeys("@cs-hitl", "main"), { code: "grant-revoked" });

  it.grantAgent("bot", { serial: 2, notBefore: it.time(1) });
  await trust.reload();
  assert.throws(() => trust.instanceKeys("@cs-bot", "main"), { code: "grant-expired" });
  await time.advance(day);
  assert.ok(trust.knows("@cs-bot"));
});

test("an old document stops effects but not reads; an ended one stops all", async () => {
  const { time, it } = world();
  const trust = await it.open();
  await time.advance(7 * day);
  trust.requireFresh();
  await time.advance(1);
  assert.throws(() => trust.requireFresh(), { code: "trust-stale", retryable: true });
  assert.equal(trust.policy.approve.quorum, 1);
  assert.ok(trust.verify(it.sign("hitl", statement), "hitl"));
  it.document({ serial: 2 });
  await trust.reload();
  trust.requireFresh();
  await time.advance(30 * day);
  assert.throws(() => trust.policy, { code: "trust-expired" });
  assert.throws(() => trust.verify(it.sign("hitl", statement), "hitl"), { code: "trust-expired" });
});

test("reload keeps the document in force when the new one is not acceptable", async () => {
  const { it } = world();
  const trust = await it.open();
  assert.equal(await trust.reload(), "unchanged");
  it.document({ serial: 2, demo: false }, makeSigningKey().privateKey);
  assert.equal(await trust.reload(), "changed");
  assert.equal(trust.serial, 1);
  assert.equal(trust.demo, true);
  assert.deepEqual(problems(trust), ["trust-signature"]);
});

test("a document refused for its times is looked at again, also when its file has not changed", async () => {
  const { time, it } = world();
  const refused: string[] = [];
  const trust = await it.open({ onRefused: ({ code }) => refused.push(code) });
  it.document({ serial: 2, issuedAt: it.time(1), demo: false });
  assert.equal(await trust.reload(), "changed");
  assert.equal(await trust.reload(), "unchanged");
  assert.deepEqual(problems(trust), ["trust-from-future"]);
  assert.deepEqual(refused, ["trust-from-future"], "told of it once");
  assert.equal(trust.serial, 1);
  await time.advance(day);
  assert.equal(await trust.reload(), "changed");
  assert.deepEqual([trust.serial, trust.demo], [2, false]);
  assert.deepEqual(problems(trust), []);
  assert.equal(await trust.reload(), "unchanged");

  it.document({ serial: 3, issuedAt: it.time(1), notAfter: it.time(1) });
  await trust.reload();
  await time.advance(2 * day);
  assert.equal(await trust.reload(), "changed");
  assert.deepEqual(problems(trust), ["trust-expired"]);
  assert.equal(trust.serial, 2);
});

test("a policy that cannot be meant is refused when it is signed, naming the field", () => {
  const { it } = world();
  const asked = signedForm({
    ...policy,
    approve: { ...policy.approve, expiresHours: 1, remindAfterHours: [2] },
  });
  assert.throws(() => it.document({ policy: asked }), /"remindAfterHours"[^}]*expires after 1 hours/);
  const many = signedForm({ ...policy, approve: { ...policy.approve, quorum: 2 } });
  it.document({ policy: many });
});

test("accounts: a document from before there were any is valid; a changed mapping counts at the next look", async () => {
  const { it } = world();
  const without = people.map(({ accounts: _accounts, ...each }) => ({ ...each, roles: [...each.roles] }));
  it.document({ people: without });
  assert.ok(!it.files.document?.text.includes("accounts"));
  const trust = await it.open();
  assert.deepEqual(trust.person("manager")?.accounts, []);
  assert.equal(trust.people, trust.people, "read once for each document");
  assert.deepEqual(
    trust.people.map((each) => each.accounts.length),
    people.map(() => 0),
  );

  const linked = (...ids: readonly string[]) =>
    without.map((each) => (ids.includes(each.id) ? { ...each, accounts: ["slack:T1/U1"] } : each));
  it.document({ serial: 2, people: linked("manager") });
  await trust.reload();
  assert.deepEqual(trust.person("manager")?.accounts, ["slack:T1/U1"]);
  it.document({ serial: 3, people: without });
  await trust.reload();
  assert.deepEqual(trust.person("manager")?.accounts, []);

  assert.throws(
    () => it.document({ serial: 4, people: linked("employee", "former") }),
    /slack:T1\/U1 belongs to both .{1,2}employee.{1,2} and .{1,2}former/,
  );
  assert.throws(
    () => it.document({ people: [{ ...(without[0] ?? assert.fail()), accounts: ["U1"] }] }),
    /adapter:TEAM/,
  );
});
