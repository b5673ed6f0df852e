import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { activate, activateApkam, generateAtKeys, writeAtKeysFile } from "@atsign/atsdk";
import { type AtSandbox, startAtSandbox } from "../../src/sandbox/at-server/start-at-sandbox.ts";

const run = promisify(execFile);
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const bin = path.join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}` };

suite("the package as it is installed elsewhere", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "atsdk-package-"));
  const empty = path.join(folder, "empty");
  const examples = path.join(empty, "node_modules", "@atsign", "atsdk", "out", "examples");
  const keyFiles = { alice: path.join(folder, "alice.atKeys"), bob: path.join(folder, "bob.atKeys") };
  let sandbox: AtSandbox;

  /** Packs a copy of the workspace, since packing changes its folder for a moment. */
  const pack = async () => {
    const copy = path.join(folder, "copy");
    for (const name of ["package.json", "package-lock.json", "tsconfig.json", "LICENSE", "src/atsdk"])
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    const before = readdirSync(path.join(copy, "src/atsdk"));
    const args = ["pack", "-w", "@atsign/atsdk", "--pack-destination", folder, "--offline"];
    await run("npm", args, { cwd: copy, env });
    assert.deepEqual(readdirSync(path.join(copy, "src/atsdk")), before);
  };

  before(async () => {
    await pack();
    mkdirSync(empty);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "none";
    await run("npm", ["install", `../${tarball}`, "--offline", "--no-audit"], { cwd: empty, env });
    sandbox = await startAtSandbox({ dataDir: path.join(folder, "data"), atSigns: ["@alice", "@bob"] });
    const { directory, ca, cramSecrets } = sandbox;
    await activateApkam({
      directory,
      ca,
      atSign: "@alice",
      cramSecret: cramSecrets["@alice"] ?? "",
      keyFile: keyFiles.alice,
    });
    const keys = await generateAtKeys();
    await writeAtKeysFile(keyFiles.bob, keys);
    await activate({ directory, ca, atSign: "@bob", cramSecret: cramSecrets["@bob"] ?? "", keys });
  });
  after(async () => {
    await sandbox?.close();
    rmSync(folder, { recursive: true });
  });

  /** What an example prints. */
  const example = async (name: string, ...args: string[]) => {
    const { directory, caFile } = sandbox;
    const { stdout } = await run(process.execPath, [path.join(examples, `${name}.js`), ...args], {
      cwd: empty,
      env: { ...env, AT_DIRECTORY: `${directory.host}:${directory.port}`, AT_CA: caFile },
      timeout: 60_000,
    });
    return stdout.trimEnd().split("\n");
  };
  const both = ["@alice", keyFiles.alice, "@bob", keyFiles.bob];

  test("put and get", async () => {
    assert.deepEqual(await example("put-and-get", "@alice", keyFiles.alice), [
      "secret: for me alone",
      "public: Springfield, signed",
      "keys: public:city.example@alice secret.example@alice",
      "left: 0",
    ]);
  });

  test("share", async () => {
    assert.deepEqual(await example("share", ...both), [
      "@bob sees: offer.example@alice",
      "@bob reads: 50 widgets",
    ]);
  });

  test("notify and monitor", async () => {
    for (const round of ["first", "with those of the first one stored"]) {
      const [first, second, status, ...more] = await example("notify-and-monitor", ...both);
      const said = ["@alice says: first", "@alice says: second"];
      assert.deepEqual([first, second, more], [...said, []], round);
      assert.match(status ?? "", /^status: (?:delivered|queued)$/); // the sender's server hears of it last
    }
  });

  test("enroll a second device", async () => {
    const newKeyFile = path.join(folder, "second.atKeys");
    assert.deepEqual(await example("enroll-second-device", "@alice", keyFiles.alice, newKeyFile), [
      "example on second-… asks to be let in",
      "outcome: approved",
      "second device reads: written by the first device",
      "after the revocation: AT0027",
    ]);
  });

  test("its declarations check in a strict project, and wrong arguments do not", async () => {
    const compilerOptions = {
      strict: true,
      module: "nodenext",
      target: "es2024",
      noEmit: true,
      types: ["node"],
      typeRoots: [path.join(root, "node_modules", "@types")],
    };
    writeFileSync(path.join(empty, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.mts"] }));
    const app = (atSign: string) =>
      writeFileSync(
        path.join(empty, "app.mts"),
        `import { AtClient, AtError, type AtKeys } from "@atsign/atsdk";
         export const open = (keys: AtKeys) =>
           AtClient.open({ atSign: ${atSign}, keys, directory: { host: "localhost", port: 64 } });
         export const isLost = (error: unknown) => error instanceof AtError && error.code === "closed";`,
      );
    app('"@alice"');
    await run(path.join(bin, "tsc"), [], { cwd: empty, env });
    app("7");
    await assert.rejects(run(path.join(bin, "tsc"), [], { cwd: empty, env }), { stdout: /TS2322/ });
  });
});
