import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signed } from "../../src/domain.ts";
import type { CountersignedDecision } from "../../src/mandate-types.ts";
import { sampleCountersigned } from "../fakes/sample-countersigned.ts";
import { EngineWorld, request } from "./engine/engine-world.ts";

const account = "atsign:@cs-manager";

/** An open approval in a company whose policy takes countersigned verdicts, and the manager's machine. */
async function opened() {
  const world = new EngineWorld();
  const { trust } = world;
  world.trust = {
    ...trust,
    policy: { ...trust.policy, approve: { ...trust.policy.approve, assurances: ["countersigned"] } },
    person(id) {
      const found = trust.person(id);
      return found && { ...found, accounts: found.id === "manager" ? [account] : [] };
    },
  };
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const approval = (await world.store.approval(`${run}-1-gate`)) ?? assert.fail();
  const signed = (
    change: Partial<CountersignedDecision> = {},
    o: { readonly signature?: string; readonly atSign?: `@${string}` } = {},
  ): Signed<CountersignedDecision> => ({
    statement: sampleCountersigned({
      planHash: approval.planHash,
      run,
      approval: approval.id,
      trustSerial: 7,
      issuedAt: new Date(world.time.now()).toISOString(),
      expiry: new Date(world.time.now() + 3_600_000).toISOString(),
      ...change,
    }),
    signer: { atSign: o.atSign ?? "@cs-manager", instance: "main" },
    // This world's signatures are the names of roles.
    signature: o.signature ?? "person",
  });
  return { world, bot, run, approval, signed };
}

test("a countersigned verdict is recorded with the person's own signature as its evidence", async () => {
  const { world, bot, run, approval, signed } = await opened();
  assert.deepEqual(await bot.approvals.countersigned(signed()), { outcome: "accepted", run });
  const row = await world.store.approval(approval.id);
  assert.deepEqual(row?.decision, {
    by: "manager",
    verdict: "approved",
    at: world.time.now(),
    assurance: "countersigned",
    adapter: "atsign",
    signedAt: "@cs-manager/main",
  });
  assert.deepEqual(await world.text(run, "gate", "evidence:1"), signed());
  const again = await bot.approvals.countersigned(signed());
  assert.equal(again.outcome, "already-decided");
});

test("a signature that is not the person's, or is about something else, is refused and journalled", async () => {
  const { world, bot, approval, signed } = await opened();
  const cases = [
    ["wrong-signature", signed({}, { signature: "hitl" })],
    ["wrong-account", signed({}, { atSign: "@cs-supply" })],
    ["wrong-account", signed({ person: "manager-2" })],
    ["wrong-plan", signed({ planHash: "0".repeat(64) })],
    ["wrong-plan", signed({ run: "r9" })],
    ["wrong-plan", signed({ revision: 2 })],
    ["wrong-plan", signed({ requester: "manager-2" })],
    ["approval-expired", signed({ expiry: new Date(world.time.now()).toISOString() })],
    ["unknown-approval", signed({ approval: "none" })],
  ] as const;
  for (const [code, decision] of cases) {
    const outcome = await bot.approvals.countersigned(decision);
    assert.equal(outcome.outcome === "refused" && outcome.error.code, code);
  }
  const refusals = world.store.journal.filter((each) => each.kind === "refusal");
  assert.deepEqual(
    refusals.map(({ facts }) => facts["code"]),
    cases.map(([code]) => code),
  );
  assert.equal((await world.store.approval(approval.id))?.status, "open");
});

test("where policy asks countersigned verdicts, a click is too little", async () => {
  const { world, bot, approval } = await opened();
  const click = await bot.approvals.decide({
    approval: approval.id,
    person: "manager",
    verdict: "approved",
    adapter: "console",
    assurance: "clicked",
  });
  assert.ok(click.outcome === "refused");
  assert.equal(click.error.code, "assurance-too-low");
  assert.match(click.error.message, /countersign inbox --keys FILE/, "and says how to decide instead");
  const refusals = world.store.journal.filter((each) => each.kind === "refusal");
  assert.deepEqual(
    refusals.map(({ facts }) => [facts["code"], facts["person"], facts["verdict"], facts["assurance"]]),
    [["assurance-too-low", "manager", "approved", "clicked"]],
  );
  assert.deepEqual((await world.store.approval(approval.id))?.decisions, []);
});
