import { test } from "node:test";
import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  property,
  record,
  tuple,
} from "../../fakes/fast-check.ts";
import type { PlannedStep } from "../../../src/domain.ts";
import { RunWorld } from "./run-world.ts";

/** FUZZ_RUNS and FUZZ_SEED make it longer or repeat a failure. */
const numRuns = Number(process.env["FUZZ_RUNS"] ?? 1500);
const seed = process.env["FUZZ_SEED"] === undefined ? {} : { seed: Number(process.env["FUZZ_SEED"]) };

const stepKinds = ["read", "read", "write", "write", "compute", "approval", "ask", "irreversible"] as const;
const choices = record({
  kind: constantFrom(...stepKinds),
  needs: nat(255),
  attempts: integer({ min: 1, max: 3 }),
});

/**
 * A random graph: step n may need any of the steps before it; what is irreversible needs an approval, and attestations
 * made after it, none of which needs another.
 */
const plans = array(choices, { minLength: 1, maxLength: 8, size: "max" }).map((list) => {
  const steps: PlannedStep[] = [];
  for (const [index, { kind, needs, attempts }] of list.entries()) {
    const gate = steps.findLast((each) => each.kind === "approval")?.id ?? null;
    const effect = kind === "irreversible" && gate !== null ? kind : kind === "write" ? kind : "read";
    const attestations: string[] = [];
    for (const each of steps.filter(({ kind: other, effect: its }) => other === "call" && its === "read")) {
      if (each.needs.includes(gate ?? "") && !each.needs.some((need) => attestations.includes(need))) {
        attestations.push(each.id);
      }
    }
    const mandate = effect === "irreversible" && gate !== null ? { gate, attestations } : null;
    const chosen = steps.filter((_, at) => ((needs >> at) & 1) === 1).map((each) => each.id);
    steps.push({
      id: `s${index}`,
      kind: kind === "compute" || kind === "approval" || kind === "ask" ? kind : "call",
      agent: kind === "compute" || kind === "ask" ? null : "agent",
      skill: null,
      effect,
      needs: [...new Set(mandate === null ? chosen : [...chosen, mandate.gate, ...mandate.attestations])],
      timeoutMs: 20_000,
      attempts,
      backoffMs: 1000,
      undo: effect === "write" ? "release" : null,
      mandate,
    });
  }
  return steps;
});
const chaos = array(tuple(nat(15), nat(40)), { maxLength: 200, size: "max" });

const survives = property(plans, chaos, (plan, actions) => {
  const world = new RunWorld(plan);
  for (const [action, choice] of actions) {
    world.stir(action, choice);
  }
  world.heal();
});

test("random plans under duplicated, reordered and lost deliveries, failures, revisions and cancels", () => {
  assert(survives, { numRuns, ...seed });
});

test("a step is not sent while an attestation that it needs is made again, as this seed found once", () => {
  assert(survives, { numRuns: 400, seed: -584623556 });
});
