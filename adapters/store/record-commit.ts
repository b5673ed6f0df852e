import { AppError } from "../../src/errors.ts";
import type { RunId } from "../../src/domain.ts";
import type { OutboxRow, RunCommit } from "../../src/record-types.ts";
import type { SealBody } from "./journal-store.ts";
import { contentPlace } from "./record-contents.ts";
import { assignmentsOf } from "./record-instances.ts";
import { outboxRow } from "./record-outbox.ts";
import { sealRunIdentity } from "./record-identity.ts";
import { approvalRow, runRow } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import { noRun, type RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** Ends a unit without keeping anything of it; what the caller returns instead. */
export class Abandoned extends Error {
  readonly outcome: "stale" | "duplicate" | "fenced";

  constructor(outcome: "stale" | "duplicate" | "fenced") {
    super(outcome);
    this.outcome = outcome;
  }
}

/** The rows of one commit, sealed; see `record-batch.ts`. */
export interface CommitRows {
  readonly commit: RunCommit;
  /** The run's. */
  readonly key: RunKey;
  readonly now: number;
  /** Of a new run. */
  readonly created: {
    readonly run: RecordTables["runs"];
    readonly runKey: RecordTables["run_keys"];
  } | null;
  readonly run: ReturnType<typeof runRow>;
  readonly request: RecordTables["requests"] | null;
  readonly inbox: RecordTables["inbox"] | null;
  /** The token under which the message was sent that this applies. */
  readonly fence: Pick<RecordTables["assignments"], "run" | "revision" | "step" | "token"> | null;
  readonly contents: readonly RecordTables["contents"][];
  readonly outbox: readonly RecordTables["outbox"][];
  readonly assignments: readonly RecordTables["assignments"][];
  readonly approvals: readonly RecordTables["approvals"][];
}

/** Seals a commit; `created` where its run is new. */
export function rowsOf(
  commit: RunCommit,
  o: {
    readonly key: RunKey;
    readonly now: number;
    readonly created?: { readonly requestKey: string; readonly runKey: RecordTables["run_keys"] };
  },
): CommitRows {
  assertOneRun(commit);
  const { key, now, created } = o;
  const { inbox, fencing } = commit;
  const row = runRow(commit.run, commit.expectedVersion + 1, key);
  const requestKey = created?.requestKey ?? commit.requestKey;
  return {
    commit,
    key,
    now,
    run: row,
    created:
      created === undefined
        ? null
        : { run: newRunRow(row, commit.run, created.requestKey, key), runKey: created.runKey },
    request:
      requestKey === undefined
        ? null
        : { key: requestKey, run: commit.run.id, withdrawn: null, withdrawn_at: null },
    inbox: inbox === undefined ? null : { ...inbox.subject, sender: inbox.sender, kind: inbox.kind, at: now },
    fence: inbox === undefined || fencing === undefined ? null : { ...inbox.subject, token: fencing },
    contents: (commit.contents ?? []).map(({ value, ...id }) => ({
      ...id,
      value: key.seal(contentPlace(id), value),
    })),
    outbox: (commit.outbox ?? []).map((each) => outboxRow(each, { key, now, text: textOf(each, commit) })),
    assignments: assignmentsOf(commit.outbox ?? []),
    approvals: (commit.approvals ?? []).map((each) => approvalRow(each, key)),
  };
}

/** The text of the same commit that a message's body is, if it is one. */
function textOf({ subject, body }: OutboxRow, { contents = [] }: RunCommit): string | undefined {
  return contents.find(
    ({ step, revision, value }) => value === body && step === subject.step && revision === subject.revision,
  )?.name;
}

function newRunRow(
  row: ReturnType<typeof runRow>,
  run: RunCommit["run"],
  requestKey: string,
  key: RunKey,
): RecordTables["runs"] {
  return {
    ...row,
    requester: run.requester,
    thread: run.thread,
    identity: sealRunIdentity(run, requestKey, key),
    created_at: run.createdAt,
  };
}

/** Somebody's answer or decision, who waits for it, as does the platform they gave it on. */
export function isByPerson({ requestKey, approvals = [] }: RunCommit): boolean {
  return (
    requestKey !== undefined ||
    approvals.some(
      ({ status, decisions }) => status === "recorded" || (status === "open" && decisions.length > 0),
    )
  );
}

function assertOneRun(commit: RunCommit): void {
  const runs = [
    ...(commit.contents ?? []).map((each) => each.run),
    ...(commit.outbox ?? []).map((each) => each.subject.run),
    ...(commit.approvals ?? []).map((each) => each.run),
    ...commit.journal.map((each) => each.run ?? commit.run.id),
  ];
  const other = runs.find((run) => run !== commit.run.id);
  if (other !== undefined) {
    throw new AppError("bad-commit", `commit of run "${commit.run.id}" also writes for run "${other}"`);
  }
}

/** Seals journal bodies under the key of the run they belong to. */
export function sealBody(keys: ReadonlyMap<RunId, RunKey>): SealBody {
  return (row, entry) => {
    const key = keys.get(entry.run ?? noRun);
    if (key === undefined) {
      throw new AppError("internal", `no key was made ready for journal entries of run "${entry.run}"`);
    }
    return key.seal(journalPlace(row), entry.body ?? null);
  };
}

/** Where the body of a journal record stands. */
export function journalPlace(row: string): SealPlace {
  return { table: "journal", row, column: "body", version: 1 };
}
