import type { AgentAddress, AgentId, PersonId } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { AgentLimit } from "../instance-types.ts";
import type { MessageSubject, ReceivedEnvelope } from "../link-types.ts";
import type { AgentLink, ReadyMessage } from "../link-port.ts";
import type { Clock, Logger, Store } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { createDispatcher, isTrusted, type Dispatcher } from "./dispatcher.ts";
import { createOutboxRelay, type OutboxRelay } from "./outbox.ts";
import { createPresence, type LiveInstance, type Presence } from "./presence.ts";
import type { Timers } from "./timers.ts";

export interface AgentCallsOptions {
  readonly store: Pick<Store, "instances" | "claimOutbox" | "postponeOutbox" | "closeOutbox">;
  readonly link: Pick<AgentLink, "seal" | "send" | "ended">;
  readonly trust: Pick<TrustStore, "instanceKeys" | "agent" | "onChange">;
  /** Where instances may be that are given work; undefined: anywhere. */
  readonly regions?: readonly string[] | undefined;
  /** What the company allows agents, and each person's share where there is not room for all (default 1). */
  readonly limits?: Readonly<Record<AgentId, AgentLimit>> | undefined;
  readonly shareOf?: ((person: PersonId) => number) | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** No instance is there for a request, or one is again. */
  readonly onWaiting: (subject: MessageSubject, waits: boolean) => Promise<void>;
}
/** The bot's way to its agents: who is there, who is given what, and the messages until they are answered. */
export interface AgentCalls {
  /** Learns who was there; messages are sent from `begin` on. */
  start(): Promise<void>;
  begin(): void;
  /** See `OutboxRelay.prepare`. */
  prepare(row: OutboxRow): ReadyMessage;
  /** Looks for messages that are due. */
  kick(): void;
  /** These messages were closed by a commit. */
  closed(ids: readonly string[]): void;
  /** Takes an announcement. */
  announced(message: ReceivedEnvelope): void;
  /** Looks for messages that are due. */
  kick(): void;
  instances(): readonly LiveInstance[];
  /** See `Dispatcher.address`. */
  address(agent: AgentId): AgentAddress;
  /** Resolves when what is being sent has been sent. */
  stop(): Promise<void>;
}

export function createAgentCalls(options: AgentCallsOptions): AgentCalls {
  const { store, link, trust, clock, timers, log } = options;
  const inBackground = (task: Promise<void>, failure: string): void => {
    task.catch((error: unknown) => log.warn({ code: toErrorInfo(error).code }, failure));
  };
  const presence: Presence = createPresence({
    store: store.instances,
    clock,
    timers,
    log,
    onArrived: (agent) => dispatcher.arrived(agent),
    onGone: (agent, instance) => inBackground(dispatcher.gone(agent, instance), "instance-not-released"),
  });
  const dispatcher: Dispatcher = createDispatcher({
    presence,
    store: store.instances,
    trust,
    regions: options.regions,
    limits: options.limits,
    clock,
    timers,
    log,
    onRoom: (agent, places) => relay.wake(agent, places),
    onDue: () => relay.kick(),
    onWaiting: (subject, waits) => inBackground(options.onWaiting(subject, waits), "waiting-not-shown"),
  });
  const relay: OutboxRelay = createOutboxRelay({
    store,
    link,
    clock,
    timers,
    log,
    route: dispatcher.route,
    ...(options.shareOf === undefined ? {} : { shareOf: options.shareOf }),
    onExpired: ({ id }) => dispatcher.closed([id]),
  });
  trust.onChange(() => presence.distrust((each) => isTrusted(trust, each)));
  return {
    async start() {
      await presence.start();
      await dispatcher.start();
    },
    begin: () => relay.start(),
    prepare: (row) => relay.prepare(row),
    kick: () => relay.kick(),
    closed(ids) {
      relay.forget(ids);
      dispatcher.closed(ids);
    },
    announced: (message) => presence.receive(message),
    instances: () => presence.all(),
    address: (agent) => dispatcher.address(agent),
    async stop() {
      dispatcher.stop();
      await presence.stop();
      await relay.stop();
    },
  };
}
