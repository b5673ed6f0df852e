import { z } from "zod";
import { canonicalJson } from "../../src/canonical.ts";
import {
  type Approval,
  type ErrorInfo,
  type Run,
  runStatuses,
  type StepState,
  stepStatuses,
} from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import { nextLook } from "../../src/next-look.ts";
import { stuckSteps } from "../../src/step-errors.ts";
import type { Opening } from "./open-rows.ts";
import {
  checkApprovalIdentity,
  type IdentityRow,
  openRunIdentity,
  sealApprovalIdentity,
} from "./record-identity.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** Rows of the record and the nouns they stand for. What was read is parsed: a damaged row is an error, not a run. */

const time = z.number().int();
const stepSchema = z.object({
  id: z.string(),
  status: z.enum(stepStatuses),
  attempt: z.number().int().default(0),
  waits: z.number().int().exactOptional(),
  dispatch: z.number().int().default(0),
  startedAt: time.nullable().default(null),
  endedAt: time.nullable().default(null),
  dueAt: time.nullable().default(null),
  remindAt: z.array(time).exactOptional(),
});
const errorSchema = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
const errorsSchema = z.object({ run: errorSchema.nullable(), steps: z.record(z.string(), errorSchema) });
type PlainError = z.infer<typeof errorSchema>;
const runSchema = z.object({
  status: z.enum(runStatuses),
  reason: z.enum(["rejected", "expired", "requested"]).nullable(),
  steps: z.array(stepSchema),
});
const decisionSchema = z.object({
  by: z.string(),
  insteadOf: z.string().exactOptional(),
  verdict: z.enum(["approved", "rejected"]),
  at: time,
  assurance: z.enum(["local", "clicked", "countersigned"]),
  adapter: z.string(),
  signedAt: z.string().exactOptional(),
  brokeGlass: z.literal(true).exactOptional(),
  standing: z.string().exactOptional(),
});
const progressSchema = z.object({
  tier: z.string().nullable(),
  quorum: z.number().int(),
  decisions: z.array(decisionSchema),
  notices: z.number().int(),
  escalatedAt: time.nullable(),
  editors: z.array(z.string()).exactOptional(),
});
/** Of an approval from before there were tiers: one person's verdict was enough. */
const noProgress: z.infer<typeof progressSchema> = {
  tier: null,
  quorum: 1,
  decisions: [],
  notices: 0,
  escalatedAt: null,
};

const openStatuses: ReadonlySet<Run["status"]> = new Set(["running", "waiting", "compensating"]);

/** What a run's first row has and no later one changes. */
type FixedColumn = "requester" | "thread" | "identity" | "created_at";

/** The changing part of the row for a run as it will be stored under `version`. */
export function runRow(run: Run, version: number, key: RunKey): Omit<RecordTables["runs"], FixedColumn> {
  const failed = run.steps.flatMap((step): [string, PlainError][] =>
    step.error === null ? [] : [[step.id, plainError(step.error)]],
  );
  const errors = run.error === null ? null : plainError(run.error);
  return {
    id: run.id,
    version,
    revision: run.revision,
    status: run.status,
    reason: run.reason,
    paused: run.paused === true ? 1 : 0,
    held: run.held === true ? 1 : 0,
    workflow_id: run.workflow?.id ?? null,
    workflow_version: run.workflow?.version ?? null,
    workflow_structure: run.workflow?.structure ?? null,
    updated_at: run.updatedAt,
    steps: JSON.stringify(run.steps.map(storedStep)),
    errors:
      errors === null && failed.length === 0
        ? null
        : key.seal(errorsPlace(run.id, version), { run: errors, steps: Object.fromEntries(failed) }),
    due_at: openStatuses.has(run.status) ? nextLook(run) : null,
    stuck: stuckSteps(run).length,
  };
}

