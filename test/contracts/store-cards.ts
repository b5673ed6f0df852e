import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Run, ThreadId } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import type { CardRow } from "../../src/record-types.ts";
import { sampleCommit, sampleTime } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

const now = sampleTime;
const lease = 1_000;

/** The part of the Store's contract about cards. */
export function storeCardsContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: cards`, () => {
    const bench = storeBench(open);
    const { newId } = bench;
    const cardOf = async (key: string, copy = 0): Promise<CardRow> => {
      const found = (await bench.store.cards(key)).find((each) => each.copy === copy);
      assert.ok(found !== undefined, `${key} ${copy}`);
      return found;
    };
    const staleOf = async (key: string, at = now) =>
      (await bench.store.staleCards(at, 1_000)).filter((each) => each.key === key);
    const change = (run: Run, version: number, ...cards: { key: string; threads?: ThreadId[] }[]) =>
      bench.store.saveRun(sampleCommit({ ...run, version }, { cards }));

    test("each change raises the version; what was drawn last counts, and is stale where it is older", async () => {
      const key = `progress-${newId()}`;
      const run = await bench.create({}, { cards: [{ key }] });
      const { thread } = run;
      const card = {
        key,
        copy: 0,
        run: run.id,
        thread,
        version: 1,
        shownVersion: 0,
        message: null,
        barred: false,
      };
      assert.deepEqual(await bench.store.cards(key), [card], "it stands in its run's thread");
      assert.deepEqual(await bench.store.cards("unknown"), []);
      await change(run, 1, { key }, { key: `${key}-2` }, { key });
      assert.deepEqual(await staleOf(key), [{ ...card, version: 2 }]);
      await bench.store.cardShown({ ...card, version: 2 }, "message-1");
      assert.deepEqual(await staleOf(key), []);
      const shown = { ...card, version: 2, shownVersion: 2, message: "message-1" };
      assert.deepEqual(await cardOf(key), shown);
      await bench.store.cardShown(card, "message-1");
      assert.deepEqual(await staleOf(key), [{ ...shown, shownVersion: 1 }]);
      await bench.store.cardShown(shown, "message-1");
      await change(run, 2, { key });
      assert.equal((await staleOf(key))[0]?.version, 3);
    });

    test("copies stand where the first commit says, each shown for itself; later places are not its", async () => {
      const key = `approval-${newId()}`;
      const run = await bench.create();
      const threads: ThreadId[] = ["slack:T1/C1", run.thread, "slack:T1/@U1", "slack:T1/C1"];
      await change(run, 1, { key, threads });
      const places = (await bench.store.cards(key)).map(({ copy, thread, version }) => [
        copy,
        thread,
        version,
      ]);
      assert.deepEqual(places, [
        [0, run.thread, 1],
        [1, "slack:T1/C1", 1],
        [2, "slack:T1/@U1", 1],
      ]);
      await bench.store.cardShown(await cardOf(key, 1), "C1/17");
      assert.deepEqual(
        (await staleOf(key)).map((each) => each.copy),
        [0, 2],
      );
      await change(run, 2, { key, threads: ["slack:T1/C9"] });
      assert.deepEqual(
        (await bench.store.cards(key)).map(({ thread, version, message }) => [thread, version, message]),
        [
          [run.thread, 2, null],
          ["slack:T1/C1", 2, "C1/17"],
          ["slack:T1/@U1", 2, null],
        ],
      );
      const elsewhere = `approval-${newId()}`;
      await change(run, 3, { key: elsewhere, threads: ["slack:T1/C1"] });
      assert.deepEqual(
        (await bench.store.cards(elsewhere)).map(({ copy, thread }) => [copy, thread]),
        [[1, "slack:T1/C1"]],
      );
    });

    test("a new run's first commit says where its cards stand, too", async () => {
      const key = `notice-${newId()}`;
      const run = await bench.create({}, { cards: [{ key, threads: ["slack:T1/C1", "slack:T1/C2"] }] });
      const found = await bench.store.cards(key);
      assert.deepEqual(
        found.map(({ copy, thread, version }) => [copy, thread, version, run.id]),
        [
          [1, "slack:T1/C1", 1, run.id],
          [2, "slack:T1/C2", 1, run.id],
        ],
      );
    });

    test("a card gets further copies and bars some; only what changes is stale", async () => {
      const key = `approval-${newId()}`;
      const run = await bench.create({}, { cards: [{ key, threads: ["slack:T1/C1", "slack:T1/@U1"] }] });
      for (const copy of [1, 2]) {
        await bench.store.cardShown(await cardOf(key, copy), `m${copy}`);
      }
      const barred = new Map([
        [1, false],
        [2, true],
      ]);
      const place = () => bench.store.placeCard(key, { add: ["slack:T1/@U2", "slack:T1/@U3"], barred });
      await place();
      const seen = (await bench.store.cards(key)).map((each) => [
        each.copy,
        each.thread,
        each.barred,
        each.version - each.shownVersion,
        each.message,
      ]);
      assert.deepEqual(seen, [
        [1, "slack:T1/C1", false, 0, "m1"],
        [2, "slack:T1/@U1", true, 1, "m2"],
        [3, "slack:T1/@U2", false, 1, null],
        [4, "slack:T1/@U3", false, 1, null],
      ]);
      assert.deepEqual(
        (await staleOf(key)).map((each) => each.copy),
        [2, 3, 4],
      );
      const before = await bench.store.cards(key);
      await bench.store.placeCard(key, { add: [], barred });
      assert.deepEqual(await bench.store.cards(key), before, "again changes nothing");
      await bench.store.placeCard(key, { add: [], barred: new Map([[2, false]]) });
      assert.deepEqual((await cardOf(key, 2)).barred, false);
      await change(run, 1, { key });
      assert.deepEqual(
        (await bench.store.cards(key)).map((each) => each.version),
        [2, 4, 2, 2],
      );
      await bench.store.placeCard("approval-unknown", { add: ["slack:T1/@U2"], barred: new Map() });
      assert.deepEqual(await bench.store.cards("approval-unknown"), []);
    });

    test("a card with nothing to post has no message, and is stale again with its next change", async () => {
      const key = `progress-${newId()}`;
      const run = await bench.create({}, { cards: [{ key }] });
      const card = await cardOf(key);
      await bench.store.cardShown(card, null);
      assert.deepEqual(await cardOf(key), { ...card, shownVersion: 1 });
      await change(run, 1, { key });
      assert.deepEqual(await staleOf(key), [{ ...card, version: 2, shownVersion: 1 }]);
    });

    test("postponed copies leave their places to the others, and come back when shown or due", async () => {
      const keys = Array.from({ length: 5 }, () => `progress-${newId()}`);
      await bench.create({}, { cards: keys.map((key) => ({ key })) });
      const stale = async (at: number, limit = 1_000) =>
        (await bench.store.staleCards(at, limit)).map((each) => each.key).filter((key) => keys.includes(key));
      assert.deepEqual((await stale(now)).toSorted(), keys.toSorted());
      const [first = "", second = ""] = keys;
      const others = keys.slice(2);
      await bench.store.postponeCard(await cardOf(first), now + 2_000);
      await bench.store.postponeCard(await cardOf(second), now + 1_000);
      assert.deepEqual((await stale(now)).toSorted(), others.toSorted());
      assert.deepEqual((await stale(now + 5_000)).slice(-2), [second, first], "those postponed come last");
      await bench.store.cardShown(await cardOf(first), "message-1");
      assert.deepEqual((await stale(now + 1_999)).toSorted(), [...others, second].toSorted());
    });

    test("approvals come before all others, also when they were postponed", async () => {
      const cards = ["progress", "approval", "question", "approval", "result"].map((kind) => ({
        key: `${kind}-${newId()}`,
      }));
      await bench.create({}, { cards });
      const [approval, other] = cards.map(({ key }) => key).filter((key) => key.startsWith("approval-"));
      assert.ok(approval !== undefined && other !== undefined);
      await bench.store.postponeCard(await cardOf(approval), now + 10);
      const stale = (await bench.store.staleCards(now + 10, 1_000)).map((each) => each.key);
      const lastApproval = stale.findLastIndex((key) => key.startsWith("approval-"));
      assert.ok(stale.slice(0, lastApproval + 1).every((key) => key.startsWith("approval-")));
      assert.ok(stale.indexOf(approval) > stale.indexOf(other));
    });

    test("the posting of a copy is one bot's at a time, and known to have been begun ever after", async () => {
      const key = `approval-${newId()}`;
      await bench.create({}, { cards: [{ key, threads: ["slack:T1/C1", "slack:T1/C2"] }] });
      const card = await cardOf(key, 1);
      const begin = (at: number, row = card) => bench.store.beginPost(row, at, lease);
      const both = await Promise.all([begin(now), begin(now)]);
      assert.deepEqual(both.toSorted(), ["first", "taken"]);
      assert.equal(await begin(now, await cardOf(key, 2)), "first", "another copy is another posting");
      assert.equal(await begin(now + lease - 1), "taken");
      assert.deepEqual((await Promise.all([begin(now + lease), begin(now + lease)])).toSorted(), [
        "again",
        "taken",
      ]);
      await bench.store.cardShown(card, "C1/17");
      assert.equal(await begin(now), "again", "its message may be gone: nobody is about it");
    });

    test("a copy that is put aside is not being posted any more; where nothing was taken it never was", async () => {
      const key = `approval-${newId()}`;
      await bench.create({}, { cards: [{ key }] });
      const card = await cardOf(key);
      const begin = (at: number) => bench.store.beginPost(card, at, lease);
      assert.equal(await begin(now), "first");
      await bench.store.postponeCard(card, now + 2 * lease);
      assert.equal(await begin(now + lease - 1), "taken", "not longer than it would have been");
      await bench.store.postponeCard(card, now + 10);
      assert.equal(await begin(now + 9), "taken");
      assert.equal(await begin(now + 10), "again");
      await bench.store.postponeCard(card, now + 20, { unposted: true });
      assert.equal(await begin(now + 20), "first");
      const fresh = `approval-${newId()}`;
      await bench.create({}, { cards: [{ key: fresh }] });
      await bench.store.postponeCard(await cardOf(fresh), now + 10);
      assert.equal(await bench.store.beginPost(await cardOf(fresh), now + 10, lease), "first");
    });
  });
}
