import assert from "node:assert/strict";
import { test } from "node:test";
import { approvalPlaces } from "../../src/approval-places.ts";
import type { ChatAdapter } from "../../src/ports.ts";
import { sampleRun } from "../fakes/sample-run.ts";
import { silentLogger as log } from "../fakes/silent-logger.ts";
import { people } from "../fakes/trust-world.ts";

const adapter = (name: string, places?: ChatAdapter["approvalPlaces"]) =>
  ({
    name,
    ...(places === undefined ? {} : { approvalPlaces: places }),
  }) as Partial<ChatAdapter> as ChatAdapter;
const run = sampleRun("r1", { thread: "console:1" });
const places = (...adapters: ChatAdapter[]) => approvalPlaces(run, { adapters, deciders: people, log });

test("an approval stands where each adapter says, for the run's own one in its thread, each place once", () => {
  const slack = adapter("slack", (asked, deciders) => {
    assert.deepEqual(asked, { thread: run.thread, requester: run.requester });
    return ["slack:T1/C1", ...deciders.map(({ id }) => `slack:T1/@${id}` as const), "slack:T1/C1"];
  });
  assert.deepEqual(places(adapter("terminal"), adapter("console"), slack), [
    "console:1",
    "slack:T1/C1",
    ...people.map(({ id }) => `slack:T1/@${id}`),
  ]);
});

test("an approval always stands somewhere: where nobody names a place, or fails to, in the run's own thread", () => {
  const silent = adapter("console", () => []);
  const failing = adapter("console", () => {
    throw new Error("on purpose");
  });
  const elsewhere = adapter("slack", () => {
    throw new Error("on purpose");
  });
  for (const adapters of [[], [adapter("terminal")], [silent], [failing], [elsewhere]]) {
    assert.deepEqual(places(...adapters), ["console:1"]);
  }
  assert.deepEqual(
    places(
      silent,
      adapter("slack", () => ["slack:T1/C1"]),
    ),
    ["slack:T1/C1"],
  );
});
