import type { ApprovalStatus, RunStatus } from "../../src/domain.ts";
import type { EnvelopeKind } from "../../src/link-types.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import type { JournalTables } from "./journal-store.ts";

/**
 * The record's tables. Columns named in `sealedColumns` hold business text, sealed under the run's key; all others are
 * clear: ids, states, times, counters, codes.
 */
export interface RecordTables extends JournalTables {
  readonly runs: {
    readonly id: string;
    readonly version: number;
    readonly revision: number;
    readonly status: RunStatus;
    readonly reason: string | null;
    /** 1 = nothing new of it is begun. */
    readonly paused: number;
    /** 1 = it waits for its turn. */
    readonly held: number;
    readonly workflow_id: string | null;
    readonly workflow_version: number | null;
    readonly workflow_structure: string | null;
    readonly requester: string;
    readonly thread: string;
    /** Requester, thread and request key, sealed: the clear ones are for looking up and count only while they agree. */
    readonly identity: Uint8Array;
    readonly created_at: number;
    readonly updated_at: number;
    /** JSON: the steps' states, without their errors. */
    readonly steps: string;
    /** Errors of the run and its steps: their messages are business text. Bound to `version`. */
    readonly errors: Uint8Array | null;
    /** When the sweeper must look at it next; null when it is finished. */
    readonly due_at: number | null;
    /** How many of its undos need a person. */
    readonly stuck: number;
  };
  readonly requests: {
    readonly key: string;
    /** "" where the message was taken back before it came. */
    readonly run: string;
    /** Who took it back, sealed: who could write it would have people's requests refused. Else null. */
    readonly withdrawn: Uint8Array | null;
    readonly withdrawn_at: number | null;
  };
  /** Of agents with a limit; JSON: when the requests of the last minute were given. */
  readonly agent_loads: { readonly agent: string; readonly given: string };
  readonly run_keys: { readonly run: string; readonly wrapped: Uint8Array };
  readonly contents: {
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly name: string;
    readonly value: Uint8Array;
  };
  readonly approvals: {
    readonly id: string;
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly action: string;
    readonly plan_hash: string;
    readonly status: ApprovalStatus;
    readonly created_at: number;
    readonly expires_at: number;
    /** All that never changes of it, sealed under the run's key. Its requester is the run's. */
    readonly identity: Uint8Array;
    /** JSON; who, what, when: ids only. */
    readonly decision: string | null;
    /** JSON: tier, quorum, verdicts so far, reminders: ids and times only. Null in rows from before there were tiers. */
    readonly progress: string | null;
  };
  readonly cards: {
    readonly key: string;
    /** 0 stands in the run's thread, the others in their `place`. */
    readonly copy: number;
    readonly run: string;
    /** The thread of another copy than 0, sealed: who could change it would have the card posted elsewhere. */
    readonly place: Uint8Array | null;
    /** 0 = drawn before the others: approvals. */
    readonly urgency: number;
    readonly version: number;
    readonly shown_version: number;
    /** The platform's id of the message, sealed: who could change it would have the card drawn over another message. */
    readonly message: Uint8Array | null;
    /** Not drawn before that: it could not be drawn the last time. */
    readonly retry_at: number;
    /** A bot is posting it until then; 0 = that was never begun. */
    readonly posting_until: number;
    /** One of several bots is drawing it until then. */
    readonly drawing_until: number;
    /** 1 = who reads it there may not decide any more: it is drawn without buttons. */
    readonly barred: number;
  };
  readonly inbox: {
    readonly sender: string;
    readonly kind: EnvelopeKind;
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly attempt: number;
    readonly at: number;
  };
  readonly outbox: {
    readonly id: string;
    readonly recipient: string;
    /** The instance it was given to, and under which token; null until one is chosen. */
    readonly instance: string | null;
    readonly fencing: number | null;
    readonly kind: OutboxRow["kind"];
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly attempt: number;
    readonly body: Uint8Array;
    readonly due_at: number;
    readonly tries: number;
    readonly expires_at: number;
    readonly closed_at: number | null;
    /** Null in rows from before that was kept. */
    readonly created_at: number | null;
    /** Whose request it serves, for fair shares; null where that does not matter. */
    readonly requester: string | null;
  };
  /** Who was given a step last; the token only ever rises. */
  readonly assignments: {
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly instance: string;
    readonly token: number;
  };
  readonly instances: { readonly agent: string; readonly instance: string; readonly announcement: string };
  readonly kept_values: {
    readonly key: string;
    readonly value: string;
    /** When a passing value was set; null for those that stay. */
    readonly passing_at: number | null;
  };
  readonly leases: { readonly name: string; readonly holder: string; readonly until: number };
  readonly papers: {
    readonly kind: string;
    readonly id: string;
    readonly version: number;
    readonly content: Uint8Array;
  };
  readonly freezes: {
    readonly serial: number;
    readonly version: number;
    /** All of it, sealed: who could change it would have the bot believe that it is lifted. */
    readonly content: Uint8Array;
  };
}

/** What is sealed, by table: business text, and what nobody but the bot may change. */
export const sealedColumns = {
  runs: ["errors", "identity"],
  requests: ["withdrawn"],
  approvals: ["identity"],
  cards: ["message", "place"],
  contents: ["value"],
  outbox: ["body"],
  journal: ["body"],
  freezes: ["content"],
  papers: ["content"],
} as const satisfies Partial<Record<keyof RecordTables, readonly string[]>>;
