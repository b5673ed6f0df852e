import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Signed } from "../../src/domain.ts";
import type { CheckedPlan } from "../../src/link/check-plan.ts";
import type { CountersignedDecision } from "../../src/mandate-types.ts";
import { instanceKeys } from "../../src/processes/identity.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import type { CommandResult, TestSystem } from "./system.ts";

const patienceMs = 60_000;

/** A person's own machine: another data folder, which knows the company by its public key and published papers alone. */
export class OwnMachine {
  readonly person: string;
  readonly atSign: `@${string}`;
  readonly device: string;
  readonly keyFile: string;
  readonly #system: TestSystem;
  readonly #home: string;

  constructor(system: TestSystem, person: string, device = "main") {
    this.#system = system;
    this.#home = path.join(system.folder, `home-${person}-${device}`);
    this.person = person;
    this.device = device;
    this.atSign = `@cs-${person}`;
    this.keyFile = path.join(this.#home, "keys", `${this.atSign}_key.atKeys`);
  }
  /** One command there. */
  run(...args: readonly string[]): Promise<CommandResult> {
    return this.#system.runWith(
      { COUNTERSIGN_DATA: path.join(this.#home, "data"), COUNTERSIGN_RUNTIME: path.join(this.#home, "run") },
      ...args,
    );
  }
  inbox(...args: readonly string[]): Promise<CommandResult> {
    return this.run("inbox", "--keys", this.keyFile, ...args);
  }
  /** `inbox new`: makes this machine's keys. The atSign's own are made by its first machine, and copied to others. */
  async request(companyKey: string): Promise<{ readonly token: string; readonly fingerprint: string }> {
    const args = ["--company-key", companyKey, "--sandbox", this.#system.data, "--device", this.device];
    return answerOf(this.run("inbox", "new", this.person, "--keys", this.keyFile, ...args, "--json"));
  }
  /** Both sides of it: from now on the company believes what is signed here. */
  async enroll(companyKey: string, first?: OwnMachine): Promise<void> {
    if (first !== undefined) {
      mkdirSync(path.dirname(this.keyFile), { recursive: true, mode: 0o700 });
      copyFileSync(first.keyFile, this.keyFile);
    }
    const { token, fingerprint } = await this.request(companyKey);
    await answerOf(this.#system.run("people", "device", token, "--fingerprint", fingerprint, "--json"));
  }
  /** The plan of a run as this machine shows it. */
  async plan(run: string | null): Promise<CheckedPlan> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const { stdout, stderr } = await this.inbox("--json");
      const plan = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as CheckedPlan & { readonly type: string })
        .find((each) => each.type === "plan" && each.plan.run === run);
      if (plan !== undefined) {
        return plan;
      }
      assert.ok(performance.now() < deadline, `no plan of ${run} came: ${stderr}`);
      await pause(200);
    }
  }
  /** Reads the plan of a run and approves just that. */
  async approve(run: string | null): Promise<CheckedPlan> {
    const plan = await this.plan(run);
    const given = await answerOf<{ outcome: string }>(
      this.inbox("--approve", plan.approval, "--hash", plan.planHash, "--json"),
    );
    assert.equal(given.outcome, "accepted");
    return plan;
  }
  /** Signs whatever it is given, as only who holds this machine's keys can. */
  async sign(statement: CountersignedDecision): Promise<Signed<CountersignedDecision>> {
    const keys = await instanceKeys(path.dirname(this.keyFile), this.device);
    return signAs(statement, keys, keys.ed25519);
  }
}

/** What a command that must succeed says as JSON, in its first line. */
export async function answerOf<T>(result: Promise<CommandResult>): Promise<T> {
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout.split("\n")[0] ?? "") as T;
}
