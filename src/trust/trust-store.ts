import type { KeyObject } from "node:crypto";
import { canonicalHash } from "../canonical.ts";
import type { TrustView } from "../define-agent.ts";
import type { AgentAddress, AtSign, Person } from "../domain.ts";
import { AppError } from "../errors.ts";
import type { Clock } from "../ports.ts";
import { type GrantRegister, type GrantedInstance, grantKey, readGrants } from "./grant-register.ts";
import { isInForce, requireInForce, signingKeys } from "./grants-in-force.ts";
import { parsePaper, type TrustText } from "./grant-register.ts";
import { acceptSerial, type TrustMemory } from "./serial-memory.ts";
import { publicKeyFrom, verifyStatement } from "./sign-statement.ts";
import { sealedTrustDocumentSchema, type TrustDocument } from "./trust-documents.ts";

/** Everything of trust that was found; `document` is undefined when there is none. */
export interface TrustFiles {
  readonly document: TrustText | undefined;
  readonly grants: readonly TrustText[];
}
export interface InstanceKeys extends AgentAddress {
  readonly role: string;
  readonly skills: readonly string[];
  readonly ed25519: KeyObject;
  readonly x25519: KeyObject;
  /** Serials of the agent's and the instance's grant. */
  readonly serials: readonly [number, number];
}
export interface TrustStore extends TrustView {
  readonly company: AtSign;
  /** The same list as long as the document is the same. */
  readonly people: readonly Person[];
  /** What was refused at the last loading; empty when all is well. */
  readonly problems: readonly AppError[];
  /** True when any instance at this atSign holds a valid grant. */
  knows(atSign: string): boolean;
  /** Throws `no-grant`, `grant-expired` or `grant-revoked`. */
  instanceKeys(atSign: AtSign, instance: string): InstanceKeys;
  /** Where to reach the instance that serves a role; throws `no-grant`. */
  agent(role: string): AgentAddress;
  /** All instances at this atSign with a valid grant for the role. */
  addresses(role: string, atSign: AtSign): readonly AgentAddress[];
  /** Throws `trust-stale` when the document is too old for effects: reads continue, effects stop. */
  requireFresh(): void;
  /** Loads again. A document that is not acceptable is refused and the one in force stays; see `problems`. */
  reload(): Promise<"changed" | "unchanged">;
  /** Calls back after each loading that changed something. */
  onChange(call: () => void): void;
}
export interface OpenTrustOptions {
  /** The company's raw Ed25519 public key in base64url, as given at installation. */
  readonly companyKey: string;
  readonly load: () => Promise<TrustFiles>;
  readonly memory: TrustMemory;
  readonly clock: Clock;
  /** Told of every paper refused. */
  readonly onRefused?: (error: AppError) => void;
  /** Default 7 days. */
  readonly maxAgeMs?: number;
}

/** A document as it is used: its people are read once, not whenever somebody looks for one. */
type InForce = Omit<TrustDocument, "people"> & { readonly people: readonly Person[] };

const dayMs = 86_400_000;
const skewMs = 5 * 60_000;

