import type { Kysely } from "kysely";
import { canonicalJson } from "../../src/canonical.ts";
import { AppError } from "../../src/errors.ts";
import type { Content } from "../../src/record-types.ts";
import type { BatchStatement, Database } from "./database.ts";
import { insertion, quoted, runStatement, statementOver } from "./many-rows.ts";
import { cardStatements } from "./record-cards.ts";
import {
  approvalColumns,
  assignmentColumns,
  contentColumns,
  inboxColumns,
  outboxColumns,
  requestColumns,
  runColumns,
  runKeyColumns,
} from "./record-columns.ts";
import { Abandoned, type CommitRows } from "./record-commit.ts";
import { contentName, openContent } from "./record-contents.ts";
import type { RecordTables } from "./record-schema.ts";

/** Many commits, each of another run, as few statements: one for each table. */

type Tx = Kysely<RecordTables>;
type Engine = Database<unknown>["engine"];
type Row = Readonly<Record<string, unknown>>;
/** A commit that must not be made, or could not be, and why. */
type Failures = Map<CommitRows, unknown>;
type Fail = (each: CommitRows, error: unknown) => void;

interface GroupStatement extends BatchStatement {
  /** Finds, by what the statement returned, the commits that must not be made. */
  readonly judge?: (rows: readonly Row[], fail: Fail, tx: Tx) => Promise<void> | void;
}

/** Where each returns what it must, all commits may be made; else `writeRows` finds out which not. */
export function groupStatements(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  return [
    // First: a message that is fenced and known already is fenced.
    ...checkFences(engine, batch),
    ...takeInboxKeys(engine, batch),
    ...takeRequestKeys(engine, batch),
    ...updateRuns(engine, batch),
    ...insertRuns(engine, batch),
    ...writeContents(engine, batch),
    ...writeMessages(engine, batch),
    ...writeApprovals(engine, batch),
    ...cardStatements(engine, batch),
  ];
}

/** Resolves with those that failed; the unit must then be undone, for the others are written. */
export async function writeRows(tx: Tx, engine: Engine, batch: readonly CommitRows[]): Promise<Failures> {
  const failures: Failures = new Map();
  const fail: Fail = (each, error) => {
    failures.set(each, failures.get(each) ?? error);
  };
  const statements = groupStatements(engine, batch);
  const results = await Promise.allSettled(statements.map((each) => runStatement(tx, each)));
  for (const [index, result] of results.entries()) {
    if (result.status === "rejected") {
      // Of a statement nobody knows whose row it was: each is tried alone.
      batch.forEach((each) => fail(each, result.reason));
    } else {
      await statements[index]?.judge?.(result.value, fail, tx);
    }
  }
  return failures;
}

/** Whoever was given a step later answers it: what an earlier one says is refused. */
function checkFences(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const rows = batch.flatMap(({ fence }) => fence ?? []);
  const { instance: _any, ...columns } = assignmentColumns;
  if (rows.length === 0) {
    return [];
  }
  const text = (fences: string): string =>
    `with given (${quoted(columns)}) as (${fences}) select given.run from given join assignments as last ` +
    "on last.run = given.run and last.revision = given.revision and last.step = given.step where given.token < last.token";
  return [
    {
      ...statementOver(engine, columns, rows, text),
      returns: 0,
      judge(found, fail) {
        const fenced = new Set(found.map(({ run }) => run));
        batch.filter(({ run }) => fenced.has(run.id)).forEach((each) => fail(each, new Abandoned("fenced")));
      },
    },
  ];
}

function takeInboxKeys(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const rows = batch.flatMap(({ inbox }) => inbox ?? []);
  const rest = "on conflict do nothing returning run";
  return inserted(engine, "inbox", { columns: inboxColumns, rows, rest }, rows.length, (taken, fail) => {
    const runs = new Set(taken.map(({ run }) => run));
    batch
      .filter(({ inbox }) => inbox !== null && !runs.has(inbox.run))
      .forEach((each) => fail(each, new Abandoned("duplicate")));
  });
}

/** The key of a chat message is taken once. */
function takeRequestKeys(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const rows = batch.flatMap(({ request }) => request ?? []);
  const rest = "on conflict do nothing returning key, run";
  return inserted(engine, "requests", { columns: requestColumns, rows, rest }, rows.length, (taken, fail) => {
    const runs = new Map(taken.map(({ key, run }) => [key, run]));
    batch
      .filter(({ request }) => request !== null && runs.get(request.key) !== request.run)
      .forEach((each) => fail(each, new Abandoned("duplicate")));
  });
}

