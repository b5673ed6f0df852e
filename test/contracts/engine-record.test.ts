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

  test("its journal is one whole chain", async () => {
    const report = await verifyDatabase(database);
    assert.equal(report.firstBad, null);
    assert.ok(report.records > 100);
  });
});
