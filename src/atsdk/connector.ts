import type { KeyObject } from "node:crypto";
import { AtConnection } from "./at-connection.ts";
import { AtError, type AtErrorCode } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { authenticatePkam } from "./authenticate.ts";
import { AddressBook, type LookUpOptions } from "./directory.ts";
import { loginKey } from "./login-key.ts";
import { tlsTransport } from "./transport.ts";

export interface RefusalOptions {
  /**
   * Told of each thing that was refused though the network did its work: a challenge that is not the server's own
   * (`bad-challenge`), what cannot be read (`bad-reply`), a notification for somebody else (`misaddressed`) or from the
   * future (`bad-time`, which is delivered all the same), a name or value of the caller's that would be another command
   * (`invalid-key`, `invalid-value`, `invalid-at-sign`). Whoever is at the other end can cause any number of them.
   */
  readonly onRefused?: (code: AtErrorCode) => void;
}

const timeoutMs = 10_000;

/** Opens authenticated connections to the own atServer. */
export class Connector {
  readonly atSign: string;
  readonly #options: LookUpOptions & RefusalOptions;
  readonly #addresses: AddressBook;
  readonly #key: KeyObject;
  readonly #enrollmentId: string | undefined;

  constructor(atSign: string, keys: AtKeys, options: LookUpOptions & RefusalOptions, clock: () => number) {
    this.atSign = atSign;
    this.#options = options;
    this.#addresses = new AddressBook(options, clock);
    this.#key = loginKey(keys.pkamPrivateKey);
    this.#enrollmentId = keys.enrollmentId;
  }

  /** Tells the caller of the client what was refused. */
  refused(code: AtErrorCode): void {
    this.#options.onRefused?.(code);
  }

  /** The same for what ended a connection, unless the network did. */
  ended(error: unknown): void {
    if (error instanceof AtError && ["bad-challenge", "bad-reply"].includes(error.code))
      this.refused(error.code);
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
      this.ended(error);
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
