import type { AgentAddress, AgentId } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { AgentLimit, Assignment, Bounded, HeldBack, InstanceStore } from "../instance-types.ts";
import type { MessageSubject } from "../link-types.ts";
import type { Clock, Logger } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { chooseInstance } from "./choose-instance.ts";
import { GivenSteps } from "./given-steps.ts";
import { InFlight } from "./in-flight.ts";
import type { OutboxRoute, Routed } from "./outbox.ts";
import type { LiveInstance, Presence } from "./presence.ts";
import type { Timers } from "./timers.ts";
import { urgencyOf } from "./urgency.ts";

/** Gives each request to one instance of its agent. */
export interface Dispatcher {
  readonly route: OutboxRoute;
  /** Learns who was given what before this process, and looks again now and then. */
  start(): Promise<void>;
  /** These messages are closed: their instances have room again. */
  closed(ids: readonly string[]): void;
  /** There is an instance that was not there, or that takes more. */
  arrived(agent: AgentId): void;
  /** What an instance had is given to others. */
  gone(agent: AgentId, instance: string): Promise<void>;
  /** Where to reach any instance of an agent; one that holds a grant, when nobody was heard of. */
  address(agent: AgentId): AgentAddress;
  stop(): void;
}
export interface DispatcherOptions {
  readonly presence: Pick<Presence, "of">;
  readonly store: Pick<InstanceStore, "assign" | "assignWithin" | "assignment" | "assigned" | "release">;
  readonly trust: Pick<TrustStore, "instanceKeys" | "agent">;
  /** Where instances may be that are given work; undefined: anywhere. */
  readonly regions?: readonly string[] | undefined;
  /** What the company allows agents; default: as much as their instances take. */
  readonly limits?: Readonly<Record<AgentId, AgentLimit>> | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** So many messages for an agent can be sent now. */
  readonly onRoom: (agent: AgentId, places: number) => void;
  /** Messages are due that were not. */
  readonly onDue: () => void;
  /** A request has waited a while, or waits no more, because no instance of its agent is there. */
  readonly onWaiting: (subject: MessageSubject, waits: boolean) => void;
}

/** An instance that restarts is back by then: not worth a word. */
const patienceMs = 5_000;
/** Of more than these it is not said one by one that they wait. */
const maxWaiting = 2_000;
/** Other bots close messages too. */
const recountMs = 10_000;
/** Nor does this one hear of what others close: an agent at its limit is looked at again so often. */
const fullMs = 1_000;

