import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { AtClient, AtError } from "@atsign/atsdk";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import {
  atKeysPath,
  existingHolderKey,
  holderKey,
  installedCompanyKey,
  keyFolderOf,
  removeInstanceKeys,
} from "../keys.ts";
import { agentGrantIn } from "../trust/agent-rotation.ts";
import { endInstanceGrant, type OwnInstance, regrantInstances } from "../trust/instance-papers.ts";
import { type InstanceRegister, readRegister, writeRegister } from "../trust/instance-register.ts";
import { enrollmentPrefix, formatToken, type Invitation } from "../trust/invitation.ts";
import { answerInvitation, type AnsweringHolder, type KeyHolderStep } from "./answer-invitation.ts";
import { type AtAddress, atAddress } from "./at-place.ts";
import { lockFolder } from "./folder-lock.ts";
import { readPrivateAtKeys } from "./private-at-keys.ts";
import { publishedAgentGrants, publishInstanceGrants } from "./public-trust.ts";

/** An agent's key-holder: it alone lets instances of its agent in and out. */
export interface KeyHolder {
  /** A one-time invitation of an instance, new or to have new keys. */
  invite(
    instance: string,
    lifetimeMs: number,
  ): Promise<{ readonly token: string; readonly invitation: Invitation }>;
  /** Answers what has been asked for since the last call. */
  approve(): Promise<readonly KeyHolderStep[]>;
  register(): Promise<InstanceRegister>;
  /** Tells of each request for an enrollment as it comes; ends with `signal`, or when the key-holder is closed. */
  watch(onRequest: () => void, signal: AbortSignal): Promise<void>;
  /** Ends an instance's enrollment, its connections and its grant; invitations of it as well. */
  revoke(instance: string): Promise<void>;
  /** Forgets an instance that will not come back. */
  forget(instance: string): Promise<void>;
  /** Ends everything of this agent: instances, invitations, and every enrollment made by an invitation. */
  revokeAll(): Promise<void>;
  /** Shows everybody the grants of this atSign's instances as they lie here. */
  publish(): Promise<void>;
  /** Signs all instances' grants again with the key that the key-holder has now, and publishes them. */
  regrant(): Promise<void>;
  /** The serial of this agent's grant that the company's atSign shows everybody; undefined: none. */
  publishedSerial(): Promise<number | undefined>;
  close(): Promise<void>;
}

const mostOpenInvitations = 200;
const lockWaitMs = 10_000;
const lockLookMs = 50;

/**
 * Opens the key-holder with the atSign's own keys, which lie in this data folder. Throws `keys-missing` where they do
 * not: the bot, for one, has none but its own.
 */
