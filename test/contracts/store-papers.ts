import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Signed } from "../../src/domain.ts";
import type { StandingStatement } from "../../src/mandate-types.ts";
import type { Store } from "../../src/ports.ts";
import { createStanding } from "../../src/standing.ts";
import { usd } from "../fakes/policy-world.ts";
import { sampleTime } from "../fakes/sample-run.ts";
import { people, policy } from "../fakes/trust-world.ts";

const signature = Buffer.alloc(64).toString("base64");
const standingOf = (store: Store) =>
  createStanding({
    workflows: [],
    store,
    clock: { now: () => sampleTime },
    ids: { next: (prefix) => `${prefix}1` },
    trust: () => ({
      serial: 1,
      demo: true,
      policy: {
        ...policy,
        standing: { tiers: ["standard"], longestDays: 9, each: usd("100"), inAll: usd("1000"), uses: 99 },
      },
      person: (id) => people.find((each) => each.id === id),
      verify: () => true,
    }),
    sign: (statement): Signed<StandingStatement> => ({
      statement,
      signer: { atSign: "@cs-bot", instance: "evidence" },
      signature,
    }),
    changed: () => undefined,
  });

/** The record's papers, and what is counted on them. */
export function storePapersContract(name: string, open: () => Promise<Store>): void {
  suite(`Papers on ${name}`, () => {
    test("a paper is written once, each change by compare-and-set, with its journal or not at all", async () => {
      const store = await open();
      try {
        const { papers } = store;
        const entry = { kind: "standing", run: null, facts: { state: "proposed" } } as const;
        assert.equal(await papers.get("standing", "a"), undefined);
        const paper = { id: "a", version: 1, value: { text: "one" } };
        const both = await Promise.all([1, 2].map(() => papers.save("standing", paper, [entry])));
        assert.deepEqual(both.toSorted(), [false, true]);
        assert.equal(await papers.save("standing", { ...paper, version: 3 }, [entry]), false);
        const next = { ...paper, version: 2, value: { text: "two" } };
        const later = await Promise.all([1, 2, 3].map(() => papers.save("standing", next, [entry])));
        assert.deepEqual(later.toSorted(), [false, false, true]);
        assert.equal(await papers.save("other", paper, []), true);
        assert.equal(await papers.save("standing", { ...paper, id: "b" }, []), true);
        assert.deepEqual(await papers.get("standing", "a"), next);
        assert.deepEqual(
          (await papers.list("standing")).map(({ id, version }) => [id, version]),
          [
            ["a", 2],
            ["b", 1],
          ],
        );
      } finally {
        await store.close();
      }
    });

    test("uses of a standing grant at once: neither their number nor their sum exceeds it", async () => {
      const store = await open();
      try {
        const act = (person: string) => ({ person, adapter: "console", assurance: "clicked" }) as const;
        const standing = standingOf(store);
        const made = await standing.proposeStanding(act("employee"), {
          requester: "employee",
          workflow: null,
          customers: null,
          suppliers: null,
          each: usd("100"),
          inAll: usd("500.00"),
          uses: 7,
          until: new Date(sampleTime + 86_400_000).toISOString(),
        });
        assert.equal(made.outcome, "done");
        const id = made.outcome === "done" ? made.id : "";
        await standing.approveStanding(act("manager"), id);
        const use = (index: number) => ({
          approval: `run${index}-1-gate`,
          run: `run${index}`,
          amount: usd("90.00"),
          at: sampleTime,
        });
        // Ten approvals, each looked at by two bots.
        const counted = await Promise.all(
          Array.from({ length: 20 }, (_none, index) => standingOf(store).count(id, use(index % 10))),
        );
        const [view] = await standing.standing("manager");
        assert.equal(view?.uses.length, 5, "a sixth would make 540.00");
        assert.deepEqual([view.left.uses, view.left.amount.amount, view.status], [2, "50.00", "in-force"]);
        const used = new Set(view.uses.map(({ approval }) => approval));
        counted.forEach((each, index) => {
          assert.ok(!each || used.has(use(index % 10).approval), "who was told so is counted");
        });
        await standing.revokeStanding(act("manager"), id);
        assert.equal(await standing.count(id, use(11)), false);
      } finally {
        await store.close();
      }
    });
  });
}
