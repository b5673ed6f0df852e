import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { ServerIdentity } from "./certificates.ts";
import type { Limits } from "./limits.ts";

/** Connections beyond the limit that may be told so; the rest is cut off before it costs a handshake. */
const spareSockets = 64;

/** A TLS listener that bounds the number of sockets and can end them all. */
export class Listener {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();

  /** `asksCertificate`: clients may present a certificate; without a valid one they are served as well. */
  constructor(
    identity: ServerIdentity,
    limits: Limits,
    serve: (socket: TLSSocket) => void,
    o: { readonly asksCertificate?: boolean } = {},
  ) {
    const options = {
      key: identity.key,
      cert: identity.certificate,
      minVersion: "TLSv1.2" as const,
      ALPNProtocols: ["atProtocol/1.0"],
      handshakeTimeout: limits.handshakeMs,
      ...(o.asksCertificate === true
        ? { requestCert: true, rejectUnauthorized: false, ca: identity.ca }
        : {}),
    };
    this.server = createServer(options, serve);
    // Plain sockets are kept as well, so that an unfinished handshake does not hold up `close`.
    this.server.on("connection", (socket: Socket) => {
      if (this.#sockets.size >= limits.maxConnections + spareSockets) {
        socket.destroy();
        return;
      }
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
