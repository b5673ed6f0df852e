import { z } from "zod";
import { canonicalJson } from "../canonical.ts";
import type { AgentAddress, AgentId } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { InstanceStore, KeptInstance } from "../instance-types.ts";
import type { Clock, Logger } from "../ports.ts";
import { atSignSchema } from "../trust/trust-documents.ts";
import { type Announcement, announcementSchema, leaseMs } from "./presence-message.ts";
import { type InstanceFacts, instanceFactsSchema } from "./presence-message.ts";
import type { Timers } from "./timers.ts";

/** An instance that was heard of within its lease. */
export interface LiveInstance extends AgentAddress {
  readonly agent: AgentId;
  readonly facts: InstanceFacts;
  /** Takes new requests. */
  readonly open: boolean;
}
/** The instances that are there, as the bot knows them. */
export interface Presence {
  /** Takes up those known at the last stop, as if they had just been heard of. */
  start(): Promise<void>;
  /** Takes a verified announcement. */
  receive(message: ReceivedEnvelope): void;
  /** Lets those go that are not trusted any more: their leases are worth nothing. */
  distrust(isTrusted: (instance: LiveInstance) => boolean): void;
  /** By name. */
  of(agent: AgentId): readonly LiveInstance[];
  /** All of them, by agent and name. */
  all(): readonly LiveInstance[];
  stop(): Promise<void>;
}
export interface PresenceOptions {
  readonly store: Pick<InstanceStore, "keep" | "drop" | "kept">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** There is a new instance, or one that takes more than before. */
  readonly onArrived: (agent: AgentId) => void;
  /** Said goodbye, or was not heard of any more. */
  readonly onGone: (agent: AgentId, instance: string) => void;
}
interface Entry extends LiveInstance {
  readonly health: Announcement["health"];
  /** Of its last announcement: what came before it changes nothing. */
  readonly lease: number;
  readonly sequence: number;
  /** By this process's clock. One that is gone is remembered as long, so that nothing late brings it back. */
  readonly until: number;
}

/** Only granted instances are heard at all; yet no key-holder may fill the bot's memory. */
const maxPerAgent = 200;
const maxEntries = 5_000;

/**
 * Instances by lease. A lease runs from the receipt of an announcement, by the bot's own clock, so that no instance's
 * clock matters. Kept in the record: a bot that starts again need not wait to be told who is there.
 */
