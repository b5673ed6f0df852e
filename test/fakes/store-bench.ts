import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Run } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleRun } from "./sample-run.ts";

/** An empty Store for the suite that is being declared, opened and closed with it. */
export function storeBench(open: () => Promise<Store>) {
  let store: Store | undefined;
  let lastId = 0;
  before(async () => {
    store = await open();
  });
  after(() => store?.close());
  const opened = (): Store => {
    assert.ok(store !== undefined, "the suite's store is open");
    return store;
  };
  const newId = (): string => {
    lastId += 1;
    return `run${lastId}`;
  };
  return {
    get store() {
      return opened();
    },
    newId,
    /** Creates a run with the changes and what is committed with it, and returns it as stored. */
    create: async (
      change: Parameters<typeof sampleRun>[1] = {},
      parts: Parameters<typeof sampleCommit>[1] = {},
      id = newId(),
    ): Promise<Run> => {
      await opened().createRun(sampleCommit(sampleRun(id, change), parts), `key-${id}`);
      const run = await opened().loadRun(id);
      assert.ok(run !== undefined);
      return run;
    },
  };
}
