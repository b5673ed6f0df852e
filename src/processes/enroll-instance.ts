import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import {
  AtClient,
  AtError,
  type AtKeys,
  checkEnrollment,
  type PendingEnrollment,
  requestEnrollment,
  writeAtKeysFile,
} from "@atsign/atsdk";
import { z } from "zod";
import { canonicalHash } from "../canonical.ts";
import { AppError } from "../errors.ts";
import {
  importKey,
  exportKey,
  installCompanyKey,
  instanceAtKeysPath,
  type InstanceKeyPairs,
  keyFolderOf,
  makeInstanceKeys,
  readSecret,
  writeInstanceKeys,
  writeSecret,
} from "../keys.ts";
import { type Invitation, enrollmentName, formatGrantRequest, tokenExpired } from "../trust/invitation.ts";
import { rawPublicKey } from "../trust/sign-statement.ts";
import { type InstanceGrant, sealedInstanceGrantSchema } from "../trust/trust-documents.ts";
import { publicRecords } from "../trust/trust-files.ts";
import type { AtAddress } from "./at-place.ts";
import { followCompany, pullTrust } from "./public-trust.ts";

export interface EnrollOptions {
  /** The data folder of the machine that the instance is to run on. */
  readonly data: string;
  readonly invitation: Invitation;
  readonly ca: AtAddress["ca"];
  /** Called before each look whether the key-holder has answered: waits a while. */
  readonly wait: () => Promise<void>;
  readonly now: () => number;
  readonly onStep?: (step: "requested" | "approved" | "granted") => void;
}

/** Beside an agent's keys: what a request that was not answered yet needs to go on. */
const pendingSchema = z.strictObject({
  tag: z.literal("countersign/enrolling/1"),
  /** Hash of the invitation that this is about. */
  invitation: z.string(),
  enrollment: z.strictObject({
    atSign: z.string(),
    enrollmentId: z.string(),
    pkamPublicKey: z.string(),
    pkamPrivateKey: z.string(),
    apkamSymmetricKey: z.string(),
    encryptionPublicKey: z.string(),
  }),
  ed25519: z.base64(),
  x25519: z.base64(),
});
const namespace = "countersign";

/**
 * What an instance may read and write at its atSign (see `parcel.ts` for the names): what is addressed to it, and what it
 * sends to "main", which is how the instance of the bot and that of the gateway are called. Those two send to instances
 * of any name, and have their atSigns to themselves: theirs are all names of the product. Nobody may administer.
 */
export function instanceNamespaces(agent: string, instance: string): Readonly<Record<string, "rw">> {
  if (agent === "bot" || agent === "gateway") {
    return { [namespace]: "rw" };
  }
  return {
    [`${instance}.${namespace}`]: "rw",
    ...(instance === "main" ? {} : { [`${instance}.main.${namespace}`]: "rw" }),
  };
}
/** Under which an enrolled instance asks for its grant. */
export function grantRequestKey(instance: string) {
  return { kind: "self", name: "grant-request", namespace: `${instance}.${namespace}` } as const;
}

/**
 * Makes the instance's keys here, has them enrolled and granted by its agent's key-holder, and keeps them. Private keys
 * never leave this machine. Broken off, it goes on where it was when it is called again with the same invitation.
 * Throws `token-refused`, `token-expired`, `enrollment-denied`, `company-key-differs`, and what connecting throws.
 */
export async function enrollInstance(o: EnrollOptions): Promise<void> {
  const { data, invitation, onStep } = o;
  const { agent, atSign, instance } = invitation;
  const folder = keyFolderOf(data, agent);
  const address = addressOf(o);
  await installCompanyKey(folder, invitation.companyKey);
  const { enrollment, keys } = await request(o, folder);
  onStep?.("requested");
  const atKeys = await approval(o, enrollment);
  onStep?.("approved");
  const client = await AtClient.open({ atSign, keys: atKeys, ...address });
  try {
    const wanted = { ed25519: rawPublicKey(keys.ed25519), x25519: rawPublicKey(keys.x25519) };
    await client.put(grantRequestKey(instance), formatGrantRequest(invitation, wanted));
    while (!(await isGranted(client, invitation, wanted))) {
      await waitInTime(o);
    }
    onStep?.("granted");
    if (!existsSync(keyFolderOf(data, "company"))) {
      await followCompany(data, invitation.company);
      await pullTrust({ client, data, company: invitation.company, companyKey: invitation.companyKey });
    }
    // The instance's own keys last: a running process changes over when it sees them.
    await writeAtKeysFile(instanceAtKeysPath(folder, instance), atKeys);
    await writeInstanceKeys(folder, keys);
    // Tells the key-holder that the former keys may go.
    await client.delete(grantRequestKey(instance));
  } finally {
    await client.close();
  }
  await rm(path.join(folder, pendingFile(instance)), { force: true });
}

