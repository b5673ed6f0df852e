import type { Assurance } from "../domain.ts";
import type { EvidenceStatement } from "../mandate-types.ts";

/** A verdict as whoever signed it says. */
export type GivenVerdict = Pick<
  EvidenceStatement,
  | "approval"
  | "person"
  | "verdict"
  | "account"
  | "receivedAt"
  | "delegations"
  | "editors"
  | "breakGlass"
  | "standing"
> & { readonly assurance: Assurance };
