import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Signed } from "../../src/domain.ts";
import { existingHolderKey } from "../../src/keys.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { verdictBy } from "./hostile-bot.ts";
import { loweredPolicies, nextGrant, ungrantedMachines } from "./hostile-papers.ts";
import { HostileWorld } from "./hostile-world.ts";
import { everyOrder, type Papers, papersOf } from "./mandate-papers.ts";
import { noProcFolder } from "./our-processes.ts";
import { answerOf } from "./own-machine.ts";

/**
 * The attacker of issue 5, point 9, against real processes: the bot's code, keys, record, queue, link and chat are his,
 * and so is its machine's trust folder. Two managers countersign on machines of their own. Above the policy's tier
 * nothing happens that they did not sign; what clicks can order below it ends at the ceilings.
 */

const above = "Order the parts needed for 1200 widgets for Customer XYZ";
const below = "Order the parts needed for 900 widgets for Customer XYZ";
const splits = 2;
/** Clicked on the same day before; of one vendor. */
const earlier = "1200000.00";
/** Of the shipped policy, in USD: of one approver, on one day, by clicks. */
const ceiling = 2_000_000;
const hourMs = 3_600_000;

suite("a bot in hostile hands", { skip: noProcFolder, timeout: 380_000 }, () => {
  const world = new HostileWorld();
  const { system, mona, laptop, milo } = world;
  let done: Papers;
  let waiting: Papers;
  let own: Papers;
  let ordersBefore = "";

  before(() => world.start());
  after(() => world.remove());

  test("control: both managers sign on their own machines, and everything is ordered", async () => {
    const { result, code } = await system.ask(above, "--yes");
    assert.deepEqual([code, result.status], [5, "waiting"], "no click decides it, whatever --yes says");
    const { run } = result;
    await mona.approve(run);
    assert.deepEqual(await system.books("orders"), []);
    await milo.approve(run);
    assert.equal((await system.ended(run ?? "")).status, "completed");
    done = await papersOf(system, run, "renewed");
    const orders = await system.books<{ run: string; assurance: string }>("orders");
    assert.equal(orders.length, done.plan.orders.length);
    assert.ok(orders.every((each) => each.run === run && each.assurance === "countersigned"));
    const shown = await system.run("approvals", done.approval);
    assert.match(
      shown.stdout,
      /Approved by manager on their own machine @cs-manager\/main at .* \(countersigned\) and by manager-2 on their own machine @cs-manager-2\/main/,
    );
  });

  test("a click is refused with how to decide instead, by the bot, and by the HITL agent whoever evidences it", async () => {
    waiting = await world.asked(above);
    own = await world.asked(above, "--as", "manager");
    ordersBefore = await everyOrder(system);
    const card = await system.run("approvals", waiting.approval);
    assert.match(card.stdout, /No click counts: sign it on a machine of your own/);
    const click = await system.run("approve", waiting.approval);
    assert.equal(click.code, 1);
    assert.match(click.stderr, /assurance-too-low.*"countersign inbox --keys FILE"/);
    await world.refusedByHitl("assurance-too-low", waiting, ...world.clicks(waiting));
  });

  test("decisions of his own making: in the HITL agent's name, in the managers', under every key he has", async () => {
    await world.refused(
      "mandate-signature",
      waiting,
      world.clicks(waiting).map((each) => world.bot.asHitl(each, waiting.plan.validUntil)),
    );
    const statement = verdictBy("manager", waiting);
    const forged = world.bot.engine.signAs(statement, { atSign: "@cs-manager", instance: "main" });
    const asBot = world.bot.engine.sign(statement);
    for (const each of [forged, asBot]) {
      await world.refused("mandate-signature", waiting, [each]);
      await world.refusedByHitl("evidence-unverified", waiting, each);
    }
    // The HITL agent signs clicks on a plan below the tier: worth nothing on another plan.
    const small = await world.asked("Order the parts needed for 5 widgets for Customer XYZ");
    const { kind, output } = await world.bot.askHitl(small, world.bot.click(small, "manager"));
    assert.equal(kind, "result");
    await world.refused("mandate-hash", waiting, output as unknown as readonly Signed<unknown>[]);
    await world.refused("mandate-malformed", waiting, []);
  });

  test("genuine signatures, but too few or not theirs to give: one, one person's two machines, the requester's own", async () => {
    const [signed] = await world.both(waiting);
    assert.ok(signed);
    const again = await laptop.sign(verdictBy("manager", waiting));
    await world.refused("mandate-quorum", waiting, [signed]);
    await world.refused("mandate-quorum", waiting, [signed, again]);
    await world.refused("mandate-quorum", waiting, [signed, signed]);
    await world.refused("mandate-own-request", own, await world.both(own));
    await world.refusedByHitl("own-request", own, ...(await world.both(own)));
    // Mona's key signs for nobody else.
    await world.refused("mandate-signature", waiting, [
      signed,
      await mona.sign(verdictBy("manager-2", waiting)),
    ]);
  });

  test("genuine signatures on something else: another plan, hash, run, revision, verdict, or over", async () => {
    await world.refused("mandate-hash", waiting, await world.both(done));
    await world.refused("mandate-hash", waiting, await world.both(waiting, { planHash: "0".repeat(64) }));
    await world.refused("mandate-subject", waiting, await world.both(waiting, { run: done.run }));
    await world.refused("mandate-subject", waiting, await world.both(waiting, { revision: 2 }));
    await world.refused("mandate-subject", waiting, await world.both(waiting), { revision: 2 });
    await world.refused("mandate-decision", waiting, await world.both(waiting, { verdict: "rejected" }));
    await world.refused("mandate-decision", waiting, await world.both(waiting, { requester: "employee-2" }));
    const hourAgo = new Date(Date.now() - hourMs).toISOString();
    await world.refused("mandate-expired", waiting, await world.both(waiting, { expiry: hourAgo }));
    const [signed, other] = await world.both(waiting);
    assert.ok(signed && other);
    const turned = { ...signed, statement: { ...signed.statement, planHash: done.mandate.plan } };
    await world.refused("mandate-malformed", waiting, [turned, other]);
    const longer = { ...signed, statement: { ...signed.statement, issuedAt: hourAgo } };
    await world.refused("mandate-signature", waiting, [longer, other]);
  });

  test("an old countersigned mandate again: elsewhere it is refused, in its own run ordered once", async () => {
    await world.refused("mandate-subject", { ...waiting, mandate: done.mandate }, done.mandate.decisions);
    const again = await world.bot.order(done.run, done.mandate);
    assert.equal(again.kind, "result");
    assert.equal(await everyOrder(system), ordersBefore);
  });

  test("a plan swapped after it was signed, however it is attested", async () => {
    const signed = await world.both(waiting);
    const account = /(?<="bankAccount":").(?!_)/;
    const swapped = waiting.mandate.plan.replace(account, (byte) => (byte === "X" ? "Y" : "X"));
    assert.notEqual(swapped, waiting.mandate.plan);
    await world.refused("mandate-hash", waiting, signed, { plan: swapped });
    const where = { run: waiting.run, step: "renew" };
    const again = { skill: "attest", input: { plan: swapped } };
    const attested = await world.bot.engine.request("compliance", where, again);
    assert.equal(attested.kind, "error", "by its books the vendor has another account");
    // Genuinely attested, and another plan than the one that was signed.
    const attestations = await world.bot.attested(own, own.mandate.plan);
    await world.refused("mandate-hash", own, await world.both(waiting), { mandate: { attestations } });
  });

  test("a policy of his own with a lower tier, an altered one, an old one: the agents go on by the company's", async () => {
    const [foreign, altered] = loweredPolicies(world.trustFile("trust.json"));
    for (const [code, paper] of [
      ["trust-signature", foreign],
      ["trust-signature", altered],
      ["trust-rollback", world.firstDocument],
    ] as const) {
      const restore = await world.planted({ "trust.json": paper }, code);
      await world.refusedByHitl("assurance-too-low", waiting, ...world.clicks(waiting));
      assert.equal(
        await world.codeOf(waiting, ...(await world.both(waiting))),
        "mandate-stale",
        "those still count",
      );
      restore();
    }
  });

  test("machines that nobody granted: by a company key of his own, by the bot's key-holder", async () => {
    const botHolder = await existingHolderKey(path.join(system.data, "keys", "bot"), "bot");
    assert.ok(botHolder);
    const { keys, papers, signers } = ungrantedMachines(botHolder);
    const restore = await world.planted(papers, "trust-ungranted");
    const [, second] = await world.both(waiting);
    assert.ok(second);
    for (const signer of signers) {
      const first = signAs(verdictBy("manager", waiting), signer, keys.ed25519);
      await world.refused("mandate-signature", waiting, [first, second]);
    }
    restore();
  });

  test("a machine that was lost: revoked, nothing signed there counts, also not under another grant of its own", async () => {
    const signed = await laptop.sign(verdictBy("manager", waiting));
    const [, second] = await world.both(waiting);
    assert.ok(second);
    assert.equal(
      await world.codeOf(waiting, signed, second),
      "mandate-stale",
      "until it is revoked it counts",
    );
    await answerOf(system.run("people", "revoke-device", "@cs-manager", "laptop", "--json"));
    await world.until(
      "the revocation",
      async () => (await world.codeOf(waiting, signed, second)) !== "mandate-stale",
    );
    await world.refused("mandate-signature", waiting, [signed, second]);
    const holder = await existingHolderKey(path.dirname(laptop.keyFile), "person");
    assert.ok(holder);
    const name = "instance-grant.cs-manager.laptop.json";
    const file = world.trustFile(name);
    writeFileSync(file, JSON.stringify(nextGrant(file, holder)));
    // Twice as long as it takes processes to see what is new there.
    await pause(3_000);
    await world.refused("mandate-signature", waiting, [
      await laptop.sign(verdictBy("manager", waiting)),
      second,
    ]);
    const there = await laptop.inbox("--json");
    assert.notEqual(there.code, 0);
    assert.match(there.stderr, /grant-revoked|no-grant/);
  });

  test("nobody but supply orders, and nothing of all this was ordered", async () => {
    const decisions = await world.both(waiting);
    const attestations = await world.bot.attested(waiting, waiting.mandate.plan);
    for (const to of ["gateway", "hitl", "crm"]) {
      const answer = await world.bot.order(
        waiting.run,
        { ...waiting.mandate, attestations, decisions },
        { to },
      );
      assert.notEqual(answer.kind, "result", to);
    }
    assert.equal(await everyOrder(system), ordersBefore);
  });

  test("amounts split below the tier: clicks order until the day's ceiling, and not a cent more", async () => {
    const vendor = (await system.books<{ id: string }>("wholesalers"))[0]?.id;
    await system.load("orders", {
      id: "earlier-1-1",
      run: "earlier",
      wholesaler: vendor,
      status: "placed",
      currency: "USD",
      total: earlier,
      supplierReference: "",
      placedOn: new Date().toISOString().slice(0, 10),
      document: "{}",
      decidedBy: "manager;manager-2",
      assurance: "clicked",
    });
    const outcomes: string[] = [];
    for (let split = 0; split < splits; split += 1) {
      const papers = await world.asked(below);
      const { kind, output } = await world.bot.askHitl(papers, ...world.clicks(papers));
      assert.equal(
        kind,
        "result",
        "below the tier clicks are believed: what they are worth is in the README",
      );
      const attestations = await world.bot.attested(papers, papers.mandate.plan);
      const answer = await world.bot.order(papers.run, {
        ...papers.mandate,
        attestations,
        decisions: output,
      });
      outcomes.push(answer.kind === "result" ? "ordered" : answer.code);
    }
    assert.deepEqual(outcomes, [...Array<string>(splits - 1).fill("ordered"), "ceiling-exceeded"]);
    world.expects("supply", "ceiling-exceeded");
    const clicked = (
      await system.books<{ total: string; currency: string; assurance: string }>("orders")
    ).filter((each) => each.assurance !== "countersigned");
    const usd = clicked.reduce(
      (sum, each) => sum + Number(each.total) * (each.currency === "EUR" ? 1.08 : 1),
      0,
    );
    assert.ok(usd > 0 && usd <= ceiling, `${usd}`);
  });

  test("afterwards the honest way still works, in the same world", async () => {
    await mona.approve(waiting.run);
    await milo.approve(waiting.run);
    assert.equal((await system.ended(waiting.run)).status, "completed");
    const orders = await system.books<{ run: string; status: string }>("orders");
    const placed = orders.filter((each) => each.run === waiting.run);
    assert.equal(placed.length, waiting.plan.orders.length);
    assert.ok(placed.every(({ status }) => status === "confirmed"));
  });

  test("each attack is in the journal of the agent that refused it", () => world.assertJournalled());
});
