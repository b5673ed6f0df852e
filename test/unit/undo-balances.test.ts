import assert from "node:assert/strict";
import { after, test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { stuckSteps } from "../../src/step-errors.ts";
import orderParts from "../../src/workflows/order-parts.ts";
import { assertTold, differing, played } from "../fakes/undo-balances.ts";
import { type Balances, type Trouble, UndoWorld } from "../fakes/undo-world.ts";
import { Silence } from "./engine/engine-world.ts";

/**
 * After an undo at any failure point the real books and the wholesalers' own order lists are as at the start, or every
 * difference that remains is named in what the user is told.
 */

let open: UndoWorld | undefined;
/**
 * The same world for as long as nothing stands in it, because what stands leaves too little credit for the next run, and
 * its prices are not out of date.
 */
async function withWorld(body: (world: UndoWorld, before: Balances) => Promise<void>): Promise<void> {
  open ??= await UndoWorld.open();
  const world = open;
  const before = await world.balances();
  open = undefined;
  await body(world, before).catch(async (error: unknown) => {
    await world.close();
    throw error;
  });
  const isOld = world.time.now() - world.startedAt > 2 * 86_400_000;
  if (!isOld && differing(before, await world.balances()).length === 0) {
    open = world;
  } else {
    await world.close();
  }
}
after(() => open?.close());

const steps = orderParts.steps.flatMap((step) =>
  step.kind === "call" || step.kind === "approval" ? [step.id] : [],
);
const fail = (): never => {
  throw new AppError("broken", "it failed for good");
};
const silence = (): never => {
  throw new Silence();
};
/** How often something went wrong. */
let troubles = 0;
const at = (step: string, what: () => never) => (row: { readonly subject: { readonly step: string } }) => {
  if (row.subject.step === step) {
    troubles += 1;
    what();
  }
};
/** Before the effect, or after it: failed, or nobody knows. */
const kinds: Readonly<Record<string, (step: string) => Trouble>> = {
  "fails before its effect": (step) => ({ before: at(step, fail) }),
  "fails after its effect": (step) => ({ after: at(step, fail) }),
  "gives no answer before its effect": (step) => ({ before: at(step, silence) }),
  "gives no answer after its effect": (step) => ({ after: at(step, silence) }),
};

test("without trouble the orders stand, here and at the wholesalers, and nothing is undone", async () => {
  await withWorld(async (world, before) => {
    const { run } = await played(world);
    assert.equal((await world.run(run)).status, "completed");
    assert.deepEqual(await assertTold(world, run, before), ["credit", "budget", "reserve", "orders"]);
  });
});

for (const decide of ["rejected", "nobody", "cancel"] as const) {
  test(`an approval that ends without a yes (${decide}) leaves nothing behind`, async () => {
    await withWorld(async (world, before) => {
      const { run } = await played(world, { decide });
      assert.equal((await world.run(run)).status, "cancelled");
      assert.deepEqual(await assertTold(world, run, before), []);
    });
  });
}

for (const step of steps) {
  test(`whatever happens at ${step}: the balances are as at the start, or what remains is told`, async () => {
    for (const [kind, trouble] of Object.entries(kinds)) {
      await withWorld(async (world, before) => {
        troubles = 0;
        const { run } = await played(world, { trouble: trouble(step) });
        assert.ok(troubles > 0, `${step} is not reached`);
        const differences = await assertTold(world, run, before).catch((error: unknown) => {
          throw new Error(`${step} ${kind}`, { cause: error });
        });
        const mayStand = steps.indexOf(step) >= steps.indexOf("orders");
        assert.ok(mayStand || differences.length === 0, `${step} ${kind}: all is undone`);
        const settled = await world.balances();
        await world.deliverLate();
        assert.deepEqual(await world.balances(), settled, `${step} ${kind}: what comes late changes nothing`);
        assert.deepEqual(stuckSteps(await world.run(run)), []);
      });
    }
  });
}

/** The first tries only, so that the step succeeds in the end: what was done twice over counts once. */
test("an effect whose answers were lost is not repeated: every step twice unanswered after its effect", async () => {
  await withWorld(async (world, before) => {
    const lost = new Map<string, number>();
    const trouble: Trouble = {
      after: ({ subject: { step } }) => {
        lost.set(step, (lost.get(step) ?? 0) + 1);
        if ((lost.get(step) ?? 0) <= 2) {
          throw new Silence();
        }
      },
    };
    const { run } = await played(world, { trouble });
    assert.equal((await world.run(run)).status, "completed");
    await assertTold(world, run, before);
    const { suppliersOrders } = await world.balances();
    assert.equal(new Set(suppliersOrders).size, suppliersOrders.length);
    assert.ok(suppliersOrders.length > 0 && suppliersOrders.every((each) => each.includes(`/${run}-1-`)));
  });
});
