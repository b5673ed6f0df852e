import type { EditForm, EditInbox, PlanEditing } from "../../src/edit-types.ts";

const planHash = "3f".repeat(32);
const form: EditForm = {
  outcome: "form",
  approval: "a-run1",
  planHash,
  fields: [
    { field: "quantity", kind: "number", label: "Quantity", now: "50", least: "1", most: "100" },
    {
      field: "shipping",
      kind: "one",
      label: "Shipping",
      now: "cheapest",
      options: [
        { id: "cheapest", name: "cheapest" },
        { id: "fastest", name: "fastest" },
      ],
    },
  ],
};

/** What is told of edits, and what came of them; the manager may change a plan, others may not. */
export function recordedEdits(): {
  readonly inbox: EditInbox;
  readonly edits: PlanEditing[];
  readonly previews: PlanEditing[];
} {
  const edits: PlanEditing[] = [];
  const previews: PlanEditing[] = [];
  const error = { code: "not-allowed", message: "changing plans needs manager", retryable: false };
  const judged = <T>(person: string, answer: T) =>
    person === "manager" ? answer : ({ outcome: "refused", error } as const);
  return {
    edits,
    previews,
    inbox: {
      editForm: async (_approval, person) => judged(person, form),
      async previewEdit(editing) {
        previews.push(editing);
        return judged(editing.person, {
          outcome: "preview",
          approval: "a-run1",
          run: "run1",
          planHash,
          changes: [{ what: "Quantity", before: "50", after: "60" }],
          known: ["This approval is withdrawn."],
          open: "Prices are known only after the checks.",
        } as const);
      },
      async edit(editing) {
        edits.push(editing);
        return judged(editing.person, { outcome: "accepted", run: "run1" } as const);
      },
    },
  };
}
