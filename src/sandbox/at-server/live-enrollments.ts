import { isExpired } from "./enrollment.ts";
import type { ServerConnection } from "./server-connection.ts";
import { ServerError } from "./server-error.ts";

/** Which open connections logged in with which enrollment, so that they end with it. Holds nothing of closed ones. */
export class LiveEnrollments {
  readonly #connections = new Map<string, Set<ServerConnection>>();
  readonly #ids = new WeakMap<ServerConnection, string>();
  readonly #revoked = new WeakSet<ServerConnection>();

  /** The enrollment a connection stands for. */
  idOf(connection: ServerConnection): string | undefined {
    return this.#ids.get(connection);
  }

  /** Says that the connection logged in with this enrollment, or (undefined) without any. */
  attach(connection: ServerConnection, id: string | undefined): void {
    if (this.#ids.get(connection) === id) return;
    this.#detach(connection);
    if (id === undefined) return;
    this.#ids.set(connection, id);
    const connections = this.#connections.get(id);
    if (connections) connections.add(connection);
    else this.#connections.set(id, new Set([connection]));
    connection.closed.addEventListener("abort", this.#onClosed(connection), { once: true });
  }

  /** True when its enrollment was revoked or has expired. */
  hasEnded(connection: ServerConnection, now: number): boolean {
    return (
      this.#revoked.has(connection) ||
      (connection.enrollment !== undefined && isExpired(connection.enrollment, now))
    );
  }

  /** Throws AT0027 or AT0028, which ends the connection, when its enrollment is no longer good. */
  check(connection: ServerConnection, now: number): void {
    if (!this.hasEnded(connection, now)) return;
    const id = this.#ids.get(connection) ?? "";
    const options = { plain: true, closes: true };
    throw this.#revoked.has(connection)
      ? new ServerError("AT0027", `enrollment_id: ${id} is revoked`, options)
      : new ServerError("AT0028", `enrollment_id: ${id} is expired or invalid`, options);
  }

  /** Closes the connections of an enrollment, but for `kept`, whose next command will. */
  revoke(id: string, kept: ServerConnection): void {
    for (const connection of this.#connections.get(id) ?? []) {
      this.#revoked.add(connection);
      if (connection !== kept) connection.close();
    }
  }

  /** Closes the connections whose enrollment has expired. */
  sweep(now: number): void {
    for (const connections of this.#connections.values())
      for (const connection of connections) if (this.hasEnded(connection, now)) connection.close();
  }

  #onClosed(connection: ServerConnection): () => void {
    return () => this.#detach(connection);
  }

  #detach(connection: ServerConnection): void {
    const id = this.#ids.get(connection);
    if (id === undefined) return;
    this.#ids.delete(connection);
    const connections = this.#connections.get(id);
    connections?.delete(connection);
    if (connections?.size === 0) this.#connections.delete(id);
  }
}
