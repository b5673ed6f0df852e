import type { SafetyInbox } from "../../src/safety-types.ts";

const refused = {
  outcome: "refused",
  error: { code: "not-here", message: "nothing is frozen in this test", retryable: false },
} as const;

/** Freeze and shadow mode where a test is about something else. */
export const noSafety: SafetyInbox = {
  freeze: async () => refused,
  unfreeze: async () => refused,
  shadow: async () => refused,
  pause: async () => refused,
  safety: () => ({ freeze: null, shadow: [] }),
};
