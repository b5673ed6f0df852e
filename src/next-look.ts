import type { Run } from "./domain.ts";

/**
 * When an open run must be looked at again: at the next reminder of people who are waited for, else when its first
 * step is due. A queued step without a time is due at once, for its job may be lost. Null = never by itself.
 */
export function nextLook({ steps, updatedAt }: Run): number | null {
  const times = steps.flatMap(({ status, dispatch, dueAt, remindAt = [] }) => {
    const people = status === "waiting" && dispatch === 0;
    return (people ? remindAt[0] : undefined) ?? dueAt ?? (status === "queued" ? updatedAt : []);
  });
  return times.length === 0 ? null : Math.min(...times);
}
