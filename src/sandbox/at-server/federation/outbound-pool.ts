import type { SecureContext } from "node:tls";
import type { AtServer } from "../at-server.ts";
import type { CallAs } from "./federation.ts";
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

interface Pooled {
  readonly connection: Promise<OutboundConnection>;
  isOpen: boolean;
  /** Commands that are not answered yet. */
  pending: number;
  lastUsed: number;
}

/** The connections of one atSign's server to other servers: at most two for each, ended when they go unused for long. */
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
   * Sends a command and resolves with the text after `data:`; with `pipelines` it need not wait until those before it are
   * answered, if the peer can take that. A kept connection that turns out to have ended is
   * replaced once, so commands must bear repetition. Throws PeerRefusal, or ServerError AT0006, AT0007 (not in the
   * atDirectory), AT0008, AT0021 or AT0023.
   */
  async request(
    atSign: string,
    as: CallAs,
    command: string,
    o: { pipelines?: boolean } = {},
  ): Promise<string> {
    const name = `${as} ${atSign}`;
    // One that could not be opened is not tried again at once: a later command would overtake those that failed with it.
    const isKept = this.#pooled.get(name)?.isOpen === true;
    try {
      return await this.#ask(name, { atSign, as, command, ...o });
    } catch (error) {
      if (!isKept || this.#pooled.has(name) || error instanceof PeerRefusal) throw error;
      return this.#ask(name, { atSign, as, command, ...o });
    }
  }

  async #ask(
    name: string,
    o: { atSign: string; as: CallAs; command: string; pipelines?: boolean },
  ): Promise<string> {
    const pooled = this.#pooled.get(name) ?? this.#add(name, o.atSign, o.as);
    pooled.pending += 1;
    try {
      const connection = await pooled.connection;
      return await connection.request(o.command, { timeoutMs: answerMs, pipelines: o.pipelines === true });
    } finally {
      pooled.pending -= 1;
      pooled.lastUsed = this.#server.clock();
    }
  }

  /** Ends the connections that were not used for too long. */
  closeIdle(now: number): void {
    for (const { connection, pending, lastUsed } of this.#pooled.values())
      if (pending === 0 && now - lastUsed >= this.#server.limits.outboundIdleMs)
        void connection.then((open) => open.close()).catch(() => {}); // one that failed is not kept anyway
  }

  #add(name: string, atSign: string, as: CallAs): Pooled {
    if (this.#isClosed) throw new ServerError("AT0021", "This atServer is being ended");
    const { maxOutbound } = this.#server.limits;
    if (this.#pooled.size >= maxOutbound)
      throw new ServerError("AT0006", `At most ${maxOutbound} connections to other atServers`);
    const remove = () => {
      if (this.#pooled.get(name) === pooled) this.#pooled.delete(name);
    };
    const connection = this.#dial(atSign, as, remove);
    const pooled: Pooled = { connection, isOpen: false, pending: 0, lastUsed: this.#server.clock() };
    this.#pooled.set(name, pooled);
    connection.then(() => (pooled.isOpen = true), remove);
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
