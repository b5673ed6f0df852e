import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { rawPublicKey, signStatement } from "./sign-statement.ts";
import type { AgentGrant, InstanceGrant, Sealed, TrustDocument } from "./trust-documents.ts";
import { agentGrantSchema, instanceGrantSchema, trustDocumentSchema } from "./trust-documents.ts";

/** An Ed25519 key; `publicKey` is the raw key in base64url. */
export interface SigningKey {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** The key that all trust comes from. Its public half is given to every process at installation. */
export function makeCompanyKey(): SigningKey {
  return makeSigningKey();
}

/** A new Ed25519 key, e.g. of an agent's key-holder. */
export function makeSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey: rawPublicKey(privateKey) };
}

/** Signed with the company key; throws ZodError for what no reader would accept. */
export function signAgentGrant(
  grant: Omit<AgentGrant, "tag">,
  companyPrivateKey: KeyObject,
): Sealed<AgentGrant> {
  const statement = agentGrantSchema.parse({ ...grant, tag: "countersign/agent-grant/1" });
  return { statement, signature: signStatement(statement, companyPrivateKey) };
}

/** Signed with the key-holder's key that an agent grant names. */
export function signInstanceGrant(
  grant: Omit<InstanceGrant, "tag">,
  holderPrivateKey: KeyObject,
): Sealed<InstanceGrant> {
  const statement = instanceGrantSchema.parse({ ...grant, tag: "countersign/instance-grant/1" });
  return { statement, signature: signStatement(statement, holderPrivateKey) };
}

/** Signed with the company key. To change the document, sign it with the next serial. */
export function signTrustDocument(
  document: Omit<TrustDocument, "tag">,
  companyPrivateKey: KeyObject,
): Sealed<TrustDocument> {
  const statement = trustDocumentSchema.parse({ ...document, tag: "countersign/trust/1" });
  return { statement, signature: signStatement(statement, companyPrivateKey) };
}
