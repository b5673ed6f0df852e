import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Policy } from "../../src/policy-types.ts";
import { watchRights } from "../../src/rights-watch.ts";
import { people, policy } from "../fakes/trust-world.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { EngineWorld } from "./engine/engine-world.ts";

const hourMs = 3_600_000;
const helper = { id: "helper", name: "Hal", roles: ["employee" as const], active: true, accounts: [] };

/** Two bots of one record; what changes for those of the second is counted. */
async function twoBots(absences: Policy["absences"] = []) {
  const world = new EngineWorld();
  const rules: Policy = { ...policy, delegation: { longestHours: 24 }, absences };
  world.trust = {
    ...world.trust,
    policy: rules,
    person: (id) => [...people, helper].find((each) => each.id === id),
  };
  const [here, there] = [world.bot(), world.bot()];
  let changes = 0;
  const watch = watchRights({
    delegations: there.delegations,
    policy: () => rules,
    changed: () => (changes += 1),
    clock: world.time,
    after: (ms, call) => world.time.after(ms, call),
    log: silentLogger,
  });
  await watch.start();
  return { world, here, there, watch, changes: () => changes };
}

test("a right that was handed on at another bot is known within seconds, and so are its ends", async () => {
  const { world, here, there, watch, changes } = await twoBots();
  const give = (hours: number) =>
    here.delegations.delegate({
      from: "manager",
      to: "helper",
      approval: null,
      hours,
      adapter: "console",
      assurance: "clicked",
    });
  assert.equal((await give(2)).outcome, "delegated");
  assert.deepEqual(there.delegations.known(), []);
  await world.time.advance(5_000);
  assert.deepEqual([there.delegations.known().map(({ to }) => to), changes()], [["helper"], 1]);
  await world.time.advance(2 * hourMs);
  assert.deepEqual([there.delegations.known(), changes()], [[], 2]);

  const given = await give(4);
  assert.ok(given.outcome === "delegated");
  await world.time.advance(5_000);
  const act = { person: "manager", adapter: "console", assurance: "clicked" } as const;
  assert.equal((await here.delegations.takeBack(act, given.id)).outcome, "done");
  await world.time.advance(5_000);
  assert.deepEqual([there.delegations.known(), changes()], [[], 4]);
  await watch.stop();
  await give(1);
  await world.time.advance(60_000);
  assert.equal(changes(), 4);
});

test("an absence that begins or ends is noticed, without anybody being told", async () => {
  const start = new EngineWorld().time.now();
  const at = (hours: number) => new Date(start + hours * hourMs).toISOString();
  const { world, watch, changes } = await twoBots([
    { person: "manager", from: at(1), to: at(3), fallback: { people: ["manager-2"] } },
  ]);
  await world.time.advance(0.9 * hourMs);
  assert.equal(changes(), 0);
  await world.time.advance(0.2 * hourMs);
  assert.equal(changes(), 1);
  await world.time.advance(2 * hourMs);
  assert.equal(changes(), 2);
  await watch.stop();
});

test("a record that is away for a while is looked at again", async () => {
  const { world, here, there, watch, changes } = await twoBots();
  const reading = mock.method(world.store, "getValues", () => Promise.reject(new Error("away")));
  await world.time.advance(20_000);
  reading.mock.restore();
  await here.delegations.delegate({
    from: "manager",
    to: "helper",
    approval: null,
    hours: 1,
    adapter: "console",
    assurance: "clicked",
  });
  await world.time.advance(5_000);
  assert.deepEqual([there.delegations.known().length, changes()], [1, 1]);
  await watch.stop();
});
