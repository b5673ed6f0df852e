import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Is given what came from one end of a connection. */
type Recorder = (chunk: Buffer, from: Socket) => void;

/**
 * Stands between clients and one port on this machine. It cannot read TLS, but it can cut connections, or let them
 * hang.
 */
export class CutProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stalled = false;

  private constructor(target: number, record: Recorder) {
    this.#server = createServer((client) => {
      const server = connect({ port: target, host: "127.0.0.1", noDelay: true });
      client.setNoDelay(true);
      client.on("data", (chunk) => record(chunk, client));
      server.on("data", (chunk) => record(chunk, server));
      this.#keep(client, server);
      this.#keep(server, client);
      if (this.#stalled) {
        client.pause();
        server.pause();
      }
    });
  }

  /** `record` is given all that passes, in both directions. It listens on any port of 127.0.0.1, or on `at`. */
  static async open(
    target: number,
    record: Recorder = () => undefined,
    at: { readonly host: string; readonly port: number } = { host: "127.0.0.1", port: 0 },
  ): Promise<CutProxy> {
    const proxy = new CutProxy(target, record);
    proxy.#server.listen(at);
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

  /** Nothing gets through the connections there are, for ever, as where a host vanished; new ones work. */
  abandon(): void {
    this.stall();
    this.#stalled = false;
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