/** What a run's row may change. */
const {
  requester: _requester,
  thread: _thread,
  identity: _identity,
  created_at: _createdAt,
  ...changing
} = runColumns;
const changes = Object.keys(changing)
  .filter((name) => name !== "id")
  .map((name) => `"${name}" = next."${name}"`)
  .join(", ");

/** Each run goes from the version it was read with to the next one, or is stale. */
function updateRuns(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const known = batch.filter(({ created }) => created === null);
  if (known.length === 0) {
    return [];
  }
  const rows = known.map(({ run }) => run);
  const text = (runs: string): string =>
    `with next (${quoted(changing)}) as (${runs}) update runs set ${changes} from next ` +
    "where runs.id = next.id and runs.version = next.version - 1 returning runs.id";
  return [
    {
      ...statementOver(engine, changing, rows, text),
      returns: rows.length,
      judge(updated, fail) {
        const ids = new Set(updated.map(({ id }) => id));
        known.filter(({ run }) => !ids.has(run.id)).forEach((each) => fail(each, new Abandoned("stale")));
      },
    },
  ];
}

function insertRuns(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const created = batch.flatMap((each) => each.created ?? []);
  const keys = created.map(({ runKey }) => runKey);
  const runs = created.map(({ run }) => run);
  return [
    ...inserted(engine, "run_keys", { columns: runKeyColumns, rows: keys, rest: "on conflict do nothing" }),
    ...inserted(engine, "runs", { columns: runColumns, rows: runs }),
  ];
}

function writeContents(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const rows = batch.flatMap(({ contents }) => contents);
  const rest = "on conflict do nothing returning run, revision, step, name";
  const o = { columns: contentColumns, rows, rest };
  return inserted(engine, "contents", o, rows.length, async (written, fail, tx) => {
    // One commit may name a content twice: only the first of them was written.
    const fresh = new Set(written.map((row) => contentName(row as unknown as Content)));
    for (const each of batch) {
      for (const content of each.commit.contents ?? []) {
        if (!fresh.delete(contentName(content))) {
          await assertSame(tx, content, each).catch((error: unknown) => fail(each, error));
        }
      }
    }
  });
}

/** Contents are written once; the same again is harmless, anything else would rewrite history. */
async function assertSame(tx: Tx, content: Content, { key }: CommitRows): Promise<void> {
  const { run, revision, step, name } = content;
  const row = await tx
    .selectFrom("contents")
    .selectAll()
    .where("run", "=", run)
    .where("revision", "=", revision)
    .where("step", "=", step)
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  if (canonicalJson(openContent(row, key).value) !== canonicalJson(content.value)) {
    throw new AppError("content-exists", `content ${contentName(content)} exists already with another value`);
  }
}

const closedColumns = { id: "text", closed_at: "bigint" } as const;

function writeMessages(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const outbox = batch.flatMap((each) => each.outbox);
  const assignments = batch.flatMap((each) => each.assignments);
  const closed = batch.flatMap(({ commit, now }) =>
    (commit.closeOutbox ?? []).map((id) => ({ id, closed_at: now })),
  );
  // Not "… is null": that would look for them among all open rows, not by their ids.
  const close = (rows: string): string =>
    `with closed (${quoted(closedColumns)}) as (${rows}) update outbox ` +
    "set closed_at = coalesce(outbox.closed_at, closed.closed_at) from closed where outbox.id = closed.id";
  const newer =
    "on conflict (run, revision, step) do update set instance = excluded.instance, token = excluded.token " +
    "where assignments.token < excluded.token";
  return [
    ...inserted(engine, "outbox", { columns: outboxColumns, rows: outbox, rest: "on conflict do nothing" }),
    ...inserted(engine, "assignments", { columns: assignmentColumns, rows: assignments, rest: newer }),
    ...(closed.length === 0 ? [] : [statementOver(engine, closedColumns, closed, close)]),
  ];
}

function writeApprovals(engine: Engine, batch: readonly CommitRows[]): readonly GroupStatement[] {
  const rows = batch.flatMap(({ approvals }) => approvals);
  const rest =
    "on conflict (id) do update set status = excluded.status, decision = excluded.decision, progress = excluded.progress";
  return inserted(engine, "approvals", { columns: approvalColumns, rows, rest });
}

/** None without rows. */
function inserted<Table extends object>(
  engine: Engine,
  table: keyof RecordTables,
  o: Parameters<typeof insertion<Table>>[2],
  returns?: number,
  judge?: GroupStatement["judge"],
): readonly GroupStatement[] {
  if (o.rows.length === 0) {
    return [];
  }
  return [
    {
      ...insertion(engine, table, o),
      ...(returns === undefined ? {} : { returns }),
      ...(judge === undefined ? {} : { judge }),
    },
  ];
}
