import type { KeyObject } from "node:crypto";
import type { ZodType } from "zod";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { acceptSerial, type TrustMemory } from "./serial-memory.ts";
import { publicKeyFrom, verifyStatement } from "./sign-statement.ts";
import { type AgentGrant, type InstanceGrant, sealedAgentGrantSchema } from "./trust-documents.ts";
import { agentGrantOf, grantSubject } from "./grant-subject.ts";
import { type Sealed, sealedInstanceGrantSchema, sealedTrustDocumentSchema } from "./trust-documents.ts";
import type { TrustDocument } from "./trust-documents.ts";

/** A file or public record as it was found; nothing in it is believed yet. */
export interface TrustText {
  readonly name: string;
  readonly text: string;
}
/** An instance whose grant and whose agent's grant were both verified; validity in time is the reader's to check. */
export interface GrantedInstance {
  readonly agent: AgentGrant;
  readonly instance: InstanceGrant;
  readonly ed25519: KeyObject;
  readonly x25519: KeyObject;
  /**
   * When both grants hold, milliseconds since the epoch: not after the end of belief in the key-holder's key that signed
   * the instance's, either.
   */
  readonly startsAt: number;
  readonly endsAt: number;
}
export interface GrantRegister {
  /** By `grantKey(atSign, instance)`. */
  readonly instances: ReadonlyMap<string, GrantedInstance>;
  /** Why each refused paper was refused. */
  readonly problems: readonly AppError[];
}

/** The key of an instance in a register. */
export function grantKey(atSign: AtSign, instance: string): string {
  return `${atSign}/${instance}`;
}

/** Verifies grants: both signatures, the instance pattern, serials. One bad paper harms no other. */
export async function readGrants(
  texts: readonly TrustText[],
  companyKey: KeyObject,
  memory: TrustMemory,
): Promise<GrantRegister> {
  const problems: AppError[] = [];
  const refused = (error: unknown): void => {
    if (!(error instanceof AppError)) {
      throw error;
    }
    problems.push(error);
  };

  const agents = new Map<string, AgentGrant>();
  for (const each of newestFirst(texts, "agent-grant", sealedAgentGrantSchema, refused)) {
    const { statement, signature, name } = each;
    const key = grantSubject(statement);
    try {
      if (!verifyStatement(statement, signature, companyKey)) {
        throw ungranted(name, "was not signed by the company key given to this process at installation");
      }
      if (!agents.has(key)) {
        await acceptSerial(memory, `agent grant ${key}`, statement);
        agents.set(key, statement);
      }
    } catch (error) {
      refused(error);
    }
  }

  const instances = new Map<string, GrantedInstance>();
  for (const each of newestFirst(texts, "instance-grant", sealedInstanceGrantSchema, refused)) {
    const { statement, signature, name } = each;
    const key = grantKey(statement.atSign, statement.instance);
    try {
      const agent = agentGrantOf(agents, statement);
      if (agent === undefined) {
        throw ungranted(name, `has no valid agent grant for role "${statement.role}" at ${statement.atSign}`);
      }
      if (!matchesPattern(statement.instance, agent.instancePattern)) {
        throw ungranted(name, `names an instance outside the granted pattern "${agent.instancePattern}"`);
      }
      const signer = signerOf({ statement, signature }, agent);
      if (signer === undefined) {
        throw ungranted(name, "was not signed by the key-holder that the agent grant names");
      }
      if (!instances.has(key)) {
        await acceptSerial(memory, `instance grant ${key}`, statement);
        const ends = [agent.notAfter, statement.notAfter, signer.until ?? statement.notAfter];
        instances.set(key, {
          agent,
          instance: statement,
          ed25519: publicKeyFrom(statement.ed25519, "Ed25519"),
          x25519: publicKeyFrom(statement.x25519, "X25519"),
          startsAt: agent.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(agent.notBefore),
          endsAt: Math.min(...ends.map((time) => Date.parse(time))),
        });
      }
    } catch (error) {
      refused(error);
    }
  }
  return { instances, problems };
}

/** Which of the agent's keys signed an instance's grant, and until when that one is believed; undefined: none of them. */
export function signerOf(
  { statement, signature }: Sealed<InstanceGrant>,
  { signingKey, former }: Pick<AgentGrant, "signingKey" | "former">,
): { readonly until: string | undefined } | undefined {
  const isBy = (key: string) => verifyStatement(statement, signature, publicKeyFrom(key, "Ed25519"));
  if (isBy(signingKey)) {
    return { until: undefined };
  }
  return former !== undefined && isBy(former.key) ? { until: former.notAfter } : undefined;
}

/** Parses the papers of one kind, highest serial first: a replaced grant may lie beside its successor. */
function newestFirst<T extends { readonly serial: number }>(
  texts: readonly TrustText[],
  kind: string,
  schema: ZodType<Sealed<T>>,
  refused: (error: AppError) => void,
): readonly (Sealed<T> & { readonly name: string })[] {
  return texts
    .filter((each) => each.name.startsWith(kind))
    .flatMap(({ name, text }) => {
      try {
        return [{ ...parsePaper(name, text, schema), name }];
      } catch (error) {
        refused(error as AppError);
        return [];
      }
    })
    .toSorted((a, b) => b.statement.serial - a.statement.serial);
}

/** A paper's JSON, shape checked; throws AppError `trust-malformed`. */
export function parsePaper<T>(name: string, text: string, schema: ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("trust-malformed", `${name} is not a paper of trust in the form expected`, {
      cause: error,
    });
  }
}

/** What a document that was found takes back; it is not verified here. */
export function revocationsIn(document: TrustText | undefined): TrustDocument["revocations"] {
  return document === undefined
    ? []
    : parsePaper(document.name, document.text, sealedTrustDocumentSchema).statement.revocations;
}

function ungranted(name: string, why: string): AppError {
  return new AppError(
    "trust-ungranted",
    `${name} ${why}; its keys are not accepted. If the change is wanted, grant it again.`,
  );
}

function matchesPattern(instance: string, pattern: string): boolean {
  return pattern.endsWith("*") ? instance.startsWith(pattern.slice(0, -1)) : instance === pattern;
}
