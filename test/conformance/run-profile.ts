import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { passesByUs } from "./case-by-us.ts";
import type { ReadyLine } from "./ready-line.ts";

const root = path.dirname(path.dirname(import.meta.dirname));

/** Runs the command with data and keys in a temporary folder while `use` does. `isNew`: the atSigns have no keys yet. */
export async function withSandboxCommand<T>(
  o: {
    readonly atSigns: string;
    readonly profile: string;
    readonly folder?: string;
    readonly isNew?: boolean;
  },
  use: (ready: ReadyLine) => Promise<T>,
): Promise<T> {
  const folder = o.folder ?? mkdtempSync(path.join(tmpdir(), "countersign-sandbox-"));
  const keys = o.isNew === true ? [] : ["--keys", path.join(folder, "keys")];
  const args = ["sandbox", "--atsigns", o.atSigns, ...keys, "--profile", o.profile];
  const child = spawn(process.execPath, [path.join(root, "src", "main.ts"), ...args, "--json"], {
    env: { ...process.env, COUNTERSIGN_DATA: path.join(folder, "data") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const ended = once(child, "exit").then(([code]) => assert.fail(`the sandbox ended with ${String(code)}`));
    const line = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
    const [text] = await Promise.race([line, ended]);
    return await use(JSON.parse(text) as ReadyLine);
  } finally {
    if (child.exitCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    }
    if (o.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Cases that the suite's runner cannot see passed, whatever the server answers: see `passesByUs`. */
const beyondRunner = new Set(["noauth-monitor", "monitor-stats-notification", "pkam-ecc"]);

/** Runs a suite's `run.mjs` in one profile; its last words and whether all cases passed that can. */
export function runProfile(
  profile: string,
  o: { readonly suite: string; readonly cases: string; readonly slow?: boolean },
): Promise<{ readonly passed: boolean; readonly report: string }> {
  return withSandboxCommand({ atSigns: "@alice,@bob", profile }, (ready) => {
    const cram = Object.entries(ready.cram).map(([atSign, secret]) => [`CRAM_${atSign.slice(1)}`, secret]);
    const env = {
      ...process.env,
      ...Object.fromEntries(cram),
      CASES: o.cases,
      PROFILE: profile,
      SHOW: "1",
      SLOW: o.slow === true ? "1" : "",
      NODE_NO_WARNINGS: "1",
    };
    const args = [path.join(o.suite, "run.mjs"), ready.host, String(ready.port), ready.ca, ready.keys ?? ""];
    const run = new Promise<{ readonly isClean: boolean; readonly text: string }>((resolve) => {
      execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
        resolve({ isClean: error === null, text: `${stdout}${stderr}`.trim() }),
      );
    });
    return run.then(async ({ isClean, text }) => {
      const failed = [...text.matchAll(/^([\w-]+): .*   want /gm)].map(([, id]) => id ?? "");
      const unseen = failed.filter((id) => beyondRunner.has(id));
      const seen = await Promise.all(unseen.map((id) => passesByUs(id, o.cases, ready)));
      const words = unseen.map((id, n) => `${id}, by our own runner: ${seen[n] === true ? "pass" : "fail"}`);
      const passed = isClean || (failed.length > 0 && failed.length === seen.filter(Boolean).length);
      return { passed, report: [text, ...words].join("\n") };
    });
  });
}

/** The profiles that servers are started in for such suites. */
export const profiles = [
  "default",
  "no-client-cert",
  "client-cert-required",
  "testingMode=true",
  "testingMode=false",
  "ecc",
  "disposable-atsign",
];
