import assert from "node:assert/strict";
import { test } from "node:test";
import type { StandingStatement } from "../../src/mandate-types.ts";
import { usd } from "../fakes/policy-world.ts";
import { people } from "../fakes/trust-world.ts";
import { click, request } from "./engine/engine-world.ts";
import { act, dayMs, rules, standingWorld, type StandingWorld, usesOf } from "./standing-world.ts";

test("what a standing grant covers is decided by it, said so everywhere, and ordered", async () => {
  const { engines, bot, inForce, opened } = standingWorld();
  const id = await inForce();
  const { run, approval } = await opened();
  await bot.uses.look([`progress-${run}`, `approval-${approval}`]);
  const row = await engines.store.approval(approval);
  assert.deepEqual(row?.decisions, [
    {
      by: "manager",
      verdict: "approved",
      at: engines.time.now(),
      assurance: "clicked",
      adapter: "standing",
      standing: id,
    },
  ]);
  await engines.settle(bot.engine);
  assert.equal((await engines.run(run)).status, "completed");
  const notes = engines.store.journal.filter(({ kind }) => kind === "standing");
  assert.deepEqual(
    notes.map(({ run: of, facts }) => [of, facts["state"]]),
    [
      [null, "proposed"],
      [null, "approved"],
      [run, "used"],
    ],
  );
  const [view] = await bot.standing.standing("manager-2");
  assert.deepEqual([view?.status, view?.left.uses, view?.uses[0]?.approval], ["in-force", 4, approval]);
  await engines.bot().uses.lookAtAll();
  assert.equal((await bot.standing.standing("manager-2"))[0]?.left.uses, 4, "another look uses nothing up");
});

test("who profits from it approves nothing, nor who may not decide; nobody twice", async () => {
  const { bot, propose, codeOf } = standingWorld();
  const forManager = await propose({ requester: "manager" }, "manager");
  const approve = (person: string, id: string) => codeOf(bot.standing.approveStanding(act(person), id));
  assert.equal(await approve("manager", forManager), "own-request");
  assert.equal(await approve("employee", forManager), "not-allowed");
  assert.equal(await approve("former", forManager), "unknown-person");
  assert.equal(await approve("manager-2", "s99"), "unknown-standing");
  assert.equal(await approve("manager-2", forManager), "done");
  assert.equal(await approve("manager-2", forManager), "already-counted");
});

test("somebody who approved it for all who ask is not decided for by themselves", async () => {
  const { engines, bot, inForce } = standingWorld();
  await inForce({ requester: null, workflow: "buying" });
  const { run } = await bot.engine.start({ ...request, person: "manager" });
  await engines.settle(bot.engine);
  await bot.uses.lookAtAll();
  assert.equal((await engines.store.approval(`${run}-1-gate`))?.status, "open");
});

test("the policy's bounds and the company's people hold for what is proposed", async () => {
  const { bot, terms, codeOf } = standingWorld();
  const propose = (other: object, by = "employee") =>
    codeOf(bot.standing.proposeStanding(act(by), terms(other)));
  assert.equal(await propose({ each: usd("2000.01") }), "standing-refused");
  assert.equal(await propose({ each: { amount: "10", currency: "EUR" } }), "standing-refused");
  assert.equal(await propose({ inAll: usd("10000.01") }), "standing-refused");
  assert.equal(await propose({ uses: 21 }), "standing-refused");
  assert.equal(await propose({ requester: null }), "standing-refused");
  assert.equal(await propose({ tier: "large" }), "standing-refused");
  assert.equal(await propose({ workflow: "byuing" }), "standing-refused");
  assert.equal(await propose({ until: "2027-01-01T00:00:00Z" }), "standing-refused");
  assert.equal(await propose({ requester: "former" }), "unknown-person");
  assert.equal(await propose({}, "former"), "unknown-person");
  assert.equal(await propose({ uses: 0 }), "bad-standing");
  assert.equal(await propose({ more: true }), "bad-standing");
  for (const [other, said] of [
    [{ until: "tomorrow" }, 'not proposed: until: "tomorrow": expected a time such as 2026-01-31T08:00:00Z'],
    [{ each: usd("10.005") }, "each is 10.005, expected at most 2 decimals"],
    [{ uses: 2.5 }, "not proposed: uses: 2.5: expected a whole number from 1 to 1000"],
  ] as const) {
    const refused = await bot.standing.proposeStanding(act("employee"), terms(other));
    assert.equal(refused.outcome === "refused" && refused.error.message, said);
  }
  const none = standingWorld();
  const { standing: _none, ...without } = rules;
  none.engines.trust = { ...none.engines.trust, policy: without };
  assert.equal(await none.codeOf(none.bot.standing.proposeStanding(act("employee"), terms())), "no-standing");
});

test("customers and suppliers that are named are said again: ids of the books, exactly", async () => {
  const { bot, terms } = standingWorld();
  const named = { customers: ["CUST-XYZ"], suppliers: ["borealis", "cobalt"] };
  const done = await bot.standing.proposeStanding(act("employee"), terms(named));
  assert.match(
    done.outcome === "done" ? done.text : "",
    /ids of the books, letter by letter: customers CUST-XYZ; suppliers borealis, cobalt\.$/,
  );
});

