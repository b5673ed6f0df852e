import type { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import { backOff } from "./back-off.ts";
import { heartbeatCommand, infoCommand } from "./codec/commands.ts";
import { readInfo, type ServerInfo } from "./codec/replies.ts";
import type { Connector } from "./connector.ts";

const replyTimeoutMs = 10_000;
const heartbeatMs = 30_000;
const unknownServer: ServerInfo = { version: undefined, features: new Set() };

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
  #info: { readonly connection: AtConnection; readonly info: Promise<ServerInfo> } | undefined;

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
  request(line: string, deadlineMs?: number): Promise<string> {
    return this.#insist((connection) => connection.request(line, replyTimeoutMs), deadlineMs);
  }

  async #insist<T>(work: (connection: AtConnection) => Promise<T>, deadlineMs = 30_000): Promise<T> {
    const deadline = this.#clock() + deadlineMs;
    for (let attempt = 0; ; attempt++) {
      try {
        const open = this.#connection?.isClosed === false ? this.#connection : undefined;
        return await work(open ?? (await this.#live()));
      } catch (error) {
        if (this.signal.aborted) throw new AtError("closed", "The client was closed.");
        if (!isConnectionLoss(error) || this.#clock() >= deadline) throw error;
      }
      await backOff(attempt, this.signal);
    }
  }

  /** What the atServer says of itself, asked once per connection: it may be another version after a restart. */
  info(): Promise<ServerInfo> {
    return this.#insist((connection) => {
      if (this.#info?.connection !== connection) {
        const info = connection.request(infoCommand, replyTimeoutMs).then(readInfo).catch(notSaid);
        this.#info = { connection, info };
      }
      return this.#info.info;
    });
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
    connection.onClose = (error) => {
      clearInterval(heartbeat);
      this.#connector.ended(error);
    };
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

/** A server without `info`, or with an answer of another form, has none of the features asked about. */
function notSaid(error: unknown): ServerInfo {
  if (isConnectionLoss(error)) throw error;
  return unknownServer;
}

/** A heartbeat that is not answered closes the connection, and the next command opens another. */
async function beat(connection: AtConnection): Promise<void> {
  await connection.request(heartbeatCommand, replyTimeoutMs).catch(() => {});
}
