import { createOutboxRelay, fixedRoute } from "../../src/link/outbox.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { Clock, Logger, Store } from "../../src/ports.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { openIdentityOf } from "./call-agent.ts";
import type { EngineAgents } from "./engine-executor.ts";

const ackLifetimeMs = 60_000;

/**
 * The agents over their network: sealed envelopes through atServers to hosts in another process, signatures made and
 * verified. What it leaves out is choosing among instances: each agent has one.
 */
export async function openPath(o: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<EngineAgents> {
  const { store, clock, log } = o;
  const identity = await openIdentityOf("bot", store, (entries) => store.appendJournal(entries));
  const { link, trust, keys } = identity;
  const relay = createOutboxRelay({
    store,
    route: fixedRoute((row) => trust.agent(row.to)),
    link,
    clock,
    timers: systemTimers,
    log,
  });
  return {
    relay,
    trust,
    sign: (statement) => signAs(statement, keys, keys.ed25519),
    acknowledge: ({ from, subject }) =>
      link.send({ to: from, kind: "ack", subject, body: null, expiresAt: clock.now() + ackLifetimeMs }),
    begin: (receive) => link.start(receive),
    async close() {
      await relay.stop();
      await link.stop();
      await identity.close();
    },
  };
}
