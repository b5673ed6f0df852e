import assert from "node:assert/strict";
import { test } from "node:test";
import { cardMessage } from "../../adapters/slack/blocks/card-message.ts";
import { cardOfCopy, createApprovalCopies } from "../../src/approval-copies.ts";
import { approvalPlaces } from "../../src/approval-places.ts";
import type { Person, ThreadId } from "../../src/domain.ts";
import type { ChatAdapter } from "../../src/ports.ts";
import { MemoryStore } from "../fakes/memory-store.ts";
import { sampleApproval, sampleCommit, sampleRun } from "../fakes/sample-run.ts";
import { silentLogger as log } from "../fakes/silent-logger.ts";
import { decidedCard, openCard } from "./adapters/slack/sample-cards.ts";

const channel: ThreadId = "slack:T1/C1";
const directTo = (name: string): ThreadId => `slack:T1/@${name}`;
const decider = (name: string): Person => ({
  id: name.toLowerCase(),
  name,
  roles: ["manager"],
  active: true,
  accounts: [`slack:T1/${name}`],
});

/** An open approval in the record, standing in a channel and with the deciders of that time. */
async function opened(...names: string[]) {
  const store = new MemoryStore();
  let deciders = names.map(decider);
  const slack = {
    name: "slack",
    approvalPlaces: (_run, people) => [channel, ...people.map(({ name }) => directTo(name))],
    ownerOf: (thread) => /^slack:(T1)\/@(.+)$/.exec(thread)?.slice(1).join("/").replace(/^/, "slack:"),
  } as Partial<ChatAdapter> as ChatAdapter;
  const changed: string[] = [];
  const copies = createApprovalCopies({
    store,
    adapters: () => [slack, { name: "console" } as ChatAdapter],
    deciders: () => deciders,
    places: (run) => approvalPlaces(run, { adapters: [slack], deciders, log }),
    changed: (cards) => changed.push(...cards),
    log,
  });
  const run = sampleRun("r1", { thread: "console:1" });
  const key = "approval-a1";
  const cards = [{ key, threads: [run.thread, channel, ...names.map(directTo)] }];
  const approvals = [sampleApproval("r1", { id: "a1" })];
  await store.createRun(sampleCommit(run, { approvals, cards }), "k1");
  for (const card of await store.cards(key)) {
    await store.cardShown(card, `m${card.copy}`);
  }
  return {
    store,
    copies,
    changed,
    key,
    standing: async () => {
      const all = await store.cards(key);
      return all.map(({ thread, barred, version, shownVersion }) =>
        [thread, barred ? "barred" : "", version > shownVersion ? "stale" : ""].join(" ").trim(),
      );
    },
    decidersAre: async (...now: string[]) => {
      deciders = now.map(decider);
      await copies.refresh();
    },
  };
}

test("who may decide since the approval was opened gets a copy; again changes nothing", async () => {
  const { decidersAre, standing, changed, key } = await opened("U1");
  await decidersAre("U1");
  assert.deepEqual(changed, []);
  await decidersAre("U2", "U1");
  const all = ["console:1", "slack:T1/C1", "slack:T1/@U1", "slack:T1/@U2  stale"];
  assert.deepEqual(await standing(), all);
  await decidersAre("U2", "U1");
  assert.deepEqual(await standing(), all);
  assert.deepEqual(changed, [key]);
});

test("who may not decide any more loses the buttons, and has them again when they may again", async () => {
  const { decidersAre, standing, store, key } = await opened("U1", "U2");
  await decidersAre("U1");
  assert.deepEqual((await standing()).slice(1), ["slack:T1/C1", "slack:T1/@U1", "slack:T1/@U2 barred stale"]);
  for (const card of await store.cards(key)) {
    await store.cardShown(card, `m${card.copy}`);
  }
  await decidersAre("U1", "U2");
  assert.deepEqual((await standing()).slice(1), ["slack:T1/C1", "slack:T1/@U1", "slack:T1/@U2  stale"]);
});

test("people who come and go do not add up without end; decided approvals are left alone", async () => {
  const { decidersAre, standing, store } = await opened("U1");
  for (let turn = 0; turn < 9; turn += 1) {
    await decidersAre(...[1, 2, 3, 4].map((each) => `U${turn * 4 + each}`));
  }
  assert.equal((await standing()).length, 20);
  const run = await store.loadRun("r1");
  assert.ok(run !== undefined);
  await store.saveRun(
    sampleCommit(run, { approvals: [sampleApproval("r1", { id: "a1", status: "decided" })] }),
  );
  const before = await standing();
  await decidersAre("U1");
  assert.deepEqual(await standing(), before);
});

test("one approval that cannot be looked at leaves the others to be; after the end nothing is looked at", async () => {
  const { decidersAre, standing, store, copies } = await opened("U1");
  const broken = sampleApproval("r0", { id: "a0", createdAt: 0 });
  await store.createRun(sampleCommit(sampleRun("r0"), { approvals: [broken] }), "k0");
  const load = store.loadRun.bind(store);
  store.loadRun = (id) => (id === "r0" ? Promise.reject(new Error("on purpose")) : load(id));
  await decidersAre("U1", "U2");
  assert.equal((await standing()).length, 4);
  await copies.stop();
  await decidersAre("U3");
  assert.equal((await standing()).length, 4);
});

test("a barred copy has no buttons, and an open one says why; the decision stands on it as on all", () => {
  const shown = (card: ReturnType<typeof openCard>, barred: boolean) =>
    JSON.stringify(cardMessage(cardOfCopy(card, { barred }) ?? card));
  assert.match(shown(openCard(), false), /"approve".*"details"/);
  assert.match(shown(openCard(), true), /You may not decide on this/);
  assert.match(shown(decidedCard("approved"), false), /"details"/);
  for (const card of [openCard(), decidedCard("approved")]) {
    assert.doesNotMatch(shown(card, true), /"approve"|"reject"|"details"/);
  }
  assert.doesNotMatch(shown(decidedCard("approved"), true), /You may not/);
  assert.equal(cardOfCopy(null, { barred: true }), null);
});
