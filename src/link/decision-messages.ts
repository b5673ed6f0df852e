import { z, type ZodType } from "zod";
import type { ApprovalId, PersonId, Signed } from "../domain.ts";
import type { AttestationStatement } from "../mandate-types.ts";
import { signedAttestationSchema, signedCountersignedSchema } from "../plan/plan-schema.ts";

/**
 * What the bot and the machines on which people countersign tell each other, in requests under a run of their own. A
 * verdict is answered with a result; nothing else is answered, because people's machines ask for everything again.
 */

/** The run that these messages travel under; the step is the approval's id. */
export const decisionsRun = "decisions";

const idSchema = z.string().min(1).max(200);
const longestPlan = 2_000_000;

/** A plan that waits for this person's verdict, byte for byte, with all that proves it. */
export interface PlanToDecide {
  readonly type: "plan";
  readonly approval: ApprovalId;
  readonly person: PersonId;
  /** Canonical JSON; its SHA-256 is what is signed. */
  readonly plan: string;
  readonly attestations: readonly Signed<AttestationStatement>[];
  /** Milliseconds UTC. */
  readonly expiresAt: number;
}
/** An approval that waits no more, and how it ended in words. */
export interface PlanClosed {
  readonly type: "closed";
  readonly approval: ApprovalId;
  readonly outcome: string;
}

/** All approvals that were sent because this machine asked. */
export interface PlansListed {
  readonly type: "listed";
  readonly approvals: readonly ApprovalId[];
}

/** What a person's machine is sent. */
export const toDeviceSchema: ZodType<PlanToDecide | PlanClosed | PlansListed> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("plan"),
    approval: idSchema,
    person: idSchema,
    plan: z.string().min(2).max(longestPlan),
    attestations: z.array(signedAttestationSchema).max(10),
    expiresAt: z.int().min(0),
  }),
  z.strictObject({ type: z.literal("closed"), approval: idSchema, outcome: z.string().max(1_000) }),
  z.strictObject({ type: z.literal("listed"), approvals: z.array(idSchema).max(10_000) }),
]);

/** What the bot is sent: for all that is open, or a verdict. */
export const toBotSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("list"),
    /** What the machine has shown and knows no end of. */
    known: z.array(idSchema).max(500).default([]),
  }),
  z.strictObject({
    type: z.literal("decide"),
    decision: signedCountersignedSchema,
    reason: z.string().max(2_000).optional(),
  }),
]);

/** What became of a verdict. */
export const verdictAnswerSchema = z.strictObject({
  outcome: z.enum(["accepted", "already-decided", "refused"]),
  /** In words, for the person who decided. */
  message: z.string().max(2_000),
});
export type VerdictAnswer = z.infer<typeof verdictAnswerSchema>;
