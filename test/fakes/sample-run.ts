import type { Approval, Run, StepState } from "../../src/domain.ts";
import type { MessageSubject } from "../../src/link-types.ts";
import type { OutboxRow, RunCommit } from "../../src/record-types.ts";

/** Small valid nouns for tests; what matters to a test is given as the change. */

export const sampleTime = Date.UTC(2026, 0, 5, 9);

export function sampleStep(change: Partial<StepState> = {}): StepState {
  return {
    id: "route",
    status: "queued",
    attempt: 1,
    dispatch: 1,
    startedAt: null,
    endedAt: null,
    dueAt: sampleTime,
    error: null,
    ...change,
  };
}

export function sampleRun(id: string, change: Partial<Run> = {}): Run {
  return {
    id,
    workflow: null,
    revision: 1,
    version: 0,
    status: "running",
    reason: null,
    error: null,
    requester: "employee",
    thread: `console:${id}`,
    createdAt: sampleTime,
    updatedAt: sampleTime,
    steps: [sampleStep()],
    ...change,
  };
}

/** The commit that brings `run` in, over the version that it names. */
export function sampleCommit(run: Run, change: Partial<RunCommit> = {}): RunCommit {
  return { run, expectedVersion: run.version, journal: [], ...change };
}

export function sampleSubject(run: string, change: Partial<MessageSubject> = {}): MessageSubject {
  return { run, revision: 1, step: "route", attempt: 1, ...change };
}

export function sampleOutbox(run: string, change: Partial<OutboxRow> = {}): OutboxRow {
  return {
    id: `request-${run}-1-route-1`,
    to: "router",
    kind: "request",
    subject: sampleSubject(run),
    body: { skill: "route", input: { text: "50 widgets" } },
    dueAt: sampleTime,
    tries: 0,
    expiresAt: sampleTime + 60_000,
    ...change,
  };
}

export function sampleApproval(run: string, change: Partial<Approval> = {}): Approval {
  return {
    id: `approval-${run}`,
    run,
    revision: 1,
    step: "gate",
    action: "order",
    planHash: "ab".repeat(32),
    status: "open",
    requester: "employee",
    createdAt: sampleTime,
    expiresAt: sampleTime + 72 * 3_600_000,
    tier: "standard",
    quorum: 1,
    decisions: [],
    notices: 0,
    escalatedAt: null,
    decision: null,
    ...change,
  };
}
