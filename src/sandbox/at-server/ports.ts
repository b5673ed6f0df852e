import type { Server } from "node:net";
import { AppError } from "../../errors.ts";
import { readKeptPorts, writeKeptPorts } from "../kept-ports.ts";

/** The ports of the last start, so that clients find the same atServers again. */
export class KeptPorts {
  readonly #file: string;
  readonly #ports: Map<string, number>;

  constructor(file: string) {
    this.#file = file;
    this.#ports = new Map(Object.entries(readKeptPorts(file)));
  }

  /** Listens on the kept port, or on another one when there is none or it is taken; returns it. */
  async listen(server: Server, name: string, host: string): Promise<number> {
    const kept = this.#ports.get(name);
    const port =
      (kept === undefined ? undefined : await listenOn(server, host, kept)) ??
      (await listenOn(server, host, 0));
    if (port === undefined) throw new AppError("port-taken", `No port is free on ${host} for ${name}.`);
    this.#ports.set(name, port);
    return port;
  }

  save(): void {
    writeKeptPorts(this.#file, Object.fromEntries(this.#ports));
  }
}

/** Listens and returns the port; undefined when another program has it. */
export function listenOn(server: Server, host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    };
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      const address = server.address();
      resolve(typeof address === "object" ? address?.port : undefined);
    });
  });
}
