import { type ListedMember, readAccounts } from "./accounts.ts";
import { type AccountLink, ownerOf } from "./account-links.ts";
import type { PersonRow } from "./book-rows.ts";
import type { PersonId } from "./domain.ts";

export interface Proposal extends AccountLink {
  /** As the books have it. */
  readonly email: string;
  /** As the platform has it: untrusted text. */
  readonly name: string;
}
export interface AccountProposals {
  readonly proposals: readonly Proposal[];
  /** Same e-mail, but not proposed: why, in words. */
  readonly conflicts: readonly (AccountLink & { readonly reason: string })[];
  /** Links that are there already, by the same e-mail. */
  readonly linked: readonly AccountLink[];
  /** Active people without any account on this platform for whom no member was found. */
  readonly unmatchedPeople: readonly PersonId[];
  /** Members with no active person of their e-mail, and linked to nobody. */
  readonly unmatchedMembers: readonly ListedMember[];
  /** How many were never considered, by kind. */
  readonly skipped: Readonly<Record<Exclude<ListedMember["kind"], "member">, number>>;
}

/**
 * Which accounts seem to be whose: a full member and an active person with the same e-mail address. Proposed only where
 * each is the other's only match and neither has another account or owner on this platform.
 */
export function proposeAccounts(
  people: readonly PersonRow[],
  listed: readonly ListedMember[],
): AccountProposals {
  const members = listed.filter(({ kind }) => kind === "member");
  const active = people.filter((each) => each.active === "yes");
  const matches = members.flatMap((member) =>
    active
      .filter(({ email }) => member.email !== null && sameEmail(email, member.email))
      .map((person) => ({ person, member })),
  );
  const proposals: Proposal[] = [];
  const conflicts: (AccountLink & { reason: string })[] = [];
  const linked: AccountLink[] = [];
  for (const { person, member } of matches) {
    const link = { person: person.id, account: member.account };
    const others = readAccounts(person.accounts).filter((each) => team(each) === team(member.account));
    const owner = ownerOf(people, member.account);
    if (owner?.id === person.id) {
      linked.push(link);
    } else if (owner !== undefined) {
      conflicts.push({ ...link, reason: `the account is linked to "${owner.id}"` });
    } else if (others.length > 0) {
      conflicts.push({ ...link, reason: `the person has ${others.join(", ")} already` });
    } else if (matches.filter((each) => each.member === member).length > 1) {
      conflicts.push({ ...link, reason: "several people have this e-mail address" });
    } else if (matches.filter((each) => each.person === person).length > 1) {
      conflicts.push({ ...link, reason: "several members have this e-mail address" });
    } else {
      proposals.push({ ...link, email: person.email, name: member.name });
    }
  }
  const isMatched = (what: PersonRow | ListedMember) =>
    matches.some(({ person, member }) => person === what || member === what);
  const platforms = new Set(listed.map(({ account }) => team(account)));
  const hasAccount = (person: PersonRow) =>
    readAccounts(person.accounts).some((each) => platforms.has(team(each)));
  const count = (kind: ListedMember["kind"]) => listed.filter((each) => each.kind === kind).length;
  return {
    proposals,
    conflicts,
    linked,
    unmatchedPeople: active.filter((each) => !isMatched(each) && !hasAccount(each)).map(({ id }) => id),
    unmatchedMembers: members.filter(
      (each) => !isMatched(each) && ownerOf(people, each.account) === undefined,
    ),
    skipped: {
      guest: count("guest"),
      bot: count("bot"),
      deactivated: count("deactivated"),
      external: count("external"),
    },
  };
}

/** An account's adapter and team. */
function team(account: string): string {
  return account.slice(0, account.indexOf("/"));
}
/** Only A to Z have another case here: Unicode's folding makes different letters one, e.g. the Kelvin sign and "k". */
function sameEmail(a: string, b: string): boolean {
  const lower = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return lower(a) === lower(b);
}
