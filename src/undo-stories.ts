import { z } from "zod";
import type { Run } from "./domain.ts";
import type { Content } from "./record-types.ts";
import { stuckSteps } from "./step-errors.ts";
import { undoActs, undoContent, undoIdOf, type UndoStory } from "./undo-types.ts";

const happening = z.discriminatedUnion("what", [
  z.object({ what: z.literal("stuck"), at: z.number(), attempt: z.number(), why: z.string() }),
  z.object({
    what: z.enum(undoActs),
    at: z.number(),
    by: z.string(),
    adapter: z.string(),
    note: z.string().nullable(),
  }),
]);

/** The undos of a run's revision that need or needed a person, in the order of the steps. */
export function undoStories(run: Run, contents: readonly Content[]): readonly UndoStory[] {
  const stuck = stuckSteps(run);
  return run.steps.flatMap(({ id: step }) => {
    const happened = contents
      .filter(
        (each) => each.step === step && each.revision === run.revision && each.name.startsWith(undoContent),
      )
      .toSorted((a, b) => numberOf(a) - numberOf(b))
      .flatMap(({ value }) => happening.safeParse(value).data ?? []);
    const ref = { run: run.id, revision: run.revision, step };
    const stuckAttempt = stuck.find(({ id }) => id === step)?.attempt ?? null;
    return happened.length === 0 ? [] : [{ ...ref, id: undoIdOf(ref), stuckAttempt, happened }];
  });
}
function numberOf({ name }: Content): number {
  return Number(name.slice(undoContent.length));
}
