import { z } from "zod";
import { canonicalJson } from "../../src/canonical.ts";
import { AppError } from "../../src/errors.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";

type StoredRow = AgentStoreTables["agent_outbox"];

const kindSchema = z.enum(["request", "result", "error", "cancel"]);

/** A new message as a row of the agent's outbox. */
export function outboxValues(agent: string, row: OutboxRow): StoredRow {
  return {
    agent,
    id: row.id,
    recipient: row.to,
    kind: row.kind,
    ...row.subject,
    body: canonicalJson(row.body),
    due_at: row.dueAt,
    tries: row.tries,
    expires_at: row.expiresAt,
    open: 1,
  };
}

/** The message of a stored row; fails with code "data-corrupt" when it cannot be read. */
export function outboxRow(row: StoredRow): OutboxRow {
  const { id, run, revision, step, attempt } = row;
  try {
    return {
      id,
      to: row.recipient,
      kind: kindSchema.parse(row.kind),
      subject: { run, revision, step, attempt },
      body: z.json().parse(JSON.parse(row.body)),
      dueAt: row.due_at,
      tries: row.tries,
      expiresAt: row.expires_at,
    };
  } catch (cause) {
    throw new AppError("data-corrupt", `outbox row "${id}" of agent "${row.agent}" is unreadable`, { cause });
  }
}
