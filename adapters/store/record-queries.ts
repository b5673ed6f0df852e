import { type Kysely, sql } from "kysely";
import { bearableMs, farLookMs } from "../../src/clock-ahead.ts";
import type { RunId, ThreadId } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import type { AgentTraffic, ContentFilter, OpenWorkflow } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { isOpen } from "./record-progress.ts";
import type { OfRun } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";

/** The longer questions to the record, answered with rows. */

/** Newest first. */
export async function newestRuns(
  database: Database<RecordTables>,
  o: Parameters<Store["listRuns"]>[0],
): Promise<readonly RecordTables["runs"][]> {
  return database.read((db) => {
    let query = db.selectFrom("runs").selectAll().orderBy("created_at", "desc").orderBy("id").limit(o.limit);
    if (o.open !== undefined) {
      query = query.where("status", o.open ? "in" : "not in", ["running", "waiting", "compensating"]);
    }
    if (o.stuck === true) {
      query = query.where("stuck", ">", 0);
    }
    if (o.person !== undefined) {
      query = query.where("requester", "=", o.person);
    }
    return query.execute();
  });
}

/** Waiting runs of a thread with the steps that asked a question not yet answered, newest first. */
export async function askingRuns(
  database: Database<RecordTables>,
  thread: ThreadId,
): Promise<readonly (RecordTables["runs"] & { readonly asked: string })[]> {
  return database.read((db) =>
    db
      .selectFrom("runs")
      .innerJoin("contents as question", "question.run", "runs.id")
      .selectAll("runs")
      .select("question.step as asked")
      .where("runs.thread", "=", thread)
      .where("runs.status", "=", "waiting")
      .where("question.name", "like", "question:%")
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("contents as answer")
              .select("answer.run")
              .whereRef("answer.run", "=", "question.run")
              .whereRef("answer.revision", "=", "question.revision")
              .whereRef("answer.step", "=", "question.step")
              .where(
                "answer.name",
                "=",
                eb.fn<string>("replace", ["question.name", eb.val("question:"), eb.val("answer:")]),
              ),
          ),
        ),
      )
      .orderBy("runs.created_at", "desc")
      .execute(),
  );
}

/** Open runs with a step due, oldest first; then those that a clock which was ahead has put off. */
export async function dueRuns(
  database: Database<RecordTables>,
  now: number,
  limit: number,
): Promise<readonly RunId[]> {
  const rows = await database.read(async (db) => {
    const inOrder = db.selectFrom("runs").select("id").orderBy("due_at").orderBy("id").limit(limit);
    const due = await inOrder.where("due_at", "is not", null).where("due_at", "<=", now).execute();
    const ahead = await inOrder
      .where("due_at", ">", now + farLookMs)
      .where("updated_at", ">", now + bearableMs)
      .execute();
    return [...due, ...ahead].slice(0, limit);
  });
  return rows.map((row) => row.id);
}

/** The definitions that open runs need, each with one of the runs. */
export async function openWorkflows(database: Database<RecordTables>): Promise<readonly OpenWorkflow[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom("runs")
      .select(["workflow_id", "workflow_version", "workflow_structure"])
      .select((eb) => eb.fn.min("id").as("run"))
      // Open runs, and only those, have a time: this is the partial index.
      .where("due_at", "is not", null)
      .groupBy(["workflow_id", "workflow_version", "workflow_structure"])
      .execute(),
  );
  return rows.flatMap(({ run, workflow_id: id, workflow_version: version, workflow_structure: structure }) =>
    id === null || version === null || structure === null
      ? []
      : [{ run, workflow: { id, version, structure } }],
  );
}

/** Open requests by recipient, and answers since a time by sender. */
export async function traffic(database: Database<RecordTables>, since: number): Promise<AgentTraffic> {
  const [open, heard] = await database.read((db) =>
    Promise.all([
      db
        .selectFrom("outbox")
        .select((eb) => [
          "recipient",
          eb.fn.countAll<number>().as("open"),
          eb.fn.min("created_at").as("since"),
        ])
        .where("closed_at", "is", null)
        .where("kind", "=", "request")
        .groupBy("recipient")
        .execute(),
      db
        .selectFrom("inbox")
        .select((eb) => ["sender", "kind", eb.fn.countAll<number>().as("count"), eb.fn.max("at").as("at")])
        .where("at", ">=", since)
        .groupBy(["sender", "kind"])
        .execute(),
    ]),
  );
  const bySender: Record<string, { at: number; errors: number }> = {};
  for (const { sender, kind, count, at } of heard) {
    const known = bySender[sender] ?? { at, errors: 0 };
    bySender[sender] = {
      at: Math.max(known.at, at),
      errors: known.errors + (kind === "error" ? count : 0),
    };
  }
  return {
    waiting: Object.fromEntries(
      open.map(({ recipient, ...row }) => [recipient, { open: row.open, since: row.since }]),
    ),
    heard: bySender,
  };
}

