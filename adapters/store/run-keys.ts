import { createSecretKey, type KeyObject } from "node:crypto";
import type { Json, RunId } from "../../src/domain.ts";
import { BoundedMap } from "../../src/bounded-map.ts";
import { isLasting } from "../../src/clock-ahead.ts";
import { AppError } from "../../src/errors.ts";
import type { Clock } from "../../src/ports.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";
import type { SealPlace } from "./sealed.ts";
import { keyBytes, newKey, openBytes, sealBytes } from "./sealed.ts";

/** A data key as it is used: one run's, unwrapped, or that of the gateway's own store. */
export class RunKey {
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }
  /** A JSON value, sealed for its place. */
  seal(place: SealPlace, value: Json): Uint8Array {
    // Only what opens is compared, so the spelling does not matter: the plain one costs a tenth of the canonical.
    return sealBytes(this.#key, place, Buffer.from(JSON.stringify(value)));
  }
  open(place: SealPlace, sealed: Uint8Array): Json {
    return JSON.parse(Buffer.from(openBytes(this.#key, place, sealed)).toString()) as Json;
  }
  /** The same in base64, for columns that hold text. */
  sealText(place: SealPlace, value: Json): string {
    return Buffer.from(this.seal(place, value)).toString("base64");
  }
  openText(place: SealPlace, sealed: string): Json {
    return this.open(place, Buffer.from(sealed, "base64"));
  }
}

/** What belongs to no run (journal bodies of refusals) is sealed under a key of its own, under this id. */
export const noRun = "";
const kept = 2_000;
/** Another bot may have destroyed a key that this one has at hand: it is looked for again that often. */
const keptMs = 60_000;

/**
 * The runs' data keys: random, stored wrapped by the record key, unwrapped ones kept in memory (bounded, for a while).
 * Destroying a run's row makes everything it sealed unreadable for ever.
 */
export class RunKeys {
  readonly #recordKey: Uint8Array;
  readonly #database: Database<RecordTables>;
  readonly #clock: Clock;
  readonly #kept = new BoundedMap<RunId, { readonly key: RunKey; readonly until: number }>(kept);

  constructor(recordKey: Uint8Array, database: Database<RecordTables>, clock: Clock) {
    if (recordKey.length !== keyBytes) {
      throw new AppError(
        "bad-record-key",
        `the record key has ${recordKey.length} bytes, expected ${keyBytes}`,
      );
    }
    this.#recordKey = recordKey;
    this.#database = database;
    this.#clock = clock;
  }

  /** A new key and its row; it counts only once that is committed. */
  create(run: RunId): { readonly key: RunKey; readonly row: RecordTables["run_keys"] } {
    const key = newKey();
    return { key: new RunKey(key), row: { run, wrapped: sealBytes(this.#recordKey, placeOf(run), key) } };
  }

  /** A key of `create` is committed. */
  keep(run: RunId, key: RunKey): void {
    this.#kept.set(run, { key, until: this.#clock.now() + keptMs });
  }

  /** The committed key of a run; fails with "sealed-broken" under another record key, "erased" without a key. */
  async get(run: RunId): Promise<RunKey> {
    const known = this.#known(run);
    if (known !== undefined) {
      return known;
    }
    const row = await this.#database.read((db) =>
      db.selectFrom("run_keys").select("wrapped").where("run", "=", run).executeTakeFirst(),
    );
    if (row === undefined) {
      throw new AppError(
        "erased",
        `there is no data key for run "${run}": it is unknown or its data was erased`,
      );
    }
    return this.#unwrap(run, row.wrapped);
  }

  #unwrap(run: RunId, wrapped: Uint8Array): RunKey {
    const key = new RunKey(openBytes(this.#recordKey, placeOf(run), wrapped));
    this.keep(run, key);
    return key;
  }

  #known(run: RunId): RunKey | undefined {
    const found = this.#kept.get(run);
    return found !== undefined && isLasting(found.until, keptMs, this.#clock.now()) ? found.key : undefined;
  }

  /** A key that was destroyed is not kept in memory either. */
  forget(run: RunId): void {
    this.#kept.delete(run);
  }

  /** Has the keys of these runs at hand with one question for those that are not: `get` then needs none. */
  async prepare(runs: readonly RunId[]): Promise<void> {
    const missing = [...new Set(runs)].filter((run) => this.#known(run) === undefined);
    if (missing.length === 0) {
      return;
    }
    const rows = await this.#database.read((db) =>
      db.selectFrom("run_keys").selectAll().where("run", "in", missing).execute(),
    );
    for (const row of rows) {
      try {
        this.#unwrap(row.run, row.wrapped);
      } catch {
        // `get` says so of this one.
      }
    }
  }

  /** Proves at start that the record key is the one this record was sealed with. */
  async check(): Promise<void> {
    const { row } = this.create(noRun);
    await this.#database.unit((tx) =>
      tx
        .insertInto("run_keys")
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    await this.get(noRun);
  }
}

function placeOf(run: RunId): SealPlace {
  return { table: "run_keys", row: run, column: "wrapped", version: 1 };
}