test("lesson 23: revoked, expired, used up, or not allowed any more: people decide", async () => {
  for (const [name, end] of [
    ["revoked", ({ bot }: StandingWorld, id: string) => bot.standing.revokeStanding(act("manager-2"), id)],
    ["expired", ({ engines }: StandingWorld) => engines.time.advance(10 * dayMs)],
    [
      "refused",
      ({ engines }: StandingWorld) => {
        const { standing: _none, ...without } = rules;
        engines.trust = { ...engines.trust, policy: without };
      },
    ],
    [
      "waiting",
      ({ engines }: StandingWorld) => {
        const gone = people.map((each) => (each.id === "manager" ? { ...each, active: false } : each));
        engines.trust = { ...engines.trust, person: (id) => gone.find((each) => each.id === id) };
      },
    ],
  ] as const) {
    const here = standingWorld();
    const id = await here.inForce();
    await end(here, id);
    const { approval } = await here.opened();
    assert.equal(
      here.engines.store.journal.some(({ facts }) => facts["state"] === "used"),
      false,
    );
    await here.bot.uses.lookAtAll();
    assert.equal((await here.engines.store.approval(approval))?.status, "open", name);
    assert.equal((await here.bot.standing.standing("manager-2"))[0]?.status, name);
  }
});

test("what a key signed that is not believed any more counts for nobody; the person approves again", async () => {
  const { engines, bot, inForce, opened, codeOf } = standingWorld();
  const id = await inForce();
  const { trust } = engines;
  const rotated = engines.time.now();
  await engines.time.advance(1_000);
  engines.trust = {
    ...trust,
    verify: (signed, role) => {
      const { tag, receivedAt } = signed.statement as Partial<StandingStatement>;
      const isOld = tag === "countersign/standing/1" && Date.parse(receivedAt ?? "") <= rotated;
      return !isOld && trust.verify(signed, role);
    },
  };
  const { approval } = await opened();
  await bot.uses.lookAtAll();
  assert.equal((await engines.store.approval(approval))?.status, "open");
  assert.equal((await bot.standing.standing("manager-2"))[0]?.status, "waiting");
  assert.equal(await codeOf(bot.standing.approveStanding(act("manager"), id)), "done");
  await bot.uses.lookAtAll();
  assert.equal((await engines.store.approval(approval))?.status, "recorded");
});

test("what somebody may do about a grant is said to them, and then true", async () => {
  const { engines, bot, propose, codeOf } = standingWorld({ cancel: ["admin"] });
  const other = {
    id: "employee-2",
    name: "Eli Example",
    roles: ["employee" as const],
    active: true,
    accounts: [],
  };
  const all = [...people, other];
  engines.trust = { ...engines.trust, person: (id) => all.find((each) => each.id === id) };
  const id = await propose({ requester: "manager" }, "manager");
  const seen = async () =>
    Object.fromEntries(
      await Promise.all(
        ["manager", "manager-2", "employee-2", "former"].map(async (viewer) => {
          const [view] = await bot.standing.standing(viewer);
          return [viewer, view?.may];
        }),
      ),
    );
  const none = { approve: false, revoke: false };
  assert.deepEqual(await seen(), {
    manager: { approve: false, revoke: true },
    "manager-2": { approve: true, revoke: true },
    "employee-2": undefined,
    former: undefined,
  });
  assert.equal(await codeOf(bot.standing.approveStanding(act("manager-2"), id)), "done");
  assert.deepEqual((await seen())["manager-2"], { approve: false, revoke: true });
  await engines.time.advance(1);
  const forAll = await propose({ requester: null, workflow: "buying" }, "manager");
  assert.deepEqual((await seen())["employee-2"], none, "who may use it sees it");
  assert.equal(await codeOf(bot.standing.approveStanding(act("employee-2"), forAll)), "not-allowed");
  assert.equal(await codeOf(bot.standing.revokeStanding(act("employee-2"), forAll)), "not-allowed");
  assert.equal(await codeOf(bot.standing.revokeStanding(act("manager-2"), forAll)), "done");
  assert.deepEqual((await seen())["manager-2"], none, "it is ended");
});

test("who proposed a grant takes it back, once; who has left does not", async () => {
  const { bot, inForce, codeOf } = standingWorld({ cancel: ["admin"] });
  const id = await inForce();
  assert.equal(await codeOf(bot.standing.revokeStanding(act("former"), id)), "unknown-person");
  assert.equal(await codeOf(bot.standing.revokeStanding(act("employee"), id)), "done", "who proposed it");
  assert.equal(await codeOf(bot.standing.revokeStanding(act("manager"), id)), "standing-closed");
});

test("approvals at once, looked at by several bots: never more than was granted", async () => {
  const { engines, bot, inForce, opened } = standingWorld();
  await inForce({ uses: 2 });
  const all = [await opened(), await opened(), await opened(), await opened()];
  await Promise.all([1, 2, 3].map(() => engines.bot().uses.lookAtAll()));
  const rows = await Promise.all(all.map(({ approval }) => engines.store.approval(approval)));
  assert.equal(rows.filter((row) => row?.status === "recorded").length, 2);
  const [view] = await bot.standing.standing("manager-2");
  assert.deepEqual([view?.status, view?.left.uses, view?.uses.length], ["used-up", 0, 2]);
});

test("a person who is first decides; the use that came to nothing is given back", async () => {
  const { engines, bot, inForce, opened } = standingWorld();
  await inForce();
  const { run, approval } = await opened();
  const uses = usesOf(engines, {
    standing: bot.standing,
    engine: {
      async record(...given) {
        const person = { person: "manager-2", verdict: "rejected", reason: "no" } as const;
        await bot.approvals.decide({ ...click, approval, ...person });
        return bot.engine.record(...given);
      },
    },
  });
  await uses.look([`approval-${approval}`]);
  await engines.settle(bot.engine);
  assert.deepEqual([(await engines.run(run)).reason], ["rejected"]);
  assert.equal((await bot.standing.standing("manager-2"))[0]?.left.uses, 5);
});
