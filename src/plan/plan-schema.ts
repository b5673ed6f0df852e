import { z, type ZodType } from "zod";
import { accountForm, isAccount } from "../accounts.ts";
import type { Address, Fallback, Money, PlanDocument, PlannedOrder, Signed } from "../domain.ts";
import type {
  AttestationStatement,
  CountersignedDecision,
  DecisionStatement,
  DelegationStatement,
  Evidence,
  EvidencedDecision,
  EvidenceStatement,
  Mandate,
  StandingStatement,
  StandingTerms,
} from "../mandate-types.ts";

/**
 * Strict schemas of everything that is signed or decided upon. They check form only; whether the figures of a plan
 * agree with each other is checked by `src/plan-checks.ts`, signatures by whoever knows the trust document.
 */

// Controls, and what reorders or hides text, would let it look different on a card, in a log and on a terminal.
const controlPattern = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A text of one line that looks the same everywhere; `longest` in characters. */
export function lineSchema(longest: number): ZodType<string> {
  return z
    .string()
    .min(1)
    .max(longest)
    .refine((text) => !controlPattern.test(text), "must be one line without control characters");
}

/** Ids of books, runs and steps. */
export const idSchema = z.string().regex(/^[A-Za-z0-9._@/-]{1,80}$/, 'must be an id such as "part-0001"');
/** ISO 4217. */
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as "USD"');
const amountSchema = z.string().regex(/^-?\d{1,15}(\.\d{1,4})?$/, 'must be an amount such as "1200.00"');
/** A decimal string of 0 or more. */
export const decimalSchema = z.string().regex(/^\d{1,15}(\.\d{1,9})?$/, 'must be a number such as "12.5"');
/** A decimal string above 0. */
export const quantitySchema = decimalSchema.refine((text) => /[1-9]/.test(text), "must be above 0");
/** An ISO date, e.g. "2026-01-31". */
export const daySchema = z.iso.date();
/** An ISO 8601 time in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const timeSchema = z.iso.datetime({ precision: 3 });
const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");
const revisionSchema = z.int().min(1).max(1_000_000);

export const moneySchema: ZodType<Money> = z.strictObject({
  amount: amountSchema,
  currency: currencySchema,
});

export const addressSchema: ZodType<Address> = z.strictObject({
  name: lineSchema(200),
  street: lineSchema(200),
  city: lineSchema(200),
  postcode: lineSchema(200),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be a country code such as "US"'),
});

const orderLineSchema = z.strictObject({
  part: idSchema,
  description: lineSchema(200),
  quantity: quantitySchema,
  unit: lineSchema(200),
  unitPrice: moneySchema,
  maxUnitPrice: moneySchema,
  total: moneySchema,
});

export const plannedOrderSchema: ZodType<PlannedOrder> = z.strictObject({
  id: idSchema,
  supplier: idSchema,
  supplierName: lineSchema(200),
  bankAccount: lineSchema(100),
  currency: currencySchema,
  lines: z.array(orderLineSchema).min(1).max(1000),
  freightMethod: lineSchema(80),
  freight: moneySchema,
  tax: moneySchema,
  total: moneySchema,
  maxTotal: moneySchema,
  rate: quantitySchema.exactOptional(),
  companyTotal: moneySchema.exactOptional(),
  expectedDelivery: daySchema,
  validUntil: daySchema,
});

export const fallbackSchema: ZodType<Fallback> = z.discriminatedUnion("action", [
  z.strictObject({ order: idSchema, action: z.literal("alternative"), replacement: plannedOrderSchema }),
  z.strictObject({ order: idSchema, action: z.enum(["hold", "escalate"]), note: lineSchema(1000) }),
]);

export const planDocumentSchema: ZodType<PlanDocument> = z.strictObject({
  schema: z.literal("countersign/plan/1"),
  run: idSchema,
  revision: revisionSchema,
  workflow: z.strictObject({ id: idSchema, version: z.int().min(1) }),
  requester: idSchema,
  request: z.strictObject({ customer: idSchema, item: idSchema, quantity: quantitySchema }),
  customerName: lineSchema(200),
  itemName: lineSchema(200),
  project: idSchema,
  shipTo: addressSchema,
  orders: z.array(plannedOrderSchema).max(200),
  total: moneySchema,
  tradeOff: lineSchema(1000),
  quote: z.strictObject({ total: moneySchema, marginPercent: decimalSchema }),
  fallbacks: z.array(fallbackSchema).max(200),
  effects: z
    .array(
      z.strictObject({
        step: idSchema,
        description: lineSchema(500),
        reversibility: z.enum(["reversible", "compensable", "irreversible"]),
      }),
    )
    .max(100),
  policySerial: z.int().min(0),
  shadow: z.literal(true).exactOptional(),
  validUntil: timeSchema,
});

/** A signature around any statement. */
export function signedSchema<T>(statement: ZodType<T>): ZodType<Signed<T>> {
  return z.strictObject({
    statement,
    signer: z.strictObject({
      atSign: z.templateLiteral(["@", z.string().regex(/^[^\s@]{1,100}$/)]),
      instance: idSchema,
    }),
    signature: z.base64().min(1).max(1000),
  });
}

