import type { PlannedStep, Run, StepState } from "../domain.ts";
import { beginCompensation, undoFailed, undone } from "./compensate.ts";
import { isAboutUndo, type UndoEvent, undoLater } from "./undo-later.ts";
import { due } from "./due.ts";
import { fail, giveUp } from "./failure.ts";
import {
  inTriage,
  irreversibleStarted,
  isDecided,
  isFinished,
  maxRevisions,
  pendingStep,
  waitsForPerson,
} from "./plan.ts";
import type { RunEffect, RunEvent } from "./run-events.ts";
import { lacksInstance, noInstance } from "../step-errors.ts";
import { admit, pause, queueStep, refOf, setStep } from "./turn.ts";
import type { Turn } from "./turn.ts";

/**
 * The heart: what a run becomes by an event, and what must be done about it. Pure. An event about another revision,
 * another attempt or a step that is past it changes nothing: the very same run is returned, without effects.
 * `plan` is the route step and, once routed, the workflow's; `now` is in milliseconds.
 */
export function advance(
  plan: readonly PlannedStep[],
  run: Run,
  event: RunEvent,
  now: number,
): { readonly run: Run; readonly effects: readonly RunEffect[] } {
  const turn: Turn = { plan, now, run, effects: [] };
  if (isAboutUndo(event)) {
    undoLater(turn, event);
  } else if (!isFinished(run.status)) {
    happen(turn, event);
  }
  if (turn.run === run) {
    return { run, effects: [] };
  }
  settle(turn);
  turn.run = { ...turn.run, updatedAt: now };
  const { status, reason } = turn.run;
  if (status !== run.status || event.type === "routed") {
    turn.effects.push({ type: "status-notice", status, reason });
  }
  if (status === "completed" || status === "failed" || status === "cancelled") {
    turn.effects.push({ type: "finish", status });
  }
  return { run: turn.run, effects: turn.effects };
}

function happen(turn: Turn, event: Exclude<RunEvent, UndoEvent>): void {
  if (event.type === "started") {
    const route = turn.run.steps.find((each) => each.id === "route");
    if (route?.status === "pending") {
      turn.run = event.held ? { ...turn.run, held: true } : turn.run;
      queueStep(turn, route, 1, 0);
    }
  } else if (event.type === "admitted") {
    admit(turn);
  } else if (event.type === "due") {
    due(turn);
  } else if (event.type === "cancel-requested") {
    cancel(turn);
  } else if (event.type === "pause-requested") {
    pause(turn, event.paused);
  } else {
    const state = turn.run.steps.find((each) => each.id === event.step);
    const planned = turn.plan.find((each) => each.id === event.step);
    if (state !== undefined && planned !== undefined && concerns(turn.run, event, state)) {
      stepHappens(turn, event, planned, state);
    }
  }
}

type StepEvent = Exclude<
  RunEvent,
  UndoEvent | { type: "started" | "admitted" | "due" | "cancel-requested" | "pause-requested" }
>;

/** Whether an event is about this very try; while a run compensates, only undos happen, and only then. */
function concerns(run: Run, event: StepEvent, state: StepState): boolean {
  if (event.revision !== run.revision || ("attempt" in event && event.attempt !== state.attempt)) {
    return false;
  }
  const undo = event.type === "compensated" || event.type === "compensation-failed";
  return undo ? state.status === "compensating" : run.status !== "compensating";
}

/** Tells of steps whether all that they need is done. */
function needsAreDone({ run }: Turn): (planned: PlannedStep) => boolean {
  const done = new Set(run.steps.filter(({ status }) => status === "completed").map(({ id }) => id));
  return ({ needs }) => needs.every((need) => done.has(need));
}

