import type { AlreadyDecided } from "./decision-types.ts";
import type { Accepted, ApprovalId, ErrorInfo, PersonId, Refused, Role, RunId } from "./domain.ts";

/** Changing the plan of an open approval: what may be changed, by whom, and what an adapter passes on of it. */

/** What people changed of a plan; what is absent is as it was asked for, or as the agents choose. */
export interface PlanEdit {
  /** How many of the product: a whole number above 0. */
  readonly quantity?: string;
  /** Nothing is bought from others. */
  readonly suppliers?: readonly string[];
  readonly shipping?: Shipping;
  /** Of the customer's quote, in percent of cost. */
  readonly marginPercent?: string;
  /** Missing parts that are not bought: lines left out of the decision. */
  readonly leaveOut?: readonly string[];
}
export const editFields = ["quantity", "suppliers", "shipping", "marginPercent", "leaveOut"] as const;
export type EditField = (typeof editFields)[number];
export const shippings = ["cheapest", "fastest"] as const;
/** The lowest total, or the earliest day on which everything is there. */
export type Shipping = (typeof shippings)[number];

/** Part of the policy. A field without a limit here is changed by nobody. */
export interface EditPolicy {
  readonly roles: readonly Role[];
  /** Whoever asked may, whatever their roles. */
  readonly requester?: true;
  /** At most so many percent of what was asked for. */
  readonly quantity?: { readonly mostPercent: string };
  readonly suppliers?: true;
  readonly shipping?: true;
  /** In percent. Below the policy's own margin the tiers' risk `low-margin` applies. */
  readonly margin?: { readonly least: string; readonly most: string };
  readonly lines?: true;
}

export interface Choice {
  readonly id: string;
  readonly name: string;
}
/** What a workflow lets people change of one plan, and how it is now. */
export interface Editable {
  readonly quantity?: { readonly now: string; readonly asked: string };
  readonly suppliers?: { readonly now: readonly string[]; readonly options: readonly Choice[] };
  readonly shipping?: { readonly now: Shipping };
  readonly marginPercent?: { readonly now: string };
  readonly leaveOut?: { readonly now: readonly string[]; readonly options: readonly Choice[] };
}

/** One field that may be changed, with its limits, as a form shows it. */
export type FormField =
  | {
      readonly field: "quantity" | "marginPercent";
      readonly kind: "number";
      readonly label: string;
      readonly now: string;
      readonly least: string;
      readonly most: string;
    }
  | {
      readonly field: "shipping";
      readonly kind: "one";
      readonly label: string;
      readonly now: string;
      readonly options: readonly Choice[];
    }
  | {
      readonly field: "suppliers" | "leaveOut";
      readonly kind: "some";
      readonly label: string;
      readonly now: readonly string[];
      readonly options: readonly Choice[];
    };

/** A person changes the plan of an open approval. */
export interface PlanEditing {
  /** Or the id of the run whose plan waits. */
  readonly approval: ApprovalId;
  readonly person: PersonId;
  /** Only what they change. */
  readonly changes: PlanEdit;
  readonly adapter: string;
  readonly account?: string;
  /** Of the plan that was shown with the form, where there was one: no other plan is changed by it. */
  readonly planHash?: string;
  /** Of the message or form: sent twice, it is one edit. */
  readonly key: string;
}
/** One difference, in words. */
export interface PlanChange {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}
export interface EditForm {
  readonly outcome: "form";
  readonly approval: ApprovalId;
  readonly run: RunId;
  readonly planHash: string;
  readonly fields: readonly FormField[];
}
/** What an edit would do, as far as that is known before the agents have checked it. */
export interface EditPreview {
  readonly outcome: "preview";
  readonly approval: ApprovalId;
  readonly run: RunId;
  readonly planHash: string;
  readonly changes: readonly PlanChange[];
  /** What follows for sure. */
  readonly known: readonly string[];
  /** What only the agents' checks will show. */
  readonly open: string;
}
/** What is wrong with values of an edit: for each field its value, where it says more, and what was expected. */
export type WrongValues = Readonly<Partial<Record<EditField, string>>>;
/** What is wrong with an edit; absent `wrong`: it is in none of its values. */
export interface EditFault extends ErrorInfo {
  readonly wrong?: WrongValues;
}
export interface EditRefused extends Refused {
  readonly error: EditFault;
}
export interface EditInbox {
  /** What this person may change of a plan that waits for its decision; also by the run's id. */
  editForm(approval: ApprovalId, person: PersonId): Promise<EditForm | EditRefused>;
  /** Judges an edit like `edit`, and changes nothing. */
  previewEdit(editing: PlanEditing): Promise<EditPreview | EditRefused>;
  /** Withdraws the approval and has the plan made again; resolves after the commit. */
  edit(editing: PlanEditing): Promise<Accepted | EditRefused | AlreadyDecided>;
}

/** What the engine is given once an edit was judged. */
export interface GivenEdit {
  readonly by: PersonId;
  readonly adapter: string;
  /** Only what is changed, judged by the caller against the approval's own plan. */
  readonly changes: PlanEdit;
  /** The same edit given twice has the same key. */
  readonly key: string;
}
/** Under which the record knows that an edit was taken. */
export function editKey(key: string): string {
  return `edit:${key}`;
}
/** "stale": the approval is not open any more; "too-often": the run was planned anew as often as it may be. */
export type Edited = "edited" | "stale" | "too-often";
