import type { Settings } from "../config.ts";
import type { RunDetail } from "../desk-types.ts";
import { AppError } from "../errors.ts";
import { explainRun, type Story } from "../explain.ts";
import type { StoryRecord } from "../story-records.ts";
import { isInUse } from "../processes/verify-journals.ts";
import { controlClient } from "./control-client.ts";
import { answer, answerJson, tell } from "./output.ts";
import { readLines } from "./write-export.ts";

/** Tells what happened in a run: who, what, why, which checks, which models, what it took. */
export async function explain(
  settings: Settings,
  id: string,
  o: { readonly as?: string; readonly json?: boolean },
): Promise<void> {
  const query = o.as === undefined ? "" : `?as=${encodeURIComponent(o.as)}`;
  const bot = controlClient(settings.runtime, "bot");
  // Who may not see the run is refused here, before any journal is read.
  const run = await bot.get(`/runs/${encodeURIComponent(id)}${query}`).then(
    (value) => value as RunDetail,
    (error: unknown) => {
      if (error instanceof AppError && error.code === "erased") {
        return null;
      }
      throw error;
    },
  );
  const records = await recordsOf(settings, "record", id);
  if (run === null && records.length === 0) {
    throw new AppError("not-found", `run ${id} does not exist, or you may not see it`);
  }
  const models = await recordsOf(settings, "gateway", id).catch((error: unknown) => {
    if (!isInUse(error)) {
      throw error;
    }
    tell("note: the gateway is starting or ending: its model calls are not told");
    return [];
  });
  const story = explainRun({ id, run, records, models: models.filter(({ kind }) => kind === "model") });
  if (o.json === true) {
    answerJson({ type: "story", ...story });
  } else {
    answer(storyText(story));
  }
}

async function recordsOf(
  settings: Settings,
  name: "record" | "gateway",
  run: string,
): Promise<readonly StoryRecord[]> {
  const records: StoryRecord[] = [];
  for await (const line of readLines(settings, name, { run })) {
    if (line.type === "record") {
      records.push({ at: Date.parse(line.at), kind: line.kind, facts: line.facts });
    }
  }
  return records.toSorted((a, b) => a.at - b.at);
}

function storyText({ run, status, parts }: Story): string {
  const sections = parts.map(({ heading, lines }) =>
    [heading, ...lines.map((line) => `  ${line}`)].join("\n"),
  );
  return [`Run ${run}: ${status}`, ...sections].join("\n\n");
}
