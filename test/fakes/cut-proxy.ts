import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * Stands between clients and one port on this machine. It cannot read TLS, but it can cut connections, or let them
 * hang.
 */
export class CutProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stalled = false;

  private constructor(target: number, record: (chunk: Buffer) => void) {
    this.#server = createServer((client) => {
      const server = connect({ port: target, host: "127.0.0.1", noDelay: true });
      client.setNoDelay(true);
      client.on("data", record);
      server.on("data", record);
      this.#keep(client, server);
      this.#keep(server, client);
      if (this.#stalled) {
        client.pause();
        server.pause();
      }
    });
  }

  /** `record` is given all that passes, in both directions. */
  static async open(target: number, record: (chunk: Buffer) => void = () => undefined): Promise<CutProxy> {
    const proxy = new CutProxy(target, record);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections without a word. */
  cut(): void {
    this.#sockets.forEach((socket) => socket.resetAndDestroy());
  }

  /** Nothing gets through any more, though all connections stay; until `go`. */
  stall(): void {
    this.#stalled = true;
    this.#sockets.forEach((socket) => socket.pause());
  }

  go(): void {
    this.#stalled = false;
    this.#sockets.forEach((socket) => socket.resume());
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  #keep(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => to.destroy());
    from.on("data", (chunk) => {
      if (!to.write(chunk)) {
        from.pause();
      }
    });
    to.on("drain", () => {
      if (!this.#stalled) {
        from.resume();
      }
    });
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
