import type { Approval, Decision } from "../domain.ts";

/** The verdicts that ended an approval: all approvals, or the one verdict that was enough alone. */
export function endingVerdicts({
  decisions,
  decision,
}: Pick<Approval, "decisions" | "decision">): readonly Decision[] {
  if (decision === null) {
    return [];
  }
  const last = decisions.at(-1) ?? decision;
  return last.verdict === "rejected" || last.brokeGlass === true || decisions.length === 0
    ? [last]
    : decisions;
}
