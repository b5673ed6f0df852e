import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { noProcFolder } from "./our-processes.ts";
import { type Ready, TestSystem } from "./system.ts";

/** What the command line promises besides the main job: exit codes, links, signing, and what children may know. */

suite("the command line", { timeout: 200_000 }, () => {
  const secret = "SOME_CLOUD_PASSWORD";
  const system = new TestSystem({ [secret]: "of somebody", COUNTERSIGN_RECORD_KEY: `${"A".repeat(43)}=` });
  let ready: Ready;
  before(async () => {
    ready = await system.start();
  });
  after(() => system.remove());

  test("wrong usage ends with 2, what was not found with 1", async () => {
    for (const args of [
      ["nonsense"],
      ["books", "nonsense"],
      ["import", "people"],
      ["ask", "text", "--yes", "--no"],
      ["ask", "text", "--no"],
      ["ask", "text", "--as", "manager", "--yes"],
      ["agent", "nobody"],
      ["people", "nonsense"],
      ["people", "link", "manager"],
      ["people", "link", "manager", "U1"],
    ]) {
      const { code, stderr } = await system.run(...args);
      assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    }
    assert.equal((await system.run("run", "R404")).code, 1);
    assert.equal((await system.run("books", "people", "nobody")).code, 1);
  });

  test("a process that cannot start ends, whatever it had opened", async () => {
    const other = new TestSystem();
    for (const args of [["bot"], ["gateway"], ["agent", "crm"]]) {
      const { code, stderr } = await other.run(...args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^error \(keys-missing\): /m);
    }
    await other.remove();
  });

  test("fresh sign-in links come from the command line", async () => {
    const { code, stdout } = await system.run("link", "manager", "--json");
    assert.equal(code, 0);
    const { person, link } = JSON.parse(stdout) as { person: string; link: string };
    assert.equal(person, "manager");
    assert.ok(link.startsWith(`${ready.console}/sign-in?token=`));
    const token = new URL(link).searchParams.get("token");
    const answer = await fetch(`${ready.console}/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: ready.console },
      body: JSON.stringify({ token }),
    });
    assert.deepEqual(await answer.json(), { location: "/p/manager/" });
    assert.equal((await system.run("link", "nobody")).code, 1);
  });

  test("a request that is paused says so until it is resumed", async () => {
    const { run } = (await system.ask("Order the parts needed for 3 widgets for Customer XYZ")).result;
    assert.ok(run !== null);
    const shown = async () => {
      const list = JSON.parse((await system.run("runs", "--json")).stdout) as {
        id: string;
        paused: boolean;
      }[];
      return list.find(({ id }) => id === run)?.paused;
    };
    assert.equal(await shown(), false);
    assert.equal((await system.run("pause", run)).code, 0);
    assert.equal(await shown(), true);
    assert.match((await system.run("run", run)).stdout, /: waiting, paused/);
    assert.equal((await system.run("resume", run)).code, 0);
    assert.equal(await shown(), false);
  });

  test("people are signed while the system runs", async () => {
    const file = path.join(system.folder, "people.csv");
    const { stdout } = await system.run("books", "people", "--csv");
    writeFileSync(
      file,
      stdout.replace(/^manager-2,.*$/m, (line) => line.replace(/,yes(,|$)/, ",no$1")),
    );
    assert.equal((await system.run("import", "people", file)).code, 0);
    const signed = await system.run("trust", "sign", "--json");
    assert.equal(signed.code, 0, signed.stderr);
    const { statement } = JSON.parse(readFileSync(path.join(system.data, "trust", "trust.json"), "utf8")) as {
      statement: { demo: boolean; people: readonly { id: string; active: boolean }[] };
    };
    assert.equal(statement.people.find(({ id }) => id === "manager-2")?.active, false);
    assert.equal(statement.demo, true);
  });

  test("chat accounts are linked and signed while the system runs", async () => {
    const account = "slack:T0123/U0456";
    const linked = await system.run("people", "link", "manager", account, "--json");
    assert.equal(linked.code, 0, linked.stderr);
    assert.deepEqual(JSON.parse(linked.stdout), { change: "link", person: "manager", account, signed: true });
    const again = await system.run("people", "link", "employee", account, "--json");
    assert.equal(again.code, 1);
    const { error } = JSON.parse(again.stdout) as { error: { code: string; message: string } };
    assert.deepEqual([error.code, /"manager"/.test(error.message)], ["already-linked", true]);
    const list = JSON.parse((await system.run("people", "--json")).stdout) as {
      id: string;
      signed: boolean;
      accounts: string[];
    }[];
    assert.ok(list.every((each) => each.signed));
    assert.deepEqual(
      list.filter((each) => each.accounts.length > 0).map(({ id }) => id),
      ["manager"],
    );
    assert.equal((await system.run("people", "unlink", "manager", account)).code, 0);
    assert.equal((await system.run("people", "unlink", "manager", account)).code, 1);
    assert.equal((await system.run("journal", "verify")).code, 0);
  });

  test("a second system in one runtime folder is refused at once, and harms nothing", async () => {
    const second = await system.runWith(
      { COUNTERSIGN_DATA: path.join(system.folder, "other") },
      "up",
      "--json",
    );
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^error \(runtime-in-use\): /m);
    assert.equal((await system.run("status")).code, 0);
  });

  test("no process inherits what it does not need", { skip: noProcFolder }, () => {
    const knows = (name: string, what: string) =>
      readFileSync(`/proc/${ready.pids[name] ?? 0}/environ`, "utf8").includes(`${what}=`);
    const children = Object.keys(ready.pids).filter((name) => name !== "launcher");
    assert.ok(children.length >= 4 && knows("launcher", secret));
    assert.deepEqual(
      children.filter((name) => knows(name, secret)),
      [],
    );
    assert.deepEqual(
      children.filter((name) => knows(name, "COUNTERSIGN_RECORD_KEY")),
      ["bot"],
    );
  });

  test("the demo's folder is nobody's own company", async () => {
    await system.stop();
    const { code, stderr } = await system.run("up", "--empty");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /demo company/);
  });
});
