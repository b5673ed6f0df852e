import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verdict } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { Store } from "../../../src/ports.ts";
import { settle } from "../../fakes/manual-time.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

class Crash extends Error {}

/** The record as a process sees it that dies at its nth use of it: just before, or after it was done. */
function mortal(store: Store, at: number, when: "before" | "after"): { store: Store; uses: () => number } {
  let uses = 0;
  const handler: ProxyHandler<Store> = {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") {
        return method;
      }
      return async (...args: unknown[]): Promise<unknown> => {
        uses += 1;
        if (uses > at || (uses === at && when === "before")) {
          throw new Crash();
        }
        const result: unknown = await Reflect.apply(method, target, args);
        if (uses >= at) {
          throw new Crash();
        }
        return result;
      };
    },
  };
  return { store: new Proxy(store, handler), uses: () => uses };
}

/** One life of the bot, from its start: sweeps, takes the request again, delivers, decides when asked. */
async function live(world: EngineWorld, verdict: Verdict): Promise<void> {
  const { engine, intake, approvals, sweeper } = world.bot();
  try {
    await engine.check();
    sweeper.start();
    await settle();
    const accepted = await intake.request(request);
    assert.equal(accepted.outcome, "accepted");
    await world.settle(engine);
    const open = await world.seen.approvals({ open: true });
    for (const approval of open) {
      await approvals.decide({ approval: approval.id, ...click, verdict });
    }
    await world.settle(engine);
  } catch (error) {
    if (!(error instanceof Crash)) {
      throw error;
    }
  } finally {
    await sweeper.stop();
  }
}

function outcome(world: EngineWorld, run: Awaited<ReturnType<EngineWorld["run"]>>) {
  return {
    status: run.status,
    reason: run.reason,
    placed: world.placed.length,
    effects: [...world.effects.values()],
    ended: world.store.journal.filter((each) => each.kind === "run" && each.facts["status"] === run.status)
      .length,
    recorded: world.store.journal.filter((each) => each.facts["state"] === "recorded").length,
    open: [...world.store.outbox.values()].filter((row) => row.open).length,
  };
}

for (const verdict of ["approved", "rejected"] as const) {
  test(`killed at every use of the record, queue lost: the run ends once, as if nothing had been (${verdict})`, async () => {
    const calm = new EngineWorld();
    const counted = mortal(calm.store, Number.POSITIVE_INFINITY, "before");
    calm.seen = counted.store;
    await live(calm, verdict);
    const [whole] = await calm.store.listRuns({ limit: 10 });
    assert.ok(whole !== undefined && counted.uses() > 30);
    const expected = outcome(calm, whole);
    assert.equal(expected.status, verdict === "approved" ? "completed" : "cancelled");

    for (let at = 1; at <= counted.uses(); at += 1) {
      for (const when of ["before", "after"] as const) {
        const world = new EngineWorld();
        world.seen = mortal(world.store, at, when).store;
        await live(world, verdict);
        // The next process: the queue is gone, and outbox leases have run out meanwhile.
        world.queue.clear();
        world.seen = world.store;
        await world.time.advance(61_000);
        await live(world, verdict);
        const runs = await world.store.listRuns({ limit: 10 });
        assert.equal(runs.length, 1, `killed ${when} use ${at}: one run`);
        assert.ok(runs[0] !== undefined);
        assert.deepEqual(outcome(world, runs[0]), expected, `killed ${when} use ${at}`);
      }
    }
  });
}

test("two bots on one record: each finds what the other has changed, and no step is done twice", async () => {
  const world = new EngineWorld();
  const bots = [world.bot(), world.bot()] as const;
  let turn = 0;
  const next = () => bots[(turn += 1) % 2 === 0 ? 0 : 1].engine;
  const engine: Engine = {
    ...bots[0].engine,
    dispatch: (job) => next().dispatch(job),
    receive: (message) => next().receive(message),
  };
  await bots[0].intake.request(request);
  await world.settle(engine);
  const [open] = await world.store.approvals({ open: true });
  assert.ok(open !== undefined);
  await bots[1].approvals.decide({ approval: open.id, ...click, verdict: "approved" });
  await world.settle(engine);
  assert.equal((await world.run(open.run)).status, "completed");
  assert.deepEqual([world.calls.length, world.placed.length], [new Set(world.calls).size, 1]);
  for (const bot of bots) {
    assert.equal(await bot.engine.cancel(open.run, "admin"), "finished");
  }
});

