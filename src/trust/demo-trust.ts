import path from "node:path";
import type { ZodType } from "zod";
import { sharedAccount } from "../accounts.ts";
import { canonicalJson } from "../canonical.ts";
import { isLasting } from "../clock-ahead.ts";
import type { AtSign, Person } from "../domain.ts";
import { AppError } from "../errors.ts";
import {
  existingOrNewCompanyKey,
  holderKey,
  installCompanyKey,
  keyFolderOf,
  makeInstanceKeys,
  readInstanceKeys,
  writeInstanceKeys,
} from "../keys.ts";
import type { Policy } from "../policy-types.ts";
import { assertApprovable, assertPolicy } from "../policy/assert-policy.ts";
import { publicKeyFrom, rawPublicKey, type Statement, verifyStatement } from "./sign-statement.ts";
import { type SigningKey, signAgentGrant, signInstanceGrant, signTrustDocument } from "./sign-trust.ts";
import { parsePaper, type TrustText } from "./grant-register.ts";
import { isAgentRevoked } from "./grants-in-force.ts";
import { readRegister } from "./instance-register.ts";
import { paperName, type PaperSubject, readTrustFolder, writePaper } from "./trust-files.ts";
import type { AgentGrant, InstanceGrant, Sealed, TrustDocument } from "./trust-documents.ts";
import { sealedAgentGrantSchema, sealedInstanceGrantSchema } from "./trust-documents.ts";
import { sealedTrustDocumentSchema } from "./trust-documents.ts";
import type { TrustFiles } from "./trust-store.ts";

export interface DemoAgent {
  /** Names the key folder `data/keys/ID`. */
  readonly id: string;
  readonly atSign: AtSign;
  /** Each instance with its own role; the bot has "main" (bot) and "evidence" (evidence). */
  readonly instances: readonly {
    readonly name: string;
    readonly role: string;
    /** Which further instances its key-holder may grant; default: none. */
    readonly pattern?: string;
  }[];
  readonly skills: readonly string[];
}
export interface DemoTrustOptions {
  /** The data folder: keys go to `keys/`, grants and document to `trust/`. */
  readonly folder: string;
  readonly company: AtSign;
  readonly agents: readonly DemoAgent[];
  readonly people: readonly Person[];
  readonly policy: Policy;
  /** Milliseconds UTC. */
  readonly now: number;
  /**
   * True: people may decide from a terminal. False: a company of its own, where nobody does. "as-signed": what the
   * document in the folder says, false when there is none.
   */
  readonly demo: boolean | "as-signed";
  /** Grants taken back, in addition to those that were before. */
  readonly revoke?: TrustDocument["revocations"];
}

const dayMs = 86_400_000;
const grantDays = 365;
const documentDays = 30;
/** A grant is renewed when less than this is left of it. */
const renewDays = 30;

/**
 * Makes what is missing of a company on one machine: company key, every agent's keys, grants, trust document. Calling
 * it again renews what changed or grows old (the document daily) with the next serial, and leaves the rest alone.
 */
export async function makeDemoTrust(options: DemoTrustOptions): Promise<{ readonly companyKey: string }> {
  const { folder, now } = options;
  const trustFolder = path.join(folder, "trust");
  const company = await existingOrNewCompanyKey(folder);
  const files = await readTrustFolder(trustFolder);
  const old = files.document && verified(files.document, sealedTrustDocumentSchema, [company.publicKey]);
  const revocations = [...(old?.revocations ?? []), ...(options.revoke ?? [])];
  for (const agent of options.agents) {
    const keyFolder = keyFolderOf(folder, agent.id);
    await installCompanyKey(keyFolder, company.publicKey);
    for (const instance of agent.instances) {
      const papers = await grantInstance(agent, instance, { keyFolder, company, files, revocations, now });
      for (const paper of papers) {
        await writePaper(trustFolder, paper);
      }
    }
  }
  const document = nextDocument(options, company, { old, revocations });
  if (document !== undefined) {
    await writePaper(trustFolder, document);
  }
  return { companyKey: company.publicKey };
}

