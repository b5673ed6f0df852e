import { z } from "zod";
import type { OutboxRow } from "../record-types.ts";
import type { LiveInstance } from "./presence.ts";

const requestBody = z.looseObject({ skill: z.string() });

/**
 * The instance for a message, of those that are there: it takes new work, has the skill, is where work may be done and
 * has room; of these the cheapest, then the one with the fewest requests in hand, then the first by name. "full" when
 * only room is missing. A cancellation goes to anybody.
 */
export function chooseInstance(
  row: Pick<OutboxRow, "kind" | "body">,
  present: readonly LiveInstance[],
  o: {
    readonly regions: readonly string[] | undefined;
    /** Requests that an instance has in hand. */
    readonly requests: (instance: LiveInstance) => number;
  },
): LiveInstance | "full" | "nobody" {
  if (row.kind !== "request") {
    return present[0] ?? "nobody";
  }
  const skill = requestBody.safeParse(row.body).data?.skill;
  const fit = present
    .filter(({ open, facts }) => open && skill !== undefined && facts.skills.includes(skill))
    .filter(
      ({ facts: { region } }) => o.regions === undefined || (region !== null && o.regions.includes(region)),
    );
  const roomy = fit
    .map((instance) => ({ instance, price: Number(instance.facts.price), requests: o.requests(instance) }))
    .filter(({ instance, requests }) => requests < instance.facts.capacity)
    .toSorted((a, b) => a.price - b.price || a.requests - b.requests);
  return roomy[0]?.instance ?? (fit.length === 0 ? "nobody" : "full");
}
