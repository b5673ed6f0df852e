import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Run } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleRun, sampleStep } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

/** What every Store must do with chat messages' keys, and with the definitions that open runs need. */
export function storeRequestsContract(name: string, open: () => Promise<Store>): void {
  suite(`Store of requests on ${name}`, () => {
    const bench = storeBench(open);
    const created = (id: string, change: Partial<Run> = {}) => bench.create(change, {}, id);
    const answer = (run: Run, key: string) =>
      sampleCommit(run, {
        requestKey: key,
        contents: [
          { run: run.id, revision: 1, step: "route", name: `answer-key:${run.version}`, value: key },
        ],
      });

    test("runs in progress and runs that wait are counted, and those are had in turns of their requesters", async () => {
      const before = await bench.store.progress();
      const runs: Run[] = [];
      for (const [id, requester] of [
        ["turn1", "bulk"],
        ["turn2", "bulk"],
        ["turn3", "bulk"],
        ["turn4", "anna"],
      ] as const) {
        runs.push(await created(id, { requester, held: true, createdAt: 1_000 + runs.length }));
      }
      await created("turn5", { createdAt: 1 });
      const waiting = await created("turn6", { status: "waiting" });
      await created("turn7", { status: "compensating", held: true });
      const counted = await bench.store.progress();
      assert.deepEqual(
        [counted.inProgress - before.inProgress, counted.held - before.held],
        [2, 4],
        "neither waiting for people nor compensating",
      );
      assert.equal(waiting.status, "waiting");
      const order = async () => (await bench.store.heldRuns(10)).map(({ run }) => run);
      assert.deepEqual(await order(), ["turn1", "turn4", "turn2", "turn3"]);
      assert.deepEqual(await bench.store.heldRuns(2), [
        { run: "turn1", requester: "bulk" },
        { run: "turn4", requester: "anna" },
      ]);
      const { held: _, ...first } = runs[0] ?? sampleRun("turn1");
      assert.equal(await bench.store.saveRun(sampleCommit(first)), "saved");
      assert.deepEqual(await order(), ["turn2", "turn4", "turn3"]);
      for (const run of runs.slice(1)) {
        await bench.store.saveRun(sampleCommit({ ...run, status: "cancelled" }));
      }
      assert.deepEqual(await order(), []);
    });

    test("a message's key says for good which run it started or answered", async () => {
      const first = await created("r1");
      assert.equal(await bench.store.requestRun("key-r1"), "r1");
      assert.equal(await bench.store.requestRun("key-answer"), undefined);
      assert.equal(await bench.store.saveRun(answer(first, "key-answer")), "saved");
      assert.equal(await bench.store.requestRun("key-answer"), "r1");
      const again = await bench.store.createRun(sampleCommit(sampleRun("r2")), "key-answer");
      assert.deepEqual(again, { created: false, run: "r1" }, "an answer starts no run");
    });

    test("a key is taken once; a commit with a taken one changes nothing, and a stale one takes none", async () => {
      const run = await created("r3");
      assert.equal(await bench.store.saveRun(answer(run, "key-r1")), "duplicate");
      assert.equal((await bench.store.loadRun("r3"))?.version, run.version);
      const old = { ...run, version: 0 };
      assert.equal(await bench.store.saveRun(answer(old, "key-late")), "stale");
      assert.equal(await bench.store.requestRun("key-late"), undefined);
    });

    test("a key that was taken back before it came is nobody's for good: no run, no answer", async () => {
      const run = await created("r5");
      assert.equal(await bench.store.withdrawRequest("key-early", "employee"), undefined);
      assert.equal(await bench.store.withdrawRequest("key-early", "employee"), undefined, "again");
      assert.equal(await bench.store.requestRun("key-early"), undefined);
      await assert.rejects(bench.store.createRun(sampleCommit(sampleRun("r6")), "key-early"), {
        code: "withdrawn",
      });
      assert.equal(await bench.store.loadRun("r6"), undefined);
      assert.equal(await bench.store.saveRun(answer(run, "key-early")), "duplicate");
      assert.equal((await bench.store.loadRun("r5"))?.version, run.version);
      assert.equal(
        await bench.store.withdrawRequest("key-r5", "employee"),
        "r5",
        "it came: nothing is taken",
      );
      assert.equal(await bench.store.requestRun("key-r5"), "r5");
    });

    test("of a message and its taking back at once one is first, and the other sees it", async () => {
      for (let turn = 0; turn < 12; turn += 1) {
        const [key, id] = [`key-race-${turn}`, `race-${turn}`];
        const starting = bench.store.createRun(sampleCommit(sampleRun(id)), key).then(
          ({ run }) => run,
          ({ code }: { code: string }) => code,
        );
        const [started, taken] = await Promise.all([starting, bench.store.withdrawRequest(key, "employee")]);
        assert.ok(
          (started === id && taken === id) || (started === "withdrawn" && taken === undefined),
          `${started} ${taken}`,
        );
      }
    });

    test("of commits that come at once each is judged for itself", async () => {
      const [first, stale, answered] = [await created("b1"), await created("b2"), await created("b3")];
      assert.equal(await bench.store.saveRun(answer(answered, "key-b3-answer")), "saved");
      const outcomes = await Promise.all([
        bench.store.createRun(sampleCommit(sampleRun("b4")), "key-b4"),
        bench.store.createRun(sampleCommit(sampleRun("b5")), "key-b4"),
        bench.store.createRun(sampleCommit(sampleRun("b6")), "key-b1"),
        bench.store.saveRun(sampleCommit(first)),
        bench.store.saveRun(sampleCommit({ ...stale, version: 7 })),
        bench.store.saveRun(answer({ ...answered, version: 2 }, "key-b3-answer")),
      ]);
      const [one, same, known, ...others] = outcomes;
      assert.equal(one.run, same.run, "a key starts one run");
      assert.deepEqual([one.created, same.created].toSorted(), [false, true]);
      assert.deepEqual(known, { created: false, run: "b1" });
      assert.deepEqual(others, ["saved", "stale", "duplicate"]);
      const versions = await Promise.all(["b1", "b2", "b3"].map((id) => bench.store.loadRun(id)));
      assert.deepEqual(
        versions.map((run) => run?.version),
        [2, 1, 2],
      );
    });

    test("commits that come while some are refused are made all the same, and none twice", async () => {
      const runs = await Promise.all(Array.from({ length: 20 }, (_, index) => created(`s${index}`)));
      const saved = runs.map(async (run, index) => {
        for (let turn = 0; turn < index; turn += 1) {
          await Promise.resolve();
        }
        const [stale, good] = await Promise.all([
          bench.store.saveRun(sampleCommit({ ...run, version: 7 })),
          bench.store.saveRun(answer(run, `key-${run.id}-answer`)),
        ]);
        const again = await bench.store.saveRun(answer({ ...run, version: 2 }, `key-${run.id}-answer`));
        return [stale, good, again];
      });
      assert.deepEqual(
        await Promise.all(saved),
        runs.map(() => ["stale", "saved", "duplicate"]),
      );
      const versions = await Promise.all(runs.map(({ id }) => bench.store.loadRun(id)));
      assert.deepEqual(new Set(versions.map((run) => run?.version)), new Set([2]));
    });

    test("the definitions that open runs need, each once, and no finished run's", async () => {
      const workflow = (id: string, version: number, structure = "s") => ({ id, version, structure });
      const done = sampleStep({ status: "completed", dueAt: null });
      await created("o1", { workflow: workflow("order", 1) });
      await created("o2", { workflow: workflow("order", 1) });
      await created("o3", { workflow: workflow("order", 2) });
      await created("o4", { workflow: workflow("order", 2, "t"), status: "waiting" });
      await created("o5", { workflow: workflow("gone", 1), status: "completed", steps: [done] });
      const needed = (await bench.store.openWorkflows()).map(({ workflow: { id, version, structure } }) =>
        [id, version, structure].join(" "),
      );
      assert.deepEqual(needed.toSorted(), ["order 1 s", "order 2 s", "order 2 t"]);
    });

    test("attempts that only waited are kept with their step", async () => {
      const run = await created("w1", { steps: [sampleStep({ attempt: 5, waits: 3 })] });
      assert.equal(run.steps[0]?.waits, 3);
    });
  });
}
