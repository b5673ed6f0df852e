import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { canonicalJson } from "../canonical.ts";
import type { AgentAddress, Signed } from "../domain.ts";

/** What may be signed: its `tag` keeps a signature of one kind from being taken for one of another. */
export interface Statement {
  readonly tag: string;
}

/** Ed25519 over the canonical JSON of a tagged statement, base64. */
export function signStatement(statement: Statement, privateKey: KeyObject): string {
  return sign(null, Buffer.from(canonicalJson(statement)), privateKey).toString("base64");
}

/** True when the signature is the one by this key over the statement, in its only accepted spelling. */
export function verifyStatement(statement: Statement, signature: string, publicKey: KeyObject): boolean {
  const bytes = Buffer.from(signature, "base64");
  return (
    bytes.length === 64 &&
    bytes.toString("base64") === signature &&
    verify(null, Buffer.from(canonicalJson(statement)), publicKey, bytes)
  );
}

/** A statement signed by an instance, as it travels in plans, evidence and mandates. */
export function signAs<T extends Statement>(
  statement: T,
  signer: AgentAddress,
  privateKey: KeyObject,
): Signed<T> {
  return {
    statement,
    signer: { atSign: signer.atSign, instance: signer.instance },
    signature: signStatement(statement, privateKey),
  };
}

/** A public key from its raw 32 bytes in base64url. */
export function publicKeyFrom(raw: string, curve: "Ed25519" | "X25519"): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: curve, x: raw }, format: "jwk" });
}

/** The raw 32 bytes, in base64url, of a public key or of a private key's public half. */
export function rawPublicKey(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ format: "jwk" }).x ?? "";
}
