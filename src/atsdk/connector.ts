import type { KeyObject } from "node:crypto";
import { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { authenticatePkam } from "./authenticate.ts";
import { AddressBook, type LookUpOptions } from "./directory.ts";
import { rsaPrivateKey } from "./rsa.ts";
import { tlsTransport } from "./transport.ts";

const timeoutMs = 10_000;

/** Opens authenticated connections to the own atServer. */
export class Connector {
  readonly atSign: string;
  readonly #options: LookUpOptions;
  readonly #addresses: AddressBook;
  readonly #key: KeyObject;
  readonly #enrollmentId: string | undefined;

  constructor(atSign: string, keys: AtKeys, options: LookUpOptions, clock: () => number) {
    this.atSign = atSign;
    this.#options = options;
    this.#addresses = new AddressBook(options, clock);
    this.#key = rsaPrivateKey(keys.pkamPrivateKey);
    this.#enrollmentId = keys.enrollmentId;
  }

  /** Connects and authenticates. When the known address does not answer, the atDirectory is asked once more. */
  async open(signal: AbortSignal): Promise<AtConnection> {
    const connection = await this.#connect(signal).catch((error: unknown) => {
      this.#addresses.forget(this.atSign);
      if (error instanceof AtError && error.code === "connect-failed") return this.#connect(signal);
      throw error;
    });
    const abort = () => connection.close();
    signal.addEventListener("abort", abort, { once: true });
    try {
      await authenticatePkam(connection, this.atSign, this.#key, {
        enrollmentId: this.#enrollmentId,
        timeoutMs,
      });
      if (signal.aborted) throw new AtError("aborted", "The connection was given up.");
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #connect(signal: AbortSignal): Promise<AtConnection> {
    const { ca, transport = tlsTransport } = this.#options;
    const address = await this.#addresses.find(this.atSign, signal);
    return AtConnection.open(transport, {
      ...address,
      timeoutMs,
      signal,
      ...(ca === undefined ? {} : { ca }),
    });
  }
}
