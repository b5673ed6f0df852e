import type { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import { backOff } from "./back-off.ts";
import type { Connector } from "./connector.ts";

const replyTimeoutMs = 10_000;
const heartbeatMs = 30_000;

/**
 * The command connection of a client. A lost connection is opened again for the next command; a command cut off by the
 * loss is sent again, which is harmless because every command the SDK sends may be repeated.
 */
export class Session {
  readonly #connector: Connector;
  readonly #clock: () => number;
  readonly #closing = new AbortController();
  #connection: AtConnection | undefined;
  #opening: Promise<AtConnection> | undefined;

  constructor(connector: Connector, clock: () => number) {
    this.#connector = connector;
    this.#clock = clock;
  }

  /** Aborts when the session is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Opens the connection now; throws what the connector throws. */
  async connect(): Promise<void> {
    await this.#live();
  }

  /** Sends a command and waits for its reply, over as many connections as it takes until `deadlineMs` have passed. */
  async request(line: string, deadlineMs = 30_000): Promise<string> {
    const deadline = this.#clock() + deadlineMs;
    for (let attempt = 0; ; attempt++) {
      try {
        const connection = await this.#live();
        return await connection.request(line, replyTimeoutMs);
      } catch (error) {
        if (this.signal.aborted) throw new AtError("closed", "The client was closed.");
        if (!isConnectionLoss(error) || this.#clock() >= deadline) throw error;
      }
      await backOff(attempt, this.signal);
    }
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.close();
  }

  async #live(): Promise<AtConnection> {
    if (this.signal.aborted) throw new AtError("closed", "The client was closed.");
    if (this.#connection && !this.#connection.isClosed) return this.#connection;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<AtConnection> {
    const connection = await this.#connector.open(this.signal);
    const heartbeat = setInterval(() => void beat(connection), heartbeatMs);
    heartbeat.unref();
    connection.onClose = () => clearInterval(heartbeat);
    this.#connection = connection;
    return connection;
  }
}

/** True when the connection, and not the command, is what failed. */
export function isConnectionLoss(error: unknown): boolean {
  return (
    error instanceof AtError &&
    ["closed", "connect-failed", "timeout", "AT0012", "AT0024"].includes(error.code)
  );
}

/** A heartbeat that is not answered closes the connection, and the next command opens another. */
async function beat(connection: AtConnection): Promise<void> {
  await connection.request("noop:0", replyTimeoutMs).catch(() => {});
}
