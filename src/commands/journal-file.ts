import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { z } from "zod";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { parseJson } from "../parsed-json.ts";
import type { DatabaseName } from "../processes/databases.ts";
import {
  endSchema,
  exportSchema,
  type HeadsLine,
  headsSchema,
  type RecordLine,
  recordSchema,
} from "../processes/export-journal.ts";
import { checkpointReader, type WitnessWord } from "../processes/trusted-checkpoints.ts";
import { compareEnvelopes, JournalChecker, type JournalCheck } from "../processes/verify-journals.ts";
import type { ReadRecord } from "../verify-journal.ts";
import { type JournalsReport, report } from "./journal-report.ts";

const batch = 1_000;

/** Checks an exported journal as the databases are checked; a part of one as far as that says something. */
export async function verifyFile(
  settings: Settings,
  config: CompanyConfig,
  file: string,
): Promise<JournalsReport> {
  const reading = new FileReading(checkpointReader(settings));
  const place = await stat(file).catch(() => undefined);
  if (place === undefined || place.isDirectory()) {
    throw new AppError("usage", `--file ${file}: ${place === undefined ? "is not there" : "is a folder"}`);
  }
  const lines = createInterface({
    input: createReadStream(file, "utf8"),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    await reading.take(line, number);
  }
  return reading.end(config.atSignOf);
}

/** One database's part of the file. */
interface Part {
  readonly name: DatabaseName;
  readonly heads: HeadsLine["heads"];
  readonly checker: JournalChecker;
}

class FileReading {
  readonly #copies: ReturnType<typeof checkpointReader>;
  readonly #words = new Map<DatabaseName, WitnessWord>();
  readonly #checks: JournalCheck[] = [];
  #header: z.output<typeof exportSchema> | undefined;
  #part: Part | undefined;
  #page: ReadRecord[] = [];
  #records = 0;
  #ended = false;

  constructor(copies: ReturnType<typeof checkpointReader>) {
    this.#copies = copies;
  }

  async take(line: string, number: number): Promise<void> {
    const value = parseJson(line);
    if (value === undefined) {
      throw notExport(number, "it is not JSON: the file was cut off, or is something else");
    }
    const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    const parse = <T>(schema: z.ZodType<T>): T => {
      const parsed = schema.safeParse(value);
      if (!parsed.success) {
        throw notExport(
          number,
          `${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`,
        );
      }
      return parsed.data;
    };
    if (number === 1) {
      this.#header = parse(exportSchema);
    } else if (this.#ended) {
      throw notExport(number, "something follows the end");
    } else if (type === "record") {
      this.#record(parse(recordSchema), number);
    } else if (type === "heads") {
      await this.#begin(parse(headsSchema), number);
    } else {
      this.#close();
      this.#ended = true;
      if (parse(endSchema).records !== this.#records) {
        throw notExport(number, `it says another number of records than the ${this.#records} that came`);
      }
    }
  }

  end(atSignOf: CompanyConfig["atSignOf"]): JournalsReport {
    if (!this.#ended) {
      throw new AppError(
        "journal-cut",
        "the file has no last line: it was cut off, or its export did not finish",
      );
    }
    const isPart = this.#isPart();
    const notes = isPart ? ["a part of the journal: that nothing is missing in it is not shown"] : [];
    return report(this.#checks, this.#words, isPart ? [] : compareEnvelopes(this.#checks, atSignOf), notes);
  }

  #isPart(): boolean {
    const { run = null, since = null, until = null } = this.#header ?? {};
    return [run, since, until].some((each) => each !== null);
  }

  async #begin({ database, heads, checkpoints }: HeadsLine, number: number): Promise<void> {
    this.#close();
    if (this.#words.has(database)) {
      throw notExport(number, `the ${database} comes twice`);
    }
    const word = await this.#copies(
      database,
      checkpoints.map((document) => ({ document, of: "witness" as const })),
    );
    this.#words.set(database, word);
    const checker = new JournalChecker(database, word.checkpoints, { partial: this.#isPart() });
    this.#part = { name: database, heads, checker };
  }

  #record({ type: _type, database, at, body, text: _text, ...record }: RecordLine, number: number): void {
    if (this.#part?.name !== database) {
      throw notExport(number, `a record of the ${database} stands outside its part`);
    }
    this.#records += 1;
    const read = { ...record, at: Date.parse(at) };
    this.#page.push(body === undefined ? read : { ...read, body: Buffer.from(body, "base64") });
    if (this.#page.length === batch) {
      this.#flush();
    }
  }

  #flush(): void {
    this.#part?.checker.add(this.#page);
    this.#page = [];
  }

  #close(): void {
    this.#flush();
    if (this.#part !== undefined) {
      this.#checks.push(this.#part.checker.end(this.#part.heads));
    }
    this.#part = undefined;
  }
}

function notExport(line: number, why: string): AppError {
  return new AppError("not-an-export", `line ${line} is not what an exported journal holds: ${why}`);
}
