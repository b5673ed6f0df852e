import path from "node:path";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { existingHolderKey, keyFolderOf } from "../keys.ts";
import { parsePaper, revocationsIn } from "./grant-register.ts";
import { isInstanceRevoked } from "./grants-in-force.ts";
import type { InstancePublicKeys } from "./invitation.ts";
import type { SigningKey } from "./sign-trust.ts";
import { signInstanceGrant } from "./sign-trust.ts";
import { type InstanceGrant, type Sealed, sealedInstanceGrantSchema } from "./trust-documents.ts";
import { readTrustFolder, writePaper } from "./trust-files.ts";

/** One instance of an agent, seen from the data folder of its key-holder. */
export interface OwnInstance {
  /** The data folder. */
  readonly data: string;
  /** The agent: its key folder's name, and its role. */
  readonly agent: string;
  /** When it is another one, as that of the bot's evidence. */
  readonly role?: string;
  readonly atSign: AtSign;
  readonly instance: string;
}

const dayMs = 86_400_000;
const grantDays = 365;
const renewDays = 30;
/** Attestations and decisions of a plan that waits for its approval are still to be believed after a rotation. */
const formerDays = 7;

/**
 * Grants an instance its keys, with the key-holder's key in the agent's own folder: the company key is not needed.
 * Whether the company lets the agent have such an instance is for everybody who reads the grant to check.
 */
export async function grantInstance(o: OwnInstance, keys: InstancePublicKeys, now: number): Promise<void> {
  await sign(o, keys, { notAfter: now + grantDays * dayMs, now });
}

/** Grants an instance its keys anew when its grant is in force but ends soon. True when it did. */
export async function renewInstanceGrant(o: OwnInstance, now: number): Promise<boolean> {
  const old = (await instanceGrants(o.data, o.atSign)).find(
    ({ statement }) => statement.instance === o.instance,
  )?.statement;
  const left = old === undefined ? 0 : Date.parse(old.notAfter) - now;
  if (old === undefined || left <= 0 || left > renewDays * dayMs) {
    return false;
  }
  await grantInstance(o, old, now);
  return true;
}

/**
 * Signs all grants of an agent's instances again with the key that its key-holder has now; those that have ended stay so.
 */
export async function regrantInstances(o: Omit<OwnInstance, "instance">, now: number): Promise<void> {
  const { document } = await readTrustFolder(path.join(o.data, "trust"));
  const revocations = revocationsIn(document);
  for (const { statement } of await instanceGrants(o.data, o.atSign)) {
    if (statement.role === o.agent) {
      const { instance } = statement;
      const end = Date.parse(statement.notAfter);
      const isOut = isInstanceRevoked(statement, { revocations }) || end <= now;
      const notAfter = isOut ? Math.min(end, now) : now + grantDays * dayMs;
      await sign({ ...o, instance }, statement, { notAfter, now });
    }
  }
}

/** Ends an instance's grant: the next paper, which nobody can go back behind, ends now. */
export async function endInstanceGrant(o: OwnInstance, now: number): Promise<void> {
  const old = (await instanceGrants(o.data, o.atSign)).find(
    ({ statement }) => statement.instance === o.instance,
  );
  if (old !== undefined && Date.parse(old.statement.notAfter) > now) {
    await sign(o, old.statement, { notAfter: now, now });
  }
}

/** The instance grants of one atSign in a data folder, as they lie there: believed by nobody yet. */
export async function instanceGrants(
  data: string,
  atSign: AtSign,
): Promise<readonly Sealed<InstanceGrant>[]> {
  const { grants } = await readTrustFolder(path.join(data, "trust"));
  return grants
    .filter(({ name }) => name.startsWith("instance-grant."))
    .map(({ name, text }) => parsePaper(name, text, sealedInstanceGrantSchema))
    .filter(({ statement }) => statement.atSign === atSign);
}

async function sign(
  o: OwnInstance,
  { ed25519, x25519 }: InstancePublicKeys,
  { notAfter, now }: { readonly notAfter: number; readonly now: number },
): Promise<void> {
  const { data, agent, role = agent, atSign, instance } = o;
  const holder = await requiredHolderKey(o);
  const old = (await instanceGrants(data, atSign)).find(
    ({ statement }) => statement.instance === instance,
  )?.statement;
  // By the clock: a name may come back whose papers were removed, and a serial must never fall.
  const serial = Math.max((old?.serial ?? 0) + 1, Math.floor(now / 1000));
  const former = formerKey(old, ed25519, now);
  const grant = {
    atSign,
    instance,
    role,
    ed25519,
    x25519,
    // Whoever was let out has no say in what it signed before.
    ...(former === undefined || notAfter <= now ? {} : { former }),
    notAfter: new Date(notAfter).toISOString(),
    serial,
  };
  await writePaper(path.join(data, "trust"), signInstanceGrant(grant, holder.privateKey));
}

/** The key that an instance had before the one it is granted now, if it had one in good order. */
function formerKey(old: InstanceGrant | undefined, ed25519: string, now: number): InstanceGrant["former"] {
  if (old === undefined || Date.parse(old.notAfter) <= now) {
    return undefined;
  }
  if (old.ed25519 !== ed25519) {
    return { key: old.ed25519, notAfter: new Date(now + formerDays * dayMs).toISOString() };
  }
  return old.former !== undefined && Date.parse(old.former.notAfter) > now ? old.former : undefined;
}

async function requiredHolderKey({ data, agent, role = agent }: OwnInstance): Promise<SigningKey> {
  const folder = keyFolderOf(data, agent);
  const holder = await existingHolderKey(folder, role);
  if (holder === undefined) {
    throw new AppError(
      "keys-missing",
      `${folder} holds no key-holder's key of agent "${agent}": this is done where the agent's key-holder is`,
    );
  }
  return holder;
}
