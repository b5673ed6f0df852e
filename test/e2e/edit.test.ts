import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Card } from "../../src/card.ts";
import { controlClient } from "../../src/commands/control-client.ts";
import { patientClient } from "../../src/commands/patient-client.ts";
import type { RunDetail } from "../../src/desk-types.ts";
import type { PlanDocument } from "../../src/domain.ts";
import { readHit, readPassed, writeOrder } from "../chaos/failpoints/order-file.ts";
import { everyOrder } from "./mandate-papers.ts";
import { type CommandResult, TestSystem } from "./system.ts";
import { setFaults } from "./wholesaler-control.ts";

interface Order {
  readonly id: string;
  readonly run: string;
  readonly wholesaler: string;
  readonly status: string;
  readonly document: string;
}
interface Shown {
  readonly approval: { readonly id: string; readonly status: string; readonly revision: number };
  readonly card: Card;
}

const preload = new URL("../chaos/failpoints/preload-process.ts", import.meta.url).href;
const patienceMs = 120_000;
const lookAgainMs = 100;

/** Plans that are changed before the decision, and plans that prices have left behind after it. */
suite("a plan is made anew", { timeout: 600_000 }, () => {
  const system = new TestSystem({ NODE_OPTIONS: `--import ${preload}` });
  before(async () => {
    await system.start();
  });
  after(() => system.remove());

  const ask = async (quantity: number): Promise<string> => {
    const { result } = await system.ask(`Order the parts needed for ${quantity} widgets for Customer XYZ`);
    assert.equal(result.status, "waiting", JSON.stringify(result.error));
    return result.run ?? "";
  };
  // For what is asked again and again: a command is a process of its own each time.
  const bot = patientClient(
    controlClient(path.join(system.folder, "run"), "bot"),
    patienceMs,
    () => undefined,
  );
  const approvals = async () => (await bot.get("/approvals")) as readonly Shown[];
  const eventually = async <T>(found: () => Promise<T | undefined>, missing: () => string): Promise<T> => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const value = await found();
      if (value !== undefined) {
        return value;
      }
      assert.ok(performance.now() < deadline, missing());
      await pause(lookAgainMs);
    }
  };
  /** The run's open approval once it is of this revision. */
  const openOf = (run: string, revision: number): Promise<Shown> =>
    eventually(
      async () =>
        (await approvals()).find(
          ({ approval }) => approval.id === `${run}-${revision}-gate` && approval.status === "open",
        ),
      () => `no plan ${revision} of ${run}`,
    );
  const changesOf = ({ card }: Shown) =>
    Object.fromEntries(
      card.tables
        .filter(({ about }) => about === "change")
        .flatMap(({ rows }) => rows.map(([what = "", ...values]) => [what, values])),
    );
  const planOf = async (run: string): Promise<PlanDocument> => {
    const { plan } = JSON.parse((await system.run("run", run, "--json")).stdout) as {
      plan: { document: PlanDocument };
    };
    return plan.document;
  };
  const ordersOf = async (run: string) =>
    (await system.books<Order>("orders")).filter((order) => order.run === run);
  /** Of all runs: by the books, and by the wholesalers' own lists. */
  const orderLists = async () => {
    const [booked, sold] = JSON.parse(await everyOrder(system)) as [Order[], string[]];
    const taken = sold.map(
      (each) => JSON.parse(each) as { readonly orders: { readonly reference: string }[] },
    );
    return { booked, taken: taken.flatMap(({ orders }) => orders) };
  };
  const good = ({ code, stdout, stderr }: CommandResult): string => {
    assert.equal(code, 0, stderr);
    return stdout;
  };

  test("edit → preview → new card → decided by another → ordered as changed", async () => {
    const run = await ask(50);
    const first = await planOf(run);
    assert.match(good(await system.run("edit", run)), /Quantity: 50 \(1 to 100\)[^]*Shipping: cheapest/);
    const preview = good(await system.run("edit", run, "quantity", "60"));
    assert.match(preview, /Quantity: 50 → 60[^]*manager becomes an editor[^]*only after the agents/);
    const refused = await system.run("edit", run, "quantity", "101", "--yes");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /field "quantity": 101, expected 1 to 100/);
    assert.equal((await planOf(run)).revision, 1);

    good(await system.run("edit", run, "quantity", "60", "margin", "25", "shipping", "fastest", "--yes"));
    const second = await openOf(run, 2);
    const changes = changesOf(second);
    assert.deepEqual(changes["Quantity"], ["50", "60"]);
    assert.deepEqual(changes["Margin"], ["18 %", "25 %"]);
    assert.match(second.card.text, /New plan 2\. Changed by manager\./);
    const own = await system.run("approve", second.approval.id, "--by", "manager");
    assert.match(own.stderr, /own-request/);
    good(await system.run("approve", second.approval.id, "--by", "manager-2"));
    assert.equal((await system.ended(run)).status, "completed");
    const plan = await planOf(run);
    assert.deepEqual(
      [plan.request.quantity, plan.editors, plan.quote.marginPercent],
      ["60", ["manager"], "25"],
    );
    assert.ok(latest(plan) <= latest(first));
    const orders = await ordersOf(run);
    assert.ok(orders.length > 0 && orders.every(({ id }) => id.startsWith(`${run}-2-`)));
    const held = await system.books<{ id: string; run: string; status: string }>("commitments");
    const old = held.filter(({ id }) => id.startsWith(`${run}-1-`));
    assert.ok(old.length > 0 && old.every(({ status }) => status === "released"));
    assert.match(
      good(await system.run("explain", run)),
      /manager changed quantity, shipping, margin of plan .* from plan 1 to plan 2[^]*“Quantity”: “50” → “60”/,
    );
  });

  test("decision by line: who asked leaves one out, the manager decides on the others", async () => {
    const run = await ask(40);
    const [line] = (await planOf(run)).orders.flatMap((order) => order.lines);
    const part = line?.part ?? "";
    good(await system.run("edit", run, "leave-out", part, "--by", "employee", "--yes"));
    const second = await openOf(run, 2);
    assert.deepEqual(changesOf(second)["Left out"], ["none", part]);
    good(await system.run("approve", second.approval.id));
    assert.equal((await system.ended(run)).status, "completed");
    const orders = await ordersOf(run);
    assert.ok(orders.length > 0 && orders.every(({ document }) => !document.includes(`"${part}"`)));
  });

  /** Each copy of the run's approval cards, as it lies in the record's file. */
  const approvalCards = (run: string) => {
    const database = new DatabaseSync(path.join(system.data, "bot", "record.db"), { readOnly: true });
    try {
      const cards = database.prepare(
        "select key, message is not null and shown_version = version as drawn from cards where key like ? order by key",
      );
      return cards.all(`approval-${run}-%`).map((row) => [row["key"], row["drawn"]]);
    } finally {
      database.close();
    }
  };
  const drawn = (run: string, revisions: readonly number[]): Promise<true> => {
    const expected = revisions.map((revision) => [`approval-${run}-${revision}-gate`, 1]);
    return eventually(
      async () => isDeepStrictEqual(approvalCards(run), expected) || undefined,
      () => `drawn: ${JSON.stringify(approvalCards(run))}`,
    );
  };
  const posted = () =>
    readPassed(system.folder).filter((name) => name.startsWith("before:bot.terminal.post#"));

  /** Between the edit and the new plan's card the bot dies as early as it can, then as late as it can. */
  for (const [id, armed, quantity] of [
    [1, "after:bot.store.saveRun#1", 20],
    [2, "before:bot.terminal.post#1", 25],
  ] as const) {
    test(`kill -9 of the bot ${armed} of an edit: one new plan, the old card final, the new one drawn once, ordered once`, async () => {
      const run = await ask(quantity);
      await openOf(run, 1);
      await drawn(run, [1]);
      writeOrder(system.folder, { id, armed, thenAll: true });
      const editing = { as: "manager", key: randomUUID(), changes: { quantity: "30" } };
      const address = `/approvals/${run}-1-gate/edit`;
      // Whoever hears nothing asks again, with the same key.
      assert.deepEqual(await bot.post(address, editing), { outcome: "accepted", run });
      const second = await openOf(run, 2);
      await drawn(run, [1, 2]);
      assert.equal(readHit(system.folder)?.kind, "bot");
      assert.deepEqual(await bot.post(address, editing), { outcome: "accepted", run });

      assert.equal(second.card.approval?.id, `${run}-2-gate`);
      assert.deepEqual(changesOf(second)["Quantity"], [`${quantity}`, "30"]);
      assert.match(second.card.text, /New plan 2\. Changed by manager\./);
      const shown = (await approvals()).filter(({ approval }) => approval.id.startsWith(`${run}-`));
      assert.deepEqual(
        shown.map(({ approval, card: each }) => [approval.revision, approval.status, each.approval?.id]),
        [
          [2, "open", `${run}-2-gate`],
          [1, "withdrawn", undefined],
        ],
      );
      const { plannedAnew } = (await bot.get(`/runs/${run}`)) as RunDetail;
      assert.deepEqual(
        plannedAnew.map(({ before: old, revision }) => [old, revision]),
        [[1, 2]],
      );
      const told = good(await system.run("explain", run));
      assert.equal(told.split("manager changed quantity").length, 2, told);
      for (const kind of ["reservations", "commitments"]) {
        const held = (await system.books<{ id: string; status: string }>(kind)).filter(({ id: key }) =>
          key.startsWith(`${run}-`),
        );
        const old = held.filter(({ id: key }) => key.startsWith(`${run}-1-`));
        assert.ok(
          old.every(({ status }) => status === "released"),
          JSON.stringify(held),
        );
        const now = held.filter((each) => !old.includes(each));
        assert.ok(
          now.length > 0 &&
            now.every(({ id: key, status }) => key.startsWith(`${run}-2-`) && status !== "released"),
          JSON.stringify(held),
        );
      }
      const approve = (revision: number) =>
        bot.post(`/approvals/${run}-${revision}-gate`, { as: "manager-2", verdict: "approved" });
      assert.partialDeepStrictEqual(await approve(1), {
        outcome: "already-decided",
        approval: { status: "withdrawn" },
      });
      assert.equal(posted().length, 1, posted().join());
      assert.deepEqual(await approve(2), { outcome: "accepted", run });
      assert.equal((await system.ended(run)).status, "completed");
      const { orders } = await planOf(run);
      const { booked, taken } = await orderLists();
      assert.deepEqual(
        booked
          .filter((order) => order.run === run)
          .map((order) => [order.id, order.status])
          .toSorted(),
        orders.map(({ id: order }) => [order, "confirmed"]).toSorted(),
      );
      assert.deepEqual(
        taken.flatMap(({ reference }) => (reference.startsWith(`${run}-`) ? [reference] : [])).toSorted(),
        orders.map((order) => order.id).toSorted(),
      );
    });
  }

  test("a price moves at a wholesaler between decision and order: nothing is sent, a new plan waits", async () => {
    const run = await ask(30);
    const { orders, fallbacks } = await planOf(run);
    // One whose parts others have too: else nothing could be planned any more.
    const other = fallbacks.find(({ action }) => action === "alternative");
    const supplier = orders.find(({ id }) => id === other?.order)?.supplier ?? "";
    const before = (await orderLists()).taken;
    await setFaults(system, supplier, { wrongPrice: true });
    const approved = await system.run("approve", `${run}-1-gate`, "--json");
    assert.equal(approved.code, 0, approved.stderr);
    const second = await openOf(run, 2);
    assert.match(second.card.text, /prices or stock have moved since the plan was made/);
    assert.ok(Object.keys(changesOf(second)).length > 0);
    assert.deepEqual((await orderLists()).taken, before);
    const aside = await ordersOf(run);
    assert.ok(aside.length > 0 && aside.every(({ status }) => status === "drifted"));
    // Nobody has changed it: whoever approved the first plan may approve this one.
    good(await system.run("approve", second.approval.id));
    assert.equal((await system.ended(run)).status, "completed");
    const placed = (await ordersOf(run)).filter(({ status }) => status === "confirmed");
    assert.ok(placed.length > 0 && placed.every(({ id }) => id.startsWith(`${run}-2-`)));
    assert.match(
      good(await system.run("explain", run)),
      /plan 1 was stopped at “orders”.* prices or stock had moved[^]*plan 2 took the place of plan 1/,
    );
    await setFaults(system, supplier, {});
  });
});

function latest({ orders }: PlanDocument): string {
  return (
    orders
      .map((order) => order.expectedDelivery)
      .toSorted()
      .at(-1) ?? ""
  );
}
