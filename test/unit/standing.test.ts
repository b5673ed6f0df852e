import assert from "node:assert/strict";
import { test } from "node:test";
import type { StandingStatement } from "../../src/mandate-types.ts";
import type { Policy } from "../../src/policy-types.ts";
import type { ProposedTerms } from "../../src/rights-types.ts";
import type { SafetyAct } from "../../src/safety-types.ts";
import { usd } from "../fakes/policy-world.ts";
import { people, policy } from "../fakes/trust-world.ts";
import { createStandingUses } from "../../src/standing-uses.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { click, EngineWorld, request } from "./engine/engine-world.ts";

const rules: Policy = {
  ...policy,
  standing: { tiers: ["standard"], longestDays: 30, each: usd("2000"), inAll: usd("10000"), uses: 20 },
};
const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });
const dayMs = 24 * 3_600_000;

function world(change: Partial<Policy> = {}) {
  const engines = new EngineWorld();
  engines.trust = { ...engines.trust, policy: { ...rules, ...change } };
  const terms = (other: Partial<ProposedTerms> = {}): ProposedTerms => ({
    requester: "employee",
    workflow: null,
    customers: null,
    suppliers: null,
    each: usd("1500"),
    inAll: usd("3000"),
    uses: 5,
    until: new Date(engines.time.now() + 10 * dayMs).toISOString(),
    ...other,
  });
  const bot = engines.bot();
  const propose = async (other: Partial<ProposedTerms> = {}, by = "employee") => {
    const proposed = await bot.standing.proposeStanding(act(by), terms(other));
    assert.equal(proposed.outcome, "done", JSON.stringify(proposed));
    return proposed.outcome === "done" ? proposed.id : "";
  };
  const inForce = async (other: Partial<ProposedTerms> = {}) => {
    const id = await propose(other);
    assert.equal((await bot.standing.approveStanding(act("manager"), id)).outcome, "done");
    return id;
  };
  let asked = 0;
  /** Up to the open approval. */
  const opened = async () => {
    asked += 1;
    const { run } = await bot.engine.start({ ...request, key: `request-${asked}` });
    await engines.settle(bot.engine);
    return { run, approval: `${run}-1-gate` };
  };
  const codeOf = async (work: Promise<{ outcome: string; error?: { code: string } }>) =>
    (await work).error?.code ?? (await work).outcome;
  return { engines, bot, terms, propose, inForce, opened, codeOf };
}

test("what a standing grant covers is decided by it, said so everywhere, and ordered", async () => {
  const { engines, bot, inForce, opened } = world();
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
  const [view] = await bot.standing.all();
  assert.deepEqual([view?.status, view?.left.uses, view?.uses[0]?.approval], ["in-force", 4, approval]);
  await engines.bot().uses.lookAtAll();
  assert.equal((await bot.standing.all())[0]?.left.uses, 4, "another look uses nothing up");
});

test("who profits from it approves nothing, nor who may not decide; nobody twice", async () => {
  const { bot, propose, codeOf } = world();
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
  const { engines, bot, inForce } = world();
  await inForce({ requester: null, workflow: "buying" });
  const { run } = await bot.engine.start({ ...request, person: "manager" });
  await engines.settle(bot.engine);
  await bot.uses.lookAtAll();
  assert.equal((await engines.store.approval(`${run}-1-gate`))?.status, "open");
});

test("the policy's bounds and the company's people hold for what is proposed", async () => {
  const { bot, terms, codeOf } = world();
  const propose = (other: object, by = "employee") =>
    codeOf(bot.standing.proposeStanding(act(by), terms(other)));
  assert.equal(await propose({ each: usd("2000.01") }), "standing-refused");
  assert.equal(await propose({ each: { amount: "10", currency: "EUR" } }), "standing-refused");
  assert.equal(await propose({ inAll: usd("10000.01") }), "standing-refused");
  assert.equal(await propose({ uses: 21 }), "standing-refused");
  assert.equal(await propose({ requester: null }), "standing-refused");
  assert.equal(await propose({ tier: "large" }), "standing-refused");
  assert.equal(await propose({ until: "2027-01-01T00:00:00Z" }), "standing-refused");
  assert.equal(await propose({ requester: "former" }), "unknown-person");
  assert.equal(await propose({}, "former"), "unknown-person");
  assert.equal(await propose({ uses: 0 }), "bad-standing");
  assert.equal(await propose({ more: true }), "bad-standing");
  const none = world();
  const { standing: _none, ...without } = rules;
  none.engines.trust = { ...none.engines.trust, policy: without };
  assert.equal(await none.codeOf(none.bot.standing.proposeStanding(act("employee"), terms())), "no-standing");
});

