import type { Assurance, Money, PersonId, Role } from "./domain.ts";
import type { EditPolicy } from "./edit-types.ts";
import type { SafetyPolicy } from "./safety-types.ts";

/**
 * The company's rules about people and money, declared in countersign.config.ts, signed into the trust document and
 * evaluated from there by everyone with the same pure functions (`src/policy.ts`, `src/policy/`).
 */
export interface Policy {
  readonly ask: readonly Role[];
  readonly cancel: readonly Role[];
  readonly approve: ApprovalRule & {
    /** From the lowest amount up, without gap or overlap; what a tier does not say is as above. Absent: one for all. */
    readonly tiers?: readonly DeclaredTier[];
  };
  /** Neither the requester nor who edited the plan ever decides on it, in their own name or another's. */
  readonly separationOfDuties: boolean;
  /** Absent: nobody hands their right to decide to anybody. */
  readonly delegation?: {
    readonly longestHours: number;
    /** How often a right may be handed on; absent: once. */
    readonly longestChain?: number;
  };
  /** Who is away, and who decides in their place meanwhile. */
  readonly absences?: readonly Absence[];
  /** Absent: nobody ever decides alone where several must. */
  readonly breakGlass?: BreakGlass;
  /** What may be changed of a plan before it is decided. Absent: nobody changes anything. */
  readonly edit?: EditPolicy;
  /** Absent: nothing is approved in advance. */
  readonly standing?: StandingPolicy;
  /** Cumulative limits of what is ordered without people's own signatures, counted by supply in its own books. */
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

/** Who decides, how many of them, by what means, and when they are asked again. Hours count from the card on. */
export interface ApprovalRule {
  readonly roles: readonly Role[];
  /** Distinct people whose approval is needed; one rejection is enough. */
  readonly quorum: number;
  readonly assurances: readonly Assurance[];
  readonly expiresHours: number;
  readonly remindAfterHours?: readonly number[];
  /** Then these are asked as well. Being named here, they may also decide before. */
  readonly escalate?: { readonly afterHours: number; readonly roles: readonly Role[] };
}

/** What about a plan asks for a higher tier than its amount would. */
export const risks = ["irreversible", "foreign-currency", "alternative-supplier", "low-margin"] as const;
export type Risk = (typeof risks)[number];

export interface TierRange {
  readonly name: string;
  /** What the plan may cost at most is in [from, below); in company currency. Only the last has no `below`. */
  readonly from: Money;
  readonly below?: Money;
  /** A plan with one of these is at least in this tier. */
  readonly alsoWhen?: readonly Risk[];
}
export type DeclaredTier = TierRange & Partial<ApprovalRule>;
export type Tier = TierRange & ApprovalRule;

export interface Absence {
  readonly person: PersonId;
  /** ISO 8601 UTC. */
  readonly from: string;
  readonly to: string;
  readonly fallback: { readonly people?: readonly PersonId[]; readonly roles?: readonly Role[] };
}

/** What people may approve in advance, for a bounded class of plans. */
export interface StandingPolicy {
  /** In which tiers, by name ("standard" where none are declared); never one that takes countersigned decisions only. */
  readonly tiers: readonly string[];
  readonly longestDays: number;
  /** The most that a grant may allow for one plan, and for all of them; in company currency. */
  readonly each: Money;
  readonly inAll: Money;
  readonly uses: number;
}

export interface BreakGlass {
  readonly roles: readonly Role[];
  /** Of one plan; in company currency. */
  readonly upTo: Money;
  /** Of the whole company; counted in the record, and by the HITL agent in its own books. */
  readonly most: { readonly count: number; readonly days: number };
  /** Who is told at once and reviews it afterwards. */
  readonly announceTo: readonly PersonId[];
}
