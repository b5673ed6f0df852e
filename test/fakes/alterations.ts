import type { Json } from "../../src/domain.ts";

/** The value with one leaf changed, one field removed, or one added; all of them. */
export function* alterations(
  value: Json,
  where = "",
): Generator<{ readonly where: string; readonly value: Json }> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      yield { where: `${where}/-${index}`, value: value.toSpliced(index, 1) };
      for (const inner of alterations(each as Json, `${where}/${index}`)) {
        yield { where: inner.where, value: value.toSpliced(index, 1, inner.value) };
      }
    }
    return;
  }
  if (typeof value === "object" && value !== null) {
    const fields = value as { readonly [key: string]: Json };
    yield { where: `${where}/+`, value: { ...fields, added: 1 } };
    for (const [name, each] of Object.entries(fields)) {
      const { [name]: _removed, ...rest } = fields;
      yield { where: `${where}/-${name}`, value: rest };
      if (name !== "plan") {
        for (const inner of alterations(each, `${where}/${name}`)) {
          yield { where: inner.where, value: { ...fields, [name]: inner.value } };
        }
      }
    }
    return;
  }
  if (typeof value === "string") {
    yield { where, value: changedText(value) };
    return;
  }
  yield { where, value: typeof value === "number" ? value + 1 : null };
}

/** Another text of the same form, so that the change gets past the schema where one can. */
function changedText(text: string): string {
  const time = Date.parse(text);
  if (/^\d{4}-.*Z$/.test(text) && !Number.isNaN(time)) {
    return new Date(time - 1).toISOString();
  }
  const last = text.at(0) ?? "";
  return `${/\d/.test(last) ? (Number(last) + 1) % 10 : last === "a" ? "b" : "a"}${text.slice(1)}`;
}
