import assert from "node:assert/strict";
import type { ClickedDecision } from "../../../src/decision-types.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { policy } from "../../fakes/trust-world.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

/** Two people must approve. */
export const two: Policy = {
  ...policy,
  approve: {
    ...policy.approve,
    quorum: 2,
    remindAfterHours: [1, 2],
    escalate: { afterHours: 3, roles: ["director"] },
  },
  delegation: { longestHours: 24 },
};

/** A run that waits for its approval. */
export async function opened(rules = two) {
  const world = new EngineWorld();
  world.trust = { ...world.trust, policy: rules };
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const gate = `${run}-1-gate`;
  const decide = (change: Partial<ClickedDecision> = {}) =>
    bot.approvals.decide({ approval: gate, ...click, ...change });
  const row = async () => {
    const found = await world.store.approval(gate);
    assert.ok(found !== undefined);
    return found;
  };
  return { world, bot, run, gate, decide, row };
}
