import { z } from "zod";
import { accountForm, isAccount } from "./accounts.ts";
import { isoMinute } from "./iso-minute.ts";
import type { TrustView } from "./define-agent.ts";
import type { Delegated, Delegating } from "./decision-types.ts";
import type { ApprovalId, ErrorInfo, PersonId, Refused, Signed } from "./domain.ts";
import type { DelegationStatement } from "./mandate-types.ts";
import { signedDelegationSchema } from "./plan/plan-schema.ts";
import { judge } from "./policy/may-decide.ts";
import { hasRole, notAllowed, notTheirs, refusal, unknownPerson } from "./policy/refusal.ts";
import { tierNamed, tiersOf } from "./policy/tiers.ts";
import type { Clock, Ids, Store } from "./ports.ts";
import { refusedAct } from "./refused-act.ts";
import type { Done } from "./rights-types.ts";
import type { SafetyAct } from "./safety-types.ts";

const hourMs = 3_600_000;
const keyPrefix = "delegation:";
/** Of one that was taken back: by whom and when. */
const endPrefix = "delegation-end:";
/** Papers that evidence may carry. */
const mostHanded = 20;

const delegatingSchema: z.ZodType<Delegating> = z.object({
  from: z.string().min(1).max(80),
  to: z.string().min(1).max(80),
  approval: z.string().min(1).max(200).nullable(),
  hours: z.number().positive(),
  adapter: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/),
  account: z.string().refine(isAccount, `expected ${accountForm}`).exactOptional(),
  assurance: z.enum(["local", "clicked"]),
});

type Right = Pick<DelegationStatement, "from" | "to" | "approval" | "assurance">;
/** The same for the same right: it is kept once. */
const rightKey = ({ from, to, approval, assurance }: Right): string =>
  JSON.stringify([from, to, approval, assurance]);

/** Rights to decide that people handed to others, each a row with a statement signed on receipt. */
export interface Delegations {
  /** Checks, signs and keeps it before this resolves. Refusals are recorded. */
  delegate(input: Delegating): Promise<Delegated | Refused>;
  /** Ends one at once: whose right it is, who holds it, or who may end other people's requests. */
  takeBack(act: SafetyAct, id: string): Promise<Done | Refused>;
  /** The papers by which somebody may hold a right now: those that end with them, and what those began with. */
  handedTo(
    person: PersonId,
    o: { readonly approval: ApprovalId; readonly at: number },
  ): Promise<readonly Signed<DelegationStatement>[]>;
  /** What is known here of all that is in force; who is shown a card goes by it. */
  known(): readonly DelegationStatement[];
  /** Reads again what others may have kept. */
  refresh(): Promise<void>;
}

