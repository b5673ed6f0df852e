import type { EditField, PlanEdit } from "../edit-types.ts";
import { AppError } from "../errors.ts";

/** The fields as people write them. */
const names = {
  quantity: "quantity",
  suppliers: "suppliers",
  shipping: "shipping",
  margin: "marginPercent",
  "leave-out": "leaveOut",
} as const;
const wordByField = new Map<string, string>(Object.entries(names).map(([word, field]) => [field, word]));

/** A field's name as people write it. */
export function editWord(field: EditField): string {
  return wordByField.get(field) ?? field;
}

const lists: ReadonlySet<string> = new Set(["suppliers", "leaveOut"]);

/**
 * An edit as somebody wrote it: names and values in turn, lists with commas ("none": an empty one), e.g. "quantity 60
 * suppliers borealis,cobalt". Fails with code "bad-edit"; whether the values may be chosen is judged elsewhere.
 */
export function editFromWords(words: readonly string[]): PlanEdit {
  const edit: Record<string, string | readonly string[]> = {};
  for (let at = 0; at < words.length; at += 2) {
    const [name = "", value] = words.slice(at, at + 2);
    const expected = Object.keys(names).join(", ");
    if (!Object.hasOwn(names, name)) {
      throw new AppError("bad-edit", `field "${name.slice(0, 100)}" is not known: expected ${expected}`);
    }
    if (value === undefined) {
      throw new AppError("bad-edit", `field "${name}" has no value: expected e.g. "quantity 60"`);
    }
    const field = names[name as keyof typeof names];
    if (Object.hasOwn(edit, field)) {
      throw new AppError("bad-edit", `field "${name}" is named twice: expected one value for each field`);
    }
    const items = value === "none" ? [] : value.split(",").filter((each) => each !== "");
    edit[field] = lists.has(field) ? items : value;
  }
  // What the values may be is checked by whoever takes the edit.
  return edit;
}
