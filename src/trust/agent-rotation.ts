import path from "node:path";
import { z } from "zod";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { parsePaper, revocationsIn } from "./grant-register.ts";
import { isAgentRevoked } from "./grants-in-force.ts";
import { publicKeyFrom, signStatement, verifyStatement } from "./sign-statement.ts";
import { type SigningKey, signAgentGrant } from "./sign-trust.ts";
import {
  type AgentGrant,
  atSignSchema,
  publicKeySchema,
  roleSchema,
  type Sealed,
  sealedAgentGrantSchema,
} from "./trust-documents.ts";
import { paperName, readTrustFolder } from "./trust-files.ts";

/** How an agent's key-holder comes to a new key: it asks, signed with the one it has, and the company grants. */

const requestSchema = z.strictObject({
  tag: z.literal("countersign/rotation-request/1"),
  atSign: atSignSchema,
  role: roleSchema,
  /** The key that is to be granted. */
  nextKey: publicKeySchema,
  /** Of the agent grant that this is to follow: a request is good once. */
  serial: z.int().min(1),
});
export type RotationRequest = z.infer<typeof requestSchema>;
const sealedRequestSchema = z.strictObject({
  statement: requestSchema,
  /** By the key-holder's key that the agent grant names. */
  signature: z.string(),
  /** By the next key: nobody asks for a key that is another's. */
  nextSignature: z.string(),
});
export type SealedRotationRequest = z.infer<typeof sealedRequestSchema>;

const dayMs = 86_400_000;
const grantDays = 365;
/** Time enough to bring the grant from the company's machine and to sign all instances' grants again. */
const formerDays = 2;

export interface AgentSubject {
  readonly atSign: AtSign;
  readonly role: string;
}

export function signRotationRequest(
  about: Omit<RotationRequest, "tag" | "nextKey">,
  holder: SigningKey,
  next: SigningKey,
): SealedRotationRequest {
  const statement = requestSchema.parse({
    ...about,
    tag: "countersign/rotation-request/1",
    nextKey: next.publicKey,
  });
  return {
    statement,
    signature: signStatement(statement, holder.privateKey),
    nextSignature: signStatement(statement, next.privateKey),
  };
}

/** Throws `request-malformed`. */
export function readRotationRequest(name: string, text: string): SealedRotationRequest {
  try {
    return sealedRequestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError(
      "request-malformed",
      `${name} is no request as "countersign keys rotate AGENT" writes it`,
      { cause },
    );
  }
}

/** All grants that an atSign holds in a data folder, as they lie there: believed by nobody yet. */
export async function agentGrantsOf(data: string, atSign: AtSign): Promise<readonly AgentGrant[]> {
  const { grants } = await readTrustFolder(path.join(data, "trust"));
  return grants
    .filter(({ name }) => name.startsWith("agent-grant."))
    .map(({ name, text }) => parsePaper(name, text, sealedAgentGrantSchema).statement)
    .filter((each) => each.atSign === atSign);
}

/** The agent's grant as it lies in a data folder, and whether the company took it back. Throws `no-grant`. */
export async function agentGrantIn(
  data: string,
  { atSign, role }: AgentSubject,
  companyKey: string,
): Promise<{ readonly grant: AgentGrant; readonly isRevoked: boolean }> {
  const { grants, document } = await readTrustFolder(path.join(data, "trust"));
  const name = paperName({ tag: "countersign/agent-grant/1", atSign, role });
  const file = grants.find((each) => each.name === name);
  const paper = file && parsePaper(name, file.text, sealedAgentGrantSchema);
  const company = publicKeyFrom(companyKey, "Ed25519");
  if (paper === undefined || !verifyStatement(paper.statement, paper.signature, company)) {
    throw new AppError("no-grant", `${role} (${atSign}) holds no grant of the company`);
  }
  const grant = paper.statement;
  return { grant, isRevoked: isAgentRevoked(grant, { revocations: revocationsIn(document) }) };
}

/**
 * Grants what a key-holder asked for. The key it had is believed for a while, unless the agent was revoked: then this is
 * what lets it in again. Throws `request-refused`.
 */
export async function grantRotation(
  data: string,
  { statement, signature, nextSignature }: SealedRotationRequest,
  o: { readonly company: SigningKey; readonly now: number; readonly readmit: boolean },
): Promise<Sealed<AgentGrant>> {
  const { grant, isRevoked } = await agentGrantIn(data, statement, o.company.publicKey);
  const refused = (why: string): AppError =>
    new AppError("request-refused", `the request of ${statement.role} is not granted: ${why}`);
  if (statement.serial !== grant.serial) {
    throw refused(
      `it follows grant ${statement.serial}, but ${grant.serial} is in force here; have it made again with "countersign keys rotate"`,
    );
  }
  const isBy = (key: string, by: string) => verifyStatement(statement, by, publicKeyFrom(key, "Ed25519"));
  if (!isBy(grant.signingKey, signature) || !isBy(statement.nextKey, nextSignature)) {
    throw refused("it was not signed by the key-holder that the company granted");
  }
  if (isRevoked && !o.readmit) {
    throw refused('the agent is revoked; to let it in again, say so with "--readmit"');
  }
  const { former: _former, ...rest } = grant;
  const former = { key: grant.signingKey, notAfter: new Date(o.now + formerDays * dayMs).toISOString() };
  return signAgentGrant(
    {
      ...rest,
      signingKey: statement.nextKey,
      ...(isRevoked ? {} : { former }),
      notAfter: new Date(o.now + grantDays * dayMs).toISOString(),
      serial: grant.serial + 1,
    },
    o.company.privateKey,
  );
}

/** The agent's grant without the key that its key-holder had before; undefined when there is none. */
export async function endFormerKey(
  data: string,
  about: AgentSubject,
  company: SigningKey,
): Promise<Sealed<AgentGrant> | undefined> {
  const { grant } = await agentGrantIn(data, about, company.publicKey);
  const { former, ...rest } = grant;
  return former && signAgentGrant({ ...rest, serial: grant.serial + 1 }, company.privateKey);
}
