import type { ErrorInfo, Person, PersonId } from "../domain.ts";
import {
  type Editable,
  type EditFault,
  type EditField,
  editFields,
  type FormField,
  type PlanEdit,
  type WrongValues,
} from "../edit-types.ts";
import { decimal } from "../money.ts";
import { editWord } from "../plan/edit-words.ts";
import type { Policy } from "../policy-types.ts";
import { hasRole, notAllowed, refusal, unknownPerson } from "./refusal.ts";

/** Who may change a plan, and within which limits. Pure; bot and attesting agents evaluate this. */

/** Whether a person may change the plan of a request of `requester` at all; null means they may. */
export function mayEdit(
  policy: Pick<Policy, "edit">,
  person: Person | undefined,
  o: { readonly id: PersonId; readonly requester: PersonId; readonly account?: string | undefined },
): ErrorInfo | null {
  if (person?.active !== true) {
    return unknownPerson(o.id);
  }
  if (o.account !== undefined && !person.accounts.includes(o.account)) {
    return refusal("wrong-account", `account ${o.account.slice(0, 100)} is not linked to "${person.id}"`);
  }
  const { edit } = policy;
  if (edit === undefined) {
    return refusal("not-allowed", "the policy lets nobody change a plan");
  }
  const own = edit.requester === true && person.id === o.requester;
  return own || hasRole(person, edit.roles)
    ? null
    : notAllowed(person, edit.roles, "changing other people's plans");
}

/** The fields that both the policy and the workflow let people change, with their limits. */
export function formOf({ edit }: Pick<Policy, "edit">, editable: Editable): readonly FormField[] {
  const fields: FormField[] = [];
  const { quantity, suppliers, shipping, marginPercent, leaveOut } = editable;
  if (edit?.quantity !== undefined && quantity !== undefined) {
    const most = decimal(quantity.asked).times(decimal(edit.quantity.mostPercent)).div(100).round(0, 0);
    const limits = { least: "1", most: most.toFixed() };
    fields.push({ field: "quantity", kind: "number", label: "Quantity", now: quantity.now, ...limits });
  }
  if (edit?.suppliers === true && suppliers !== undefined && suppliers.options.length > 1) {
    fields.push({ field: "suppliers", kind: "some", label: "Buy only from", ...suppliers });
  }
  if (edit?.shipping === true && shipping !== undefined) {
    const options = [
      { id: "cheapest", name: "cheapest" },
      { id: "fastest", name: "fastest" },
    ];
    fields.push({ field: "shipping", kind: "one", label: "Shipping", now: shipping.now, options });
  }
  if (edit?.margin !== undefined && marginPercent !== undefined) {
    const { now } = marginPercent;
    fields.push({ field: "marginPercent", kind: "number", label: "Margin in percent", now, ...edit.margin });
  }
  if (edit?.lines === true && leaveOut !== undefined && leaveOut.options.length > 0) {
    fields.push({ field: "leaveOut", kind: "some", label: "Leave out", ...leaveOut });
  }
  return fields;
}

/** The least margin that a quote must carry: where somebody changed the plan, what people may choose. */
export function leastMargin(
  { marginPercent, edit }: Pick<Policy, "marginPercent" | "edit">,
  isEdited: boolean,
): string {
  const least = isEdited ? (edit?.margin?.least ?? marginPercent) : marginPercent;
  return decimal(least).lt(decimal(marginPercent)) ? least : marginPercent;
}

/** What is wrong with an edit, naming each field, value and expectation; null for a good one. */
export function editFault(form: readonly FormField[], changes: PlanEdit): EditFault | null {
  const changed = changesOf(form, changes);
  const wrong: Partial<Record<EditField, string>> = {};
  for (const name of editFields.filter((each) => changes[each] !== undefined)) {
    const field = form.find((each) => each.field === name);
    const found = field === undefined ? notEditable(name, form) : fieldFault(field, changes);
    // A form sends all that it shows: what somebody leaves as it is, is right.
    const isLeft = field !== undefined && !changed.includes(field);
    if (found !== null && !isLeft) {
      wrong[name] = found;
    }
  }
  if (Object.keys(wrong).length > 0) {
    return wrongValues(wrong);
  }
  return changed.length === 0
    ? refusal("bad-edit", "nothing is changed: expected at least one field with another value than now")
    : null;
}

/** The refusal that says all of them. */
export function wrongValues(wrong: WrongValues): EditFault {
  const texts = Object.entries(wrong).map(
    ([field, text]) => `field "${editWord(field as EditField)}": ${text}`,
  );
  return { ...refusal("bad-edit", texts.join("; ")), wrong };
}

/** The fields whose values differ from those now. */
export function changesOf(form: readonly FormField[], changes: PlanEdit): readonly FormField[] {
  return form.filter(({ field, now }) => {
    const value = changes[field];
    return value !== undefined && wordsOf(value) !== wordsOf(now);
  });
}

export function wordsOf(value: string | readonly string[]): string {
  return typeof value === "string" ? value : value.toSorted().join(", ");
}

function notEditable(name: EditField, form: readonly FormField[]): string {
  const names = form.map(({ field }) => field).join(", ");
  return `cannot be changed of this plan; expected ${names === "" ? "no field: nothing can" : `one of ${names}`}`;
}

function fieldFault(field: FormField, changes: PlanEdit): string | null {
  if (field.kind === "number") {
    const value = changes[field.field] ?? field.now;
    const number = decimal(value);
    return number.lt(decimal(field.least)) || number.gt(decimal(field.most))
      ? `${value}, expected ${field.least} to ${field.most}`
      : null;
  }
  const values = [changes[field.field] ?? []].flat();
  const ids = field.options.map(({ id }) => id);
  const strange = values.find((each) => !ids.includes(each));
  if (strange !== undefined) {
    return `"${strange}", expected ${field.kind === "one" ? "one" : "some"} of ${ids.join(", ")}`;
  }
  if (field.field === "suppliers" && values.length === 0) {
    return "nobody is left to buy from, expected at least one supplier";
  }
  if (field.field === "leaveOut" && ids.every((id) => values.includes(id))) {
    return "nothing is left to order; expected at least one line to stay, or a rejection";
  }
  return null;
}
