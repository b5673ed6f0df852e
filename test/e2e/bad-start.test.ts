import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { after, before, suite, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { noProcFolder, ourProcesses } from "./our-processes.ts";
import { type CommandResult, TestSystem } from "./system.ts";

/** Starts that cannot succeed: each says why in one line, ends with 1 and leaves nothing running. */

const isRoot = process.getuid?.() === 0;
const patience = 20_000;

suite("starts that cannot succeed", { timeout: 200_000 }, () => {
  const system = new TestSystem();
  before(async () => {
    await system.start();
  });
  after(() => system.remove());

  /** A stopped system of its own with a copy of the first one's data. */
  function copy(t: TestContext): TestSystem {
    const other = new TestSystem();
    t.after(() => other.remove());
    cpSync(system.data, other.data, { recursive: true });
    return other;
  }
  async function assertRefused(result: CommandResult, code: string, ...words: string[]): Promise<void> {
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, new RegExp(`^error \\(${code}\\): `, "m"));
    const message = result.stderr.split("\n").find((line) => line.startsWith("error (")) ?? "";
    words.forEach((word) => assert.ok(message.includes(word), `"${word}" is missing in: ${message}`));
    // Said once, by the launcher, and without a stack.
    assert.equal(result.stderr.match(/error \(/g)?.length, 1, result.stderr);
    assert.doesNotMatch(result.stderr, /^\s+at /m);
    const line = JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "") as { error: { code: string } };
    assert.equal(line.error.code, code);
  }
  async function assertGone(data: string): Promise<void> {
    const deadline = performance.now() + patience;
    while (ourProcesses(data).length > 0 && performance.now() < deadline) {
      await pause(50);
    }
    assert.deepEqual(ourProcesses(data), []);
  }

  test("a second one on the same data folder is refused at once; the first goes on", async () => {
    const second = await system.run("up", "--json");
    await assertRefused(second, "data-in-use", system.data);
    assert.equal((await system.run("status", "--json")).code, 0);
  });

  test("files and folders that hold anything private are for their owner only", async () => {
    const listed = execFileSync("find", [system.folder, "-printf", "%m %y %P\n"], { encoding: "utf8" });
    const open = listed
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
      .filter(
        ([mode = "", , name = ""]) => /[1-7]$|[1-7].$/.test(mode) && !/^data\/(trust|cache)(\/|$)/.test(name),
      )
      .map(([mode, type, name]) => `${mode} ${type} ${name}`);
    // Certificates are public; so are grants and trust document, believed by signature only, and our compiled code.
    assert.deepEqual(open.filter((line) => !/\/(ca|server)\.pem$/.test(line)).toSorted(), []);
  });

  test("Ctrl-C ends all processes", { skip: noProcFolder }, async () => {
    assert.ok(ourProcesses(system.data).length >= 5);
    await system.stop("SIGINT");
    assert.deepEqual(ourProcesses(system.data), []);
  });

  test("a taken console port is named, and nothing is left running", async (t) => {
    const holder = createServer();
    t.after(() => holder.close());
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, "127.0.0.1", () => {
        const address = holder.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const result = await system.runWith({ COUNTERSIGN_CONSOLE_PORT: String(port) }, "up", "--json");
    await assertRefused(result, "port-taken", String(port), "COUNTERSIGN_CONSOLE_PORT");
    await assertGone(system.data);
  });

  for (const file of ["bot/record.db", "books/books.db", "sandbox/at/at-servers.db"]) {
    test(`garbage in ${file}: refused by name, and left as it is`, async (t) => {
      const other = copy(t);
      const damaged = path.join(other.data, file);
      const garbage = Buffer.alloc(20_000, "this is not what was here before. ");
      writeFileSync(damaged, garbage);
      rmSync(`${damaged}-wal`, { force: true });
      await assertRefused(await other.run("up", "--json"), "data-corrupt", damaged);
      assert.deepEqual(readFileSync(damaged), garbage);
      await assertGone(other.data);
    });
  }

  test("a page torn out of the middle of the record is noticed", async (t) => {
    const other = copy(t);
    const damaged = path.join(other.data, "bot", "record.db");
    const bytes = readFileSync(damaged);
    bytes.fill(0xa5, 8_192, 16_384);
    writeFileSync(damaged, bytes);
    await assertRefused(await other.run("up", "--json"), "data-corrupt", damaged);
  });

  test("a missing key file is named", async (t) => {
    const other = copy(t);
    rmSync(path.join(other.data, "keys", "hitl", "@cs-hitl_key.atKeys"));
    await assertRefused(await other.run("up", "--json"), "keys-missing", "keys/hitl/@cs-hitl_key.atKeys");
    await assertGone(other.data);
  });

  test("a trust document edited by hand is not believed", async (t) => {
    const other = copy(t);
    const file = path.join(other.data, "trust", "trust.json");
    const edited = readFileSync(file, "utf8").replace('"expiresHours": 72', '"expiresHours": 720');
    assert.notEqual(edited, readFileSync(file, "utf8"));
    writeFileSync(file, edited);
    await assertRefused(await other.run("up", "--json"), "trust-ungranted", "trust.json");
    assert.equal(readFileSync(file, "utf8"), edited);
  });

  test("Ctrl-C during the start leaves no process, and the next start works", async (t) => {
    const other = copy(t);
    for (const moment of [150, 1_200]) {
      const starting = other.start().catch((error: unknown) => String(error));
      const deadline = performance.now() + patience;
      while (other.launcherPid === 0 && performance.now() < deadline) {
        await pause(10);
      }
      await pause(moment);
      await other.stop("SIGINT");
      await starting;
      await assertGone(other.data);
    }
    await other.start();
  });

  const noMount = isRoot ? false : "mounting a small disk needs root";
  for (const [size, when] of [
    ["64k", "for the first database"],
    ["1m", "for the books"],
  ] as const) {
    test(`a disk that is full ${when} (${size})`, { skip: noMount }, async (t) => {
      const disk = mount(t, new TestSystem(), `size=${size}`);
      const result = await disk.run("up", "--json");
      await assertRefused(result, "data-not-writable", "free space");
    });
  }

  test("a read-only disk", { skip: noMount }, async (t) => {
    const disk = mount(t, new TestSystem(), "ro");
    await assertRefused(await disk.run("up", "--json"), "data-not-writable", disk.data, "read-only");
  });

  test("a read-only disk that holds a company", { skip: noMount }, async (t) => {
    const other = new TestSystem();
    mkdirSync(other.data);
    execFileSync("mount", ["--bind", system.data, other.data]);
    t.after(async () => {
      execFileSync("umount", [other.data]);
      await other.remove();
    });
    execFileSync("mount", ["-o", "remount,ro,bind", other.data]);
    await assertRefused(await other.run("up", "--json"), "data-not-writable", other.data, "read-only");
  });

  test("a data folder of somebody else", { skip: isRoot ? false : "another user needs root" }, async (t) => {
    const other = new TestSystem();
    t.after(() => other.remove());
    mkdirSync(other.data, { mode: 0o755 });
    mkdirSync(path.join(other.folder, "run"), { mode: 0o777 });
    execFileSync("chmod", ["755", other.folder]);
    execFileSync("chown", ["65534", path.join(other.folder, "run")]);
    const result = await other.runAs(65_534, "up", "--json");
    await assertRefused(result, "data-not-writable", other.data, "permission");
    assert.equal(statSync(other.data).uid, 0);
  });

  /** A small disk of its own as the system's folder; unmounted before the folder is removed. */
  function mount(t: TestContext, disk: TestSystem, options: string): TestSystem {
    mkdirSync(disk.data);
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk.data]);
    t.after(async () => {
      await disk.stop();
      execFileSync("umount", [disk.data]);
      await disk.remove();
    });
    return disk;
  }
});
