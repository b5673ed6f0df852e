import { generateKeyPairSync } from "node:crypto";
import type { TrustView } from "../../src/define-agent.ts";
import type { OutgoingEnvelope, ReceivedEnvelope } from "../../src/link-types.ts";
import { createOutboxRelay, fixedRoute, type OutboxRelay } from "../../src/link/outbox.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { ApprovalsOptions } from "../../src/approvals.ts";
import type { AgentLink, Clock, Logger, Store } from "../../src/ports.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { people, policy } from "../fakes/trust-world.ts";
import { answer } from "./engine-workflow.ts";

/** What the engine sees of the agents. */
export interface EngineAgents {
  readonly relay: OutboxRelay;
  readonly trust: TrustView;
  /** With the bot's evidence key. */
  readonly sign: ApprovalsOptions["sign"];
  acknowledge(message: ReceivedEnvelope): Promise<void>;
  begin(receive: (message: ReceivedEnvelope) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/**
 * The agents without their network: the outbox as in production, and a link that does the work in this process and
 * hands the result back as a message that came in. What it leaves out is sealing, atServers and the agents' books.
 */
export function createExecutor(o: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when a step's work begins. */
  readonly started: (envelope: OutgoingEnvelope) => void;
}): EngineAgents {
  let receive = (_message: ReceivedEnvelope): Promise<void> => Promise.resolve();
  const { privateKey } = generateKeyPairSync("ed25519");
  const execute = async (envelope: OutgoingEnvelope): Promise<void> => {
    o.started(envelope);
    const { to, subject, expiresAt } = envelope;
    const role = to.atSign.slice(1);
    await receive({
      from: { ...to, role },
      kind: "result",
      subject,
      sequence: null,
      fencing: envelope.fencing ?? 1,
      messageId: "",
      hash: "",
      body: { output: answer(subject, envelope.body, role) },
      expiresAt,
    });
  };
  const send = async (envelope: OutgoingEnvelope): Promise<void> => {
    execute(envelope).catch((error: unknown) => o.log.error({ error: String(error) }, "not-applied"));
    await Promise.resolve();
  };
  const link: Pick<AgentLink, "seal" | "send" | "ended"> = {
    seal: (envelope) => ({ journal: [], send: () => send(envelope) }),
    send,
    ended: () => undefined,
  };
  const relay = createOutboxRelay({
    store: o.store,
    route: fixedRoute((row) => ({ atSign: `@${row.to}`, instance: "main" })),
    link,
    clock: o.clock,
    timers: systemTimers,
    log: o.log,
  });
  return {
    relay,
    // Whose signature it is, is the business of the agents' network; the evidence of the decision is signed here.
    trust: {
      serial: 1,
      demo: true,
      policy,
      person: (id) => people.find((each) => each.id === id),
      verify: ({ signature }, role) => signature === role,
    },
    sign: (statement) => signAs(statement, { atSign: "@cs-bot", instance: "main" }, privateKey),
    acknowledge: () => Promise.resolve(),
    async begin(inbox) {
      receive = inbox;
    },
    close: () => relay.stop(),
  };
}
