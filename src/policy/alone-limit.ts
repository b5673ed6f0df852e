import type { ErrorInfo } from "../domain.ts";
import type { Policy } from "../policy-types.ts";
import { refusal } from "./refusal.ts";

const dayMs = 24 * 3_600_000;

/**
 * Why nobody may decide alone at `now`, when people did so at these times (all in milliseconds); null where one more is
 * allowed. The bot counts by its record, the HITL agent by its own books.
 */
export function aloneTooOften(
  { breakGlass }: Pick<Policy, "breakGlass">,
  times: readonly number[],
  now: number,
): ErrorInfo | null {
  const { count, days } = breakGlass?.most ?? { count: 0, days: 0 };
  const recent = times.filter((at) => at >= now - days * dayMs).length;
  return recent < count
    ? null
    : refusal(
        "break-glass-limit",
        `in ${days} days people have decided alone as often as the policy allows: ${recent} of ${count}`,
      );
}
