import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import { signAs } from "../../../src/trust/sign-statement.ts";
import type { HostWorld, Party } from "../../fakes/host-world.ts";
import { probe, probeAgent } from "../../fakes/probe-agent.ts";
import { probeWorld } from "../../fakes/probe-world.ts";

let world: HostWorld;
let bot: Party;
beforeEach(async () => {
  ({ world, bot } = await probeWorld());
});
afterEach(() => world.close());

const rates = async () => (await world.books.find("rates")).map((each) => each.id);

test("a mandate is verified before the skill runs; a good one orders exactly once", async () => {
  await world.host(probeAgent);
  const mandate = world.sample.mandate() as unknown as Json;
  await bot.send("request", "orders", { skill: "place-orders", mandate });
  assert.deepEqual((await bot.answer("orders")).body, { output: { total: "110.00" } });
  await world.time.advance(1_000);
  await bot.send("request", "orders", { skill: "place-orders", mandate });
  await bot.answer("orders", { n: 2 });
  assert.deepEqual(probe.calls, ["place-orders"]);
  assert.deepEqual(await rates(), ["USD"]);
});

test("an altered, incomplete or foreign mandate places nothing, alarms and says why", async () => {
  await world.host(probeAgent);
  const good = world.sample.mandate();
  const plan = world.sample.plan();
  const cases: readonly [string, string, object][] = [
    ["mandate-hash", "orders", { ...good, plan: good.plan.replace("XX00ALPHA", "XX00OTHER") }],
    ["mandate-attestation-missing", "orders", { ...good, attestations: good.attestations.slice(1) }],
    ["mandate-malformed", "orders", { ...good, decisions: [] }],
    [
      "mandate-hash",
      "orders",
      world.sample.mandate(world.sample.plan({ tradeOff: "Other." }), good && { decisions: good.decisions }),
    ],
    ["mandate-subject", "orders", world.sample.mandate(world.sample.plan({ run: "run2" }))],
    ["mandate-step", "elsewhere", good],
    [
      "mandate-evidence",
      "orders",
      { ...good, decisions: [world.sample.decision(plan, { evidenceSigner: "bot" })] },
    ],
  ];
  for (const [index, [code, step, mandate]] of cases.entries()) {
    await bot.send("request", step, { skill: "place-orders", mandate: mandate as Json }, index + 1);
    assert.equal(await bot.errorCode(step, index + 1), code);
  }
  assert.deepEqual(probe.calls, []);
  assert.deepEqual(await rates(), []);
  assert.deepEqual(
    world.alarms,
    cases.map(([code]) => code),
  );
  const alarms = (await world.journal("supply")).filter((each) => each.kind === "alarm");
  assert.equal(alarms.length, cases.length);
});

test("old attestations place nothing; new ones, asked for again, do: no alarm, but journalled", async () => {
  await world.host(probeAgent);
  const plan = world.sample.plan();
  const old = world.sample.mandate(plan);
  await world.time.jump(16 * 60_000);
  await bot.send("request", "orders", { skill: "place-orders", mandate: old as unknown as Json });
  const refused = await bot.answer("orders");
  assert.deepEqual(
    [
      refused.kind,
      (refused.body as { code: string }).code,
      (refused.body as { retryable: boolean }).retryable,
    ],
    ["error", "mandate-stale", true],
  );
  assert.deepEqual([probe.calls, world.alarms], [[], []]);
  assert.deepEqual(
    (await world.journal("supply")).map((each) => [each.kind, each.facts["code"] ?? null]),
    [
      ["envelope", null],
      ["refusal", "mandate-stale"],
    ],
  );
  const attestations = (["financial", "compliance"] as const).map((role) =>
    world.sample.attestation(plan, role),
  );
  const fresh = { ...old, attestations } as unknown as Json;
  await bot.send("request", "orders", { skill: "place-orders", mandate: fresh }, 2);
  assert.equal((await bot.answer("orders", { attempt: 2 })).kind, "result");
  assert.deepEqual(probe.calls, ["place-orders"]);
});

test("an account that is not that person's is an alarm", async () => {
  probe.trouble = new AppError("wrong-account", "account slack:T1/U1 is not linked to that person");
  await world.host(probeAgent);
  await bot.request("offers", "look", { id: "a" });
  assert.equal(await bot.errorCode("offers"), "wrong-account");
  assert.deepEqual(world.alarms, ["wrong-account"]);
  const kinds = (await world.journal("supply")).map((each) => each.kind);
  assert.deepEqual(kinds, ["envelope", "alarm"]);
});

test("an attestation by an instance that was granted since is looked for before it is refused", async () => {
  await world.host(probeAgent);
  const keys = world.trust.addInstance("financial", "b");
  const good = world.sample.mandate();
  const [financial, ...others] = good.attestations;
  assert.ok(financial);
  const mandate = { ...good, attestations: [signAs(financial.statement, keys, keys.ed25519), ...others] };
  await bot.send("request", "orders", { skill: "place-orders", mandate: mandate as unknown as Json });
  assert.equal((await bot.answer("orders")).kind, "result");
  assert.deepEqual(world.alarms, []);
});

test("a plan made under a newer policy is held against a newer trust document, looked for at once", async () => {
  let unreadable = false;
  const trust = await world.trust.open({
    load: () => (unreadable ? Promise.reject(new Error("EACCES")) : Promise.resolve(world.trust.files)),
  });
  await world.host(probeAgent, { trust });
  const newer = world.sample.plan({ policySerial: 2 });
  const mandate = world.sample.mandate(newer) as unknown as Json;
  await bot.send("request", "orders", { skill: "place-orders", mandate });
  const early = await bot.answer("orders");
  assert.deepEqual(
    [early.kind, (early.body as { code: string; retryable: boolean }).code],
    ["error", "mandate-policy-unknown"],
  );
  assert.equal((early.body as { retryable: boolean }).retryable, true);
  assert.deepEqual(world.alarms, []);
  const kinds = (await world.journal("supply")).map((each) => each.kind);
  assert.deepEqual(kinds, ["envelope", "refusal"]);

  unreadable = true;
  await bot.send("request", "orders", { skill: "place-orders", mandate }, 2);
  assert.equal(await bot.errorCode("orders", 2), "mandate-policy-unknown");
  unreadable = false;
  world.trust.document({ serial: 2 });
  await bot.send("request", "orders", { skill: "place-orders", mandate }, 3);
  assert.equal((await bot.answer("orders", { attempt: 3 })).kind, "result");
  assert.deepEqual(probe.calls, ["place-orders"]);
});
