import assert from "node:assert/strict";
import { test } from "node:test";
import financial from "../../../agents/financial.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { orderWorld, usd } from "../../fakes/order-world.ts";
import { skillContext, type SkillContextOptions } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

type World = ReturnType<typeof orderWorld>;
/** A context over a world changed by the test. */
function setUp(change: (world: World) => void = () => undefined, options: Partial<SkillContextOptions> = {}) {
  const world = orderWorld();
  change(world);
  const books = new MemoryBooks(world);
  const context = (more: Partial<SkillContextOptions> = {}) =>
    skillContext({ agent: "financial", books, ...options, ...more });
  return { books, context };
}
function customer(world: World) {
  const [first] = world.customers;
  assert.ok(first);
  return first;
}
const order = { customer: "xyz", item: "widget", quantity: "50" };
const checkCredit = skillRunner(financial.skills["check-credit"]);
const releaseCredit = skillRunner(financial.skills["release-credit"]);
const checkBudget = skillRunner(financial.skills["check-budget"]);
const releaseBudget = skillRunner(financial.skills["release-budget"]);

test("credit: 50 × 480.00 with the limit one cent below, equal and one cent above", async () => {
  for (const [creditLimit, enough] of [
    ["23999.99", false],
    ["24000.00", true],
    ["24000.01", true],
  ] as const) {
    const { context } = setUp((world) => {
      world.customers = [{ ...customer(world), creditLimit }];
    });
    const checked = checkCredit(context(), order, null);
    if (enough) {
      const output = await checked;
      assert.deepEqual(output.exposure, usd("24000.00"));
      assert.equal(output.project, "prj");
      assert.equal(output.shipTo.country, "US");
    } else {
      await assert.rejects(checked, { code: "credit-exceeded" });
    }
  }
});

test("credit: the balance and what is held for other runs count, what is released or of this run does not", async () => {
  const { books, context } = setUp((world) => {
    world.customers = [{ ...customer(world), creditLimit: "48000.00" }];
  });
  await checkCredit(context(), order, null);
  await checkCredit(context({ subject: { attempt: 2 } }), order, null);
  await checkCredit(context({ subject: { run: "run2" } }), order, null);
  await assert.rejects(checkCredit(context({ subject: { run: "run3" } }), order, null), {
    code: "credit-exceeded",
  });
  assert.deepEqual(await releaseCredit(context({ subject: { run: "run2" } }), {}, null), { released: true });
  await checkCredit(context({ subject: { run: "run3" } }), order, null);
  await books.update("customers", "xyz", { balance: "0.01" });
  await assert.rejects(checkCredit(context({ subject: { run: "run4" } }), order, null), {
    code: "credit-exceeded",
  });
});

test("credit: stale, future and unknown data block", async () => {
  for (const creditAsOf of ["2026-01-30", "2026-03-04"]) {
    const { context } = setUp((world) => {
      world.customers = [{ ...customer(world), creditAsOf }];
    });
    await assert.rejects(checkCredit(context(), order, null), { code: "stale-data" }, creditAsOf);
  }
  const { context } = setUp((world) => {
    world.customers = [{ ...customer(world), creditAsOf: "2026-01-31" }];
  });
  await checkCredit(context(), order, null);
  await assert.rejects(checkCredit(context(), { ...order, customer: "abc" }, null), {
    code: "unknown-customer",
  });
  await assert.rejects(checkCredit(context(), { ...order, item: "gadget" }, null), { code: "unknown-item" });
  await assert.rejects(checkCredit(context(), { ...order, item: "bolt" }, null), { code: "not-sold" });
});

test("credit in another currency is exchanged at a fresh rate and blocks without one", async () => {
  const inEuro = (world: World) => {
    world.customers = [{ ...customer(world), currency: "EUR", creditLimit: "21818.18" }];
  };
  // 24000.00 USD / 1.10 = 21818.18 EUR
  const { context } = setUp(inEuro);
  assert.deepEqual((await checkCredit(context(), order, null)).exposure, {
    amount: "21818.18",
    currency: "EUR",
  });
  const none = setUp((world) => {
    inEuro(world);
    world.rates = [];
  });
  await assert.rejects(checkCredit(none.context(), order, null), { code: "rate-missing" });
  const stale = setUp((world) => {
    inEuro(world);
    world.rates = [{ id: "EUR", rate: "1.10", asOf: "2026-01-01" }];
  });
  await assert.rejects(checkCredit(stale.context(), order, null), { code: "stale-data" });
});

test("an undo before its hold refuses the late hold of that revision, and not that of the next", async () => {
  const { context } = setUp();
  assert.deepEqual(await releaseCredit(context(), {}, null), { released: false });
  assert.deepEqual(await releaseCredit(context(), {}, null), { released: false });
  await assert.rejects(checkCredit(context(), order, null), { code: "undone" });
  await checkCredit(context({ subject: { revision: 2 } }), order, null);
});

test("budget: one cent below, equal, above; spent money and other runs' holds count", async () => {
  const amount = usd("20000.00");
  for (const [budget, enough] of [
    ["19999.99", false],
    ["20000.00", true],
    ["20000.01", true],
  ] as const) {
    const { context } = setUp((world) => {
      world.projects = world.projects.map((each) => ({ ...each, budget }));
    });
    const checked = checkBudget(context(), { project: "prj", amount }, null);
    if (enough) {
      assert.deepEqual(await checked, { available: usd(budget) });
    } else {
      await assert.rejects(checked, { code: "budget-exceeded" });
    }
  }
  const { books, context } = setUp();
  await checkBudget(context(), { project: "prj", amount: usd("12000.00") }, null);
  const second = context({ subject: { run: "run2" } });
  await assert.rejects(checkBudget(second, { project: "prj", amount: usd("8000.01") }, null), {
    code: "budget-exceeded",
  });
  assert.deepEqual(await checkBudget(second, { project: "prj", amount: usd("8000.00") }, null), {
    available: usd("8000.00"),
  });
  assert.deepEqual(await releaseBudget(second, {}, null), { released: true });
  await books.update("projects", "prj", { spent: "8000.01" });
  await assert.rejects(
    checkBudget(context({ subject: { run: "run3" } }), { project: "prj", amount: usd("0.01") }, null),
    { code: "budget-exceeded" },
  );
});

test("budget: nothing to buy passes even when nothing is left; an expired or unknown project does not", async () => {
  const { context } = setUp((world) => {
    world.projects = world.projects.map((each) => ({ ...each, spent: "20000.00" }));
  });
  assert.deepEqual(await checkBudget(context(), { project: "prj", amount: usd("0") }, null), {
    available: usd("0"),
  });
  await assert.rejects(checkBudget(context(), { project: "other", amount: usd("0") }, null), {
    code: "unknown-project",
  });
  const late = context({ now: "2027-01-01T00:00:00.000Z", subject: { run: "run2" } });
  await assert.rejects(checkBudget(late, { project: "prj", amount: usd("0") }, null), {
    code: "project-expired",
  });
});

test("a row changed between read and lock is a retryable error, never an overdraft", async () => {
  const { books, context } = setUp();
  class Racing extends MemoryBooks {
    override async update(): Promise<boolean> {
      return false;
    }
  }
  const racing = new Racing(orderWorld());
  await assert.rejects(checkCredit(context({ books: racing }), order, null), {
    code: "books-changed",
    retryable: true,
  });
  assert.deepEqual(await racing.find("commitments"), []);
  assert.deepEqual(await books.find("commitments"), []);
});
