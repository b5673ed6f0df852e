import { z } from "zod";
import { type Money, roles } from "../domain.ts";
import { safetyPolicySchema } from "../plan/safety-schema.ts";
import { type ApprovalRule, type Policy, risks, type TierRange } from "../policy-types.ts";
import { policyFaults } from "./policy-faults.ts";

/**
 * The company's rules as they are signed. Empty lists of roles are refused, because "nobody named" must never mean
 * "anybody"; so is what could not be meant, such as tiers that leave an amount out.
 */

/** As many decisions as a mandate carries. */
const largestQuorum = 20;
const longestHours = 8_760;

const moneySchema = z.strictObject({
  amount: z.string().regex(/^\d{1,18}(\.\d{1,4})?$/, 'expected an amount such as "5000.00"'),
  currency: z.string().regex(/^[A-Z]{3}$/),
}) satisfies z.ZodType<Money>;
const percentSchema = z.string().regex(/^\d{1,4}(\.\d{1,4})?$/);
const timeSchema = z.iso.datetime();
const hoursSchema = z.number().positive().max(longestHours);
const nameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected a name such as "large"');
const personSchema = z.string().min(1).max(100);
const rolesSchema = z.array(z.enum(roles)).min(1);

const rule = {
  roles: rolesSchema,
  quorum: z.int().min(1).max(largestQuorum),
  assurances: z.array(z.enum(["local", "clicked", "countersigned"])).min(1),
  expiresHours: hoursSchema,
  remindAfterHours: z.array(hoursSchema).max(20).exactOptional(),
  escalate: z.strictObject({ afterHours: hoursSchema, roles: rolesSchema }).exactOptional(),
} satisfies z.ZodRawShape;
const tierSchema = z.strictObject({
  name: nameSchema,
  from: moneySchema,
  below: moneySchema.exactOptional(),
  alsoWhen: z.array(z.enum(risks)).min(1).exactOptional(),
  roles: rule.roles.exactOptional(),
  quorum: rule.quorum.exactOptional(),
  assurances: rule.assurances.exactOptional(),
  expiresHours: rule.expiresHours.exactOptional(),
  remindAfterHours: rule.remindAfterHours,
  escalate: rule.escalate,
}) satisfies z.ZodType<TierRange & Partial<ApprovalRule>>;

const absenceSchema = z.strictObject({
  person: personSchema,
  from: timeSchema,
  to: timeSchema,
  fallback: z.strictObject({
    people: z.array(personSchema).min(1).exactOptional(),
    roles: rolesSchema.exactOptional(),
  }),
});

export const policySchema = z
  .strictObject({
    ask: rolesSchema,
    cancel: rolesSchema,
    approve: z.strictObject({ ...rule, tiers: z.array(tierSchema).min(1).max(20).exactOptional() }),
    separationOfDuties: z.boolean(),
    delegation: z
      .strictObject({ longestHours: hoursSchema, longestChain: z.int().min(1).max(5).exactOptional() })
      .exactOptional(),
    absences: z.array(absenceSchema).max(1000).exactOptional(),
    breakGlass: z
      .strictObject({
        roles: rolesSchema,
        upTo: moneySchema,
        most: z.strictObject({ count: z.int().min(1).max(1000), days: z.number().positive().max(365) }),
        announceTo: z.array(personSchema).min(1),
      })
      .exactOptional(),
    standing: z
      .strictObject({
        tiers: z.array(nameSchema).min(1).max(20),
        longestDays: z.number().positive().max(366),
        each: moneySchema,
        inAll: moneySchema,
        uses: z.int().min(1).max(1_000),
      })
      .exactOptional(),
    ceilings: z.strictObject({ perApproverPerDay: moneySchema, perVendorPerDay: moneySchema }),
    priceTolerancePercent: percentSchema,
    marginPercent: percentSchema,
    dataMaxAgeDays: z.number().positive(),
    companyCurrency: z.string().regex(/^[A-Z]{3}$/),
    safety: safetyPolicySchema.exactOptional(),
  })
  .superRefine((policy, context) => {
    for (const { path, message } of policyFaults(policy)) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  }) satisfies z.ZodType<Policy>;