export function createDelegations(o: {
  readonly store: Pick<Store, "approval" | "appendJournal" | "getValues" | "setValue">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly trust: () => TrustView;
  /** Signs with the bot's evidence key. */
  readonly sign: (statement: DelegationStatement) => Signed<DelegationStatement>;
  /** Others may decide from now on. */
  readonly changed: () => void;
}): Delegations {
  let papers: readonly Signed<DelegationStatement>[] = [];

  async function load(): Promise<void> {
    const now = o.clock.now();
    const [values, ends] = await Promise.all([o.store.getValues(keyPrefix), o.store.getValues(endPrefix)]);
    papers = [...values.values()]
      .map((text) => signedDelegationSchema.parse(JSON.parse(text)))
      .filter(({ statement }) => Date.parse(statement.notAfter) > now && !ends.has(endPrefix + statement.id));
  }

  /** Why a person may not hand this on, by the policy in force. */
  async function refused({ from, to, approval, hours, ...given }: Delegating): Promise<ErrorInfo | null> {
    const view = o.trust();
    const { policy, demo } = view;
    const open = approval === null ? undefined : await o.store.approval(approval);
    if (policy.delegation === undefined) {
      return refusal("no-delegation", "the policy lets nobody hand their right to decide to others");
    }
    if (hours > policy.delegation.longestHours) {
      return refusal(
        "too-long",
        `${hours} hours, expected at most ${policy.delegation.longestHours} by the policy`,
      );
    }
    if (approval !== null && open?.status !== "open") {
      return refusal("unknown-approval", `there is no open approval "${approval}"`);
    }
    if (view.person(to)?.active !== true) {
      return unknownPerson(to);
    }
    if (to === from || to === open?.requester) {
      return refusal("not-allowed", `"${to}" ${to === from ? "has it already" : "asked for this"}`);
    }
    const now = o.clock.now();
    const handed = (await handedTo(from, { approval: approval ?? "", at: now })).map(
      ({ statement }) => statement,
    );
    const delegations = (policy.delegation.longestChain ?? 1) > 1 ? handed : [];
    const tiers = open === undefined ? tiersOf(policy) : [tierNamed(policy, open.tier)];
    const judgements = tiers.map((tier) =>
      judge(policy, from, {
        tier,
        demo,
        delegations,
        at: now,
        approval: approval ?? "",
        assurance: given.assurance,
        account: given.account,
        requester: open?.requester ?? "",
        person: (id) => view.person(id),
      }),
    );
    const good = judgements.find((each) => each.refused === null);
    if (good === undefined) {
      return judgements[0]?.refused ?? null;
    }
    return good.right === from || delegations.length > 0
      ? heldAlready({ from, to, approval, assurance: given.assurance })
      : refusal("not-allowed", `"${from}" stands in for "${good.right}" and cannot hand that on`);
  }
  /** Of what was read last. */
  function heldAlready(right: Right): ErrorInfo | null {
    const held = papers.find(({ statement }) => rightKey(statement) === rightKey(right))?.statement;
    if (held === undefined) {
      return null;
    }
    const until = isoMinute(Date.parse(held.notAfter));
    const message = `"${right.to}" holds it already, until ${until}; to change that, take ${held.id} back first`;
    return refusal("already-delegated", message);
  }

  async function handedTo(
    person: PersonId,
    { approval, at }: { readonly approval: ApprovalId; readonly at: number },
  ): Promise<readonly Signed<DelegationStatement>[]> {
    await load();
    const found = new Set<Signed<DelegationStatement>>();
    const wanted = [person];
    for (const to of wanted) {
      for (const paper of papers) {
        const { statement } = paper;
        const fits =
          statement.to === to &&
          (statement.approval === null || statement.approval === approval) &&
          Date.parse(statement.notBefore) <= at &&
          at < Date.parse(statement.notAfter);
        if (fits && !found.has(paper) && found.size < mostHanded) {
          found.add(paper);
          wanted.push(statement.from);
        }
      }
    }
    return [...found];
  }

  return {
    async delegate(input) {
      const parsed = delegatingSchema.safeParse(input);
      if (!parsed.success) {
        const field = parsed.error.issues[0];
        const message = `not handed on: ${field?.path.join(".") ?? ""} ${field?.message ?? ""}`;
        await o.store.appendJournal([{ kind: "refusal", run: null, facts: { code: "bad-delegation" } }]);
        return { outcome: "refused", error: refusal("bad-delegation", message) };
      }
      const { from, to, approval, hours, adapter, account, assurance } = parsed.data;
      const error = await refused(parsed.data);
      if (error !== null) {
        const known = (id: string) => o.trust().person(id)?.id ?? null;
        const facts = { code: error.code, from: known(from), to: known(to), adapter };
        await o.store.appendJournal([{ kind: "refusal", run: null, facts }]);
        return { outcome: "refused", error };
      }
      const now = o.clock.now();
      const until = now + Math.round(hours * hourMs);
      const iso = (ms: number) => new Date(ms).toISOString();
      const id = o.ids.next("d");
      const paper = o.sign({
        tag: "countersign/delegation/1",
        id,
        from,
        to,
        approval,
        notBefore: iso(now),
        notAfter: iso(until),
        assurance,
        adapter,
        ...(account === undefined ? {} : { account }),
        receivedAt: iso(now),
      });
      // Of two at the same moment, in whatever bot, one is kept.
      await o.store.setValue(keyPrefix + rightKey(paper.statement), JSON.stringify(paper));
      const facts = { id, from, to, approval, until: iso(until), adapter };
      await o.store.appendJournal([{ kind: "delegation", run: null, facts }]);
      await load();
      o.changed();
      return { outcome: "delegated", id, until };
    },
    async takeBack(act, id) {
      await load();
      const paper = papers.find(({ statement }) => statement.id === id);
      const refuse = (error: ErrorInfo) => refusedAct(o, act, "take-back", error);
      if (paper === undefined) {
        return refuse(refusal("unknown-delegation", `there is no delegation "${id.slice(0, 100)}" in force`));
      }
      const { from, to } = paper.statement;
      const { policy } = o.trust();
      const person = o.trust().person(act.person);
      if (person?.active !== true) {
        return refuse(unknownPerson(act.person));
      }
      const foreign = notTheirs(person, act.account);
      if (foreign !== null || (person.id !== from && person.id !== to && !hasRole(person, policy.cancel))) {
        return refuse(foreign ?? notAllowed(person, policy.cancel, "taking back other people's delegations"));
      }
      const end = { by: person.id, at: o.clock.now() };
      await o.store.setValue(endPrefix + id, JSON.stringify(end));
      const facts = { id, from, to, state: "taken-back", by: person.id, adapter: act.adapter };
      await o.store.appendJournal([{ kind: "delegation", run: null, facts }]);
      await load();
      o.changed();
      return { outcome: "done", id, text: takenBackText(paper.statement, papers) };
    },
    handedTo,
    known: () => papers.map(({ statement }) => statement),
    refresh: load,
  };
}

/** What one that was taken back leaves: the right may have been handed on for everything and for one approval. */
function takenBackText(
  { from, to }: DelegationStatement,
  left: readonly Signed<DelegationStatement>[],
): string {
  const same = left.map(({ statement }) => statement).filter((each) => each.from === from && each.to === to);
  if (same.length === 0) {
    return `"${to}" decides no more by the right of "${from}".`;
  }
  const rest = same.map(({ id, approval }) => `${id} on ${approval ?? "everything"}`).join(", ");
  return `Taken back. "${to}" still decides by the right of "${from}" under: ${rest}.`;
}
