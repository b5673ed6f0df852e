import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import path from "node:path";
import { CutProxy } from "../fakes/cut-proxy.ts";

/** The name under which clients look for the sandbox's servers, which listen on 127.0.0.1; all of 127/8 is this machine. */
export const tappedHost = "127.0.0.2";

type Ports = Readonly<Record<string, number>>;

/** Stands between a system's processes and its atDirectory and atServers, and keeps every byte. */
export class Capture {
  readonly #taps: CutProxy[] = [];
  readonly #passed = new Map<Socket, { readonly server: string; readonly chunks: Buffer[] }>();

  /** For the sandbox in `data`, which has been started once: its ports stay the same. */
  static async open(data: string): Promise<Capture> {
    const capture = new Capture();
    const ports = (folder: string) =>
      JSON.parse(readFileSync(path.join(data, "sandbox", folder, "ports.json"), "utf8")) as Ports;
    for (const [server, port] of Object.entries(ports("at")))
      await capture.#tap(port, (chunk, from) => capture.#keep(server, chunk, from));
    // The wholesalers are the outside world, which talks in clear.
    for (const port of Object.values(ports("world"))) await capture.#tap(port, () => undefined);
    return capture;
  }

  async #tap(port: number, record: (chunk: Buffer, from: Socket) => void): Promise<void> {
    this.#taps.push(await CutProxy.open(port, record, { host: tappedHost, port }));
  }

  #keep(server: string, chunk: Buffer, from: Socket): void {
    const kept = this.#passed.get(from);
    if (kept) kept.chunks.push(chunk);
    else this.#passed.set(from, { server, chunks: [chunk] });
  }

  /** What was said in each direction of each connection, with the server it was said to or by. */
  get streams(): readonly { readonly server: string; readonly bytes: Buffer }[] {
    return [...this.#passed.values()].map(({ server, chunks }) => ({ server, bytes: Buffer.concat(chunks) }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#taps.map((tap) => tap.close()));
  }
}
