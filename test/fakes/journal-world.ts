import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import type { AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import { openBooks } from "../../adapters/store/books-database.ts";
import type { BookTables } from "../../adapters/store/books-tables.ts";
import { appendJournal, readChainHeads } from "../../adapters/store/journal-store.ts";
import { canonicalJson } from "../../src/canonical.ts";
import { readSettings, type CompanyConfig, type Settings } from "../../src/config.ts";
import type { ChainHead } from "../../src/journal.ts";
import { readInstanceKeys } from "../../src/keys.ts";
import { signedKey } from "../../src/link/witness.ts";
import { journalWitnesses } from "../../src/processes/journal-witness.ts";
import { type DatabaseName, databasePlace, openPlace } from "../../src/processes/databases.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { makeDemoTrust } from "../../src/trust/demo-trust.ts";
import { people, policy } from "./trust-world.ts";

type Tables = BookTables & AgentStoreTables;

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
      agents: ["bot", "compliance", "gateway", "supply"].map((id) => ({
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

  /** What a database's witness keeps when it has seen these heads; signed by `signer`. */
  async witness(
    heads: readonly ChainHead[],
    o: { readonly of?: DatabaseName; readonly signer?: string; readonly at?: string } = {},
  ): Promise<void> {
    const { of = "record", at = new Date().toISOString() } = o;
    const { owner, witness } = journalWitnesses[of];
    const row = { id: `cs-${owner}`, at, document: await this.#signed(heads, at, o.signer ?? witness) };
    await this.#on(witness === "gateway" ? "gateway" : "books", async (database) =>
      openBooks(database).unit((books) => books.insert("checkpoints", row)),
    );
  }

  /** What an agents' database keeps of its own latest checkpoint. */
  async own(name: "books" | "gateway", heads: readonly ChainHead[], at: string): Promise<void> {
    const { owner: agent, witness } = journalWitnesses[name];
    const document = await this.#signed(heads, at, witness);
    await this.#on(name, (database) => {
      const books = openBooks(database);
      return openAgentStore({ database, books, agent, clock: { now: () => 1_000 }, writer: agent }).setValue(
        signedKey,
        document,
      );
    });
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

  async #signed(heads: readonly ChainHead[], at: string, signer: string): Promise<string> {
    const keys = await readInstanceKeys(path.join(this.folder, "keys", signer), "main");
    if (keys === undefined) {
      throw new Error(`no keys of ${signer}`);
    }
    return canonicalJson(signAs({ tag: "countersign/checkpoint/1", heads, at }, keys, keys.ed25519));
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
