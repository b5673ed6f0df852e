import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import type { CheckedPlan } from "../../src/link/check-plan.ts";
import { noProcFolder } from "./our-processes.ts";
import { answerOf, OwnMachine } from "./own-machine.ts";
import { TestSystem } from "./system.ts";

/** A manager decides on a machine of their own: another data folder, which knows the company's public key alone. */

const request = "Order the parts needed for 50 widgets for Customer XYZ";
const atSign = "@cs-manager";

suite("countersigned decisions", { skip: noProcFolder, timeout: 600_000 }, () => {
  const system = new TestSystem();
  const machine = new OwnMachine(system, "manager");
  const laptop = new OwnMachine(system, "manager", "laptop");
  const { keyFile } = machine;
  const own = (...args: readonly string[]) => machine.run(...args);
  let companyKey = "";

  /** Starts a request and resolves with its plan as the manager's machine shows it. */
  async function waitingPlan(): Promise<CheckedPlan> {
    // Nobody is asked on a terminal here, so that the request is left to be decided elsewhere.
    return machine.plan((await system.ask(request)).result.run);
  }
  before(async () => {
    await system.start();
    ({ companyKey } = await answerOf<{ companyKey: string }>(system.run("trust", "show", "--json")));
  });
  after(() => system.remove());

  test("the machine is believed only after the company granted it, by the fingerprint", async () => {
    const missing = await own("inbox", "new", "manager", "--keys", keyFile);
    assert.match(missing.stderr, /--company-key: expected the company's public key/);
    const asked = await machine.request(companyKey);
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

  test("a plan is approved there, by its hash, and everything is ordered; another machine is told", async () => {
    await laptop.enroll(companyKey, machine);
    const plan = await waitingPlan();
    assert.deepEqual(await laptop.plan(plan.plan.run), plan);
    const wrongHash = "0".repeat(64);
    const other = await own("inbox", "--keys", keyFile, "--approve", plan.approval, "--hash", wrongHash);
    assert.match(other.stderr, /wrong-plan/);
    const given = await answerOf<{ outcome: string }>(
      own("inbox", "--keys", keyFile, "--approve", plan.approval, "--hash", plan.planHash, "--json"),
    );
    assert.equal(given.outcome, "accepted");
    assert.equal((await system.ended(plan.plan.run)).status, "completed");
    const card = await system.run("approvals", plan.approval);
    const outcome = /Approved by manager on their own machine @cs-manager\/main at .* \(countersigned\)/;
    assert.match(card.stdout, outcome);
    const told = await laptop.inbox();
    assert.match(told.stdout, /nothing waits for you/);
    assert.match(told.stderr, /is closed\. /);
    assert.match(told.stderr, outcome);
    assert.doesNotMatch((await laptop.inbox()).stderr, /is closed/, "once");
    const verified = await system.run("journal", "verify");
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });

  test("a rejection with its reason ends the request, and its card says so", async () => {
    const plan = await waitingPlan();
    const reject = ["inbox", "--keys", keyFile, "--reject", plan.approval, "--hash", plan.planHash];
    assert.match((await own(...reject)).stderr, /--reason must say why/);
    const given = await answerOf<{ outcome: string }>(own(...reject, "--reason", "Too dear.", "--json"));
    assert.equal(given.outcome, "accepted");
    assert.equal((await system.ended(plan.plan.run)).status, "cancelled");
    assert.match((await system.run("approvals", plan.approval)).stdout, /Rejected by manager .*Too dear\./s);
  });

  test("bad calls say what was expected", async () => {
    for (const [args, said] of [
      [["inbox"], /--keys: expected your atSign's key file, such as keys\/@name_key\.atKeys$/m],
      [["inbox", "--keys", "/nowhere/keys.json"], /--keys: expected your atSign's key file/],
      [["inbox", "--keys", keyFile, "--approve", "a", "--reject", "b"], /one of them/],
      [["inbox", "--keys", keyFile, "--approve", "a"], /--hash: expected the hash/],
      [["inbox", "--keys", keyFile, "--approve", "a", "--hash", "f".repeat(64)], /no plan of approval "a"/],
      [["inbox", "new", "manager", "--keys", path.join(system.folder, "@x_key.atKeys")], /--company-key/],
    ] as const) {
      const { code, stderr } = await own(...args);
      assert.notEqual(code, 0);
      assert.match(stderr, said);
    }
    assert.ok(!existsSync(path.join(system.folder, "@x_key.atKeys")));
  });

  test("a name that is taken, a machine that is not there: said, and what to do", async () => {
    const other = new OwnMachine(system, "manager", "copy");
    mkdirSync(path.dirname(other.keyFile), { recursive: true, mode: 0o700 });
    copyFileSync(keyFile, other.keyFile);
    const args = ["--keys", other.keyFile, "--company-key", companyKey, "--sandbox", system.data, "--json"];
    const { token, fingerprint } = await answerOf<{ token: string; fingerprint: string }>(
      other.run("inbox", "new", "manager", ...args),
    );
    const taken = await system.run("people", "device", token, "--fingerprint", fingerprint);
    assert.match(taken.stderr, /device-exists.*--device NAME/);
    const wrong = await system.run("people", "revoke-device", atSign, "phone");
    assert.match(wrong.stderr, /no machine "phone"; there are: @cs-manager .*main/);
    const renamed = await other.run("inbox", "new", "manager", ...args, "--device", "phone");
    assert.match(renamed.stderr, /holds the keys of machine "main"/);
    const { stdout } = await system.run("people", "devices");
    assert.match(stdout, /^manager +@cs-manager +laptop +.*granted$/m);
    assert.match(stdout, /^manager +@cs-manager +main +.*granted$/m);
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
