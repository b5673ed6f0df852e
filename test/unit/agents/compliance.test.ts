import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { distance } from "fastest-levenshtein";
import compliance from "../../../agents/compliance.ts";
import { mayBeName, nameWords } from "../../../agents/compliance/name-match.ts";
import { canonicalJson, sha256Hex } from "../../../src/canonical.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { orderWorld, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../fakes/sample-plan.ts";
import { skillContext, type SkillContextOptions } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

type World = ReturnType<typeof orderWorld>;
function setUp(change: (world: World) => void = () => undefined, options: Partial<SkillContextOptions> = {}) {
  const world = orderWorld();
  change(world);
  return skillContext({ agent: "compliance", books: new MemoryBooks(world), ...options });
}
const checkOrder = skillRunner(compliance.skills["check-order"]);
const checkVendors = skillRunner(compliance.skills["check-vendors"]);
const attest = skillRunner(compliance.skills.attest);
const order = { customer: "xyz", item: "widget" };
const named =
  (name: string, aliases = "") =>
  (world: World) => {
    world.customers = world.customers.map((each) => ({ ...each, name, aliases }));
  };

test("a customer, item and country on no list are cleared", async () => {
  assert.deepEqual(await checkOrder(setUp(), order, null), { cleared: true, lists: ["Embargo", "vendors"] });
});

test("a listed party is found however it is written", async () => {
  for (const name of [
    "Volkov Trading Ltd",
    "VOLKOV TRADING",
    "Volkov Trading GmbH & Co. KG",
    "Trading Volkov",
    "Völkóv Tradìng",
    "Volkov-Trading, Inc.",
    "VolkovTrading",
    "V0lkov Trading",
    "Vоlkоv Trading",
    "Volkow Trading",
    "Volkov Trading Europe",
    "Volkov Exports",
  ]) {
    await assert.rejects(checkOrder(setUp(named(name)), order, null), { code: "restricted" }, name);
    await assert.rejects(
      checkOrder(setUp(named("Harmless", name)), order, null),
      { code: "restricted" },
      name,
    );
  }
  for (const name of ["Customer XYZ", "Volkov", "Trading Ltd", "Wolf Trading", "Ltd", "Volga Trade"]) {
    await checkOrder(setUp(named(name)), order, null);
  }
});

test("a name matches itself in any case, order of words and legal form", () => {
  const word = fc.stringMatching(/^[A-Za-z]{4,10}$/);
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 2, maxLength: 4 }), fc.nat(), (words, turn) => {
      const name = words.join(" ");
      const turned = [...words.slice(turn % words.length), ...words.slice(0, turn % words.length)];
      assert.ok(mayBeName(`${turned.join("-").toUpperCase()} GmbH`, `${name}, Inc.`, distance));
    }),
  );
  assert.deepEqual(nameWords("GmbH"), ["gmbh"]);
  assert.equal(mayBeName("!!!", "???", distance), false);
});

test("a listed destination or item is refused, by code or alias", async () => {
  const country = setUp((world) => {
    world.customers = world.customers.map((each) => ({ ...each, country: "KP" }));
  });
  await assert.rejects(checkOrder(country, order, null), { code: "restricted" });
  for (const [value, aliases] of [
    ["widget", ""],
    ["X-9", "Widget"],
    ["X-9", "other;WIDGETS"],
  ] as const) {
    const item = setUp((world) => {
      world.restrictions = world.restrictions.map((each) =>
        each.kind === "item" ? { ...each, value, aliases } : each,
      );
    });
    await assert.rejects(checkOrder(item, order, null), { code: "restricted" }, value + aliases);
  }
  await assert.rejects(checkOrder(setUp(), { ...order, item: "gadget" }, null), { code: "unknown-item" });
  await assert.rejects(checkOrder(setUp(), { ...order, customer: "abc" }, null), {
    code: "unknown-customer",
  });
});

test("a missing, empty or stale list clears nothing", async () => {
  for (const kind of ["country", "party", "item"] as const) {
    const context = setUp((world) => {
      world.restrictions = world.restrictions.filter((each) => each.kind !== kind);
    });
    await assert.rejects(checkOrder(context, order, null), { code: "list-missing" }, kind);
    await assert.rejects(checkVendors(context, { vendors: [] }, null), { code: "list-missing" });
  }
  const noVendors = setUp((world) => {
    world.vendors = [];
  });
  await assert.rejects(checkVendors(noVendors, { vendors: [] }, null), { code: "list-missing" });
  const stale = setUp((world) => {
    world.restrictions = world.restrictions.map((each) => ({ ...each, asOf: "2026-01-30" }));
  });
  await assert.rejects(checkOrder(stale, order, null), { code: "list-stale" });
  await checkOrder(setUp(undefined, { now: "2026-03-31T23:00:00.000Z" }), order, null);
});

const alpha = { id: "alpha", name: "Alpha Parts", bankAccount: "XX00ALPHA" };
async function refusal(vendor: typeof alpha, change?: (world: World) => void): Promise<string> {
  const { allowed, refused } = await checkVendors(setUp(change), { vendors: [vendor] }, null);
  assert.equal(allowed.length + refused.length, 1);
  return refused[0]?.reason ?? "allowed";
}
const vendor =
  (id: string, change: Partial<World["vendors"][number]>) =>
  (world: World): void => {
    world.vendors = world.vendors.map((each) => (each.id === id ? { ...each, ...change } : each));
  };

