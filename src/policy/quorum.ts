import type { PersonId } from "../domain.ts";

/** Who approved, and by whose right: their own or that of whom they stand in for. */
export interface UsedRight {
  readonly by: PersonId;
  readonly right: PersonId;
}

/** Whether a further approval adds a person: nobody counts twice, neither as who decides nor as whose right it is. */
export function addsPerson(counted: readonly UsedRight[], next: UsedRight): boolean {
  return counted.every(({ by, right }) => ![by, right].some((id) => id === next.by || id === next.right));
}

/** The approvals that count towards a quorum, in the order given. */
export function distinctApprovals<T extends UsedRight>(approvals: readonly T[]): readonly T[] {
  const counted: T[] = [];
  for (const each of approvals) {
    if (addsPerson(counted, each)) {
      counted.push(each);
    }
  }
  return counted;
}