export async function openKeyHolder(
  settings: Settings,
  config: CompanyConfig,
  agent: string,
  o: { readonly now?: () => number; readonly companyKey?: string; readonly address?: AtAddress } = {},
): Promise<KeyHolder> {
  const { now = () => Date.now(), address = atAddress(settings) } = o;
  const { data } = settings;
  const atSign = config.atSignOf(agent);
  const folder = keyFolderOf(data, agent);
  const companyKey = o.companyKey ?? (await installedCompanyKey(folder));
  const keys = await readPrivateAtKeys(atKeysPath(folder, atSign)).catch((error: unknown) => {
    throw error instanceof Error && "code" in error && error.code === "ENOENT"
      ? new AppError(
          "keys-missing",
          `${folder} does not hold the keys of ${atSign}: this is done where the agent's key-holder is`,
        )
      : error;
  });
  await holderKey(folder, agent);
  const client = await AtClient.open({ atSign, keys, ...address });
  const { enrollments } = client;
  const own = (instance: string): OwnInstance => ({ data, agent, atSign, instance });

  /** One at a time reads and writes the register. */
  const change = async <T>(work: (register: InstanceRegister) => Promise<T>): Promise<T> => {
    const lock = await waitForLock(folder, agent);
    try {
      const register = await readRegister(folder);
      try {
        return await work(register);
      } finally {
        // Also what was done before something failed.
        await writeRegister(folder, register);
      }
    } finally {
      lock.release();
    }
  };
  /** No instance is believed while the company does not believe its agent. Before the first signing there is no grant. */
  const refuseRevokedAgent = async (): Promise<void> => {
    const { isRevoked } = await agentGrantIn(data, { atSign, role: agent }, companyKey).catch(
      (error: unknown) => {
        if (error instanceof AppError && error.code === "no-grant") {
          return { isRevoked: false };
        }
        throw error;
      },
    );
    if (isRevoked) {
      throw new AppError(
        "grant-revoked",
        `${agent} is revoked as a whole; to let it in again, run "countersign keys rotate ${agent}"`,
      );
    }
  };
  const revokeEnrollment = async (id: string | undefined): Promise<void> => {
    if (id !== undefined) {
      await enrollments.revoke(id).catch((error: unknown) => {
        if (!(error instanceof AtError && error.code === "AT0028")) {
          throw error;
        }
      });
    }
  };

  const revoke = async (register: InstanceRegister, instance: string): Promise<void> => {
    const entry = register.instances[instance];
    const open = register.invitations.filter((each) => each.instance === instance);
    if (entry === undefined && open.length === 0) {
      throw new AppError("unknown-instance", `${agent} has no instance "${instance}"`);
    }
    // The grant first: it holds even if the atServer is away or does not obey.
    await endInstanceGrant(own(instance), now());
    if (entry !== undefined) {
      register.instances[instance] = { ...entry, state: "revoked", at: new Date(now()).toISOString() };
    }
    register.invitations = register.invitations.filter((each) => each.instance !== instance);
    await publishInstanceGrants(client, data, atSign);
    for (const id of [entry?.enrollmentId, ...open.map(({ enrollmentId }) => enrollmentId)]) {
      await revokeEnrollment(id);
    }
  };
  const holder: AnsweringHolder = { client, agent, atSign, data, now, own, revokeEnrollment };

  return {
    invite: (instance, lifetimeMs) =>
      change(async (register) => {
        if (register.invitations.length >= mostOpenInvitations) {
          throw new AppError("too-many-invitations", `${agent} has ${mostOpenInvitations} open invitations`);
        }
        if (register.invitations.some((each) => each.instance === instance && each.state === "granted")) {
          throw new AppError(
            "exists",
            `instance "${instance}" of ${agent} is being enrolled: finish that, or revoke it first`,
          );
        }
        await refuseRevokedAgent();
        const passcode = await enrollments.createPasscode({ ttlMs: lifetimeMs });
        const secret = randomBytes(32).toString("base64url");
        const expiresAt = new Date(now() + lifetimeMs).toISOString();
        const { host, port } = address.directory;
        const invitation: Invitation = {
          version: 1,
          agent,
          atSign,
          instance,
          company: config.company.atSign,
          companyKey,
          directory: `${host}:${port}`,
          passcode,
          secret,
          expiresAt,
        };
        // A later one takes the place of one that was not used.
        for (const each of register.invitations.filter((one) => one.instance === instance)) {
          await revokeEnrollment(each.enrollmentId);
        }
        register.invitations = register.invitations.filter((each) => each.instance !== instance);
        register.invitations.push({ instance, secret, expiresAt, state: "invited" });
        return { token: formatToken(invitation), invitation };
      }),
    approve: () =>
      change(async (register) => {
        const pending = await enrollments.list({ statuses: ["pending"] });
        const steps: KeyHolderStep[] = [];
        // Each may drop itself: the list is replaced, not changed.
        for (const invitation of register.invitations) {
          steps.push(...(await answerInvitation(holder, register, invitation, pending)));
        }
        // Whoever names itself like us without the secret is not waited for.
        const known = new Set(register.invitations.map(({ enrollmentId }) => enrollmentId));
        for (const each of pending) {
          if (each.appName.startsWith(enrollmentPrefix) && !known.has(each.id)) {
            await enrollments.deny(each.id);
            const reason = "nobody who was invited asked for this, or it was asked for too late";
            steps.push({ instance: each.deviceName, did: "denied", reason });
          }
        }
        return steps;
      }),
    register: () => readRegister(folder),
    async watch(onRequest, signal) {
      for await (const _ of enrollments.requests({ signal })) {
        onRequest();
      }
    },
    revoke: (instance) => change((register) => revoke(register, instance)),
    revokeAll: () =>
      change(async (register) => {
        const names = [
          ...Object.keys(register.instances),
          ...register.invitations.map(({ instance }) => instance),
        ];
        for (const name of new Set(names)) {
          await revoke(register, name);
        }
        for (const each of await enrollments.list({ statuses: ["pending", "approved"] })) {
          if (each.appName.startsWith(enrollmentPrefix)) {
            await (each.status === "pending" ? enrollments.deny(each.id) : enrollments.revoke(each.id));
          }
        }
      }),
    regrant: () =>
      change(async () => {
        await regrantInstances({ data, agent, atSign }, now());
        await publishInstanceGrants(client, data, atSign);
      }),
    publish: () => publishInstanceGrants(client, data, atSign),
    async publishedSerial() {
      const papers = await publishedAgentGrants(client, config.company.atSign);
      return papers.find(({ statement }) => statement.atSign === atSign && statement.role === agent)
        ?.statement.serial;
    },
    forget: (instance) =>
      change(async (register) => {
        await revoke(register, instance);
        delete register.instances[instance];
        await removeInstanceKeys(folder, instance);
      }),
    close: () => client.close(),
  };
}

/** Does `work` as an agent's key-holder; throws what `openKeyHolder` throws. */
export async function withKeyHolder<T>(
  settings: Settings,
  config: CompanyConfig,
  agent: string,
  work: (holder: KeyHolder) => Promise<T>,
): Promise<T> {
  const holder = await openKeyHolder(settings, config, agent);
  try {
    return await work(holder);
  } finally {
    await holder.close();
  }
}

/** Whether an agent's key-holder is here. */
export async function isKeyHolder(settings: Settings, agent: string): Promise<boolean> {
  return (await existingHolderKey(keyFolderOf(settings.data, agent), agent)) !== undefined;
}

async function waitForLock(folder: string, agent: string): Promise<{ release(): void }> {
  const end = performance.now() + lockWaitMs;
  for (;;) {
    try {
      return lockFolder(folder, `The key-holder of ${agent}`);
    } catch (error) {
      if (!(error instanceof AppError && error.code === "data-in-use") || performance.now() > end) {
        throw error;
      }
    }
    await delay(lockLookMs);
  }
}