function stepHappens(turn: Turn, event: StepEvent, planned: PlannedStep, state: StepState): void {
  const sent = state.status === "waiting" && state.dispatch > 0;
  // In-bot work (compute, asking, opening an approval) is done while the step is queued without a dispatch.
  const inBot = state.status === "queued" && state.dispatch === 0;
  const { now } = turn;
  switch (event.type) {
    case "dispatched":
      // An attestation that it needs may be renewed meanwhile: then the sweeper comes back to it.
      if (state.status === "queued" && !inBot && turn.run.paused !== true && needsAreDone(turn)(planned)) {
        const startedAt = state.startedAt ?? now;
        setStep(turn, state.id, { status: "waiting", startedAt, dueAt: now + planned.timeoutMs });
      }
      return;
    case "unattended":
      if (sent && event.waits !== (state.error !== null && lacksInstance(state.error))) {
        setStep(turn, state.id, { error: event.waits ? noInstance(planned) : null });
      }
      return;
    case "routed":
      if (sent && turn.run.workflow === null && state.id === "route") {
        complete(turn, state);
        const rest = turn.plan.filter((each) => each.id !== "route").map((each) => pendingStep(each.id));
        turn.run = { ...turn.run, workflow: event.workflow, steps: [...turn.run.steps, ...rest] };
      }
      return;
    case "completed":
      if (
        planned.kind === "compute" ? inBot : sent && planned.kind === "call" && turn.run.workflow !== null
      ) {
        complete(turn, state);
      }
      return;
    case "failed":
      if (sent || inBot) {
        fail(turn, planned, state, event.error);
      }
      return;
    case "asked":
      if (planned.kind === "ask" ? inBot : sent && state.id === "route") {
        waitForPerson(turn, state, event.expiresAt);
      }
      return;
    case "answered":
      if (waitsForPerson(state) && planned.kind === "ask") {
        complete(turn, state);
      } else if (waitsForPerson(state) && state.id === "route") {
        queueStep(turn, state, state.attempt + 1, 0);
      }
      return;
    case "opened":
      if (inBot && planned.kind === "approval") {
        waitForPerson(turn, state, event.expiresAt);
        setStep(turn, state.id, { remindAt: event.remindAt });
      }
      return;
    case "recorded":
      if (waitsForPerson(state) && planned.kind === "approval" && (state.dueAt ?? 0) > now) {
        setStep(turn, state.id, { remindAt: [] });
        queueStep(turn, state, 1, 0);
      }
      return;
    case "decided":
      if (sent && planned.kind === "approval") {
        complete(turn, state);
        turn.effects.push({ type: "close-approval", status: "decided", ...refOf(turn, state) });
        if (event.verdict === "rejected") {
          turn.run = { ...turn.run, reason: "rejected" };
          beginCompensation(turn);
        }
      }
      return;
    case "triaged":
      if (inTriage(state) && event.action === "retry") {
        queueStep(turn, state, state.attempt + 1, event.delayMs);
      } else if (inTriage(state)) {
        giveUp(turn, state, state.error);
      }
      return;
    case "revised":
      if (inTriage(state)) {
        if (mayRevise(turn)) {
          beginCompensation(turn);
        } else {
          giveUp(turn, state, state.error);
        }
      }
      return;
    case "compensated":
      undone(turn, planned, state);
      return;
    case "compensation-failed":
      undoFailed(turn, planned, state, event.error);
  }
}

function mayRevise({ plan, run }: Turn): boolean {
  const late = irreversibleStarted(plan, run) || isDecided(plan, run);
  return run.workflow !== null && run.revision < maxRevisions && !late;
}

function complete(turn: Turn, state: StepState): void {
  const startedAt = state.startedAt ?? turn.now;
  setStep(turn, state.id, { status: "completed", startedAt, endedAt: turn.now, dueAt: null, error: null });
}

function waitForPerson(turn: Turn, state: StepState, expiresAt: number): void {
  const startedAt = state.startedAt ?? turn.now;
  setStep(turn, state.id, { status: "waiting", dispatch: 0, startedAt, dueAt: expiresAt });
}

function cancel(turn: Turn): void {
  const { run } = turn;
  const ending = run.reason !== null || run.error !== null;
  if (ending || irreversibleStarted(turn.plan, run)) {
    return;
  }
  turn.run = { ...run, reason: "requested" };
  if (run.status !== "compensating") {
    beginCompensation(turn);
  }
}

/** Queues what has become ready, completes the run when all is done, and says whom it waits for. */
function settle(turn: Turn): void {
  if (isFinished(turn.run.status) || turn.run.status === "compensating") {
    return;
  }
  const isReady = needsAreDone(turn);
  const plannedById = new Map(turn.plan.map((each) => [each.id, each]));
  for (const state of turn.run.steps) {
    const planned = plannedById.get(state.id);
    if (state.status === "pending" && planned !== undefined && isReady(planned)) {
      makeReady(turn, planned, state);
    }
  }
  const { steps, workflow } = turn.run;
  if (workflow !== null && steps.every((each) => each.status === "completed")) {
    turn.run = { ...turn.run, status: "completed" };
    return;
  }
  const busy = steps.some(
    (each) => each.status === "queued" || (each.status === "waiting" && each.dispatch > 0) || inTriage(each),
  );
  // An open question always shows; an open approval once nothing else is under way.
  const asked = steps.some((each) => waitsForPerson(each) && plannedById.get(each.id)?.kind !== "approval");
  const waiting = asked || (!busy && steps.some(waitsForPerson));
  turn.run = { ...turn.run, status: waiting ? "waiting" : "running" };
}

const inBotEffect = { compute: "compute", ask: "ask", approval: "open-approval" } as const;

function makeReady(turn: Turn, planned: PlannedStep, state: StepState): void {
  if (planned.kind === "call") {
    queueStep(turn, state, state.attempt + 1, 0);
    return;
  }
  setStep(turn, state.id, { status: "queued" });
  turn.effects.push({ type: inBotEffect[planned.kind], ...refOf(turn, state) });
}
