import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApprovalHandle, Needs, StepHandle } from "../../src/define-step.ts";
import {
  approve,
  attestation,
  compliance,
  financial,
  gated,
  order,
  type Step,
  supply,
  workflow,
} from "../fakes/sample-workflow.ts";

/** The gates that no definition may go around. */

const refusals: readonly [string, RegExp, (step: Step) => Needs][] = [
  [
    "an irreversible skill without a mandate",
    /commits the company and has no mandate/,
    (step) => ({ orders: step.call(supply, "place-orders", { with: () => ({}) }) }),
  ],
  [
    "a mandate with a foreign attestation",
    /mandate of a step which steps\(\) does not return/,
    (step) => gated(step, (gate) => ({ orders: order(step, gate, [{ kind: "call" }]) })),
  ],
  [
    "a mandate with the attestations that the decision was shown with",
    /"money" attests for its mandate and must need "gate"/,
    (step) => {
      const money = attestation(step, financial);
      const lists = attestation(step, compliance);
      const gate = approve(step, { money, lists });
      return { money, lists, gate, orders: order(step, gate, [money, lists]) };
    },
  ],
  [
    "a mandate with one attestation made before the decision",
    /"money" attests for its mandate and must need "gate"/,
    (step) => {
      const money = attestation(step, financial);
      const lists = attestation(step, compliance);
      const gate = approve(step, { money, lists });
      const again = attestation(step, compliance, { gate });
      return { money, lists, gate, again, orders: order(step, gate, [money, again]) };
    },
  ],
  [
    "a mandate with one attestation only",
    /must carry financial\.attest and compliance\.attest/,
    (step) =>
      gated(step, (gate) => {
        const again = attestation(step, financial, { gate });
        return { again, orders: order(step, gate, [again]) };
      }),
  ],
  [
    "a mandate with two attestations of the same agent",
    /must carry financial\.attest and compliance\.attest/,
    (step) =>
      gated(step, (gate) => {
        const one = attestation(step, financial, { gate });
        const two = attestation(step, financial, { gate });
        return { one, two, orders: order(step, gate, [one, two]) };
      }),
  ],
  [
    "a mandate with an attestation too many",
    /must carry financial\.attest and compliance\.attest/,
    (step) =>
      gated(step, (gate) => {
        const one = attestation(step, financial, { gate });
        const two = attestation(step, compliance, { gate });
        const three = attestation(step, compliance, { gate });
        return { one, two, three, orders: order(step, gate, [one, two, three]) };
      }),
  ],
  [
    "a mandate that is no approval",
    /is not an approval/,
    (step) => {
      const a: StepHandle<unknown> = attestation(step, financial);
      return { a, orders: order(step, a as ApprovalHandle, []) };
    },
  ],
  [
    "a mandate for a skill that takes an input",
    /takes an input/,
    (step) =>
      gated(step, (gate) => ({
        again: step.call(compliance, "attest", { mandate: { gate, attestations: [] } }),
      })),
  ],
];
for (const [name, reason, steps] of refusals) {
  test(`refused at load: ${name}`, () => {
    assert.throws(() => workflow(steps), { code: "bad-definition", message: reason });
  });
}

for (const missing of ["financial", "compliance"] as const) {
  test(`refused at load: an approval without ${missing}'s attestation`, () => {
    const other = missing === "financial" ? compliance : financial;
    assert.throws(
      () =>
        workflow((step) => {
          const only = attestation(step, other);
          return { only, gate: approve(step, { only }) };
        }),
      { code: "bad-definition", message: new RegExp(`${missing}\\.attest`) },
    );
  });
}
