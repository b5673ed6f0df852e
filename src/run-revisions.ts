import type { PlannedAnew } from "./desk-types.ts";
import type { Approval } from "./domain.ts";
import type { PlanChange } from "./edit-types.ts";
import { planChanges } from "./plan/plan-changes.ts";
import type { RunView } from "./run-view.ts";

type Planned = Pick<RunView, "approvals" | "papers">;

/** What differs in an approval's plan from the one before it; undefined for the first, and where one cannot be shown. */
export function changesSince(
  { approvals, papers }: Planned,
  { id, revision }: Approval,
): { readonly before: number; readonly changes: readonly PlanChange[] } | undefined {
  const plan = papers[id]?.plan?.document;
  const before = approvals
    .filter((each) => each.revision < revision)
    .toSorted((a, b) => b.revision - a.revision)
    .flatMap((each) => papers[each.id]?.plan ?? [])[0]?.document;
  return plan === undefined || before === undefined
    ? undefined
    : { before: before.revision, changes: planChanges(before, plan) };
}

/** Every plan of a run that took another's place. */
export function plannedAnew(view: Planned): readonly PlannedAnew[] {
  return view.approvals.flatMap((approval) => {
    const since = changesSince(view, approval);
    const { because = null } = view.papers[approval.id] ?? {};
    return since === undefined ? [] : [{ revision: approval.revision, because, ...since }];
  });
}
