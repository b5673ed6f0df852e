import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { AgentAddress, AtSign } from "./domain.ts";
import { AppError } from "./errors.ts";
import { rawPublicKey } from "./trust/sign-statement.ts";
import { makeCompanyKey, makeSigningKey, type SigningKey } from "./trust/sign-trust.ts";
import { atSignSchema, instanceSchema } from "./trust/trust-documents.ts";
import { writeAtomically } from "./write-atomically.ts";

/**
 * Private keys in files: `data/keys/AGENT/` (0700) holds the agent's key-holder key (`holder.ROLE.json`), its
 * instances' keys (`instance.NAME.json`, 0600), its `.atKeys` file and the company's public key as given at
 * installation (`company.pub`). `data/keys/company/` holds the company's private key and is read by the launcher alone.
 */

/** The folder of an agent's keys, or of the bot's, the gateway's or the company's (`owner`), in a data folder. */
export function keyFolderOf(data: string, owner: string): string {
  return path.join(data, "keys", owner);
}

/** One instance's private keys: it signs with one and opens envelopes with the other. */
export interface InstanceKeyPairs extends AgentAddress {
  readonly ed25519: KeyObject;
  readonly x25519: KeyObject;
}

const signingKeyFile = z.strictObject({ tag: z.literal("countersign/signing-key/1"), ed25519: z.base64() });
const instanceKeysFile = z.strictObject({
  tag: z.literal("countersign/instance-keys/1"),
  atSign: atSignSchema,
  instance: instanceSchema,
  ed25519: z.base64(),
  x25519: z.base64(),
});

/** New random keys for an instance. */
export function makeInstanceKeys(address: AgentAddress): InstanceKeyPairs {
  return {
    atSign: address.atSign,
    instance: address.instance,
    ed25519: generateKeyPairSync("ed25519").privateKey,
    x25519: generateKeyPairSync("x25519").privateKey,
  };
}

/** `name`: under another name than the instance's, e.g. because it has other keys so far. */
export async function writeInstanceKeys(
  folder: string,
  keys: InstanceKeyPairs,
  name = keys.instance,
): Promise<void> {
  const { atSign, instance } = keys;
  await writeSecret(folder, instanceFile(name), {
    tag: "countersign/instance-keys/1",
    atSign,
    instance,
    ed25519: exportKey(keys.ed25519),
    x25519: exportKey(keys.x25519),
  });
}

/** Undefined when the folder has no keys of this instance. */
export async function readInstanceKeys(
  folder: string,
  instance: string,
): Promise<InstanceKeyPairs | undefined> {
  const content = await readSecret(folder, instanceFile(instance), instanceKeysFile);
  return (
    content && {
      atSign: content.atSign,
      instance: content.instance,
      ed25519: importKey(content.ed25519),
      x25519: importKey(content.x25519),
    }
  );
}

/** Whether a folder has keys of an instance that is enrolled. */
export async function hasKeys(folder: string, instance: string): Promise<boolean> {
  return (
    (await readInstanceKeys(folder, instance)) !== undefined &&
    existsSync(instanceAtKeysPath(folder, instance))
  );
}

/** Another text whenever an instance's keys were replaced. */
export async function keyStamp(folder: string, instance: string): Promise<string> {
  const { mtimeMs = 0, ino = 0 } =
    (await stat(path.join(folder, instanceFile(instance))).catch(() => undefined)) ?? {};
  return `${mtimeMs} ${ino}`;
}

export async function removeInstanceKeys(folder: string, instance: string): Promise<void> {
  await rm(path.join(folder, instanceFile(instance)), { force: true });
  await rm(instanceAtKeysPath(folder, instance), { force: true });
}

/** The key with which an agent's key-holder grants instances of a role; made on first use. */
export async function holderKey(folder: string, role: string): Promise<SigningKey> {
  return (await existingHolderKey(folder, role)) ?? createHolderKey(folder, role);
}

/** Undefined when the agent's key-holder is elsewhere. */
export async function existingHolderKey(folder: string, role: string): Promise<SigningKey | undefined> {
  return readSigningKey(folder, `holder.${role}.json`);
}

async function createHolderKey(folder: string, role: string): Promise<SigningKey> {
  const key = makeSigningKey();
  await writeSigningKey(folder, `holder.${role}.json`, key);
  return key;
}

/** The key that is to take the key-holder's place once the company has granted it; undefined when none was made. */
export async function nextHolderKey(folder: string, role: string): Promise<SigningKey | undefined> {
  return readSigningKey(folder, `holder.${role}.next.json`);
}
export async function createNextHolderKey(folder: string, role: string): Promise<SigningKey> {
  const key = makeSigningKey();
  await writeSigningKey(folder, `holder.${role}.next.json`, key);
  return key;
}
/** From now on the key-holder signs with its next key; the one before is gone. */
export async function takeNextHolderKey(folder: string, role: string): Promise<void> {
  await rename(path.join(folder, `holder.${role}.next.json`), path.join(folder, `holder.${role}.json`));
}

