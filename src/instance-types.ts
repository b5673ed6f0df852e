import type { AgentId, RunId } from "./domain.ts";
import type { MessageSubject } from "./link-types.ts";
import type { InboxKey, OutboxRow } from "./record-types.ts";

/** Several instances of one agent: who is there, who does what, and who is refused. */

/** Which instance works on a step, and the token it was given for that. */
export interface Assignment {
  readonly instance: string;
  readonly token: number;
}
/** An instance that was there when this was written. */
export interface KeptInstance {
  readonly agent: AgentId;
  readonly instance: string;
  /** JSON: what it said of itself. */
  readonly announcement: string;
}
/** What the company allows an agent at a time and in a minute, all its instances together. */
export interface AgentLimit {
  readonly inFlight?: number;
  readonly perMinute?: number;
}
/** What bounds the giving of a request; all bots on one record count together. */
export interface Bounded {
  readonly limit: AgentLimit;
  readonly now: number;
  /** False: it is counted, but given in any case. */
  readonly held: boolean;
}
/** A request that is not given now: by the rate not for so long, or until one in flight is over. */
export interface HeldBack {
  readonly waitMs: number | "full";
}
/** Agents' instances in the bot's record: who is there, and who was given which step. */
export interface InstanceStore {
  /**
   * Gives an open message's step to this instance, under a token that is raised whenever that is another one than
   * before. Undefined when the message is closed already.
   */
  assign(row: OutboxRow, instance: string): Promise<Assignment | undefined>;
  /** The same for a request to an agent that has a limit. */
  assignWithin(
    bounded: Bounded,
    row: OutboxRow,
    instance: string,
  ): Promise<Assignment | HeldBack | undefined>;
  /** Who was given a step last. */
  assignment(subject: MessageSubject): Promise<Assignment | undefined>;
  /** Open requests that were given to an instance. */
  assigned(): Promise<readonly { readonly id: string; readonly agent: AgentId; readonly instance: string }[]>;
  /** The instance is gone: its open requests and cancellations are due now. */
  release(agent: AgentId, instance: string, now: number): Promise<void>;
  keep(instance: KeptInstance): Promise<void>;
  drop(agent: AgentId, instance: string): Promise<void>;
  kept(): Promise<readonly KeptInstance[]>;
}
/** One life of one instance of an agent; its number is higher than those of all before, of whatever instance. */
export interface InstanceLease {
  readonly instance: string;
  readonly number: number;
}
/** Under which token a step of a sender's is worked on: the books refuse one below the highest seen for the step. */
export interface Fence {
  readonly inbox: InboxKey;
  readonly token: number;
  /** The run, when it is in shadow mode: what it changes is kept apart; see `AgentStore.shadowBooks`. */
  readonly shadow?: RunId;
}
