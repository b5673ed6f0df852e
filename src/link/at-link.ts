import { randomBytes } from "node:crypto";
import { isLasting } from "../clock-ahead.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import type { OutgoingEnvelope, ReceivedEnvelope } from "../link-types.ts";
import type { AgentLink, SealedMessage } from "../link-port.ts";
import type { Clock, Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import type { InstanceKeys, TrustStore } from "../trust/trust-store.ts";
import type { AtMessage, AtTransport } from "./at-transport.ts";
import { open, seal, type SealedEnvelope } from "./envelope.ts";
import { isSignedKind } from "./envelope-header.ts";
import { envelopeEntry } from "./message-journal.ts";
import { notificationFilter, receiveParcel, sendParcel } from "./parcel.ts";
import { ReadySendings } from "./ready-sendings.ts";
import { type ResumeMemory, ResumePoint } from "./resume-point.ts";
import { Slots } from "./slots.ts";
import { StoredParcels } from "./stored-parcels.ts";
import type { Timers } from "./timers.ts";
import { Unsent } from "./unsent.ts";

export interface AtLinkOptions {
  readonly transport: AtTransport;
  readonly keys: InstanceKeyPairs;
  readonly trust: TrustStore;
  readonly memory: ResumeMemory;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Writes down what `send` sends, before it is sent. */
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  /**
   * Told of every message refused, by code; a refusal never reaches the inbox. Anybody can cause any number of them.
   */
  readonly onRefused: (refusal: { readonly from: string; readonly code: string }) => void;
  /** Told when receiving has ended for good, other than by `stop`: the process is deaf and should end. */
  readonly onFatal?: (error: AppError) => void;
  readonly random?: (bytes: number) => Buffer;
  /** Requests handled at a time; replies have as many places of their own. Default 16. */
  readonly concurrency?: number;
  /** How often trust is looked at, milliseconds. */
  readonly lookForTrustMs?: number;
}

const maxPending = 1_000;
/** Renewals and revocations are seen within this time, new grants as soon as a message needs them. */
const lookForTrustMs = 1_500;
const reloadAtMostEveryMs = 1_000;
/** How long atServers keep one sending: what is still unanswered was sent again long before. */
const maxTtlMs = 3_600_000;

/** Sealed envelopes over one atSign's atProtocol client. Its connection lives as long as the transport. */
export function createAtLink(options: AtLinkOptions): AgentLink {
  const { transport, keys, trust, clock, log } = options;
  const random = options.random ?? randomBytes;
  const concurrency = options.concurrency ?? 16;
  // Apart, because a request may be waiting for a reply (of the model gateway) that must get past it.
  const requestSlots = new Slots(concurrency);
  const replySlots = new Slots(concurrency);
  const resume = new ResumePoint({
    memory: options.memory,
    timers: options.timers,
    clock,
    onError: (error) => log.warn({ code: toErrorInfo(error).code }, "resume point not saved"),
  });
  const unsent = new Unsent();
  const ready = new ReadySendings(keys, random);
  const stopping = new AbortController();
  const pending = new Set<Promise<void>>();
  const stored = new StoredParcels(transport);
  let receiving: Promise<void> | undefined;
  let reloadedAt = Number.NEGATIVE_INFINITY;
  let cancelWatch = (): void => undefined;

  const sealMessage = (envelope: OutgoingEnvelope): SealedMessage => {
    const now = clock.now();
    if (envelope.expiresAt <= now) {
      throw new AppError("envelope-expired", "a message that has ended is not sent");
    }
    const from = trust.instanceKeys(keys.atSign, keys.instance);
    const peer = trust.instanceKeys(envelope.to.atSign, envelope.to.instance);
    const serials = [from.serials, peer.serials];
    const known = unsent.take(envelope, serials);
    const sealed = known ?? sealNow(envelope, { serials: from.serials, peer, now });
    const { to } = envelope;
    // Each message id has its own line: whoever applies it writes down the same hash.
    const isNew = known === undefined && isSignedKind(envelope.kind);
    return {
      journal: isNew ? [envelopeEntry("out", { ...envelope, ...sealed, peer: to.atSign })] : [],
      async send() {
        if (envelope.isRepeated === true) {
          transport.recheckPeer(to.atSign);
        }
        const ttlMs = Math.min(envelope.expiresAt - now, maxTtlMs);
        await sendParcel(transport, sealed, {
          from: keys,
          to,
          ttlMs,
          onStored: (key) => stored.add(key, envelope, now + ttlMs),
        }).catch((error: unknown) => {
          unsent.keep(envelope, serials, sealed);
          throw asLinkError(error);
        });
        await stored.deleteExpired(now);
      },
    };
  };

  const send = async (envelope: OutgoingEnvelope): Promise<void> => {
    const message = sealMessage(envelope);
    if (message.journal.length > 0) {
      await options.journal(message.journal);
    }
    await message.send();
  };

  const sealNow = (
    envelope: OutgoingEnvelope,
    o: { readonly serials: readonly [number, number]; readonly peer: InstanceKeys; readonly now: number },
  ): SealedEnvelope =>
    seal({
      from: { ...keys, serials: o.serials },
      to: o.peer,
      kind: envelope.kind,
      subject: envelope.subject,
      sequence: envelope.sequence ?? null,
      fencing: envelope.fencing ?? 1,
      trace: null,
      issuedAt: o.now,
      expiresAt: envelope.expiresAt,
      body: envelope.body,
      random,
      ready: ready.take(o.peer),
    });

  const refuse = (from: string, error: unknown): void => {
    options.onRefused({ from, code: codeOf(error) });
  };

  /** Looks for new grants, but not for every message of a stranger. */
  const reloadTrust = async (): Promise<void> => {
    if (!isLasting(reloadedAt + reloadAtMostEveryMs, reloadAtMostEveryMs, clock.now())) {
      reloadedAt = clock.now();
      await trust.reload();
    }
  };

  const watchTrust = (): void => {
    cancelWatch = options.timers.after(options.lookForTrustMs ?? lookForTrustMs, () => {
      void reloadTrust().catch((error: unknown) =>
        log.warn({ code: toErrorInfo(error).code }, "trust not reloaded"),
      );
      watchTrust();
    });
  };

  /** Before anything is fetched or decrypted: a stranger costs a look at the grants in memory. */
  const accept = (from: string): boolean | Promise<boolean> => trust.knows(from) || acceptNew(from);
  const acceptNew = async (from: string): Promise<boolean> => {
    try {
      await reloadTrust();
      if (trust.knows(from)) {
        return true;
      }
      throw new AppError("no-grant", `${from} holds no grant`);
    } catch (error) {
      refuse(from, error);
      return false;
    }
  };

  const openMessage = async (message: AtMessage): Promise<ReceivedEnvelope> => {
    const bytes = await receiveParcel(transport, message, keys);
    const attempt = (): ReceivedEnvelope =>
      open({
        bytes,
        from: message.from,
        me: keys,
        peer: (atSign, instance) => trust.instanceKeys(atSign, instance),
        now: clock.now(),
      });
    try {
      return attempt();
    } catch (error) {
      // The sender may use grants that were made after we last looked.
      const mayBeNew = error instanceof AppError && ["envelope-serials", "no-grant"].includes(error.code);
      if (mayBeNew) {
        await reloadTrust();
        return attempt();
      }
      throw error;
    }
  };

  /** Never throws, and calls `done` in the end. */
  const handle = async (
    message: AtMessage,
    inbox: (message: ReceivedEnvelope) => Promise<void>,
    done: (o: { readonly passing: boolean }) => void,
  ): Promise<void> => {
    let received: ReceivedEnvelope;
    try {
      received = await openMessage(message);
    } catch (error) {
      refuse(message.from, error);
      done({ passing: false });
      return;
    }
    const slots = received.kind === "request" ? requestSlots : replySlots;
    try {
      await slots.run(() => inbox(received));
    } catch (error) {
      const { kind, messageId } = received;
      log.warn({ from: message.from, kind, messageId, code: toErrorInfo(error).code }, "message not handled");
    }
    done({ passing: received.kind === "progress" });
  };

  const receive = async (inbox: (message: ReceivedEnvelope) => Promise<void>): Promise<void> => {
    const messages = transport.notifications({
      regex: notificationFilter(keys.instance),
      since: await resume.load(),
      signal: stopping.signal,
      accept,
      onDropped: ({ from, code }) => refuse(from, new AppError(code, "the transport could not decrypt it")),
    });
    for await (const message of messages) {
      const done = resume.arrived(message.epochMillis);
      const task = handle(message, inbox, done).finally(() => pending.delete(task));
      pending.add(task);
      if (pending.size >= maxPending) {
        await Promise.race(pending);
      }
    }
  };

  /** The transport renews its connection by itself; what ends it is not healed by waiting. */
  const deaf = (cause: unknown): void => {
    if (!stopping.signal.aborted) {
      const code = codeOf(cause);
      log.error({ code }, "receiving ended");
      options.onFatal?.(new AppError("receiving-ended", `nothing is received any more (${code})`, { cause }));
    }
  };

  return {
    seal: sealMessage,
    send,
    ended: (message) => void stored.ended(message),
    async start(inbox) {
      if (receiving !== undefined) {
        throw new AppError("already-started", "the link receives already");
      }
      receiving = receive(inbox).then(
        () => deaf(undefined),
        (error: unknown) => deaf(error),
      );
      watchTrust();
    },
    async stop() {
      stopping.abort();
      cancelWatch();
      await receiving;
      await Promise.all(pending);
      await resume.save();
    },
  };
}

/** The SDK's errors carry code and retryable like ours. */
function asLinkError(error: unknown): AppError {
  if (error instanceof AppError) {
    return error;
  }
  const { retryable } = error as { readonly retryable?: unknown };
  return new AppError("link-failed", `sending failed (${codeOf(error)})`, {
    retryable: retryable !== false,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown";
}
