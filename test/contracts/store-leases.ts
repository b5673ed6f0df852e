import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Store } from "../../src/ports.ts";

/** What one of several bots holds for a time. */
export function storeLeasesContract(name: string, open: () => Promise<Store>): void {
  suite(`Leases on ${name}`, () => {
    test("a lease has one holder, until it ends or is given up", async () => {
      const store = await open();
      try {
        const { leases } = store;
        const at = (now: number) => ({ now, leaseMs: 100 });
        const both = await Promise.all([
          leases.hold("witness", "a", at(0)),
          leases.hold("witness", "b", at(0)),
        ]);
        assert.deepEqual(both.toSorted(), [false, true]);
        const [mine, other] = both[0] ? ["a", "b"] : ["b", "a"];
        assert.equal(await leases.hold("witness", mine ?? "", at(50)), true, "renewed");
        assert.equal(await leases.hold("witness", other ?? "", at(120)), false, "still held");
        assert.equal(await leases.hold("witness", other ?? "", at(150)), true, "it has ended");
        assert.equal(await leases.hold("bot:a", "a", at(150)), true);
        assert.deepEqual(await leases.held("bot:", 200), [{ name: "bot:a", holder: "a" }]);
        assert.deepEqual(await leases.held("bot:", 250), []);
        await leases.release(other ?? "");
        assert.equal(await leases.hold("witness", mine ?? "", at(160)), true);
      } finally {
        await store.close();
      }
    });
  });
}
