import type { types } from "@slack/bolt";
import { z } from "zod";
import { type EditField, editFields, type EditPreview, type FormField } from "../../../src/edit-types.ts";
import { firstLines, shortHash } from "./card-lines.ts";
import { type Block, context, type Line, limits, plain, points, section } from "./elements.ts";
import { modal } from "./modals.ts";
import { line } from "./safe-text.ts";
import { callbackIds, type EditPlace, valueOf } from "./slack-actions.ts";

/** The form in which a plan is changed, first as it is, then with what its values would change above them. */

/** As they stand in the form; whether a plan may have them is judged by the inbox. */
export type Entered = Readonly<Partial<Record<EditField, string | readonly string[]>>>;

/** https://docs.slack.dev/reference/block-kit/block-elements: checkboxes and menus take so many options. */
const mostBoxes = 10;
const mostOptions = 100;
const optionText = 75;
const mostLines = 20;
const lineLength = 300;

/** Of the input block with this field. */
export function editBlock(field: EditField): string {
  return `edit-${field}`;
}

export function editModal(o: {
  readonly place: EditPlace;
  readonly fields: readonly FormField[];
  readonly entered: Entered;
  /** What happened since the form was shown before. */
  readonly notice?: string;
  readonly preview?: EditPreview;
}): types.ModalView {
  const { place, preview } = o;
  const shown = o.fields.filter(fits);
  return {
    ...modal(callbackIds.edit, "Edit the plan", [
      ...(o.notice === undefined ? [] : [section(o.notice, 1000)]),
      ...(preview === undefined ? [] : previewBlocks(preview)),
      ...shown.map((field) => inputBlock(field, o.entered[field.field] ?? field.now)),
      ...o.fields.filter(hasTooMany).map((field) => elsewhere(field, place)),
      context(
        preview === undefined
          ? `Plan ${shortHash(place.planHash)}. Nothing is changed yet: next you see what would change.`
          : `Plan ${shortHash(place.planHash)}. Other values are shown to you first, too.`,
      ),
    ]),
    submit: plain(preview === undefined ? "Preview" : "Change the plan", limits.viewTitle),
    close: plain("Back", limits.viewTitle),
    private_metadata: valueOf.edit(place),
  };
}

function previewBlocks({ changes, known, open }: EditPreview): Block[] {
  const change = ({ what, before, after }: EditPreview["changes"][number]): Line => [
    [line(what, lineLength), true],
    ` ${line(`${before} → ${after}`, lineLength)}`,
  ];
  return [
    points("What would change", firstLines(changes, mostLines, change, "")),
    points(
      "What follows",
      firstLines(known, mostLines, (each): Line => [line(each, lineLength)], ""),
    ),
    context(open),
    { type: "divider" },
  ];
}

function fits(field: FormField): boolean {
  return field.kind === "number" || (field.options.length > 0 && !hasTooMany(field));
}
function hasTooMany(field: FormField): boolean {
  return field.kind !== "number" && field.options.length > mostOptions;
}
function elsewhere({ label }: FormField, { run }: EditPlace): Block {
  return context(
    `“${line(label, 100)}” has too many choices for this form: /countersign edit ${run} lists them.`,
  );
}

function inputBlock(field: FormField, value: string | readonly string[]): Block {
  const { field: name, label } = field;
  const block = { type: "input", block_id: editBlock(name), label: plain(label, 100) } as const;
  if (field.kind === "number") {
    const decimal = typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
    return {
      ...block,
      hint: plain(`${field.least} to ${field.most}`, 100),
      element: {
        type: "number_input",
        action_id: name,
        is_decimal_allowed: name === "marginPercent",
        // Its limits are the inbox's to judge: Slack refuses a form whose first value is beyond them.
        ...(decimal ? { initial_value: value } : {}),
      },
    };
  }
  const options = field.options.map(({ id, name: text }) => ({ text: plain(text, optionText), value: id }));
  const chosen = options.filter((each) => [value].flat().includes(each.value));
  if (field.kind === "one") {
    const [first] = chosen;
    return {
      ...block,
      element: {
        type: "static_select",
        action_id: name,
        options,
        ...(first === undefined ? {} : { initial_option: first }),
      },
    };
  }
  // Slack refuses an empty list of chosen ones.
  const some = { action_id: name, options, ...(chosen.length === 0 ? {} : { initial_options: chosen }) };
  return {
    ...block,
    optional: true,
    element:
      options.length <= mostBoxes
        ? { type: "checkboxes", ...some }
        : { type: "multi_static_select", ...some },
  };
}

const option = z.object({ value: z.string().max(limits.buttonValue) });
const stateSchema = z.object({
  values: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        value: z.string().max(limits.section).nullish(),
        selected_option: option.nullish(),
        selected_options: z.array(option).max(mostOptions).nullish(),
      }),
    ),
  ),
});
/** What stands in the form that was submitted. */
export function enteredOf(state: unknown): Entered {
  const { values } = stateSchema.parse(state);
  const found = editFields.flatMap((field): [EditField, string | readonly string[]][] => {
    const cell = values[editBlock(field)]?.[field];
    const value =
      cell?.selected_options?.map((each) => each.value).toSorted() ??
      cell?.selected_option?.value ??
      cell?.value?.trim();
    return value === undefined ? [] : [[field, value]];
  });
  return Object.fromEntries(found);
}
