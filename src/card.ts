import type { ApprovalId, PersonId, RunId, StepStatus } from "./domain.ts";
import type { UndoId } from "./undo-types.ts";

/** What a table about effects says of one that is final. */
export const cannotBeUndone = "cannot be undone";

/**
 * A card as every platform can draw it: plain text only, whatever it came from. Adapters render it and add nothing.
 */
export interface Card {
  readonly kind: "progress" | "question" | "approval" | "undo" | "result" | "notice";
  readonly run: RunId | null;
  readonly title: string;
  /** One or two sentences. */
  readonly text: string;
  readonly tone: "neutral" | "waiting" | "good" | "bad";
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly steps: readonly {
    readonly id: string;
    readonly label: string;
    readonly agent: string | null;
    readonly atSign: string | null;
    readonly status: StepStatus;
    readonly ms: number | null;
  }[];
  readonly tables: readonly {
    /** What differs from the plan before, an order with its lines, what may be done instead, what the yes sets in motion. */
    readonly about: "change" | "order" | "fallback" | "effect";
    readonly title: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }[];
  /** Only on an open approval card. */
  readonly approval: {
    readonly id: ApprovalId;
    readonly planHash: string;
    /** Who asked for the plan or changed it: they do not decide on it. */
    readonly authors: readonly PersonId[];
    /** No click counts: people sign with keys of their own. */
    readonly signedOnly?: true;
  } | null;
  /** On an approval card, open or decided: the plan that it shows. */
  readonly plan: { readonly approval: ApprovalId; readonly hash: string } | null;
  /** Only on the card of an undo that needs a person: which one, and which try of it. */
  readonly undo: { readonly id: UndoId; readonly attempt: number } | null;
  /** Offered answers of a question. */
  readonly options: readonly string[];
}
