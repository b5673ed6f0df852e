import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { openBooks } from "../../adapters/store/books-database.ts";
import type { BookTables } from "../../adapters/store/books-tables.ts";
import { appendJournal, readChainHeads } from "../../adapters/store/journal-store.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import { canonicalJson } from "../../src/canonical.ts";
import { readSettings, type CompanyConfig, type Settings } from "../../src/config.ts";
import type { ChainHead } from "../../src/journal.ts";
import { readInstanceKeys } from "../../src/keys.ts";
import { type DatabaseName, databasePlace, openPlace } from "../../src/processes/databases.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { makeDemoTrust } from "../../src/trust/demo-trust.ts";
import { people, policy } from "./trust-world.ts";

type Tables = BookTables & JournalTables;

/** A stopped system's data folder: journals on SQLite, keys and trust. */
export class JournalWorld {
  readonly folder = mkdtempSync(path.join(tmpdir(), "cs-journal-"));
  readonly settings: Settings = readSettings({
    COUNTERSIGN_DATA: this.folder,
    COUNTERSIGN_RUNTIME: path.join(this.folder, "run"),
  });
  readonly config: CompanyConfig = {
    company: { name: "Example", atSign: "@cs-company" },
    atSignOf: (id) => `@cs-${id}`,
    policy,
  };

  async setUp(): Promise<void> {
    await makeDemoTrust({
      folder: this.folder,
      company: "@cs-company",
      agents: ["bot", "compliance", "supply"].map((id) => ({
        id,
        atSign: `@cs-${id}` as const,
        skills: [],
        instances: [{ name: "main", role: id }],
      })),
      people,
      policy,
      demo: true,
      now: Date.now(),
    });
  }

  async append(name: DatabaseName, writer: string, entries: readonly JournalEntry[]): Promise<void> {
    await this.#on(name, async (database) =>
      database.unit((tx) => appendJournal(tx, { writer, at: 1_000, entries })),
    );
  }

  /** Steps with a body each, as the record has them. */
  steps(count: number, run = "run1"): readonly JournalEntry[] {
    return Array.from({ length: count }, (_, index) => ({
      kind: "step",
      run,
      facts: { index },
      body: { text: `step ${index}` },
    }));
  }

  envelope(direction: "in" | "out", peer: string, hash: string): JournalEntry {
    return { kind: "envelope", run: "run1", facts: { direction, peer, hash } };
  }

  heads(name: DatabaseName): Promise<readonly ChainHead[]> {
    return this.#on(name, (database) => readChainHeads(database));
  }

  /** What compliance keeps when it has witnessed these heads; signed by `signer`. */
  async witness(heads: readonly ChainHead[], signer = "compliance"): Promise<void> {
    const keys = await readInstanceKeys(path.join(this.folder, "keys", signer), "main");
    if (keys === undefined) {
      throw new Error(`no keys of ${signer}`);
    }
    const at = new Date().toISOString();
    const signed = signAs({ tag: "countersign/checkpoint/1", heads, at }, keys, keys.ed25519);
    const row = { id: "cs-bot", at, document: canonicalJson(signed) };
    await this.#on("books", async (database) =>
      openBooks(database).unit((books) => books.insert("checkpoints", row)),
    );
  }

  /** What somebody with the file does. */
  tamper(name: DatabaseName, sql: string, ...values: readonly SQLInputValue[]): void {
    const database = new DatabaseSync(path.join(databasePlace(this.settings, name).folder, `${name}.db`));
    const { changes } = database.prepare(sql).run(...values);
    database.close();
    if (changes === 0) {
      throw new Error("nothing was tampered with");
    }
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  async #on<T>(
    name: DatabaseName,
    use: (database: Awaited<ReturnType<typeof openPlace<Tables>>>) => Promise<T>,
  ): Promise<T> {
    const database = await openPlace<Tables>(databasePlace(this.settings, name));
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  }
}
