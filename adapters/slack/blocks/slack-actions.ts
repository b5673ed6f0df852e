import { z, type ZodType } from "zod";
import { limits } from "./elements.ts";

/** What comes back from Slack when somebody uses a card: ids, and the values that our buttons carry. */

/** Of buttons. An answer's id is followed by its number, see `isAnswer`: ids are unique within a block. */
export const actionIds = {
  approve: "approve",
  reject: "reject",
  edit: "edit",
  details: "details",
  previousPage: "details-previous",
  nextPage: "details-next",
  planFile: "plan-file",
  quoteFile: "quote-file",
  answer: "answer-",
  cancel: "cancel",
  undoRetry: "undo-retry",
  undoByHand: "undo-by-hand",
  undoLeave: "undo-leave",
} as const;
/** Of views and of the message shortcut. */
export const callbackIds = {
  details: "details",
  reject: "reject-reason",
  edit: "edit-plan",
  notice: "notice",
  makeRequest: "make-request",
  undoNote: "undo-note",
} as const;
/** Where the reject view keeps the reason, and that of an undo its note. */
export const reasonField = { block: "reason", action: "text" } as const;

export function isAnswer(actionId: string): boolean {
  return /^answer-\d$/.test(actionId);
}

const id = z.string().min(1).max(200);
const decision = z.strictObject({ approval: id, planHash: z.string().regex(/^[0-9a-f]{64}$/) });
const page = z.strictObject({ approval: id, page: z.int().min(0).max(10_000) });
const answer = z.strictObject({ run: id, answer: z.string().min(1).max(limits.buttonValue) });
const run = z.strictObject({ run: id });
const undo = z.strictObject({ id, attempt: z.int().min(0) });
const undoNote = z.strictObject({
  undo: id,
  attempt: z.int().min(0),
  act: z.enum(["by-hand", "given-up"]),
});
const edit = z.strictObject({
  approval: id,
  run: id,
  planHash: decision.shape.planHash,
  shown: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});
/** The plan that a form changes; `shown` is the hash of the values of which was shown what they would change. */
export type EditPlace = z.infer<typeof edit>;
/** What is noted of an undo that is stuck, before there is a note. */
export type UndoNote = z.infer<typeof undoNote>;

/** JSON text of this shape, as a button's value or a view's private metadata. */
function jsonOf<T>(shape: ZodType<T>) {
  return z
    .string()
    .max(3000)
    .transform((text, check): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        check.addIssue({ code: "custom", message: "must be JSON" });
        return z.NEVER;
      }
    })
    .pipe(shape);
}
/**
 * Parsers of the values: `decision` of approve, reject, edit and the reject view's private metadata; `edit` of its view's;
 * `page` of details, previous, next and plan file; `answer` and `run` (cancel, quote file); `undo` of its buttons,
 * `undoNote` of its view's private metadata; `reason` of the `state` of the views that ask for one.
 */
export const actionValues = {
  decision: jsonOf(decision),
  page: jsonOf(page),
  answer: jsonOf(answer),
  run: jsonOf(run),
  undo: jsonOf(undo),
  undoNote: jsonOf(undoNote),
  edit: jsonOf(edit),
  reason: z
    .object({
      values: z.object({
        [reasonField.block]: z.object({
          [reasonField.action]: z.object({ value: z.string().trim().min(1).max(limits.reason) }),
        }),
      }),
    })
    .transform(({ values }) => values[reasonField.block][reasonField.action].value),
} as const;

export const valueOf = {
  decision: (value: z.infer<typeof decision>) => JSON.stringify(value),
  page: (value: z.infer<typeof page>) => JSON.stringify(value),
  answer: (value: z.infer<typeof answer>) => JSON.stringify(value),
  run: (value: z.infer<typeof run>) => JSON.stringify(value),
  undo: (value: z.infer<typeof undo>) => JSON.stringify(value),
  undoNote: (value: UndoNote) => JSON.stringify(value),
  edit: (value: EditPlace) => JSON.stringify(value),
} as const;
