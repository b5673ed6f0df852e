import type { Assurance, Money, Role } from "./domain.ts";
import type { SafetyPolicy } from "./safety-types.ts";

/**
 * The company's rules about people and money, declared in countersign.config.ts, signed into the trust document and
 * evaluated from there by everyone with one pure function (`src/policy.ts`).
 */
export interface Policy {
  readonly ask: readonly Role[];
  readonly cancel: readonly Role[];
  readonly approve: {
    readonly roles: readonly Role[];
    /** Distinct people whose approval is needed. */
    readonly quorum: number;
    readonly assurances: readonly Assurance[];
    readonly expiresHours: number;
  };
  /** The requester never decides. */
  readonly separationOfDuties: boolean;
  /** Cumulative limits of what may be ordered by click, counted by supply in its own books; in company currency. */
  readonly ceilings: { readonly perApproverPerDay: Money; readonly perVendorPerDay: Money };
  /** A price may rise by at most this between plan and order; the plan's bounds are made from it. */
  readonly priceTolerancePercent: string;
  /** Margin on cost that a quote must carry, in percent of cost. */
  readonly marginPercent: string;
  /** Credit and rate data older than this blocks. */
  readonly dataMaxAgeDays: number;
  readonly companyCurrency: string;
  /** Who freezes, unfreezes and ends shadow modes. Absent: managers and admins, and admins. */
  readonly safety?: SafetyPolicy;
}
