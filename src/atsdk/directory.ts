import { AtError } from "./at-error.ts";
import { toAtSign } from "./at-sign.ts";
import { tlsTransport, type Transport } from "./transport.ts";

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface LookUpOptions {
  readonly directory: HostAndPort;
  /** PEM text of the authority to trust instead of the public roots. */
  readonly ca?: string;
  readonly transport?: Transport;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

const cacheMs = 3_600_000;

/** Asks the atDirectory where the atServer of an atSign is. Throws `not-in-directory` when it does not know it. */
export async function lookUp(atSign: string, options: LookUpOptions): Promise<HostAndPort> {
  const name = toAtSign(atSign);
  const { directory, ca, transport = tlsTransport, signal, timeoutMs = 10_000 } = options;
  const stream = await transport({
    ...directory,
    timeoutMs,
    ...(ca === undefined ? {} : { ca }),
    ...(signal ? { signal } : {}),
  });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const timer = setTimeout(
        () => reject(new AtError("timeout", `No reply from the atDirectory within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      stream.listen({
        data: (chunk) => {
          text += chunk.toString("latin1");
          const end = text.indexOf("\n");
          if (end < 0 && text.length < 1_000) return;
          clearTimeout(timer);
          resolve(text.slice(0, end < 0 ? text.length : end));
        },
        closed: (cause) => {
          clearTimeout(timer);
          reject(new AtError("closed", "The atDirectory closed the connection.", { cause }));
        },
      });
      stream.write(`${name.slice(1)}\n`);
    });
    return parseAnswer(answer, name);
  } finally {
    stream.close();
  }
}

function parseAnswer(line: string, atSign: string): HostAndPort {
  const text = line.trim().replace(/^@+/, "");
  if (text === "null") throw new AtError("not-in-directory", `The atDirectory does not know ${atSign}.`);
  const match = /^([^\s:]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port < 1 || port > 65_535)
    throw new AtError(
      "bad-reply",
      `The atDirectory answered ${JSON.stringify(text.slice(0, 80))} instead of host:port.`,
    );
  return { host: match[1], port };
}

/** Remembers addresses for an hour. `forget` after a failed connection: atServers move. */
export class AddressBook {
  readonly #options: LookUpOptions;
  readonly #clock: () => number;
  readonly #known = new Map<string, { address: HostAndPort; until: number }>();

  constructor(options: LookUpOptions, clock: () => number) {
    this.#options = options;
    this.#clock = clock;
  }

  async find(atSign: string, signal?: AbortSignal): Promise<HostAndPort> {
    const known = this.#known.get(atSign);
    if (known && known.until > this.#clock()) return known.address;
    const address = await lookUp(atSign, { ...this.#options, ...(signal ? { signal } : {}) });
    this.#known.set(atSign, { address, until: this.#clock() + cacheMs });
    return address;
  }

  forget(atSign: string): void {
    this.#known.delete(atSign);
  }
}
