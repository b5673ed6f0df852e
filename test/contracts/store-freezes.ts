import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Store } from "../../src/ports.ts";
import type { FreezeRow } from "../../src/safety-types.ts";
import { sampleTime } from "../fakes/sample-run.ts";

const signer = { atSign: "@cs-bot", instance: "evidence" } as const;
const signature = Buffer.alloc(64).toString("base64");
const act = {
  person: "manager",
  adapter: "console",
  assurance: "clicked",
  trustSerial: 1,
  receivedAt: new Date(sampleTime).toISOString(),
} as const;

export const freezeEntry = { kind: "freeze", run: null, facts: { state: "frozen" } } as const;
export function sampleFreezeRow(reason: string, change: Partial<FreezeRow> = {}): FreezeRow {
  const statement = { tag: "countersign/freeze/1", serial: sampleTime, ...act } as const;
  return { version: 1, reason, freeze: { statement, signer, signature }, lift: null, wanted: [], ...change };
}

/** The record's freezes. */
export function storeFreezesContract(name: string, open: () => Promise<Store>): void {
  suite(`Freezes on ${name}`, () => {
    test("a freeze is written once, each change by compare-and-set, the newest comes back", async () => {
      const store = await open();
      try {
        const { freezes } = store;
        const entry = freezeEntry;
        assert.equal(await freezes.newest(), undefined);
        const row = sampleFreezeRow("fraud");
        const both = await Promise.all([freezes.save(row, [entry]), freezes.save(row, [entry])]);
        assert.deepEqual(both.toSorted(), [false, true]);
        assert.deepEqual(await freezes.newest(), row);
        const evidence = { tag: "countersign/lift-evidence/1", serial: sampleTime, ...act } as const;
        const wanted = [{ statement: evidence, signer, signature }];
        const next = { ...row, version: 2, wanted };
        assert.equal(await freezes.save({ ...row, version: 3, wanted }, [entry]), false);
        assert.equal(await freezes.save(next, [entry]), true);
        assert.equal(await freezes.save(next, [entry]), false);
        assert.deepEqual(await freezes.newest(), next);
        const { statement } = row.freeze;
        const later = {
          ...row,
          freeze: { ...row.freeze, statement: { ...statement, serial: sampleTime + 1 } },
        };
        assert.equal(await freezes.save(later, [entry]), true);
        assert.deepEqual(await freezes.newest(), later);
      } finally {
        await store.close();
      }
    });
  });
}
