import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { z } from "zod";
import { defineAgent, skill, type SkillContext } from "../../../src/define-agent.ts";
import type { Json } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import { HostWorld, type Party, subjectOf } from "../../fakes/host-world.ts";
import { settle, until } from "../../fakes/manual-time.ts";

/** What the skills did, and the gate that "wait" waits at. */
let calls: string[] = [];
let gate = Promise.withResolvers<void>();
let seen: SkillContext | undefined;
let lucky = false;
const input = z.strictObject({ id: z.string() });
const output = z.strictObject({ id: z.string() });
const insert = { rate: "2", asOf: "2026-01-31" };

const agent = defineAgent({
  id: "supply",
  description: "for tests",
  skills: {
    look: skill({
      effect: "read",
      input,
      output,
      run: async (context, { id }) => {
        seen = context;
        calls.push(`look ${id}`);
        return { id };
      },
    }),
    note: skill({
      effect: "write",
      input,
      output,
      run: async ({ books }, { id }) => {
        calls.push(`note ${id}`);
        await books.insert("rates", { id, ...insert });
        if (id === "JPY" && !lucky) {
          throw new AppError("no-luck", "try later", { retryable: true });
        }
        return { id };
      },
    }),
    wait: skill({
      effect: "read",
      input: z.strictObject({}),
      output: z.strictObject({}),
      run: async ({ signal }) => {
        calls.push("wait");
        signal.addEventListener("abort", () => calls.push(`aborted: ${(signal.reason as AppError).code}`));
        await gate.promise;
        return {};
      },
    }),
    wrong: skill({ effect: "read", input: z.any(), output, run: async () => ({ id: 5 }) as never }),
    crash: skill({
      effect: "read",
      input: z.any(),
      output,
      run: async () => {
        throw new TypeError("a bug");
      },
    }),
    ungranted: skill({ effect: "read", input: z.any(), output, run: async () => ({ id: "never" }) }),
    "place-orders": skill({
      effect: "irreversible",
      requires: "mandate",
      input: z.strictObject({}),
      output: z.strictObject({ total: z.string() }),
      run: async (context, _input, mandate) => {
        calls.push("place-orders");
        await context.transact((books) => books.insert("rates", { id: "USD", ...insert }));
        return { total: mandate?.plan.total.amount ?? "" };
      },
    }),
  },
});
const granted = Object.keys(agent.skills).filter((name) => name !== "ungranted");

let world: HostWorld;
let bot: Party;
beforeEach(async () => {
  await world?.close();
  calls = [];
  gate = Promise.withResolvers<void>();
  seen = undefined;
  lucky = false;
  world = await HostWorld.open(granted);
  bot = await world.party("bot");
});
after(() => world.close());

const rates = async () => (await world.books.find("rates")).map((each) => each.id);
const result = (id: string) => ({ output: { id } });

test("a read is answered, with what the skill may know of its request", async () => {
  await world.host(agent);
  await bot.request("offers", "look", { id: "a" });
  const answer = await bot.answer("offers");
  assert.equal(answer.kind, "result");
  assert.deepEqual(answer.body, result("a"));
  assert.deepEqual(answer.subject, subjectOf("offers"));
  assert.deepEqual(seen?.subject, subjectOf("offers"));
  const signed = seen.sign({ tag: "countersign/test/1", n: 1 });
  assert.ok((await world.trust.open()).verify(signed, "supply"));
  await assert.rejects(
    seen.transact(async () => undefined),
    { code: "not-allowed" },
  );
});

test("the change of a write, its reply and its inbox key are one: a duplicate gets the stored reply", async () => {
  await world.host(agent);
  await bot.request("note", "note", { id: "EUR" });
  await bot.answer("note");
  await bot.request("note", "note", { id: "EUR" });
  const again = await bot.answer("note", { n: 2 });
  assert.deepEqual(again.body, result("EUR"));
  assert.deepEqual(calls, ["note EUR"]);
  assert.deepEqual(await rates(), ["EUR"]);
  const journal = await world.journal("supply");
  assert.deepEqual(
    journal.map((each) => each.kind),
    ["envelope", "effect"],
  );
  assert.equal(journal[0]?.facts["hash"], world.network.log[0]?.message.hash);
  assert.equal(journal[1]?.facts["effectKey"], "run1.1.note");
});

test("a failing write leaves nothing but its error; a new attempt runs again", async () => {
  await world.host(agent);
  await bot.request("note", "note", { id: "JPY" });
  const answer = await bot.answer("note");
  assert.deepEqual(answer.body, { code: "no-luck", message: "try later", retryable: true });
  assert.deepEqual(await rates(), []);
  await bot.request("note", "note", { id: "EUR" }, 2);
  assert.equal((await bot.answer("note", { attempt: 2 })).kind, "result");
  assert.deepEqual(await rates(), ["EUR"]);
});

