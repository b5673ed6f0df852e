import type { EditInbox } from "../../src/edit-types.ts";

const refused = {
  outcome: "refused",
  error: { code: "not-here", message: "nothing is edited in this test", retryable: false },
} as const;

/** Changing plans where a test is about something else. */
export const noEdits: EditInbox = {
  editForm: async () => refused,
  previewEdit: async () => refused,
  edit: async () => refused,
};
