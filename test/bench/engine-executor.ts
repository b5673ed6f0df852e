import type { OutgoingEnvelope, ReceivedEnvelope } from "../../src/link-types.ts";
import { createOutboxRelay, fixedRoute } from "../../src/link/outbox.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { AgentLink, Clock, Logger, Store } from "../../src/ports.ts";
import { answer } from "./engine-workflow.ts";

/**
 * The agents without their network: the outbox as in production, and a link that does the work in this process and
 * hands the result back as a message that came in. What it leaves out is sealing, atServers and the agents' books.
 */
export function createExecutor(o: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly receive: (message: ReceivedEnvelope) => Promise<void>;
  /** Called when a step's work begins. */
  readonly started: (envelope: OutgoingEnvelope) => void;
}) {
  const execute = async (envelope: OutgoingEnvelope): Promise<void> => {
    o.started(envelope);
    const { to, subject, expiresAt } = envelope;
    const role = to.atSign.slice(1);
    await o.receive({
      from: { ...to, role },
      kind: "result",
      subject,
      sequence: null,
      fencing: envelope.fencing ?? 1,
      messageId: "",
      hash: "",
      body: { output: answer(envelope, role) },
      expiresAt,
    });
  };
  const send = async (envelope: OutgoingEnvelope): Promise<void> => {
    execute(envelope).catch((error: unknown) => o.log.error({ error: String(error) }, "not-applied"));
    await Promise.resolve();
  };
  const link: Pick<AgentLink, "seal" | "send"> = {
    seal: (envelope) => ({ journal: [], send: () => send(envelope) }),
    send,
  };
  return createOutboxRelay({
    store: o.store,
    route: fixedRoute((row) => ({ atSign: `@${row.to}`, instance: "main" })),
    link,
    clock: o.clock,
    timers: systemTimers,
    log: o.log,
  });
}
