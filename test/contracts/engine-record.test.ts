import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Database } from "../../adapters/store/database.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { AppError } from "../../src/errors.ts";
import { verifyDatabase } from "../fakes/verify-database.ts";
import { click, EngineWorld, request } from "../unit/engine/engine-world.ts";

suite("the engine on the SQL record", () => {
  const folder = mkdtempSync(join(tmpdir(), "cs-engine-"));
  let database: Database<RecordTables>;
  const world = new EngineWorld();
  before(async () => {
    database = await openDatabase<RecordTables>({ folder, name: "record", migrations: recordMigrations });
    const recordKey = new Uint8Array(32).fill(7);
    world.seen = await openRecordStore({ database, recordKey, clock: world.time, writer: "bot-1" });
  });
  after(async () => {
    await world.seen.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [verdict, status] of [
    ["approved", "completed"],
    ["rejected", "cancelled"],
  ] as const) {
    test(`a run with a question, a revision and an approval that is ${verdict}`, async () => {
      const { engine, intake, approvals } = world.bot();
      const asked = world.calls.filter((call) => call.startsWith("router.")).length;
      world.skills.set("router.route", (body, subject, count) =>
        count === asked + 1
          ? { outcome: "question", question: "Which?", options: [] }
          : world.usual("router.route", body, subject),
      );
      const attested = world.calls.filter((call) => call.startsWith("compliance.")).length;
      world.skills.set("compliance.attest", (body, subject, count) => {
        if (count === attested + 1) {
          throw new AppError("vendor-refused", "not from them");
        }
        return world.usual("compliance.attest", body, subject);
      });
      world.skills.set("exception.triage", () => ({
        action: "alternative",
        delayMs: 0,
        exclude: ["acme"],
        note: "",
      }));
      const thread = `console:${verdict}` as const;
      const started = await intake.request({ ...request, thread, key: `${verdict}-1` });
      assert.ok(started.outcome === "accepted");
      await world.settle(engine, 2);
      const answered = await intake.request({ ...request, thread, key: `${verdict}-2` });
      assert.deepEqual(answered, started);
      await world.settle(engine, 2);
      const [approval] = await world.seen.approvals({ run: started.run });
      assert.equal(approval?.revision, 2);
      const decided = await approvals.decide({ approval: approval.id, ...click, verdict });
      assert.equal(decided.outcome, "accepted");
      await world.settle(engine, 2);
      assert.equal((await world.seen.loadRun(started.run))?.status, status);
      assert.deepEqual((await world.seen.traffic(0)).waiting, {});
      assert.deepEqual(await world.seen.dueRuns(Number.MAX_SAFE_INTEGER, 10), []);
    });
  }

  test("a plan that is changed by two bots with one key and approved by a third at once has one outcome", async () => {
    const edit = { roles: ["manager"], quantity: { mostPercent: "200" } } as const;
    world.trust = { ...world.trust, policy: { ...world.trust.policy, edit } };
    const bots = [world.bot(), world.bot(), world.bot()] as const;
    const outcomes = new Set<string>();
    for (const order of [0, 1, 2]) {
      const key = `edited-${order}`;
      const { run } = await bots[0].engine.start({ ...request, thread: `console:${key}`, key });
      await world.settle(bots[0].engine);
      const approval = `${run}-1-gate`;
      const editing = { approval, person: "manager", changes: { quantity: "6" }, adapter: "console", key };
      const edits = () => [bots[0].edits.edit(editing), bots[1].edits.edit(editing)];
      const decide = () => bots[2].approvals.decide({ approval, ...click, person: "manager-2" });
      // Once the edits come first for sure, then whoever is faster.
      const all =
        order === 0
          ? [...(await Promise.all(edits())), await decide()]
          : await Promise.all(order === 1 ? [...edits(), decide()] : [decide(), ...edits()]);
      await world.settle(bots[1].engine);
      const [first, second] = await world.seen.approvals({ run });
      const edited = second !== undefined;
      assert.deepEqual(
        [first?.status, second?.editors, (await world.seen.loadRun(run))?.revision],
        edited ? ["withdrawn", ["manager"], 2] : ["decided", undefined, 1],
      );
      assert.equal(all.filter(({ outcome }) => outcome === "accepted").length, edited ? 2 : 1);
      assert.equal(world.placed.filter((each) => each.startsWith(run)).length, edited ? 0 : 1);
      outcomes.add(edited ? "edited" : "decided");
      if (edited) {
        // The same again, after a restart: still the one edit.
        assert.deepEqual(await world.bot().edits.edit(editing), { outcome: "accepted", run });
        await bots[2].approvals.decide({ approval: second.id, ...click, person: "manager-2" });
        await world.settle(world.bot().engine);
        assert.equal((await world.seen.loadRun(run))?.status, "completed");
      }
    }
    assert.ok(outcomes.has("edited"));
  });

  test("its journal is one whole chain", async () => {
    const report = await verifyDatabase(database);
    assert.equal(report.firstBad, null);
    assert.ok(report.records > 100);
  });
});
