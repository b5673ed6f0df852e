import type { AgentDefinition } from "./define-agent.ts";
import type {
  CallTiming,
  MandateHandles,
  Needs,
  StepBuilder,
  StepDefinition,
  StepHandle,
} from "./define-step.ts";
import type { PlannedStep, StepId } from "./domain.ts";

/** What a builder method noted; ids are known only once `steps` has returned its record. */
type Declared = {
  readonly needs: Needs;
  readonly timing: CallTiming;
} & (
  | {
      readonly kind: "call";
      readonly agent: AgentDefinition;
      readonly skill: string;
      readonly with: Extract<StepDefinition, { kind: "call" }>["with"];
      readonly mandate: MandateHandles | null;
    }
  | ({ readonly kind: "compute" } & Pick<Extract<StepDefinition, { kind: "compute" }>, "output" | "run">)
  | ({ readonly kind: "approval" } & Pick<
      Extract<StepDefinition, { kind: "approval" }>,
      "action" | "plan" | "attestations"
    >)
  | ({ readonly kind: "ask" } & Pick<Extract<StepDefinition, { kind: "ask" }>, "question">)
);
type Refuse = (reason: string) => never;
type Handles = Map<StepHandle<unknown>, Declared>;

const hourMs = 3_600_000;
/** Both must attest the plan itself, directly before the approval and again directly before what commits. */
const attesters = ["financial", "compliance"];

/** Runs the declaration and turns it into checked, ordered definitions; `refuse` is told what is wrong with it. */
export function buildSteps<I>(
  declare: (step: StepBuilder<I>) => Needs,
  refuse: Refuse,
): readonly StepDefinition[] {
  const declared: Handles = new Map();
  const returned = declare(builder<I>(declared));
  const ids = nameHandles(returned, declared, refuse);
  const steps: StepDefinition[] = [];
  // In order of declaration: a handle must exist before it can be needed, so this order is topological.
  for (const [handle, each] of declared) {
    const id = ids.get(handle) ?? refuse(`${describe(each)} is declared, but not returned by steps()`);
    const needs: Record<string, StepId> = {};
    for (const [name, need] of Object.entries(each.needs)) {
      needs[name] = ids.get(need) ?? refuse(`step "${id}" needs "${name}", which steps() does not return`);
    }
    const mandate = each.kind === "call" ? mandateOf(id, each.mandate, ids, refuse) : null;
    steps.push(define(id, each, needs, mandate, refuse));
  }
  if (steps.length === 0) {
    refuse("steps() returns no step");
  }
  for (const step of steps) {
    checkGate(step, steps, refuse);
  }
  return steps;
}

function builder<I>(declared: Handles): StepBuilder<I> {
  const note = <K extends Declared["kind"]>(each: Declared & { readonly kind: K }) => {
    const handle = Object.freeze({ kind: each.kind });
    declared.set(handle, each);
    return handle;
  };
  return {
    call: (agent, skill, options) =>
      note({
        kind: "call",
        agent,
        skill,
        needs: options.needs ?? {},
        timing: options,
        with: options.with ?? null,
        mandate: options.mandate ?? null,
      }),
    compute: ({ needs, output, run }) =>
      note({ kind: "compute", needs: needs ?? {}, timing: {}, output, run }),
    approval: ({ needs, action, plan, attestations }) =>
      note({ kind: "approval", needs, timing: {}, action, plan, attestations }),
    ask: ({ needs, question }) => note({ kind: "ask", needs: needs ?? {}, timing: {}, question }),
  };
}

function nameHandles(returned: Needs, declared: Handles, refuse: Refuse): Map<StepHandle<unknown>, StepId> {
  const ids = new Map<StepHandle<unknown>, StepId>();
  for (const [id, handle] of Object.entries(returned)) {
    // No "-" in a step's id: "undo-ID", "triage-ID" and "status-…" name the engine's own requests.
    if (!/^[a-z][A-Za-z0-9]*$/.test(id) || id === "route") {
      refuse(`step id "${id}" must be camelCase letters and digits, and not "route"`);
    }
    if (!declared.has(handle)) {
      refuse(`step "${id}" is not a step made by this workflow's builder`);
    }
    if (ids.has(handle)) {
      refuse(`steps "${ids.get(handle)}" and "${id}" are the same step, returned twice`);
    }
    ids.set(handle, id);
  }
  return ids;
}

function describe(each: Declared): string {
  return each.kind === "call"
    ? `the call of ${each.agent.id}.${each.skill}`
    : `a step of kind "${each.kind}"`;
}

function mandateOf(
  id: StepId,
  handles: MandateHandles | null,
  ids: ReadonlyMap<StepHandle<unknown>, StepId>,
  refuse: Refuse,
): PlannedStep["mandate"] {
  const idOf = (handle: StepHandle<unknown>): StepId =>
    ids.get(handle) ?? refuse(`step "${id}" has a mandate of a step which steps() does not return`);
  return handles === null ? null : { gate: idOf(handles.gate), attestations: handles.attestations.map(idOf) };
}

