import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { offerStarted } from "./e2e/started-folder.ts";
import { TestSystem } from "./e2e/system.ts";
import { runOptions } from "./run-options.ts";

/** The whole check: types, lint, format, unused code, then every test file. Ends with "N passed, N failed". */

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const say = (text: string) => process.stdout.write(`${text}\n`);
/** A file that hangs fails, and does not hold up the others for good. */
const longestTestMs = 400_000;
const counts = { passed: 0, failed: 0 };
/** Each test file is a process of its own: what one has compiled, the others need not. */
process.env["NODE_COMPILE_CACHE"] ??= path.join(root, "node_modules", ".cache", "tests");
const notRun = new Map<string, number>();
const failures: string[] = [];

/** One static check as a child process; its output is shown only when it fails. */
function check(name: string, command: string, args: readonly string[]): void {
  const started = performance.now();
  const bin = path.join(root, "node_modules", ".bin", command);
  const { status, stdout, stderr } = spawnSync(bin, [...args], { cwd: root, encoding: "utf8" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status === 0) {
    counts.passed += 1;
    say(`ok    ${name} (${seconds} s)`);
    return;
  }
  counts.failed += 1;
  failures.push(name);
  say(`FAIL  ${name}\n${stdout}${stderr}`);
}

/** Runs test files in processes of their own, at most two at a time, and counts what they say. */
async function suite(name: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) {
    return;
  }
  const started = performance.now();
  const before = { ...counts };
  const paths = files.map((file) => path.join(root, file));
  const stream = run({ files: paths, concurrency: 2, cwd: root, timeout: longestTestMs });
  stream.on("test:pass", (event) => {
    if (event.details.type === "suite") {
      return;
    }
    if (event.skip === undefined) {
      counts.passed += 1;
    } else {
      const reason = `${path.relative(root, event.file ?? "?")}: ${String(event.skip)}`;
      notRun.set(reason, (notRun.get(reason) ?? 0) + 1);
    }
  });
  stream.on("test:fail", (event) => {
    if (event.details.type !== "suite") {
      counts.failed += 1;
      failures.push(`${path.relative(root, event.file ?? "?")} › ${event.name}`);
    }
  });
  const lasted = new Map<string, number>();
  stream.on("test:summary", ({ file, duration_ms: ms }) => {
    if (file !== undefined) {
      lasted.set(path.basename(file, ".test.ts"), ms / 1000);
    }
  });
  const shown = stream.compose(spec);
  let report = "";
  for await (const chunk of shown) {
    report += String(chunk);
  }
  const failed = counts.failed - before.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(
    `${failed === 0 ? "ok   " : "FAIL "} ${name}: ${counts.passed - before.passed} passed, ${failed} failed (${seconds} s)`,
  );
  // The whole check has twenty minutes: this is where they go.
  const longest = [...lasted].toSorted(([, a], [, b]) => b - a).slice(0, 8);
  say(`      longest: ${longest.map(([file, each]) => `${file} ${each.toFixed(0)} s`).join(", ")}`);
  if (failed > 0) {
    say(report);
  }
}

/** A system whose first start the others need not repeat; where it fails they make their own, and say why. */
async function startedOnce(): Promise<TestSystem> {
  const system = new TestSystem();
  try {
    await system.start();
    await system.stop();
    offerStarted(system.data);
  } catch (error) {
    say(`no first start in advance: ${String(error)}`);
  }
  return system;
}

const only = runOptions("test", "The whole check; with parts the test files whose path contains one of them.")
  .argument("[parts...]")
  .parse().args;
if (only.length === 0) {
  check("types", "tsc", ["--noEmit"]);
  check("lint", "oxlint", ["--type-aware", "--deny-warnings"]);
  check("format", "oxfmt", ["--check"]);
  check("unused code", "knip", []);
}
const chosen = (folder: string) =>
  globSync(`test/${folder}/**/*.test.ts`, { cwd: root })
    .concat(folder === "unit" ? globSync("test/*.test.ts", { cwd: root }) : [])
    .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
    .sort();
for (const folder of ["unit", "contracts"]) {
  await suite(folder, chosen(folder));
}
const systems = ["e2e", "chaos"].map((folder) => ({ folder, files: chosen(folder) }));
if (systems.some(({ files }) => files.length > 0)) {
  const started = await startedOnce();
  for (const { folder, files } of systems) {
    await suite(folder, files);
  }
  await started.remove();
}
for (const [reason, count] of [...notRun].sort()) {
  say(`not run here: ${reason}${count > 1 ? ` (${count} tests)` : ""}`);
}
for (const failure of failures) {
  say(`failed: ${failure}`);
}
say(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
