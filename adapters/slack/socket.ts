import { SocketModeClient } from "@slack/socket-mode";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import { slackError } from "./slack-errors.ts";
import { quietLogger } from "./slack-log.ts";
import { socketTimes } from "./socket-times.ts";
import type { After } from "./web.ts";

/** One payload from Slack. An acknowledgement is a promise that it will not be needed again. */
export interface SlackEnvelope {
  readonly type: string;
  readonly body: Record<string, unknown>;
  readonly retryNum: number | undefined;
  readonly retryReason: string | undefined;
  readonly ack: (response?: unknown) => Promise<void>;
}
export interface SocketListener {
  envelope(envelope: SlackEnvelope): void;
  /** Slack will close this connection soon, by itself, and asks for another; until then it works. */
  leaving(reason: string): void;
  closed(): void;
}
export interface SlackSocket {
  /**
   * Resolves when it is closed, at the latest after a few seconds. From the call on nothing can be acknowledged: no data
   * may follow a close frame (RFC 6455, 5.5.1).
   */
  close(): Promise<void>;
}
/** Opens one connection; resolves at Slack's hello with how many the app then has, those of other processes included. */
export type OpenSocket = (
  listener: SocketListener,
) => Promise<{ readonly socket: SlackSocket; readonly connections: number }>;

const { callMs, helloMs } = socketTimes.open;

const frame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), num_connections: z.int().min(1).catch(1) }),
  z.object({ type: z.literal("disconnect"), reason: z.string().max(100).catch("") }),
]);
const slackEvent = z.object({
  type: z.string(),
  body: z.record(z.string(), z.unknown()),
  retry_num: z.number().optional().catch(undefined),
  retry_reason: z.string().optional().catch(undefined),
});

/**
 * Sockets on Slack's own client. Reconnecting is not the client's: it would close at a disconnect frame before there
 * is another connection, and give up for good at the first network error.
 */
export function socketOpener(o: {
  readonly appToken: string;
  readonly apiUrl: string | undefined;
  readonly after: After;
  readonly log: Logger;
}): OpenSocket {
  return async (listener) => {
    const client = new SocketModeClient({
      appToken: o.appToken,
      autoReconnectEnabled: false,
      clientPingTimeout: socketTimes.pings.oursMs,
      serverPingTimeout: socketTimes.pings.slacksMs,
      logger: quietLogger(o.log, "socket"),
      clientOptions: {
        ...(o.apiUrl === undefined ? {} : { slackApiUrl: o.apiUrl }),
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        allowAbsoluteUrls: false,
        timeout: callMs,
      },
    });
    let connections: number | undefined;
    let refusal: string | undefined;
    const read = client.listeners("ws_message");
    client.removeAllListeners("ws_message");
    client.on("ws_message", (data: unknown, isBinary: boolean) => {
      const known = frame.safeParse(parseJson(data));
      if (known.data?.type === "disconnect") {
        // Before the hello it is a refusal.
        if (connections === undefined) {
          refusal = known.data.reason;
          void client.disconnect();
        } else {
          listener.leaving(known.data.reason);
        }
        return;
      }
      connections = known.data?.num_connections ?? connections;
      for (const each of read) {
        // The library's reader is a promise that nobody awaits: what it cannot read must not end this process.
        Promise.resolve((each as Reader).call(client, data, isBinary)).catch(() => {
          o.log.warn({}, "slack-frame-unreadable");
        });
      }
    });
    client.on("slack_event", (args: { readonly ack: SlackEnvelope["ack"] }) => {
      const parsed = slackEvent.safeParse(args);
      if (parsed.success) {
        const { type, body, retry_num: retryNum, retry_reason: retryReason } = parsed.data;
        listener.envelope({ type, body, retryNum, retryReason, ack: (response) => args.ack(response) });
      }
    });
    const hello = Promise.withResolvers<never>();
    const cancel = o.after(helloMs, () => {
      hello.reject(
        new AppError("slack-unavailable", `no hello from Slack within ${helloMs} ms`, { retryable: true }),
      );
      void client.disconnect();
    });
    try {
      await Promise.race([client.start(), hello.promise]);
    } catch (cause) {
      throw refusal === undefined && cause !== undefined
        ? slackError("apps.connections.open", cause)
        : new AppError(
            refusalCodes.get(refusal ?? "") ?? "slack-unavailable",
            "Slack closed a new connection",
            {
              retryable: true,
            },
          );
    } finally {
      cancel();
    }
    client.once("disconnected", () => listener.closed());
    return { socket: { close: () => close(client, o.after) }, connections: connections ?? 1 };
  };
}

type Reader = (data: unknown, isBinary: boolean) => unknown;

const refusalCodes = new Map([
  ["too_many_websockets", "slack-too-many-sockets"],
  ["link_disabled", "slack-socket-mode-off"],
]);

async function close(client: SocketModeClient, after: After): Promise<void> {
  // Asked twice, the client does not wait any longer for the other side's farewell.
  const cancel = after(socketTimes.end.closeMs, () => void client.disconnect());
  try {
    await client.disconnect();
  } finally {
    cancel();
  }
}
function parseJson(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}
