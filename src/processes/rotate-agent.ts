import path from "node:path";
import { AppError } from "../errors.ts";
import {
  createNextHolderKey,
  hasKeys,
  holderKey,
  installedCompanyKey,
  keyFolderOf,
  nextHolderKey,
  takeNextHolderKey,
} from "../keys.ts";
import {
  agentGrantIn,
  type AgentSubject,
  endFormerKey,
  grantRotation,
  type SealedRotationRequest,
  signRotationRequest,
} from "../trust/agent-rotation.ts";
import type { SigningKey } from "../trust/sign-trust.ts";
import type { AgentGrant } from "../trust/trust-documents.ts";
import { writePaper } from "../trust/trust-files.ts";
import { enrollHere } from "./enroll-here.ts";
import { lockFolder } from "./folder-lock.ts";
import type { KeyHolder } from "./key-holder.ts";

export interface RotateOptions extends AgentSubject {
  /** The data folder. */
  readonly data: string;
  readonly ca: string | undefined;
  readonly holder: KeyHolder;
  /** Undefined where it is not: then the company grants elsewhere what is asked for here. */
  readonly company: SigningKey | undefined;
  /** Shows everybody the papers of this folder; false when that cannot be done from here. */
  readonly publish: () => Promise<boolean>;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly onStep: (step: "granted" | "regranted" | "ended", instance?: string) => void;
}
export type RotateOutcome =
  | { readonly kind: "request"; readonly request: SealedRotationRequest }
  | {
      readonly kind: "rotated";
      /** That have new keys. */
      readonly instances: readonly string[];
      /** Whose keys are on other machines: they have new grants for the keys they had. */
      readonly elsewhere: readonly string[];
      /** Until when the key-holder's former key is believed; undefined: not any more. */
      readonly formerUntil: string | undefined;
    };

/** Every process has seen by then what was published before. */
export const seenMs = 5_000;

/**
 * New keys for a whole agent: of its key-holder, and of its instances on this machine. Nothing is interrupted: the company
 * grants the next key beside the present one, which is believed until everybody has the grants that the next one signed.
 * Broken off, it goes on where it was when it is called again. An agent that was revoked as a whole is let in again with
 * the instances whose keys are here. Throws `no-grant`, `not-published`, `data-in-use` where it is under way already,
 * and what the key-holder throws.
 */
export async function rotateAgent(o: RotateOptions): Promise<RotateOutcome> {
  // Two at once would each make a next key, of which the company grants one.
  const place = path.join(keyFolderOf(o.data, o.role), "rotation");
  const lock = lockFolder(place, `A rotation of the keys of ${o.role}`);
  try {
    return await rotate(o);
  } finally {
    lock.release();
  }
}

async function rotate(o: RotateOptions): Promise<RotateOutcome> {
  const { data, role, holder, company, now, onStep } = o;
  const folder = keyFolderOf(data, role);
  const companyKey = await installedCompanyKey(folder);
  const before = await agentGrantIn(data, o, companyKey);
  const present = await holderKey(folder, role);
  const known = Object.entries((await holder.register()).instances);
  const local = await localInstances(folder, known, before.isRevoked);

  let { grant } = before;
  let next = await nextHolderKey(folder, role);
  const isFinishing = next === undefined && grant.former !== undefined && !before.isRevoked;
  if (!isFinishing) {
    next ??= await createNextHolderKey(folder, role);
    if (grant.signingKey !== next.publicKey) {
      const about = { atSign: o.atSign, role, serial: grant.serial };
      const request = signRotationRequest(about, present, next);
      if (company === undefined) {
        return { kind: "request", request };
      }
      const paper = await grantRotation(data, request, { company, now: now(), readmit: true });
      await writePaper(path.join(data, "trust"), paper);
      grant = paper.statement;
    }
    await publishGrant(o, grant);
    onStep("granted");
    if (grant.former === undefined) {
      // Let in again: what it had before its revocation stays ended.
      await holder.revokeAll();
    } else {
      await o.wait(seenMs);
    }
    await takeNextHolderKey(folder, role);
  }
  await holder.regrant();
  onStep("regranted");
  for (const instance of local) {
    await enrollHere(holder, instance, { data, ca: o.ca, now });
    onStep("regranted", instance);
  }
  const formerUntil = await endFormer(o, grant);
  const elsewhere = known.flatMap(([name, { state }]) =>
    state === "enrolled" && !local.includes(name) ? [name] : [],
  );
  return { kind: "rotated", instances: local, elsewhere: before.isRevoked ? [] : elsewhere, formerUntil };
}

/** Those of this machine that are to have new keys: one that was let out by itself is not let in with the others. */
async function localInstances(
  folder: string,
  known: readonly (readonly [string, { readonly state: string }])[],
  isRevoked: boolean,
): Promise<readonly string[]> {
  const here: string[] = [];
  for (const [name, { state }] of known) {
    if ((state === "enrolled" || isRevoked) && (await hasKeys(folder, name))) {
      here.push(name);
    }
  }
  return here;
}

/** Grants that the next key signs are refused by whoever does not have the company's word for it. */
async function publishGrant(o: RotateOptions, grant: AgentGrant): Promise<void> {
  const isShown = (await o.publish()) || ((await o.holder.publishedSerial()) ?? 0) >= grant.serial;
  if (!isShown) {
    throw new AppError(
      "not-published",
      `the company's atSign does not show grant ${grant.serial} of ${o.role} yet, so that others would not believe its new keys: run "countersign trust sign" where the keys of that atSign are, then this again`,
      { retryable: true },
    );
  }
}

/** Takes the former key back once everybody has seen the new grants; without the company key its time ends it. */
async function endFormer(o: RotateOptions, { former }: AgentGrant): Promise<string | undefined> {
  if (former === undefined || o.company === undefined) {
    return former?.notAfter;
  }
  await o.wait(seenMs);
  const paper = await endFormerKey(o.data, o, o.company);
  if (paper !== undefined) {
    await writePaper(path.join(o.data, "trust"), paper);
    await o.publish();
    o.onStep("ended");
  }
  return undefined;
}
