import type { MessageId, ThreadId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";

/**
 * How places, messages and people of Slack are named in the record. Nothing else in the product reads these texts.
 * Ids of Slack are letters and digits, a message's `ts` is digits with one dot.
 */

export const adapterName = "slack";

/** Where a card stands: a thread or the top level of a channel, or a person's direct messages. */
export type Place =
  | { readonly team: string; readonly channel: string; readonly threadTs?: string }
  | { readonly team: string; readonly user: string };

const placePattern = /^slack:([A-Z0-9]+)\/(?:@([A-Z0-9]+)|([A-Z0-9]+)(?:\/(\d+\.\d+)(?:#\d+\.\d+-\d+)?)?)$/;
const messagePattern = /^([A-Z0-9]+)\/(\d+\.\d+)$/;
const accountPattern = /^slack:([A-Z0-9]+)\/([A-Z0-9]+)$/;

export function threadOf(place: Place): ThreadId {
  if ("user" in place) {
    return `slack:${place.team}/@${place.user}`;
  }
  const thread = place.threadTs === undefined ? "" : `/${place.threadTs}`;
  return `slack:${place.team}/${place.channel}${thread}`;
}
/** Fails with `bad-thread` for what `threadOf` did not make, but for "#TS-N": request N of the list of message TS. */
export function placeOf(thread: string): Place {
  const [, team, user, channel, threadTs] = placePattern.exec(thread) ?? [];
  if (team !== undefined && user !== undefined) {
    return { team, user };
  }
  if (team === undefined || channel === undefined) {
    throw new AppError("bad-thread", "a Slack thread must read slack:TEAM/CHANNEL, …/TS or slack:TEAM/@USER");
  }
  return { team, channel, ...(threadTs === undefined ? {} : { threadTs }) };
}

export function messageIdOf(channel: string, ts: string): MessageId {
  return `${channel}/${ts}`;
}
/** Fails with `bad-message` for what `messageIdOf` did not make. */
export function messageOf(id: MessageId): { readonly channel: string; readonly ts: string } {
  const [, channel, ts] = messagePattern.exec(id) ?? [];
  if (channel === undefined || ts === undefined) {
    throw new AppError("bad-message", "a Slack message must read CHANNEL/TS");
  }
  return { channel, ts };
}

/** Who somebody is in the trust document: user and the user's own team. */
export function accountOf(team: string, user: string): string {
  return `slack:${team}/${user}`;
}
/** Undefined for an account of another platform. */
export function memberOf(account: string): { readonly team: string; readonly user: string } | undefined {
  const [, team, user] = accountPattern.exec(account) ?? [];
  return team === undefined || user === undefined ? undefined : { team, user };
}

/**
 * The key under which a message counts once: place, time and author, never the event's id, which differs between
 * deliveries of one message. An edited message is another one: its edit time is part of its key.
 */
export function requestKeyOf(o: {
  readonly team: string;
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly editedTs?: string | undefined;
}): string {
  const edited = o.editedTs === undefined ? "" : `/${o.editedTs}`;
  return `slack:${o.team}/${o.channel}/${o.ts}/${o.user}${edited}`;
}
