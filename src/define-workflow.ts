import { createHash } from "node:crypto";
import type { ZodType, output as ZodOutput } from "zod";
import { buildSteps } from "./build-steps.ts";
import type { AgentDefinition } from "./define-agent.ts";
import type { Erased, Needs, Outputs, RunFacts, Skills, StepBuilder, StepDefinition } from "./define-step.ts";
import type { AgentId, EndReason, ErrorInfo, PlannedStep, RunStatus, StepId } from "./domain.ts";
import type { Editable, PlanEdit } from "./edit-types.ts";
import { AppError } from "./errors.ts";

/** What the failure-triage skill is asked. */
export interface TriageInput {
  readonly step: StepId;
  readonly agent: AgentId;
  readonly error: ErrorInfo;
  readonly attempt: number;
  readonly irreversibleStarted: boolean;
  /** People have decided on the plan: it is carried out as it is, or not at all. */
  readonly decided: boolean;
  /** How many of the run's revisions were begun because people changed its plan; absent: none. */
  readonly edits?: number;
}
/** What the run's status is told with. */
interface StatusContext<I, O> {
  readonly input: I;
  /** Outputs of the steps completed so far. */
  readonly outputs: Partial<O>;
  readonly run: RunFacts;
  readonly status: RunStatus;
  readonly reason: EndReason | null;
}

/** What is known of a plan that waits. */
interface EditContext<I, O> {
  readonly input: I;
  readonly outputs: O;
  /** What people changed so far. */
  readonly edit: PlanEdit;
}

interface WorkflowOptions<I, H extends Needs, S extends Skills, K extends keyof S & string> {
  readonly id: string;
  readonly version: number;
  readonly description: string;
  readonly examples: readonly string[];
  readonly input: ZodType<I>;
  /** Write it before `onStatus` and `summary`: then their `outputs` are typed. */
  readonly steps: (step: StepBuilder<I>) => H;
  /** Told of every change of the run's status; one-way, never part of the run's completion. */
  readonly onStatus?: {
    readonly agent: AgentDefinition<S>;
    readonly skill: K;
    readonly with: (context: StatusContext<I, Outputs<H>>) => ZodOutput<S[K]["input"]>;
  };
  /** Asked what to do when a step has failed for good; without it the run fails. */
  readonly onFailure?: { readonly agent: AgentDefinition; readonly skill: "triage" };
  /** What people may change of a plan that waits for their decision; without it nothing. */
  readonly editable?: (context: EditContext<I, Partial<Outputs<H>>>) => Editable;
  /** One sentence for the final card. */
  readonly summary: (context: { readonly input: I; readonly outputs: Partial<Outputs<H>> }) => string;
}

/** A workflow as the engine runs it. Steps are in an order in which every step follows those it needs. */
export interface WorkflowDefinition {
  readonly id: string;
  readonly version: number;
  readonly description: string;
  readonly examples: readonly string[];
  readonly input: ZodType;
  readonly steps: readonly StepDefinition[];
  readonly planned: readonly PlannedStep[];
  /** SHA-256 over everything but callbacks and timing: when it changes, the version must. */
  readonly structure: string;
  readonly onStatus: {
    readonly agent: AgentDefinition;
    readonly skill: string;
    readonly with: (context: StatusContext<Erased, Erased>) => unknown;
  } | null;
  readonly onFailure: { readonly agent: AgentDefinition; readonly skill: "triage" } | null;
  readonly editable: ((context: EditContext<Erased, Erased>) => Editable) | null;
  readonly summary: (context: { readonly input: Erased; readonly outputs: Erased }) => string;
}

/**
 * Declares a workflow. Fails with code "bad-definition" and the reason when a step needs one that is not returned, a
 * step is returned twice or not at all, the version is missing, a skill is unknown, a skill that commits the company
 * has no approval upstream, or both attestations are missing before an approval or between it and what commits.
 */
export function defineWorkflow<
  I,
  H extends Needs,
  S extends Skills = Skills,
  K extends keyof S & string = keyof S & string,
>(options: WorkflowOptions<I, H, S, K>): WorkflowDefinition {
  const refuse = (reason: string): never => {
    throw new AppError("bad-definition", `workflow "${options.id}": ${reason}`);
  };
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(options.id)) {
    refuse("the id must be kebab-case");
  }
  if (!Number.isSafeInteger(options.version) || options.version < 1) {
    refuse(`the version must be a whole number from 1, got ${String(options.version)}`);
  }
  if (options.examples.length === 0 || options.description.trim() === "") {
    refuse("a description and at least one example are needed: the router chooses by them");
  }
  for (const hook of [options.onStatus, options.onFailure]) {
    if (hook !== undefined && !Object.hasOwn(hook.agent.skills, hook.skill)) {
      refuse(`agent "${hook.agent.id}" has no skill "${hook.skill}"`);
    }
  }
  const steps = buildSteps(options.steps, refuse);
  return {
    id: options.id,
    version: options.version,
    description: options.description,
    examples: options.examples,
    input: options.input,
    steps,
    planned: steps.map((each) => each.planned),
    structure: structureOf(options, steps),
    onStatus: options.onStatus ?? null,
    onFailure: options.onFailure ?? null,
    editable: options.editable ?? null,
    summary: options.summary,
  };
}

interface Hook {
  readonly agent: AgentDefinition;
  readonly skill: string;
}
interface Hooked {
  readonly id: string;
  readonly version: number;
  readonly onStatus?: Hook;
  readonly onFailure?: Hook;
}

function structureOf(o: Hooked, steps: readonly StepDefinition[]): string {
  const { id, version } = o;
  const hook = (each: Hook | undefined) =>
    each === undefined ? null : { agent: each.agent.id, skill: each.skill };
  const structure = steps.map(({ needs, planned, ...step }) => ({
    id: step.id,
    kind: planned.kind,
    agent: planned.agent,
    skill: planned.skill,
    effect: planned.effect,
    needs: Object.entries(needs).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    undo: planned.undo,
    mandate: planned.mandate,
    action: step.kind === "approval" ? step.action : null,
  }));
  const hooks = { onStatus: hook(o.onStatus), onFailure: hook(o.onFailure) };
  // Plain JSON, its keys written above in one order: definitions load no package but zod.
  return createHash("sha256")
    .update(JSON.stringify({ id, version, steps: structure, ...hooks }))
    .digest("hex");
}
