import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import { canonicalJson } from "../canonical.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { DatabaseName } from "../processes/databases.ts";
import {
  endSchema,
  exportLines,
  type HeadsLine,
  headsSchema,
  type RecordLine,
  recordSchema,
} from "../processes/export-journal.ts";
import type { KeptCheckpoints } from "../processes/kept-checkpoints.ts";
import { copiesOf } from "../processes/trusted-checkpoints.ts";
import { withJournal } from "../processes/verify-journals.ts";
import { controlClient, ifRunning } from "./control-client.ts";
import { databaseNames, keptBy, ownerOf } from "./journal-report.ts";

export interface ExportOptions {
  readonly format: "jsonl" | "csv";
  readonly run: string | undefined;
  /** Milliseconds; `until` is not included. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  /** Default: stdout. */
  readonly out: string | undefined;
  /** With the record's texts: the running bot opens them, for admins. */
  readonly withText: boolean;
  readonly as: string | undefined;
}
type Line = HeadsLine | RecordLine;
type Write = (text: string) => Promise<void>;

const lineSchema = z.discriminatedUnion("type", [headsSchema, recordSchema, endSchema]);
const columns = ["database", "writer", "seq", "at", "kind", "run", "facts", "bodyHash", "prev", "hash"];

/** Writes all databases' journals one after the other, holding no more than a page in memory. */
export async function writeExport(
  settings: Settings,
  config: CompanyConfig,
  o: ExportOptions,
): Promise<{ readonly records: number }> {
  // Before any chain is read: what is witnessed meanwhile was not there yet.
  const kept: Partial<Record<DatabaseName, KeptCheckpoints>> = {};
  for (const name of databaseNames) {
    kept[name] = await keptBy(settings, name);
  }
  return toPlace(o.out, async (write) => {
    let records = 0;
    await write(o.format === "csv" ? csv([[...columns, ...(o.withText ? ["text"] : [])]]) : json(header(o)));
    for (const name of databaseNames) {
      const checkpoints = copiesOf(name, kept, config.atSignOf).map(({ document }) => document);
      for await (const line of readLines(settings, name, o)) {
        if (line.type === "record") {
          records += 1;
          await write(o.format === "csv" ? csv([cells(line, o.withText)]) : json(line));
        } else if (o.format === "jsonl") {
          await write(json({ ...line, checkpoints }));
        }
      }
    }
    if (o.format === "jsonl") {
      await write(json({ type: "end", records }));
    }
    return { records };
  });
}

function header({ run, since, until }: ExportOptions): object {
  const time = (ms: number | undefined): string | null =>
    ms === undefined ? null : new Date(ms).toISOString();
  const at = new Date().toISOString();
  return { type: "journal", version: 1, at, run: run ?? null, since: time(since), until: time(until) };
}

/** The lines of one database: from its running owner, else read here. */
export async function* readLines(
  settings: Settings,
  name: DatabaseName,
  o: Partial<Pick<ExportOptions, "run" | "since" | "until" | "withText" | "as">>,
): AsyncGenerator<Line> {
  const { run, since, until, as } = o;
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ run, since, until })) {
    if (value !== undefined) {
      query.set(key, String(value));
    }
  }
  const opens = o.withText === true && name === "record";
  if (opens) {
    query.set("text", "yes");
    if (as !== undefined) {
      query.set("as", as);
    }
  }
  const owner = controlClient(settings.runtime, ownerOf[name]);
  const isRunning = await ifRunning(
    () => owner.get("/journal/checkpoints").then(() => true),
    () => Promise.resolve(false),
  );
  if (isRunning) {
    yield* checked(owner.lines(`/journal/export?${query.toString()}`), name);
    return;
  }
  if (opens) {
    throw new AppError(
      "not-running",
      "texts are opened by the running bot, for admins: start it with `npm start`",
    );
  }
  // A generator cannot stand in a callback: the pages pass through a queue of one.
  yield* through((push) =>
    withJournal(settings, name, async (database) => {
      for await (const batch of exportLines(name, database, { filter: { run, since, until } })) {
        await push(batch);
      }
    }),
  );
}

/** What a process sent, if it sent all of it. */
async function* checked(lines: AsyncIterable<unknown>, name: DatabaseName): AsyncGenerator<Line> {
  let records = 0;
  let ended = false;
  for await (const value of lines) {
    const line = lineSchema.parse(value);
    if (line.type === "end") {
      ended = line.records === records;
    } else {
      records += line.type === "record" ? 1 : 0;
      yield line;
    }
  }
  if (!ended) {
    throw new AppError("export-cut", `the ${name}'s journal was not read to its end: try again`);
  }
}

/** What a task pushes, as a generator; the task waits until each batch was taken. */
async function* through<T>(
  task: (push: (batch: readonly T[]) => Promise<void>) => Promise<void>,
): AsyncGenerator<T> {
  let given = Promise.withResolvers<readonly T[] | undefined>();
  let taken = Promise.withResolvers<void>();
  const running = task((batch) => {
    given.resolve(batch);
    return taken.promise;
  }).then(
    () => given.resolve(undefined),
    (error: unknown) => given.reject(error),
  );
  for (;;) {
    const batch = await given.promise;
    if (batch === undefined) {
      break;
    }
    yield* batch;
    given = Promise.withResolvers();
    const { resolve } = taken;
    taken = Promise.withResolvers();
    resolve();
  }
  await running;
}

function json(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
/** A cell that a spreadsheet would take for a formula begins with an apostrophe. */
function csv(rows: readonly (readonly (string | number)[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { escape_formulas: true },
  );
}
function cells(line: RecordLine, withText: boolean): readonly (string | number)[] {
  const { database, writer, seq, at, kind, run, facts, bodyHash, prev, hash, text } = line;
  const clear = [
    database,
    writer,
    seq,
    at,
    kind,
    run ?? "",
    canonicalJson(facts),
    bodyHash ?? "",
    prev,
    hash,
  ];
  return withText ? [...clear, text === undefined ? "" : canonicalJson(text)] : clear;
}

/** Gives `task` a place to write to. A file appears under its name only when all of it is on the disk. */
async function toPlace<T>(out: string | undefined, task: (write: Write) => Promise<T>): Promise<T> {
  if (out === undefined) {
    return task(async (text) => {
      if (!process.stdout.write(text)) {
        await once(process.stdout, "drain");
      }
    });
  }
  const draft = path.join(path.dirname(out), `.${path.basename(out)}.${randomUUID()}`);
  let file: FileHandle | undefined;
  try {
    file = await open(draft, "wx", 0o600);
    const handle = file;
    const result = await buffered((text) => handle.writeFile(text), task);
    await handle.sync();
    await handle.close();
    await rename(draft, out);
    return result;
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(draft, { force: true });
    const { code, syscall = "" } = error as NodeJS.ErrnoException;
    if (["open", "write", "fsync", "rename"].includes(syscall)) {
      throw new AppError("cannot-write", `--out ${out}: cannot be written (${code})`, { cause: error });
    }
    throw error;
  }
}

const bufferedLength = 256 * 1024;

/** A record is a small text and a write to a file is not free. */
async function buffered<T>(write: Write, task: (write: Write) => Promise<T>): Promise<T> {
  let parts: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const text = parts.join("");
    [parts, length] = [[], 0];
    await write(text);
  };
  const result = await task(async (text) => {
    parts.push(text);
    length += text.length;
    if (length >= bufferedLength) {
      await flush();
    }
  });
  await flush();
  return result;
}
