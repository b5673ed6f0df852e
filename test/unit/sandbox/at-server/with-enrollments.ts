import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { newRsaPair, rsaPrivateKey, signRsa } from "../../../../src/atsdk/rsa.ts";
import type { AtSandbox, AtSandboxOptions } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { defaultBehaviour } from "../../../../src/sandbox/at-server/behaviour.ts";
import { activateBoth, challengeOf, guest, owner, type RawConnection, startSandbox } from "./with-sandbox.ts";

/** One key pair for all enrollments of a test file, where servers allow that. */
export const appKeys = await newRsaPair();

interface Wait {
  readonly ms: number;
  end(): void;
  readonly aborted: Promise<void>;
}

/** Waits that a test ends when it likes. */
export class ManualDelay {
  readonly waits: Wait[] = [];
  #wake = () => {};

  readonly delay = (ms: number, signal: AbortSignal): Promise<void> => {
    const wait = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const onAbort = () => {
      wait.reject(new Error("aborted"));
      aborted.resolve();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.waits.push({ ms, end: wait.resolve, aborted: aborted.promise });
    this.#wake();
    return wait.promise;
  };

  /** The next wait, once somebody waits. */
  async next(): Promise<Wait> {
    for (;;) {
      const wait = this.waits.shift();
      if (wait) return wait;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

export interface World {
  readonly sandbox: AtSandbox;
  readonly time: { now: number };
  readonly delay: ManualDelay;
  /** A connection with the atSign's own key. */
  readonly alice: RawConnection;
}

/** A sandbox with both atSigns active, a clock and waits that the test moves, and @alice connected. */
export async function startWorld(t: TestContext, options: Partial<AtSandboxOptions> = {}): Promise<World> {
  const time = { now: 1_800_000_000_000 };
  const delay = new ManualDelay();
  const sandbox = await startSandbox(t, {
    clock: () => time.now,
    delay: delay.delay,
    behaviour: { ...defaultBehaviour, uniqueEnrollmentKeys: false },
    ...options,
  });
  await activateBoth(sandbox);
  return { sandbox, time, delay, alice: await owner(t, sandbox, "@alice") };
}

/** What is asked for by default; `undefined` leaves a field out. */
export function requestLine(fields: Record<string, unknown>): string {
  return `enroll:request:${JSON.stringify({
    appName: "app",
    deviceName: "device",
    namespaces: { buzz: "rw" },
    apkamPublicKey: appKeys.publicKey,
    encryptedAPKAMSymmetricKey: "wrapped",
    ...fields,
  })}`;
}

/** The JSON of a `data:` reply. */
export function dataOf(reply: string): Record<string, unknown> {
  assert.match(reply, /^data:/);
  return JSON.parse(reply.slice("data:".length, reply.lastIndexOf("\n"))) as Record<string, unknown>;
}

/** Asks for an enrollment as a stranger with a passcode from `approver`; answers its id. */
export async function requested(
  t: TestContext,
  { sandbox, alice }: World,
  fields: Record<string, unknown>,
  approver = alice,
): Promise<string> {
  const otp = (await approver.ask("otp:get")).slice("data:".length).split("\n")[0];
  const stranger = await guest(t, sandbox, "@alice");
  const { enrollmentId, status } = dataOf(await stranger.ask(requestLine({ otp, ...fields })));
  assert.equal(status, "pending");
  return String(enrollmentId);
}

/** An operation on an enrollment; `revoke:force` is one too. */
export function line(operation: string, id: string): string {
  return `enroll:${operation}:{"enrollmentId":"${id}"}`;
}

export function approveLine(id: string): string {
  return `enroll:approve:${JSON.stringify({
    enrollmentId: id,
    encryptedDefaultEncryptionPrivateKey: "encryption",
    encPrivateKeyIV: "iv1",
    encryptedDefaultSelfEncryptionKey: "self",
  })}`;
}

/** An approved enrollment. */
export async function enrolled(
  t: TestContext,
  world: World,
  fields: Record<string, unknown>,
  approver = world.alice,
): Promise<string> {
  const id = await requested(t, world, fields, approver);
  assert.deepEqual(dataOf(await approver.ask(approveLine(id))), { status: "approved", enrollmentId: id });
  return id;
}

/** The answer to a login with an enrollment's key. */
export async function login(raw: RawConnection, id: string, keys = appKeys): Promise<string> {
  const signature = signRsa(await challengeOf(raw, "@alice"), rsaPrivateKey(keys.privateKey));
  return raw.ask(`pkam:signingAlgo:rsa2048:hashingAlgo:sha256:enrollmentId:${id}:${signature}`);
}

/** The next write of the server that is no statistics. */
export async function frame(raw: RawConnection): Promise<string> {
  for (;;) {
    const text = await raw.read();
    if (!text.includes('"id":"-1"')) return text;
  }
}

/** A connection logged in with an enrollment. */
export async function app(t: TestContext, { sandbox }: World, id: string): Promise<RawConnection> {
  const raw = await guest(t, sandbox, "@alice");
  assert.equal(await login(raw, id), "data:success\n@alice@");
  return raw;
}
