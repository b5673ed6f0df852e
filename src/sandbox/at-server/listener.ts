import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { ServerIdentity } from "./certificates.ts";

const maxConnections = 200;
const handshakeMs = 20_000;

/** A TLS listener with a limit of connections, which can end them all. */
export class Listener {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  /** `asksCertificate`: clients may present a certificate; without a valid one they are served as well. */
  constructor(
    identity: ServerIdentity,
    serve: (socket: TLSSocket) => void,
    o: { readonly asksCertificate?: boolean } = {},
  ) {
    const options = {
      key: identity.key,
      cert: identity.certificate,
      minVersion: "TLSv1.2" as const,
      ALPNProtocols: ["atProtocol/1.0"],
      handshakeTimeout: handshakeMs,
      ...(o.asksCertificate === true
        ? { requestCert: true, rejectUnauthorized: false, ca: identity.ca }
        : {}),
    };
    this.server = createServer(options, (socket) => {
      if (this.#connections >= maxConnections) {
        socket.on("error", () => {});
        socket.end("error:AT0012-Inbound connection limit exceeded\n");
        return;
      }
      this.#connections++;
      socket.once("close", () => this.#connections--);
      serve(socket);
    });
    // Plain sockets are kept as well, so that an unfinished handshake does not hold up `close`.
    this.server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.server.on("tlsClientError", () => {}); // a client that does not trust us is its own problem
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    await promise;
  }
}
