import type { AtSign } from "./domain.ts";

/**
 * Accounts of people, who a person is somewhere: `adapter:TEAM/USER` on a chat platform, `atsign:@NAME` where a person
 * countersigns with keys of their own. Pure.
 */

const chatPattern = /^[a-z][a-z0-9-]{0,49}:[A-Za-z0-9]{1,40}\/[A-Za-z0-9]{1,40}$/;
const atSignPattern = /^atsign:@[\p{L}\p{N}\p{M}\p{So}_-]{1,54}$/u;

/** What an account looks like, in words. */
export const accountForm =
  'an account such as "slack:T0123/U0456" (adapter:TEAM/USER, both letters and digits) or "atsign:@name"';

/** True for the form of an account. */
export function isAccount(text: string): boolean {
  return chatPattern.test(text) || atSignPattern.test(text);
}

/** The account of whoever holds this atSign. */
export function atSignAccount(atSign: AtSign): `atsign:${AtSign}` {
  return `atsign:${atSign}`;
}

/** The atSign of an account; undefined for an account on a chat platform. */
export function accountAtSign(account: string): AtSign | undefined {
  return atSignPattern.test(account) ? (account.slice("atsign:".length) as AtSign) : undefined;
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