/** Fails with "sealed-broken" when somebody else changed who it is for. */
function runFrom(row: RecordTables["runs"], key: RunKey): Run {
  const { requester, thread } = readable("runs", row.id, () => openRunIdentity(row, key));
  const parsed = readable("runs", row.id, () =>
    runSchema.parse({ ...row, steps: JSON.parse(row.steps) as unknown }),
  );
  const place = errorsPlace(row.id, row.version);
  const errors =
    row.errors === null
      ? null
      : readable("runs", row.id, () => errorsSchema.parse(key.open(place, row.errors ?? new Uint8Array())));
  return {
    id: row.id,
    workflow:
      row.workflow_id === null || row.workflow_version === null || row.workflow_structure === null
        ? null
        : { id: row.workflow_id, version: row.workflow_version, structure: row.workflow_structure },
    revision: row.revision,
    version: row.version,
    status: parsed.status,
    reason: parsed.reason,
    error: errors?.run ?? null,
    requester,
    thread,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.paused === 1 ? { paused: true as const } : {}),
    ...(row.held === 1 ? { held: true as const } : {}),
    steps: parsed.steps.map((state): StepState => ({ ...state, error: errors?.steps[state.id] ?? null })),
  };
}

/** Without what the schema adds again when it is read: it is written with every commit. Errors are sealed elsewhere. */
function storedStep(state: StepState): z.input<typeof stepSchema> {
  const { id, status, attempt, waits, dispatch, startedAt, endedAt, dueAt, remindAt } = state;
  return {
    id,
    status,
    ...(attempt === 0 ? {} : { attempt }),
    ...(waits === undefined ? {} : { waits }),
    ...(dispatch === 0 ? {} : { dispatch }),
    ...(startedAt === null ? {} : { startedAt }),
    ...(endedAt === null ? {} : { endedAt }),
    ...(dueAt === null ? {} : { dueAt }),
    ...(remindAt === undefined ? {} : { remindAt: [...remindAt] }),
  };
}

function errorsPlace(run: string, version: number): SealPlace {
  return { table: "runs", row: run, column: "errors", version };
}
/** Only what an error has to have: it becomes JSON. */
function plainError(error: ErrorInfo): PlainError {
  return { code: error.code, message: error.message, retryable: error.retryable };
}

export function approvalRow(approval: Approval, key: RunKey): RecordTables["approvals"] {
  return {
    id: approval.id,
    run: approval.run,
    revision: approval.revision,
    step: approval.step,
    action: approval.action,
    plan_hash: approval.planHash,
    status: approval.status,
    created_at: approval.createdAt,
    expires_at: approval.expiresAt,
    identity: sealApprovalIdentity(approval, key),
    decision: approval.decision === null ? null : canonicalJson(approval.decision),
    progress: canonicalJson(progressSchema.parse(approval)),
  };
}

/** A row of another table with what its run's row says about whom it is for. */
export interface OfRun<T extends "approvals" | "cards"> {
  readonly row: RecordTables[T];
  readonly run: IdentityRow;
}

const rowId = ({ id }: Pick<RecordTables["runs"], "id">): string => id;
export const ofRuns = { table: "runs", id: rowId, run: rowId, open: runFrom };

/** Each with the step that asks. */
export const ofAskingRuns = {
  ...ofRuns,
  open: ({ asked, ...row }: RecordTables["runs"] & { readonly asked: string }, key: RunKey) => ({
    asked,
    run: runFrom(row, key),
  }),
};

/** Fails with "sealed-broken" when somebody else changed what is up for approval, or who asked for it. */
export const ofApprovals: Opening<OfRun<"approvals">, Approval> = {
  table: "approvals",
  id: ({ row }) => row.id,
  run: ({ row }) => row.run,
  open: approvalFrom,
};
function approvalFrom({ row, run }: OfRun<"approvals">, key: RunKey): Approval {
  return readable("approvals", row.id, () => {
    const approval: Approval = {
      id: row.id,
      run: row.run,
      revision: row.revision,
      step: row.step,
      action: row.action,
      planHash: row.plan_hash,
      status: row.status,
      requester: openRunIdentity(run, key).requester,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      ...(row.progress === null ? noProgress : progressSchema.parse(JSON.parse(row.progress))),
      decision: decisionSchema.nullable().parse(JSON.parse(row.decision ?? "null")),
    };
    checkApprovalIdentity(approval, row.identity, key);
    return approval;
  });
}

/** What `parse` returns; fails with "data-corrupt" where a row is not as it was written. */
export function readable<T>(table: string, row: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof AppError) {
      throw cause;
    }
    throw new AppError("data-corrupt", `row "${row}" of table "${table}" is unreadable`, { cause });
  }
}
