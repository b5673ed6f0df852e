import { sql } from "kysely";
import { z } from "zod";
import type { Database } from "../../../adapters/store/database.ts";
import { type MailboxTables, openMailboxDatabase } from "./mailbox-database.ts";

/** What one side's database says so far. */
export const judgementSchema = z.object({
  /** Lines on effects, and the messages they are on. */
  effects: z.number(),
  steps: z.number(),
  /** Effects of messages that were not as they were sent. */
  wrong: z.number(),
  /** Messages that wait for what closes them. */
  open: z.number(),
});
export type Judgement = z.infer<typeof judgementSchema>;

export async function judge(database: Database<MailboxTables>): Promise<Judgement> {
  return database.read(async (db) => {
    const { rows } = await sql`
      select count(*) as effects, count(distinct step) as steps, count(case when good = 1 then null else 1 end) as wrong,
        (select count(*) from agent_outbox where open = 1) as open
      from effects`.execute(db);
    return judgementSchema.parse(rows[0]);
  });
}

/** What both databases say when no process has them open any more. */
export interface Verdict {
  /** Messages without an effect, and answers that never came. */
  readonly lost: number;
  /** Messages with more than one effect, and answers taken more than once. */
  readonly doubled: number;
  /** Messages that came, or were answered, otherwise than they were sent. */
  readonly wrong: number;
  /** Of a run that was interrupted: messages that were still to be answered. */
  readonly unanswered: number;
}

/** `messages`: how many there must be; undefined for a run that was interrupted, which is judged by what was answered. */
export async function verdict(folder: string, messages: number | undefined): Promise<Verdict> {
  const [bot, supply] = [await readSide(folder, "bot"), await readSide(folder, "supply")];
  const unhandled = [...bot.steps].filter((step) => !supply.steps.has(step)).length;
  const lost =
    messages === undefined
      ? bot.closed - bot.steps.size + unhandled
      : 2 * messages - bot.steps.size - supply.steps.size + bot.open + supply.open;
  return {
    lost,
    doubled: bot.effects + supply.effects - bot.steps.size - supply.steps.size,
    wrong: bot.wrong + supply.wrong,
    unanswered: messages === undefined ? bot.open : 0,
  };
}

interface Side extends Omit<Judgement, "steps"> {
  readonly steps: ReadonlySet<string>;
  readonly closed: number;
}

async function readSide(folder: string, role: "bot" | "supply"): Promise<Side> {
  const database = await openMailboxDatabase(folder, role);
  try {
    const judged = await judge(database);
    const effects = await database.read((db) => db.selectFrom("effects").select("step").distinct().execute());
    const closed = await database.read((db) =>
      db.selectFrom("agent_outbox").select("id").where("open", "=", 0).execute(),
    );
    return { ...judged, steps: new Set(effects.map(({ step }) => step)), closed: closed.length };
  } finally {
    await database.close();
  }
}
