import { z } from "zod";
import { canonicalHash } from "../../src/canonical.ts";
import { type AnySkill, defineAgent, skill } from "../../src/define-agent.ts";
import { defineWorkflow } from "../../src/define-workflow.ts";
import type { Json, PlanDocument, RunId, Signed } from "../../src/domain.ts";
import type { Definitions } from "../../src/engine/definitions.ts";
import type { AttestationStatement, EvidenceStatement } from "../../src/mandate-types.ts";
import type { MessageSubject } from "../../src/link-types.ts";
import { answerOf, finish, join, type Payload, work } from "./engine-work.ts";

/**
 * The twelve steps as a workflow of ours: routing is the first, financial and compliance attest the plan as the ninth
 * and tenth, the approval with the HITL agent's signature is the eleventh. Each takes and gives what its skill's schema
 * checks, as every skill's.
 */

const line = z.object({
  part: z.string(),
  sku: z.string(),
  qty: z.number(),
  eur: z.number(),
  supplier: z.string(),
});
const payload = z.object({
  run: z.string(),
  step: z.number(),
  acc: z.number(),
  lines: z.array(line),
  note: z.string(),
});
const signature = {
  signer: z.object({ atSign: z.string(), instance: z.string() }),
  signature: z.string(),
};
const attestation = z.object({
  ...signature,
  statement: z.looseObject({ planHash: z.string(), run: z.string(), revision: z.number(), role: z.string() }),
  output: payload,
});
const decision = z.object({
  ...signature,
  statement: z.looseObject({ approval: z.string(), planHash: z.string(), run: z.string() }),
  answer: z.number(),
  note: z.string(),
});
type Attestation = Signed<AttestationStatement> & { readonly output: Payload };
const attested = attestation as unknown as z.ZodType<Attestation>;

const agent = <S extends Readonly<Record<string, AnySkill>>>(id: string, skills: S) =>
  defineAgent({ id, description: id, skills });
/** A skill as a host runs it: what it states, it signs. */
const does = <O>(role: string, name: string, output: z.ZodType<O>) =>
  skill({
    effect: "read",
    input: z.looseObject({}),
    output,
    async run(context, input) {
      const found = answer(context.subject, { skill: name, input: input as Json }, role) as Stated;
      const signed = (each: Stated): object =>
        each.statement === undefined ? each : { ...each, ...context.sign(each.statement) };
      return (Array.isArray(found) ? (found as Stated[]).map(signed) : signed(found)) as O;
    },
  });
type Stated = { readonly statement?: { readonly tag: string } };

const worker = agent("supply", {
  work: does("supply", "work", payload),
  join: does("supply", "join", payload),
  finish: does("supply", "finish", payload),
});
const financial = agent("financial", { attest: does("financial", "attest", attested) });
const compliance = agent("compliance", { attest: does("compliance", "attest", attested) });
const router = agent("router", { route: does("router", "route", z.looseObject({ outcome: z.string() })) });
const hitl = agent("hitl", { "sign-decision": does("hitl", "sign-decision", z.array(decision)) });
export const benchAgents = [router, worker, financial, compliance, hitl] as const;

/** The plan that is put up for approval: what step 8 found. */
function planOf(found: Payload, id: RunId, revision: number): PlanDocument {
  const plan = { schema: "countersign/plan/1", run: id, revision, validUntil: "2999-01-01T00:00:00.000Z" };
  const total = { amount: "0.00", currency: "USD" };
  // What the choice of a tier looks at.
  const stake = { total, orders: [], fallbacks: [], effects: [], quote: { total, marginPercent: "99" } };
  return { ...plan, ...stake, tradeOff: String(found.acc) } as unknown as PlanDocument;
}

const twelveSteps = defineWorkflow({
  id: "twelve-steps",
  version: 1,
  description: "Order parts",
  examples: ["Order parts for 50 widgets"],
  input: payload,
  steps: (step) => {
    const s2 = step.call(worker, "work", { with: ({ input }) => ({ step: 2, input }) });
    const s3 = step.call(worker, "work", { with: ({ input }) => ({ step: 3, input }) });
    const s4 = step.call(worker, "join", {
      needs: { s2, s3 },
      with: ({ needs }) => ({ left: needs.s2, right: needs.s3 }),
    });
    const after = (number: number, needs: { before: typeof s4 }) =>
      step.call(worker, "work", { needs, with: (o) => ({ step: number, input: o.needs.before }) });
    const s5 = after(5, { before: s4 });
    const s6 = after(6, { before: s5 });
    const s7 = after(7, { before: s6 });
    const s8 = after(8, { before: s7 });
    const s9 = step.call(financial, "attest", {
      needs: { s8 },
      with: (o) => ({ plan: planOf(o.needs.s8, o.run.id, o.run.revision), input: o.needs.s8 }),
    });
    const s10 = step.call(compliance, "attest", {
      needs: { s8, s9 },
      with: (o) => ({ plan: planOf(o.needs.s8, o.run.id, o.run.revision), input: o.needs.s9.output }),
    });
    const gate = step.approval({
      action: "order",
      needs: { s8, s9, s10 },
      plan: (o) => planOf(o.needs.s8, o.run.id, o.run.revision),
      attestations: ({ needs }) => [needs.s9, needs.s10],
    });
    const s12 = step.call(worker, "finish", {
      needs: { s10, gate },
      with: ({ needs }) => ({ input: needs.s10.output, decision: needs.gate }),
    });
    return { s2, s3, s4, s5, s6, s7, s8, s9, s10, gate, s12 };
  },
  summary: () => "Ordered",
});

export const benchDefinitions: Definitions = { workflows: [twelveSteps], router, hitl };
/** The last step, and the one that waits for a person. */
export const lastStep = "s12";
export const approvalStep = "gate";

const signer = { atSign: "@cs-bench", instance: "main" } as const;

/** What the agent of a role answers to a request. */
export function answer(subject: MessageSubject, body: Json, role: string): Json {
  const { skill: name, input } = body as unknown as { skill: string; input: Record<string, never> };
  const { text, step, left, right, plan, evidence } = input as unknown as {
    text: string;
    step: number;
    left: Payload;
    right: Payload;
    plan: PlanDocument;
    evidence: readonly Signed<EvidenceStatement>[];
  };
  const given = input["input"] as unknown as Payload;
  const about = { run: subject.run, revision: subject.revision, role };
  const signed = (statement: object, more: object): object => ({
    statement,
    signer,
    signature: role,
    ...more,
  });
  switch (`${role}.${name}`) {
    case "router.route": {
      const found = work(1, JSON.parse(text) as Payload);
      return {
        outcome: "workflow",
        workflow: twelveSteps.id,
        version: twelveSteps.version,
        input: found,
      };
    }
    case "supply.work":
      return work(step, given);
    case "supply.join":
      return join(left, right);
    case "financial.attest":
    case "compliance.attest":
      return signed(
        { tag: "countersign/attestation/1", planHash: canonicalHash(plan), ...about },
        { output: work(role === "financial" ? 9 : 10, given) },
      ) as Json;
    case "hitl.sign-decision":
      return evidence.map(({ statement }) =>
        signed(
          { ...statement, tag: "countersign/decision/1" },
          { answer: answerOf(subject.run), note: "y".repeat(600) },
        ),
      ) as Json;
    case "supply.finish":
      return finish(given, (input["decision"] as unknown as { answer: number }[])[0]?.answer ?? 0);
    default:
      throw new Error(`agent "${role}" has no skill "${name}"`);
  }
}
