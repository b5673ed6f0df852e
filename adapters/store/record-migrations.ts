import { journalMigration } from "./journal-store.ts";
import type { Migration } from "./migrate.ts";

/** How the record's tables came to be what `record-schema.ts` says, in order. */
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
  {
    // Undos that need a person.
    name: "record-9",
    statements: [
      "alter table runs add column stuck bigint not null default 0",
      "create index runs_stuck on runs (created_at) where stuck > 0",
    ],
  },
  {
    // Limits of agents that hold over several bots; runs that wait for their turn.
    name: "record-10",
    statements: [
      "create table agent_loads (agent text primary key, given text not null)",
      "alter table runs add column held bigint not null default 0",
      "create index runs_held on runs (requester, created_at) where held = 1 and status = 'running'",
      "create index runs_busy on runs (status) where status in ('running', 'compensating')",
    ],
  },
  {
    // Open runs are counted without the others, also those that wait for people.
    name: "record-11",
    statements: [
      "drop index runs_busy",
      "create index runs_open on runs (status) where status in ('running', 'waiting', 'compensating')",
    ],
  },
];
