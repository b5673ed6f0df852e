import type { EditForm, EditInbox, PlanEditing } from "../../src/edit-types.ts";
import { changesOf, editFault, wordsOf } from "../../src/policy/may-edit.ts";
import { refusal } from "../../src/policy/refusal.ts";

const choices = (...ids: string[]) => ids.map((id) => ({ id, name: id }));
const fields: EditForm["fields"] = [
  { field: "quantity", kind: "number", label: "Quantity", now: "50", least: "1", most: "100" },
  {
    field: "shipping",
    kind: "one",
    label: "Shipping",
    now: "cheapest",
    options: choices("cheapest", "fastest"),
  },
];
/** Fields of every kind, beside those above. */
const moreFields: EditForm["fields"] = [
  {
    field: "suppliers",
    kind: "some",
    label: "Buy only from",
    now: ["alpha", "beta"],
    options: choices("alpha", "beta"),
  },
  { field: "marginPercent", kind: "number", label: "Margin in percent", now: "18", least: "10", most: "40" },
  {
    field: "leaveOut",
    kind: "some",
    label: "Leave out",
    now: [],
    options: choices(...Array.from({ length: 30 }, (_, at) => `part-${at}`)),
  },
];
interface RecordedEdits {
  readonly inbox: EditInbox;
  readonly edits: PlanEditing[];
  readonly previews: PlanEditing[];
  /** Somebody was first: the plan is another one from now on, or none waits any more. */
  readonly moveOn: (next: "new-plan" | "decided") => void;
}
/** What is told of edits, and what came of them; the manager may change a plan, others may not. */
export function recordedEdits(o: { readonly run?: string; readonly allFields?: true } = {}): RecordedEdits {
  const edits: PlanEditing[] = [];
  const previews: PlanEditing[] = [];
  const { run = "run1" } = o;
  const plan = (approval: string, planHash: string, shown: EditForm["fields"]): EditForm => ({
    outcome: "form",
    approval,
    run,
    planHash,
    fields: shown,
  });
  const all = o.allFields === true ? [...fields, ...moreFields] : fields;
  let form: EditForm | undefined = plan(`a-${run}`, "3f".repeat(32), all);
  const refused = (code: string, message: string) =>
    ({ outcome: "refused", error: refusal(code, message) }) as const;

  /** The plan that this is about, or why there is none for them. */
  const judged = (approval: string, person: string, planHash?: string) => {
    if (person !== "manager") {
      return refused("not-allowed", "changing plans needs manager");
    }
    const known = form !== undefined && (approval === form.run || approval === form.approval);
    return known && (planHash ?? form?.planHash) === form?.planHash
      ? (form as EditForm)
      : refused("approval-closed", `approval "${approval}" is withdrawn`);
  };
  const judgedEdit = ({ approval, person, planHash, changes }: PlanEditing) => {
    const found = judged(approval, person, planHash);
    const error = found.outcome === "form" ? editFault(found.fields, changes) : null;
    return error === null ? found : ({ outcome: "refused", error } as const);
  };
  return {
    edits,
    previews,
    moveOn(next) {
      const later = all.map((field) => (field.field === "quantity" ? { ...field, now: "70" } : field));
      form = next === "decided" ? undefined : plan(`b-${run}`, "4e".repeat(32), later);
    },
    inbox: {
      editForm: async (approval, person) => judged(approval, person),
      async previewEdit(editing) {
        previews.push(editing);
        const found = judgedEdit(editing);
        if (found.outcome === "refused") {
          return found;
        }
        const words = (value: string | readonly string[]) => wordsOf(value) || "nothing";
        return {
          outcome: "preview",
          approval: found.approval,
          run: found.run,
          planHash: found.planHash,
          changes: changesOf(found.fields, editing.changes).map(({ field, label, now }) => ({
            what: label,
            before: words(now),
            after: words(editing.changes[field] ?? now),
          })),
          known: ["This approval is withdrawn."],
          open: "Prices are known only after the checks.",
        };
      },
      async edit(editing) {
        const found = judgedEdit(editing);
        edits.push(editing);
        return found.outcome === "refused" ? found : { outcome: "accepted", run: found.run };
      },
    },
  };
}
