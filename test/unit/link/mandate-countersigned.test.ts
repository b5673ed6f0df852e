import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import { canonicalHash } from "../../../src/canonical.ts";
import { AppError } from "../../../src/errors.ts";
import { verifyMandate } from "../../../src/link/mandate.ts";
import type { CountersignedDecision, Mandate } from "../../../src/mandate-types.ts";
import { alterations } from "../../fakes/alterations.ts";
import { sampleCountersigned } from "../../fakes/sample-countersigned.ts";
import { DecisionWorld } from "../../fakes/decision-world.ts";

const world = new DecisionWorld();
const { sample } = world;
const plan = sample.plan();
const subject = { run: "run1", revision: 1, step: "orders", attempt: 1 };

function decision(change: Partial<CountersignedDecision> = {}, signer = "person") {
  const about = { planHash: canonicalHash(plan), issuedAt: world.trust.time(0), expiry: world.trust.time(1) };
  return world.trust.sign(signer, sampleCountersigned({ ...about, ...change }));
}
const mandate = (...decisions: Mandate["decisions"]) => sample.mandate(plan, { decisions });
async function check(given: unknown): Promise<readonly string[]> {
  const trust = await world.trust.open();
  return verifyMandate({ mandate: given, subject, trust, now: world.time.now() }).decidedBy;
}
const refused = (code: string, given: unknown) =>
  assert.rejects(check(given), { name: "AppError", code: `mandate-${code}` });

test("a person's own signature over the plan is a decision, without any word of the bot", async () => {
  assert.deepEqual(await check(mandate(decision())), ["manager"]);
});

test("every single value of it changed, removed or added is refused", async () => {
  const given = mandate(decision()) as unknown as Json;
  const trust = await world.trust.open();
  for (const altered of alterations(given)) {
    assert.throws(
      () => verifyMandate({ mandate: altered.value, subject, trust, now: world.time.now() }),
      (error) => error instanceof AppError && error.code.startsWith("mandate-"),
      altered.where,
    );
  }
});

test("nobody else can sign for a person: no agent, no bot, no other person's machine", async () => {
  for (const signer of ["hitl", "evidence", "bot", "supply"]) {
    // Their atSigns are no account of the manager's.
    await refused("signature", mandate(decision({}, signer)));
  }
  await refused("signature", mandate(decision({ person: "manager-2" })));
  await refused("signature", mandate(decision({ person: "nobody" })));
  await refused("signature", mandate(decision({ person: "former" })));
});

test("a key at the person's own atSign must be granted for a person", async () => {
  const { signer: _signer, ...signed } = decision({}, "supply");
  await refused(
    "signature",
    mandate({
      ...signed,
      signer: { atSign: "@cs-person", instance: "main" },
    }),
  );
});

test("it is about this plan, run, revision and requester, and not for ever", async () => {
  await refused("hash", mandate(decision({ planHash: "0".repeat(64) })));
  await refused("subject", mandate(decision({ run: "run2" })));
  await refused("subject", mandate(decision({ revision: 2 })));
  await refused("decision", mandate(decision({ requester: "manager-2" })));
  await refused("decision", mandate(decision({ verdict: "rejected" })));
  await refused("expired", mandate(decision({ expiry: world.trust.time(0) })));
  await refused("time", mandate(decision({ issuedAt: world.trust.time(1) })));
});

test("the whole bot hostile: where policy asks countersigned decisions, no click counts, whoever evidences it", async () => {
  // Evidence key, bot and HITL agent alike are the attacker's.
  await refused("assurance-too-low", sample.mandate(plan));
  await refused("malformed", mandate());
  const click = sample.decision(plan).statement;
  await refused(
    "malformed",
    mandate(world.trust.sign("hitl", { ...click, assurance: "countersigned" } as never)),
  );
});

test("an account taken back, or a grant revoked, ends what that machine signs", async () => {
  world.document({ serial: 2, accounts: [] });
  await refused("signature", mandate(decision()));
  world.document({ serial: 3 });
  assert.deepEqual(await check(mandate(decision())), ["manager"]);
});
