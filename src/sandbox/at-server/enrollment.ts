import { z } from "zod";
import type { Enrollment } from "./identity.ts";
import { signingAlgorithm } from "./login-key.ts";

export const enrollmentStatus = z.enum(["pending", "approved", "denied", "revoked"]);
export type EnrollmentStatus = z.infer<typeof enrollmentStatus>;

/** The namespace whose holder may administer enrollments. */
export const manageNamespace = "__manage";
/** Stands for every namespace but `__manage`. */
export const anyNamespace = "*";
/** The enrollment that the atSign's own login key counts as. */
export const primaryId = "primary";

const namespaceName = /^(?:\*|[\w-]+(?:\.[\w-]+)*)$/;

/** Which namespaces an enrollment may read (`r`) or also write (`rw`). */
export const namespacesSchema = z
  .record(z.string().max(100).regex(namespaceName), z.enum(["r", "rw"]))
  .refine((namespaces) => Object.keys(namespaces).length <= 50);

const wrappedKey = z.object({ value: z.string(), iv: z.string().optional() });

/** An enrollment as it is kept. Keys of the atSign are encrypted for its holder by the approver; times in milliseconds. */
export const storedEnrollment = z.object({
  id: z.string(),
  appName: z.string(),
  deviceName: z.string(),
  namespaces: namespacesSchema,
  /** As its algorithm spells it: base64 SPKI for RSA. */
  apkamPublicKey: z.string(),
  /** RSA when it does not say. */
  signingAlgo: signingAlgorithm.optional(),
  status: enrollmentStatus,
  createdAt: z.number(),
  /** When a pending one lapses, or an approved one's key ends. */
  expiresAt: z.number().optional(),
  /** How long its key is good from approval on, milliseconds. */
  keyLifetime: z.number().optional(),
  /** The enrollment that approved it; none when the activation secret did. */
  approvedBy: z.string().optional(),
  revokedAt: z.number().optional(),
  encryptedAPKAMSymmetricKey: z.string().optional(),
  encryptionPrivateKey: wrappedKey.optional(),
  selfEncryptionKey: wrappedKey.optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});
export type StoredEnrollment = Readonly<z.infer<typeof storedEnrollment>>;

export function isExpired(enrollment: { readonly expiresAt?: number | undefined }, now: number): boolean {
  return enrollment.expiresAt !== undefined && enrollment.expiresAt <= now;
}

/** When a key that is approved now ends; undefined for never. */
export function keyEnd(
  { keyLifetime = 0 }: Pick<StoredEnrollment, "keyLifetime">,
  now: number,
): number | undefined {
  return keyLifetime > 0 ? now + keyLifetime : undefined;
}

/** True for one that may do everything and never ends: an atSign needs one to stay manageable. */
export function isPermanentRoot(e: StoredEnrollment): boolean {
  return (
    e.status === "approved" &&
    e.expiresAt === undefined &&
    e.namespaces[anyNamespace] === "rw" &&
    e.namespaces[manageNamespace] === "rw"
  );
}

/** The key under which clients know an enrollment. */
export function enrollmentKey(id: string, atSign: string): string {
  return `${id}.new.enrollments.${manageNamespace}${atSign}`;
}

/** Where the server publishes the key an app on a device logs in with; undefined for names that no key can have. */
export function publishedKeyName(e: StoredEnrollment, atSign: string): string | undefined {
  const name = `${e.appName}.${e.deviceName}`.replaceAll(/\s/g, "").toLowerCase();
  const key = `public:${name}.pkam.__pkams.__public_keys${atSign}`;
  return /[:@]/.test(name) || key.length > 248 ? undefined : key;
}

/** What a connection that logged in with it carries. */
export function connectionEnrollment({ id, namespaces, expiresAt }: StoredEnrollment): Enrollment {
  return { id, namespaces, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** What `enroll:fetch` and `enroll:list` tell. */
export function describeEnrollment(e: StoredEnrollment): Record<string, unknown> {
  return {
    appName: e.appName,
    deviceName: e.deviceName,
    namespace: e.namespaces,
    encryptedAPKAMSymmetricKey: e.encryptedAPKAMSymmetricKey ?? null,
    status: e.status,
    ...(e.metadata === undefined ? {} : { metadata: e.metadata }),
    ...(e.status === "approved" && e.expiresAt !== undefined
      ? { expiresAt: new Date(e.expiresAt).toISOString() }
      : {}),
  };
}
