import { z } from "zod";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { keptSince, runsKeptFrom } from "../processes/retention.ts";
import { withJournal } from "../processes/verify-journals.ts";
import { controlClient, ifRunning } from "./control-client.ts";
import { verifyFile } from "./journal-file.ts";
import { reportText, verifyJournals } from "./journal-report.ts";
import { answer, answerJson, exitCodes, tell } from "./output.ts";
import { type ExportOptions, writeExport } from "./write-export.ts";

/** Checks every chain of every journal, or of an exported file; names the first bad record. */
export async function verify(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly json?: boolean; readonly file?: string },
): Promise<void> {
  const report =
    o.file === undefined
      ? await verifyJournals(settings, config)
      : await verifyFile(settings, config, o.file);
  if (o.json === true) {
    answerJson({ type: "journal", ...report });
  } else {
    answer(reportText(report));
  }
  process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
}

export interface ExportFlags {
  readonly format?: string;
  readonly run?: string;
  readonly since?: string;
  readonly until?: string;
  readonly out?: string;
  readonly withText?: boolean;
  readonly as?: string;
  readonly json?: boolean;
}

/** Writes the journal, or a part of it, as JSON lines or CSV: to stdout, or to a file that is whole or not there. */
export async function exportJournal(
  settings: Settings,
  config: CompanyConfig,
  o: ExportFlags,
): Promise<void> {
  const { format = "jsonl", run, out } = o;
  if (format !== "jsonl" && format !== "csv") {
    throw new AppError("usage", `--format is "${format}", expected jsonl or csv`);
  }
  const options: ExportOptions = {
    format,
    run,
    since: timeOf("--since", o.since),
    until: timeOf("--until", o.until),
    out,
    withText: o.withText === true,
    as: o.as,
  };
  const { records } = await writeExport(settings, config, options);
  if (out !== undefined && o.json === true) {
    answerJson({ type: "export", file: out, records });
  } else if (out !== undefined) {
    tell(`${records} records written to ${out}`);
  }
}

const dueReply = z.object({ due: z.int() });

/** How long texts are kept, and how many runs have theirs for longer: they are erased within the hour. */
export async function retention(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly json?: boolean },
): Promise<void> {
  const days = config.retention?.days ?? null;
  const before = keptSince(config, Date.now());
  const due =
    before === undefined
      ? 0
      : await ifRunning(
          async () => {
            const bot = controlClient(settings.runtime, "bot");
            return dueReply.parse(await bot.get(`/journal/retention?before=${before}`)).due;
          },
          () =>
            withJournal(settings, "record", async (database) => (await runsKeptFrom(database, before)).due),
        );
  if (o.json === true) {
    answerJson({ type: "retention", days, due });
  } else {
    answer(
      days === null
        ? "texts are kept for ever: countersign.config.ts sets no retention"
        : `texts are kept for ${days} days after a run's end; ${due} runs are due to be erased`,
    );
  }
}

function timeOf(flag: string, text: string | undefined): number | undefined {
  const time = text === undefined ? undefined : Date.parse(text);
  if (time !== undefined && Number.isNaN(time)) {
    throw new AppError("usage", `${flag} is "${text}", expected a time such as 2026-01-31T08:00:00Z`);
  }
  return time;
}
