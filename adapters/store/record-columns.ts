import type { Columns } from "./many-rows.ts";
import type { RecordTables } from "./record-schema.ts";

/** The columns of the record's larger tables, as rows are inserted into them. */

export const runColumns: Columns<RecordTables["runs"]> = {
  id: true,
  version: true,
  revision: true,
  status: true,
  reason: true,
  paused: true,
  held: true,
  workflow_id: true,
  workflow_version: true,
  workflow_structure: true,
  requester: true,
  thread: true,
  identity: true,
  created_at: true,
  updated_at: true,
  steps: true,
  errors: true,
  due_at: true,
  stuck: true,
};

export const contentColumns: Columns<RecordTables["contents"]> = {
  run: true,
  revision: true,
  step: true,
  name: true,
  value: true,
};

export const approvalColumns: Columns<RecordTables["approvals"]> = {
  id: true,
  run: true,
  revision: true,
  step: true,
  action: true,
  plan_hash: true,
  status: true,
  created_at: true,
  expires_at: true,
  identity: true,
  decision: true,
  progress: true,
};

export const cardColumns: Columns<RecordTables["cards"]> = {
  key: true,
  copy: true,
  run: true,
  place: true,
  urgency: true,
  version: true,
  shown_version: true,
  message: true,
  retry_at: true,
  posting_until: true,
  drawing_until: true,
  barred: true,
};

export const inboxColumns: Columns<RecordTables["inbox"]> = {
  sender: true,
  kind: true,
  run: true,
  revision: true,
  step: true,
  attempt: true,
  at: true,
};

export const outboxColumns: Columns<RecordTables["outbox"]> = {
  id: true,
  recipient: true,
  instance: true,
  fencing: true,
  kind: true,
  run: true,
  revision: true,
  step: true,
  attempt: true,
  body: true,
  due_at: true,
  tries: true,
  expires_at: true,
  closed_at: true,
  created_at: true,
  requester: true,
};

export const assignmentColumns: Columns<RecordTables["assignments"]> = {
  run: true,
  revision: true,
  step: true,
  instance: true,
  token: true,
};