/** The company's key in `data/keys/company`; undefined when there is none. */
export async function readCompanyKey(folder: string): Promise<SigningKey | undefined> {
  return readSigningKey(folder, companyFile);
}

/** The company's key of a data folder; throws `no-company-key` where it is kept elsewhere. */
export async function existingCompanyKey(data: string): Promise<SigningKey> {
  const folder = keyFolderOf(data, "company");
  const key = await readCompanyKey(folder);
  if (key === undefined) {
    throw new AppError(
      "no-company-key",
      `${path.join(folder, companyFile)} is not here, and this needs the company's key: do it where that is, or bring it here for the time`,
    );
  }
  return key;
}

/** The company's key of a data folder, made when no company was installed there yet. Throws `no-company-key`. */
export async function existingOrNewCompanyKey(data: string): Promise<SigningKey> {
  const folders = await readdir(path.join(data, "keys")).catch(() => []);
  // Another key than the one that was installed would be another company.
  const isInstalled = folders.some((owner) => existsSync(path.join(keyFolderOf(data, owner), "company.pub")));
  const folder = keyFolderOf(data, "company");
  return isInstalled
    ? existingCompanyKey(data)
    : ((await readCompanyKey(folder)) ?? createCompanyKey(folder));
}

/** Makes the company's key; refuses to replace one, because everything granted under it would end. */
export async function createCompanyKey(folder: string): Promise<SigningKey> {
  if ((await readCompanyKey(folder)) !== undefined) {
    throw new AppError("exists", `${path.join(folder, companyFile)} exists; a company key is never replaced`);
  }
  const key = makeCompanyKey();
  await writeSigningKey(folder, companyFile, key);
  return key;
}

/** Installs the company's public key in an agent's folder; a different one already there is refused. */
export async function installCompanyKey(folder: string, publicKey: string): Promise<void> {
  await makeSecretFolder(folder);
  const file = path.join(folder, "company.pub");
  const installed = await readText(file);
  if (installed !== undefined && installed.trim() !== publicKey) {
    throw new AppError(
      "company-key-differs",
      `${file} holds another company's key; remove it only if this installation is really to change hands`,
    );
  }
  if (installed === undefined) {
    await writeAtomically(file, `${publicKey}\n`);
  }
}

/** The company's public key given to this agent at installation. */
export async function installedCompanyKey(folder: string): Promise<string> {
  const file = path.join(folder, "company.pub");
  const text = (await readText(file))?.trim();
  if (text === undefined || !/^[A-Za-z0-9_-]{43}$/.test(text)) {
    throw new AppError(
      "no-company-key",
      `${file} is missing or no public key: run "countersign setup" first`,
    );
  }
  return text;
}

/** Where the atProtocol keys of one enrolled instance lie in its agent's folder. */
export function instanceAtKeysPath(folder: string, instance: string): string {
  return path.join(folder, `instance.${instanceSchema.parse(instance)}.atKeys`);
}

/** Where an atSign's own atProtocol keys lie, which may do everything: with its key-holder. */
export function atKeysPath(folder: string, atSign: AtSign): string {
  return path.join(folder, `${atSign}_key.atKeys`);
}

/** Makes a folder for secrets: 0700, whatever the umask. */
export async function makeSecretFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

const companyFile = "company-key.json";

function instanceFile(instance: string): string {
  return `instance.${instanceSchema.parse(instance)}.json`;
}

async function readSigningKey(folder: string, name: string): Promise<SigningKey | undefined> {
  const content = await readSecret(folder, name, signingKeyFile);
  if (content === undefined) {
    return undefined;
  }
  const privateKey = importKey(content.ed25519);
  return { privateKey, publicKey: rawPublicKey(privateKey) };
}

async function writeSigningKey(folder: string, name: string, key: SigningKey): Promise<void> {
  await writeSecret(folder, name, {
    tag: "countersign/signing-key/1",
    ed25519: exportKey(key.privateKey),
  });
}

/** Writes JSON that only its owner may read (0600), in a single step. */
export async function writeSecret(folder: string, name: string, content: object): Promise<void> {
  await makeSecretFolder(folder);
  await writeAtomically(path.join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
}

/** Undefined when there is no such file; throws `key-file-open`, `key-file-malformed`. */
export async function readSecret<T>(
  folder: string,
  name: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const file = path.join(folder, name);
  const text = await readText(file);
  if (text === undefined) {
    return undefined;
  }
  await refuseOpenFile(file);
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Not as a cause: a parser's error may quote the key.
    throw new AppError("key-file-malformed", `${file} is not a key file of the form expected`);
  }
}

/** Throws `key-file-open` for a file that others than its owner may read. */
export async function refuseOpenFile(file: string): Promise<void> {
  const mode = (await stat(file)).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new AppError(
      "key-file-open",
      `${file} has mode ${mode.toString(8).padStart(4, "0")}: others may have read this private key. If nobody has, run: chmod 600 '${file}'`,
    );
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** PKCS#8 DER, base64: a secret. */
export function exportKey(key: KeyObject): string {
  return key.export({ format: "der", type: "pkcs8" }).toString("base64");
}

export function importKey(text: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
}
