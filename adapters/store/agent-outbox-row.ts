import { z } from "zod";
import { canonicalJson } from "../../src/canonical.ts";
import { AppError } from "../../src/errors.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import type { RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

type StoredRow = AgentStoreTables["agent_outbox"];
/** Seals the bodies of an agent's messages; null: they stand clear, as the company's own books do. */
export type BodyKey = RunKey | null;

const kindSchema = z.enum(["request", "result", "error", "cancel"]);

/** A new message as a row of the agent's outbox. */
export function outboxValues(agent: string, row: OutboxRow, key: BodyKey): StoredRow {
  return {
    agent,
    id: row.id,
    recipient: row.to,
    instance: row.instance ?? null,
    fencing: row.fencing ?? null,
    kind: row.kind,
    ...row.subject,
    body: key === null ? canonicalJson(row.body) : key.sealText(bodyPlace(agent, row.id), row.body),
    due_at: row.dueAt,
    tries: row.tries,
    expires_at: row.expiresAt,
    open: 1,
  };
}

/** The message of a stored row; fails with "data-corrupt" when it cannot be read, "sealed-broken" when not opened. */
export function outboxRow(row: StoredRow, key: BodyKey): OutboxRow {
  const { agent, id, run, revision, step, attempt } = row;
  const read = () => (key === null ? JSON.parse(row.body) : key.openText(bodyPlace(agent, id), row.body));
  try {
    return {
      id,
      to: row.recipient,
      ...(row.instance === null ? {} : { instance: row.instance }),
      ...(row.fencing === null ? {} : { fencing: row.fencing }),
      kind: kindSchema.parse(row.kind),
      subject: { run, revision, step, attempt },
      body: z.json().parse(read()),
      dueAt: row.due_at,
      tries: row.tries,
      expiresAt: row.expires_at,
    };
  } catch (cause) {
    if (cause instanceof AppError) {
      throw cause;
    }
    throw new AppError("data-corrupt", `outbox row "${id}" of agent "${agent}" is unreadable`, { cause });
  }
}

function bodyPlace(agent: string, id: string): SealPlace {
  return { table: "agent_outbox", row: `${agent}/${id}`, column: "body", version: 1 };
}
