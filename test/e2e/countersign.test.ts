import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { CheckedPlan } from "../../src/link/check-plan.ts";
import { activateAtSign } from "../../src/processes/activate-at-sign.ts";
import { noProcFolder } from "./our-processes.ts";
import { type CommandResult, type Ready, TestSystem } from "./system.ts";

/** A manager decides on a machine of their own: another data folder, which knows the company's public key alone. */

const request = "Order the parts needed for 50 widgets for Customer XYZ";
const atSign = "@cs-manager";

suite("countersigned decisions", { skip: noProcFolder, timeout: 600_000 }, () => {
  const system = new TestSystem();
  const home = path.join(system.folder, "home");
  const keyFile = path.join(home, "keys", `${atSign}_key.atKeys`);
  let ready: Ready;

  const own = (...args: readonly string[]): Promise<CommandResult> =>
    system.runWith(
      {
        COUNTERSIGN_DATA: path.join(home, "data"),
        COUNTERSIGN_RUNTIME: path.join(home, "run"),
        COUNTERSIGN_AT_DIRECTORY: ready.atDirectory,
        COUNTERSIGN_AT_CA_FILE: ready.ca,
      },
      ...args,
    );
  async function answerOf<T>(result: Promise<CommandResult>): Promise<T> {
    const { code, stdout, stderr } = await result;
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  }
  /** Starts a request and resolves with its plan as the manager's machine shows it. */
  async function waitingPlan(): Promise<CheckedPlan> {
    // Nobody is asked on a terminal here, so that the request is left to be decided elsewhere.
    await system.ask(request);
    for (;;) {
      const { stdout } = await own("inbox", "--keys", keyFile, "--json");
      const plan = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as CheckedPlan & { readonly type: string })
        .find((each) => each.type === "plan");
      if (plan !== undefined) {
        return plan;
      }
    }
  }
  async function endOf(run: string): Promise<string> {
    for (;;) {
      const { status } = await answerOf<{ readonly status: string }>(system.run("run", run, "--json"));
      if (["completed", "failed", "cancelled"].includes(status)) {
        return status;
      }
    }
  }

  before(async () => {
    ready = await system.start();
    const [host = "", port = ""] = ready.atDirectory.split(":");
    const secrets = JSON.parse(
      readFileSync(path.join(system.data, "sandbox", "activation.json"), "utf8"),
    ) as Readonly<Record<string, string>>;
    // What a person does once with the tools of whoever gave them the atSign.
    mkdirSync(path.dirname(keyFile), { recursive: true, mode: 0o700 });
    await activateAtSign({
      atSign,
      file: keyFile,
      cramSecret: secrets[atSign],
      directory: { host, port: Number(port) },
      ca: readFileSync(ready.ca, "utf8"),
    });
  });
  after(() => system.remove());

  test("the machine is believed only after the company granted it, by the fingerprint", async () => {
    const missing = await own("inbox", "new", "manager", "--keys", keyFile);
    assert.match(missing.stderr, /--company-key: expected the company's public key/);
    const { companyKey } = await answerOf<{ companyKey: string }>(system.run("trust", "show", "--json"));
    const asked = await answerOf<{ token: string; fingerprint: string }>(
      own("inbox", "new", "manager", "--keys", keyFile, "--company-key", companyKey, "--json"),
    );
    const early = await own("inbox", "--keys", keyFile);
    assert.notEqual(early.code, 0);
    assert.match(early.stderr, /no-grant|no-person/);

    const wrong = await system.run("people", "device", asked.token, "--fingerprint", "0000 0000");
    assert.match(wrong.stderr, /fingerprint-differs/);
    const elsewhere = await own("people", "device", asked.token, "--fingerprint", asked.fingerprint);
    assert.match(elsewhere.stderr, /no-company-key/);
    const other = asked.token.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    assert.match((await system.run("people", "device", other)).stderr, /token-malformed/);
    await answerOf(system.run("people", "device", asked.token, "--fingerprint", asked.fingerprint, "--json"));
    const people = await answerOf<readonly { id: string; accounts: readonly string[] }[]>(
      system.run("people", "--json"),
    );
    assert.deepEqual(people.find(({ id }) => id === "manager")?.accounts, [`atsign:${atSign}`]);
  });

  test("a plan is approved there, by its hash, and everything is ordered", async () => {
    const plan = await waitingPlan();
    const wrongHash = "0".repeat(64);
    const other = await own("inbox", "--keys", keyFile, "--approve", plan.approval, "--hash", wrongHash);
    assert.match(other.stderr, /wrong-plan/);
    const given = await answerOf<{ outcome: string }>(
      own("inbox", "--keys", keyFile, "--approve", plan.approval, "--hash", plan.planHash, "--json"),
    );
    assert.equal(given.outcome, "accepted");
    assert.equal(await endOf(plan.plan.run), "completed");
    const card = await system.run("approvals", plan.approval);
    assert.match(card.stdout, /Approved by manager in atsign at .* \(countersigned\)/);
    const verified = await system.run("journal", "verify");
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });

  test("a rejection with its reason ends the request, and its card says so", async () => {
    const plan = await waitingPlan();
    const reject = ["inbox", "--keys", keyFile, "--reject", plan.approval, "--hash", plan.planHash];
    assert.match((await own(...reject)).stderr, /--reason must say why/);
    const given = await answerOf<{ outcome: string }>(own(...reject, "--reason", "Too dear.", "--json"));
    assert.equal(given.outcome, "accepted");
    assert.equal(await endOf(plan.plan.run), "cancelled");
    assert.match((await system.run("approvals", plan.approval)).stdout, /Rejected by manager .*Too dear\./s);
  });

  test("bad calls say what was expected", async () => {
    for (const [args, said] of [
      [["inbox"], /--keys: expected your atSign's key file/],
      [["inbox", "--keys", "/nowhere/keys.json"], /--keys: expected your atSign's key file/],
      [["inbox", "--keys", keyFile, "--approve", "a", "--reject", "b"], /one of them/],
      [["inbox", "--keys", keyFile, "--approve", "a"], /--hash: expected the hash/],
      [["inbox", "--keys", keyFile, "--approve", "a", "--hash", "f".repeat(64)], /no plan of approval "a"/],
      [["inbox", "new", "manager", "--keys", path.join(home, "@x_key.atKeys")], /--company-key/],
    ] as const) {
      const { code, stderr } = await own(...args);
      assert.notEqual(code, 0);
      assert.match(stderr, said);
    }
    assert.ok(!existsSync(path.join(home, "@x_key.atKeys")));
  });

  test("an account taken back ends what that machine may do", async () => {
    assert.equal((await system.run("people", "unlink", "manager", `atsign:${atSign}`)).code, 0);
    const refused = async (): Promise<boolean> =>
      /no-person/.test((await own("inbox", "--keys", keyFile)).stderr);
    while (!(await refused())) {
      // Until the papers have come to that machine.
    }
  });
});
