import { type App, type Receiver, UnknownError } from "@slack/bolt";
import { toErrorInfo, traceOf } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import type { SlackEnvelope } from "./socket.ts";
import type { SocketPool } from "./socket-pool.ts";

/**
 * Hands payloads from our own sockets to bolt. Bolt acknowledges events before anything is done with them, so events
 * are given an acknowledgement that does nothing, and the real one follows when all listeners are done: what failed is
 * not acknowledged, and Slack sends it again. Everything else is acknowledged by its listener, after its commit.
 */
export function createReceiver(o: { readonly log: Logger; readonly pool: () => SocketPool }): Receiver & {
  handle(envelope: SlackEnvelope): Promise<void>;
} {
  let app: App | undefined;
  return {
    init(bolt) {
      app = bolt;
    },
    start() {
      o.pool().start();
      return Promise.resolve();
    },
    stop: () => o.pool().stop(),
    async handle({ type, body, ack, retryNum, retryReason }) {
      const isEvent = type === "events_api";
      try {
        await app?.processEvent({
          body,
          ack: isEvent ? () => Promise.resolve() : ack,
          ...(retryNum === undefined ? {} : { retryNum }),
          ...(retryReason === undefined ? {} : { retryReason }),
        });
        if (isEvent) {
          await ack();
        }
      } catch (thrown) {
        // Also an acknowledgement on a closed connection: Slack sends the event again, or the person clicks again.
        const error = thrown instanceof UnknownError ? thrown.original : thrown;
        const { code } = toErrorInfo(error);
        o.log.warn(
          { type, error: code, ...(code === "internal" ? { trace: traceOf(error) } : {}) },
          "slack-payload-failed",
        );
      }
    },
  };
}
