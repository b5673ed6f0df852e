import { rename } from "node:fs/promises";
import path from "node:path";
import type { AtSign } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import {
  existingHolderKey,
  type InstanceKeyPairs,
  keyFolderOf,
  keyStamp,
  makeInstanceKeys,
  readInstanceKeys,
  writeInstanceKeys,
} from "../keys.ts";
import type { Timers } from "../link/timers.ts";
import type { Logger } from "../ports.ts";
import { grantInstance, instanceGrants, type OwnInstance } from "../trust/instance-papers.ts";
import { rawPublicKey } from "../trust/sign-statement.ts";
import { instanceKeys } from "./identity.ts";
import { seenMs } from "./rotate-agent.ts";

/** The bot's evidence key: with it the bot signs on receipt what people clicked. It is at no atServer enrolled. */

export const evidence = "evidence";
/** Where a key lies that is granted, but not used before everybody knows. */
const next = "evidence-next";
const lookMs = 1_000;

export interface RotateEvidenceOptions {
  /** The data folder in which the bot's key-holder's keys are. */
  readonly data: string;
  readonly atSign: AtSign;
  /** Shows everybody the grants of this folder. */
  readonly publish: () => Promise<void>;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/**
 * A new evidence key for the bot. It is granted beside the present one, and used once everybody has seen that; what the
 * former one signed is believed for seven more days. Broken off, it goes on when it is called again. Throws
 * `keys-missing` where the bot's key-holder or its keys are not.
 */
export async function rotateEvidence(o: RotateEvidenceOptions): Promise<void> {
  const { data, atSign, now } = o;
  const folder = keyFolderOf(data, "bot");
  const own: OwnInstance = { data, agent: "bot", role: evidence, atSign, instance: evidence };
  await instanceKeys(folder, evidence);
  if ((await existingHolderKey(folder, evidence)) === undefined) {
    throw new AppError("keys-missing", `${folder} holds no key-holder's key of role "${evidence}"`);
  }
  const keys = await nextKeys(folder, atSign);
  const granted = { ed25519: rawPublicKey(keys.ed25519), x25519: rawPublicKey(keys.x25519) };
  const isGranted = async (): Promise<boolean> =>
    (await instanceGrants(data, atSign)).some(
      ({ statement }) => statement.instance === evidence && statement.ed25519 === granted.ed25519,
    );
  // Whoever signs grants meanwhile may find the present key in its place, and grant that again.
  do {
    if (!(await isGranted())) {
      await grantInstance(own, granted, now());
    }
    await o.publish();
    await o.wait(seenMs);
  } while (!(await isGranted()));
  await rename(path.join(folder, `instance.${next}.json`), path.join(folder, `instance.${evidence}.json`));
}

async function nextKeys(folder: string, atSign: AtSign): Promise<InstanceKeyPairs> {
  const made = await readInstanceKeys(folder, next);
  if (made !== undefined) {
    return made;
  }
  const keys = makeInstanceKeys({ atSign, instance: evidence });
  await writeInstanceKeys(folder, keys, next);
  return keys;
}

/** The evidence key in a key folder, which is another one as soon as it was rotated: `current` changes in place. */
export async function followEvidenceKeys(
  folder: string,
  o: { readonly timers: Timers; readonly log: Logger },
): Promise<{ readonly current: InstanceKeyPairs; stop(): void }> {
  let stamp = await keyStamp(folder, evidence);
  let current = await instanceKeys(folder, evidence);
  let stopped = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    const found = await keyStamp(folder, evidence);
    if (found !== stamp) {
      current = await instanceKeys(folder, evidence);
      stamp = found;
      o.log.info({}, "evidence-key-replaced");
    }
  };
  const lookLater = (): void => {
    cancel = o.timers.after(lookMs, () => {
      void look()
        // The present key goes on being good until the file is as it should be.
        .catch((error: unknown) => o.log.warn({ code: toErrorInfo(error).code }, "evidence-key-not-read"))
        .finally(() => stopped || lookLater());
    });
  };
  lookLater();
  return {
    get current() {
      return current;
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
