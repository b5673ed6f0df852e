import { z } from "zod";
import type { Content } from "../record-types.ts";
import { idSchema } from "./plan-schema.ts";
import { planEditSchema } from "./edit-schema.ts";

/** How the record keeps that a revision's plan is another one than was asked for. */

/** The text of an approval step that says what people changed. */
export const editContent = "edit";
/** The text of a step because of which the revision was begun. */
export const becauseContent = "because";

/** All changes so far, who made any, and who made the last. */
const keptEditSchema = z.strictObject({
  values: planEditSchema,
  editors: z.array(idSchema).max(100),
  /** Null: the changes of the revision before could not be planned and were given up. */
  by: idSchema.nullable(),
  /** Why they were; else null. */
  givenUp: z.string().nullable(),
});
export type KeptEdit = z.output<typeof keptEditSchema>;

/** What people changed of a revision's plan, all edits together; undefined when nobody changed anything. */
export function editAt(contents: readonly Content[], revision: number): KeptEdit | undefined {
  const [newest] = contents
    .filter((each) => each.name === editContent && each.revision <= revision)
    .toSorted((a, b) => b.revision - a.revision);
  return newest === undefined ? undefined : keptEditSchema.parse(newest.value);
}

/** Why a revision was begun, for people; null for the first, and where nobody said. */
export function becauseOf(contents: readonly Content[], revision: number): string | null {
  const own = contents.filter((each) => each.revision === revision);
  if (own.some((each) => each.name === editContent)) {
    const edit = editAt(own, revision);
    const by = edit?.by ?? null;
    return by === null ? `What was changed could not be planned: ${edit?.givenUp}` : `Changed by ${by}.`;
  }
  const because = own.find((each) => each.name === becauseContent)?.value;
  return typeof because === "string" ? because : null;
}
