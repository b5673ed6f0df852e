import type { Restriction, Vendor } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import { AppError } from "../../src/errors.ts";
import { mayBeName, sameName } from "./name-match.ts";

/** A person, place or thing found on a list. */
export interface Hit {
  readonly list: string;
  readonly entry: string;
  readonly reason: string;
}
export interface VendorFacts {
  readonly id: string;
  readonly name: string;
  readonly bankAccount: string;
}

/** Compliance's lists as loaded for one request; loading them fails when they cannot be relied upon. */
export interface Screen {
  readonly lists: readonly string[];
  country(code: string): Hit | undefined;
  party(names: readonly string[]): Hit | undefined;
  item(id: string, names: readonly string[]): Hit | undefined;
  /** Why this vendor must not be bought from; undefined = it may. */
  vendor(facts: VendorFacts): string | undefined;
}

const kinds = ["country", "party", "item"] as const;

/**
 * Loads restriction and vendor lists. Fails with "list-missing" when the list of any kind, or the vendor list, is
 * empty, and with "list-stale" when a list's newest entry is older than the policy allows: no list, no clearance.
 */
export async function loadScreen(context: SkillContext): Promise<Screen> {
  const { books, clock, trust } = context;
  const { distance } = await import("fastest-levenshtein");
  const { ageInDays } = await import("../../src/plan/exchange.ts");
  const restrictions = await books.find("restrictions");
  for (const kind of kinds) {
    if (!restrictions.some((row) => row.kind === kind)) {
      throw new AppError(
        "list-missing",
        `the books have no restriction of kind "${kind}": nothing is cleared`,
      );
    }
  }
  const lists = [...new Set(restrictions.map((row) => row.list))].toSorted();
  for (const list of lists) {
    const newest = restrictions
      .filter((row) => row.list === list)
      .map((row) => row.asOf)
      .reduce((a, b) => (a > b ? a : b));
    const age = ageInDays(newest, clock.now());
    if (!(age <= trust.policy.dataMaxAgeDays && age >= -1)) {
      throw new AppError(
        "list-stale",
        `list "${list}" is of ${newest}, expected at most ${trust.policy.dataMaxAgeDays} days old and not in the future`,
      );
    }
  }
  const vendors = await books.find("vendors");
  if (vendors.length === 0) {
    throw new AppError("list-missing", "the books have no vendor list: nothing is cleared");
  }
  const ofKind = (kind: Restriction["kind"]) => restrictions.filter((row) => row.kind === kind);
  const country = (code: string): Hit | undefined =>
    hitOf(ofKind("country").find((row) => entries(row).some((entry) => sameCode(entry, code))));
  const party = (names: readonly string[]): Hit | undefined =>
    hitOf(
      ofKind("party").find((row) =>
        entries(row).some((entry) => names.some((name) => mayBeName(name, entry, distance))),
      ),
    );
  const item = (id: string, names: readonly string[]): Hit | undefined =>
    hitOf(
      ofKind("item").find(
        (row) =>
          sameCode(row.value, id) ||
          entries(row).some((entry) => names.some((name) => sameName(name, entry))),
      ),
    );
  const vendor = (facts: VendorFacts): string | undefined => {
    const row = vendors.find((each) => each.id === facts.id);
    if (row === undefined) {
      return `"${facts.id}" is not on the vendor list`;
    }
    return (
      unfit(row, facts, ageInDays(row.approvedUntil, clock.now())) ??
      alsoBanned(facts, vendors) ??
      listed(country(row.country), "its country") ??
      listed(party([facts.name, ...names(row)]), "its name")
    );
  };
  return { lists: [...lists, "vendors"], country, party, item, vendor };
}

function unfit(row: Vendor, facts: VendorFacts, daysOver: number): string | undefined {
  if (row.status === "banned") {
    return `vendor "${row.id}" is banned: ${row.reason}`;
  }
  if (!(daysOver <= 0)) {
    return `the approval of vendor "${row.id}" ended on ${row.approvedUntil}`;
  }
  if (!names(row).some((name) => plainName(name) === plainName(facts.name))) {
    return `vendor "${row.id}" is "${row.name}" on the vendor list, not "${facts.name}"`;
  }
  if (account(row.bankAccount) !== account(facts.bankAccount)) {
    return `the bank account of vendor "${row.id}" is not the one on the vendor list`;
  }
  return undefined;
}

/**
 * A name or account that is itself on the banned list is refused although the vendor is approved: one of both entries
 * is wrong. A banned name that only resembles an approved one does not stop the vendor: swindlers imitate good names,
 * and id, name and account on the approved list say who this is.
 */
function alsoBanned(facts: VendorFacts, vendors: readonly Vendor[]): string | undefined {
  const banned = vendors.find(
    (each) =>
      each.id !== facts.id &&
      each.status === "banned" &&
      (account(each.bankAccount) === account(facts.bankAccount) ||
        names(each).some((name) => plainName(name) === plainName(facts.name))),
  );
  return banned === undefined
    ? undefined
    : `vendor "${facts.id}" has the name or account of the banned "${banned.id}"`;
}

function listed(hit: Hit | undefined, what: string): string | undefined {
  return hit === undefined ? undefined : `${what} is on list "${hit.list}": ${hit.reason}`;
}

function hitOf(row: Restriction | undefined): Hit | undefined {
  return row === undefined ? undefined : { list: row.list, entry: row.value, reason: row.reason };
}

function entries(row: Restriction): readonly string[] {
  return [row.value, ...split(row.aliases)];
}

function names(row: Vendor): readonly string[] {
  return [row.name, ...split(row.aliases)];
}

/** The parts of a ";"-separated field of the books. */
export function split(list: string): readonly string[] {
  return list
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** A name as people read it: case, spaces and punctuation aside, but not one letter else. */
function plainName(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")
    .join(" ");
}

function account(text: string): string {
  return text.replaceAll(/\s/g, "").toUpperCase();
}

function sameCode(a: string, b: string): boolean {
  return a.trim().toUpperCase() === b.trim().toUpperCase();
}