test("lesson 23: revoked, expired, used up, or not allowed any more: people decide", async () => {
  for (const [name, end] of [
    [
      "revoked",
      ({ bot }: ReturnType<typeof world>, id: string) => bot.standing.revokeStanding(act("manager-2"), id),
    ],
    ["expired", ({ engines }: ReturnType<typeof world>) => engines.time.advance(10 * dayMs)],
    [
      "refused",
      ({ engines }: ReturnType<typeof world>) => {
        const { standing: _none, ...without } = rules;
        engines.trust = { ...engines.trust, policy: without };
      },
    ],
    [
      "waiting",
      ({ engines }: ReturnType<typeof world>) => {
        const gone = people.map((each) => (each.id === "manager" ? { ...each, active: false } : each));
        engines.trust = { ...engines.trust, person: (id) => gone.find((each) => each.id === id) };
      },
    ],
  ] as const) {
    const here = world();
    const id = await here.inForce();
    await end(here, id);
    const { approval } = await here.opened();
    assert.equal(
      here.engines.store.journal.some(({ facts }) => facts["state"] === "used"),
      false,
    );
    await here.bot.uses.lookAtAll();
    assert.equal((await here.engines.store.approval(approval))?.status, "open", name);
    assert.equal((await here.bot.standing.all())[0]?.status, name);
  }
});

test("what a key signed that is not believed any more counts for nobody; the person approves again", async () => {
  const { engines, bot, inForce, opened, codeOf } = world();
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
  assert.equal((await bot.standing.all())[0]?.status, "waiting");
  assert.equal(await codeOf(bot.standing.approveStanding(act("manager"), id)), "done");
  await bot.uses.lookAtAll();
  assert.equal((await engines.store.approval(approval))?.status, "recorded");
});

test("who proposed a grant takes it back, once; who has left does not", async () => {
  const { bot, inForce, codeOf } = world({ cancel: ["admin"] });
  const id = await inForce();
  assert.equal(await codeOf(bot.standing.revokeStanding(act("former"), id)), "unknown-person");
  assert.equal(await codeOf(bot.standing.revokeStanding(act("employee"), id)), "done", "who proposed it");
  assert.equal(await codeOf(bot.standing.revokeStanding(act("manager"), id)), "standing-closed");
});

test("approvals at once, looked at by several bots: never more than was granted", async () => {
  const { engines, bot, inForce, opened } = world();
  await inForce({ uses: 2 });
  const all = [await opened(), await opened(), await opened(), await opened()];
  await Promise.all([1, 2, 3].map(() => engines.bot().uses.lookAtAll()));
  const rows = await Promise.all(all.map(({ approval }) => engines.store.approval(approval)));
  assert.equal(rows.filter((row) => row?.status === "recorded").length, 2);
  const [view] = await bot.standing.all();
  assert.deepEqual([view?.status, view?.left.uses, view?.uses.length], ["used-up", 0, 2]);
});

test("a person who is first decides; the use that came to nothing is given back", async () => {
  const { engines, bot, inForce, opened } = world();
  await inForce();
  const { run, approval } = await opened();
  const uses = createStandingUses({
    store: engines.store,
    standing: bot.standing,
    engine: {
      async record(...given) {
        const person = { person: "manager-2", verdict: "rejected", reason: "no" } as const;
        await bot.approvals.decide({ ...click, approval, ...person });
        return bot.engine.record(...given);
      },
    },
    frozen: () => false,
    clock: engines.time,
    trust: () => engines.trust,
    sign: (statement) => ({
      statement,
      signer: { atSign: "@cs-x", instance: "main" },
      signature: "evidence",
    }),
    log: silentLogger,
  });
  await uses.look([`approval-${approval}`]);
  await engines.settle(bot.engine);
  assert.deepEqual([(await engines.run(run)).reason], ["rejected"]);
  assert.equal((await bot.standing.all())[0]?.left.uses, 5);
});
