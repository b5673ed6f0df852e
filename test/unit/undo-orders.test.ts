import assert from "node:assert/strict";
import { test } from "node:test";
import { cardFor } from "../../src/cards.ts";
import type { WholesalerId } from "../../src/sandbox/company/catalogues.ts";
import type { FaultSettings } from "../../src/sandbox/wholesalers/faults.ts";
import { stuckSteps, undoAlarmAttempt } from "../../src/step-errors.ts";
import { undoCardKey } from "../../src/undo-types.ts";
import { createUndoDesk } from "../../src/undo-desk.ts";
import { assertTold, passTime, played, viewOf } from "../fakes/undo-balances.ts";
import { type Balances, UndoWorld } from "../fakes/undo-world.ts";

/** Orders of unknown outcome, by the fault modes of the wholesalers' stand-ins: asked after, never repeated blindly. */

const ids: readonly WholesalerId[] = ["alpine-parts", "cobalt", "deltaline"];
const minute = 60_000;

async function withWorld(body: (world: UndoWorld, before: Balances) => Promise<void>): Promise<void> {
  const world = await UndoWorld.open();
  try {
    await body(world, await world.balances());
  } finally {
    await world.close();
  }
}
async function setFaults(world: UndoWorld, faults: FaultSettings): Promise<void> {
  await Promise.all(ids.map((id) => world.wholesalers.control.setFaults(id, faults)));
}
/** From the moment the orders are to be placed. */
function faultsAtOrders(world: UndoWorld, faults: FaultSettings) {
  let set = false;
  return {
    before: async ({ subject }: { readonly subject: { readonly step: string } }) => {
      if (subject.step === "orders" && !set) {
        set = true;
        await setFaults(world, faults);
      }
    },
  };
}
const isAlarmed = (world: UndoWorld) => async (run: string) => stuckSteps(await world.run(run)).length > 0;
const deskOf = (world: UndoWorld, engine: ReturnType<UndoWorld["bot"]>["engine"]) =>
  createUndoDesk({ store: world.store, engine, trust: () => world.trust });

/** Wholesalers answer nonsense, also when they are asked: the run waits, and a person is shown why. */
async function unknown(world: UndoWorld, faults: FaultSettings) {
  const o = await played(world, { trouble: faultsAtOrders(world, faults), until: isAlarmed(world) });
  const run = await world.run(o.run);
  const orders = run.steps.find(({ id }) => id === "orders");
  assert.deepEqual(
    [run.status, orders?.status, orders?.attempt],
    ["compensating", "compensating", undoAlarmAttempt],
  );
  const view = await viewOf(world, o.run);
  const [story] = view.undos;
  assert.ok(story);
  const card = cardFor(undoCardKey(story), view);
  assert.match(card?.title ?? "", /^Nobody knows whether this was ordered/);
  assert.deepEqual(card?.undo, { id: `${o.run}-1-orders`, attempt: undoAlarmAttempt });
  const fact = (label: string) => card?.facts.find((each) => each.label === label)?.value ?? "";
  assert.match(fact("Why"), /^it is not known yet whether orders were placed: .*supplier-garbage/);
  assert.match(fact("Concerns"), /orders? (is|are) placed with/);
  assert.match(fact("What you can do"), /telephone/);
  assert.match(fact("Kept meanwhile"), /Credit.*Reserve.*Budget/);
  assert.match(cardFor(`progress-${o.run}`, view)?.text ?? "", /^Finding out whether orders were placed/);
  return { ...o, card, desk: deskOf(world, o.bot.engine) };
}

test("answers that are lost: each order is looked up, none is sent twice, and the run is completed", async () => {
  await withWorld(async (world, before) => {
    const { run } = await played(world, { trouble: faultsAtOrders(world, { loseReply: true }) });
    assert.equal((await world.run(run)).status, "completed");
    await assertTold(world, run, before);
    const { suppliersOrders, openOrders } = await world.balances();
    assert.equal(suppliersOrders.length, openOrders.length);
  });
});

test("nobody can be reached: nothing was sent, all is undone, and nothing is left to ask", async () => {
  await withWorld(async (world, before) => {
    const { run } = await played(world, { trouble: faultsAtOrders(world, { down: true }) });
    assert.equal((await world.run(run)).status, "failed");
    assert.deepEqual(await assertTold(world, run, before), []);
  });
});

test("not booked, and nobody says so for long: asked again until it is known, then everything is undone", async () => {
  await withWorld(async (world, before) => {
    const { run, bot } = await unknown(world, { garbage: true });
    assert.deepEqual((await world.balances()).suppliersOrders, []);
    const sent = world.calls.filter((call) => call === "supply.place-orders").length;
    await setFaults(world, {});
    assert.ok(await passTime(world, bot, run));
    const ended = await world.run(run);
    assert.deepEqual(
      [ended.status, ended.steps.find(({ id }) => id === "orders")?.status],
      ["failed", "compensated"],
    );
    assert.deepEqual(await assertTold(world, run, before), []);
    assert.equal(world.calls.filter((call) => call === "supply.place-orders").length, sent, "not repeated");
    await world.deliverLate();
    assert.deepEqual((await world.balances()).suppliersOrders, [], "what comes late orders nothing");
  });
});

