import type { Pool, PoolClient } from "pg";
import type { BatchStatement } from "./database.ts";
import { postgresError } from "./database-errors.ts";

/**
 * For the connection that makes batches: each statement is planned once, which costs more than making it, and so that rows
 * are found by their keys, however small the tables were then.
 */
export const batchSettings = {
  default_transaction_isolation: "read\\ committed",
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  jit: "off",
};

const divisionByZero = "22012";
interface Whole {
  /** Under which the server keeps it. */
  readonly name?: string;
  readonly text: string;
}
/** By their parts. Texts come from code, and few of their combinations occur. */
const kept = new Map<string, Whole>();
const mostKept = 100;

interface Connection {
  readonly client: Promise<PoolClient>;
  batches: number;
  broken: boolean;
}

/** Makes batches over one connection, in the order they are asked for, each sent without waiting for those before. */
export class PostgresBatches {
  /** Of one connection. */
  readonly #pool: Pool;
  readonly #place: string;
  /** While batches are under way. */
  #connection: Connection | null = null;

  constructor(pool: Pool, place: string) {
    this.#pool = pool;
    this.#place = place;
  }

  /**
   * All statements as one, which is a transaction of its own: one message there, one answer back. Where one does not
   * return as many rows as it must, it divides by zero, which undoes it.
   */
  async make(statements: readonly BatchStatement[]): Promise<"made" | "refused"> {
    const whole = wholeOf(statements);
    const values = [
      ...statements.flatMap(({ parameters }) => parameters),
      ...statements.flatMap(({ returns }) => returns ?? []),
    ];
    const connection = this.#take();
    try {
      const client = await connection.client;
      await client.query({ ...whole, values });
      return "made";
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === divisionByZero) {
        return "refused";
      }
      // Nobody knows in what state it is: the pool makes another one.
      connection.broken = true;
      throw postgresError(error, this.#place);
    } finally {
      this.#leave(connection);
    }
  }

  #take(): Connection {
    this.#connection ??= { client: this.#pool.connect(), batches: 0, broken: false };
    this.#connection.batches += 1;
    return this.#connection;
  }

  #leave(connection: Connection): void {
    connection.batches -= 1;
    const isDone = connection.batches === 0;
    if (this.#connection === connection && (isDone || connection.broken)) {
      this.#connection = null;
    }
    if (isDone) {
      connection.client.then(
        (client) => client.release(connection.broken),
        () => undefined,
      );
    }
  }
}

function wholeOf(statements: readonly BatchStatement[]): Whole {
  const key = statements.map(({ text, returns }) => `${text}${returns === undefined ? "" : "!"}`).join("\n");
  const known = kept.get(key);
  if (known !== undefined) {
    return known;
  }
  const text = composed(statements);
  if (kept.size >= mostKept) {
    return { text };
  }
  const whole = { name: `batch-${kept.size}`, text };
  kept.set(key, whole);
  return whole;
}

function composed(statements: readonly BatchStatement[]): string {
  let parameters = 0;
  const parts = statements.map(({ text, parameters: own }, index) => {
    const before = parameters;
    parameters += own.length;
    return `s${index} as (${text.replaceAll(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`)})`;
  });
  const conditions = statements.flatMap(({ returns }, index) => {
    if (returns === undefined) {
      return [];
    }
    parameters += 1;
    return [`(select count(*) from s${index}) = $${parameters}::bigint`];
  });
  const isMade = conditions.length === 0 ? "true" : conditions.join(" and ");
  return `with ${parts.join(", ")} select 1 / case when ${isMade} then 1 else 0 end`;
}
