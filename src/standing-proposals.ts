import { z } from "zod";
import type { TrustView } from "./define-agent.ts";
import type { ErrorInfo } from "./domain.ts";
import type { StandingTerms } from "./mandate-types.ts";
import { decimal, minorDigits, money } from "./money.ts";
import { mayAsk } from "./policy.ts";
import { deciding } from "./policy/may-decide.ts";
import { hasRole, notTheirs, refusal, unknownPerson } from "./policy/refusal.ts";
import { termsRefused } from "./policy/standing.ts";
import { tierFor, tierNamed } from "./policy/tiers.ts";
import type { ProposedTerms } from "./rights-types.ts";
import type { SafetyAct } from "./safety-types.ts";

/** What somebody proposes to have approved in advance, before it is kept. Pure. */

/** Names the value, which whoever proposes has just typed. */
function expecting(what: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => `${JSON.stringify(input)?.slice(0, 100) ?? "nothing"}: expected ${what}`;
}
const wholeNumber = { error: expecting("a whole number from 1 to 1000") };
const currencySchema = z.string().regex(/^[A-Z]{3}$/, { error: expecting("a currency such as USD") });
const nameSchema = z.string().min(1).max(80);
const listSchema = z.array(nameSchema).min(1).max(50).nullable();
const amountSchema = z.strictObject({
  amount: z.string().regex(/^\d{1,15}(\.\d{1,4})?$/, 'expected an amount such as "5000.00"'),
  currency: currencySchema,
});
const proposedTermsSchema: z.ZodType<ProposedTerms> = z.strictObject({
  requester: nameSchema.nullable(),
  workflow: nameSchema.nullable(),
  customers: listSchema,
  suppliers: listSchema,
  currencies: z.array(currencySchema).min(1).max(20).exactOptional(),
  each: amountSchema,
  inAll: amountSchema,
  uses: z.int(wholeNumber).min(1, wholeNumber).max(1_000, wholeNumber),
  tier: nameSchema.exactOptional(),
  until: z.iso.datetime({ error: expecting("a time such as 2026-01-31T08:00:00Z") }),
});

interface Around {
  readonly trust: TrustView;
  /** The ids of those there are. */
  readonly workflows: readonly string[];
  /** Milliseconds. */
  readonly now: number;
  /** A new grant's. */
  readonly id: () => string;
}

/** The terms as they are kept, or why somebody may not propose them. */
export function judgeProposal(act: SafetyAct, input: unknown, o: Around): StandingTerms | ErrorInfo {
  const parsed = proposedTermsSchema.safeParse(input);
  if (!parsed.success) {
    const field = parsed.error.issues[0];
    return refusal("bad-standing", `not proposed: ${field?.path.join(".") ?? ""}: ${field?.message ?? ""}`);
  }
  const { policy } = o.trust;
  const against =
    amountsRefused(parsed.data, policy.companyCurrency) ?? workflowRefused(parsed.data, o.workflows);
  if (against !== null) {
    return against;
  }
  const terms = termsOf(parsed.data, o);
  return proposingRefused(act, terms, o.trust) ?? terms;
}

/** What was proposed, said again; the bot reads no books: whether there are such customers it cannot know. */
export function proposedText({ id, customers, suppliers }: StandingTerms, quorum: number): string {
  const approvers = quorum === 1 ? "somebody who may decide has" : `${quorum} people who may decide have`;
  const named = [
    ...(customers === null ? [] : [`customers ${customers.join(", ")}`]),
    ...(suppliers === null ? [] : [`suppliers ${suppliers.join(", ")}`]),
  ];
  const exactly =
    named.length === 0 ? "" : ` It holds for these ids of the books, letter by letter: ${named.join("; ")}.`;
  return `Proposed as ${id}. It is in force once ${approvers} approved it.${exactly}`;
}

/** What cannot be paid is not rounded to something that nobody wrote. */
function amountsRefused(proposed: ProposedTerms, companyCurrency: string): ErrorInfo | null {
  for (const field of ["each", "inAll"] as const) {
    const { amount, currency } = proposed[field];
    if (currency !== companyCurrency) {
      return refusal("standing-refused", `${field} is in ${currency}, expected ${companyCurrency}`);
    }
    if (!decimal(amount).eq(money(amount, currency).amount)) {
      const message = `${field} is ${amount}, expected at most ${minorDigits(currency)} decimals`;
      return refusal("standing-refused", message);
    }
  }
  return null;
}
function workflowRefused({ workflow }: ProposedTerms, known: readonly string[]): ErrorInfo | null {
  return workflow === null || known.includes(workflow)
    ? null
    : refusal("standing-refused", `workflow is "${workflow}", expected one of ${known.join(", ")}`);
}
function proposingRefused(act: SafetyAct, terms: StandingTerms, trust: TrustView): ErrorInfo | null {
  const { policy } = trust;
  const person = trust.person(act.person);
  const foreign = person === undefined ? unknownPerson(act.person) : notTheirs(person, act.account);
  if (person === undefined || foreign !== null) {
    return foreign;
  }
  const asks = mayAsk(policy, person, act.person);
  const decides = person.active && hasRole(person, deciding(tierNamed(policy, terms.tier)));
  if (asks !== null && !decides) {
    return asks;
  }
  const forWhom = terms.requester;
  const unable = forWhom === null ? null : mayAsk(policy, trust.person(forWhom), forWhom);
  return unable ?? termsRefused(policy, terms);
}
function termsOf(proposed: ProposedTerms, { trust, now, id }: Around): StandingTerms {
  const { policy } = trust;
  const { until, tier, currencies, ...terms } = proposed;
  const each = money(terms.each.amount, terms.each.currency);
  const inAll = money(terms.inAll.amount, terms.inAll.currency);
  return {
    ...terms,
    each,
    inAll,
    id: id(),
    currencies: currencies ?? [policy.companyCurrency],
    tier: tier ?? tierFor(policy, { amount: each, risks: [] }).name,
    notBefore: new Date(now).toISOString(),
    notAfter: new Date(until).toISOString(),
  };
}
