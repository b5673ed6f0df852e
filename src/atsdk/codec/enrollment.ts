import { AtError } from "../at-error.ts";
import { readList, readObject } from "./replies.ts";

/** What an enrollment may do in a namespace: read, or read and write. */
export type NamespaceAccess = "r" | "rw";
/** By name; `*` stands for every namespace, `__manage` for administering enrollments. */
export type Namespaces = Readonly<Record<string, NamespaceAccess>>;

/**
 * How a login key signs, named as on the wire. Every atServer takes `rsa2048`; enrollments with the others need one of
 * 3.16 or later, and `mldsa65` (post-quantum, FIPS 204) Node.js 24.6.
 */
export type LoginAlgorithm = "rsa2048" | "ecc_secp256r1" | "mldsa65";

/** What an app notes of its enrollment; opaque to servers, which know it from 3.16 on. */
export type EnrollmentMetadata = Readonly<Record<string, unknown>>;

/** Members of `enroll:request`, in the order in which they travel. */
export interface RequestFields {
  readonly appName: string;
  readonly deviceName: string;
  readonly namespaces: Namespaces;
  readonly otp?: string;
  readonly apkamPublicKey: string;
  /** Left out for RSA, which is what servers before 3.16 know. */
  readonly signingAlgo?: LoginAlgorithm;
  readonly encryptedAPKAMSymmetricKey?: string;
  readonly apkamKeysExpiryInMillis?: number;
  readonly metadata?: EnrollmentMetadata;
}

export function enrollRequestCommand(fields: RequestFields): string {
  const { appName, deviceName, namespaces, otp } = fields;
  for (const [field, text] of Object.entries({ appName, deviceName })) checkName(field, text);
  checkNamespaces(namespaces);
  if (otp !== undefined && !/^\w{6,100}$/.test(otp))
    throw new AtError("invalid-value", "A passcode consists of at least 6 letters and digits.");
  return `enroll:request:${JSON.stringify({
    appName,
    deviceName,
    namespaces,
    otp,
    apkamPublicKey: fields.apkamPublicKey,
    signingAlgo: fields.signingAlgo === "rsa2048" ? undefined : fields.signingAlgo,
    encryptedAPKAMSymmetricKey: fields.encryptedAPKAMSymmetricKey,
    apkamKeysExpiryInMillis: fields.apkamKeysExpiryInMillis,
    metadata: fields.metadata,
  })}`;
}

/** The keys of the atSign, encrypted for one enrollment; each with a random IV. */
export interface ApprovalFields {
  readonly encryptedDefaultEncryptionPrivateKey: string;
  readonly encPrivateKeyIV: string;
  readonly encryptedDefaultSelfEncryptionKey: string;
  readonly selfEncKeyIV: string;
}

export function enrollApproveCommand(id: string, fields: ApprovalFields): string {
  return `enroll:approve:${JSON.stringify({ enrollmentId: checkEnrollmentId(id), ...fields })}`;
}

/** A new login key for the enrollment that is logged in, with the proof that its private half is there. */
export interface UpdateFields {
  readonly apkamPublicKey: string;
  readonly signingAlgo: LoginAlgorithm;
  /** By the new key, over `possessionText`. */
  readonly apkamPublicKeySignature: string;
}

export function enrollUpdateCommand(id: string, fields: UpdateFields): string {
  const { apkamPublicKey, signingAlgo, apkamPublicKeySignature } = fields;
  return `enroll:update:${JSON.stringify({
    enrollmentId: checkEnrollmentId(id),
    apkamPublicKey,
    signingAlgo,
    apkamPublicKeySignature,
  })}`;
}

/** Sets members of the metadata of the enrollment that is logged in; others stay. */
export function enrollMetadataCommand(id: string, metadata: EnrollmentMetadata): string {
  return `enroll:update:${JSON.stringify({ enrollmentId: checkEnrollmentId(id), metadata })}`;
}

