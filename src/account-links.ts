import { accountForm, isAccount, readAccounts } from "./accounts.ts";
import type { PersonRow } from "./book-rows.ts";
import type { PersonId } from "./domain.ts";
import { AppError } from "./errors.ts";
import type { Books } from "./ports.ts";

export interface AccountLink {
  readonly person: PersonId;
  readonly account: string;
}

/**
 * Links chat accounts to people of the books, or unlinks them, in the unit given; call it there alone, so that all or
 * none is done. Fails with "bad-account", "unknown-person", "already-linked" (naming whose it is), "not-linked" or,
 * when a row changed meanwhile, "data-busy".
 */
export async function changeAccounts(
  books: Books,
  change: "link" | "unlink",
  links: readonly AccountLink[],
): Promise<void> {
  const people = new Map((await books.find("people")).map((row) => [row.id, row]));
  for (const link of links) {
    const row = people.get(link.person);
    if (row === undefined) {
      throw new AppError(
        "unknown-person",
        `the books have no person "${link.person.slice(0, 100)}": \`countersign people\` lists them`,
      );
    }
    const accounts = (change === "link" ? linked([...people.values()], row, link) : unlinked(row, link)).join(
      " ",
    );
    if (!(await books.update("people", row.id, { accounts }, { accounts: row.accounts }))) {
      throw new AppError("data-busy", `people "${row.id}" was changed meanwhile`, { retryable: true });
    }
    people.set(row.id, { ...row, accounts });
  }
}

/** Whose account this is by the books, active or not. */
export function ownerOf(people: readonly PersonRow[], account: string): PersonRow | undefined {
  return people.find((each) => readAccounts(each.accounts).includes(account));
}

function linked(people: readonly PersonRow[], row: PersonRow, { account }: AccountLink): readonly string[] {
  if (!isAccount(account)) {
    throw new AppError("bad-account", `"${account.slice(0, 100)}" is not ${accountForm}`);
  }
  const owner = ownerOf(people, account);
  if (owner !== undefined) {
    throw new AppError(
      "already-linked",
      owner.id === row.id
        ? `${account} is already linked to "${owner.id}"`
        : `${account} is already linked to "${owner.id}": an account is one person's; unlink it there first`,
    );
  }
  return [...readAccounts(row.accounts), account];
}

function unlinked(row: PersonRow, { account }: AccountLink): readonly string[] {
  const own = readAccounts(row.accounts);
  if (!own.includes(account)) {
    throw new AppError(
      "not-linked",
      `${account.slice(0, 100)} is not linked to "${row.id}"; linked: ${own.join(", ") || "none"}`,
    );
  }
  return own.filter((each) => each !== account);
}
