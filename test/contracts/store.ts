import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { InboxKey } from "../../src/record-types.ts";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleRun, sampleStep, sampleSubject, sampleTime } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";
import { storeApprovalsContract } from "./store-approvals.ts";
import { storeCardsContract } from "./store-cards.ts";
import { storeFreezesContract } from "./store-freezes.ts";
import { storePapersContract } from "./store-papers.ts";
import { storeInstancesContract } from "./store-instances.ts";
import { storeLeasesContract } from "./store-leases.ts";
import { storeMessagesContract } from "./store-messages.ts";
import { storeRequestsContract } from "./store-requests.ts";
import { storeWholeRowsContract } from "./store-whole-rows.ts";

const now = sampleTime;

/** What every Store must do; run on each implementation. `open` gives an empty one, which the suite closes. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  storeApprovalsContract(name, open);
  storeCardsContract(name, open);
  storeMessagesContract(name, open);
  storeInstancesContract(name, open);
  storeFreezesContract(name, open);
  storePapersContract(name, open);
  storeLeasesContract(name, open);
  storeRequestsContract(name, open);
  storeWholeRowsContract(name, open);
  suite(`Store on ${name}`, () => {
    const bench = storeBench(open);
    const { newId, create } = bench;

    test("a run comes back as it was stored, errors included, with its new version", async () => {
      const error = { code: "credit-exceeded", message: "Zebra Ltd owes too much", retryable: false };
      const run = sampleRun(newId(), {
        workflow: { id: "order-parts", version: 1, structure: "cd".repeat(32) },
        status: "failed",
        reason: "requested",
        error,
        steps: [
          sampleStep({ id: "route", status: "completed", startedAt: now, endedAt: now + 5, dueAt: null }),
          sampleStep({ id: "credit", status: "failed", error }),
        ],
      });
      const made = await bench.store.createRun(sampleCommit(run), "request-1");
      assert.deepEqual(made, { created: true, run: run.id });
      assert.deepEqual(await bench.store.loadRun(run.id), { ...run, version: 1 });
      assert.equal(await bench.store.loadRun("unknown"), undefined);
    });

    test("a request key makes one run, also when it comes many times at once", async () => {
      const made = await Promise.all(
        Array.from({ length: 6 }, () =>
          bench.store.createRun(sampleCommit(sampleRun(newId())), "same-request"),
        ),
      );
      assert.equal(made.filter((each) => each.created).length, 1);
      assert.equal(new Set(made.map((each) => each.run)).size, 1);
    });

    test("of two writers at the same version one is saved and one is stale", async () => {
      const run = await create();
      const outcomes = await Promise.all(
        ["a", "b"].map((step) =>
          bench.store.saveRun(
            sampleCommit(
              { ...run, steps: [sampleStep({ id: step })] },
              { contents: [{ run: run.id, revision: 1, step, name: "output", value: step }] },
            ),
          ),
        ),
      );
      assert.deepEqual(outcomes.toSorted(), ["saved", "stale"]);
      const stored = await bench.store.loadRun(run.id);
      assert.equal(stored?.version, 2);
      // Nothing of the loser was kept.
      assert.deepEqual(
        (await bench.store.contents(run.id)).map((each) => each.step),
        stored?.steps.map((step) => step.id),
      );
    });

    test("a message is applied once, whatever the version", async () => {
      const run = await create();
      const inbox: InboxKey = { sender: "router", kind: "result", subject: sampleSubject(run.id) };
      assert.equal(await bench.store.saveRun(sampleCommit(run, { inbox })), "saved");
      assert.equal(await bench.store.saveRun(sampleCommit(run, { inbox })), "duplicate");
      assert.equal(await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { inbox })), "duplicate");
      assert.equal((await bench.store.loadRun(run.id))?.version, 2);
      const other: InboxKey = { ...inbox, kind: "error" };
      assert.equal(
        await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { inbox: other })),
        "saved",
      );
    });

    test("a stale commit does not use up its inbox key", async () => {
      const run = await create();
      const inbox: InboxKey = { sender: "router", kind: "result", subject: sampleSubject(run.id) };
      assert.equal(await bench.store.saveRun(sampleCommit({ ...run, version: 7 }, { inbox })), "stale");
      assert.equal(await bench.store.saveRun(sampleCommit(run, { inbox })), "saved");
    });

    test("contents are written once: the same again is harmless, another value is refused", async () => {
      const run = await create();
      const content = {
        run: run.id,
        revision: 1,
        step: "route",
        name: "output",
        value: { b: [1, null], a: "ä" },
      };
      assert.equal(await bench.store.saveRun(sampleCommit(run, { contents: [content] })), "saved");
      const again = { ...content, value: { a: "ä", b: [1, null] } };
      assert.equal(
        await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { contents: [again] })),
        "saved",
      );
      const other = { ...content, value: "other" };
      const twice = [
        { ...content, name: "input:1" },
        { ...other, name: "input:1" },
      ];
      await assert.rejects(bench.store.saveRun(sampleCommit({ ...run, version: 3 }, { contents: twice })), {
        code: "content-exists",
      });
      await assert.rejects(bench.store.saveRun(sampleCommit({ ...run, version: 3 }, { contents: [other] })), {
        code: "content-exists",
      });
      assert.deepEqual(await bench.store.contents(run.id), [content]);
      assert.equal((await bench.store.loadRun(run.id))?.version, 3);
    });

    test("contents can be asked for by step and name", async () => {
      const run = await create();
      const content = (revision: number, step: string, name: string) => ({
        run: run.id,
        revision,
        step,
        name,
        value: `${revision} ${step} ${name}`,
      });
      const contents = [
        content(1, "gate", "plan"),
        content(1, "route", "output"),
        content(1, "route", "question:1"),
        content(1, "route", "question:2"),
        content(1, "supply", "output"),
        content(2, "gate", "plan"),
      ];
      await bench.store.saveRun(sampleCommit(run, { contents }));
      assert.deepEqual(await bench.store.contents(run.id), contents);
      const wanted = [{ step: "route", name: "output" }, { name: "plan" }, { name: "question:" }];
      assert.deepEqual(
        await bench.store.contents(run.id, wanted),
        contents.filter((each) => each.step !== "supply"),
      );
      assert.deepEqual(await bench.store.contents(run.id, []), []);
      assert.deepEqual(await bench.store.contents("unknown"), []);
    });

    test("what runs were asked is had at once", async () => {
      const asked = async (value: string) => {
        const id = newId();
        const contents = [{ run: id, revision: 1, step: "route", name: "request", value }];
        await bench.store.createRun(sampleCommit(sampleRun(id), { contents }), `key-${id}`);
        return id;
      };
      const first = await asked("first");
      const second = await asked("second");
      const silent = (await create()).id;
      const texts = await bench.store.requestTexts([second, first, silent, "unknown"]);
      assert.deepEqual(Object.fromEntries(texts), { [first]: "first", [second]: "second" });
      assert.equal((await bench.store.requestTexts([])).size, 0);
    });

    test("runs are listed newest first, open or by person", async () => {
      const person = `person-${newId()}`;
      const made = [];
      for (const [index, status] of (["running", "completed", "waiting"] as const).entries()) {
        made.push((await create({ requester: person, status, createdAt: now + index })).id);
      }
      const ids = async (o: { open?: boolean; limit?: number }) =>
        (await bench.store.listRuns({ limit: 10, person, ...o })).map((run) => run.id);
      assert.deepEqual(await ids({}), made.toReversed());
      assert.deepEqual(await ids({ open: true }), [made[2], made[0]]);
      assert.deepEqual(await ids({ open: false }), [made[1]]);
      assert.deepEqual(await ids({ limit: 1 }), [made[2]]);
    });

    test("the run that waits for an answer in a thread is found until it was answered", async () => {
      const thread = `console:${newId()}` as const;
      await create({ thread, status: "waiting", steps: [sampleStep({ id: "gate", status: "waiting" })] });
      assert.equal(await bench.store.waitingInThread(thread), undefined, "an approval is no question");
      const run = await create({ thread });
      const steps = [sampleStep({ status: "waiting", dispatch: 0 })];
      const content = { run: run.id, revision: 1, step: "route" };
      const waiting = { ...run, status: "waiting" as const, steps };
      const question = { ...content, name: "question:1", value: { text: "Which?", options: [] } };
      await bench.store.saveRun(sampleCommit(waiting, { contents: [question] }));
      assert.equal((await bench.store.waitingInThread(thread))?.id, run.id);
      assert.equal(await bench.store.waitingInThread("console:elsewhere"), undefined);
      const answer = { ...content, name: "answer:1", value: "This" };
      await bench.store.saveRun(sampleCommit({ ...waiting, version: 2 }, { contents: [answer] }));
      assert.equal(await bench.store.waitingInThread(thread), undefined);
      const second = { ...question, name: "question:2" };
      await bench.store.saveRun(sampleCommit({ ...waiting, version: 3 }, { contents: [second] }));
      assert.equal((await bench.store.waitingInThread(thread))?.id, run.id);
      await bench.store.saveRun(sampleCommit({ ...waiting, version: 4, status: "cancelled" }));
      assert.equal(await bench.store.waitingInThread(thread), undefined);
    });

    test("runs are due by their earliest step, oldest first, while they are open", async () => {
      const early = now - 1_000_000;
      const due = async (...dueAt: (number | null)[]) =>
        (await create({ steps: dueAt.map((at) => sampleStep({ status: "waiting", dueAt: at })) })).id;
      const second = await due(early + 20, early + 500);
      const first = await due(null, early + 10);
      const later = await due(early + 90);
      await due(null);
      await create({ status: "completed", steps: [sampleStep({ dueAt: early })] });
      const queued = await create({
        updatedAt: early + 30,
        steps: [sampleStep({ status: "queued", dueAt: null })],
      });
      assert.deepEqual(await bench.store.dueRuns(early + 50, 10), [first, second, queued.id]);
      assert.deepEqual(await bench.store.dueRuns(early + 90, 2), [first, second]);
      assert.deepEqual((await bench.store.dueRuns(early + 90, 10)).at(-1), later);
      assert.deepEqual(await bench.store.dueRuns(early, 10), []);
      // A run that cannot be looked at makes room for the others, until it is saved.
      await bench.store.postponeRun(first, early + 70);
      assert.deepEqual(await bench.store.dueRuns(early + 50, 2), [second, queued.id]);
      assert.deepEqual(await bench.store.dueRuns(early + 70, 10), [second, queued.id, first]);
      const put = await bench.store.loadRun(first);
      assert.ok(put !== undefined);
      assert.equal(await bench.store.saveRun(sampleCommit(put)), "saved");
      assert.deepEqual(await bench.store.dueRuns(early + 50, 1), [first]);
    });

    test("small values are kept and replaced", async () => {
      assert.equal(await bench.store.getValue("serial"), undefined);
      await bench.store.setValue("serial", "1");
      await bench.store.setValue("serial", "2");
      assert.equal(await bench.store.getValue("serial"), "2");
      await bench.store.setValue("home:b_", "B");
      await bench.store.setValue("home:a%", "A", { passing: true });
      await bench.store.setValue("homes", "no");
      await bench.store.setValue("Home:c", "no");
      assert.deepEqual(
        [...(await bench.store.getValues("home:"))],
        [
          ["home:a%", "A"],
          ["home:b_", "B"],
        ],
      );
      assert.equal((await bench.store.getValues("none:")).size, 0);
    });

    test("journal entries with and without run and body are accepted, none is too", async () => {
      const run = await create();
      await bench.store.appendJournal([]);
      await bench.store.appendJournal([
        { kind: "refusal", run: null, facts: { code: "unknown-person" }, body: { text: "who?" } },
        { kind: "step", run: run.id, facts: { step: "route", ok: true, ms: 4, error: null } },
      ]);
    });

    test("fifty commits at once to fifty runs are all saved", async () => {
      const runs = await Promise.all(Array.from({ length: 50 }, () => create()));
      const outcomes = await Promise.all(
        runs.map((run) =>
          bench.store.saveRun(sampleCommit(run, { journal: [{ kind: "step", run: run.id, facts: {} }] })),
        ),
      );
      assert.deepEqual(new Set(outcomes), new Set(["saved"]));
    });
  });
}
