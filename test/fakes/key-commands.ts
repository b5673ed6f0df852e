import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { invite, type KeysCommand } from "../../src/commands/keys.ts";
import { instanceAtKeysPath, keyFolderOf } from "../../src/keys.ts";
import { enrollHere } from "../../src/processes/enroll-here.ts";
import { enrollInstance } from "../../src/processes/enroll-instance.ts";
import { readToken } from "../../src/trust/invitation.ts";
import {
  type EnrollmentHome,
  enrollmentConfig as config,
  machineSettings,
  openEnrollmentHome,
} from "./enrollment-home.ts";

/** What `keys invite --json` prints. */
export interface Invited {
  readonly token: string;
  readonly instance: string;
}

/** The machine of company and key-holder, on which commands run, and others that enroll there. */
export class KeyCommands {
  readonly agent = "inventory";
  readonly atSign = "@cs-inventory";
  readonly world: EnrollmentHome;
  readonly here: KeysCommand;
  #machines = 0;

  private constructor(world: EnrollmentHome) {
    this.world = world;
    this.here = { settings: world.home, config };
  }

  /** With instance "main" enrolled. Whoever opened it closes it. */
  static async open(): Promise<KeyCommands> {
    const it = new KeyCommands(await openEnrollmentHome("inventory"));
    await enrollHere(it.world.holder, "main", { data: it.world.home.data, ca: it.world.sandbox.ca });
    return it;
  }

  async close(): Promise<void> {
    const { holder, sandbox, root } = this.world;
    await holder.close();
    await sandbox.close();
    await rm(root, { recursive: true, force: true });
  }

  /** A machine that has nothing yet. */
  newMachine(): KeysCommand {
    const data = path.join(this.world.root, `machine-${(this.#machines += 1)}`);
    return { settings: machineSettings(this.world.sandbox, data), config };
  }

  /** Enrolls with a token on a machine of its own, looking without a pause. */
  async enrollThere(token: string, onLook: () => Promise<unknown> = turn): Promise<KeysCommand> {
    const machine = this.newMachine();
    await enrollInstance({
      data: machine.settings.data,
      invitation: readToken(token, Date.now()),
      ca: this.world.sandbox.ca,
      wait: async () => void (await onLook()),
      now: () => Date.now(),
    });
    return machine;
  }

  /** An instance that was invited, enrolled on a machine of its own, and confirmed. */
  async enrolled(t: TestContext, instance: string): Promise<KeysCommand> {
    const o = { instances: 1, instance, minutes: 5, json: true };
    const { token } = await jsonOf<Invited>(t, () => invite(this.here, this.agent, o));
    const { holder } = this.world;
    const machine = await this.enrollThere(token, () => holder.approve());
    await holder.approve();
    return machine;
  }

  async openAs({ settings }: KeysCommand, instance: string): Promise<AtClient> {
    const { atSign, agent } = this;
    const keys = await readAtKeysFile(instanceAtKeysPath(keyFolderOf(settings.data, agent), instance));
    return AtClient.open({ ...this.world.sandbox, atSign, keys });
  }
}

export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects the lines printed until its mock is restored; the test runner's own messages are no text. */
export function collectLines(t: TestContext): readonly string[] {
  const lines: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  t.mock.method(process.stdout, "write", (chunk: string | Uint8Array) =>
    typeof chunk === "string" ? lines.push(...chunk.split("\n").filter(Boolean)) > 0 : write(chunk),
  );
  t.mock.method(process.stderr, "write", () => true);
  return lines;
}
/** What is printed while `run` runs. */
export async function printed(t: TestContext, run: () => Promise<void>): Promise<readonly string[]> {
  const lines = collectLines(t);
  try {
    await run();
  } finally {
    t.mock.restoreAll();
    process.exitCode = 0;
  }
  return lines;
}
export async function jsonOf<T>(t: TestContext, run: () => Promise<void>): Promise<T> {
  const lines = await printed(t, run);
  const last = lines.at(-1);
  assert.ok(last !== undefined, "it printed nothing");
  return JSON.parse(last) as T;
}
