import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { canonicalJson, sha256Hex } from "../canonical.ts";
import { personRole } from "../countersigned.ts";
import { AppError } from "../errors.ts";
import { parseJson } from "../parsed-json.ts";
import { publicKeyFrom, verifyStatement } from "./sign-statement.ts";
import { publicKeySchema, sealedInstanceGrantSchema } from "./trust-documents.ts";

/**
 * What a person's machine asks the company for: to believe what is signed there. Nothing in it is secret; that it was
 * not replaced on its way is for two people to see, by comparing its fingerprint.
 */
const deviceRequestSchema = z.strictObject({
  version: z.literal(1),
  person: z.string().min(1).max(100),
  /** The key under which the person grants their own machines. */
  signingKey: publicKeySchema,
  grant: sealedInstanceGrantSchema,
});
export type DeviceRequest = z.infer<typeof deviceRequestSchema>;

const prefix = "cs-device1";

/** One word that can be pasted. */
export function formatDeviceRequest(request: DeviceRequest): string {
  const text = canonicalJson(deviceRequestSchema.parse(request));
  return `${prefix}.${Buffer.from(text).toString("base64url")}`;
}

/** Throws `token-malformed` for what is no request, or not signed by the key it names. */
export function readDeviceRequest(token: string): DeviceRequest {
  const [word, body, ...rest] = token.trim().split(".");
  const parsed = deviceRequestSchema.safeParse(
    word === prefix && body !== undefined && rest.length === 0
      ? parseJson(Buffer.from(body, "base64url").toString())
      : undefined,
  );
  if (!parsed.success) {
    throw new AppError(
      "token-malformed",
      `this is no request of a person's machine: expected the word that "countersign inbox new" printed, beginning with "${prefix}."`,
    );
  }
  const { signingKey, grant } = parsed.data;
  const key: KeyObject = publicKeyFrom(signingKey, "Ed25519");
  if (grant.statement.role !== personRole || !verifyStatement(grant.statement, grant.signature, key)) {
    throw new AppError("token-malformed", "the request was altered on its way: copy all of it");
  }
  return parsed.data;
}

/** Eight groups of four, to be read out loud: whoever changes the request changes it. */
export function deviceFingerprint(request: DeviceRequest): string {
  const hash = sha256Hex(canonicalJson(request)).slice(0, 32);
  return hash.match(/.{4}/g)?.join(" ") ?? hash;
}
