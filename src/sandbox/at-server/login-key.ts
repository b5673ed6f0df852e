import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { bits, oid, sequence } from "./der.ts";

/** How the holder of a login key signs; as it travels, and as an enrollment keeps it. */
export const signingAlgorithm = z.enum(["rsa2048", "ecc_secp256r1", "mldsa65"]);
export type SigningAlgorithm = z.infer<typeof signingAlgorithm>;
/** What a key is that nobody said anything of. */
export const defaultAlgorithm: SigningAlgorithm = "rsa2048";

const mlDsa65 = "2.16.840.1.101.3.4.3.18"; // FIPS 204
const mlDsaKeyBytes = 1952;
const coordinate = 32;

export interface SignedText {
  readonly text: string;
  /** Base64. */
  readonly signature: string;
  /** Of RSA; the others have theirs built in. */
  readonly hash?: "sha256" | "sha512";
}

/**
 * True when the private half of a login key signed the text: the one check for logging in and for taking a new key.
 * Key and signature come from whoever wants in: whatever is malformed about them is a wrong signature.
 */
export function isSignedBy(
  publicKey: string,
  algorithm: SigningAlgorithm,
  { text, signature, hash = "sha256" }: SignedText,
): boolean {
  const key = readLoginKey(publicKey, algorithm);
  if (!key) return false;
  const message = Buffer.from(text, "utf8");
  const given = Buffer.from(signature, "base64");
  switch (algorithm) {
    case "rsa2048":
      return verify(hash, message, { key, padding: constants.RSA_PKCS1_PADDING }, given);
    case "ecc_secp256r1": {
      const compact = given.toString("latin1"); // r and s in hexadecimal digits
      if (!/^[0-9a-f]{128}$/i.test(compact)) return false;
      return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(compact, "hex"));
    }
    case "mldsa65":
      return verify(null, message, key, given);
  }
}

/** Reads a public login key as its algorithm spells it; undefined when it is none. */
export function readLoginKey(publicKey: string, algorithm: SigningAlgorithm): KeyObject | undefined {
  try {
    switch (algorithm) {
      case "rsa2048": {
        const key = fromSpki(Buffer.from(publicKey, "base64"));
        return key.asymmetricKeyType === "rsa" ? key : undefined;
      }
      case "ecc_secp256r1":
        return readPoint(publicKey);
      case "mldsa65": {
        const raw = Buffer.from(publicKey, "base64");
        return raw.length === mlDsaKeyBytes
          ? fromSpki(sequence(sequence(oid(mlDsa65)), bits(raw)))
          : undefined;
      }
    }
  } catch {
    return undefined;
  }
}

/** True for a login key of any algorithm; no text is one of two. */
export function isLoginKey(publicKey: string): boolean {
  return signingAlgorithm.options.some((algorithm) => readLoginKey(publicKey, algorithm) !== undefined);
}

/** An uncompressed point of P-256, in hexadecimal digits. Throws for one that is not on the curve. */
function readPoint(hex: string): KeyObject | undefined {
  if (!/^04[0-9a-f]{128}$/i.test(hex)) return undefined;
  const point = Buffer.from(hex, "hex").subarray(1);
  const x = point.subarray(0, coordinate).toString("base64url");
  const y = point.subarray(coordinate).toString("base64url");
  return createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
}

function fromSpki(der: Buffer): KeyObject {
  return createPublicKey({ key: der, format: "der", type: "spki" });
}
