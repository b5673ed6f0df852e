import assert from "node:assert/strict";
import { test } from "node:test";
import { agentsText } from "../../../src/commands/views.ts";

test("the list of agents names the instances that are there, where they are and which take nothing new", () => {
  const agent = { description: "buys", inFlight: 0, health: { state: "idle", text: "idle" } } as const;
  const text = agentsText([
    {
      ...agent,
      id: "supply",
      atSign: "@cs-supply",
      instances: [
        { instance: "a", open: true, region: null },
        { instance: "b", open: true, region: "north" },
        { instance: "c", open: false, region: "north" },
      ],
    },
    { ...agent, id: "credit", atSign: "@cs-credit", instances: [] },
  ]);
  const [head = "", ...lines] = text.split("\n");
  assert.match(head, /^agent +atSign +instances +how it is +what it does$/);
  assert.match(lines[0] ?? "", /^supply +@cs-supply +a, b \(north\), c \(north, draining\) +idle +buys$/);
  assert.match(lines[1] ?? "", /^credit +@cs-credit +none +idle +buys$/);
});
