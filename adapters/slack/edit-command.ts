import type { EditPreview, FormField, PlanEditing } from "../../src/edit-types.ts";
import { toErrorInfo } from "../../src/errors.ts";
import { editFromWords } from "../../src/plan/edit-words.ts";
import type { Parts } from "./parts.ts";
import { adapterName } from "./slack-ids.ts";
import type { Caller } from "./who.ts";

/** The last word by which an edit is done; without it, it is only shown what it would change. */
const doIt = "yes";

/**
 * `/countersign edit RUN FIELD VALUE … [yes]`: what may be changed, then what a change would do, then the change. Also
 * of strangers: the inbox refuses and records them.
 */
export function createEditCommand({
  inbox,
}: Pick<Parts, "inbox">): (
  caller: Caller,
  o: { readonly run: string; readonly words: string; readonly key: string },
) => Promise<string> {
  return async ({ by: person, account }, { run, words, key }) => {
    const given = words.split(/\s+/).filter((each) => each !== "");
    if (given.length === 0) {
      const form = await inbox.editForm(run, person);
      return form.outcome === "form" ? formText(form.fields, run) : `Refused: ${form.error.message}.`;
    }
    const isMeant = given.at(-1) === doIt;
    let changes;
    try {
      changes = editFromWords(isMeant ? given.slice(0, -1) : given);
    } catch (error) {
      return `Refused: ${toErrorInfo(error).message}.`;
    }
    const editing: PlanEditing = { approval: run, person, account, changes, adapter: adapterName, key };
    if (!isMeant) {
      const preview = await inbox.previewEdit(editing);
      return preview.outcome === "preview"
        ? previewText(preview, `/countersign edit ${run} ${given.join(" ")} ${doIt}`)
        : `Refused: ${preview.error.message}.`;
    }
    const outcome = await inbox.edit(editing);
    if (outcome.outcome === "refused") {
      return `Refused: ${outcome.error.message}.`;
    }
    return outcome.outcome === "accepted"
      ? `${outcome.run} is planned anew; its new plan waits for a decision of its own.`
      : "The approval was closed meanwhile: nothing was changed.";
  };
}

function formText(fields: readonly FormField[], run: string): string {
  const lines = fields.map((field) => {
    const now = [field.now].flat().join(", ");
    const limits =
      field.kind === "number"
        ? `${field.least} to ${field.most}`
        : field.options.map(({ id }) => id).join(", ");
    return `${field.label}: ${now === "" ? "none" : now} (${limits})`;
  });
  return [...lines, `For example: /countersign edit ${run} quantity 60`].join("\n");
}

function previewText({ changes, known, open }: EditPreview, command: string): string {
  const lines = changes.map(({ what, before, after }) => `${what}: ${before} → ${after}`);
  return [...lines, ...known, open, `To do it: ${command}`].join("\n");
}
