// The calling side of the agent call, in a process of its own: node call-driver.ts durable|memory
import { z } from "zod";
import type { ReceivedEnvelope } from "../../src/link-types.ts";
import { echoAgent, openParticipant } from "./call-agent.ts";
import { times } from "./figure.ts";
import { mark } from "./trace-calls.ts";

/** The usual size of a step's input and output. */
export const bodyBytes = 1_500;
const lifetimeMs = 60_000;
const askSchema = z.object({ calls: z.number(), from: z.number() });

if (import.meta.main) {
  const durable = process.argv[2] === "durable";
  const bot = await openParticipant("bot", { durable });
  const { link, trust } = bot.identity;
  const input = { text: "x".repeat(bodyBytes) };
  const waiting = new Map<number, () => void>();
  await link.start(async ({ subject, from }: ReceivedEnvelope) => {
    mark("ended");
    waiting.get(subject.attempt)?.();
    if (durable) {
      await link.send({ to: from, kind: "ack", subject, body: null, expiresAt: Date.now() + lifetimeMs });
    }
  });
  const call = async (attempt: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    mark("began");
    waiting.set(attempt, resolve);
    await link.send({
      to: trust.agent(echoAgent.id),
      kind: "request",
      subject: { run: "bench", revision: 1, step: "echo", attempt },
      body: { skill: "echo", input },
      expiresAt: Date.now() + lifetimeMs,
    });
    await promise;
    waiting.delete(attempt);
  };
  process.on("message", (message) => {
    const asked = askSchema.safeParse(message);
    if (asked.success) {
      const { calls, from } = asked.data;
      void times(calls, (index) => call(from + index)).then((seen) => process.send?.({ times: seen }));
    }
  });
  process.send?.({ ready: true });
  process.on("disconnect", () => process.exit());
}
