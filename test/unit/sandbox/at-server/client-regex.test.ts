import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import vm from "node:vm";
import { ClientRegex } from "../../../../src/sandbox/at-server/client-regex.ts";

import type { ServerError } from "../../../../src/sandbox/at-server/server-error.ts";
/** How often a filter ran under the time limit, which a busy machine can exceed for no fault of the pattern. */
function limitedRuns(t: TestContext): () => number {
  const run = t.mock.method(vm.Script.prototype, "runInContext");
  return () => run.mock.callCount();
}

const names = ["own.app@alice", "@bob:letter.app@alice", "public:other.app@alice"];

test("patterns with few ways to match need no time limit", (t) => {
  const runs = limitedRuns(t);
  assert.deepEqual(new ClientRegex("(own|letter)\\.app@").filter(names), names.slice(0, 2));
  assert.deepEqual(new ClientRegex("own|other").filter(names), [names[0], names[2]]);
  assert.equal(runs(), 0);
});

test("many alternatives, repeated groups and references run under the limit", (t) => {
  const runs = limitedRuns(t);
  for (const pattern of ["(a|a)".repeat(9), "(a+)+@", "(o)\\1"]) {
    try {
      new ClientRegex(pattern).filter(names);
    } catch (error) {
      // On a busy machine even these may take longer than the limit.
      assert.equal((error as ServerError).code, "AT0022");
    }
  }
  assert.equal(runs(), 3);
});
