import assert from "node:assert/strict";
import type { Policy } from "../../src/policy-types.ts";
import type { ProposedTerms } from "../../src/rights-types.ts";
import type { SafetyAct } from "../../src/safety-types.ts";
import { createStandingUses, type StandingUses } from "../../src/standing-uses.ts";
import { usd } from "../fakes/policy-world.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { policy } from "../fakes/trust-world.ts";
import { EngineWorld, request } from "./engine/engine-world.ts";

export const rules: Policy = {
  ...policy,
  standing: { tiers: ["standard"], longestDays: 30, each: usd("2000"), inAll: usd("10000"), uses: 20 },
};
export const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });
export const dayMs = 24 * 3_600_000;

/** Bots whose policy lets people approve in advance, and one that proposes, approves and opens. */
export function standingWorld(change: Partial<Policy> = {}) {
  const engines = new EngineWorld();
  engines.trust = { ...engines.trust, policy: { ...rules, ...change } };
  const terms = (other: Partial<ProposedTerms> = {}): ProposedTerms => ({
    requester: "employee",
    workflow: null,
    customers: null,
    suppliers: null,
    each: usd("1500"),
    inAll: usd("3000"),
    uses: 5,
    until: new Date(engines.time.now() + 10 * dayMs).toISOString(),
    ...other,
  });
  const bot = engines.bot();
  const propose = async (other: Partial<ProposedTerms> = {}, by = "employee") => {
    const proposed = await bot.standing.proposeStanding(act(by), terms(other));
    assert.equal(proposed.outcome, "done", JSON.stringify(proposed));
    return proposed.outcome === "done" ? proposed.id : "";
  };
  const inForce = async (other: Partial<ProposedTerms> = {}) => {
    const id = await propose(other);
    assert.equal((await bot.standing.approveStanding(act("manager"), id)).outcome, "done");
    return id;
  };
  let asked = 0;
  /** Up to the open approval. */
  const opened = async () => {
    asked += 1;
    const { run } = await bot.engine.start({ ...request, key: `request-${asked}` });
    await engines.settle(bot.engine);
    return { run, approval: `${run}-1-gate` };
  };
  const codeOf = async (work: Promise<{ outcome: string; error?: { code: string } }>) =>
    (await work).error?.code ?? (await work).outcome;
  return { engines, bot, terms, propose, inForce, opened, codeOf };
}

export type StandingWorld = ReturnType<typeof standingWorld>;

/** What uses the grants, with parts of a test's own. */
export function usesOf(
  engines: EngineWorld,
  o: Pick<Parameters<typeof createStandingUses>[0], "standing" | "engine">,
): StandingUses {
  return createStandingUses({
    ...o,
    store: engines.store,
    frozen: () => false,
    clock: engines.time,
    after: (ms, call) => engines.time.after(ms, call),
    trust: () => engines.trust,
    sign: (statement) => ({
      statement,
      signer: { atSign: "@cs-x", instance: "main" },
      signature: "evidence",
    }),
    log: silentLogger,
  });
}
