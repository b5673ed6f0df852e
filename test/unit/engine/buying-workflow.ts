import { z } from "zod";
import { canonicalHash } from "../../../src/canonical.ts";
import { defineAgent, skill } from "../../../src/define-agent.ts";
import type { AnySkill, Skill } from "../../../src/define-agent.ts";
import { defineWorkflow } from "../../../src/define-workflow.ts";
import type { PlanDocument, Signed } from "../../../src/domain.ts";
import type { AttestationStatement } from "../../../src/mandate-types.ts";

/** A small workflow with every kind of step, and the agents it needs; fakes do the skills' work. */

const none = z.object({});
const open = z.looseObject({});
const attestation = z.custom<Signed<AttestationStatement>>((value) => typeof value === "object");
const run = (): Promise<never> => Promise.reject(new Error("the bot never runs a skill"));
const read = <O>(output: z.ZodType<O>): Skill<z.output<typeof open>, O> =>
  skill({ effect: "read", input: open, output, run });
const agent = <S extends Readonly<Record<string, AnySkill>>>(id: string, skills: S) =>
  defineAgent({ id, description: id, skills });

export const router = agent("router", { route: read(z.looseObject({ outcome: z.string() })) });
export const hitl = agent("hitl", { "sign-decision": read(z.array(z.looseObject({ statement: open }))) });
const done = z.object({ done: z.literal(true) });
const release = skill({ effect: "write", input: none, output: done, run });
const inventory = agent("inventory", {
  reserve: skill({
    effect: "write",
    undo: "release",
    input: open,
    output: z.object({ missing: z.number() }),
    run,
  }),
  release,
});
const finance = agent("financial", {
  budget: skill({ effect: "write", undo: "release", input: open, output: done, run }),
  release,
  attest: read(attestation),
});
const compliance = agent("compliance", { attest: read(attestation) });
const supply = agent("supply", {
  "place-orders": skill({ effect: "irreversible", requires: "mandate", input: none, output: done, run }),
});
const crm = agent("crm", { record: release, "record-status": read(done) });
const exception = agent("exception", { triage: read(open) });

export const input = z.object({ item: z.string() });
/** `validUntil` lies a year after the tests' time. */
const planOf = (o: {
  run: string;
  revision: number;
  requester: string;
  item: string;
  missing: number;
  excluded: readonly string[];
}) =>
  ({
    schema: "countersign/plan/1",
    workflow: { id: "buying", version: 1 },
    request: { customer: "xyz", item: o.item, quantity: "1" },
    validUntil: "2027-01-05T10:00:00.000Z",
    total: { amount: "100.00", currency: "USD" },
    // An order per missing thing, at 100 each.
    orders: Array.from({ length: o.missing }, () => ({
      supplier: "alpha",
      currency: "USD",
      total: { amount: "100.00", currency: "USD" },
    })),
    fallbacks: [],
    effects: [],
    quote: { marginPercent: "30" },
    ...o,
  }) as unknown as PlanDocument;

export const buying = defineWorkflow({
  id: "buying",
  version: 1,
  description: "Buys things",
  examples: ["Buy a thing"],
  input,
  steps: (step) => {
    const reserve = step.call(inventory, "reserve", { with: ({ input: { item } }) => ({ item }) });
    const budget = step.call(finance, "budget", { with: ({ input: { item } }) => ({ item }) });
    const plan = step.compute({
      needs: { reserve, budget },
      output: z.custom<PlanDocument>((value) => typeof value === "object"),
      run: ({ input: { item }, needs, run: { id, revision, excluded, requester } }) =>
        planOf({ run: id, revision, requester, item, missing: needs.reserve.missing, excluded }),
    });
    const text = {
      needs: { plan },
      with: ({ needs }: { needs: { plan: PlanDocument } }) => ({ hash: canonicalHash(needs.plan) }),
    };
    const money = step.call(finance, "attest", text);
    const lists = step.call(compliance, "attest", text);
    const gate = step.approval({
      action: "order",
      needs: { plan, money, lists },
      plan: ({ needs }) => needs.plan,
      attestations: ({ needs }) => [needs.money, needs.lists],
    });
    const again = { needs: { plan, gate }, with: text.with };
    const moneyAgain = step.call(finance, "attest", again);
    const listsAgain = step.call(compliance, "attest", again);
    const orders = step.call(supply, "place-orders", {
      mandate: { gate, attestations: [moneyAgain, listsAgain] },
    });
    const note = step.call(crm, "record", { needs: { orders }, with: () => ({}) });
    return { reserve, budget, plan, money, lists, gate, moneyAgain, listsAgain, orders, note };
  },
  onStatus: {
    agent: crm,
    skill: "record-status",
    with: ({ status, reason }) => ({ status, reason }),
  },
  onFailure: { agent: exception, skill: "triage" },
  summary: ({ input: { item } }) => `Bought ${item}`,
});