/** The grants of one instance that are missing, differ from its keys or end soon. */
async function grantInstance(
  agent: DemoAgent,
  instance: DemoAgent["instances"][number],
  o: {
    readonly keyFolder: string;
    readonly company: SigningKey;
    readonly files: TrustFiles;
    readonly revocations: TrustDocument["revocations"];
    readonly now: number;
  },
): Promise<readonly Sealed<AgentGrant | InstanceGrant>[]> {
  const { keyFolder, now } = o;
  const { atSign } = agent;
  const { role } = instance;
  const holder = await holderKey(keyFolder, role);
  let keys = await readInstanceKeys(keyFolder, instance.name);
  if (keys === undefined) {
    keys = makeInstanceKeys({ atSign, instance: instance.name });
    await writeInstanceKeys(keyFolder, keys);
  }
  const notAfter = new Date(now + grantDays * dayMs).toISOString();

  const named = { tag: "countersign/agent-grant/1", atSign, role } as const;
  const oldAgent = paperIn(o.files, named, sealedAgentGrantSchema, [o.company.publicKey]);
  if (oldAgent !== undefined && isAgentRevoked(oldAgent, o)) {
    // Only a person's word lets it in again.
    return [];
  }
  const former = oldAgent?.former;
  const wantedAgent: AgentGrant = {
    ...named,
    // While its keys are being rotated, the company has granted the next one already.
    signingKey:
      oldAgent !== undefined && former?.key === holder.publicKey ? oldAgent.signingKey : holder.publicKey,
    ...believed(former, now),
    instancePattern: instance.pattern ?? instance.name,
    skills: [...agent.skills],
    notAfter,
    serial: 1,
  };
  const keepAgent = isKept(oldAgent, wantedAgent, now);
  const holders = [oldAgent?.signingKey ?? holder.publicKey, ...(former === undefined ? [] : [former.key])];
  const name = { tag: "countersign/instance-grant/1", atSign, instance: instance.name } as const;
  const oldInstance = paperIn(o.files, name, sealedInstanceGrantSchema, holders);
  const wantedInstance: InstanceGrant = {
    ...name,
    ...believed(oldInstance?.former, now),
    role,
    ed25519: rawPublicKey(keys.ed25519),
    x25519: rawPublicKey(keys.x25519),
    notAfter,
    serial: 1,
  };
  // Another key-holder's signature would not hold under a new agent grant.
  const sameHolder = holders.includes(holder.publicKey);
  const isOut = (await readRegister(keyFolder)).instances[instance.name]?.state === "revoked";
  const keepInstance = isOut || (sameHolder && isKept(oldInstance, wantedInstance, now));
  return [
    ...(keepAgent ? [] : [signAgentGrant({ ...wantedAgent, serial: next(oldAgent) }, o.company.privateKey)]),
    ...(keepInstance
      ? []
      : [signInstanceGrant({ ...wantedInstance, serial: next(oldInstance) }, holder.privateKey)]),
  ];
}

/** The next document, when the one in the folder says something else, is a day old, of the future or missing. */
function nextDocument(
  options: DemoTrustOptions,
  company: SigningKey,
  { old, revocations }: Pick<TrustDocument, "revocations"> & { readonly old: TrustDocument | undefined },
): Sealed<TrustDocument> | undefined {
  const { now } = options;
  const shared = sharedAccount(options.people);
  if (shared !== undefined) {
    throw new AppError("account-taken", `${shared}; nothing was signed`);
  }
  const demo = options.demo === "as-signed" ? (old?.demo ?? false) : options.demo;
  assertPolicy(options.policy);
  if (old === undefined || canonicalJson(old.policy) !== canonicalJson(options.policy)) {
    // Whoever must leave is let out under the policy in force, even if too few are left: `doctor` says so.
    assertApprovable(options.policy, options.people, { demo });
  }
  const wanted: TrustDocument = {
    tag: "countersign/trust/1",
    company: options.company,
    serial: 1,
    issuedAt: new Date(now).toISOString(),
    notAfter: new Date(now + documentDays * dayMs).toISOString(),
    demo,
    people: options.people.map(({ accounts, ...each }) => ({
      ...each,
      roles: [...each.roles],
      ...(accounts.length === 0 ? {} : { accounts: [...accounts] }),
    })),
    policy: options.policy as TrustDocument["policy"],
    revocations,
  };
  const fresh = old !== undefined && isLasting(Date.parse(old.issuedAt) + dayMs, dayMs, now);
  if (fresh && contentOf(old) === contentOf(wanted)) {
    return undefined;
  }
  return signTrustDocument({ ...wanted, serial: next(old) }, company.privateKey);
}

function paperIn<T extends AgentGrant | InstanceGrant>(
  files: TrustFiles,
  wanted: PaperSubject,
  schema: ZodType<Sealed<T>>,
  signers: readonly string[],
): T | undefined {
  const name = paperName(wanted);
  const file = files.grants.find((each) => each.name === name);
  return file && verified(file, schema, signers);
}

/** A key that was replaced, for as long as what it signed is believed. */
function believed<T extends { readonly notAfter: string }>(
  former: T | undefined,
  now: number,
): { readonly former?: T } {
  return former === undefined || Date.parse(former.notAfter) <= now ? {} : { former };
}

/** What an earlier call wrote; a paper that somebody else put in its place is never continued. */
function verified<T extends Statement>(
  file: TrustText,
  schema: ZodType<Sealed<T>>,
  signers: readonly string[],
): T {
  const { statement, signature } = parsePaper(file.name, file.text, schema);
  if (!signers.some((key) => verifyStatement(statement, signature, publicKeyFrom(key, "Ed25519")))) {
    throw new AppError(
      "trust-ungranted",
      `${file.name} was not signed by this company's keys; somebody replaced it. Put the original back, or remove it to have a new one made.`,
    );
  }
  return statement;
}

function isKept<T extends AgentGrant | InstanceGrant>(old: T | undefined, wanted: T, now: number): boolean {
  return (
    old !== undefined &&
    Date.parse(old.notAfter) - now > renewDays * dayMs &&
    contentOf(old) === contentOf(wanted)
  );
}

/** All but serial and times. */
function contentOf(statement: AgentGrant | InstanceGrant | TrustDocument): string {
  const { serial: _serial, notAfter: _notAfter, ...rest } = statement;
  return canonicalJson({ ...rest, issuedAt: null });
}

function next(old: { readonly serial: number } | undefined): number {
  return (old?.serial ?? 0) + 1;
}
