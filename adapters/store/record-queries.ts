import type { Approval, RunId, ThreadId } from "../../src/domain.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";

/** The longer questions to the record, answered with rows. */

/** Newest first. */
export async function newestRuns(
  database: Database<RecordTables>,
  o: { readonly limit: number; readonly open?: boolean; readonly person?: string },
): Promise<readonly RecordTables["runs"][]> {
  return database.read((db) => {
    let query = db.selectFrom("runs").selectAll().orderBy("created_at", "desc").orderBy("id").limit(o.limit);
    if (o.open !== undefined) {
      query = query.where("status", o.open ? "in" : "not in", ["running", "waiting", "compensating"]);
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

/** Oldest first. */
export async function oldestApprovals(
  database: Database<RecordTables>,
  o: { readonly status?: Approval["status"]; readonly run?: RunId },
): Promise<readonly RecordTables["approvals"][]> {
  return database.read((db) => {
    let query = db.selectFrom("approvals").selectAll().orderBy("created_at").orderBy("id");
    if (o.status !== undefined) {
      query = query.where("status", "=", o.status);
    }
    if (o.run !== undefined) {
      query = query.where("run", "=", o.run);
    }
    return query.execute();
  });
}
