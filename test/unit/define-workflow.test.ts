import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineAgent, skill } from "../../src/define-agent.ts";
import type { Needs } from "../../src/define-step.ts";
import { defineWorkflow } from "../../src/define-workflow.ts";
import {
  approve,
  attestation,
  compliance,
  financial,
  never,
  order,
  type Step,
  supply,
  workflow,
} from "../fakes/sample-workflow.ts";

function complete(step: Step) {
  const credit = step.call(financial, "check-credit", {
    with: ({ input }) => ({ customer: input.customer }),
  });
  const limit = step.compute({
    needs: { credit },
    output: z.string(),
    run: ({ needs }) => needs.credit.limit,
  });
  const money = step.call(financial, "attest", {
    needs: { limit },
    with: ({ needs }) => ({ plan: needs.limit }),
  });
  const lists = attestation(step, compliance);
  const gate = approve(step, { money, lists });
  const renewals = {
    moneyAgain: attestation(step, financial, { gate }),
    listsAgain: attestation(step, compliance, { gate }),
  };
  const orders = order(step, gate, Object.values(renewals));
  return { orders, ...renewals, gate, lists, money, limit, credit };
}

test("a definition lists its steps so that each follows what it needs, with the skills' own effects", () => {
  const { planned: steps, structure } = workflow(complete);
  assert.deepEqual(
    steps.map((each) => [each.id, each.kind, each.agent, each.needs]),
    [
      ["credit", "call", "financial", []],
      ["limit", "compute", null, ["credit"]],
      ["money", "call", "financial", ["limit"]],
      ["lists", "call", "compliance", []],
      ["gate", "approval", "hitl", ["money", "lists"]],
      ["moneyAgain", "call", "financial", ["gate"]],
      ["listsAgain", "call", "compliance", ["gate"]],
      ["orders", "call", "supply", ["gate", "moneyAgain", "listsAgain"]],
    ],
  );
  const orders = steps.at(-1);
  const mandate = { gate: "gate", attestations: ["moneyAgain", "listsAgain"] };
  assert.deepEqual(steps[0]?.undo, "release-credit");
  assert.deepEqual([orders?.effect, orders?.mandate, orders?.attempts], ["irreversible", mandate, 5]);
  assert.match(structure, /^[0-9a-f]{64}$/);
});

test("the structure changes with steps and edges, not with callbacks or timing", () => {
  const one = workflow((step) => ({ a: attestation(step, financial) })).structure;
  const timed = workflow((step) => ({
    a: step.call(financial, "attest", { with: () => ({ plan: "other" }), timeoutMs: 5 }),
  })).structure;
  const other = workflow((step) => ({ a: attestation(step, compliance) })).structure;
  assert.equal(timed, one);
  assert.notEqual(other, one);
  assert.notEqual(workflow((step) => ({ a: attestation(step, financial) }), { version: 2 }).structure, one);
});

test("the structure changes with who is told of the status and who triages, not with what they are told", () => {
  const text = z.object({ plan: z.string() });
  const told = skill({ effect: "read", input: text, output: z.object({}), run: never });
  const crm = defineAgent({ id: "crm", description: "Is told", skills: { attest: told, triage: told } });
  const other = defineAgent({ id: "other", description: "Is told", skills: { attest: told, triage: told } });
  const hooked = (hooks: object) =>
    defineWorkflow({
      id: "order",
      version: 1,
      description: "Orders",
      examples: ["Order it"],
      input: z.object({ customer: z.string() }),
      steps: (step) => ({ a: attestation(step, financial) }),
      summary: () => "",
      ...hooks,
    }).structure;
  const tells = (agent: typeof crm, key: "attest" | "triage", plan = "") => ({
    onStatus: { agent, skill: key, with: () => ({ plan }) },
  });
  const structures = [
    hooked({}),
    hooked(tells(crm, "attest")),
    hooked(tells(other, "attest")),
    hooked(tells(crm, "triage")),
    hooked({ onFailure: { agent: crm, skill: "triage" } }),
    hooked({ onFailure: { agent: other, skill: "triage" } }),
  ];
  assert.equal(new Set(structures).size, structures.length);
  assert.equal(hooked(tells(crm, "attest", "otherwise")), hooked(tells(crm, "attest")));
});

test("outputs are typed along the handles", () => {
  const definition = defineWorkflow({
    id: "typed",
    version: 1,
    description: "Types",
    examples: ["x"],
    input: z.object({ customer: z.string() }),
    steps: (step) => ({
      credit: step.call(financial, "check-credit", { with: ({ input }) => ({ customer: input.customer }) }),
    }),
    onStatus: {
      agent: financial,
      skill: "attest",
      with: ({ outputs, status }) => ({ plan: `${status} ${outputs.credit?.limit ?? "none"}` }),
    },
    summary: ({ outputs }) => outputs.credit?.limit ?? "none",
  });
  assert.equal(definition.summary({ input: {}, outputs: { credit: { limit: "12" } } }), "12");
  defineWorkflow({
    id: "mistyped",
    version: 1,
    description: "Types",
    examples: ["x"],
    input: z.object({}),
    steps: (step) => {
      // @ts-expect-error the skill's input needs a customer
      const wrong = step.call(financial, "check-credit", { with: () => ({ name: "x" }) });
      return { wrong };
    },
    summary: () => "",
  });
});

const refusals: readonly [string, RegExp, (step: Step) => Needs][] = [
  [
    "a step needing one that is not returned",
    /not returned by steps/,
    (step) => {
      const { credit: _, ...rest } = complete(step);
      return rest;
    },
  ],
  ["a foreign handle", /not a step made by this workflow/, () => ({ a: { kind: "call" } })],
  [
    "one step under two ids",
    /"a" and "b" are the same step/,
    (step) => {
      const a = attestation(step, financial);
      return { a, b: a };
    },
  ],
  ["a reserved id", /"route"/, (step) => ({ route: attestation(step, financial) })],
  [
    "an id that could be an engine request",
    /"undo-x"/,
    (step) => ({ "undo-x": attestation(step, financial) }),
  ],
  ["no step", /no step/, () => ({})],
  [
    "an unknown skill",
    /"supply" has no skill "attest"/,
    (step) => ({
      a: step.call(supply as unknown as typeof compliance, "attest", { with: () => ({ plan: "" }) }),
    }),
  ],
  [
    "zero attempts",
    /attempts must be at least 1/,
    (step) => ({
      a: step.call(financial, "attest", { with: () => ({ plan: "" }), attempts: 0 }),
    }),
  ],
];
for (const [name, reason, steps] of refusals) {
  test(`refused at load: ${name}`, () => {
    assert.throws(() => workflow(steps), { code: "bad-definition", message: reason });
  });
}

test("refused at load: a missing, fractional or negative version, a bad id", () => {
  for (const version of [0, -1, 1.5, Number.NaN, undefined]) {
    assert.throws(() => workflow(complete, { version: version as number }), {
      code: "bad-definition",
      message: /version/,
    });
  }
  assert.throws(() => workflow(complete, { id: "Order Parts" }), {
    code: "bad-definition",
    message: /kebab/,
  });
});
