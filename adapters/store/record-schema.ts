import type { ApprovalStatus, RunStatus } from "../../src/domain.ts";
import type { EnvelopeKind } from "../../src/link-types.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import type { JournalTables } from "./journal-store.ts";
import { journalMigration } from "./journal-store.ts";
import type { Migration } from "./migrate.ts";

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
  };
  readonly requests: {
    readonly key: string;
    /** "" where the message was taken back before it came. */
    readonly run: string;
    /** Who took it back, sealed: who could write it would have people's requests refused. Else null. */
    readonly withdrawn: Uint8Array | null;
    readonly withdrawn_at: number | null;
  };
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

export const recordMigrations: readonly Migration[] = [
  journalMigration,
  {
    name: "record-1",
    statements: [
      `create table runs (
        id text primary key, version bigint not null, revision bigint not null, status text not null, reason text,
        workflow_id text, workflow_version bigint, workflow_structure text, requester text not null,
        thread text not null, identity bytea not null, created_at bigint not null, updated_at bigint not null, steps text not null,
        errors bytea, due_at bigint)`,
      "create index runs_due on runs (due_at) where due_at is not null",
      "create index runs_thread on runs (thread)",
      "create index runs_created on runs (created_at)",
      "create index runs_requester on runs (requester, created_at)",
      "create table requests (key text primary key, run text not null)",
      "create table run_keys (run text primary key, wrapped bytea not null)",
      `create table contents (
        run text not null, revision bigint not null, step text not null, name text not null, value bytea not null,
        primary key (run, revision, step, name))`,
      `create table approvals (
        id text primary key, run text not null, revision bigint not null, step text not null, action text not null,
        plan_hash text not null, status text not null, created_at bigint not null,
        expires_at bigint not null, identity bytea not null, decision text)`,
      "create index approvals_run on approvals (run)",
      "create index approvals_status on approvals (status, created_at)",
      "create index approvals_created on approvals (created_at)",
      `create table cards (
        key text primary key, run text not null, version bigint not null, shown_version bigint not null,
        message bytea, retry_at bigint not null)`,
      "create index cards_stale on cards (retry_at, key) where shown_version < version",
      `create table inbox (
        sender text not null, kind text not null, run text not null, revision bigint not null, step text not null,
        attempt bigint not null, at bigint not null,
        primary key (run, sender, kind, revision, step, attempt))`,
      "create index inbox_at on inbox (at)",
      `create table outbox (
        id text primary key, recipient text not null, kind text not null, run text not null,
        revision bigint not null, step text not null, attempt bigint not null, body bytea not null,
        due_at bigint not null, tries bigint not null, expires_at bigint not null, closed_at bigint)`,
      "create index outbox_open on outbox (due_at) where closed_at is null",
      "create index outbox_closed on outbox (closed_at) where closed_at is not null",
      "create table kept_values (key text primary key, value text not null, passing_at bigint)",
      "create index kept_passing on kept_values (passing_at) where passing_at is not null",
    ],
  },
  {
    // A card may stand in several places; those there were stand in their run's thread.
    name: "record-2",
    statements: [
      "drop index cards_stale",
      "alter table cards rename to cards_1",
      `create table cards (
        key text not null, copy bigint not null, run text not null, place bytea, urgency bigint not null,
        version bigint not null, shown_version bigint not null, message bytea, retry_at bigint not null,
        posting_until bigint not null, primary key (key, copy))`,
      `insert into cards
        select key, 0, run, null, case when key like 'approval-%' then 0 else 1 end, version, shown_version, message,
          retry_at, 0 from cards_1`,
      "drop table cards_1",
      "create index cards_stale on cards (urgency, retry_at, key, copy) where shown_version < version",
    ],
  },
  {
    // A message may be taken back before it comes; a card's reader may lose the right to decide.
    name: "record-3",
    statements: [
      "alter table requests add column withdrawn bytea",
      "alter table requests add column withdrawn_at bigint",
      "create index requests_withdrawn on requests (withdrawn_at) where withdrawn_at is not null",
      "alter table cards add column barred bigint not null default 0",
      "alter table outbox add column created_at bigint",
    ],
  },
  {
    // Several instances of an agent.
    name: "record-4",
    statements: [
      "alter table outbox add column instance text",
      "alter table outbox add column fencing bigint",
      "create index outbox_instance on outbox (recipient, instance) where closed_at is null",
      `create table assignments (
        run text not null, revision bigint not null, step text not null, instance text not null,
        token bigint not null, primary key (run, revision, step))`,
      `create table instances (
        agent text not null, instance text not null, announcement text not null, primary key (agent, instance))`,
    ],
  },
  {
    // Freeze.
    name: "record-5",
    statements: [
      "create table freezes (serial bigint primary key, version bigint not null, content bytea not null)",
    ],
  },
  {
    // Several bots, pause, requesters of messages.
    name: "record-6",
    statements: [
      "create table leases (name text primary key, holder text not null, until bigint not null)",
      "alter table cards add column drawing_until bigint not null default 0",
      "alter table runs add column paused bigint not null default 0",
      "alter table outbox add column requester text",
    ],
  },
  {
    // Tiers, quorum and reminders of approvals.
    name: "record-7",
    statements: ["alter table approvals add column progress text"],
  },
  {
    // Standing grants, reviews.
    name: "record-8",
    statements: [
      `create index approvals_alone on approvals (created_at) where decision like '%"brokeGlass":true%'`,
      `create table papers (
        kind text not null, id text not null, version bigint not null, content bytea not null, primary key (kind, id))`,
    ],
  },
];
