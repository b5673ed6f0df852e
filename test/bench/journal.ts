import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { appendJournal, type JournalTables } from "../../adapters/store/journal-store.ts";
import { readSettings } from "../../src/config.ts";
import { databasePlace, openPlace } from "../../src/processes/databases.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { checkJournal } from "../../src/processes/verify-journals.ts";
import { type Figure, figure } from "./figure.ts";

const unit = 500;
const times = 5;

/** How fast a journal on SQLite is verified: records as the bot writes them, a third of them with 1 KB of body. */
export async function journalFigures(records: number): Promise<readonly Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-journal-"));
  const settings = readSettings({ COUNTERSIGN_DATA: folder });
  const database = await openPlace<JournalTables>(databasePlace(settings, "record"));
  try {
    for (let start = 0; start < records; start += unit) {
      const entries = Array.from({ length: unit }, (_, index) => entry(start + index));
      await database.unit((tx) => appendJournal(tx, { writer: "bot-1", at: start, entries }));
    }
    const rates: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const began = performance.now();
      const report = await checkJournal("record", database, []);
      if (!report.ok || report.records !== records) {
        throw new Error(`the journal did not verify: ${JSON.stringify(report.firstBad)}`);
      }
      rates.push((records / (performance.now() - began)) * 1_000);
    }
    return [figure("journal verify", "records/s", rates, { note: `${records} records, SQLite` })];
  } finally {
    await database.close();
    rmSync(folder, { recursive: true });
  }
}

function entry(index: number): JournalEntry {
  const run = `run${Math.floor(index / 40)}`;
  switch (index % 3) {
    case 0:
      return { kind: "request", run, facts: { step: "plan" }, body: { text: "x".repeat(1_000) } };
    case 1:
      return {
        kind: "step",
        run,
        facts: { revision: 1, step: "plan", attempt: 1, status: "completed", error: null },
      };
    default: {
      const subject = { revision: 1, step: "plan", attempt: 1, messageId: `m${index}` };
      const hash = index.toString(16).padStart(64, "0");
      return {
        kind: "envelope",
        run,
        facts: { direction: "out", peer: "@cs-supply", envelope: "request", ...subject, hash },
      };
    }
  }
}
