import assert from "node:assert/strict";
import { loadRunView } from "../../src/run-view.ts";
import { remaining } from "../../src/what-remains.ts";
import orderParts from "../../src/workflows/order-parts.ts";
import { click, request } from "../unit/engine/engine-world.ts";
import type { Balances, Trouble, UndoWorld } from "./undo-world.ts";

/** Requests played in an undo world to their end, and what they leave behind. */

const minute = 60_000;
let asked = 0;

/** Lets time pass, as the sweeper sees it, until a run has ended or `until` holds; false when neither comes. */
export async function passTime(
  world: UndoWorld,
  bot: ReturnType<UndoWorld["bot"]>,
  run: string,
  until: () => Promise<boolean> = async () => false,
): Promise<boolean> {
  for (let turn = 0; turn < 300; turn += 1) {
    await world.settle(bot.engine);
    if (await until()) {
      return true;
    }
    if (["completed", "failed", "cancelled"].includes((await world.run(run)).status)) {
      return true;
    }
    await world.time.advance(turn < 60 ? minute : 60 * minute);
    await bot.engine.due(run);
  }
  return false;
}

/** Asks, has it decided on, and lets time pass until it has ended, or `until` holds; with what goes wrong on the way. */
export async function played(
  world: UndoWorld,
  o: {
    readonly trouble?: Trouble;
    readonly decide?: "approved" | "rejected" | "cancel" | "nobody";
    readonly until?: (run: string) => Promise<boolean>;
  } = {},
) {
  const bot = world.bot();
  world.trouble = o.trouble ?? {};
  world.received.length = 0;
  asked += 1;
  const { run } = await bot.engine.start({ ...request, key: `k${asked}` });
  const waits = async () => (await world.store.approvals({ run, open: true })).length > 0;
  assert.ok(await passTime(world, bot, run, waits), "it comes to its approval, or ends");
  const { decide = "approved" } = o;
  for (const { id } of await world.store.approvals({ run, open: true })) {
    if (decide === "cancel") {
      assert.equal(await bot.engine.cancel(run, "employee"), "cancelled");
    } else if (decide !== "nobody") {
      await bot.approvals.decide({ ...click, verdict: decide, approval: id });
    }
  }
  const until = o.until?.bind(null, run);
  assert.ok(
    await passTime(world, bot, run, until),
    `it does not end: ${JSON.stringify(await world.run(run))}`,
  );
  return { run, bot };
}

/** Which of the plan's effects show in the balances. */
export function differing(before: Balances, after: Balances): readonly string[] {
  const same = (key: keyof Balances) => JSON.stringify(before[key]) === JSON.stringify(after[key]);
  assert.ok(same("stock"), "no stock is ever taken");
  const orders = same("openOrders") && same("suppliersOrders");
  return [
    ...(same("credit") ? [] : ["credit"]),
    ...(same("budget") ? [] : ["budget"]),
    ...(same("reserved") ? [] : ["reserve"]),
    ...(orders ? [] : ["orders"]),
  ];
}

export async function viewOf(world: UndoWorld, run: string) {
  return loadRunView(world.store, await world.run(run), {
    definition: () => orderParts,
    atSignOf: (agent) => `@cs-${agent}`,
    onAltered: () => assert.fail("a plan was altered"),
  });
}

/** Every difference is told in the plan's words, and nothing is told that is not one. Gives the differing steps. */
export async function assertTold(
  world: UndoWorld,
  run: string,
  before: Balances,
): Promise<readonly string[]> {
  const view = await viewOf(world, run);
  const after = await world.balances();
  const differences = differing(before, after);
  const told = remaining(view);
  const words = (step: string) =>
    view.plan?.document.effects.find((each) => each.step === step)?.description ?? step;
  if (view.run.status !== "completed") {
    assert.deepEqual(
      told.map((line) => line.slice(0, line.lastIndexOf(": "))).toSorted(),
      differences.map(words).toSorted(),
      JSON.stringify({ told, before, after, error: view.run.error }),
    );
  }
  if (after.suppliersOrders.length > before.suppliersOrders.length) {
    assert.ok(told.length === 0 || told.some((line) => line.includes("it cannot be undone")), told.join());
    // What is open here is open at the wholesalers, and the other way round.
    assert.deepEqual(
      [...after.openOrders].toSorted(),
      after.suppliersOrders.map((each) => each.slice(each.indexOf("/") + 1)).toSorted(),
    );
  }
  return differences;
}