/** What a new login key signs to be taken. */
export function possessionText(id: string, apkamPublicKey: string, signingAlgo: LoginAlgorithm): string {
  return `${checkEnrollmentId(id)}|${apkamPublicKey}|${signingAlgo}`;
}

export function enrollCommand(
  operation: "deny" | "revoke" | "unrevoke" | "delete" | "fetch",
  id: string,
  options: { readonly force?: boolean } = {},
): string {
  const force = options.force === true ? ":force" : "";
  return `enroll:${operation}${force}:${JSON.stringify({ enrollmentId: checkEnrollmentId(id) })}`;
}

export const enrollListCommand = "enroll:list";

/** Who may read a namespace, or (`infons`) when somebody last lost that right. */
export function enrollNamespaceCommand(operation: "listns" | "infons", namespace: string): string {
  if (!namespaceForm.test(namespace)) throw badNamespace(namespace);
  return `enroll:${operation}:${namespace}`;
}

export function otpGetCommand(ttl?: number): string {
  return `otp:get${ttl === undefined ? "" : `:ttl:${ttl}`}`;
}

/** Other clients take exactly six letters and digits. */
export function otpPutCommand(passcode: string, ttl?: number): string {
  if (!/^[A-Za-z0-9]{6}$/.test(passcode))
    throw new AtError("invalid-value", "A passcode that is kept consists of exactly 6 letters and digits.");
  return `otp:put:${passcode}${ttl === undefined ? "" : `:ttl:${ttl}`}`;
}

/** Fetches one of the keys that the approver encrypted for an enrollment. */
export function keysGetCommand(
  id: string,
  key: "default_enc_private_key" | "default_self_enc_key",
  atSign: string,
): string {
  return `keys:get:keyName:${checkEnrollmentId(id)}.${key}.__manage${atSign}`;
}

const statuses = ["pending", "approved", "denied", "revoked", "expired", "deleted"] as const;
/** `unknown` is a word of a newer server. */
export type EnrollmentStatus = (typeof statuses)[number] | "unknown";

/** One enrollment as an atServer describes it. */
export interface Enrollment {
  readonly id: string;
  readonly appName: string;
  readonly deviceName: string;
  /** As the server says; an access that is neither `r` nor `rw` gives no right. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly status: EnrollmentStatus;
  /** The key the device chose, encrypted for the atSign; undefined for the first enrollment. */
  readonly wrappedKey: string | undefined;
  /** When an approved one ends, milliseconds since the epoch; undefined when never or not said. */
  readonly expiresAt: number | undefined;
  /** When there are any. */
  readonly metadata?: EnrollmentMetadata;
}

/** Reads the reply to `enroll:request` and `enroll:update`. */
export function readEnrolled(payload: string): { readonly id: string; readonly status: EnrollmentStatus } {
  const { enrollmentId, status } = readObject(payload);
  if (typeof enrollmentId !== "string" || !idForm.test(enrollmentId)) throw badEnrollment();
  return { id: enrollmentId, status: readStatus(status) };
}

/** Reads the reply to `enroll:fetch`. */
export function readEnrollment(id: string, payload: string): Enrollment {
  return describe(id, readObject(payload));
}

/** Reads the reply to `enroll:list`, an object by `<id>.new.enrollments.__manage@alice`. */
export function readEnrollments(payload: string): Enrollment[] {
  return Object.entries(readObject(payload)).map(([key, value]) => {
    const id = key.slice(0, Math.max(0, key.indexOf(".")));
    if (!idForm.test(id) || !isObject(value)) throw badEnrollment();
    return describe(id, value);
  });
}

/** An approved enrollment that may read a namespace. */
export interface NamespaceMember {
  readonly id: string;
  readonly access: NamespaceAccess;
  readonly metadata?: EnrollmentMetadata;
}

