import type { AgentHealth } from "./desk-types.ts";

/** Answers of the last hour count. */
export const heardMs = 3_600_000;
/** Most steps take less. */
const silentMs = 60_000;

/** What the bot can tell of an agent by what it asked and heard; times in milliseconds UTC. */
export function healthOf(o: {
  /** Requests that wait for an answer, and since when the oldest does. */
  readonly open: number;
  readonly since: number | null;
  /** The last answer within `heardMs`, and how many were errors. */
  readonly heard: { readonly at: number; readonly errors: number } | null;
  readonly granted: boolean;
  readonly now: number;
}): AgentHealth {
  const { open, since, heard } = o;
  const requests = `${open} ${open === 1 ? "request" : "requests"}`;
  if (!o.granted) {
    return { state: "unreachable", text: `no valid grant${open === 0 ? "" : `, ${requests} waiting`}` };
  }
  if (since !== null && o.now - since >= silentMs && (heard?.at ?? 0) < since) {
    return { state: "silent", text: `no answer since ${minute(since)} to ${requests}` };
  }
  const state = open === 0 ? "idle" : "busy";
  const busy = open === 0 ? "idle" : `${requests} in flight`;
  const answered = heard === null ? "" : `, last answer ${minute(heard.at)}`;
  const errors = heard === null || heard.errors === 0 ? "" : `, ${errorsOf(heard.errors)} in the last hour`;
  return { state, text: `${busy}${answered}${errors}` };
}

function minute(at: number): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC`;
}
function errorsOf(count: number): string {
  return count === 1 ? "1 error" : `${count} errors`;
}
