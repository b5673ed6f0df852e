import assert from "node:assert/strict";
import { test } from "node:test";
import { makeInstanceKeys } from "../../../src/keys.ts";
import { rawPublicKey } from "../../../src/trust/sign-statement.ts";
import { makeSigningKey } from "../../../src/trust/sign-trust.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";

/** Keys that were replaced in good order are believed for a while, and no longer. */

const day = 86_400_000;
const statement = { tag: "countersign/test/1", text: "attested before" };

function world() {
  const time = new ManualTime();
  const it = new TrustWorld(time, ["financial", "supply"]);
  const holder = it.granted.get("supply")?.holder;
  assert.ok(holder !== undefined);
  return { time, it, holder };
}

test("what a key-holder's former key granted holds until its time, under the company's word alone", async () => {
  const { time, it, holder } = world();
  const next = makeSigningKey();
  const former = { key: holder.publicKey, notAfter: it.time(2) };
  it.grantAgent("supply", { signingKey: next.publicKey, former, serial: 2 });
  const trust = await it.open();
  assert.deepEqual(trust.problems, []);
  trust.instanceKeys("@cs-supply", "main");
  await time.advance(2 * day);
  assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "grant-expired" });
  it.grantInstance("supply", { serial: 2 }, next);
  await trust.reload();
  trust.instanceKeys("@cs-supply", "main");

  it.grantAgent("supply", { signingKey: next.publicKey, serial: 3 });
  it.grantInstance("supply", { serial: 3 }, holder);
  await trust.reload();
  assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "no-grant" });
  assert.deepEqual(
    trust.problems.map(({ code }) => code),
    ["trust-ungranted"],
  );
});

test("a key that is neither the present nor the former one grants nothing", async () => {
  const { it, holder } = world();
  const former = { key: makeSigningKey().publicKey, notAfter: it.time(2) };
  it.grantAgent("supply", { signingKey: makeSigningKey().publicKey, former, serial: 2 });
  it.grantInstance("supply", { serial: 2 }, holder);
  const trust = await it.open();
  assert.throws(() => trust.instanceKeys("@cs-supply", "main"), { code: "no-grant" });
});

test("what an instance's former key signed is believed until its time, and not of one that was let out", async () => {
  const { time, it } = world();
  const signed = it.sign("financial", statement);
  const keys = makeInstanceKeys({ atSign: "@cs-financial", instance: "main" });
  const ed25519 = rawPublicKey(keys.ed25519);
  const former = { key: rawPublicKey(it.keys("financial").ed25519), notAfter: it.time(7) };
  it.grantInstance("financial", { ed25519, former, serial: 2 });
  const trust = await it.open();
  assert.ok(trust.verify(signed, "financial"));
  assert.ok(!trust.verify(signed, "supply"));
  await time.advance(6 * day);
  assert.ok(trust.verify(signed, "financial"));
  await time.advance(day);
  assert.ok(!trust.verify(signed, "financial"));
  const later = it.time(7);
  it.grantInstance("financial", { ed25519, former: { ...former, notAfter: later }, serial: 3 });
  await trust.reload();
  assert.ok(trust.verify(signed, "financial"));
  it.grantInstance("financial", {
    ed25519,
    former: { ...former, notAfter: later },
    notAfter: it.time(0),
    serial: 4,
  });
  await trust.reload();
  assert.ok(!trust.verify(signed, "financial"));
});
