import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";

const full = "/dev/full";
const adapter = new URL("../../../adapters/pino.ts", import.meta.url).href;
const script = `
  const { openLogger } = await import(${JSON.stringify(adapter)});
  const log = openLogger({ name: "bot", level: "info", file: ${JSON.stringify(full)} });
  for (let n = 0; n < 3; n += 1) {
    log.info({ n }, "still here");
  }
  setTimeout(() => console.log("went on"), 10);
`;

test(
  "a full disk fails nothing that is logged, and is said once on stderr",
  { skip: existsSync(full) ? false : `needs ${full} (Linux)` },
  () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.deepEqual([status, stdout], [0, "went on\n"]);
    const said = stderr.trim().split("\n");
    assert.equal(said.length, 1, stderr);
    const { name, file, code, msg } = JSON.parse(said[0] ?? "") as Record<string, string>;
    assert.deepEqual(
      { name, file, code, msg },
      { name: "bot", file: full, code: "ENOSPC", msg: "log-not-written" },
    );
  },
);