function define(
  id: StepId,
  each: Declared,
  needs: Readonly<Record<string, StepId>>,
  mandate: PlannedStep["mandate"],
  refuse: Refuse,
): StepDefinition {
  const parts = mandate === null ? [] : [mandate.gate, ...mandate.attestations];
  const common = {
    id,
    kind: each.kind,
    needs: [...new Set([...Object.values(needs), ...parts])],
    timeoutMs: each.timing.timeoutMs ?? hourMs,
    attempts: each.timing.attempts ?? 3,
    backoffMs: each.timing.backoffMs ?? 1000,
  };
  if (common.timeoutMs < 1 || common.attempts < 1 || common.backoffMs < 0) {
    refuse(`step "${id}": timeoutMs and attempts must be at least 1, backoffMs at least 0`);
  }
  const plan = (
    rest: Pick<PlannedStep, "agent" | "skill" | "effect" | "undo" | "reconcile" | "mandate">,
  ): PlannedStep => ({
    ...common,
    ...rest,
  });
  const inBot = { agent: null, skill: null, effect: "read", undo: null, mandate: null } as const;
  switch (each.kind) {
    case "compute":
      return { kind: "compute", id, needs, output: each.output, run: each.run, planned: plan(inBot) };
    case "ask":
      return { kind: "ask", id, needs, question: each.question, planned: plan(inBot) };
    case "approval": {
      const { action, plan: planOf, attestations } = each;
      const planned = plan({ ...inBot, agent: "hitl", skill: "sign-decision" });
      return { kind: "approval", id, needs, action, plan: planOf, attestations, planned };
    }
    case "call": {
      const { agent, skill } = each;
      const found = Object.hasOwn(agent.skills, skill) ? agent.skills[skill] : undefined;
      if (found === undefined) {
        return refuse(`step "${id}": agent "${agent.id}" has no skill "${skill}"`);
      }
      const commits = found.effect === "irreversible" || found.requires === "mandate";
      if (commits && mandate === null) {
        refuse(`step "${id}": ${agent.id}.${skill} commits the company and has no mandate of an approval`);
      }
      if (!commits && (mandate !== null || each.with === null)) {
        refuse(`step "${id}": ${agent.id}.${skill} takes an input ("with"), not a mandate`);
      }
      const undo = found.undo ?? null;
      const reconcile = found.reconcile === undefined ? {} : { reconcile: found.reconcile };
      return {
        kind: "call",
        id,
        needs,
        agent,
        skill,
        output: found.output,
        with: each.with,
        planned: plan({ agent: agent.id, skill, effect: found.effect, undo, mandate, ...reconcile }),
      };
    }
  }
}

/**
 * The gates that nothing may go around: both attestations before an approval, the approval before what commits, and
 * both attestations again between the two.
 */
function checkGate(step: StepDefinition, steps: readonly StepDefinition[], refuse: Refuse): void {
  const byId = new Map(steps.map((each) => [each.id, each]));
  const { mandate } = step.planned;
  if (mandate !== null) {
    const { gate, attestations } = mandate;
    if (byId.get(gate)?.kind !== "approval") {
      refuse(`step "${step.id}": its mandate's gate "${gate}" is not an approval`);
    }
    const roles = attestations.map((id) => attesters.find((role) => isAttestation(byId.get(id), role)));
    if (roles.length !== attesters.length || attesters.some((role) => !roles.includes(role))) {
      const wanted = attesters.map((role) => `${role}.attest`).join(" and ");
      refuse(`step "${step.id}": its mandate must carry ${wanted}, once each`);
    }
    for (const id of attestations) {
      if (!upstream(id, byId).has(gate)) {
        refuse(
          `step "${step.id}": "${id}" attests for its mandate and must need "${gate}": it comes after it`,
        );
      }
    }
  }
  if (step.kind === "approval") {
    for (const role of attesters) {
      if (!step.planned.needs.some((id) => isAttestation(byId.get(id), role))) {
        refuse(`approval "${step.id}" must need ${role}.attest: a plan is shown only with both attestations`);
      }
    }
  }
}

function isAttestation(step: StepDefinition | undefined, role: string): boolean {
  return step?.kind === "call" && step.agent.id === role && step.skill === "attest";
}

function upstream(id: StepId, byId: ReadonlyMap<StepId, StepDefinition>): ReadonlySet<StepId> {
  const found = new Set<StepId>();
  const visit = (each: StepId): void => {
    for (const need of byId.get(each)?.planned.needs ?? []) {
      if (!found.has(need)) {
        found.add(need);
        visit(need);
      }
    }
  };
  visit(id);
  return found;
}