test("results that come together are applied one after the other, without a lost try", async () => {
  const world = new EngineWorld();
  const { engine, intake } = world.bot();
  let stale = 0;
  const saveRun = world.store.saveRun.bind(world.store);
  world.store.saveRun = async (commit) => {
    const saved = await saveRun(commit);
    stale += saved === "stale" ? 1 : 0;
    return saved;
  };
  await intake.request(request);
  for (let round = 0; round < 20; round += 1) {
    for (let job = world.queue.take(); job !== undefined; job = world.queue.take()) {
      await engine.dispatch(job);
    }
    const rows = await world.store.claimOutbox(world.time.now(), 60_000, 10);
    const replies = rows.flatMap((row) => world.replyTo(row) ?? []);
    await Promise.all(replies.map((reply) => engine.receive(reply)));
  }
  assert.equal((await world.store.approvals({ open: true })).length, 1);
  assert.equal(stale, 0);
});

test("a queue that loses, doubles and reorders jobs: the sweeper brings every run to its approval", async () => {
  const fates = ["lost", "kept", "doubled", "lost", "overtaking"] as const;
  let added = 0;
  const world = new EngineWorld(() => {
    added += 1;
    return fates[added % fates.length] ?? "kept";
  });
  const { engine, sweeper } = world.bot();
  sweeper.start();
  const runs: string[] = [];
  for (let index = 0; index < 10; index += 1) {
    runs.push((await engine.start({ ...request, key: `k${index}` })).run);
  }
  for (let turn = 0; turn < 60; turn += 1) {
    await world.settle(engine);
    await world.time.advance(2000);
  }
  await sweeper.stop();
  for (const run of runs) {
    assert.equal((await world.run(run)).status, "waiting");
    assert.equal((await world.store.approval(`${run}-1-gate`))?.status, "open");
  }
});

test("one run that cannot be swept does not keep the others from it", async () => {
  const world = new EngineWorld();
  const { engine, sweeper } = world.bot();
  const first = await engine.start(request);
  const second = await engine.start({ ...request, key: "k2" });
  world.queue.clear();
  const save = world.store.saveRun.bind(world.store);
  world.store.saveRun = async (commit) => {
    if (commit.run.id === first.run) {
      throw new Error("this one is broken");
    }
    return save(commit);
  };
  sweeper.start();
  await settle();
  const attempts = async () =>
    Promise.all([first, second].map(async ({ run }) => (await world.run(run)).steps[0]?.attempt));
  await world.time.advance(3_605_000);
  assert.deepEqual(await attempts(), [1, 2], "nobody answered within an hour");
  world.store.saveRun = save;
  await world.time.advance(60_000);
  assert.deepEqual(await attempts(), [2, 2]);
  await sweeper.stop();
  const before = (await world.run(first.run)).version;
  await world.time.advance(600_000);
  assert.equal((await world.run(first.run)).version, before, "a stopped sweeper is still");
});

test("a queue that hangs or refuses holds up nothing: requests are in the outbox, and no retry goes before its time", async () => {
  for (const add of [() => new Promise<void>(() => undefined), () => Promise.reject(new Error("no queue"))]) {
    const world = new EngineWorld();
    world.queue.add = add;
    let busy = 1;
    world.skills.set("inventory.reserve", (body, subject) => {
      if (busy > 0) {
        busy -= 1;
        throw new AppError("busy", "later", { retryable: true });
      }
      return world.usual("inventory.reserve", body, subject);
    });
    const { engine, intake, approvals, sweeper } = world.bot();
    sweeper.start();
    await settle();
    const accepted = await intake.request(request);
    assert.ok(accepted.outcome === "accepted");
    await world.settle(engine);
    const reserve = (await world.run(accepted.run)).steps.find((step) => step.id === "reserve");
    assert.deepEqual([reserve?.status, reserve?.attempt], ["queued", 2]);
    // Another process takes over: what waits for its time goes on waiting.
    await sweeper.stop();
    const next = world.bot();
    next.sweeper.start();
    await settle();
    await world.settle(next.engine);
    assert.equal(world.calls.filter((call) => call.startsWith("inventory.reserve")).length, 1);
    for (let turn = 0; turn < 10; turn += 1) {
      await world.time.advance(2000);
      await world.settle(next.engine);
    }
    const gate = `${accepted.run}-1-gate`;
    assert.equal((await approvals.decide({ approval: gate, ...click })).outcome, "accepted");
    for (let turn = 0; turn < 10; turn += 1) {
      await world.time.advance(2000);
      await world.settle(next.engine);
    }
    await next.sweeper.stop();
    assert.equal((await world.run(accepted.run)).status, "completed");
    assert.equal(world.placed.length, 1);
  }
});
