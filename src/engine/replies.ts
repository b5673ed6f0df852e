import { z } from "zod";
import { isCountersigned, isSignedByPerson } from "../countersigned.ts";
import type { Skills } from "../define-step.ts";
import type { Approval, ErrorInfo, Json, Signed, StepId } from "../domain.ts";
import type { DecisionStatement } from "../mandate-types.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import { parsedJson } from "../parsed-json.ts";
import { findWorkflow, routeOutput } from "./definitions.ts";
import { becauseContent } from "../plan/kept-edit.ts";
import { endingVerdicts } from "../policy/ending-verdicts.ts";
import { editedStep, giveUpEdit } from "./edit-plan.ts";
import { ask, happen } from "./happen.ts";
import { asJson } from "./as-json.ts";
import type { RunDraft } from "./run-draft.ts";
import type { StepRef } from "./run-events.ts";
import { approvalAt, excludedOf, outputName, shadowContent, stepOf } from "./run-record.ts";

const longestDelayMs = 3_600_000;
/** The output is parsed by its skill's schema. */
const resultBody = z.strictObject({ output: parsedJson });
const errorBody: z.ZodType<ErrorInfo> = z.object({
  code: z.string().min(1).max(100),
  message: z.string().max(10_000),
  retryable: z.boolean(),
});
const triageOutput = z.looseObject({
  action: z.enum(["retry", "alternative", "escalate"]),
  delayMs: z.number().min(0),
  exclude: z.array(z.string()),
  note: z.string(),
});

/** What came back: an output, or why there is none. A malformed body is an error of the agent's. */
type Answer =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error: ErrorInfo };

/** Applies a verified result or error to its run; false when it is stale: answered already, or not wanted any more. */
export function applyReply(draft: RunDraft, message: ReceivedEnvelope): boolean {
  const { step, revision, attempt } = message.subject;
  const answer = readAnswer(message);
  if (step.startsWith("status-")) {
    // One-way: nothing depends on it but the row that asked.
    return true;
  }
  if (step.startsWith("undo-")) {
    return undone(draft, { step: step.slice("undo-".length), revision, attempt }, answer);
  }
  if (step.startsWith("triage-")) {
    return triaged(draft, { step: step.slice("triage-".length), revision, attempt }, answer);
  }
  const ref = { step, revision, attempt };
  if (!answer.ok) {
    return happen(draft, { type: "failed", error: answer.error, ...ref });
  }
  try {
    return completed(draft, ref, answer.output);
  } catch (error) {
    return happen(draft, { type: "failed", error: badOutput(draft, step, error), ...ref });
  }
}

function readAnswer({ kind, body }: ReceivedEnvelope): Answer {
  if (kind === "result") {
    const parsed = resultBody.safeParse(body);
    return parsed.success
      ? { ok: true, output: parsed.data.output }
      : { ok: false, error: malformed("the result's body is not {output}") };
  }
  const parsed = errorBody.safeParse(body);
  return {
    ok: false,
    error: parsed.success ? parsed.data : malformed("the error's body is not {code, message, retryable}"),
  };
}

function malformed(message: string): ErrorInfo {
  return { code: "bad-output", message, retryable: true };
}

function badOutput(draft: RunDraft, step: StepId, error: unknown): ErrorInfo {
  if (error instanceof AppError) {
    return toErrorInfo(error);
  }
  const where =
    error instanceof z.ZodError ? (error.issues[0]?.path.join(".") ?? "") : toErrorInfo(error).message;
  const agent = step === "route" ? "router" : step;
  return malformed(`the output of "${agent}" in run ${draft.run.id} is not as its skill declares: ${where}`);
}

function completed(draft: RunDraft, ref: StepRef, output: Json): boolean {
  if (ref.step === "route") {
    return routed(draft, ref, output);
  }
  const step = stepOf(draft, ref.step);
  if (step.kind === "approval") {
    return decided(draft, ref, output);
  }
  if (step.kind !== "call") {
    return false;
  }
  const value = asJson(step.output.parse(output));
  return happen(draft, { type: "completed", ...ref }, () => {
    draft.add(ref.step, outputName(draft, ref.step, ref.attempt), value);
    if (step.planned.effect === "irreversible") {
      const { agent, skill } = step.planned;
      draft.note("effect", { step: ref.step, revision: ref.revision, agent, skill });
    }
  });
}

