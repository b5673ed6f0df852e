import type { CountersignedDecision } from "../../src/mandate-types.ts";

/** A manager's own verdict as their machine signs it; what it is about and its times are the test's to say. */
export function sampleCountersigned(
  about: Pick<CountersignedDecision, "planHash" | "issuedAt" | "expiry"> & Partial<CountersignedDecision>,
): CountersignedDecision {
  return {
    tag: "countersign/decision/1",
    run: "run1",
    revision: 1,
    approval: "approval1",
    verdict: "approved",
    person: "manager",
    requester: "employee",
    assurance: "countersigned",
    trustSerial: 1,
    ...about,
  };
}