/** A run's texts, all or the wanted ones, in order. */
export async function contentRows(
  database: Database<RecordTables>,
  run: RunId,
  wanted: ContentFilter | undefined,
): Promise<readonly RecordTables["contents"][]> {
  return database.read((db) => {
    let query = db.selectFrom("contents").selectAll().where("run", "=", run);
    if (wanted !== undefined) {
      query = query.where((eb) =>
        eb.or(
          wanted.map(({ step, name }) =>
            eb.and([
              name.endsWith(":") ? eb("name", "like", `${name}%`) : eb("name", "=", name),
              ...(step === undefined ? [] : [eb("step", "=", step)]),
            ]),
          ),
        ),
      );
    }
    return query.orderBy("revision").orderBy("step").orderBy("name").execute();
  });
}

/** The sealed requests of runs. */
export async function requestRows(
  database: Database<RecordTables>,
  runs: readonly RunId[],
): Promise<readonly RecordTables["contents"][]> {
  return runs.length === 0
    ? []
    : database.read((db) =>
        db
          .selectFrom("contents")
          .selectAll()
          .where("run", "in", runs)
          .where("revision", "=", 1)
          .where("step", "=", "route")
          .where("name", "=", "request")
          .execute(),
      );
}

function approvalsOfRuns(db: Kysely<RecordTables>) {
  return db
    .selectFrom("approvals")
    .innerJoin("runs", "runs.id", "approvals.run")
    .selectAll("approvals")
    .select(["runs.requester", "runs.thread", "runs.identity as run_identity"]);
}
export async function runRow(database: Database<RecordTables>, id: string) {
  return database.read((db) => db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst());
}
/** Never brings it forward. */
export async function postponeRun(
  database: Database<RecordTables>,
  id: string,
  dueAt: number,
): Promise<void> {
  await database.unit((tx) =>
    tx.updateTable("runs").set({ due_at: dueAt }).where("id", "=", id).where("due_at", "<", dueAt).execute(),
  );
}
export async function approvalRow(
  database: Database<RecordTables>,
  id: string,
): Promise<OfRun<"approvals"> | undefined> {
  const row = await database.read((db) =>
    approvalsOfRuns(db).where("approvals.id", "=", id).executeTakeFirst(),
  );
  return row === undefined ? undefined : ofRun(row);
}
/** Oldest first; with `limit` the newest. */
/** As the index `approvals_alone` says it; the ending verdict is canonical JSON. */
const decidedAlone = sql<boolean>`approvals.decision like '%"brokeGlass":true%'`;

export async function oldestApprovals(
  database: Database<RecordTables>,
  o: Parameters<Store["approvals"]>[0],
): Promise<readonly OfRun<"approvals">[]> {
  const rows = await database.read((db) => {
    let query = approvalsOfRuns(db).orderBy("approvals.created_at", "desc").orderBy("approvals.id", "desc");
    if (o.open !== undefined) {
      query = query.where("approvals.status", o.open ? "=" : "<>", "open");
    }
    if (o.run !== undefined) {
      query = query.where("approvals.run", "=", o.run);
    }
    if (o.requester !== undefined) {
      query = query.where("runs.requester", "=", o.requester);
    }
    if (o.alone === true) {
      query = query.where(decidedAlone);
    }
    return (o.limit === undefined ? query : query.limit(o.limit)).execute();
  });
  return rows.map((row) => ofRun<"approvals">(row)).toReversed();
}

export async function countOpen(
  database: Database<RecordTables>,
): Promise<{ readonly openRuns: number; readonly openApprovals: number }> {
  const [runs, approvals] = await database.read((db) =>
    Promise.all([
      db
        .selectFrom("runs")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where(isOpen)
        .executeTakeFirstOrThrow(),
      db
        .selectFrom("approvals")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("status", "=", "open")
        .executeTakeFirstOrThrow(),
    ]),
  );
  return { openRuns: runs.count, openApprovals: approvals.count };
}

type WithRun<T extends "approvals" | "cards"> = RecordTables[T] & {
  readonly requester: string;
  readonly thread: string;
  readonly run_identity: Uint8Array;
};
/** The two rows of a join. */
export function ofRun<T extends "approvals" | "cards">(joined: WithRun<T>): OfRun<T> {
  const { requester, thread, run_identity: identity } = joined;
  return { row: joined, run: { id: joined.run, requester, thread, identity } };
}