async function request(
  o: EnrollOptions,
  folder: string,
): Promise<{ readonly enrollment: PendingEnrollment; readonly keys: InstanceKeyPairs }> {
  const { invitation } = o;
  const { agent, atSign, instance, passcode } = invitation;
  const about = canonicalHash(invitation);
  const kept = await readSecret(folder, pendingFile(instance), pendingSchema);
  if (kept?.invitation === about) {
    const { enrollment, ed25519, x25519 } = kept;
    return {
      enrollment,
      keys: { atSign, instance, ed25519: importKey(ed25519), x25519: importKey(x25519) },
    };
  }
  const keys = makeInstanceKeys({ atSign, instance });
  const enrollment = await requestEnrollment({
    atSign,
    ...addressOf(o),
    appName: (fingerprint) => enrollmentName(invitation, fingerprint),
    deviceName: instance,
    namespaces: instanceNamespaces(agent, instance),
    otp: passcode,
  }).catch((error: unknown) => {
    throw error instanceof AtError && error.code === "AT0011" ? refused(invitation, error) : error;
  });
  await writeSecret(folder, pendingFile(instance), {
    tag: "countersign/enrolling/1",
    invitation: about,
    enrollment,
    ed25519: exportKey(keys.ed25519),
    x25519: exportKey(keys.x25519),
  });
  return { enrollment, keys };
}

async function approval(o: EnrollOptions, enrollment: PendingEnrollment): Promise<AtKeys> {
  const { agent, instance } = o.invitation;
  for (;;) {
    const outcome = await checkEnrollment(enrollment, addressOf(o));
    if (outcome.status === "approved") {
      return outcome.keys;
    }
    if (outcome.status !== "pending") {
      throw new AppError(
        "enrollment-denied",
        `the key-holder did not let instance "${instance}" of ${agent} in (${outcome.status}): ask it why, and for a new invitation`,
      );
    }
    await waitInTime(o);
  }
}

async function waitInTime(o: EnrollOptions): Promise<void> {
  if (o.now() >= Date.parse(o.invitation.expiresAt)) {
    throw tokenExpired(o.invitation);
  }
  await o.wait();
}

/** Not believed here, only waited for: whoever reads the grant checks its signatures. */
async function isGranted(
  client: AtClient,
  { instance }: Invitation,
  wanted: { readonly ed25519: string; readonly x25519: string },
): Promise<boolean> {
  const text = await client.get({ kind: "public", name: publicRecords.instanceGrants, namespace });
  const papers = z.array(sealedInstanceGrantSchema).safeParse(JSON.parse(text ?? "[]")).data ?? [];
  return papers.some(
    ({ statement }: { readonly statement: InstanceGrant }) =>
      statement.instance === instance &&
      statement.ed25519 === wanted.ed25519 &&
      statement.x25519 === wanted.x25519,
  );
}

function refused({ agent, instance }: Invitation, cause: unknown): AppError {
  return new AppError(
    "token-refused",
    `the atServer of ${agent} does not take the invitation of instance "${instance}": it was used, has ended or was withdrawn. Ask the key-holder for a new one.`,
    { cause },
  );
}

function addressOf({ invitation, ca }: EnrollOptions): AtAddress {
  const [host = "", port = ""] = invitation.directory.split(":");
  return { directory: { host, port: Number(port) }, ...(ca === undefined ? {} : { ca }) };
}

function pendingFile(instance: string): string {
  return `enrolling.${instance}.json`;
}