test("vendors: approved under their name and account, refused otherwise, each with its reason", async () => {
  assert.equal(await refusal(alpha), "allowed");
  assert.equal(await refusal({ ...alpha, bankAccount: "xx00 alpha" }), "allowed");
  assert.equal(
    await refusal({ ...alpha, name: "A. Parts" }, vendor("alpha", { aliases: "A Parts" })),
    "allowed",
  );
  assert.match(await refusal({ ...alpha, id: "delta" }), /not on the vendor list/);
  assert.match(await refusal({ ...alpha, bankAccount: "XX00OTHER" }), /bank account/);
  assert.match(await refusal({ ...alpha, name: "Alpha Partz" }), /not "Alpha Partz"/);
  assert.match(await refusal(alpha, vendor("alpha", { status: "banned", reason: "fraud" })), /banned: fraud/);
  assert.match(await refusal(alpha, vendor("alpha", { approvedUntil: "2026-03-01" })), /ended on 2026-03-01/);
  assert.equal(await refusal(alpha, vendor("alpha", { approvedUntil: "2026-03-02" })), "allowed");
  assert.match(await refusal(alpha, vendor("alpha", { country: "KP" })), /country is on list/);
  assert.match(await refusal(alpha, vendor("alpha", { aliases: "Volkov Trading" })), /name is on list/);
});

test("a vendor under a banned name or account is refused, one that a banned vendor imitates is not", async () => {
  const beta = (change: Partial<World["vendors"][number]>) => vendor("beta", { status: "banned", ...change });
  assert.match(await refusal(alpha, beta({ bankAccount: "XX00ALPHA" })), /account of the banned "beta"/);
  assert.match(
    await refusal(alpha, beta({ aliases: "Beta 2;ALPHA parts" })),
    /name or account of the banned/,
  );
  assert.match(await refusal(alpha, beta({ name: "Alpha-Parts" })), /name or account of the banned/);
  assert.equal(
    await refusal(alpha, beta({ name: "Alpha Part", aliases: "A1pha Parts;Alpha Parts Ltd" })),
    "allowed",
  );
  for (const name of ["A1pha Parts", "Alpha Part", "Аlpha Parts"]) {
    assert.match(await refusal({ ...alpha, name }), /on the vendor list, not/, name);
  }
});

async function attested(plan: PlanDocument, change?: (world: World) => void) {
  return attest(setUp(change), { plan: canonicalJson(plan) }, null);
}

test("attest signs the hash of exactly these bytes, until the plan ends", async () => {
  const { statement, signer } = await attested(samplePlan());
  assert.equal(statement.planHash, sha256Hex(canonicalJson(samplePlan())));
  assert.deepEqual(
    [statement.tag, statement.role, statement.run, statement.revision, statement.expiry],
    ["countersign/attestation/1", "compliance", "run1", 1, "2026-03-09T09:00:00.000Z"],
  );
  assert.equal(signer.atSign, "@cs-compliance");
});

test("attest checks everything again from the plan's bytes", async () => {
  const fallback = (change: Parameters<typeof sampleReplacement>[0]) =>
    samplePlan({
      fallbacks: [{ order: "run1-1-1", action: "alternative", replacement: sampleReplacement(change) }],
    });
  const shipTo = samplePlan().shipTo;
  await attested(fallback({}));
  const wrong: readonly [string, PlanDocument, ((world: World) => void)?][] = [
    ["plan-wrong", samplePlan({ total: usd("520.31") })],
    ["plan-wrong", samplePlan({ shipTo: { ...shipTo, street: "2 Other Street" } })],
    ["plan-wrong", samplePlan({ shipTo: { ...shipTo, name: "Someone" } })],
    ["plan-wrong", samplePlan({ customerName: "Customer XY" })],
    ["plan-wrong", samplePlan({ run: "run2", orders: [sampleOrder({ id: "run2-1-1" })] })],
    ["plan-expired", samplePlan({ validUntil: "2026-03-02T09:00:00.000Z" })],
    ["trust-behind", samplePlan({ policySerial: 2 })],
    ["restricted", samplePlan({ shipTo: { ...shipTo, country: "KP" } })],
    ["restricted", samplePlan(), named("Volkov Trading")],
    ["unknown-customer", samplePlan({ request: { ...samplePlan().request, customer: "abc" } })],
    ["vendor-refused", samplePlan({ orders: [sampleOrder({ bankAccount: "XX00EVIL" })] })],
    ["vendor-refused", samplePlan({ orders: [sampleOrder({ supplierName: "Alpha" })] })],
    ["vendor-refused", samplePlan(), vendor("alpha", { status: "banned" })],
    ["vendor-refused", fallback({ bankAccount: "XX00EVIL" })],
    ["vendor-refused", fallback({}), vendor("beta", { status: "banned" })],
    [
      "restricted",
      samplePlan(),
      (world) => {
        world.restrictions = world.restrictions.map((each) =>
          each.kind === "item" ? { ...each, value: "motor" } : each,
        );
      },
    ],
  ];
  for (const [code, plan, change] of wrong) {
    const retryable = code === "trust-behind";
    await assert.rejects(
      attested(plan, change),
      { code, retryable },
      JSON.stringify([code, plan]).slice(0, 200),
    );
  }
});
