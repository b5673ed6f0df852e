import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const serveFile = new URL("../../../src/processes/serve.ts", import.meta.url).href;
const errorsFile = new URL("../../../src/errors.ts", import.meta.url).href;

/** Runs a process of its own whose start is this code; something in it never ends by itself. */
function serveWith(start: string) {
  const script = `
    import { serve } from ${JSON.stringify(serveFile)};
    import { AppError } from ${JSON.stringify(errorsFile)};
    setInterval(() => undefined, 1_000);
    await serve(async (fatal) => { ${start} });`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 30_000,
  });
}

test("a process that cannot do its work any more ends with 1 and says why", () => {
  const { status, stderr } = serveWith(`
    setImmediate(() => fatal(new AppError("receiving-ended", "nothing is received")));
    return { info: {}, stop: async () => undefined };`);
  assert.equal(status, 1);
  assert.equal(stderr, "fatal (receiving-ended): nothing is received\n");
});

test("what ends while the process drains is no accident", () => {
  const { status, stderr } = serveWith(`
    setImmediate(() => process.kill(process.pid, "SIGTERM"));
    return { info: {}, stop: async () => fatal(new Error("closed")) };`);
  assert.equal(status, 0);
  assert.equal(stderr, "");
});
