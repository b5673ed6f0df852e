import { z } from "zod";
import { eraseTexts } from "../../adapters/store/erase-runs.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { incarnation, systemClock } from "../processes/system.ts";
import { withJournal } from "../processes/verify-journals.ts";
import { controlClient, ifRunning } from "./control-client.ts";
import { ownerOf } from "./journal-report.ts";
import { answer, answerJson } from "./output.ts";

export interface EraseFlags {
  readonly person?: string;
  readonly reason: string;
  readonly as?: string;
  readonly json?: boolean;
}

const erasedReply = z.object({ runs: z.array(z.string()), by: z.string(), at: z.string() });

/**
 * Erases what was said in a run, or in all of a person's: in the record by the running bot, which knows who is an admin
 * and destroys the keys, then in the books and at the gateway. Called again it finishes what was interrupted.
 */
export async function erase(settings: Settings, run: string | undefined, o: EraseFlags): Promise<void> {
  if ((run === undefined) === (o.person === undefined)) {
    throw new AppError("usage", "name a run or --person ID, not both");
  }
  if (o.reason.trim() === "") {
    throw new AppError("usage", "--reason must say why");
  }
  const which = run === undefined ? { person: o.person } : { run };
  const erased = erasedReply.parse(
    await controlClient(settings.runtime, "bot").post("/erase", {
      ...which,
      reason: o.reason,
      ...(o.as === undefined ? {} : { as: o.as }),
    }),
  );
  await eraseElsewhere(settings, "books", erased);
  await eraseElsewhere(settings, "gateway", erased);
  if (o.json === true) {
    answerJson({ type: "erased", ...erased });
  } else {
    answer(
      `erased the texts of ${erased.runs.length === 1 ? "run" : `${erased.runs.length} runs:`} ${erased.runs.join(", ")}\n` +
        "the journal keeps their records and hashes: see `journal verify`; backups made before still hold the texts",
    );
  }
}

function eraseElsewhere(
  settings: Settings,
  name: "books" | "gateway",
  { runs, by }: z.output<typeof erasedReply>,
): Promise<unknown> {
  return ifRunning(
    () => controlClient(settings.runtime, ownerOf[name]).post("/journal/erase", { runs, by }),
    () =>
      withJournal(settings, name, async (database) =>
        database === undefined
          ? undefined
          : eraseTexts(
              { database, books: name === "books", clock: systemClock, writer: incarnation(name) },
              { runs },
              by,
            ),
      ),
  );
}