/**
 * Chooses by what instances say of themselves and by what they have in hand. Whoever has a step keeps it for as long
 * as it is there; given to another, the step's token rises, and with it the books refuse whoever had it before.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { presence, store, trust, clock, timers, log } = options;
  const inFlight = new InFlight();
  const given = new GivenSteps();
  /** Agents at their limit are looked at again then. */
  const limitTimers = new Map<AgentId, () => void>();
  /** Requests nobody is there for; `told` once that has been said. */
  const waiting = new Map<string, { readonly row: OutboxRow; told: boolean; readonly cancel: () => void }>();
  let cancelRecount = (): void => undefined;
  let stopped = false;

  const present = (agent: AgentId): readonly LiveInstance[] =>
    presence.of(agent).filter((each) => isTrusted(trust, each));
  const choose = (row: OutboxRow): LiveInstance | "full" | "nobody" =>
    chooseInstance(row, present(row.to), {
      regions: options.regions,
      requests: ({ agent, instance }) => inFlight.count(agent, instance),
    });
  const limitOf = ({ kind, to }: OutboxRow): AgentLimit | undefined =>
    kind === "request" ? options.limits?.[to] : undefined;
  /** What people wait for is counted, but held back by the instances' own capacity alone; so is what had its place. */
  const boundOf = (row: OutboxRow): Bounded | undefined => {
    const limit = limitOf(row);
    return limit && { limit, now: clock.now(), held: urgencyOf(row) > 0 && row.instance === undefined };
  };
  const lookAgain = (agent: AgentId, { waitMs }: HeldBack): void => {
    if (!limitTimers.has(agent)) {
      const cancel = timers.after(waitMs === "full" ? fullMs : waitMs, () => {
        limitTimers.delete(agent);
        options.onRoom(agent, options.limits?.[agent]?.inFlight ?? 1);
      });
      limitTimers.set(agent, cancel);
    }
  };
  const reserve = (row: OutboxRow, instance: string): void => {
    if (row.kind === "request") {
      inFlight.add({ id: row.id, agent: row.to, instance }, clock.now());
    }
  };
  const take = (row: OutboxRow, assignment: Assignment): void => {
    reserve(row, assignment.instance);
    given.keep(row.subject, assignment);
    attended(row.id);
  };
  const routed = ({ atSign, instance }: AgentAddress, fencing: number): Routed => ({
    to: { atSign, instance },
    fencing,
    chosen: true,
  });

  const unattended = (row: OutboxRow): void => {
    if (row.kind !== "request" || waiting.has(row.id) || waiting.size >= maxWaiting) {
      return;
    }
    const cancel = timers.after(patienceMs, () => {
      const entry = waiting.get(row.id);
      if (entry !== undefined) {
        entry.told = true;
        options.onWaiting(row.subject, true);
      }
    });
    waiting.set(row.id, { row, told: false, cancel });
  };
  const attended = (id: string): void => {
    const entry = waiting.get(id);
    waiting.delete(id);
    entry?.cancel();
    if (entry?.told === true) {
      options.onWaiting(entry.row.subject, false);
    }
  };

  /** Who has the step, when it is still there: a step does not change hands without need. */
  const keeper = (row: OutboxRow, held: Assignment | undefined): LiveInstance | undefined =>
    held && present(row.to).find(({ instance }) => instance === held.instance);

  const next = async (row: OutboxRow): Promise<Routed | "later" | "closed"> => {
    const { instance, fencing: token } = row;
    const own = instance === undefined || token === undefined ? undefined : { instance, token };
    // Nearly every message is answered before it is sent again: only then it may have been given away meanwhile.
    const last = row.tries > 1 || row.kind === "cancel" ? await store.assignment(row.subject) : undefined;
    const isStale = own !== undefined && last !== undefined && last.token > own.token;
    const kept = isStale ? undefined : keeper(row, own);
    if (kept !== undefined && own !== undefined) {
      take(row, own);
      return routed(kept, own.token);
    }
    inFlight.delete([row.id]);
    // What is to be cancelled must be told to whoever does it.
    const doing = row.kind === "cancel" ? keeper(row, last) : undefined;
    const chosen = doing ?? choose(row);
    if (typeof chosen === "string") {
      if (chosen === "nobody") {
        unattended(row);
      }
      return "later";
    }
    // Before it is written, so that no other is given the same place meanwhile.
    reserve(row, chosen.instance);
    const bounded = boundOf(row);
    const assigned =
      bounded === undefined
        ? await store.assign(row, chosen.instance)
        : await store.assignWithin(bounded, row, chosen.instance);
    if (assigned === undefined || "waitMs" in assigned) {
      inFlight.delete([row.id]);
      if (assigned === undefined) {
        // By another bot: this one was not told.
        attended(row.id);
        return "closed";
      }
      lookAgain(row.to, assigned);
      return "later";
    }
    take(row, assigned);
    return routed(chosen, assigned.token);
  };

  const recount = async (): Promise<void> => {
    try {
      inFlight.replace(await store.assigned(), clock.now() - recountMs);
    } catch (error) {
      log.warn({ code: toErrorInfo(error).code }, "requests-not-counted");
    }
    if (!stopped) {
      cancelRecount = timers.after(recountMs, () => void recount());
    }
  };

  return {
    route: {
      first(row) {
        // Against a limit all bots count together: in the record, once the row is there.
        const chosen = row.kind === "request" && limitOf(row) === undefined ? choose(row) : "full";
        if (typeof chosen === "string") {
          return undefined;
        }
        const { instance } = chosen;
        // Of a first try it is sure that nobody had the step before; some rows say so themselves.
        const token = row.subject.attempt === 1 ? 1 : (given.token(row.subject, instance) ?? row.fencing);
        if (token === undefined) {
          return undefined;
        }
        take(row, { instance, token });
        return routed(chosen, token);
      },
      next,
    },
    start: recount,
    closed(ids) {
      ids.forEach((id) => {
        waiting.get(id)?.cancel();
        waiting.delete(id);
      });
      for (const [agent, places] of inFlight.delete(ids)) {
        options.onRoom(agent, places);
      }
    },
    arrived(agent) {
      const places = present(agent).reduce((sum, each) => sum + each.facts.capacity, 0);
      options.onRoom(agent, places);
    },
    async gone(agent, instance) {
      await store.release(agent, instance, clock.now());
      options.onDue();
    },
    address(agent) {
      const [found] = present(agent);
      return found === undefined ? trust.agent(agent) : { atSign: found.atSign, instance: found.instance };
    },
    stop() {
      stopped = true;
      cancelRecount();
      limitTimers.forEach((cancel) => cancel());
      waiting.forEach(({ cancel }) => cancel());
    },
  };
}

/** Whether an instance's grant is in force. */
export function isTrusted(
  trust: Pick<TrustStore, "instanceKeys">,
  { atSign, instance }: LiveInstance,
): boolean {
  try {
    trust.instanceKeys(atSign, instance);
    return true;
  } catch {
    return false;
  }
}
