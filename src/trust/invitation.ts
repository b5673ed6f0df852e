import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { canonicalJson, sha256Hex } from "../canonical.ts";
import { AppError } from "../errors.ts";
import { parseJson } from "../parsed-json.ts";
import { atSignSchema, instanceSchema, publicKeySchema, roleSchema } from "./trust-documents.ts";

/**
 * How an instance comes to be: its agent's key-holder hands out a token, by a way that nobody else listens to. Whoever
 * has the token may become that one instance, once. What it then asks for through the atServer is proven with the
 * token's secret, so that an atServer that substitutes keys, or asks by itself, is found out.
 */
const invitationSchema = z.strictObject({
  version: z.literal(1),
  agent: roleSchema,
  atSign: atSignSchema,
  instance: instanceSchema,
  company: atSignSchema,
  /** The company's public key: everything the instance believes comes from it. */
  companyKey: publicKeySchema,
  directory: z.string().regex(/^[^\s:]{1,255}:\d{1,5}$/, "expected host:port"),
  /** Lets one request reach the atServer. */
  passcode: z.string().regex(/^\w{6,100}$/),
  /** 32 random bytes, base64url. */
  secret: publicKeySchema,
  expiresAt: z.iso.datetime(),
});
export type Invitation = z.infer<typeof invitationSchema>;

/** What both sides know of an invitation. */
export type Invited = Pick<Invitation, "atSign" | "instance" | "secret">;

/** The public keys that an instance made for itself. */
export interface InstancePublicKeys {
  readonly ed25519: string;
  readonly x25519: string;
}

const prefix = "cs1";
const sumLength = 8;

/** A token: one word that can be pasted. It is a secret until it was used. */
export function formatToken(invitation: Invitation): string {
  const body = Buffer.from(canonicalJson(invitationSchema.parse(invitation))).toString("base64url");
  return `${prefix}.${body}.${checksum(body)}`;
}

/** Throws `token-malformed`, `token-expired`. The token itself is never part of a message. */
export function readToken(token: string, now: number): Invitation {
  const [word, body, sum, ...rest] = token.trim().split(".");
  if (word !== prefix || body === undefined || sum === undefined || rest.length > 0) {
    throw new AppError(
      "token-malformed",
      'this is no invitation: expected the word that "countersign keys invite" printed, beginning with "cs1."',
    );
  }
  if (checksum(body) !== sum) {
    throw new AppError("token-malformed", "the invitation was cut off or altered on its way: copy all of it");
  }
  let invitation: Invitation;
  try {
    invitation = invitationSchema.parse(JSON.parse(Buffer.from(body, "base64url").toString()));
  } catch {
    // Not as a cause: a parser's error may quote the secret.
    throw new AppError("token-malformed", "the invitation is not one of this version of Countersign");
  }
  if (Date.parse(invitation.expiresAt) <= now) {
    throw tokenExpired(invitation);
  }
  return invitation;
}

export function tokenExpired({ agent, instance, expiresAt }: Invitation): AppError {
  return new AppError(
    "token-expired",
    `the invitation of instance "${instance}" of ${agent} ended at ${expiresAt}: ask the key-holder for a new one`,
  );
}

/** Names a request for an enrollment so that only who holds the secret can have made it, for exactly this key. */
export function enrollmentName(about: Invited, fingerprint: string): string {
  const { atSign, instance, secret } = about;
  const proof = prove(secret, { tag: "countersign/enrollment/1", atSign, instance, fingerprint });
  return `${enrollmentPrefix}${proof.slice(0, 32)}`;
}
export const enrollmentPrefix = "countersign-";

const grantRequestSchema = z.strictObject({
  ed25519: publicKeySchema,
  x25519: publicKeySchema,
  proof: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What an enrolled instance asks its key-holder to grant. */
export function formatGrantRequest(about: Invited, keys: InstancePublicKeys): string {
  return canonicalJson({ ...keys, proof: grantProof(about, keys) });
}

/** Throws `grant-request-forged` unless the holder of the secret asked for exactly these keys. */
export function readGrantRequest(about: Invited, text: string): InstancePublicKeys {
  const parsed = grantRequestSchema.safeParse(parseJson(text));
  if (parsed.success) {
    const { proof, ...keys } = parsed.data;
    if (timingSafeEqual(Buffer.from(proof), Buffer.from(grantProof(about, keys)))) {
      return keys;
    }
  }
  throw new AppError(
    "grant-request-forged",
    `the keys asked for as instance "${about.instance}" of ${about.atSign} were not sent by who was invited`,
  );
}

function grantProof({ atSign, instance, secret }: Invited, { ed25519, x25519 }: InstancePublicKeys): string {
  return prove(secret, { tag: "countersign/grant-request/1", atSign, instance, ed25519, x25519 });
}

function prove(secret: string, statement: Readonly<Record<string, string>>): string {
  return createHmac("sha256", Buffer.from(secret, "base64url"))
    .update(canonicalJson(statement))
    .digest("hex");
}

function checksum(body: string): string {
  return sha256Hex(body).slice(0, sumLength);
}
