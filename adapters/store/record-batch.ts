import type { Kysely } from "kysely";
import { canonicalJson } from "../../src/canonical.ts";
import { AppError } from "../../src/errors.ts";
import type { Content } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { insertRows, quoted, withList, withRows } from "./many-rows.ts";
import { changeCards } from "./record-cards.ts";
import { Abandoned, type CommitRows, contentName, openContent } from "./record-commit.ts";
import {
  approvalColumns,
  assignmentColumns,
  contentColumns,
  inboxColumns,
  outboxColumns,
  runColumns,
} from "./record-columns.ts";
import type { RecordTables } from "./record-schema.ts";

/** Writes many commits, each of another run, with few statements: one for each table. */

type Tx = Kysely<RecordTables>;
type Engine = Database<unknown>["engine"];
/** A commit that must not be made, or could not be, and why. */
type Failures = Map<CommitRows, unknown>;

/** Resolves with those that failed; the unit must then be undone, for the others are written. */
export async function writeRows(tx: Tx, engine: Engine, batch: readonly CommitRows[]): Promise<Failures> {
  const failures: Failures = new Map();
  const fail = (each: CommitRows, error: unknown): void => {
    failures.set(each, failures.get(each) ?? error);
  };
  // Sent together and judged together: the way to the database costs more than most statements.
  const results = await Promise.allSettled([
    // First: a message that is fenced and known already is fenced.
    checkFences(tx, engine, batch, fail),
    takeInboxKeys(tx, engine, batch, fail),
    takeRequestKeys(tx, engine, batch, fail),
    updateRuns(tx, engine, batch, fail),
    insertRuns(tx, engine, batch),
    writeContents(tx, engine, batch, fail),
    writeMessages(tx, engine, batch),
    writeApprovals(tx, engine, batch),
    changeCards(tx, engine, batch),
  ]);
  for (const result of results) {
    if (result.status === "rejected") {
      // Of a statement nobody knows whose row it was: each is tried alone.
      batch.forEach((each) => fail(each, result.reason));
    }
  }
  return failures;
}

type Fail = (each: CommitRows, error: unknown) => void;

async function takeInboxKeys(
  tx: Tx,
  engine: Engine,
  batch: readonly CommitRows[],
  fail: Fail,
): Promise<void> {
  const taken = await insertRows(tx, engine, "inbox", {
    columns: inboxColumns,
    rows: batch.flatMap(({ inbox }) => inbox ?? []),
    rest: "on conflict do nothing returning run",
  });
  const runs = new Set(taken.map(({ run }) => run));
  batch
    .filter(({ inbox }) => inbox !== null && !runs.has(inbox.run))
    .forEach((each) => fail(each, new Abandoned("duplicate")));
}

/** The key of a chat message is taken once. */
async function takeRequestKeys(
  tx: Tx,
  engine: Engine,
  batch: readonly CommitRows[],
  fail: Fail,
): Promise<void> {
  const taken = await insertRows(tx, engine, "requests", {
    columns: { key: true, run: true, withdrawn: true, withdrawn_at: true },
    rows: batch.flatMap(({ request }) => request ?? []),
    rest: "on conflict do nothing returning key, run",
  });
  const runs = new Map(taken.map(({ key, run }) => [key, run]));
  batch
    .filter(({ request }) => request !== null && runs.get(request.key) !== request.run)
    .forEach((each) => fail(each, new Abandoned("duplicate")));
}

/** Whoever was given a step later answers it: what an earlier one says is refused. */
async function checkFences(tx: Tx, engine: Engine, batch: readonly CommitRows[], fail: Fail): Promise<void> {
  const fenced = batch.filter(({ fence }) => fence !== null);
  const name = (row: Readonly<Record<string, unknown>>): string =>
    JSON.stringify([row["run"], row["revision"], row["step"]]);
  const found = await withRows(tx, engine, {
    columns: [
      ["run", "text"],
      ["revision", "bigint"],
      ["step", "text"],
    ],
    rows: fenced.flatMap(({ fence }) => fence ?? []),
    text: (values) =>
      `select run, revision, step, token from assignments where (run, revision, step) in (values ${values})`,
  });
  const tokens = new Map(found.map((row) => [name(row), Number(row["token"])]));
  fenced
    .filter(({ fence }) => fence !== null && fence.token < (tokens.get(name(fence)) ?? 0))
    .forEach((each) => fail(each, new Abandoned("fenced")));
}

