import { isoMinute } from "../iso-minute.ts";
import type { StandingView } from "../rights-types.ts";

/** A standing grant in one line, with all its bounds: people approve it by what they read here. */
export function standingLine({ terms, status, refused, approvedBy, quorum, left }: StandingView): string {
  const { id, requester, workflow, customers, suppliers, currencies, tier, each, inAll, uses, notAfter } =
    terms;
  const whose = requester === null ? "everybody" : requester;
  const by = approvedBy.length === 0 ? "nobody" : approvedBy.join(", ");
  return [
    `${id} · ${status}${refused === null ? "" : ` (${refused})`}`,
    `for ${whose}${workflow === null ? "" : `, workflow ${workflow}`}`,
    ...(customers === null ? [] : [`customers ${customers.join(", ")}`]),
    ...(suppliers === null ? [] : [`suppliers ${suppliers.join(", ")}`]),
    `orders in ${currencies.join(", ")}`,
    `tier ${tier}`,
    `up to ${each.amount} ${each.currency} each`,
    `${left.uses} of ${uses} plans and ${left.amount.amount} of ${inAll.amount} left`,
    `until ${isoMinute(Date.parse(notAfter))}`,
    `approved by ${by}, ${quorum} needed`,
  ].join(" · ");
}
