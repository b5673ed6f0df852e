import type {
  ApprovalStatus,
  EndReason,
  ErrorInfo,
  RunStatus,
  StepId,
  Verdict,
  WorkflowRef,
} from "../domain.ts";
import type { MessageSubject } from "../link-types.ts";

/** One try of one step: an event about any other try is stale and changes nothing. */
export type StepRef = Omit<MessageSubject, "run">;

/** What can happen to a run. */
export type RunEvent =
  /** `held`: it waits for its turn, until it is admitted. */
  | { readonly type: "started"; readonly held: boolean }
  | { readonly type: "admitted" }
  /** The router chose; `plan` is from now on the workflow's. */
  | ({ readonly type: "routed"; readonly workflow: WorkflowRef } & StepRef)
  /** The step's request is in the outbox. */
  | ({ readonly type: "dispatched" } & StepRef)
  /** No instance of its agent is there, or one is again: the step waits, or waits no more. */
  | ({ readonly type: "unattended"; readonly waits: boolean } & StepRef)
  | ({ readonly type: "completed" } & StepRef)
  | ({ readonly type: "failed"; readonly error: ErrorInfo } & StepRef)
  /** The requester was asked: by the router or by an ask step. */
  | ({ readonly type: "asked"; readonly expiresAt: number } & StepRef)
  | { readonly type: "answered"; readonly step: StepId; readonly revision: number }
  | ({
      readonly type: "opened";
      readonly expiresAt: number;
      /** When people are reminded or further people asked, ascending. */
      readonly remindAt: readonly number[];
    } & StepRef)
  /** The verdict that ends the approval, and its evidence, are committed with this. */
  | { readonly type: "recorded"; readonly step: StepId; readonly revision: number }
  /** The HITL agent signed. */
  | ({ readonly type: "decided"; readonly verdict: Verdict } & StepRef)
  /** Time has passed. */
  | { readonly type: "due" }
  | { readonly type: "cancel-requested" }
  /** Nothing new is begun from now on, or again. */
  | { readonly type: "pause-requested"; readonly paused: boolean }
  /** A run that has ended is to be undone: all of it, or what could not be undone before. */
  | { readonly type: "undo-requested" }
  /** A person wants the undo of one step, of which this try is stuck, tried again. */
  | ({ readonly type: "undo-retried" } & StepRef)
  /** A person says of a step of which this try of its undo is stuck that it is done by hand, or that it stays. */
  | ({ readonly type: "undo-settled"; readonly outcome: "by-hand" | "given-up" } & StepRef)
  /** Triage wants another way for a failed step: undo this revision, then everything again as the next one. */
  | ({ readonly type: "revised" } & StepRef)
  | ({ readonly type: "triaged"; readonly action: "retry" | "escalate"; readonly delayMs: number } & StepRef)
  /** The undo with this attempt number is done, or has failed. */
  | ({ readonly type: "compensated" } & StepRef)
  | ({ readonly type: "compensation-failed"; readonly error: ErrorInfo } & StepRef);

/** What the engine must do about it: all but `queue` in the commit of the event itself. */
export type RunEffect =
  | ({ readonly type: "queue"; readonly dispatch: number; readonly delayMs: number } & StepRef)
  | ({ readonly type: "compute" } & StepRef)
  | ({ readonly type: "ask" } & StepRef)
  | ({ readonly type: "open-approval" } & StepRef)
  | ({
      readonly type: "close-approval";
      readonly status: Extract<ApprovalStatus, "decided" | "withdrawn" | "expired">;
    } & StepRef)
  /** People who are waited for are reminded: once, however many of the times have passed. */
  | ({ readonly type: "remind" } & StepRef)
  /** The request for the step, its triage or its undo is not to be sent any more. */
  | ({ readonly type: "withdraw-request"; readonly request: "step" | "triage" | "undo" } & StepRef)
  | ({ readonly type: "undo"; readonly delayMs: number } & StepRef)
  /** This try of an undo needs a person: it was refused for good, or comes after many that failed. */
  | ({ readonly type: "undo-stuck"; readonly error: ErrorInfo } & StepRef)
  | ({ readonly type: "triage"; readonly error: ErrorInfo } & StepRef)
  | { readonly type: "status-notice"; readonly status: RunStatus; readonly reason: EndReason | null }
  | { readonly type: "finish"; readonly status: Extract<RunStatus, "completed" | "failed" | "cancelled"> };
