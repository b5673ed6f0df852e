import { z } from "zod";
import { canonicalJson } from "../../src/canonical.ts";
import type { Approval, Json, PersonId, Run, ThreadId } from "../../src/domain.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import { sealedBroken, type SealPlace } from "./sealed.ts";

/**
 * What a run and an approval are for good: for whom, where, on what. It stands clear in their rows, to be looked up,
 * and sealed under the run's key: who can write to the database cannot make somebody else the requester, send the cards
 * to another thread, or put another plan up for approval.
 */

export interface RunIdentity {
  readonly requester: PersonId;
  readonly thread: ThreadId;
  /** The key of the chat message that asked for the run. */
  readonly key: string;
}
/** The columns of a run's row that say who it is for. */
export type IdentityRow = Pick<RecordTables["runs"], "id" | "requester" | "thread" | "identity">;

const runIdentity = z.strictObject({ requester: z.string(), thread: z.string(), key: z.string() });

export function sealRunIdentity(run: Run, requestKey: string, key: RunKey): Uint8Array {
  return key.seal(runPlace(run.id), { requester: run.requester, thread: run.thread, key: requestKey });
}

/** What was opened last under each run's key: it comes with every row of the run, and never changes. */
const opened = new WeakMap<RunKey, { readonly sealed: Uint8Array; readonly identity: SealedIdentity }>();
type SealedIdentity = z.infer<typeof runIdentity>;

function openIdentity(row: IdentityRow, key: RunKey): SealedIdentity {
  const known = opened.get(key);
  if (known !== undefined && Buffer.compare(known.sealed, row.identity) === 0) {
    return known.identity;
  }
  const identity = runIdentity.parse(key.open(runPlace(row.id), row.identity));
  opened.set(key, { sealed: row.identity, identity });
  return identity;
}

/** Fails with "sealed-broken" when a clear column says something else. */
export function openRunIdentity(row: IdentityRow, key: RunKey): RunIdentity {
  const place = runPlace(row.id);
  const identity = openIdentity(row, key);
  if (identity.requester !== row.requester || identity.thread !== row.thread) {
    throw sealedBroken(place);
  }
  return { ...identity, thread: row.thread as ThreadId };
}

type ApprovalIdentity = Omit<Approval, "id" | "status" | "decision">;

export function sealApprovalIdentity(approval: Approval, key: RunKey): Uint8Array {
  return key.seal(approvalPlace(approval.id), approvalIdentity(approval));
}

/** Fails with "sealed-broken" when the row or its run says something else than what was put up for approval. */
export function checkApprovalIdentity(approval: Approval, sealed: Uint8Array, key: RunKey): void {
  const place = approvalPlace(approval.id);
  if (canonicalJson(key.open(place, sealed)) !== canonicalJson(approvalIdentity(approval))) {
    throw sealedBroken(place);
  }
}
function approvalIdentity(approval: ApprovalIdentity): Json {
  const { run, revision, step, action, planHash, requester, createdAt, expiresAt } = approval;
  return { run, revision, step, action, planHash, requester, createdAt, expiresAt };
}

function runPlace(run: string): SealPlace {
  return { table: "runs", row: run, column: "identity", version: 1 };
}
function approvalPlace(approval: string): SealPlace {
  return { table: "approvals", row: approval, column: "identity", version: 1 };
}
