import assert from "node:assert/strict";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { readJournal } from "../../adapters/store/journal-store.ts";
import type { Customer } from "../../src/book-rows.ts";
import { readSettings } from "../../src/config.ts";
import type { Json, Signed } from "../../src/domain.ts";
import type { AttestationStatement } from "../../src/mandate-types.ts";
import { openCompanyBooks } from "../../src/processes/company-books.ts";
import { instanceKeys } from "../../src/processes/identity.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { HostileEngine } from "./hostile-engine.ts";
import { everyOrder, forgedDecision, type Papers, papersOf } from "./mandate-papers.ts";
import { TestSystem } from "./system.ts";

/**
 * The attacker of R15, against real processes: he has the engine's keys and connection and all the record's text, but
 * not the bot's evidence key. Whatever he sends to supply, nothing is ordered; then the genuine mandate is, once.
 */

const request = "Order the parts needed for 20 widgets for Customer XYZ";

suite("an engine in hostile hands", { timeout: 120_000 }, () => {
  const system = new TestSystem();
  let engine: HostileEngine;
  let router: HostileEngine;
  let done: Papers;
  let waiting: Papers;
  let rejected: Papers;
  let ordersBefore = "";
  const alarms: string[] = [];

  before(async () => {
    const ready = await system.start();
    done = await papersOf(system, (await system.ask(request, "--yes")).result.run, "renewed");
    rejected = await papersOf(system, (await system.ask(request, "--no", "--reason", "not now")).result.run);
    waiting = await papersOf(system, (await system.ask(request)).result.run);
    assert.equal(done.mandate.decisions.length, 1);
    [engine, router] = await Promise.all([
      HostileEngine.open(system, ready),
      HostileEngine.open(system, ready, "router"),
    ]);
    ordersBefore = await everyOrder(system);
  });
  after(async () => {
    await Promise.all([engine, router].map((each) => each?.close()));
    await system.remove();
  });

  /**
   * Sends a mandate for the waiting run; it must be refused with a reason and change nothing, and raise an alarm where
   * it could never have been meant well.
   */
  async function refused(
    code: string,
    mandate: unknown,
    o: {
      readonly run?: string;
      readonly step?: string;
      readonly revision?: number;
      readonly alarmed?: boolean;
    } = {},
  ): Promise<void> {
    const { alarmed = true, ...target } = o;
    const answer = await engine.request(
      "supply",
      { run: waiting.run, step: "orders", ...target },
      { skill: "place-orders", mandate: mandate as Json },
    );
    assert.equal(answer.kind, "error");
    assert.equal(answer.code, code, answer.message);
    assert.match(answer.message, /mandate/);
    assert.ok(answer.message.length > 30, answer.message);
    if (alarmed) {
      alarms.push(code);
    }
  }
  const decisionBy = (sign: HostileEngine["sign"]) =>
    forgedDecision(waiting, { decision: sign, evidence: own });
  const own: HostileEngine["sign"] = (statement) => engine.sign(statement);

  test("no mandate at all", async () => {
    const answer = await engine.request(
      "supply",
      { run: waiting.run, step: "orders" },
      { skill: "place-orders", input: waiting.plan as unknown as Json },
    );
    assert.equal(answer.code, "mandate-missing");
    alarms.push(answer.code);
    await refused("mandate-malformed", null);
    await refused("mandate-malformed", { plan: waiting.mandate.plan });
  });

  test("a mandate of his own making, under his own and under others' names", async () => {
    const attest = (role: "financial" | "compliance", claim: boolean) => {
      const statement: AttestationStatement = {
        ...(waiting.mandate.attestations[0] as Signed<AttestationStatement>).statement,
        role,
      };
      return claim
        ? engine.signAs(statement, { atSign: `@cs-${role}`, instance: "main" })
        : engine.sign(statement);
    };
    for (const claim of [false, true]) {
      await refused("mandate-signature", {
        plan: waiting.mandate.plan,
        attestations: [attest("financial", claim), attest("compliance", claim)],
        decisions: [decisionBy(own)],
      });
    }
  });

  test("an approved plan with one byte changed", async () => {
    for (const [code, where] of [
      ["mandate-plan", /(?<="countersign\/plan\/)1/],
      ["mandate-hash", /(?<="bankAccount":").(?!_)/],
      ["mandate-hash", /(?<="request":\{"customer":"[^"]*","item":"[^"]*","quantity":")\d/],
    ] as const) {
      const altered = waiting.mandate.plan.replace(where, (byte) => (byte === "1" ? "2" : "1"));
      assert.notEqual(altered, waiting.mandate.plan);
      assert.equal(altered.length, waiting.mandate.plan.length);
      await refused(code, { ...waiting.mandate, plan: altered, decisions: [decisionBy(own)] });
    }
  });

  test("one attestation missing, twice the same one, or those of another plan", async () => {
    const [financial, compliance] = waiting.mandate.attestations;
    const decisions = [decisionBy(own)];
    await refused("mandate-attestation-missing", {
      ...waiting.mandate,
      attestations: [financial],
      decisions,
    });
    await refused("mandate-attestation-missing", {
      ...waiting.mandate,
      attestations: [compliance, compliance],
      decisions,
    });
    await refused("mandate-hash", {
      ...waiting.mandate,
      attestations: done.mandate.attestations,
      decisions,
    });
  });

  test("attested, but decided by himself: as the bot, as the HITL agent, with evidence of his own", async () => {
    await refused("mandate-malformed", { ...waiting.mandate, decisions: [] });
    await refused("mandate-signature", { ...waiting.mandate, decisions: [decisionBy(own)] });
    const asHitl: HostileEngine["sign"] = (statement) =>
      engine.signAs(statement, { atSign: "@cs-hitl", instance: "main" });
    await refused("mandate-signature", { ...waiting.mandate, decisions: [decisionBy(asHitl)] });
  });

  test("the HITL agent signs nothing for evidence that the evidence key did not sign", async () => {
    for (const evidence of [
      decisionBy(own).statement.evidence,
      engine.signAs(decisionBy(own).statement.evidence.statement, {
        atSign: "@cs-bot",
        instance: "evidence",
      }),
    ]) {
      const answer = await engine.request(
        "hitl",
        { run: waiting.run, step: "gate" },
        {
          skill: "sign-decision",
          input: { plan: waiting.mandate.plan, evidence: [evidence] } as unknown as Json,
        },
      );
      assert.equal(answer.code, "evidence-unverified");
    }
  });

  test("even with the evidence key, a click by an account that is not that person's is refused, with an alarm", async () => {
    const keys = await instanceKeys(path.join(system.data, "keys", "bot"), "evidence");
    const { statement } = decisionBy(own).statement.evidence;
    const evidence = signAs(
      { ...statement, adapter: "slack", account: "slack:T0123/U0456", trustSerial: 1 },
      keys,
      keys.ed25519,
    );
    const answer = await engine.request(
      "hitl",
      { run: waiting.run, step: "gate" },
      {
        skill: "sign-decision",
        input: { plan: waiting.mandate.plan, evidence: [evidence] } as unknown as Json,
      },
    );
    assert.equal(answer.code, "wrong-account", answer.message);
  });

  test("a genuine mandate again: in another run, revision or step, and mixed with another plan", async () => {
    await refused("mandate-subject", done.mandate);
    await refused("mandate-subject", done.mandate, { run: done.run, revision: 2 });
    await refused("mandate-step", done.mandate, { run: done.run, step: "crm" });
    await refused("mandate-hash", { ...waiting.mandate, decisions: done.mandate.decisions });
  });

  test("a genuine mandate again in its own run: answered, but ordered once", async () => {
    const answer = await engine.request(
      "supply",
      { run: done.run, step: "orders" },
      { skill: "place-orders", mandate: done.mandate as unknown as Json },
    );
    assert.equal(answer.kind, "result");
    assert.equal(await everyOrder(system), ordersBefore);
  });

  test("a decision after which nobody would attest again, with the attestations made before it", async () => {
    const run = (await system.ask(request)).result.run ?? "";
    const shown = await papersOf(system, run);
    const customer = (await system.books<Customer>("customers")).find((each) => each.id === "CUST-XYZ");
    await system.load("customers", { ...customer, creditLimit: "1.00" });
    assert.equal((await system.run("approve", shown.approval)).code, 0);
    assert.equal((await system.ended(run)).error?.code, "credit-exceeded");
    const { mandate } = await papersOf(system, run);
    assert.deepEqual(mandate.attestations, shown.mandate.attestations);
    assert.equal(mandate.decisions[0]?.statement.verdict, "approved");
    await refused("mandate-stale", mandate, { run, alarmed: false });
    // He may ask both again himself. Compliance has no objection, which does not make up for the other one.
    const attest = (role: string) =>
      engine.request(role, { run, step: "renew" }, { skill: "attest", input: { plan: mandate.plan } });
    assert.equal((await attest("financial")).code, "not-held");
    const { output: compliance } = await attest("compliance");
    const attestations = [mandate.attestations[0], compliance];
    await refused("mandate-stale", { ...mandate, attestations }, { run, alarmed: false });
    await system.load("customers", customer ?? {});
    assert.equal(await everyOrder(system), ordersBefore);
  });

  test("a rejection turned around", async () => {
    const [decision] = rejected.mandate.decisions;
    assert.ok(decision, "the record holds the rejection");
    assert.equal(decision.statement.verdict, "rejected");
    const target = { run: rejected.run };
    await refused("mandate-decision", rejected.mandate, target);
    const { statement } = decision;
    const turned = { ...decision, statement: { ...statement, verdict: "approved" } };
    await refused("mandate-signature", { ...rejected.mandate, decisions: [turned] }, target);
  });

  test("another agent's keys may ask supply for nothing", async () => {
    const answer = await router.request(
      "supply",
      { run: waiting.run, step: "orders" },
      { skill: "place-orders", mandate: done.mandate as unknown as Json },
      2_000,
    );
    assert.equal(answer.kind, "silence");
    alarms.push("sender-not-allowed");
  });

  test("nothing was ordered; afterwards the genuine decision works, once", async () => {
    assert.equal(await everyOrder(system), ordersBefore);
    assert.equal((await system.run("approve", waiting.approval)).code, 0);
    assert.equal((await system.ended(waiting.run)).status, "completed");
    const orders = (await system.books<{ run: string; status: string }>("orders")).filter(
      (each) => each.run === waiting.run,
    );
    assert.equal(orders.length, waiting.plan.orders.length);
    assert.ok(orders.every((each) => each.status === "confirmed"));
  });

  test("every attack is an alarm in the journal of supply, or of the HITL agent", async () => {
    await system.stop();
    const { database } = await openCompanyBooks(readSettings({ COUNTERSIGN_DATA: system.data }), false);
    const journalled: string[] = [];
    const byHitl: string[] = [];
    for await (const { kind, writer, facts } of readJournal(database)) {
      if (kind === "alarm" && writer.startsWith("supply-")) {
        journalled.push(String(facts.code));
      } else if (kind === "alarm" && writer.startsWith("hitl-")) {
        byHitl.push(String(facts.code));
      }
    }
    await database.close();
    assert.deepEqual(byHitl, ["wrong-account"]);
    for (const code of new Set(alarms)) {
      const told = journalled.filter((each) => each === code).length;
      assert.ok(told >= alarms.filter((each) => each === code).length, `${code}: ${told} alarms`);
    }
  });
});