/** Verifies the trust document and all grants; throws when there is no acceptable document. */
export async function openTrust(options: OpenTrustOptions): Promise<TrustStore> {
  const companyKey = publicKeyFrom(options.companyKey, "Ed25519");
  const { clock, memory } = options;
  const maxAgeMs = options.maxAgeMs ?? 7 * dayMs;

  const accept = async (file: TrustText | undefined): Promise<InForce> => {
    const document = verifiedDocument(file, companyKey, clock.now());
    await acceptSerial(memory, "document", document);
    return { ...document, people: document.people.map(asPerson) };
  };
  const report = (problems: readonly AppError[]): void =>
    problems.forEach((each) => options.onRefused?.(each));

  let files = await options.load();
  let filesHash = hashOf(files);
  let document = await accept(files.document);
  let register: GrantRegister = await readGrants(files.grants, companyKey, memory);
  let problems = register.problems;
  report(problems);
  /** Why the document found last is not in force, if it is refused for its times alone: time may heal it. */
  let untimely: AppError | undefined;
  const listeners: (() => void)[] = [];
  let reloading: Promise<"changed" | "unchanged"> | undefined;

  const reload = async (): Promise<"changed" | "unchanged"> => {
    const found = await options.load();
    const isSame = found === files || hashOf(found) === filesHash;
    files = found;
    if (isSame) {
      return untimely === undefined ? "unchanged" : acceptInTime(untimely);
    }
    const refused = await acceptOrRefuse();
    register = await readGrants(files.grants, companyKey, memory);
    problems = [...(refused === undefined ? [] : [refused]), ...register.problems];
    filesHash = hashOf(files);
    report(problems);
    return "changed";
  };
  /** Takes the document of the files, or says why the one in force stays. */
  const acceptOrRefuse = async (): Promise<AppError | undefined> => {
    try {
      document = await accept(files.document);
      untimely = undefined;
      return undefined;
    } catch (error) {
      const refused = asAppError(error);
      untimely = ["trust-from-future", "trust-expired"].includes(refused.code) ? refused : undefined;
      return refused;
    }
  };
  /** Looks again at a document whose files have not changed since it was refused for its times. */
  const acceptInTime = async (before: AppError): Promise<"changed" | "unchanged"> => {
    const refused = await acceptOrRefuse();
    if (refused?.code === before.code) {
      return "unchanged";
    }
    problems = [...(refused === undefined ? [] : [refused]), ...register.problems];
    report(problems);
    return "changed";
  };
  /** The document in force; nothing may be decided by one that has ended. */
  const current = (): InForce => {
    requireNotEnded(document, clock.now());
    return document;
  };
  const granted = (atSign: AtSign, instance: string): GrantedInstance => {
    const found = register.instances.get(grantKey(atSign, instance));
    if (found === undefined) {
      throw new AppError("no-grant", `${atSign} (instance "${instance}") holds no grant of the company`);
    }
    requireInForce(found, current(), clock.now());
    return found;
  };
  const inForce = (isWanted: (grant: GrantedInstance["instance"]) => boolean): readonly GrantedInstance[] =>
    [...register.instances.values()].filter(
      (each) => isWanted(each.instance) && isInForce(each, document, clock.now()),
    );

  return {
    get company() {
      return document.company;
    },
    get serial() {
      return current().serial;
    },
    get demo() {
      return current().demo;
    },
    get policy() {
      return current().policy;
    },
    get people() {
      return current().people;
    },
    get problems() {
      return problems;
    },
    person(id) {
      return current().people.find((each) => each.id === id);
    },
    knows(atSign) {
      const now = clock.now();
      return [...register.instances.values()].some(
        (each) => each.instance.atSign === atSign && isInForce(each, document, now),
      );
    },
    instanceKeys(atSign, instance) {
      const { agent, instance: grant, ed25519, x25519 } = granted(atSign, instance);
      const serials = [agent.serial, grant.serial] as const;
      return { atSign, instance, role: grant.role, skills: agent.skills, ed25519, x25519, serials };
    },
    agent(role) {
      const found = inForce((each) => each.role === role).toSorted((a, b) =>
        a.instance.instance < b.instance.instance ? -1 : 1,
      )[0];
      if (found === undefined) {
        throw new AppError("no-grant", `no instance holds a valid grant for role "${role}"`);
      }
      return { atSign: found.instance.atSign, instance: found.instance.instance };
    },
    addresses: (role, atSign) =>
      inForce((each) => each.role === role && each.atSign === atSign).map(({ instance }) => ({
        atSign,
        instance: instance.instance,
      })),
    verify(signed, role) {
      const { signer, statement, signature } = signed;
      const found = register.instances.get(grantKey(signer.atSign, signer.instance));
      return (
        found !== undefined &&
        found.instance.role === role &&
        isInForce(found, current(), clock.now()) &&
        isStatement(statement) &&
        signingKeys(found, clock.now()).some((key) => verifyStatement(statement, signature, key))
      );
    },
    requireFresh() {
      const { issuedAt, serial } = current();
      const ageDays = Math.floor((clock.now() - Date.parse(issuedAt)) / dayMs);
      if (clock.now() - Date.parse(issuedAt) > maxAgeMs) {
        throw new AppError(
          "trust-stale",
          `the trust document (serial ${serial}) is ${ageDays} days old; effects are stopped until "countersign trust sign" issues the next`,
          { retryable: true },
        );
      }
    },
    reload() {
      reloading ??= reload()
        .then((outcome) => {
          if (outcome === "changed") {
            listeners.forEach((call) => call());
          }
          return outcome;
        })
        .finally(() => {
          reloading = undefined;
        });
      return reloading;
    },
    onChange(call) {
      listeners.push(call);
    },
  };
}

function verifiedDocument(file: TrustText | undefined, companyKey: KeyObject, now: number): TrustDocument {
  if (file === undefined) {
    throw new AppError("trust-missing", 'there is no trust document: make one with "countersign trust sign"');
  }
  const { statement, signature } = parsePaper(file.name, file.text, sealedTrustDocumentSchema);
  if (!verifyStatement(statement, signature, companyKey)) {
    throw new AppError(
      "trust-signature",
      `${file.name} was not signed by the company key given to this process at installation; it is not believed. Sign it again with "countersign trust sign", or install the right company key.`,
    );
  }
  if (Date.parse(statement.issuedAt) > now + skewMs) {
    throw new AppError(
      "trust-from-future",
      `${file.name} was issued at ${statement.issuedAt}, which is in the future here: set this machine's clock`,
    );
  }
  requireNotEnded(statement, now);
  return statement;
}

function requireNotEnded(document: Pick<TrustDocument, "serial" | "notAfter">, now: number): void {
  if (Date.parse(document.notAfter) <= now) {
    throw new AppError(
      "trust-expired",
      `the trust document (serial ${document.serial}) ended at ${document.notAfter}, and here it is ${new Date(now).toISOString()}: sign the next with "countersign trust sign", or set this machine's clock`,
      { retryable: true },
    );
  }
}

function asPerson(person: TrustDocument["people"][number]): Person {
  return { ...person, accounts: person.accounts ?? [] };
}

function isStatement(value: unknown): value is { readonly tag: string } {
  return typeof value === "object" && value !== null && "tag" in value && typeof value.tag === "string";
}

function asAppError(error: unknown): AppError {
  if (!(error instanceof AppError)) {
    throw error;
  }
  return error;
}

function hashOf(files: TrustFiles): string {
  return canonicalHash([files.document ?? null, files.grants]);
}
