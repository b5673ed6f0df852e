import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import type { Timers } from "../../../src/link/timers.ts";
import type { Clock } from "../../../src/ports.ts";
import { Connection } from "./connection.ts";
import type { Fields } from "./model.ts";

/** https://docs.slack.dev/apis/events-api/using-socket-mode: "up to 10 open WebSocket connections at the same time". */
const maxConnections = 10;
/** What `hello` tells of the connection's life, in seconds; Slack then asks for a refresh. */
const connectionSeconds = 18_060;
/** The address is for one connection, soon; Slack names no figure. */
const ticketMs = 60_000;

/** The connections of the one app, and which of them gets the next payload. */
export class SocketMode {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #appId: string;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Map<string, number>();
  readonly #onAck: (connection: Connection, frame: Fields) => void;
  #connections: readonly Connection[] = [];
  #counter = 0;
  #turn = 0;

  constructor(o: {
    clock: Clock;
    timers: Timers;
    appId: string;
    onAck(connection: Connection, frame: Fields): void;
  }) {
    this.#clock = o.clock;
    this.#timers = o.timers;
    this.#appId = o.appId;
    this.#onAck = (connection, frame) => o.onAck(connection, frame);
  }

  /** Those that Slack counts, ghosts included, the oldest first. */
  get connections(): readonly Connection[] {
    return this.#connections;
  }

  /** A ticket for one connection. */
  ticket(): string {
    const ticket = randomBytes(16).toString("hex");
    this.#tickets.set(ticket, this.#clock.now());
    return ticket;
  }

  /** Ghosts without any client: as left behind by a host that vanished. */
  haunt(count: number): readonly Connection[] {
    return Array.from({ length: count }, () => this.#enter(undefined));
  }

  /** The connection for the next payload: any one of them, ghosts too. Here: in turn. */
  next(): Connection | undefined {
    this.#turn += 1;
    return this.#connections[this.#turn % Math.max(1, this.#connections.length)];
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = new URL(request.url ?? "/", "ws://127.0.0.1");
    const ticket = address.searchParams.get("ticket") ?? "";
    const issued = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (address.pathname !== "/link/" || issued === undefined || this.#clock.now() - issued > ticketMs) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => {
      if (this.#connections.length >= maxConnections) {
        client.send(
          JSON.stringify({
            type: "disconnect",
            reason: "too_many_websockets",
            debug_info: { host: "applink-1" },
          }),
        );
        client.close(1000);
        return;
      }
      const connection = this.#enter(client);
      connection.send({
        type: "hello",
        num_connections: this.#connections.length,
        debug_info: {
          host: connection.host,
          build_number: 1,
          approximate_connection_time: connectionSeconds,
        },
        connection_info: { app_id: this.#appId },
      });
      this.#timers.after((connectionSeconds - 10) * 1000, () => {
        if (this.#connections.includes(connection)) {
          connection.disconnect("warning");
        }
      });
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    this.#server.close();
  }

  #enter(socket: WebSocket | undefined): Connection {
    this.#counter += 1;
    const connection: Connection = new Connection({
      id: `connection-${this.#counter}`,
      host: `applink-${this.#counter}`,
      socket,
      timers: this.#timers,
      onAck: (frame) => this.#onAck(connection, frame),
      onGone: (gone) => {
        this.#connections = this.#connections.filter((each) => each !== gone);
      },
    });
    this.#connections = [...this.#connections, connection];
    return connection;
  }
}