test("a reply is sent again until it is acknowledged", async () => {
  await world.host(agent);
  world.network.fate = (message) => (message.kind === "result" ? 0 : 1);
  await bot.request("offers", "look", { id: "a" });
  const results = () => world.network.log.filter((each) => each.message.kind === "result").length;
  await until(() => results() === 1, "first sending");
  await until(async () => {
    await world.time.advance(500);
    return results() >= 2;
  }, "second sending");
  world.network.fate = () => 1;
  await until(async () => {
    await world.time.advance(500);
    return bot.received.length > 0;
  }, "arrival");
  await bot.send("ack", "offers", null);
  await world.network.idle();
  await settle();
  const store = world.store("supply");
  assert.deepEqual(await store.claimOutbox(world.time.now() + 3_600_000, 1, 10), []);
});

test("acknowledgements by others close nothing", async () => {
  await world.host(agent, { allowedSenders: "any" });
  const crm = await world.party("crm");
  await bot.request("offers", "look", { id: "a" });
  await bot.answer("offers");
  await crm.send("ack", "offers", null);
  await world.network.idle();
  const open = await world.store("supply").claimOutbox(world.time.now() + 3_600_000, 1, 10);
  assert.deepEqual(
    open.map((each) => each.to),
    ["bot"],
  );
});

test("a duplicate while the skill still runs is ignored", async () => {
  await world.host(agent);
  await bot.request("wait", "wait");
  await until(() => calls.length === 1, "started");
  await bot.request("wait", "wait");
  await bot.request("wait", "wait");
  await settle();
  gate.resolve();
  await bot.answer("wait");
  await settle();
  assert.deepEqual(calls, ["wait"]);
});

test("bad requests are answered with codes that say what is wrong", async () => {
  await world.host(agent);
  const cases: readonly [string, Json][] = [
    ["bad-request", "text"],
    ["bad-request", { skill: "look" }],
    ["bad-request", { skill: "look", input: {}, more: 1 }],
    ["bad-request", { skill: "look", mandate: {} }],
    ["unknown-skill", { skill: "toString", input: {} }],
    ["unknown-skill", { skill: "ungranted", input: {} }],
    ["bad-input", { skill: "look", input: { id: 5 } }],
    ["bad-output", { skill: "wrong", input: {} }],
    ["internal", { skill: "crash", input: {} }],
    ["mandate-missing", { skill: "place-orders", input: {} }],
  ];
  for (const [index, [code, body]] of cases.entries()) {
    await bot.send("request", `case-${index}`, body);
    assert.equal(await bot.errorCode(`case-${index}`), code, JSON.stringify(body));
  }
  assert.deepEqual(calls, []);
});

test("only the roles allowed may ask: others get no answer, no run, and an alarm", async () => {
  await world.host(agent);
  const crm = await world.party("crm");
  await crm.request("offers", "look", { id: "a" });
  await until(() => world.alarms.length === 1, "alarm");
  await world.network.idle();
  assert.deepEqual(calls, []);
  assert.deepEqual(crm.received, []);
  assert.deepEqual(
    (await world.journal("supply")).map((each) => [each.kind, each.facts["code"]]),
    [["alarm", "sender-not-allowed"]],
  );
});

test("a mandate is verified before the skill runs; a good one orders exactly once", async () => {
  await world.host(agent);
  const mandate = world.sample.mandate() as unknown as Json;
  await bot.send("request", "orders", { skill: "place-orders", mandate });
  assert.deepEqual((await bot.answer("orders")).body, { output: { total: "110.00" } });
  await bot.send("request", "orders", { skill: "place-orders", mandate });
  await bot.answer("orders", { n: 2 });
  assert.deepEqual(calls, ["place-orders"]);
  assert.deepEqual(await rates(), ["USD"]);
});

test("an altered, incomplete or foreign mandate places nothing, alarms and says why", async () => {
  await world.host(agent);
  const good = world.sample.mandate();
  const plan = world.sample.plan();
  const cases: readonly [string, string, object][] = [
    ["mandate-hash", "orders", { ...good, plan: good.plan.replace("XX00ALPHA", "XX00OTHER") }],
    ["mandate-attestation-missing", "orders", { ...good, attestations: good.attestations.slice(1) }],
    ["mandate-malformed", "orders", { ...good, decisions: [] }],
    [
      "mandate-hash",
      "orders",
      world.sample.mandate(world.sample.plan({ tradeOff: "Other." }), good && { decisions: good.decisions }),
    ],
    ["mandate-subject", "orders", world.sample.mandate(world.sample.plan({ run: "run2" }))],
    ["mandate-step", "elsewhere", good],
    [
      "mandate-evidence",
      "orders",
      { ...good, decisions: [world.sample.decision(plan, { evidenceSigner: "bot" })] },
    ],
  ];
  for (const [index, [code, step, mandate]] of cases.entries()) {
    await bot.send("request", step, { skill: "place-orders", mandate: mandate as Json }, index + 1);
    assert.equal(await bot.errorCode(step, index + 1), code);
  }
  assert.deepEqual(calls, []);
  assert.deepEqual(await rates(), []);
  assert.deepEqual(
    world.alarms,
    cases.map(([code]) => code),
  );
  const alarms = (await world.journal("supply")).filter((each) => each.kind === "alarm");
  assert.equal(alarms.length, cases.length);
});