function routed(draft: RunDraft, ref: StepRef, output: Json): boolean {
  const { definitions } = draft.around;
  const answer = routeOutput.parse(skillOutput(definitions.router.skills, "route", output));
  if (answer.outcome === "question") {
    return ask(draft, ref, { text: answer.question, options: answer.options });
  }
  if (answer.outcome === "unsupported") {
    return ask(draft, ref, { text: answer.message, options: [] });
  }
  const definition = findWorkflow(definitions, { id: answer.workflow, version: answer.version });
  if (definition === undefined) {
    const name = `"${answer.workflow}" version ${answer.version}`;
    throw new AppError("unknown-workflow", `the router chose workflow ${name}, which is not defined`);
  }
  const value = asJson({ ...answer, input: definition.input.parse(answer.input) });
  const { id, version, structure } = definition;
  const before = draft.definition;
  // `advance` must know the chosen plan to accept the event; a stale one leaves no trace.
  draft.definition = definition;
  const accepted = happen(draft, { type: "routed", workflow: { id, version, structure }, ...ref }, () => {
    draft.add("route", "output", value);
    if (draft.around.isShadow(id)) {
      // Said once, under the run's seal: whatever is changed later, this run has no effects.
      draft.add("route", shadowContent, true);
      draft.note("shadow", { workflow: id });
    }
  });
  if (!accepted) {
    draft.definition = before;
  }
  return accepted;
}

function skillOutput(skills: Skills, name: string, output: Json): unknown {
  const skill = skills[name];
  if (skill === undefined) {
    throw new AppError("bad-definition", `there is no skill "${name}"`);
  }
  return skill.output.parse(output);
}

function decided(draft: RunDraft, ref: StepRef, output: Json): boolean {
  const { definitions } = draft.around;
  const signed = skillOutput(
    definitions.hitl.skills,
    "sign-decision",
    output,
  ) as readonly Signed<DecisionStatement>[];
  const approval = approvalAt(draft, ref);
  const verdict = approval?.decision?.verdict;
  const expected = approval === undefined ? [] : endingVerdicts(approval);
  const agrees =
    approval !== undefined &&
    signed.length === expected.length &&
    signed.every((each) => isOf(draft, approval, each)) &&
    expected.every(({ by }) => signed.some(({ statement }) => statement.person === by));
  if (!agrees || verdict === undefined) {
    throw new AppError("bad-decision", "the signed decisions are not those that were recorded");
  }
  return happen(draft, { type: "decided", verdict, ...ref }, () => {
    draft.add(ref.step, "output", asJson(signed));
    for (const { statement } of signed) {
      const { approval: id, planHash, person, assurance } = statement;
      draft.note("decision", { approval: id, planHash, verdict, by: person, assurance, state: "decided" });
    }
  });
}

/** Whether a signed decision is one on this very approval, made as the recorded verdict says. */
function isOf(draft: RunDraft, approval: Approval, signed: Signed<DecisionStatement>): boolean {
  const { statement } = signed;
  return (
    statement.approval === approval.id &&
    statement.planHash === approval.planHash &&
    statement.run === draft.run.id &&
    statement.revision === approval.revision &&
    statement.verdict === approval.decision?.verdict &&
    (isCountersigned(signed)
      ? isSignedByPerson(signed, draft.around.trust)
      : draft.around.trust.verify(signed, "hitl"))
  );
}

function undone(draft: RunDraft, ref: StepRef, answer: Answer): boolean {
  return answer.ok
    ? happen(draft, { type: "compensated", ...ref })
    : happen(draft, { type: "compensation-failed", error: answer.error, ...ref });
}

function triaged(draft: RunDraft, ref: StepRef, answer: Answer): boolean {
  const advice = answer.ok ? triageOutput.safeParse(answer.output) : undefined;
  if (advice === undefined || !advice.success) {
    // Nobody knows better: the failure ends the run.
    return happen(draft, { type: "triaged", action: "escalate", delayMs: 0, ...ref });
  }
  const { action, delayMs, exclude, note } = advice.data;
  const keep = () => draft.add(ref.step, `triage:${ref.attempt}`, { action, delayMs, exclude, note });
  const edited = action === "escalate" ? editedStep(draft) : undefined;
  if (edited !== undefined) {
    return happen(draft, { type: "revised", ...ref }, () => {
      keep();
      giveUpEdit(draft, edited, note);
    });
  }
  if (action !== "alternative") {
    return happen(
      draft,
      { type: "triaged", action, delayMs: Math.min(delayMs, longestDelayMs), ...ref },
      keep,
    );
  }
  return happen(draft, { type: "revised", ...ref }, () => {
    keep();
    const excluded = [...new Set([...excludedOf(draft), ...exclude])];
    draft.add(ref.step, "excluded", excluded, ref.revision + 1);
    draft.add(ref.step, becauseContent, note, ref.revision + 1);
  });
}
