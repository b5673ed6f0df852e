import { approvalPlan } from "./approval-paper.ts";
import type { TrustView } from "./define-agent.ts";
import type { Approval, ApprovalId, Decision, PlanDocument, Signed } from "./domain.ts";
import { AppError, toErrorInfo } from "./errors.ts";
import type { Evidence, EvidenceStatement, StandingStatement } from "./mandate-types.ts";
import { highestCost } from "./plan/plan-checks.ts";
import { satisfies } from "./policy/satisfies.ts";
import type { Clock, Logger, Store } from "./ports.ts";
import type { CardRow } from "./record-types.ts";
import type { StandingGrant } from "./rights-types.ts";
import type { Standing } from "./standing.ts";
import { inTime } from "./with-deadline.ts";

/** Where a decision that was given in advance came in by, as cards and journal say it. */
const adapter = "standing";
const cardPrefix = "approval-";
/** A card waits no longer than this until it is known whether its approval was decided in advance. */
const longestHoldMs = 2_000;
const late = () => new AppError("standing-late", `not known within ${longestHoldMs} ms`, { retryable: true });

/** Decides open approvals that a standing grant covers. What it cannot be sure of waits for a person. */
export interface StandingUses {
  /** Looks at the approvals among these cards that changed; resolves when that is done. Never fails. */
  look(cards: readonly string[]): Promise<void>;
  /** The same for all open approvals. */
  lookAtAll(): Promise<void>;
  /**
   * Looks at the approval whose card nobody has seen yet, so that what is decided in advance is not put to people.
   * Resolves after two seconds at the latest. Never fails.
   */
  beforeShown(copy: Pick<CardRow, "key" | "message">): Promise<void>;
  /** Resolves when nothing is under way; nothing begins after that. */
  stop(): Promise<void>;
}

export function createStandingUses(o: {
  readonly store: Pick<Store, "approval" | "approvals" | "contents">;
  readonly engine: {
    /** See the engine's. */
    record(
      approval: Pick<Approval, "id" | "run" | "step" | "revision">,
      given: Given,
      ...others: readonly Given[]
    ): Promise<"recorded" | "counted" | "counted-before" | "stale">;
  };
  readonly standing: Pick<Standing, "inForce" | "count" | "release">;
  readonly frozen: () => boolean;
  readonly clock: Clock;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly trust: () => TrustView;
  /** Signs with the bot's evidence key. */
  readonly sign: (statement: EvidenceStatement) => Signed<EvidenceStatement>;
  readonly log: Logger;
}): StandingUses {
  const { store, trust, clock } = o;
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  /** What each of those who approved in advance says of this plan by it; undefined where that is not enough. */
  function verdictsOf(
    grant: StandingGrant,
    {
      approval,
      plan,
      now,
    }: { readonly approval: Approval; readonly plan: PlanDocument; readonly now: number },
  ): readonly [EvidenceStatement, ...EvidenceStatement[]] | undefined {
    const view = trust();
    const [first, ...others] = grant.given
      .slice(0, approval.quorum)
      .map((standing) => evidenceOf(standing, { approval, serial: view.serial, now }));
    const people = { demo: view.demo, person: (id: string) => view.person(id) };
    return first !== undefined && satisfies(view.policy, plan, [first, ...others], people).refused === null
      ? [first, ...others]
      : undefined;
  }

  async function consider(id: ApprovalId, grants: readonly StandingGrant[]): Promise<void> {
    const approval = await store.approval(id);
    const now = clock.now();
    const isUntouched =
      approval?.status === "open" && approval.decisions.length === 0 && approval.expiresAt > now;
    if (approval === undefined || !isUntouched || o.frozen()) {
      return;
    }
    const plan = await approvalPlan(store, approval);
    const use = { approval: id, run: approval.run, amount: highestCost(plan), at: now };
    for (const grant of grants) {
      const verdicts = verdictsOf(grant, { approval, plan, now });
      if (verdicts !== undefined && (await o.standing.count(grant.terms.id, use))) {
        const [first, ...others] = verdicts;
        const given = (each: EvidenceStatement): Given => givenOf(o.sign(each));
        const recorded = await o.engine.record(approval, given(first), ...others.map(given));
        if (recorded !== "recorded" && !(await isDecidedBy(grant.terms.id, id))) {
          await o.standing.release(grant.terms.id, use);
        }
        return;
      }
    }
  }

  /** Another bot may have been first with the very same use. */
  async function isDecidedBy(grant: string, id: ApprovalId): Promise<boolean> {
    const approval = await store.approval(id);
    return approval?.decisions.some(({ standing }) => standing === grant) === true;
  }

  async function considerAll(ids: () => Promise<readonly ApprovalId[]>): Promise<void> {
    const grants = stopped ? [] : await o.standing.inForce();
    for (const id of grants.length === 0 ? [] : await ids()) {
      await consider(id, grants).catch((error: unknown) =>
        o.log.warn({ approval: id, code: toErrorInfo(error).code }, "standing-not-used"),
      );
    }
  }
  /** One after the other: the later one sees what the earlier one left. */
  function next(ids: () => Promise<readonly ApprovalId[]>): Promise<void> {
    last = last
      .then(() => considerAll(ids))
      .catch((error: unknown) => o.log.error({ code: toErrorInfo(error).code }, "standing-failed"));
    return last;
  }

  function look(cards: readonly string[]): Promise<void> {
    const ids = cards.filter((key) => key.startsWith(cardPrefix)).map((key) => key.slice(cardPrefix.length));
    return ids.length === 0 || trust().policy.standing === undefined
      ? Promise.resolve()
      : next(async () => ids);
  }

  return {
    look,
    async beforeShown({ key, message }) {
      if (message === null) {
        await inTime(look([key]), { ms: longestHoldMs, after: o.after, late }).catch((error: unknown) =>
          o.log.warn({ card: key, code: toErrorInfo(error).code }, "standing-not-known"),
        );
      }
    },
    lookAtAll() {
      return next(async () => (await store.approvals({ open: true })).map(({ id }) => id));
    },
    async stop() {
      stopped = true;
      await last;
    },
  };
}

interface Given {
  readonly decision: Decision;
  readonly evidence: Evidence;
  readonly reason: null;
}
function evidenceOf(
  standing: Signed<StandingStatement>,
  { approval, serial, now }: { readonly approval: Approval; readonly serial: number; readonly now: number },
): EvidenceStatement {
  const { id, planHash, run, revision, requester } = approval;
  const { person, assurance, account } = standing.statement;
  return {
    tag: "countersign/evidence/1",
    approval: id,
    planHash,
    run,
    revision,
    verdict: "approved",
    person,
    requester,
    assurance,
    adapter,
    ...(account === undefined ? {} : { account }),
    trustSerial: serial,
    receivedAt: new Date(now).toISOString(),
    standing,
  };
}
function givenOf(evidence: Signed<EvidenceStatement>): Given {
  const { person, assurance, receivedAt, standing } = evidence.statement;
  const decision: Decision = {
    by: person,
    verdict: "approved",
    at: Date.parse(receivedAt),
    assurance,
    adapter,
    ...(standing === undefined ? {} : { standing: standing.statement.terms.id }),
  };
  return { decision, evidence, reason: null };
}