/** What a run's row may change; of bytes there is no type that both engines call by one name: errors are written apart. */
const changing = {
  id: "text",
  version: "bigint",
  revision: "bigint",
  status: "text",
  reason: "text",
  paused: "bigint",
  held: "bigint",
  workflow_id: "text",
  workflow_version: "bigint",
  workflow_structure: "text",
  updated_at: "bigint",
  steps: "text",
  due_at: "bigint",
  stuck: "bigint",
} as const satisfies Record<Exclude<keyof CommitRows["run"], "errors">, "text" | "bigint">;
const typed = Object.entries(changing);
const changes = typed
  .filter(([name]) => name !== "id")
  .map(([name]) => `"${name}" = next."${name}"`)
  .join(", ");

/** Each run goes from the version it was read with to the next one, or is stale. */
async function updateRuns(tx: Tx, engine: Engine, batch: readonly CommitRows[], fail: Fail): Promise<void> {
  const known = batch.filter(({ created }) => created === null);
  const usual = known.filter(({ run }) => run.errors === null);
  const [together, ...alone] = await Promise.all([
    withRows(tx, engine, {
      columns: typed,
      rows: usual.map(({ run }) => run),
      text: (values) =>
        `with next (${quoted(typed)}) as (values ${values}) update runs set ${changes}, errors = null ` +
        `from next where runs.id = next.id and runs.version = next.version - 1 returning runs.id`,
    }),
    // Few runs have errors: bytes have no type that both engines call by one name.
    ...known
      .filter(({ run }) => run.errors !== null)
      .map(({ run }) =>
        tx
          .updateTable("runs")
          .set(run)
          .where("id", "=", run.id)
          .where("version", "=", run.version - 1)
          .returning("id")
          .execute(),
      ),
  ]);
  const updated = new Set([...together, ...alone.flat()].map(({ id }) => id));
  known.filter(({ run }) => !updated.has(run.id)).forEach((each) => fail(each, new Abandoned("stale")));
}

async function insertRuns(tx: Tx, engine: Engine, batch: readonly CommitRows[]): Promise<void> {
  const created = batch.flatMap((each) => each.created ?? []);
  await Promise.all([
    insertRows(tx, engine, "run_keys", {
      columns: { run: true, wrapped: true },
      rows: created.map(({ runKey }) => runKey),
      rest: "on conflict do nothing",
    }),
    insertRows(tx, engine, "runs", {
      columns: runColumns,
      rows: created.map(({ run }) => run),
    }),
  ]);
}

async function writeContents(
  tx: Tx,
  engine: Engine,
  batch: readonly CommitRows[],
  fail: Fail,
): Promise<void> {
  const written = await insertRows(tx, engine, "contents", {
    columns: contentColumns,
    rows: batch.flatMap(({ contents }) => contents),
    rest: "on conflict do nothing returning run, revision, step, name",
  });
  // One commit may name a content twice: only the first of them was written.
  const fresh = new Set(written.map((row) => contentName(row as unknown as Content)));
  for (const each of batch) {
    for (const content of each.commit.contents ?? []) {
      if (!fresh.delete(contentName(content))) {
        await assertSame(tx, content, each).catch((error: unknown) => fail(each, error));
      }
    }
  }
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

async function writeMessages(tx: Tx, engine: Engine, batch: readonly CommitRows[]): Promise<void> {
  await Promise.all([
    insertRows(tx, engine, "outbox", {
      columns: outboxColumns,
      rows: batch.flatMap(({ outbox }) => outbox),
      rest: "on conflict do nothing",
    }),
    insertRows(tx, engine, "assignments", {
      columns: assignmentColumns,
      rows: batch.flatMap(({ assignments }) => assignments),
      rest:
        "on conflict (run, revision, step) do update set instance = excluded.instance, token = excluded.token " +
        "where assignments.token < excluded.token",
    }),
    withList(tx, engine, {
      before: Math.max(...batch.map(({ now }) => now)),
      list: batch.flatMap(({ commit }) => commit.closeOutbox ?? []),
      text: (ids, now) => `update outbox set closed_at = ${now} where id in ${ids} and closed_at is null`,
    }),
  ]);
}

async function writeApprovals(tx: Tx, engine: Engine, batch: readonly CommitRows[]): Promise<void> {
  await insertRows(tx, engine, "approvals", {
    columns: approvalColumns,
    rows: batch.flatMap(({ approvals }) => approvals),
    rest: "on conflict (id) do update set status = excluded.status, decision = excluded.decision, progress = excluded.progress",
  });
}