const attestationSchema: ZodType<AttestationStatement> = z.strictObject({
  tag: z.literal("countersign/attestation/1"),
  planHash: hashSchema,
  run: idSchema,
  revision: revisionSchema,
  role: z.enum(["financial", "compliance"]),
  verdict: z.literal("approved"),
  issuedAt: timeSchema,
  expiry: timeSchema,
});

const accountSchema = z.string().refine(isAccount, `must be ${accountForm}`);
const delegationSchema: ZodType<DelegationStatement> = z.strictObject({
  tag: z.literal("countersign/delegation/1"),
  id: idSchema,
  from: idSchema,
  to: idSchema,
  approval: idSchema.nullable(),
  notBefore: timeSchema,
  notAfter: timeSchema,
  assurance: z.enum(["local", "clicked"]),
  adapter: idSchema,
  account: accountSchema.exactOptional(),
  receivedAt: timeSchema,
});
export const signedDelegationSchema = signedSchema(delegationSchema);

const listedSchema = z.array(idSchema).min(1).max(50).nullable();
export const standingTermsSchema: ZodType<StandingTerms> = z.strictObject({
  id: idSchema,
  requester: idSchema.nullable(),
  workflow: idSchema.nullable(),
  customers: listedSchema,
  suppliers: listedSchema,
  currencies: z.array(currencySchema).min(1).max(20),
  each: moneySchema,
  inAll: moneySchema,
  uses: z.int().min(1).max(1_000),
  tier: idSchema,
  notBefore: timeSchema,
  notAfter: timeSchema,
});
const standingSchema: ZodType<StandingStatement> = z.strictObject({
  tag: z.literal("countersign/standing/1"),
  terms: standingTermsSchema,
  person: idSchema,
  adapter: idSchema,
  account: accountSchema.exactOptional(),
  assurance: z.enum(["local", "clicked"]),
  trustSerial: z.int().min(0),
  receivedAt: timeSchema,
});
export const signedStandingSchema = signedSchema(standingSchema);

const evidenceSchema: ZodType<EvidenceStatement> = z.strictObject({
  tag: z.literal("countersign/evidence/1"),
  approval: idSchema,
  planHash: hashSchema,
  run: idSchema,
  revision: revisionSchema,
  verdict: z.enum(["approved", "rejected"]),
  person: idSchema,
  requester: idSchema,
  assurance: z.enum(["local", "clicked"]),
  adapter: idSchema,
  account: accountSchema.exactOptional(),
  trustSerial: z.int().min(1).exactOptional(),
  receivedAt: timeSchema,
  delegations: z.array(signedDelegationSchema).min(1).max(20).exactOptional(),
  editors: z.array(idSchema).min(1).max(100).exactOptional(),
  breakGlass: z.literal(true).exactOptional(),
  standing: signedStandingSchema.exactOptional(),
});

const decidedPlan = {
  tag: z.literal("countersign/decision/1"),
  planHash: hashSchema,
  run: idSchema,
  revision: revisionSchema,
  approval: idSchema,
  verdict: z.enum(["approved", "rejected"]),
  person: idSchema,
  issuedAt: timeSchema,
  expiry: timeSchema,
};
const evidencedSchema = z.strictObject({
  ...decidedPlan,
  assurance: z.enum(["local", "clicked"]),
  evidence: signedSchema(evidenceSchema),
}) satisfies ZodType<EvidencedDecision>;
const countersignedSchema = z.strictObject({
  ...decidedPlan,
  assurance: z.literal("countersigned"),
  requester: idSchema,
  trustSerial: z.int().min(1),
}) satisfies ZodType<CountersignedDecision>;
const decisionSchema: ZodType<DecisionStatement> = z.discriminatedUnion("assurance", [
  evidencedSchema,
  countersignedSchema,
]);

export const signedAttestationSchema = signedSchema(attestationSchema);
const signedEvidenceSchema = signedSchema(evidenceSchema);
export const signedDecisionSchema = signedSchema(decisionSchema);
export const signedCountersignedSchema = signedSchema<CountersignedDecision>(countersignedSchema);
/** What proves a person's verdict. */
export const provenVerdictSchema: ZodType<Evidence> = z.union([
  signedEvidenceSchema,
  signedCountersignedSchema,
]);

/** `plan` stays text here: its hash must be taken over the very bytes; then `parsePlan` reads it. */
export const mandateSchema: ZodType<Mandate> = z.strictObject({
  plan: z.string().min(2).max(2_000_000),
  attestations: z.array(signedAttestationSchema).min(1).max(10),
  decisions: z.array(signedDecisionSchema).min(1).max(20),
});
