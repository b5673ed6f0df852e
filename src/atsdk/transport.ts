import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { AtError } from "./at-error.ts";

/** A connected byte stream to an atDirectory or atServer. */
export interface ByteStream {
  /** Registers the one listener. `closed` is called exactly once, with the cause if there is one. */
  listen(listener: { data(chunk: Buffer): void; closed(cause?: Error): void }): void;
  write(text: string): void;
  /** Stops reading until `resume`, so that the sender is slowed down. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Where to connect. `ca` is PEM text; without it the public roots are trusted. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly ca?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Opens a byte stream, or throws `connect-failed`, `timeout` or `aborted`. Injected, so that tests need no network. */
export type Transport = (options: ConnectOptions) => Promise<ByteStream>;

/** The real transport: TLS 1.2 or newer with certificate and host name checked, TCP_NODELAY. */
export const tlsTransport: Transport = (options) =>
  new Promise((resolve, reject) => {
    const { host, port, ca, timeoutMs, signal } = options;
    if (signal?.aborted) return reject(new AtError("aborted", "The connection was given up."));
    const socket = connectTls({
      host,
      port,
      ...(isIP(host) ? {} : { servername: host }),
      ...(ca === undefined ? {} : { ca }),
      minVersion: "TLSv1.2",
    });
    socket.setNoDelay(true);
    const fail = (error: AtError) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(new AtError("aborted", "The connection was given up."));
    const onError = (cause: Error) =>
      fail(new AtError("connect-failed", `Cannot connect to ${host}:${port}: ${cause.message}`, { cause }));
    const timer = setTimeout(
      () => fail(new AtError("timeout", `No connection to ${host}:${port} within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("secureConnect", () => {
      settle();
      let cause: Error | undefined;
      socket.on("error", (error) => (cause = error));
      resolve({
        listen: (listener) => {
          socket.on("data", (chunk) => listener.data(chunk));
          if (socket.closed) listener.closed(cause);
          else socket.once("close", () => listener.closed(cause));
        },
        write: (text) => void socket.write(text, "utf8"),
        pause: () => void socket.pause(),
        resume: () => void socket.resume(),
        close: () => void socket.destroy(),
      });
    });
  });
