import type { BotParts } from "./bot-parts.ts";
import type { AgentDefinition } from "./define-agent.ts";
import type { AgentAddress, AgentId, Signed } from "./domain.ts";
import type { AgentCalls } from "./link/agent-calls.ts";
import { createFreezeCalls } from "./link/freeze-calls.ts";
import type { LiveInstance } from "./link/presence.ts";
import { createSafety } from "./safety.ts";
import type { Statement } from "./trust/sign-statement.ts";
import type { TrustStore } from "./trust/trust-store.ts";

/** Freeze and shadow mode, wired to the agents that obey them. */
export function wireSafety(o: {
  readonly parts: BotParts;
  readonly calls: Pick<AgentCalls, "instances" | "address">;
  readonly sign: <T extends Statement>(statement: T) => Signed<T>;
  /** What waited may be sent again. */
  readonly onLifted: () => void;
}) {
  const { calls, sign } = o;
  const { config, store, link, trust, definitions, agents, clock, timers, log } = o.parts;
  const freezeCalls = createFreezeCalls({
    link,
    here: () => calls.instances(),
    others: () => silentAgents(agents, calls.instances(), trust),
    hitl: () => calls.address("hitl"),
    journal: (entries) => store.appendJournal(entries),
    clock,
    timers,
    log,
  });
  const safety = createSafety({
    store,
    trust: () => trust,
    sign,
    tell: (papers) => freezeCalls.tell(papers),
    signLift: (serial, evidence) => freezeCalls.signLift(serial, evidence),
    async lifted() {
      await store.resume(clock.now());
      o.onLifted();
    },
    workflows: [...new Set(definitions.workflows.map(({ id }) => id))],
    shadowByDefault: config.shadowNewWorkflows ?? false,
    clock,
    timers,
    log,
  });
  return { safety, freezeCalls };
}

/** Of each agent that nobody was heard of, the address its grant names. */
function silentAgents(
  agents: readonly AgentDefinition[],
  here: readonly LiveInstance[],
  trust: TrustStore,
): readonly AgentAddress[] {
  return agents
    .filter(({ id }) => !here.some(({ agent }) => agent === id) && isGranted(trust, id))
    .map(({ id }) => trust.agent(id));
}

export function isGranted(trust: TrustStore, agent: AgentId): boolean {
  try {
    trust.agent(agent);
    return true;
  } catch {
    return false;
  }
}
