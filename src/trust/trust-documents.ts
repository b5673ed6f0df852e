import { z } from "zod";
import { accountForm, isAccount, sharedAccount } from "../accounts.ts";
import { type AtSign, type Person, roles } from "../domain.ts";
import { policySchema } from "../policy/policy-schema.ts";

/** The signed papers of trust as they lie in files and public records. Keys are raw 32 bytes in base64url. */

export const atSignSchema = z.custom<AtSign>(
  (value) => typeof value === "string" && /^@[\p{L}\p{N}\p{M}\p{So}_-]{1,54}$/u.test(value),
  'expected an atSign such as "@cs-inventory"',
);
export const instanceSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected a name such as "main"');
export const roleSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected a role such as "inventory"');
export const publicKeySchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "expected 32 bytes in base64url");
const signatureSchema = z.base64().length(88);
/** A name, or a beginning of names followed by "*". */
const patternSchema = z
  .string()
  .regex(/^[a-z0-9-]{0,40}\*?$/)
  .min(1);
const serialSchema = z.int().min(1);
const timeSchema = z.iso.datetime();

const personSchema = z.strictObject({
  id: z.string().min(1).max(100),
  name: z.string().min(1).max(200),
  roles: z.array(z.enum(roles)),
  active: z.boolean(),
  osUser: z.string().min(1).max(100).optional(),
  /** Absent means none: documents signed before there were accounts keep their bytes. */
  accounts: z.array(z.string().refine(isAccount, `expected ${accountForm}`)).optional(),
}) satisfies z.ZodType<Omit<Person, "accounts">>;

/** A key that was replaced in good order: what it signed is believed until `notAfter`, so that nothing under way ends. */
const formerKeySchema = z.strictObject({ key: publicKeySchema, notAfter: timeSchema });

/** The company says: whoever holds `signingKey` may run instances of this role at this atSign. */
export const agentGrantSchema = z.strictObject({
  tag: z.literal("countersign/agent-grant/1"),
  atSign: atSignSchema,
  /** The key-holder's Ed25519 public key. */
  signingKey: publicKeySchema,
  /** The key-holder's key before, while its instances' grants are being signed anew. */
  former: formerKeySchema.optional(),
  instancePattern: patternSchema,
  role: roleSchema,
  skills: z.array(z.string().min(1).max(100)),
  notBefore: timeSchema.optional(),
  notAfter: timeSchema,
  serial: serialSchema,
});
/** The key-holder says: this instance has these keys. */
export const instanceGrantSchema = z.strictObject({
  tag: z.literal("countersign/instance-grant/1"),
  atSign: atSignSchema,
  instance: instanceSchema,
  role: roleSchema,
  ed25519: publicKeySchema,
  x25519: publicKeySchema,
  /** Its signing key before: attestations and decisions of plans that still wait are signed with it. */
  former: formerKeySchema.optional(),
  notAfter: timeSchema,
  serial: serialSchema,
});
/** Takes back every grant up to a serial; a later grant is valid again. */
const revocationSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("agent"),
    atSign: atSignSchema,
    role: roleSchema,
    serial: serialSchema,
    /** One of a person's machines alone. */
    instancePattern: patternSchema.optional(),
  }),
  z.strictObject({
    kind: z.literal("instance"),
    atSign: atSignSchema,
    instance: instanceSchema,
    serial: serialSchema,
  }),
]);
/** The company's people, rules and revocations. */
export const trustDocumentSchema = z.strictObject({
  tag: z.literal("countersign/trust/1"),
  company: atSignSchema,
  serial: serialSchema,
  issuedAt: timeSchema,
  notAfter: timeSchema,
  demo: z.boolean(),
  people: z.array(personSchema).superRefine((people, context) => {
    const message = sharedAccount(people);
    if (message !== undefined) {
      context.addIssue({ code: "custom", message });
    }
  }),
  policy: policySchema,
  revocations: z.array(revocationSchema),
});

export type AgentGrant = z.infer<typeof agentGrantSchema>;
export type InstanceGrant = z.infer<typeof instanceGrantSchema>;
export type TrustDocument = z.infer<typeof trustDocumentSchema>;

/** A grant or the trust document with its signer's Ed25519 signature (base64). */
export interface Sealed<T> {
  readonly statement: T;
  readonly signature: string;
}
export const sealedAgentGrantSchema = z.strictObject({
  statement: agentGrantSchema,
  signature: signatureSchema,
});
export const sealedInstanceGrantSchema = z.strictObject({
  statement: instanceGrantSchema,
  signature: signatureSchema,
});
export const sealedTrustDocumentSchema = z.strictObject({
  statement: trustDocumentSchema,
  signature: signatureSchema,
});
