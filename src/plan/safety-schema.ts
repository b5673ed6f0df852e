import { z, type ZodType } from "zod";
import { accountForm, isAccount } from "../accounts.ts";
import { roles } from "../domain.ts";
import type { FreezePapers, FreezeStatement, LiftEvidence } from "../safety-types.ts";
import type { LiftStatement, SafetyPolicy, ShadowStatement } from "../safety-types.ts";
import { idSchema, signedSchema, timeSchema } from "./plan-schema.ts";

/** Strict schemas of what is signed about freeze and shadow mode. Form only: signatures and people are checked apart. */

const role = z.enum(roles);
/** Empty lists are refused: "nobody named" must never mean "anybody". */
export const safetyPolicySchema: ZodType<SafetyPolicy> = z.strictObject({
  freeze: z.array(role).min(1),
  unfreeze: z.array(role).min(1),
  endShadow: z.array(role).min(1),
});

const serial = z.int().min(1);
const act = {
  person: z.string().min(1).max(100),
  adapter: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/),
  account: z.string().refine(isAccount, `expected ${accountForm}`).exactOptional(),
  assurance: z.enum(["local", "clicked"]),
  trustSerial: z.int().min(0),
  receivedAt: timeSchema,
};
const freezeSchema: ZodType<FreezeStatement> = z.strictObject({
  tag: z.literal("countersign/freeze/1"),
  serial,
  ...act,
});
const evidenceSchema: ZodType<LiftEvidence> = z.strictObject({
  tag: z.literal("countersign/lift-evidence/1"),
  serial,
  ...act,
});
export const signedLiftEvidenceSchema = signedSchema(evidenceSchema);
const liftSchema: ZodType<LiftStatement> = z.strictObject({
  tag: z.literal("countersign/lift/1"),
  serial,
  evidence: z.array(signedLiftEvidenceSchema).length(2),
  issuedAt: timeSchema,
});
export const signedFreezeSchema = signedSchema(freezeSchema);
export const signedLiftSchema = signedSchema(liftSchema);
export const freezePapersSchema: ZodType<FreezePapers> = z.strictObject({
  freeze: signedFreezeSchema,
  lift: signedLiftSchema.nullable(),
});
export const signedShadowSchema = signedSchema<ShadowStatement>(
  z.strictObject({
    tag: z.literal("countersign/shadow/1"),
    workflow: idSchema,
    shadow: z.boolean(),
    ...act,
  }),
);
