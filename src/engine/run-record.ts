import { canonicalJson } from "../canonical.ts";
import { z } from "zod";
import type { TrustView } from "../define-agent.ts";
import type { RunFacts, StepContext, StepDefinition } from "../define-step.ts";
import type { WorkflowDefinition } from "../define-workflow.ts";
import type { Approval, Json, PlannedStep, Run, StepId } from "../domain.ts";
import { AppError } from "../errors.ts";
import { parsedJson } from "../parsed-json.ts";
import type { Content } from "../record-types.ts";
import { routeStep } from "./plan.ts";

/** One run as the record has it, and what its definition's callbacks are given. */
export interface RunRecord {
  readonly run: Run;
  readonly contents: readonly Content[];
  readonly approvals: readonly Approval[];
  /** Null before the router has chosen. */
  readonly definition: WorkflowDefinition | null;
}

const questionContent = z.object({ text: z.string() });
const routed = z.looseObject({ input: parsedJson });

/** The plan `advance` works with: the route step alone until a workflow is chosen. */
export function planOf(definition: WorkflowDefinition | null): readonly PlannedStep[] {
  return [routeStep, ...(definition?.planned ?? [])];
}

/** A step's text of this revision; the route step and the request keep those of the first. */
function contentOf(record: RunRecord, step: StepId, name: string): Json | undefined {
  const revision = step === "route" ? 1 : record.run.revision;
  return record.contents.find(
    (each) => each.step === step && each.name === name && each.revision === revision,
  )?.value;
}

/** Fails with "record-incomplete" where the record lacks what it must have by now. */
export function requiredContent(record: RunRecord, step: StepId, name: string): Json {
  const value = contentOf(record, step, name);
  if (value === undefined) {
    throw new AppError("record-incomplete", `run ${record.run.id} has no "${name}" of step "${step}"`);
  }
  return value;
}

/**
 * The name under which an attempt's output is kept. Texts are written once: of a step that is done again, the earlier
 * output stays as it was.
 */
export function outputName(record: RunRecord, step: StepId, attempt: number): string {
  return contentOf(record, step, "output") === undefined ? "output" : `output:${attempt}`;
}

function outputOf(record: RunRecord, step: StepId): Json | undefined {
  const attempt = record.run.steps.find((each) => each.id === step)?.attempt;
  return contentOf(record, step, `output:${attempt}`) ?? contentOf(record, step, "output");
}

/** A completed step's output; fails with "record-incomplete" where there is none. */
export function requiredOutput(record: RunRecord, step: StepId): Json {
  return outputOf(record, step) ?? requiredContent(record, step, "output");
}

/** The workflow's input, parsed by its own schema when it was stored. */
export function inputOf(record: RunRecord): Json {
  return routed.parse(requiredContent(record, "route", "output")).input;
}

/** Outputs of the steps completed in this revision, by id. */
export function outputsOf(record: RunRecord): Readonly<Record<StepId, Json>> {
  const outputs: Record<StepId, Json> = {};
  for (const { id } of record.run.steps) {
    const value = id === "route" ? undefined : outputOf(record, id);
    if (value !== undefined) {
      outputs[id] = value;
    }
  }
  return outputs;
}

/** The approval of a step in a revision. */
export function approvalAt(
  { approvals }: Pick<RunRecord, "approvals">,
  { step, revision }: Pick<Approval, "step" | "revision">,
): Approval | undefined {
  return approvals.find((each) => each.step === step && each.revision === revision);
}

/** Questions asked so far in the whole run; the next one's number is one more. */
export function questionCount(record: RunRecord): number {
  return record.contents.filter((each) => each.name.startsWith("question:")).length;
}

/** The number of the newest question of a step in this revision, and whether it still waits for its answer. */
export function lastQuestion(
  record: RunRecord,
  step: StepId,
): { readonly number: number; readonly open: boolean } | undefined {
  const revision = step === "route" ? 1 : record.run.revision;
  const names = record.contents
    .filter((each) => each.step === step && each.revision === revision)
    .map((each) => each.name);
  const numbers = names
    .filter((name) => name.startsWith("question:"))
    .map((name) => Number(name.slice("question:".length)));
  const number = Math.max(0, ...numbers);
  return number === 0 ? undefined : { number, open: !names.includes(`answer:${number}`) };
}

/** Questions and answers with the router, oldest first. */
export function dialogueOf(
  record: RunRecord,
): readonly { readonly question: string; readonly answer: string }[] {
  const dialogue = [];
  for (let number = 1; number <= questionCount(record); number += 1) {
    const question = questionContent.safeParse(contentOf(record, "route", `question:${number}`));
    const answer = contentOf(record, "route", `answer:${number}`);
    if (question.success && typeof answer === "string") {
      dialogue.push({ question: question.data.text, answer });
    }
  }
  return dialogue;
}

/** The text of the route step by which a run has no effects. */
export const shadowContent = "shadow";

/** Whether the run goes through every step without effects. */
export function isShadow(record: RunRecord): boolean {
  return contentOf(record, "route", shadowContent) === true;
}

/** Suppliers excluded by this run's revisions. */
export function excludedOf(record: RunRecord): readonly string[] {
  const found = record.contents.filter(
    (each) => each.name === "excluded" && each.revision <= record.run.revision,
  );
  return [...new Set(found.flatMap((each) => z.array(z.string()).parse(each.value)))];
}

export function runFacts(record: RunRecord, policySerial: TrustView["serial"], at: number): RunFacts {
  const { id, revision, requester } = record.run;
  return {
    id,
    revision,
    requester,
    policySerial,
    at: new Date(at).toISOString(),
    excluded: excludedOf(record),
    ...(isShadow(record) ? { shadow: true as const } : {}),
  };
}

/** What a step's callbacks are given. Every need is completed when a step is ready. */
export function contextOf(
  record: RunRecord,
  step: StepDefinition,
  policySerial: number,
): StepContext<unknown, unknown> {
  const needs: Record<string, Json> = {};
  for (const [name, id] of Object.entries(step.needs)) {
    needs[name] = requiredOutput(record, id);
  }
  const run = runFacts(record, policySerial, readyAt(record, step));
  return { input: inputOf(record), needs, run, canonicalJson };
}

function readyAt(record: RunRecord, step: StepDefinition): number {
  const needs = new Set([...step.planned.needs, "route"]);
  const ends = record.run.steps.filter((each) => needs.has(each.id)).map((each) => each.endedAt ?? 0);
  return Math.max(...ends);
}

/** The definition of one of the run's steps; fails with "unknown-step". */
export function stepOf(record: RunRecord, id: StepId): StepDefinition {
  const found = record.definition?.steps.find((each) => each.id === id);
  if (found === undefined) {
    throw new AppError("unknown-step", `run ${record.run.id} has no step "${id}"`);
  }
  return found;
}
