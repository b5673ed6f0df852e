import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { StatementSync } from "node:sqlite";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { SqliteFailure } from "./database-errors.ts";
import { unpackBatch } from "./sqlite-batch.ts";
import type {
  SqliteBatch,
  SqliteClose,
  SqliteOpened,
  SqliteReply,
  SqliteRequest,
  SqliteWorkerData,
} from "./sqlite-protocol.ts";

/** The thread that owns one SQLite database: a writing and a reading connection, and the lock on its folder. */

const port = parentPort;
if (port === null) {
  throw new Error("sqlite-worker.ts runs as a worker thread only");
}
const statementsKept = 500;
/** Files up to this size are checked at every start (some 10 ms); larger ones by the errors of their use. */
const quickCheckBytes = 64 * 1024 * 1024;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const privateMode = 0o600;

class Connection {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly reads: boolean }>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }
  run(request: Pick<SqliteRequest, "sql" | "parameters">): {
    rows: readonly Record<string, unknown>[];
    changes: number | null;
  } {
    const { statement, reads } = this.#prepare(request.sql ?? "");
    if (reads) {
      return { rows: statement.all(...request.parameters), changes: null };
    }
    return { rows: [], changes: Number(statement.run(...request.parameters).changes) };
  }
  #prepare(sql: string): { readonly statement: StatementSync; readonly reads: boolean } {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      return known;
    }
    if (this.#statements.size >= statementsKept) {
      // Statement texts come from code, so this happens with generated lists only: start afresh.
      this.#statements.clear();
    }
    const statement = this.database.prepare(sql);
    const prepared = { statement, reads: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

const { folder, name } = workerData as SqliteWorkerData;
const opened: DatabaseSync[] = [];
try {
  const { write, read } = open();
  port.on("message", (message: readonly (SqliteRequest | SqliteBatch)[] | SqliteClose) => {
    if (message === "close") {
      closeAll();
      port.close();
      return;
    }
    port.postMessage(
      message.map((request) =>
        "statements" in request
          ? make(write, request)
          : answer(request.on === "write" ? write : read, request),
      ),
    );
  });
  port.postMessage({ failure: null } satisfies SqliteOpened);
} catch (error) {
  closeAll();
  port.postMessage({ failure: failureOf(error) } satisfies SqliteOpened);
  port.close();
}

function open(): { write: Connection; read: Connection } {
  // Held as long as this thread lives, free when the process dies, however it dies.
  const lock = keep(new DatabaseSync(join(folder, "lock.db"), { timeout: 0 }));
  chmodSync(join(folder, "lock.db"), privateMode);
  lock.exec("begin exclusive");
  const file = join(folder, `${name}.db`);
  const existed = existsSync(file);
  const write = keep(new DatabaseSync(file, { timeout: 0 }));
  // SQLite gives its other files (-wal, -shm) the mode of this one.
  chmodSync(file, privateMode);
  write.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
  if (existed && statSync(file).size <= quickCheckBytes) {
    const [result] = Object.values(write.prepare("pragma quick_check(1)").get() ?? {});
    if (result !== "ok") {
      throw Object.assign(new Error(String(result)), { errcode: SQLITE_CORRUPT });
    }
  }
  // Proves that the folder can be written before anything is promised.
  write.exec("begin immediate; create table if not exists opened (once integer); delete from opened;");
  write.exec("insert into opened values (1); commit;");
  return {
    write: new Connection(write),
    read: new Connection(keep(new DatabaseSync(file, { readOnly: true }))),
  };
}

function answer(connection: Connection, request: SqliteRequest): SqliteReply {
  const { database } = connection;
  const writes = request.on === "write";
  try {
    for (const statement of request.control) {
      connection.run({ sql: statement, parameters: [] });
    }
  } catch (error) {
    const failure = failureOf(error);
    if (database.isTransaction) {
      database.exec("rollback");
    }
    return { id: request.id, failure, lost: true };
  }
  if (request.sql === null) {
    return { id: request.id, rows: [], changes: null };
  }
  // SQLite rolls back by itself on some errors (disk full): what follows must then not commit on its own.
  if (writes && !database.isTransaction) {
    return {
      id: request.id,
      failure: { errcode: 0, message: "the transaction was rolled back" },
      lost: true,
    };
  }
  try {
    return { id: request.id, ...connection.run(request) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error), lost: writes && !database.isTransaction };
  }
}

function make(connection: Connection, { id, ...packed }: SqliteBatch): SqliteReply {
  const control = (sql: string): unknown => connection.run({ sql, parameters: [] });
  try {
    control("begin immediate");
    for (const statement of unpackBatch(packed)) {
      const { rows } = connection.run(statement);
      if (statement.returns !== null && statement.returns !== rows.length) {
        control("rollback");
        return { id, made: false };
      }
    }
    control("commit");
    return { id, made: true };
  } catch (error) {
    const failure = failureOf(error);
    if (connection.database.isTransaction) {
      connection.database.exec("rollback");
    }
    return { id, failure, lost: false };
  }
}

function keep(database: DatabaseSync): DatabaseSync {
  opened.push(database);
  return database;
}
function closeAll(): void {
  for (const database of opened.toReversed()) {
    database.close();
  }
}
function failureOf(error: unknown): SqliteFailure {
  const system = error instanceof Error && "syscall" in error ? SQLITE_CANTOPEN : 0;
  const errcode: unknown = error instanceof Error && "errcode" in error ? error.errcode : system;
  return {
    errcode: typeof errcode === "number" ? errcode : 0,
    message: error instanceof Error ? error.message : String(error),
  };
}
