import type { SecureContext } from "node:tls";
import type { AtServer, CallAs } from "../at-server.ts";
import { ServerError } from "../server-error.ts";
import { OutboundConnection, PeerRefusal } from "./outbound-connection.ts";
import { authenticateToPeer } from "./pol-handshake.ts";

/** How the servers of a sandbox reach those of other processes. */
export interface Network {
  /** Where an atSign's server is; undefined when the atDirectory does not know it. Throws when it cannot be asked. */
  find(atSign: string): Promise<{ readonly host: string; readonly port: number } | undefined>;
  readonly secureContext: SecureContext;
}

const connectMs = 5_000;
const answerMs = 10_000;
const idleMs = 600_000;
const maxConnections = 200;

interface Pooled {
  readonly connection: Promise<OutboundConnection>;
  idle: NodeJS.Timeout | undefined;
}

/** The connections of one atSign's server to other servers: at most two for each, ended after ten idle minutes. */
export class OutboundPool {
  readonly #server: AtServer;
  readonly #network: Network;
  readonly #pooled = new Map<string, Pooled>();
  #isClosed = false;

  constructor(server: AtServer, network: Network) {
    this.#server = server;
    this.#network = network;
  }

  get size(): number {
    return this.#pooled.size;
  }

  /**
   * Sends a command and resolves with the text after `data:`. A kept connection that turns out to have ended is
   * replaced once, so commands must bear repetition. Throws PeerRefusal, or ServerError AT0006, AT0007 (not in the
   * atDirectory), AT0008, AT0021 or AT0023.
   */
  async request(atSign: string, as: CallAs, command: string): Promise<string> {
    const name = `${as} ${atSign}`;
    const isKept = this.#pooled.has(name);
    try {
      return await this.#ask(name, atSign, as, command);
    } catch (error) {
      if (!isKept || this.#pooled.has(name) || error instanceof PeerRefusal) throw error;
      return this.#ask(name, atSign, as, command);
    }
  }

  async #ask(name: string, atSign: string, as: CallAs, command: string): Promise<string> {
    const pooled = this.#pooled.get(name) ?? this.#add(name, atSign, as);
    const connection = await pooled.connection;
    clearTimeout(pooled.idle);
    try {
      return await connection.request(command, { timeoutMs: answerMs });
    } finally {
      clearTimeout(pooled.idle);
      pooled.idle = setTimeout(() => {
        if (!connection.isBusy) connection.close();
      }, idleMs).unref();
    }
  }

  #add(name: string, atSign: string, as: CallAs): Pooled {
    if (this.#isClosed) throw new ServerError("AT0021", "This atServer is being ended");
    if (this.#pooled.size >= maxConnections)
      throw new ServerError("AT0006", `At most ${maxConnections} connections to other atServers`);
    const remove = () => {
      clearTimeout(pooled.idle);
      if (this.#pooled.get(name) === pooled) this.#pooled.delete(name);
    };
    const connection = this.#dial(atSign, as, remove);
    const pooled: Pooled = { connection, idle: undefined };
    this.#pooled.set(name, pooled);
    connection.catch(remove);
    return pooled;
  }

  async #dial(atSign: string, as: CallAs, onClose: () => void): Promise<OutboundConnection> {
    const address = await this.#find(atSign);
    const connection = await OutboundConnection.open({
      ...address,
      secureContext: this.#network.secureContext,
      timeoutMs: connectMs,
    });
    connection.onClose = onClose;
    try {
      if (as === "pol") await authenticateToPeer(connection, this.#server, atSign);
      if (this.#isClosed) throw new ServerError("AT0021", "This atServer is being ended");
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #find(atSign: string): Promise<{ host: string; port: number }> {
    const address = await this.#network.find(atSign).catch((error: unknown) => {
      throw new ServerError(
        "AT0021",
        `The atDirectory cannot be asked: ${error instanceof Error ? error.message : ""}`,
      );
    });
    if (!address) throw new ServerError("AT0007", `No atServer is known for ${atSign}`);
    return address;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = [...this.#pooled.values()].map(({ connection }) => connection);
    for (const connection of await Promise.allSettled(open))
      if (connection.status === "fulfilled") connection.value.close();
  }
}
