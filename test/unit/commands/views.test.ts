import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail } from "../../../src/desk-types.ts";
import { agentsText, runText, statusText } from "../../../src/commands/views.ts";
import { sampleApproval } from "../../fakes/sample-run.ts";

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

const waiting: RunDetail = {
  id: "run1",
  title: "",
  paused: false,
  requestText: "Order parts for 5 flurbs",
  status: "waiting",
  reason: null,
  error: null,
  requester: "employee",
  thread: "terminal:1",
  createdAt: Date.UTC(2026, 0, 5, 9),
  updatedAt: Date.UTC(2026, 0, 5, 9),
  steps: [],
  dialogue: [],
  question: 'Which product do you mean by "flurbs"?',
  approvals: [],
  plannedAnew: [],
  verdictReason: null,
  plan: null,
};

test("a run says what it waits for", () => {
  assert.match(
    runText(waiting),
    /^waits for the requester's answer: Which product do you mean by "flurbs"\?$/m,
  );
  assert.doesNotMatch(runText({ ...waiting, question: null }), /waits for/);
});

test("a run says who decided, by whose right, where, when, how and why", () => {
  const at = Date.UTC(2026, 0, 5, 10);
  const given = { verdict: "approved", at, adapter: "console", assurance: "clicked" } as const;
  const refused = {
    ...given,
    by: "milo",
    verdict: "rejected",
    assurance: "countersigned",
    adapter: "inbox",
  } as const;
  const text = runText({
    ...waiting,
    question: null,
    verdictReason: "too dear",
    approvals: [
      sampleApproval("run1", {
        status: "decided",
        decisions: [
          { ...given, by: "mona", insteadOf: "max" },
          { ...refused, signedAt: "@milo/main" },
        ],
      }),
    ],
  });
  assert.match(text, /^ {2}approved by mona for max in console at 2026-01-05 10:00 UTC \(clicked\)$/m);
  assert.match(text, /^ {2}rejected by milo on their own machine @milo\/main at .*\(countersigned\)$/m);
  assert.match(text, /^reason: too dear$/m);
});

test("how the bot is, is said in words: a freeze above all", () => {
  const status = {
    startedAt: "2026-01-05T09:00:12.345Z",
    slack: { text: "not set up" },
    safety: { freeze: null, shadow: [] },
    inFlight: {},
    instances: [{ agent: "crm" }, { agent: "supply" }, { agent: "supply" }],
  };
  const calm = statusText(status);
  assert.doesNotMatch(calm, /[{}[\]]/);
  assert.match(calm, /^startedAt: +2026-01-05 09:00 UTC$/m);
  assert.match(calm, /^safety: +not frozen$/m);
  assert.match(calm, /^instances: +3 of 2 agents: see `agents`$/m);
  const frozen = statusText({
    ...status,
    inFlight: { supply: 2 },
    safety: {
      freeze: { serial: 1, by: "mona", at: "2026-01-05T10:00:00.000Z", reason: "fraud", lifting: ["milo"] },
      shadow: ["order-parts"],
    },
  });
  assert.match(
    frozen,
    /^safety: +FROZEN by mona at 2026-01-05 10:00 UTC: fraud; milo asked for it to be lifted$/m,
  );
  assert.match(frozen, /^shadow: +order-parts$/m);
  assert.match(frozen, /^inFlight: +supply 2$/m);
});
