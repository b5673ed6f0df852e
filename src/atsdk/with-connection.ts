import { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import { lookUp, type LookUpOptions } from "./directory.ts";
import { tlsTransport } from "./transport.ts";

/** How long one connection attempt and one reply may take unless the caller says otherwise. */
export const defaultTimeoutMs = 10_000;

/**
 * Does something on a connection of its own, without login, to the atServer of an atSign (canonical). The connection is
 * closed when the work is done, and when `signal` aborts (`aborted`).
 */
export async function withConnection<T>(
  atSign: string,
  options: LookUpOptions,
  work: (connection: AtConnection) => Promise<T>,
): Promise<T> {
  const { ca, transport = tlsTransport, timeoutMs = defaultTimeoutMs, signal } = options;
  const address = await lookUp(atSign, options);
  const connection = await AtConnection.open(transport, {
    ...address,
    timeoutMs,
    ...(ca === undefined ? {} : { ca }),
    ...(signal ? { signal } : {}),
  });
  const abort = () => connection.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await work(connection);
  } catch (error) {
    throw signal?.aborted ? new AtError("aborted", "The connection was given up.") : error;
  } finally {
    signal?.removeEventListener("abort", abort);
    connection.close();
  }
}