test("booked, and nobody says so for long: asked again, never sent again; what stands is told, and kept", async () => {
  await withWorld(async (world, before) => {
    // The first order is booked and its answer lost; from then on nothing can be understood.
    const lose = faultsAtOrders(world, { loseReply: true });
    let asked = 0;
    const log = async (row: Parameters<typeof lose.before>[0]) => {
      await lose.before(row);
      if (row.subject.step === "orders") {
        asked += 1;
        await setFaults(world, { loseReply: asked === 1, garbage: asked > 1 });
      }
    };
    world.supplierAsked = async (method) => {
      if (method === "findOrder") {
        await setFaults(world, { garbage: true });
      }
    };
    const { run, bot } = await played(world, { trouble: { before: log }, until: isAlarmed(world) });
    const booked = (await world.balances()).suppliersOrders;
    assert.equal(booked.length, 1);
    world.supplierAsked = async () => undefined;
    await setFaults(world, {});
    assert.ok(await passTime(world, bot, run));
    const ended = await world.run(run);
    assert.deepEqual([ended.status, ended.error?.code], ["failed", "effect-stands"]);
    assert.match(
      ended.error?.message ?? "",
      new RegExp(`orders were placed: ${run}-1-1 at .*, which calls it `),
    );
    assert.deepEqual(await assertTold(world, run, before), ["credit", "budget", "reserve", "orders"]);
    assert.deepEqual((await world.balances()).suppliersOrders, booked, "none was sent again");
    const card = cardFor(`result-${run}`, await viewOf(world, run));
    assert.match(card?.text ?? "", /Orders were placed, so what was reserved for them stays reserved/);
    assert.ok(
      card?.facts.some(({ label, value }) => label === "Stays" && value.endsWith("it cannot be undone")),
    );
    const refused = await deskOf(world, bot.engine).undo(run, "manager");
    assert.equal(refused.outcome === "refused" ? refused.error.code : "", "undo-irreversible");
  });
});

test("a person who cannot wait says that nothing of it stands: what was kept is released, and nothing comes late", async () => {
  await withWorld(async (world, before) => {
    const { run, bot, desk, card } = await unknown(world, { garbage: true });
    const click = {
      undo: card?.undo?.id ?? "",
      person: "manager",
      adapter: "console",
      act: "by-hand",
    } as const;
    const attempt = card?.undo?.attempt ?? 0;
    const note = "telephoned all of them: they have nothing";
    const answers = await Promise.all([1, 2].map(() => desk.act({ ...click, attempt, note })));
    assert.deepEqual(answers.map(({ outcome }) => outcome).toSorted(), ["accepted", "refused"], "one counts");
    assert.ok(await passTime(world, bot, run));
    // Who says so cannot change supply's own books: these orders go on counting against the ceilings.
    assert.deepEqual(await assertTold(world, run, before), ["orders"]);
    const view = await viewOf(world, run);
    const final = cardFor(undoCardKey(view.undos[0] ?? assert.fail("no undo")), view);
    assert.equal(final?.undo, null);
    assert.match(
      final?.text ?? "",
      /^Settled by hand by manager in console at 2026-.* telephoned all of them/,
    );
    await setFaults(world, {});
    await world.deliverLate();
    assert.deepEqual((await world.balances()).suppliersOrders, []);
  });
});

test("a person says that it stays as it is: everything is kept, and told", async () => {
  await withWorld(async (world) => {
    const { run, bot, desk, card } = await unknown(world, { garbage: true });
    const note = "the orders are on their way";
    const click = { undo: card?.undo?.id ?? "", person: "manager", adapter: "console", note } as const;
    assert.equal((await desk.act({ ...click, act: "given-up" })).outcome, "accepted");
    assert.ok(await passTime(world, bot, run));
    const ended = await world.run(run);
    assert.equal(ended.status, "failed");
    const stays = cardFor(`result-${run}`, await viewOf(world, run))?.facts.filter(
      ({ label }) => label === "Stays",
    );
    assert.equal(stays?.length, 4);
    assert.ok(stays?.some(({ value }) => value.endsWith("a person left it as it is")));
    assert.equal(await bot.engine.undo(run, "manager"), "irreversible");
    await world.time.advance(minute);
  });
});

test("tried again by a person: at once, under a new number, and without a second one for the same card", async () => {
  await withWorld(async (world, before) => {
    const { run, bot, desk, card } = await unknown(world, { garbage: true });
    await setFaults(world, {});
    const click = {
      undo: card?.undo?.id ?? "",
      person: "manager",
      adapter: "console",
      act: "retry",
    } as const;
    const attempt = card?.undo?.attempt ?? 0;
    assert.equal((await desk.act({ ...click, attempt })).outcome, "accepted");
    const again = await desk.act({ ...click, attempt });
    assert.equal(again.outcome === "refused" ? again.error.code : "", "undo-not-stuck");
    await world.settle(bot.engine);
    assert.equal((await world.run(run)).status, "failed", "known at once");
    assert.deepEqual(await assertTold(world, run, before), []);
  });
});
