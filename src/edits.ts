import { z } from "zod";
import type { AlreadyDecided } from "./decision-types.ts";
import type { Accepted, Approval, ErrorInfo, Person, PersonId } from "./domain.ts";
import type { PlanDocument, RunId } from "./domain.ts";
import type { TrustView } from "./define-agent.ts";
import {
  type Edited,
  type EditFault,
  type EditField,
  type EditInbox,
  type EditRefused,
  editFields,
  editKey,
  type FormField,
  type GivenEdit,
  type PlanChange,
  type PlanEdit,
  type PlanEditing,
} from "./edit-types.ts";
import { decimal, money } from "./money.ts";
import { planEditSchema } from "./plan/edit-schema.ts";
import { changesOf, editFault, formOf, mayEdit, wordsOf, wrongValues } from "./policy/may-edit.ts";
import { refusal } from "./policy/refusal.ts";
import type { Store } from "./ports.ts";
import type { RunView } from "./run-view.ts";

export interface EditsOptions {
  readonly store: Pick<Store, "approval" | "approvals" | "appendJournal" | "requestRun">;
  readonly engine: { edit(approval: string, given: GivenEdit): Promise<Edited> };
  readonly trust: () => TrustView;
  /** The run with its texts. */
  readonly view: (run: RunId) => Promise<RunView | undefined>;
  /** Who could decide on such an approval. */
  readonly deciders: (approval: Approval) => readonly Person[];
}

/** What an edit is judged by. */
interface Waiting {
  readonly approval: Approval;
  readonly form: readonly FormField[];
  readonly plan: PlanDocument;
  /** What the quote is made from; undefined where the workflow makes none. */
  readonly quoteCost: string | undefined;
}

const planEditing: z.ZodType<PlanEditing> = z.object({
  approval: z.string().min(1).max(200),
  person: z.string().min(1).max(200),
  changes: planEditSchema,
  adapter: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/, 'expected a name such as "console"'),
  account: z.string().max(200).exactOptional(),
  planHash: z.string().max(200).exactOptional(),
  key: z.string().min(1).max(400),
});
const routeOutput = z.looseObject({ input: z.unknown() });
const quoteOutput = z.object({ cost: z.object({ amount: z.string() }) });
const openText =
  "Prices, stock, freight, total, quote, delivery, credit, budget and compliance are known only after the agents have " +
  "checked the new plan; what cannot be planned is given up, and the plan is made again without it.";

/** Lets people change plans that wait for a decision. Refusals are for who asked alone, and recorded. */
export function createEdits(o: EditsOptions): EditInbox {
  const { store, engine, trust } = o;

  async function refuse(
    given: Pick<PlanEditing, "person"> & Partial<Pick<PlanEditing, "adapter">>,
    approval: Approval | undefined,
    error: EditFault,
  ): Promise<EditRefused> {
    const person = trust().person(given.person)?.id ?? null;
    const facts = {
      code: error.code,
      approval: approval?.id ?? null,
      person,
      adapter: given.adapter ?? null,
    };
    await store.appendJournal([{ kind: "refusal", run: approval?.run ?? null, facts }]);
    return { outcome: "refused", error };
  }

  /** By its own id, or as the one that a run waits with. */
  async function find(id: string): Promise<Approval | undefined> {
    return (
      (await store.approval(id)) ??
      (await store.approvals({ run: id })).toSorted((a, b) => b.revision - a.revision)[0]
    );
  }

  async function waiting(approval: Approval): Promise<Waiting | ErrorInfo> {
    const view = await o.view(approval.run);
    const plan = view?.papers[approval.id]?.plan?.document;
    if (view === undefined || plan === undefined) {
      return refusal("plan-missing", `the plan of approval "${approval.id}" cannot be shown`);
    }
    const { workflow, outputs, edit } = view;
    const { input } = routeOutput.parse(outputs["route"]);
    const editable = workflow?.editable?.({ input, outputs, edit: edit?.values ?? {} }) ?? {};
    const quote = quoteOutput.safeParse(outputs["quote"]);
    const quoteCost = quote.success ? quote.data.cost.amount : undefined;
    return { approval, form: formOf(trust().policy, editable), plan, quoteCost };
  }

  /** Who may not, which approval is closed, and what cannot be changed so; else what the edit is judged by. */
  async function judged(
    given: Pick<PlanEditing, "approval" | "person"> & Partial<PlanEditing>,
  ): Promise<Waiting | { readonly refused: EditFault; readonly approval?: Approval | undefined }> {
    const approval = await find(given.approval);
    if (approval === undefined) {
      const message = `there is no approval, and no run with one, "${given.approval}"`;
      return { refused: refusal("unknown-approval", message) };
    }
    const view = trust();
    const { requester, status } = approval;
    const { person: id, account, planHash, changes } = given;
    const notAllowed = mayEdit(view.policy, view.person(id), { id, requester, account });
    if (notAllowed !== null) {
      return { refused: notAllowed, approval };
    }
    if (status !== "open") {
      const message = `approval "${approval.id}" is ${status}: expected one that waits for its decision`;
      return { refused: refusal("approval-closed", message), approval };
    }
    if (planHash !== undefined && planHash !== approval.planHash) {
      const message = "the plan is not the one that was shown with this form; look at it again";
      return { refused: refusal("wrong-plan", message), approval };
    }
    const found = await waiting(approval);
    if ("code" in found) {
      return { refused: found, approval };
    }
    const fault = changes === undefined ? null : editFault(found.form, changes);
    if (fault !== null) {
      return { refused: fault, approval };
    }
    const editors = [...new Set([...(approval.editors ?? []), id])];
    const left = o.deciders({ ...approval, editors }).length;
    if (changes !== undefined && left < approval.quorum) {
      const message = `"${id}" would be an editor and decide nothing then: ${left} others could decide, expected ${approval.quorum}`;
      return { refused: refusal("nobody-decides", message), approval };
    }
    return found;
  }

  return {
    async editForm(id, person) {
      const found = await judged({ approval: id, person });
      if ("refused" in found) {
        return refuse({ person }, found.approval, found.refused);
      }
      const { approval, form } = found;
      const { id: own, run, planHash } = approval;
      return { outcome: "form", approval: own, run, planHash, fields: form };
    },

    async previewEdit(input) {
      const parsed = planEditing.safeParse(input);
      if (!parsed.success) {
        return refuse(input, undefined, malformed(parsed.error));
      }
      const found = await judged(parsed.data);
      if ("refused" in found) {
        return refuse(input, found.approval, found.refused);
      }
      const { approval, form } = found;
      const { changes, person } = parsed.data;
      return {
        outcome: "preview",
        approval: approval.id,
        run: approval.run,
        planHash: approval.planHash,
        changes: changedWords(form, changes),
        known: consequences(found, changes, person),
        open: openText,
      };
    },

    async edit(input) {
      const parsed = planEditing.safeParse(input);
      if (!parsed.success) {
        return refuse(input, undefined, malformed(parsed.error));
      }
      const outcome = await take(parsed.data);
      if (outcome.outcome === "accepted") {
        return outcome;
      }
      // The very same edit may have been taken before, or at the same moment.
      const known = await store.requestRun(editKey(parsed.data.key));
      if (known !== undefined) {
        return { outcome: "accepted", run: known };
      }
      return "error" in outcome ? refuse(input, outcome.approval, outcome.error) : outcome;
    },
  };

  async function take(
    editing: PlanEditing,
  ): Promise<
    | Accepted
    | AlreadyDecided
    | { readonly outcome: "no"; readonly error: EditFault; readonly approval: Approval | undefined }
  > {
    const found = await judged(editing);
    if ("refused" in found) {
      return { outcome: "no", error: found.refused, approval: found.approval };
    }
    const { approval, form } = found;
    const { changes, person: by, adapter, key } = editing;
    const changed = Object.fromEntries(
      changesOf(form, changes).map(({ field }) => [field, changes[field]]),
    ) as PlanEdit;
    const outcome = await engine.edit(approval.id, { by, adapter, changes: changed, key });
    if (outcome === "too-often") {
      const message = `run "${approval.run}" was planned ${approval.revision} times, and is not planned again`;
      return { outcome: "no", error: refusal("edited-too-often", message), approval };
    }
    // "stale": a decision, the end of the run, the expiry or another edit was first.
    return outcome === "edited"
      ? { outcome: "accepted", run: approval.run }
      : { outcome: "already-decided", approval: (await store.approval(approval.id)) ?? approval };
  }
}

