import assert from "node:assert/strict";
import { test } from "node:test";
import supply from "../../../agents/supply.ts";
import { canonicalJson } from "../../../src/canonical.ts";
import type { Json, PlanDocument } from "../../../src/domain.ts";
import type { Mandate } from "../../../src/mandate-types.ts";
import { HostWorld } from "../../fakes/host-world.ts";

/** What needs a clock or the evidence key to be tried: soundly signed mandates that must not count, at the real agent. */

const day = 86_400_000;

test("supply orders nothing on mandates that ended, or that the requester decided himself", async (t) => {
  const world = await HostWorld.open(["place-orders"]);
  t.after(() => world.close());
  let opened = 0;
  await world.host(supply, {
    suppliers: {
      open() {
        opened += 1;
        throw new Error("no supplier is to be called");
      },
    },
  });
  const bot = await world.party("bot");
  const { sample } = world;
  const mandateOf = (plan: PlanDocument, change: Partial<Mandate> = {}): Mandate => ({
    plan: canonicalJson(plan),
    attestations: [sample.attestation(plan, "financial"), sample.attestation(plan, "compliance")],
    decisions: [sample.decision(plan)],
    ...change,
  });
  let attempt = 0;
  const refused = async (code: string, mandate: Mandate): Promise<void> => {
    attempt += 1;
    const body = { skill: "place-orders", mandate: mandate as unknown as Json };
    await bot.send("request", "orders", body, attempt);
    assert.equal(await bot.errorCode("orders", attempt), code);
    assert.equal(world.alarms.at(-1), code);
  };
  const plan = sample.plan();

  const own = sample.plan({ requester: "manager" });
  await refused("mandate-own-request", mandateOf(own));
  const bySelf = { requester: "manager" } as const;
  await refused(
    "mandate-evidence",
    mandateOf(plan, { decisions: [sample.decision(plan, { evidence: bySelf })] }),
  );
  const byEmployee = sample.decision(plan, { person: "employee" });
  await refused("mandate-not-allowed", mandateOf(plan, { decisions: [byEmployee] }));
  const former = sample.decision(plan, { person: "former" });
  await refused("mandate-unknown-person", mandateOf(plan, { decisions: [former] }));
  const mainKey = sample.decision(plan, { evidenceSigner: "bot" });
  await refused("mandate-evidence", mandateOf(plan, { decisions: [mainKey] }));

  const short = { expiry: world.trust.time(1) };
  const genuine = mandateOf(plan, { decisions: [sample.decision(plan, { decision: short })] });
  await world.time.jump(2 * day);
  await refused("mandate-expired", genuine);
  const late = mandateOf(plan);
  await world.time.jump(2 * day);
  await refused("mandate-expired", late);

  assert.equal(opened, 0);
  assert.deepEqual(await world.books.find("orders"), []);
  const journalled = (await world.journal("supply")).filter((each) => each.kind === "alarm");
  assert.equal(journalled.length, attempt);
});
