import { z } from "zod";
import type { Person } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import { BoundedMap } from "../../src/bounded-map.ts";
import { membership, type OwnWorkspace } from "./membership.ts";
import { patienceMs } from "./patience.ts";
import { memberSchema, partialMemberSchema } from "./payloads.ts";
import { accountOf, memberOf } from "./slack-ids.ts";
import type { SlackWeb } from "./web.ts";

/** What Slack says of a member may be this old; a change that Slack announces counts at once. */
const freshMs = 60_000;
const mostKept = 2_000;
const mostWarmed = 50;

export type Stranger = "deactivated" | "bot" | "guest" | "external" | "unmapped";
/** Who did something in Slack. `by` is what the inbox gets: a person's id, or the account, which is nobody's id. */
export type Caller =
  | { readonly account: string; readonly user: string; readonly by: string; readonly person: Person }
  | { readonly account: string; readonly user: string; readonly by: string; readonly stranger: Stranger };

export interface Who {
  /**
   * Maps a user, as a payload from Slack names it, to a person. `teams` are all teams the payload gives the user.
   * Fails with "slack-identity-unknown" while Slack does not say who that is: then nobody is anybody.
   */
  identify(user: string, teams: readonly (string | null | undefined)[]): Promise<Caller>;
  /** Slack announced a change of this user. */
  changed(user: string): void;
  /** Asks for those whose clicks are expected, so that the first one does not wait. */
  warm(people: readonly Person[]): Promise<void>;
}

const memberAnswer = z.object({ ok: z.literal(true), user: partialMemberSchema });
type Member = z.infer<typeof partialMemberSchema>;

export function createWho(o: {
  readonly web: Pick<SlackWeb, "call">;
  /** The workspace that the app is installed in. */
  readonly own: () => OwnWorkspace;
  readonly personOf: (account: string) => Person | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}): Who {
  const known = new BoundedMap<string, { readonly at: number; readonly member: Promise<Member> }>(mostKept);

  function memberOfSlack(user: string): Promise<Member> {
    const now = o.clock.now();
    const kept = known.get(user);
    if (kept !== undefined && now - kept.at < freshMs) {
      return kept.member;
    }
    const member = o.web
      .call("users.info", { user }, { answer: memberAnswer, urgent: true, patienceMs: patienceMs.answer })
      .then((answer) => answer.user);
    known.set(user, { at: now, member });
    member.catch(() => {
      if (known.get(user)?.member === member) {
        known.delete(user);
      }
    });
    return member;
  }

  return {
    async identify(user, teams) {
      const own = o.own();
      // In an organisation, payloads name it, or any of the user's workspaces in it: only the user object says more.
      const elsewhere = teams.find(
        (team) => team !== null && team !== undefined && team !== own.team && team !== own.enterprise,
      );
      const foreign = accountOf(elsewhere ?? own.team, user);
      if (elsewhere !== undefined && own.enterprise === undefined) {
        return { account: foreign, user, by: foreign, stranger: "external" };
      }
      const account = accountOf(own.team, user);
      const member = await memberOfSlack(user).catch((cause: unknown) => {
        o.log.warn({ user, error: toErrorInfo(cause).code }, "slack-member-unknown");
        throw new AppError("slack-identity-unknown", "Slack did not say who that is; nothing was done", {
          retryable: true,
          cause,
        });
      });
      const stranger = strangeness(member, user, own);
      if (stranger === "external") {
        return { account: foreign, user, by: foreign, stranger };
      }
      const person = stranger === undefined ? o.personOf(account) : undefined;
      return person === undefined
        ? { account, user, by: account, stranger: stranger ?? "unmapped" }
        : { account, user, by: person.id, person };
    },
    changed(user) {
      known.delete(user);
    },
    async warm(people) {
      const users = people
        .filter((person) => person.active)
        .flatMap((person) => person.accounts)
        .map(memberOf)
        .filter((member) => member?.team === o.own().team)
        .slice(0, mostWarmed);
      await Promise.allSettled(users.map((member) => memberOfSlack(member?.user ?? "")));
    },
  };
}

/** Why this member counts for nobody; undefined for a full member of our workspace. What is not said is no. */
function strangeness(member: Member, user: string, own: OwnWorkspace): Stranger | undefined {
  if (member.deleted === true) {
    return "deactivated";
  }
  if (member.is_bot === true) {
    return "bot";
  }
  const place = membership(member, own);
  if (member.is_stranger === true || place === "elsewhere") {
    return "external";
  }
  if (member.is_restricted === true || member.is_ultra_restricted === true) {
    return "guest";
  }
  if (place === "not-said" || !memberSchema.safeParse(member).success || member.id !== user) {
    throw new AppError("slack-identity-unknown", "Slack's answer does not say who that is");
  }
  return undefined;
}

/** What a stranger is told, and nobody else. */
export const strangerText: Readonly<Record<Stranger, string>> = {
  deactivated: "This Slack account is deactivated, so nothing was done.",
  bot: "Requests and decisions of other apps are not taken.",
  guest: "Guests of this workspace cannot ask or decide here. Please ask a colleague who is a member.",
  external:
    "People of other organisations and workspaces cannot ask or decide here. Please ask your contact in this company.",
  unmapped:
    "Your Slack account is not linked to a person of the company yet, so nothing was done. Please ask an administrator to link it (countersign people link).",
};