export function createPresence(options: PresenceOptions): Presence {
  const { store, clock, timers, log } = options;
  const entries = new Map<string, Entry>();
  let cancelLook = (): void => undefined;
  let lookAt = Number.POSITIVE_INFINITY;
  let stopped = false;
  let writing: Promise<void> = Promise.resolve();

  /** In order; what could not be written is found out by lease after a restart. */
  const write = (task: () => Promise<void>): void => {
    writing = writing
      .then(task)
      .catch((error: unknown) => log.warn({ code: toErrorInfo(error).code }, "instance-not-kept"));
  };
  const isLive = (entry: Entry): boolean => entry.health !== "gone";
  const live = (): Entry[] => [...entries.values()].filter(isLive);

  const leave = (entry: Entry): void => {
    const { agent, instance } = entry;
    log.info({ agent, instance }, "instance-gone");
    write(() => store.drop(agent, instance));
    options.onGone(agent, instance);
  };

  /** Ends leases. A machine that slept through several heard nobody: it listens for one lease before it judges. */
  const look = (): void => {
    const now = clock.now();
    const slept = now - lookAt;
    for (const [key, entry] of entries) {
      if (slept > leaseMs / 2 && isLive(entry)) {
        entries.set(key, { ...entry, until: now + leaseMs });
      } else if (entry.until <= now) {
        entries.delete(key);
        if (isLive(entry)) {
          leave(entry);
        }
      }
    }
    lookAgain();
  };
  const lookAgain = (): void => {
    cancelLook();
    const latest = clock.now() + leaseMs;
    for (const [key, entry] of entries) {
      // A clock that was ahead gave it more.
      entries.set(key, { ...entry, until: Math.min(entry.until, latest) });
    }
    lookAt = Math.min(...[...entries.values()].map((each) => each.until));
    if (!stopped && Number.isFinite(lookAt)) {
      cancelLook = timers.after(Math.max(0, lookAt - clock.now()), look);
    }
  };

  const isFull = (agent: AgentId): boolean =>
    entries.size >= maxEntries ||
    [...entries.values()].filter((each) => each.agent === agent).length >= maxPerAgent;

  return {
    async start() {
      for (const each of await store.kept()) {
        const kept = keptEntry(each);
        const key = keyOf(each.agent, each.instance);
        if (kept !== undefined && !entries.has(key)) {
          entries.set(key, { ...kept, until: clock.now() + leaseMs });
        }
      }
      lookAgain();
    },
    receive({ from, subject, sequence, body }) {
      const { role: agent, instance, atSign } = from;
      const parsed = announcementSchema.safeParse(body);
      if (!parsed.success) {
        log.warn({ agent, instance }, "announcement-malformed");
        return;
      }
      const { facts, health } = parsed.data;
      const lease = subject.attempt;
      const key = keyOf(agent, instance);
      const before = entries.get(key);
      const isOld =
        before !== undefined &&
        (before.lease > lease || (before.lease === lease && before.sequence >= (sequence ?? 0)));
      if (isOld || (before === undefined && (health === "gone" || isFull(agent)))) {
        return;
      }
      const entry: Entry = {
        agent,
        atSign,
        instance,
        facts,
        health,
        open: health === "ok",
        lease,
        sequence: sequence ?? 0,
        until: clock.now() + leaseMs,
      };
      entries.set(key, entry);
      const wasLive = before !== undefined && isLive(before);
      if (!isLive(entry)) {
        if (wasLive) {
          leave(entry);
        }
      } else if (
        !wasLive ||
        before.lease !== lease ||
        isMore(facts, before.facts) ||
        before.open !== entry.open
      ) {
        log.info({ agent, instance, health }, "instance-here");
        const announcement = JSON.stringify({ atSign, lease, facts });
        write(() => store.keep({ agent, instance, announcement }));
        if (wasLive && before.lease !== lease) {
          // It started again, and knows nothing of what it was asked before.
          options.onGone(agent, instance);
        }
        options.onArrived(agent);
      }
      lookAgain();
    },
    distrust(isTrusted) {
      for (const entry of live().filter((each) => !isTrusted(each))) {
        entries.delete(keyOf(entry.agent, entry.instance));
        leave(entry);
      }
    },
    of: (agent) =>
      live()
        .filter((each) => each.agent === agent)
        .toSorted(byName),
    all: () => live().toSorted(byName),
    async stop() {
      stopped = true;
      cancelLook();
      await writing;
    },
  };
}

const keptSchema = z.object({ atSign: atSignSchema, lease: z.int(), facts: instanceFactsSchema });

/** Undefined for what another version wrote, or nobody of ours did. */
function keptEntry({ agent, instance, announcement }: KeptInstance): Omit<Entry, "until"> | undefined {
  try {
    const kept = keptSchema.parse(JSON.parse(announcement));
    return { ...kept, agent, instance, health: "ok", open: true, sequence: 0 };
  } catch {
    return undefined;
  }
}

/** Whether whoever waited for an instance may find a place now. */
function isMore(now: InstanceFacts, before: InstanceFacts): boolean {
  return canonicalJson(now) !== canonicalJson(before);
}

function keyOf(agent: AgentId, instance: string): string {
  return `${agent}/${instance}`;
}

function byName(a: LiveInstance, b: LiveInstance): number {
  return keyOf(a.agent, a.instance) < keyOf(b.agent, b.instance) ? -1 : 1;
}