test("with an old trust document reads go on and effects stop", async () => {
  await world.host(agent);
  await world.time.jump(8 * 86_400_000);
  await bot.request("offers", "look", { id: "a" });
  assert.equal((await bot.answer("offers")).kind, "result");
  await bot.request("note", "note", { id: "EUR" });
  assert.equal(await bot.errorCode("note"), "trust-stale");
  const plan = world.sample.plan();
  await bot.send("request", "orders", {
    skill: "place-orders",
    mandate: world.sample.mandate(plan) as unknown as Json,
  });
  assert.equal(await bot.errorCode("orders"), "trust-stale");
  assert.deepEqual(calls, ["look a"]);
});

test("cancelling ends a running request and refuses one that comes later", async () => {
  await world.host(agent);
  await bot.request("wait", "wait");
  await until(() => calls.length === 1, "started");
  await bot.send("cancel", "wait", null);
  assert.equal(await bot.errorCode("wait"), "cancelled");
  assert.deepEqual(calls, ["wait", "aborted: cancelled"]);

  await bot.send("cancel", "note", null);
  assert.equal(await bot.errorCode("note"), "cancelled");
  await bot.request("note", "note", { id: "EUR" });
  await bot.answer("note", { n: 2 });
  assert.deepEqual(await rates(), []);

  await bot.request("offers", "look", { id: "a" });
  await bot.answer("offers");
  await bot.send("cancel", "offers", null);
  assert.equal((await bot.answer("offers", { n: 2 })).kind, "result", "what is done stays done");
});

test("a skill is aborted at the request's deadline", async () => {
  await world.host(agent);
  await bot.request("wait", "wait");
  await until(() => calls.length === 1, "started");
  await world.time.advance(60_000);
  const answer = await bot.answer("wait");
  assert.equal((answer.body as { code: string }).code, "deadline");
  assert.deepEqual(calls, ["wait", "aborted: deadline"]);
});

test("stop lets a skill finish; what does not is aborted unanswered and runs when it comes again", async () => {
  const host = await world.host(agent);
  await bot.request("wait", "wait");
  await until(() => calls.length === 1, "started");
  const stopping = host.stop();
  await settle();
  await bot.request("offers", "look", { id: "a" });
  gate.resolve();
  await stopping;
  assert.deepEqual(calls, ["wait"]);

  gate = Promise.withResolvers<void>();
  const second = await world.host(agent);
  await bot.request("wait", "wait");
  await bot.answer("wait");
  assert.deepEqual(calls, ["wait"], "answered from the store");
  await bot.request("wait", "wait", {}, 2);
  await until(() => calls.length === 2, "started again");
  const stopped = second.stop();
  await settle();
  await world.time.advance(10_000);
  await stopped;
  assert.deepEqual(calls, ["wait", "wait", "aborted: stopping"]);
  assert.ok(!bot.received.some((each) => each.subject.attempt === 2));

  gate.resolve();
  await world.host(agent);
  await bot.request("wait", "wait", {}, 2);
  assert.equal((await bot.answer("wait", { attempt: 2 })).kind, "result");
});

test("an instance that lost its lease does nothing more", async () => {
  await world.host(agent);
  await world.store("supply").acquireLease("other");
  await bot.request("note", "note", { id: "EUR" });
  await bot.send("request", "orders", {
    skill: "place-orders",
    mandate: world.sample.mandate() as unknown as Json,
  });
  await until(() => calls.includes("place-orders"), "tried");
  await world.network.idle();
  assert.deepEqual(await rates(), []);
  assert.deepEqual(bot.received, []);
  assert.deepEqual(
    world.network.failures.map((each) => (each as AppError).code),
    ["fenced", "fenced"],
  );
});

test("whatever is lost, doubled and reordered, each request has one effect and an answer", async () => {
  await world.host(agent);
  lucky = true;
  let n = 0;
  world.network.fate = () => [1, 0, 2, 3][(n += 1) % 4] ?? 1;
  const ids = ["AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "JPY", "NOK", "SEK", "USD"];
  const missing = () => ids.filter((id) => !bot.received.some((each) => each.subject.step === id));
  await until(async () => {
    world.network.hold = true;
    for (const id of missing()) {
      await bot.request(id, "note", { id });
    }
    world.network.release((items) => items.toReversed());
    await world.network.idle();
    await world.time.advance(1_000);
    return missing().length === 0;
  }, "all answers");
  assert.deepEqual(await rates(), ids);
  assert.equal(calls.length, ids.length);
});
