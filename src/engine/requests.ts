import { z } from "zod";
import type { AgentId, Json, PlannedStep, StepId } from "../domain.ts";
import type { Mandate } from "../mandate-types.ts";
import type { MessageSubject } from "../link-types.ts";
import { AppError } from "../errors.ts";
import { endingVerdicts } from "../policy/ending-verdicts.ts";
import { asJson } from "./as-json.ts";
import { newestWorkflows } from "./definitions.ts";
import {
  approvalAt,
  contextOf,
  dialogueOf,
  inputOf,
  isShadow,
  outputsOf,
  planOf,
  requiredContent,
  requiredOutput,
  runFacts,
  stepOf,
} from "./run-record.ts";
import { rowId } from "./run-draft.ts";
import type { RunDraft } from "./run-draft.ts";
import type { StepRef } from "./run-events.ts";

/** The requests a run sends: each becomes one outbox row of the commit that decided on it. */

/** An agent that is away for weeks is told all the same. */
const noticeLifetimeMs = 30 * 24 * 3_600_000;
const cancelLifetimeMs = 600_000;

/** The body of a step's request; throws what the definition's callback throws. */
export function stepBody(draft: RunDraft, id: StepId): Json {
  if (id === "route") {
    const workflows = newestWorkflows(draft.around.definitions).map(
      ({ id, version, description, examples }) => ({ id, version, description, examples }),
    );
    const text = requiredContent(draft, "route", "request");
    return asJson({ skill: "route", input: { text, dialogue: dialogueOf(draft), workflows } });
  }
  const step = stepOf(draft, id);
  const { serial } = draft.around.trust;
  if (step.kind === "approval") {
    const plan = requiredContent(draft, id, "plan");
    return asJson({ skill: "sign-decision", input: { plan, evidence: decidingEvidence(draft, id) } });
  }
  if (step.kind !== "call") {
    throw new AppError("unknown-step", `step "${id}" is done in the bot and sends no request`);
  }
  return step.with === null
    ? asJson({ skill: step.skill, mandate: mandateFor(draft, step.planned) })
    : asJson({ skill: step.skill, input: step.with(contextOf(draft, step, serial)) });
}

/** The evidence of the verdicts that ended an approval: all approvals, or the one verdict that was enough alone. */
function decidingEvidence(draft: RunDraft, step: StepId): readonly Json[] {
  const { revision } = draft.run;
  const approval = approvalAt(draft, { step, revision });
  const ending = approval === undefined ? [] : endingVerdicts(approval);
  const kept = approval?.decisions ?? [];
  // Without a number where it was recorded before approvals could take several.
  const names = kept.length === 0 ? ["evidence"] : ending.map((each) => `evidence:${kept.indexOf(each) + 1}`);
  return names.map((name) => requiredContent(draft, step, name));
}

function mandateFor(draft: RunDraft, { id, mandate }: PlannedStep): Mandate {
  if (mandate === null) {
    throw new AppError("unknown-step", `step "${id}" has no mandate`);
  }
  const { gate, attestations } = mandate;
  // What was signed was parsed by the output schemas of the skills that signed it, before it was stored.
  const signed = (step: StepId): unknown => requiredOutput(draft, step);
  return {
    plan: z.string().parse(requiredContent(draft, gate, "plan")),
    attestations: attestations.map(signed) as Mandate["attestations"],
    // One alone in runs that were decided before approvals could take several.
    decisions: [signed(gate)].flat() as Mandate["decisions"],
  };
}

/** Puts a request into the outbox; it is sent again until its result or error is applied or it has expired. */
export function sendRequest(
  draft: RunDraft,
  to: AgentId,
  ref: StepRef,
  body: Json,
  o: { readonly delayMs: number; readonly timeoutMs: number; readonly fencing?: number },
): void {
  const dueAt = draft.around.now + o.delayMs;
  const subject = { run: draft.run.id, ...ref };
  const token = o.fencing === undefined ? {} : { fencing: o.fencing };
  const marked = isShadow(draft) ? asJson({ ...(body as object), shadow: true }) : body;
  draft.send({ to, kind: "request", subject, body: marked, dueAt, expiresAt: dueAt + o.timeoutMs, ...token });
}

/** Takes a request back; the agent is told to stop, which it answers with the request's result or error. */
export function cancelRequest(draft: RunDraft, to: AgentId, ref: StepRef): void {
  const subject: MessageSubject = { run: draft.run.id, ...ref };
  const dueAt = draft.around.now;
  draft.close(rowId("request", subject));
  draft.send({ to, kind: "cancel", subject, body: {}, dueAt, expiresAt: dueAt + cancelLifetimeMs });
}

/** The agent a subject's step was sent to: "undo-", "triage-" and "status-" name the engine's own requests. */
export function agentOf(draft: RunDraft, subjectStep: StepId): AgentId | null {
  const { definition } = draft;
  if (subjectStep.startsWith("status-")) {
    return definition?.onStatus?.agent.id ?? null;
  }
  if (subjectStep.startsWith("triage-")) {
    return definition?.onFailure?.agent.id ?? null;
  }
  const id = subjectStep.replace(/^undo-/, "");
  return planOf(definition).find((each) => each.id === id)?.agent ?? null;
}

/** Tells the workflow's onStatus skill of the run's new status; one-way: nobody waits for its answer. */
export function sendNotice(draft: RunDraft): void {
  const hook = draft.definition?.onStatus;
  if (draft.notice === null || hook === undefined || hook === null) {
    return;
  }
  const { status, reason } = draft.notice;
  const run = runFacts(draft, draft.around.trust.serial, draft.around.now);
  const context = { input: inputOf(draft), outputs: outputsOf(draft), run, status, reason };
  const body = asJson({ skill: hook.skill, input: hook.with(context) });
  const ref = { step: `status-${status}`, revision: draft.run.revision, attempt: draft.nextVersion };
  // Each notice is an effect of its own, counted by its attempt: whoever had an earlier one is not to be refused.
  const fencing = 1;
  sendRequest(draft, hook.agent.id, ref, body, { delayMs: 0, timeoutMs: noticeLifetimeMs, fencing });
}
