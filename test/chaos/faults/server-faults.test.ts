import assert from "node:assert/strict";
import { test } from "node:test";
import { faultless } from "../chaos-session.ts";
import { faultCase, faultText } from "./fault-case.ts";
import { FaultSession } from "./fault-session.ts";
import { serversPlace } from "./servers-place.ts";

const cases = ["redis-flush", "postgres-restart", "bot-stop"].map((fault) => faultCase(1, 0, fault));

test(
  "two bots, while Redis loses everything, PostgreSQL crashes and a bot stands still (fixed seed; chaos:faults does more)",
  { skip: serversPlace.missing() },
  async () => {
    const expected = faultless(cases.length);
    const session = new FaultSession(serversPlace, () => expected);
    try {
      for (const each of cases) {
        const { faults, logs } = await session.run(each);
        assert.deepEqual(faults, [], `${faultText(each)}\n${logs}`);
      }
    } finally {
      assert.deepEqual(await session.end(), []);
    }
  },
);
