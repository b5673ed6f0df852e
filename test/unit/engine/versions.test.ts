import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkflowDefinition } from "../../../src/define-workflow.ts";
import { buying } from "./buying-workflow.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

/** The next version: it does not note the order, and says so in its summary. */
const next: WorkflowDefinition = {
  ...buying,
  version: 2,
  steps: buying.steps.filter(({ id }) => id !== "note"),
  planned: buying.planned.filter(({ id }) => id !== "note"),
  structure: "2".repeat(64),
};

function routesTo(world: EngineWorld): void {
  world.skills.set("router.route", (body) => {
    const offered = body.input["workflows"] as readonly { id: string; version: number }[];
    assert.equal(offered.length, 1, "only the newest version is offered");
    const { id, version } = offered[0] ?? { id: "", version: 0 };
    return { outcome: "workflow", workflow: id, version, input: { item: "pump" } };
  });
}

test("a run of last month ends with the definition that it began with; a new one begins with the new", async () => {
  const world = new EngineWorld();
  routesTo(world);
  const before = world.bot();
  const old = await before.intake.request(request);
  assert.ok(old.outcome === "accepted");
  await world.settle(before.engine);
  await world.time.advance(2 * 86_400_000);
  world.workflows = [buying, next];
  const { engine, intake, approvals } = world.bot();
  await engine.check();
  const fresh = await intake.request({ ...request, key: "k2", thread: "console:2" });
  assert.ok(fresh.outcome === "accepted");
  await world.settle(engine);
  for (const { run } of [old, fresh]) {
    assert.equal((await approvals.decide({ approval: `${run}-1-gate`, ...click })).outcome, "accepted");
  }
  await world.settle(engine);
  const [a, b] = await Promise.all([world.run(old.run), world.run(fresh.run)]);
  assert.deepEqual([a.status, a.workflow?.version], ["completed", 1]);
  assert.deepEqual([b.status, b.workflow?.version], ["completed", 2]);
  const noted = ({ steps }: typeof a) => steps.some(({ id }) => id === "note");
  assert.deepEqual([noted(a), noted(b)], [true, false]);
  world.workflows = [next];
  await world.bot().engine.check();
});

test("a start that would break a run is refused: run, workflow, version and what to do are named", async () => {
  const world = new EngineWorld();
  const { engine, intake } = world.bot();
  const open = await intake.request(request);
  assert.ok(open.outcome === "accepted");
  await world.settle(engine);
  world.workflows = [next];
  await assert.rejects(world.bot().engine.check(), (error: Error & { code: string }) => {
    assert.equal(error.code, "workflow-missing");
    for (const said of [open.run, '"buying" version 1', "src/workflows", "countersign cancel"]) {
      assert.ok(error.message.includes(said), `${said} in: ${error.message}`);
    }
    return true;
  });
  world.workflows = [{ ...buying, structure: "3".repeat(64) }, next];
  await assert.rejects(world.bot().engine.check(), (error: Error & { code: string }) => {
    assert.equal(error.code, "workflow-changed");
    for (const said of [open.run, '"buying" version 1', "restore it", "version 2"]) {
      assert.ok(error.message.includes(said), `${said} in: ${error.message}`);
    }
    return true;
  });
});
