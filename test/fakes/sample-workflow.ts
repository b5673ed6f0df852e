import { z } from "zod";
import { defineAgent, skill } from "../../src/define-agent.ts";
import type { ApprovalHandle, MandateHandles, Needs, StepBuilder } from "../../src/define-step.ts";
import { defineWorkflow } from "../../src/define-workflow.ts";
import type { PlanDocument, Signed } from "../../src/domain.ts";
import type { AttestationStatement } from "../../src/mandate-types.ts";

/** Agents that a workflow with an approval needs, and its parts, for tests of what a definition may be. */

const planned = z.object({ plan: z.string() });
const signed = z.custom<Signed<AttestationStatement>>();
const attest = skill({ effect: "read", input: planned, output: signed, run: never });
export const financial = defineAgent({
  id: "financial",
  description: "Checks money",
  skills: {
    attest,
    "check-credit": skill({
      effect: "write",
      undo: "release-credit",
      input: z.object({ customer: z.string() }),
      output: z.object({ limit: z.string() }),
      run: never,
    }),
    "release-credit": skill({ effect: "write", input: z.object({}), output: z.object({}), run: never }),
  },
});
export const compliance = defineAgent({ id: "compliance", description: "Checks lists", skills: { attest } });
export const supply = defineAgent({
  id: "supply",
  description: "Buys",
  skills: {
    "place-orders": skill({
      effect: "irreversible",
      requires: "mandate",
      input: z.object({}),
      output: z.object({ placed: z.number() }),
      run: never,
    }),
  },
});
export function never(): Promise<never> {
  return Promise.reject(new Error("the bot never runs a skill"));
}

export type Step = StepBuilder<{ customer: string }>;
const document = { schema: "countersign/plan/1" } as unknown as PlanDocument;
export const approve = (step: Step, needs: Needs): ApprovalHandle =>
  step.approval({ action: "order", needs, plan: () => document, attestations: () => [] });
export const attestation = (step: Step, agent: typeof compliance | typeof financial, needs: Needs = {}) =>
  step.call(agent, "attest", { needs, with: () => ({ plan: "text" }) });
export const order = (step: Step, gate: ApprovalHandle, attestations: MandateHandles["attestations"]) =>
  step.call(supply, "place-orders", { mandate: { gate, attestations }, attempts: 5 });
/** A gate as it should be, and what the test makes of the rest. */
export function gated(step: Step, rest: (gate: ApprovalHandle) => Needs): Needs {
  const money = attestation(step, financial);
  const lists = attestation(step, compliance);
  const gate = approve(step, { money, lists });
  return { money, lists, gate, ...rest(gate) };
}
export function workflow(steps: (step: Step) => Needs, change: { id?: string; version?: number } = {}) {
  return defineWorkflow({
    id: "order",
    version: 1,
    description: "Orders",
    examples: ["Order it"],
    input: z.object({ customer: z.string() }),
    steps,
    summary: ({ input }) => input.customer,
    ...change,
  });
}
