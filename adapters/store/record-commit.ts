import type { Kysely } from "kysely";
import { canonicalJson } from "../../src/canonical.ts";
import { AppError } from "../../src/errors.ts";
import type { RunId } from "../../src/domain.ts";
import type { Content, RunCommit } from "../../src/record-types.ts";
import type { SealBody } from "./journal-store.ts";
import type { Opening } from "./open-rows.ts";
import { changeCards } from "./record-cards.ts";
import { keepAssignment } from "./record-instances.ts";
import { closeOutbox, outboxRow } from "./record-outbox.ts";
import { sealRunIdentity } from "./record-identity.ts";
import { approvalRow, runRow } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

type Tx = Kysely<RecordTables>;

/** Ends a unit without keeping anything of it; what the caller returns instead. */
export class Abandoned extends Error {
  readonly outcome: "stale" | "duplicate";

  constructor(outcome: "stale" | "duplicate") {
    super(outcome);
    this.outcome = outcome;
  }
}

/** What a commit needs besides its content. */
interface CommitContext {
  /** The run's. */
  readonly key: RunKey;
  readonly now: number;
}

/** Writes a new run and all that comes with it but the journal; throws `Abandoned` when the request key is taken. */
export async function writeNewRun(
  tx: Tx,
  commit: RunCommit,
  o: {
    readonly requestKey: string;
    readonly storeKey: (tx: Tx) => Promise<void>;
    readonly context: CommitContext;
  },
): Promise<void> {
  assertOneRun(commit);
  const { run } = commit;
  const { requestKey, context } = o;
  const { key } = context;
  const row = {
    ...runRow(run, commit.expectedVersion + 1, key),
    requester: run.requester,
    thread: run.thread,
    identity: sealRunIdentity(run, requestKey, key),
    created_at: run.createdAt,
  };
  // Sent together and judged together, as below.
  const [request, ...others] = await Promise.allSettled([
    takeRequestKey(tx, run.id, requestKey),
    o.storeKey(tx),
    tx.insertInto("runs").values(row).execute(),
    writeParts(tx, commit, context),
  ]);
  if (!valueOf(request)) {
    throw new Abandoned("duplicate");
  }
  for (const other of others) {
    valueOf<unknown>(other);
  }
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

/** Writes the next state of a run and all that comes with it but the journal; throws `Abandoned` where it must not. */
export async function writeNextRun(tx: Tx, commit: RunCommit, context: CommitContext): Promise<void> {
  assertOneRun(commit);
  const row = runRow(commit.run, commit.expectedVersion + 1, context.key);
  // Sent together and judged together: on SQLite the way to the database's thread costs more than the statements.
  const [inbox, request, update, parts] = await Promise.allSettled([
    takeInboxKey(tx, commit, context.now),
    takeRequestKey(tx, commit.run.id, commit.requestKey),
    tx
      .updateTable("runs")
      .set(row)
      .where("id", "=", commit.run.id)
      .where("version", "=", commit.expectedVersion)
      .executeTakeFirst(),
    writeParts(tx, commit, context),
  ]);
  if (!valueOf(inbox) || !valueOf(request)) {
    throw new Abandoned("duplicate");
  }
  if (valueOf(update).numUpdatedRows !== 1n) {
    throw new Abandoned("stale");
  }
  valueOf(parts);
}

/** What a write gave; fails as it failed. */
export function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") {
    throw result.reason;
  }
  return result.value;
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

/** The key of a chat message, taken once: true when there is none or it is this run's from now on. */
async function takeRequestKey(tx: Tx, run: RunId, key: string | undefined): Promise<boolean> {
  if (key === undefined) {
    return true;
  }
  const taken = await tx
    .insertInto("requests")
    .values({ key, run })
    .onConflict((conflict) => conflict.doNothing())
    .returning("run")
    .execute();
  return taken.length === 1;
}

async function takeInboxKey(tx: Tx, commit: RunCommit, now: number): Promise<boolean> {
  if (commit.inbox === undefined) {
    return true;
  }
  const { sender, kind, subject } = commit.inbox;
  const { run, revision, step, attempt } = subject;
  const taken = await tx
    .insertInto("inbox")
    .values({ sender, kind, run, revision, step, attempt, at: now })
    .onConflict((conflict) => conflict.doNothing())
    .returning("run")
    .execute();
  return taken.length === 1;
}

async function writeParts(tx: Tx, commit: RunCommit, context: CommitContext): Promise<void> {
  const { key, now } = context;
  const writes: Promise<unknown>[] = [writeContents(tx, commit.contents ?? [], key)];
  if (commit.outbox !== undefined && commit.outbox.length > 0) {
    writes.push(
      tx
        .insertInto("outbox")
        .values(commit.outbox.map((row) => outboxRow(row, key, now)))
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
      ...commit.outbox.map((row) => keepAssignment(tx, row)),
    );
  }
  writes.push(closeOutbox(tx, commit.closeOutbox ?? [], now));
  for (const approval of commit.approvals ?? []) {
    const row = approvalRow(approval, key);
    const { status, decision, progress } = row;
    writes.push(
      tx
        .insertInto("approvals")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ status, decision, progress }))
        .execute(),
    );
  }
  writes.push(changeCards(tx, commit, key));
  await Promise.all(writes);
}

async function writeContents(tx: Tx, contents: readonly Content[], key: RunKey): Promise<void> {
  if (contents.length === 0) {
    return;
  }
  const rows = contents.map(({ value, ...id }) => ({ ...id, value: key.seal(contentPlace(id), value) }));
  const written = await tx
    .insertInto("contents")
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning(["run", "revision", "step", "name"])
    .execute();
  // One commit may name a content twice: only the first of them was written.
  const fresh = new Set(written.map(contentName));
  for (const content of contents) {
    if (!fresh.delete(contentName(content))) {
      await assertSame(tx, content, key);
    }
  }
}

/** Contents are written once; the same again is harmless, anything else would rewrite history. */
async function assertSame(tx: Tx, content: Content, key: RunKey): Promise<void> {
  const { run, revision, step, name } = content;
  const row = await tx
    .selectFrom("contents")
    .select("value")
    .where("run", "=", run)
    .where("revision", "=", revision)
    .where("step", "=", step)
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  if (canonicalJson(key.open(contentPlace(content), row.value)) !== canonicalJson(content.value)) {
    throw new AppError("content-exists", `content ${contentName(content)} exists already with another value`);
  }
}

type ContentId = Omit<Content, "value">;
function contentPlace(content: ContentId): SealPlace {
  return { table: "contents", row: contentName(content), column: "value", version: 1 };
}
export const ofContents: Opening<RecordTables["contents"], Content> = {
  table: "contents",
  id: contentName,
  run: (row) => row.run,
  open: openContent,
};
export function openContent({ value, ...id }: RecordTables["contents"], key: RunKey): Content {
  return { ...id, value: key.open(contentPlace(id), value) };
}
function contentName({ run, revision, step, name }: ContentId): string {
  return `${run}/${revision}/${step}/${name}`;
}

/** Seals journal bodies under the key of the run they belong to. */
export function sealBody(keyOf: (run: string | null) => RunKey): SealBody {
  return (row, entry) =>
    keyOf(entry.run).seal({ table: "journal", row, column: "body", version: 1 }, entry.body ?? null);
}
