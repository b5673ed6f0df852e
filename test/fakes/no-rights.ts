import type { RightsInbox } from "../../src/rights-types.ts";

const refused = {
  outcome: "refused",
  error: { code: "not-here", message: "nobody gives rights in this test", retryable: false },
} as const;

/** Rights to decide where a test is about something else. */
export const noRights: RightsInbox = {
  delegate: async () => refused,
  takeBack: async () => refused,
  delegations: async () => [],
  askBack: async () => refused,
  unreviewed: async () => [],
  review: async () => refused,
  proposeStanding: async () => refused,
  approveStanding: async () => refused,
  revokeStanding: async () => refused,
  standing: async () => [],
};
