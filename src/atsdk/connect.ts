import { AtConnection } from "./at-connection.ts";
import { lookUp, type LookUpOptions } from "./directory.ts";
import { tlsTransport } from "./transport.ts";

/** Opens a connection without login to the atServer of an atSign (canonical). The caller closes it. */
export async function connectTo(atSign: string, options: LookUpOptions): Promise<AtConnection> {
  const { ca, transport = tlsTransport, timeoutMs = defaultTimeoutMs, signal } = options;
  const address = await lookUp(atSign, options);
  return AtConnection.open(transport, {
    ...address,
    timeoutMs,
    ...(ca === undefined ? {} : { ca }),
    ...(signal ? { signal } : {}),
  });
}

/** How long one connection attempt and one reply may take unless the caller says otherwise. */
export const defaultTimeoutMs = 10_000;