/** Reads the reply to `enroll:listns`. */
export function readMembers(payload: string): NamespaceMember[] {
  return readList(payload).map((each) => {
    const { enrollmentId: id, access, metadata } = isObject(each) ? each : {};
    if (typeof id !== "string" || !idForm.test(id) || (access !== "r" && access !== "rw"))
      throw badEnrollment();
    return { id, access, ...(isObject(metadata) ? { metadata } : {}) };
  });
}

/** Reads the reply to `enroll:infons`: milliseconds since the epoch; undefined for never. */
export function readLastRevoked(payload: string): number | undefined {
  const { lastRevokedAt } = readObject(payload);
  if (lastRevokedAt === null || lastRevokedAt === undefined) return undefined;
  const at = typeof lastRevokedAt === "string" ? Date.parse(lastRevokedAt) : NaN;
  if (Number.isNaN(at)) throw badEnrollment();
  return at;
}

/** Filter of a monitor for the notices that an atServer gives its atSign of each request. */
export const requestsRegex = "\\.new\\.enrollments\\.__manage";

/** The id in the key of such a notice, which newer servers give with recipient or owner; undefined for other keys. */
export function requestedId(key: string): string | undefined {
  const id = /^(?:@[^:]+:)?([^.]+)\.new\.enrollments\.__manage(?:@.*)?$/.exec(key)?.[1];
  return id !== undefined && idForm.test(id) ? id : undefined;
}

/** Reads the reply to `keys:get`. Without an IV it was encrypted with the zero IV, by an approver of before 2025. */
export function readWrappedKey(payload: string): { readonly value: string; readonly iv: string | undefined } {
  const { value, iv } = readObject(payload);
  if (typeof value !== "string") throw badEnrollment();
  return { value, iv: typeof iv === "string" && iv !== "" ? iv : undefined };
}

const namespaceForm = /^(?:\*|[\w-]+(?:\.[\w-]+)*)$/;
const idForm = /^[\w-]{1,100}$/;

function checkEnrollmentId(id: string): string {
  if (!idForm.test(id))
    throw new AtError("invalid-value", "An enrollment id consists of 1 to 100 letters, digits, _ and -.");
  return id;
}

function describe(id: string, fields: Record<string, unknown>): Enrollment {
  const { appName, deviceName, namespace, encryptedAPKAMSymmetricKey: wrapped, expiresAt, metadata } = fields;
  if (typeof appName !== "string" || typeof deviceName !== "string" || !isObject(namespace))
    throw badEnrollment();
  const ends = typeof expiresAt === "string" ? Date.parse(expiresAt) : NaN;
  return {
    id,
    appName,
    deviceName,
    namespaces: Object.fromEntries(Object.entries(namespace).map(([name, access]) => [name, String(access)])),
    status: readStatus(fields["status"]),
    wrappedKey: typeof wrapped === "string" && wrapped !== "" ? wrapped : undefined,
    expiresAt: Number.isNaN(ends) ? undefined : ends,
    ...(isObject(metadata) ? { metadata } : {}),
  };
}

function readStatus(status: unknown): EnrollmentStatus {
  return statuses.find((each) => each === status) ?? "unknown";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Servers make a part of a key of it. */
function checkName(field: string, text: string): void {
  if (!/^[^\s\p{Cc}:@]{1,50}$/u.test(text))
    throw new AtError(
      "invalid-value",
      `${field} must have 1 to 50 characters, no blanks, no ":" and no "@".`,
    );
}

function checkNamespaces(namespaces: Namespaces): void {
  const entries = Object.entries(namespaces);
  if (entries.length === 0) throw new AtError("invalid-value", "An enrollment needs at least one namespace.");
  for (const [name, access] of entries)
    if (!namespaceForm.test(name) || !["r", "rw"].includes(access)) throw badNamespace(name);
}

function badNamespace(name: string): AtError {
  return new AtError(
    "invalid-value",
    `${JSON.stringify(name.slice(0, 60))} must be a namespace, with access "r" or "rw".`,
  );
}

function badEnrollment(): AtError {
  return new AtError("bad-reply", "The atServer answered something other than the enrollment asked for.");
}
