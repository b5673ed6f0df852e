import { openDatabase } from "../../adapters/store/open-database.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { AppError } from "../../src/errors.ts";
import { sampleCommit, sampleOutbox, sampleRun, sampleTime } from "./sample-run.ts";

/**
 * A process that writes runs to the record in FOLDER, eight at a time, and says each one's id after its commit, until
 * it is killed. Prints "ready" first, or the code of the AppError. Usage: node store-writer.ts FOLDER WRITER [UID]
 */
const [folder = "", writer = "", uid] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

if (uid !== undefined) {
  process.setegid?.(Number(uid));
  process.seteuid?.(Number(uid));
}
try {
  const database = await openDatabase<RecordTables>({ folder, name: "record", migrations: recordMigrations });
  const recordKey = new Uint8Array(32).fill(7);
  const store = await openRecordStore({ database, recordKey, clock: { now: () => sampleTime }, writer });
  say("ready");
  let last = 0;
  const write = async (): Promise<never> => {
    for (;;) {
      last += 1;
      const id = `${writer}.${last}`;
      await store.createRun(
        sampleCommit(sampleRun(id), {
          contents: [{ run: id, revision: 1, step: "route", name: "request", value: "x".repeat(500) }],
          outbox: [sampleOutbox(id)],
          journal: [{ kind: "request", run: id, facts: {}, body: "text" }],
        }),
        `key-${id}`,
      );
      say(id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, write));
} catch (error) {
  say(error instanceof AppError ? error.code : String(error));
}