function malformed({ issues }: z.ZodError): EditFault {
  const wrong: Partial<Record<EditField, string>> = {};
  for (const { path, message } of issues) {
    const field = path[0] === "changes" ? editFields.find((each) => each === path[1]) : undefined;
    if (field === undefined) {
      const [name = "changes"] = path;
      const expected = name === "changes" ? `; expected some of ${editFields.join(", ")}` : "";
      return refusal("bad-edit", `field "${String(name)}": ${message}${expected}`);
    }
    wrong[field] ??= message;
  }
  return wrongValues(wrong);
}

function changedWords(form: readonly FormField[], changes: PlanEdit): readonly PlanChange[] {
  return changesOf(form, changes).map((field) => {
    const words = (value: FormField["now"]): string => wordsOf(value) || "nothing";
    return { what: field.label, before: words(field.now), after: words(changes[field.field] ?? field.now) };
  });
}

/** What is sure before any agent has looked. */
function consequences(
  { approval, form, plan, quoteCost }: Waiting,
  changes: PlanEdit,
  person: PersonId,
): readonly string[] {
  const changed = changesOf(form, changes).map(({ field }) => field);
  const approved = approval.decisions.length;
  const dropped = plan.orders.filter(
    ({ supplier }) => changes.suppliers !== undefined && !changes.suppliers.includes(supplier),
  );
  const lines = plan.orders.flatMap((order) =>
    order.lines
      .filter(({ part }) => changes.leaveOut?.includes(part) === true)
      .map((line) => `${line.part} at ${order.supplierName}, ${line.total.amount} ${line.total.currency}`),
  );
  const { marginPercent } = changes;
  const onlyMargin = changed.length === 1 && marginPercent !== undefined && quoteCost !== undefined;
  return [
    "This approval is withdrawn, everything held for it is released, and a new plan waits for a decision of its own.",
    ...(approved === 0
      ? []
      : [`${approved} given ${approved === 1 ? "approval counts" : "approvals count"} no more.`]),
    `${person} becomes an editor of the plan, and decides on it no more.`,
    ...dropped.map(
      ({ supplierName, total }) => `The order at ${supplierName}, ${total.amount} ${total.currency}, goes.`,
    ),
    ...lines.map((line) => `Left out: ${line}.`),
    ...(onlyMargin ? [`If costs stay, the quote is ${quoteText(quoteCost, marginPercent, plan)}.`] : []),
  ];
}

function quoteText(cost: string, marginPercent: string, { quote }: PlanDocument): string {
  const { currency } = quote.total;
  const total = money(decimal(cost).times(decimal(marginPercent).div(100).plus(1)), currency);
  return `${total.amount} ${currency} instead of ${quote.total.amount} ${currency}`;
}
