import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import type { FreezePapers } from "../../../src/safety-types.ts";
import type { HostWorld, Party } from "../../fakes/host-world.ts";
import { settle, until } from "../../fakes/manual-time.ts";
import { probe, probeAgent } from "../../fakes/probe-agent.ts";
import { probeWorld } from "../../fakes/probe-world.ts";
import { SampleFreeze } from "../../fakes/sample-freeze.ts";

let world: HostWorld;
let bot: Party;
let sample: SampleFreeze;
beforeEach(async () => {
  ({ world, bot } = await probeWorld());
  sample = new SampleFreeze(world.trust);
});
afterEach(() => world.close());

const rates = async () => (await world.books.find("rates")).map((each) => each.id);
const codes = async () =>
  (await world.journal("supply"))
    .filter(({ kind }) => kind === "refusal" || kind === "alarm")
    .map(({ facts }) => facts["code"]);
let notices = 0;
async function tell(papers: FreezePapers): Promise<void> {
  notices += 1;
  const subject = { run: "freeze", revision: papers.freeze.statement.serial, step: "notice" };
  await bot.sendAbout({ ...subject, attempt: notices }, { papers } as unknown as Json);
}
const confirmed = () => until(() => bot.received.some((each) => each.subject.run === "freeze"), "answer");

test("while frozen the agent itself does no effect, says so in its journal, and goes on reading", async () => {
  await world.host(probeAgent);
  await tell(sample.papers());
  await confirmed();
  assert.deepEqual(bot.received[0]?.body, { serial: sample.serial, frozen: true });
  await bot.request("note", "note", { id: "EUR" });
  const mandate = world.sample.mandate() as unknown as Json;
  await bot.send("request", "orders", { skill: "place-orders", mandate });
  await until(async () => (await codes()).length === 2, "refusals");
  assert.deepEqual(await codes(), ["frozen", "frozen"]);
  assert.deepEqual(await rates(), []);
  assert.ok(!probe.calls.includes("place-orders"));
  await bot.request("offers", "look", { id: "a" });
  assert.equal((await bot.answer("offers")).kind, "result");
  assert.equal(bot.received.filter((each) => each.subject.step === "note").length, 0, "left to come again");
});

test("a new life of the agent is frozen too; two people's lift lets what waited be done, once", async () => {
  await world.host(probeAgent);
  const papers = sample.papers();
  await tell(papers);
  await confirmed();
  const store = world.store("supply");
  assert.equal((await store.freeze())?.frozen, true);
  const lease = await store.acquireLease("main");
  assert.equal(lease.number, 2);
  assert.equal((await store.freeze())?.frozen, true);
  await world.host(probeAgent);
  await bot.request("note", "note", { id: "EUR" });
  await until(async () => (await codes()).includes("frozen"), "refusal");
  await tell({ ...papers, lift: sample.lift([sample.evidence("manager"), sample.evidence("manager")]) });
  await until(async () => (await codes()).includes("freeze-one-person"), "alarm");
  assert.equal((await store.freeze())?.frozen, true);
  await tell({ ...papers, lift: sample.lift() });
  await until(async () => (await store.freeze())?.frozen === false, "lift");
  await bot.request("note", "note", { id: "EUR" });
  assert.equal((await bot.answer("note")).kind, "result");
  await tell(papers);
  await settle();
  assert.equal((await store.freeze())?.frozen, false, "the same freeze again is old");
  assert.deepEqual(await rates(), ["EUR"]);
});

test("in shadow mode a write answers as ever and leaves the books as they are", async () => {
  await world.host(probeAgent);
  await bot.send("request", "note", { skill: "note", input: { id: "EUR" }, shadow: true });
  assert.deepEqual((await bot.answer("note")).body, { output: { id: "EUR" } });
  assert.deepEqual(await rates(), []);
  const kinds = (await world.journal("supply")).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["envelope", "shadow"]);
  await bot.request("real", "note", { id: "EUR" });
  assert.equal((await bot.answer("real")).kind, "result");
  assert.deepEqual(await rates(), ["EUR"]);
  const mandate = world.sample.mandate() as unknown as Json;
  await bot.send("request", "orders", { skill: "place-orders", mandate, shadow: true });
  assert.equal(await bot.errorCode("orders"), "mandate-shadow");
});
