import type { Clock } from "../../src/ports.ts";

/**
 * Slack's limits, kept by us so that Slack rarely has to. Per method and minute, see
 * https://docs.slack.dev/apis/web-api/rate-limits; posting also per channel, one a second with short bursts. A part of
 * each is kept for what is urgent: approvals never wait behind progress.
 */
export interface Limiter {
  /** 0: the call may go now, and is counted. Else how many milliseconds to wait; nothing is counted. */
  take(call: SlackCall): number;
  /** Slack said `Retry-After`: no such call for `ms`. */
  block(call: SlackCall, ms: number): void;
}
export interface SlackCall {
  readonly method: string;
  /** Where it posts. */
  readonly channel?: string | undefined;
  readonly urgent: boolean;
}

const minuteMs = 60_000;
/** Calls a minute by method: its tier's least, see https://docs.slack.dev/reference/methods. */
const perMinute: Readonly<Record<string, number>> = {
  "assistant.threads.setStatus": 100,
  "assistant.threads.setSuggestedPrompts": 100,
  "auth.test": 300,
  "chat.postMessage": 300,
  "chat.update": 50,
  "chat.postEphemeral": 100,
  "conversations.history": 50,
  "conversations.replies": 50,
  "conversations.open": 50,
  "conversations.info": 50,
  "files.getUploadURLExternal": 100,
  "files.completeUploadExternal": 100,
  "files.info": 100,
  "users.info": 100,
  "users.list": 20,
  "views.open": 100,
  "views.update": 100,
  "views.publish": 100,
};
const otherwise = 20;
/** Of each method's calls, the share that only urgent ones may use. */
const reservedShare = 0.3;
const channelBurst = 3;
const channelReserve = 1;
const channelMs = 1_000;
/** Not all who were told to wait come back. */
const longestLineMs = 60_000;

export function createLimiter(clock: Clock): Limiter {
  const calls = new Map<string, number[]>();
  const channels = new Map<string, { readonly tokens: number; readonly at: number }>();
  const blocked = new Map<string, number>();
  const line = new Map<string, number>();

  /** Until the method's calls of the last minute are few enough. */
  function methodWait({ method, urgent }: SlackCall, now: number): number {
    const recent = (calls.get(method) ?? []).filter((at) => at > now - minuteMs);
    calls.set(method, recent);
    const all = perMinute[method] ?? otherwise;
    const most = urgent ? all : Math.floor(all * (1 - reservedShare));
    const decisive = recent[recent.length - most];
    return decisive === undefined ? 0 : decisive + minuteMs - now;
  }
  function tokensOf(channel: string, now: number): number {
    const last = channels.get(channel);
    return last === undefined
      ? channelBurst
      : Math.min(channelBurst, last.tokens + (now - last.at) / channelMs);
  }
  function channelWait(channel: string, urgent: boolean, now: number): number {
    const missing = 1 + (urgent ? 0 : channelReserve) - tokensOf(channel, now);
    return missing <= 0 ? 0 : Math.ceil(missing * channelMs);
  }
  /** Channels that rest, and lines that have gone, are as if never seen. */
  function forgetRested(now: number): void {
    for (const [key, place] of line) {
      if (place <= now) {
        line.delete(key);
      }
    }
    for (const channel of channels.keys()) {
      if (tokensOf(channel, now) === channelBurst) {
        channels.delete(channel);
      }
    }
  }
  /** Of each urgency: who is told to wait comes after those told before, so that not all come back at once. */
  function placeInLine(call: SlackCall, free: number): number {
    const key = `${call.urgent ? "urgent " : ""}${blockKey(call)}`;
    const between = limitsChannel(call) ? channelMs : minuteMs / (perMinute[call.method] ?? otherwise);
    const last = line.get(key) ?? 0;
    const place = last < free ? free : Math.min(last + between, free + longestLineMs);
    line.set(key, place);
    return Math.ceil(place);
  }
  const limitsChannel = (call: SlackCall): call is SlackCall & { channel: string } =>
    call.method === "chat.postMessage" && call.channel !== undefined;

  return {
    take(call) {
      const now = clock.now();
      const wait = Math.max(
        (blocked.get(blockKey(call)) ?? 0) - now,
        methodWait(call, now),
        limitsChannel(call) ? channelWait(call.channel, call.urgent, now) : 0,
      );
      if (wait > 0) {
        return placeInLine(call, now + wait) - now;
      }
      blocked.delete(blockKey(call));
      calls.get(call.method)?.push(now);
      if (limitsChannel(call)) {
        const tokens = tokensOf(call.channel, now) - 1;
        forgetRested(now);
        channels.set(call.channel, { tokens, at: now });
      }
      return 0;
    },
    block(call, ms) {
      blocked.set(blockKey(call), clock.now() + ms);
    },
  };
}

/** Posting is limited by channel, all else by method. */
function blockKey({ method, channel }: SlackCall): string {
  return method === "chat.postMessage" ? `${method} ${channel ?? ""}` : method;
}
