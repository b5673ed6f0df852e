import type { Columns } from "./many-rows.ts";
import type { RecordTables } from "./record-schema.ts";

/** The columns of the record's tables, as rows are written to them. */

export const runColumns: Columns<RecordTables["runs"]> = {
  id: "text",
  version: "bigint",
  revision: "bigint",
  status: "text",
  reason: "text",
  paused: "bigint",
  held: "bigint",
  workflow_id: "text",
  workflow_version: "bigint",
  workflow_structure: "text",
  requester: "text",
  thread: "text",
  identity: "bytea",
  created_at: "bigint",
  updated_at: "bigint",
  steps: "text",
  errors: "bytea",
  due_at: "bigint",
  stuck: "bigint",
};

export const contentColumns: Columns<RecordTables["contents"]> = {
  run: "text",
  revision: "bigint",
  step: "text",
  name: "text",
  value: "bytea",
};

export const approvalColumns: Columns<RecordTables["approvals"]> = {
  id: "text",
  run: "text",
  revision: "bigint",
  step: "text",
  action: "text",
  plan_hash: "text",
  status: "text",
  created_at: "bigint",
  expires_at: "bigint",
  identity: "bytea",
  decision: "text",
  progress: "text",
};

export const cardColumns: Columns<RecordTables["cards"]> = {
  key: "text",
  copy: "bigint",
  run: "text",
  place: "bytea",
  urgency: "bigint",
  version: "bigint",
  shown_version: "bigint",
  message: "bytea",
  retry_at: "bigint",
  posting_until: "bigint",
  drawing_until: "bigint",
  barred: "bigint",
};

export const inboxColumns: Columns<RecordTables["inbox"]> = {
  sender: "text",
  kind: "text",
  run: "text",
  revision: "bigint",
  step: "text",
  attempt: "bigint",
  at: "bigint",
};

export const outboxColumns: Columns<RecordTables["outbox"]> = {
  id: "text",
  recipient: "text",
  instance: "text",
  fencing: "bigint",
  kind: "text",
  run: "text",
  revision: "bigint",
  step: "text",
  attempt: "bigint",
  body: "bytea",
  due_at: "bigint",
  tries: "bigint",
  expires_at: "bigint",
  closed_at: "bigint",
  created_at: "bigint",
  requester: "text",
};

export const assignmentColumns: Columns<RecordTables["assignments"]> = {
  run: "text",
  revision: "bigint",
  step: "text",
  instance: "text",
  token: "bigint",
};

export const requestColumns: Columns<RecordTables["requests"]> = {
  key: "text",
  run: "text",
  withdrawn: "bytea",
  withdrawn_at: "bigint",
};

export const runKeyColumns: Columns<RecordTables["run_keys"]> = { run: "text", wrapped: "bytea" };
