import assert from "node:assert/strict";
import { test } from "node:test";
import { faultless } from "../chaos-session.ts";
import type { Expected } from "../chaos-system.ts";
import { wrongClocks } from "./clock-places.ts";
import { faultCase, faultText } from "./fault-case.ts";
import { FaultSession } from "./fault-session.ts";
import type { PlaceKind } from "./place.ts";
import { serversPlace } from "./servers-place.ts";

/** What chaos:faults does more of; fixed seeds. */

const serverFaults = ["redis-flush", "postgres-restart", "bot-stop"];
const clockFaults = ["clock-agents-ahead"];
let expected: Promise<readonly Expected[]> | undefined;

async function undergo(kind: PlaceKind, faults: readonly string[]): Promise<void> {
  const session = new FaultSession(kind, () => (expected ??= faultless(serverFaults.length)));
  try {
    for (const each of faults.map((fault) => faultCase(1, 0, fault))) {
      const { faults: wrong, logs } = await session.run(each);
      assert.deepEqual(wrong, [], `${faultText(each)}\n${logs}`);
    }
  } finally {
    assert.deepEqual(await session.end(), []);
  }
}

test(
  "two bots, while Redis loses everything, PostgreSQL crashes and a bot stands still",
  { skip: serversPlace.missing() },
  () => undergo(serversPlace, serverFaults),
);

test(
  "the agents' process is 30 days ahead of the others in the middle of a job",
  { skip: wrongClocks.missing() },
  () => undergo(wrongClocks, clockFaults),
);
