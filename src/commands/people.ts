import path from "node:path";
import { z } from "zod";
import { bookSchemas } from "../../adapters/store/books-schema.ts";
import type { AccountLink } from "../account-links.ts";
import { canonicalJson } from "../canonical.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { keyFolderOf, readCompanyKey } from "../keys.ts";
import { readPeople } from "../processes/company-books.ts";
import { signedAsDemo } from "../processes/company-kind.ts";
import { readTrust } from "../processes/read-trust.ts";
import { type AccountProposals, proposeAccounts } from "../account-proposals.ts";
import type { ListedMember } from "../accounts.ts";
import { withBooks } from "./books.ts";
import { answer, answerJson, table, tell } from "./output.ts";
import { type Prompter, terminalPrompter } from "./prompter.ts";
import { signTrust } from "./trust.ts";

interface Place {
  readonly settings: Settings;
  readonly config: CompanyConfig;
}
type Change = "link" | "unlink";

/** The people of the books, and whether the trust document in force says the same of each. */
export async function people(settings: Settings, o: { readonly json?: boolean }): Promise<void> {
  // Like `books`: what nobody has signed yet is filled with the demo company.
  const found = await readPeople(settings, (await signedAsDemo(settings)) ?? true);
  const inForce = await signedPeople(settings);
  const list = found.map((each) => ({ ...each, signed: inForce.has(canonicalJson(each)) }));
  if (o.json === true) {
    answerJson(list);
    return;
  }
  answer(
    table(
      ["person", "name", "roles", "active", "signed", "accounts"],
      list.map((each) => [
        each.id,
        each.name,
        each.roles.join(", "),
        each.active ? "yes" : "no",
        each.signed ? "yes" : "no",
        each.accounts.join(" "),
      ]),
    ),
  );
  if (list.some((each) => !each.signed)) {
    tell("who is not signed is not in force as shown here: `countersign trust sign` signs the books' people");
  }
}

async function signedPeople(settings: Settings): Promise<ReadonlySet<string>> {
  try {
    const { trust } = await readTrust(settings);
    return new Set(trust.people.map((each) => canonicalJson(each)));
  } catch (error) {
    // Without a document that is believed here, nobody is in force.
    tell(`trust document: ${toErrorInfo(error).message}`);
    return new Set();
  }
}

/** Links an account to a person, or unlinks it, and signs that where the company key lies. */
export async function changeAccount(
  place: Place,
  change: Change,
  link: AccountLink,
  o: { readonly json?: boolean },
): Promise<void> {
  const signed = await write(place, change, [link]);
  if (o.json === true) {
    answerJson({ change, ...link, signed });
  } else {
    answer(`${change}ed: ${link.account} and "${link.person}"${signed ? inForceText : ""}`);
  }
}
const inForceText = "; signed, in force within 30 seconds";

/**
 * Proposes whose accounts on a platform are whose, by e-mail address. Written is what is confirmed: all with `confirm`,
 * else each that the terminal answers with y, else nothing.
 */
export async function importAccounts(
  place: Place & { readonly listMembers: () => Promise<readonly ListedMember[]> },
  o: { readonly confirm?: boolean; readonly json?: boolean },
  prompter: Prompter = terminalPrompter,
): Promise<void> {
  const { settings } = place;
  const listed = await place.listMembers();
  const rows = z
    .array(bookSchemas.people)
    .parse(await withBooks(settings, (desk) => desk.rows("people", undefined)));
  const found = proposeAccounts(rows, listed);
  if (o.json !== true) {
    answer(reportOf(found));
  }
  const chosen = o.confirm === true ? found.proposals : o.json === true ? [] : await choose(found, prompter);
  const links = chosen.map(({ person, account }) => ({ person, account }));
  const signed = links.length > 0 && (await write(place, "link", links));
  if (o.json === true) {
    answerJson({ ...found, written: links, signed });
  } else if (links.length > 0) {
    answer(`linked: ${links.length}${signed ? inForceText : ""}`);
  } else if (found.proposals.length > 0) {
    tell("nothing was written; --confirm links all that is proposed");
  }
}

async function choose(
  { proposals }: AccountProposals,
  prompter: Prompter,
): Promise<AccountProposals["proposals"]> {
  const chosen: AccountProposals["proposals"][number][] = [];
  for (const each of proposals) {
    const reply = await prompter.ask(
      `link "${each.person}" (${each.email}) to ${each.account} (${oneLine(each.name)})? [y/N]`,
    );
    if (reply === null) {
      return [];
    }
    if (["y", "yes"].includes(reply.trim().toLowerCase())) {
      chosen.push(each);
    }
  }
  return chosen;
}

/** The books first; then the trust document, where the company key lies. False: it is to be signed elsewhere. */
async function write(
  { settings, config }: Place,
  change: Change,
  links: readonly AccountLink[],
): Promise<boolean> {
  await withBooks(settings, (desk) => desk.changeAccounts(change, links));
  const folder = keyFolderOf(settings.data, "company");
  if ((await readCompanyKey(folder)) === undefined) {
    tell(
      `the books are changed, but that is not in force yet: ${folder} holds no company key. Run \`countersign trust sign\` where the key lies, with these books, and put the new ${path.join(settings.data, "trust", "trust.json")} in every process's data folder.`,
    );
    return false;
  }
  try {
    await signTrust(settings, config);
  } catch (error) {
    const { code, message, retryable } = toErrorInfo(error);
    throw new AppError(code, `the books are changed, but nothing was signed: ${message}`, {
      retryable,
      cause: error,
    });
  }
  return true;
}

function reportOf(found: AccountProposals): string {
  const { proposals, conflicts, linked, unmatchedPeople, unmatchedMembers, skipped } = found;
  const section = (title: string, text: string) => [`${title}:`, text, ""];
  const never = Object.entries(skipped).map(([kind, count]) => `${count} ${kind}`);
  return [
    ...(proposals.length === 0
      ? ["nothing to propose", ""]
      : section(
          "proposed, by the same e-mail address",
          table(
            ["person", "e-mail", "account", "name there"],
            proposals.map(({ person, email, account, name }) => [person, email, account, oneLine(name)]),
          ),
        )),
    ...(conflicts.length === 0
      ? []
      : section(
          "not proposed, though the e-mail address is the same",
          table(
            ["person", "account", "why not"],
            conflicts.map(({ person, account, reason }) => [person, account, reason]),
          ),
        )),
    ...(unmatchedMembers.length === 0
      ? []
      : section(
          "members of nobody's e-mail address",
          table(
            ["account", "name there"],
            unmatchedMembers.map(({ account, name }) => [account, oneLine(name)]),
          ),
        )),
    `already linked: ${linked.length}; people without an account: ${unmatchedPeople.join(", ") || "none"}`,
    `never proposed: ${never.join(", ")}`,
  ].join("\n");
}

/** A name that strangers may have chosen: one line, nothing invisible, not long. */
function oneLine(name: string): string {
  return name
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim()
    .slice(0, 80);
}
