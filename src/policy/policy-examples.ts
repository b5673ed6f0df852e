import { z } from "zod";
import { type Person, roles } from "../domain.ts";
import type { Policy, Risk } from "../policy-types.ts";
import { risks } from "../policy-types.ts";
import { explainPolicy } from "./explain-policy.ts";

/** A table of examples: what a policy is meant to say, so that nobody changes it without noticing. */
const exampleSchema = z.strictObject({
  name: z.string().min(1),
  by: z.string().min(1),
  amount: z.string().regex(/^\d{1,15}(\.\d{1,4})?$/, 'expected an amount such as "5000.00"'),
  risks: z.array(z.enum(risks)).default([]),
  at: z.iso.datetime().default("2026-01-05T09:00:00Z"),
  expect: z.strictObject({
    asks: z.boolean().default(true),
    tier: z.string().exactOptional(),
    quorum: z.int().exactOptional(),
    assurances: z.array(z.enum(["local", "clicked", "countersigned"])).exactOptional(),
    may: z.array(z.string()).exactOptional(),
    mayNot: z.array(z.string()).exactOptional(),
  }),
});
export const policyExamplesSchema = z.strictObject({
  demo: z.boolean().default(true),
  people: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        roles: z.array(z.enum(roles)),
        active: z.boolean().default(true),
      }),
    )
    .min(1),
  examples: z.array(exampleSchema).min(1),
});
export type PolicyExamples = z.infer<typeof policyExamplesSchema>;

/** What the policy says otherwise than the table, a line each; none when all is as meant. */
export function exampleFailures(policy: Policy, table: PolicyExamples): readonly string[] {
  const people = table.people.map((each): Person => ({ ...each, name: each.id, accounts: [] }));
  return table.examples.flatMap(({ name, by, amount, risks: asked, at, expect }) => {
    const stake = { amount: { amount, currency: policy.companyCurrency }, risks: asked as readonly Risk[] };
    const told = explainPolicy(policy, people, {
      requester: by,
      stake,
      demo: table.demo,
      at: Date.parse(at),
    });
    const found = {
      asks: told.refused === null,
      tier: told.tier,
      quorum: told.quorum,
      assurances: told.assurances,
      may: told.may.map(({ person }) => person),
      mayNot: told.mayNot.map(({ person }) => person),
    };
    return (Object.keys(expect) as (keyof typeof found)[]).flatMap((field) => {
      const wanted = textOf(expect[field]);
      const got = textOf(
        field === "mayNot" ? found.mayNot.filter((id) => expect.mayNot?.includes(id)) : found[field],
      );
      return wanted === got ? [] : [`${name}: ${field} is ${got}, expected ${wanted}`];
    });
  });
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).toSorted().join(", ") || "nobody" : String(value);
}
