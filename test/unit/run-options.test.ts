import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { namesOf, wholeNumber } from "../run-options.ts";
import manifest from "../../package.json" with { type: "json" };

const root = path.dirname(path.dirname(import.meta.dirname));
const commands = Object.entries(manifest.scripts).flatMap(([name, script]) => {
  const file = /^node bin\/run\.mjs (test\/\S+)$/.exec(script)?.[1];
  return file === undefined ? [] : [{ name, file }];
});

test("every command of the project's own says what it takes", () => {
  assert.ok(commands.length >= 13);
  for (const { name, file } of commands) {
    const source = readFileSync(path.join(root, file), "utf8");
    assert.match(source, new RegExp(`runOptions\\(\\s*"${name}"`), `${file} has no usage`);
  }
});

/** Exit code and output of a command. */
function run(file: string, ...args: readonly string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [path.join(root, file), ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test("usage on stdout; what is wrong is named with what was expected, and ends with 2", async () => {
  const file = "test/fuzz/run.ts";
  const [help, unknown, wrong, more] = await Promise.all([
    run(file, "--help"),
    run(file, "--sed", "3"),
    run(file, "--inputs", "many"),
    run(file, "all"),
  ]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: npm run fuzz -- \[options\][^]*--inputs <n>/);
  assert.match(unknown.stderr, /unknown option '--sed'[^]*--seed[^]*Usage:/);
  assert.match(wrong.stderr, /'--inputs <n>' argument 'many' is invalid\. Expected a whole number/);
  assert.match(more.stderr, /too many arguments/);
  for (const { code, stdout, stderr } of [unknown, wrong, more]) {
    assert.deepEqual([code, stdout], [2, ""]);
    assert.doesNotMatch(stderr, /\n +at /, "no stack");
  }
});

test("numbers and names", () => {
  assert.equal(wholeNumber("12"), 12);
  assert.throws(() => wholeNumber("1.5"), { code: "commander.invalidArgument" });
  assert.deepEqual(namesOf(["a", "b"])("b,a"), ["b", "a"]);
  assert.throws(() => namesOf(["a", "b"])("a,c"), { message: '"c": expected some of a,b.' });
});
