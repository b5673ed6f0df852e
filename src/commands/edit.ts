import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Settings } from "../config.ts";
import { AppError, fromErrorInfo } from "../errors.ts";
import { editFromWords } from "../plan/edit-words.ts";
import { type ControlClient, errorInfo } from "./control-client.ts";
import { actor, type DecideOptions } from "./decide.ts";
import { answer, answerJson } from "./output.ts";
import { type Prompter, terminalPrompter } from "./prompter.ts";

const refused = z.object({ outcome: z.literal("refused"), error: errorInfo });
const choice = z.object({ id: z.string(), name: z.string() });
const form = z.object({
  outcome: z.literal("form"),
  approval: z.string(),
  fields: z.array(
    z.object({
      label: z.string(),
      now: z.union([z.string(), z.array(z.string())]),
      least: z.string().exactOptional(),
      most: z.string().exactOptional(),
      options: z.array(choice).exactOptional(),
    }),
  ),
});
const preview = z.object({
  outcome: z.literal("preview"),
  approval: z.string(),
  run: z.string(),
  planHash: z.string(),
  changes: z.array(z.object({ what: z.string(), before: z.string(), after: z.string() })),
  known: z.array(z.string()),
  open: z.string(),
});
const done = z.union([
  refused,
  z.object({ outcome: z.literal("accepted"), run: z.string() }),
  z.object({ outcome: z.literal("already-decided") }),
]);

/**
 * Changes the plan that a run waits with: shows what would change, then asks in a terminal, or goes by `yes`. Without
 * words it says what may be changed. `id` is a run's or an approval's.
 */
export async function edit(
  settings: Settings,
  id: string,
  words: readonly string[],
  o: DecideOptions & { readonly yes?: boolean },
  prompter: Prompter = terminalPrompter,
): Promise<void> {
  const { client, as } = await actor(settings, o);
  const url = `/approvals/${encodeURIComponent(id)}/edit`;
  if (words.length === 0) {
    const query = as.as === undefined ? "" : `?as=${encodeURIComponent(as.as)}`;
    await showForm(client, `${url}${query}`, o);
    return;
  }
  const body = { ...as, key: randomUUID(), changes: editFromWords(words) };
  const seen = z.union([refused, preview]).parse(await client.post(`${url}/preview`, body));
  if (seen.outcome === "refused") {
    throw fromErrorInfo(seen.error);
  }
  if (o.json !== true) {
    answer(previewText(seen));
  }
  const isWanted =
    o.yes === true ||
    (o.json !== true && (await prompter.ask("Change the plan? [y/n]"))?.trim().toLowerCase() === "y");
  if (!isWanted) {
    if (o.json === true) {
      answerJson(seen);
    } else {
      answer("Nothing was changed: say --yes to do it.");
    }
    return;
  }
  const result = done.parse(await client.post(url, { ...body, planHash: seen.planHash }));
  if (result.outcome === "refused") {
    throw fromErrorInfo(result.error);
  }
  if (result.outcome === "already-decided") {
    throw new AppError("already-decided", "this approval was closed meanwhile: look at the run again");
  }
  if (o.json === true) {
    answerJson({ ...result, preview: seen });
  } else {
    answer(`changed: run ${result.run} is planned anew`);
  }
}

async function showForm(client: ControlClient, url: string, o: DecideOptions): Promise<void> {
  const found = z.union([refused, form]).parse(await client.get(url));
  if (found.outcome === "refused") {
    throw fromErrorInfo(found.error);
  }
  if (o.json === true) {
    answerJson(found);
    return;
  }
  const lines = found.fields.map(({ label, now, least, most, options }) => {
    const limits = options?.map((each) => each.id).join(", ") ?? `${least} to ${most}`;
    return `${label}: ${[now].flat().join(", ") || "none"} (${limits})`;
  });
  answer(lines.length === 0 ? "Nothing of this plan can be changed." : lines.join("\n"));
}

function previewText({ changes, known, open }: z.output<typeof preview>): string {
  return [...changes.map(({ what, before, after }) => `${what}: ${before} → ${after}`), ...known, open].join(
    "\n",
  );
}
