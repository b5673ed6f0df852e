import type { JournalTables } from "./journal-store.ts";
import type { Migration } from "./migrate.ts";

/** Every agent's own part of the books; `agent` is first in every key. The journal is shared, by writer. */
export interface AgentStoreTables extends JournalTables {
  /** Requests that are finished. */
  readonly agent_inbox: {
    readonly agent: string;
    /** Canonical JSON of the inbox key. */
    readonly key: string;
    readonly at: number;
    /** The outbox row that answers it. */
    readonly reply: string;
  };
  /** Messages to send; closed ones stay as stored replies. */
  readonly agent_outbox: {
    readonly agent: string;
    readonly id: string;
    readonly recipient: string;
    /** The recipient's instance that asked; null in rows from before there were several. */
    readonly instance: string | null;
    /** The token that the request was worked on under. */
    readonly fencing: number | null;
    readonly kind: string;
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly attempt: number;
    /** JSON */
    readonly body: string;
    /** When it is (next) sent; whoever claims it moves this to the end of the lease. */
    readonly due_at: number;
    readonly tries: number;
    readonly expires_at: number;
    /** 1 until something closes it. */
    readonly open: number;
  };
  /** The newest lease of each agent. Its row is what an agent's units are put in order by. */
  readonly agent_leases: {
    readonly agent: string;
    readonly instance: string;
    readonly token: number;
    /** Serial of the freeze in force; null: none. */
    readonly frozen: number | null;
  };
  /** The newest lease of each instance. */
  readonly agent_instances: { readonly agent: string; readonly instance: string; readonly lease: number };
  /** The highest token seen of each step that was taken over: above 1. */
  readonly agent_fences: {
    readonly agent: string;
    readonly sender: string;
    readonly run: string;
    readonly revision: number;
    readonly step: string;
    readonly token: number;
    readonly at: number;
  };
  /** What runs in shadow mode would have changed in the books: JSON of the row as they see it. */
  readonly shadow_rows: {
    readonly run: string;
    readonly kind: string;
    readonly id: string;
    readonly content: string;
    readonly at: number;
  };
  readonly agent_values: { readonly agent: string; readonly key: string; readonly value: string };
}

export const agentStoreMigrations: readonly Migration[] = [
  {
    name: "agents-1",
    statements: [
      `create table agent_inbox (
        agent text not null, key text not null, at bigint not null, reply text not null, primary key (agent, key))`,
      "create index agent_inbox_at on agent_inbox (agent, at)",
      `create table agent_outbox (
        agent text not null, id text not null, recipient text not null, kind text not null, run text not null,
        revision bigint not null, step text not null, attempt bigint not null, body text not null,
        due_at bigint not null, claimed_until bigint not null, tries bigint not null, expires_at bigint not null,
        open bigint not null, primary key (agent, id))`,
      "create index agent_outbox_due on agent_outbox (agent, due_at) where open = 1",
      "create table agent_leases (agent text primary key, instance text not null, token bigint not null)",
      `create table agent_values (
        agent text not null, key text not null, value text not null, primary key (agent, key))`,
    ],
  },
  {
    // A claim moves `due_at`.
    name: "agents-2",
    statements: ["alter table agent_outbox drop column claimed_until"],
  },
  {
    // Several instances of an agent.
    name: "agents-3",
    statements: [
      "alter table agent_outbox add column instance text",
      "alter table agent_outbox add column fencing bigint",
      `create table agent_instances (
        agent text not null, instance text not null, lease bigint not null, primary key (agent, instance))`,
      `create table agent_fences (
        agent text not null, sender text not null, run text not null, revision bigint not null, step text not null,
        token bigint not null, at bigint not null, primary key (agent, sender, run, revision, step))`,
      "create index agent_fences_at on agent_fences (agent, at)",
    ],
  },
  {
    // Freeze.
    name: "agents-4",
    statements: ["alter table agent_leases add column frozen bigint"],
  },
  {
    // Shadow mode.
    name: "agents-5",
    statements: [
      `create table shadow_rows (
        run text not null, kind text not null, id text not null, content text not null, at bigint not null,
        primary key (run, kind, id))`,
      "create index shadow_rows_at on shadow_rows (at)",
    ],
  },
];
