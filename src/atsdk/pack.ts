import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Run by `npm pack`, because Node.js runs no TypeScript under node_modules: `build` emits JavaScript and declarations and
 * lets package.json name them, `restore` makes the folder as it was. Both may be repeated.
 */

const here = import.meta.dirname;
const manifestFile = path.join(here, "package.json");
const sources = { ".": "./index.ts" };
const emitted = { ".": { types: "./out/index.d.ts", default: "./out/index.js" } };

function nameExports(exports: typeof sources | typeof emitted): void {
  const manifest = JSON.parse(readFileSync(manifestFile, "utf8")) as Record<string, unknown>;
  writeFileSync(manifestFile, `${JSON.stringify({ ...manifest, exports }, undefined, 2)}\n`);
}

function build(): void {
  nameExports(sources);
  rmSync(path.join(here, "out"), { recursive: true, force: true });
  // On the PATH that npm gives to its scripts.
  const { status, error } = spawnSync("tsc", ["-p", "tsconfig.build.json"], { cwd: here, stdio: "inherit" });
  if (status !== 0) throw error ?? new Error(`tsc ended with ${status}`);
  copyFileSync(path.join(here, "../../LICENSE"), path.join(here, "LICENSE"));
  nameExports(emitted);
}

function restore(): void {
  nameExports(sources);
  for (const made of ["out", "LICENSE"]) rmSync(path.join(here, made), { recursive: true, force: true });
}

const [step] = process.argv.slice(2);
if (step === "build") build();
else if (step === "restore") restore();
else throw new Error(`expected build or restore, not ${step}`);
