import { rm } from "node:fs/promises";
import path from "node:path";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import {
  existingHolderKey,
  keyFolderOf,
  makeInstanceKeys,
  readInstanceKeys,
  removeInstanceKeys,
  writeInstanceKeys,
} from "../keys.ts";
import { parsePaper } from "./grant-register.ts";
import { rawPublicKey } from "./sign-statement.ts";
import { signInstanceGrant } from "./sign-trust.ts";
import { type InstanceGrant, sealedInstanceGrantSchema } from "./trust-documents.ts";
import { paperName, readTrustFolder, writePaper } from "./trust-files.ts";

interface OwnInstance {
  /** The data folder. */
  readonly data: string;
  /** The agent: its key folder's name and its role. */
  readonly agent: string;
  readonly atSign: AtSign;
  readonly instance: string;
}

const dayMs = 86_400_000;
const grantDays = 365;
const renewDays = 30;

/**
 * Makes an instance's keys where they are missing, and grants them with the agent's key-holder's key, which lies in the
 * agent's own folder: the company key is not needed. Whether the company lets the agent have such an instance is for
 * everybody who reads the grant to check.
 */
export async function grantOwnInstance(o: OwnInstance, now: number): Promise<void> {
  const { agent, atSign, instance } = o;
  const folder = keyFolderOf(o.data, agent);
  const trustFolder = path.join(o.data, "trust");
  const holder = await existingHolderKey(folder, agent);
  if (holder === undefined) {
    throw new AppError(
      "keys-missing",
      `${folder} holds no key-holder's key of agent "${agent}": run "countersign setup" first`,
    );
  }
  let keys = await readInstanceKeys(folder, instance);
  if (keys === undefined) {
    keys = makeInstanceKeys({ atSign, instance });
    await writeInstanceKeys(folder, keys);
  }
  const wanted = {
    atSign,
    instance,
    role: agent,
    ed25519: rawPublicKey(keys.ed25519),
    x25519: rawPublicKey(keys.x25519),
  };
  const old = await grantIn(trustFolder, wanted);
  const isGood =
    old !== undefined &&
    Date.parse(old.notAfter) - now > renewDays * dayMs &&
    Object.entries(wanted).every(([name, value]) => old[name as keyof typeof wanted] === value);
  if (!isGood) {
    // By the clock: a name may come back whose papers were removed, and a serial must never fall.
    const serial = Math.max((old?.serial ?? 0) + 1, Math.floor(now / 1000));
    const notAfter = new Date(now + grantDays * dayMs).toISOString();
    await writePaper(trustFolder, signInstanceGrant({ ...wanted, notAfter, serial }, holder.privateKey));
  }
}

/** Takes an instance's keys and grant away: it will not come back. */
export async function removeOwnInstance({ data, agent, atSign, instance }: OwnInstance): Promise<void> {
  await removeInstanceKeys(keyFolderOf(data, agent), instance);
  await rm(path.join(data, "trust", paperName({ ...namesOnly, atSign, instance, role: agent })), {
    force: true,
  });
}

const namesOnly = {
  tag: "countersign/instance-grant/1",
  ed25519: "",
  x25519: "",
  notAfter: "",
  serial: 0,
} as const;

async function grantIn(
  trustFolder: string,
  wanted: Pick<InstanceGrant, "atSign" | "instance" | "role">,
): Promise<InstanceGrant | undefined> {
  const name = paperName({ ...namesOnly, ...wanted });
  const file = (await readTrustFolder(trustFolder)).grants.find((each) => each.name === name);
  return file && parsePaper(file.name, file.text, sealedInstanceGrantSchema).statement;
}
