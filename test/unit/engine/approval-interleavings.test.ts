import assert from "node:assert/strict";
import { test } from "node:test";
import { policy } from "../../fakes/trust-world.ts";
import { gate } from "./approval-invariants.ts";
import { search } from "./approval-model.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

test("two approve where both must, while it is edited, cancelled, expires, and a process dies", async () => {
  const { states, ends } = await search({
    quorum: 2,
    verdicts: { first: ["manager", "approved"], second: ["manager-2", "approved"] },
  });
  assert.ok(states > 100, `${states} states`);
  for (const end of ["decided", "withdrawn", "expired"]) {
    assert.ok(
      [...ends].some((each) => each.startsWith(end)),
      `${end} is reached: ${[...ends].join("; ")}`,
    );
  }
});

test("one approves, one rejects, and the first one's second account approves as well", async () => {
  const { states, ends } = await search({
    quorum: 2,
    verdicts: {
      first: ["manager", "approved"],
      again: ["manager", "approved"],
      second: ["manager-2", "rejected"],
    },
  });
  assert.ok(states > 100, `${states} states`);
  assert.ok(![...ends].some((each) => each.endsWith("completed")));
});

test("a plan is changed while people decide: the editor never decides on it, and the first plan has no effect then", async () => {
  const { states, ends } = await search({
    quorum: 1,
    verdicts: {
      first: ["manager-2", "approved"],
      own: ["manager", "approved", 2],
      second: ["manager-2", "approved", 2],
    },
  });
  assert.ok(states > 100, `${states} states`);
  for (const end of ["withdrawn open waiting", "withdrawn decided running", "withdrawn expired cancelled"]) {
    assert.ok(ends.has(end), `${end} is reached: ${[...ends].join("; ")}`);
  }
});

test("one of two is enough: only the first of opposite verdicts counts", async () => {
  const { states } = await search({
    quorum: 1,
    verdicts: { first: ["manager", "approved"], second: ["manager-2", "rejected"] },
  });
  assert.ok(states > 100, `${states} states`);
});

test("the same on the record itself: all orders of any of them at once, by two bots of which one dies", async () => {
  const names = ["first", "second", "cancel", "expire", "crash"] as const;
  const outcomes = new Set<string>();
  for (const order of orderings(names)) {
    const world = new EngineWorld();
    const approve = { ...policy.approve, quorum: 2 };
    world.trust = { ...world.trust, policy: { ...policy, approve } };
    const bots = [world.bot(), world.bot()] as const;
    const { run } = await bots[0].engine.start(request);
    await world.settle(bots[0].engine);
    const approval = `${run}-1-${gate}`;
    const does = {
      first: () => bots[0].approvals.decide({ approval, ...click, person: "manager" }),
      second: () => bots[1].approvals.decide({ approval, ...click, person: "manager-2" }),
      cancel: () => bots[1].engine.cancel(run, "employee"),
      expire: async () => {
        await world.time.advance(73 * 3_600_000);
        await bots[0].engine.due(run);
      },
      crash: () => world.bot().engine.due(run),
    };
    const all = await Promise.allSettled(order.map((name) => does[name]()));
    assert.ok(all.every(({ status }) => status === "fulfilled"));
    await world.settle(world.bot().engine);
    const row = await world.store.approval(approval);
    const ended = await world.run(run);
    assert.ok(row !== undefined && row.status !== "recorded");
    const orders = world.placed.length;
    assert.equal(orders, row.status === "decided" && row.decision?.verdict === "approved" ? 1 : 0);
    assert.ok(orders === 0 || row.decisions.length === 2);
    assert.equal(ended.status === "waiting", row.status === "open");
    outcomes.add(`${row.status} ${ended.status} ${row.decisions.length}`);
  }
  assert.ok(outcomes.size > 2, [...outcomes].join("; "));
});

/** Every order of every selection. */
function orderings<T>(items: readonly T[]): T[][] {
  return items.flatMap((each) => {
    const others = items.filter((other) => other !== each);
    return [[each], ...orderings(others).map((rest) => [each, ...rest])];
  });
}
