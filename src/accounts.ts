/** Accounts of people on chat platforms, `adapter:TEAM/USER`: who a person is there. Pure. */

const accountPattern = /^[a-z][a-z0-9-]{0,49}:[A-Za-z0-9]{1,40}\/[A-Za-z0-9]{1,40}$/;

/** What an account looks like, in words. */
export const accountForm =
  'an account such as "slack:T0123/U0456": adapter:TEAM/USER, both letters and digits';

/** True for the form of an account. */
export function isAccount(text: string): boolean {
  return accountPattern.test(text);
}

/** The accounts in the text of a books row, which are separated by single spaces. */
export function readAccounts(text: string): readonly string[] {
  return text === "" ? [] : text.split(" ");
}

/** Why these people cannot be told apart by their accounts, naming the account and both; undefined when they can. */
export function sharedAccount(
  people: readonly { readonly id: string; readonly accounts?: readonly string[] | undefined }[],
): string | undefined {
  const owners = new Map<string, string>();
  for (const { id, accounts = [] } of people) {
    for (const account of accounts) {
      const owner = owners.get(account);
      if (owner !== undefined) {
        return owner === id
          ? `account ${account} is named twice at "${id}"`
          : `account ${account} belongs to both "${owner}" and "${id}"; an account is one person's`;
      }
      owners.set(account, id);
    }
  }
  return undefined;
}

/** Somebody on a chat platform, as the platform lists them. Only a "member" may ever be a person of the company. */
export interface ListedMember {
  readonly account: string;
  readonly email: string | null;
  readonly name: string;
  readonly kind: "member" | "guest" | "bot" | "deactivated" | "external";
}
