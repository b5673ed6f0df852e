/** What `/countersign help` answers: our own words only. */
export const helpText = [
  "Write what you need, to me or in a channel where you mention me:",
  "“Order the parts needed for 50 widgets for Customer XYZ”",
  "Or attach a CSV file: a line “item,quantity” (and “,customer” if you like), then one line with what you need.",
  "",
  "/countersign status — how many requests and approvals are open",
  "/countersign runs — your requests",
  "/countersign agents — the agents and what they are busy with",
  "/countersign approvals — what waits for a decision",
  "/countersign approve ID — approve",
  "/countersign reject ID [REASON] — reject; the requester reads the reason, which is asked for where it is missing",
  "/countersign edit ID [FIELD VALUE …] [yes] — change a plan that waits, e.g. quantity 60; without yes it only says what would change",
  "/countersign delegate ID PERSON [HOURS] — somebody else decides in your place",
  "/countersign cancel ID — end a request",
  "/countersign freeze REASON — stop all effects of the company at once",
  "/countersign unfreeze — lift that; it takes two people",
  "/countersign help — this text",
].join("\n");
