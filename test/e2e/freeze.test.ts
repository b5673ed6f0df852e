import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { SafetyDone } from "../../src/safety-types.ts";
import { HostileEngine } from "./hostile-engine.ts";
import { everyOrder } from "./mandate-papers.ts";
import { type Ready, TestSystem } from "./system.ts";

const request = "Order the parts needed for 20 widgets for Customer XYZ";

interface Status {
  readonly safety: { readonly freeze: { readonly by: string; readonly reason: string } | null };
}

/** R54 against real processes: one command stops all effects within a second, until two people lift it. */
suite("freeze", { timeout: 240_000 }, () => {
  const system = new TestSystem();
  let ready: Ready;
  let waiting = "";

  before(async () => {
    ready = await system.start();
    waiting = (await system.ask(request)).result.run ?? "";
  });
  after(() => system.remove());

  const freezeOf = async () =>
    (JSON.parse((await system.run("status", "--json")).stdout) as Status).safety.freeze;
  const approvalOf = async (run: string): Promise<string> => {
    const list = JSON.parse((await system.run("approvals", "--json")).stdout) as {
      approval: { id: string; run: string; status: string };
    }[];
    const open = list.find(({ approval }) => approval.run === run && approval.status === "open");
    return open?.approval.id ?? "none";
  };
  /** What an engine that does not care about the freeze gets when it has credit held. */
  const hold = async (run: string): Promise<string> => {
    const engine = await HostileEngine.open(system, ready);
    try {
      const input = { customer: "CUST-XYZ", item: "widget", quantity: "1" };
      const body = { skill: "check-credit", input };
      return (await engine.request("financial", { run, step: "credit" }, body, 3_000)).kind;
    } finally {
      await engine.close();
    }
  };
  const rows = async (kind: string) => JSON.stringify(await system.books(kind));

  test("without a freeze the same attack is answered", async () => {
    assert.equal(await hold("r-before"), "result");
  });

  test("only who may freezes; every agent is told, and what was heard of them within a second is said", async () => {
    const refused = await system.run("freeze", "--reason", "for fun", "--by", "employee");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /manager or admin/);
    assert.equal((await system.run("unfreeze")).code, 1);
    const done = await system.run("freeze", "--reason", "supplier fraud suspected", "--json");
    assert.equal(done.code, 0, done.stderr);
    const { text, frozen } = JSON.parse(done.stdout) as SafetyDone;
    assert.equal(frozen, true);
    const [, confirmed, of, ms] = /(\d+) of (\d+) agents .* within (\d+) ms/.exec(text) ?? [];
    process.stdout.write(`# freeze: ${confirmed} of ${of} agents confirmed within ${ms} ms\n`);
    assert.equal(of, "12");
    // A busy machine may not hear of all in time: they are told until it does.
    assert.equal(confirmed === of, !text.includes("The others are told until they confirm"));
    assert.equal((await freezeOf())?.reason, "supplier fraud suspected");
  });

  test("an approved run waits; an engine that sends effects all the same gets none", async () => {
    const before = await Promise.all([everyOrder(system), rows("commitments"), rows("decisions")]);
    assert.equal((await system.run("approve", await approvalOf(waiting), "--json")).code, 0);
    assert.equal(await hold("r-frozen"), "silence");
    assert.deepEqual(await Promise.all([everyOrder(system), rows("commitments"), rows("decisions")]), before);
  });

  test("it outlives every process", async () => {
    await system.stop();
    ready = await system.start();
    assert.equal((await freezeOf())?.by, "manager");
    assert.equal(await hold("r-restarted"), "silence");
    const again = await system.run("freeze", "--reason", "again");
    assert.match(again.stdout, /frozen already/);
  });

  test("two distinct people lift it, and what waited is done once", async () => {
    const first = await system.run("unfreeze");
    assert.match(first.stdout, /second person/);
    const same = await system.run("unfreeze");
    assert.equal(same.code, 1);
    assert.match(same.stderr, /second person/);
    assert.equal((await system.run("unfreeze", "--by", "employee")).code, 1);
    assert.notEqual(await freezeOf(), null);
    const second = await system.run("unfreeze", "--by", "manager-2");
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /lifted/);
    assert.equal(await freezeOf(), null);
    const ended = await system.ended(waiting);
    assert.equal(ended.status, "completed", JSON.stringify(ended.error));
    const orders = await system.books<{ id: string; run: string; status: string }>("orders");
    const own = orders.filter((order) => order.run === waiting);
    assert.ok(own.length > 0);
    assert.ok(own.every((order) => order.status === "confirmed"));
  });
});
