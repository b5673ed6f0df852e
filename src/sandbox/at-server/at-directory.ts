import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import type { InboundConnections } from "./inbound-connections.ts";

const maxLine = 255;
const maxWaiting = 255;
const maxUnsentBytes = 65_536;
const missDelayMs = 3_000;

/** What a connection needs to know of its atDirectory. */
export interface DirectoryHost {
  readonly clock: () => number;
  readonly connections: InboundConnections;
  addressOf(atSign: string): string | undefined;
}

/** Serves one connection of the atDirectory: a name per line, answered with host:port or null. */
export function serveDirectory(socket: TLSSocket, host: DirectoryHost): void {
  const since = host.clock();
  const inbound = { isGuest: true, since, lastWrite: since, unsent: 0, close: () => socket.destroy() };
  let text = "";
  let misses = 0;
  let waiting = 0;
  let queue = Promise.resolve();
  socket.setNoDelay(true);
  socket.on("error", () => {}); // "close" follows
  if (!host.connections.add(inbound, since)) {
    socket.destroy();
    return;
  }
  socket.once("close", () => host.connections.delete(inbound));
  socket.on("data", (chunk) => {
    const lines = (text + chunk.toString("utf8")).split("\n");
    text = lines.pop() ?? "";
    waiting += lines.length;
    if (text.length > maxLine || waiting > maxWaiting || socket.writableLength > maxUnsentBytes)
      socket.destroy();
    else for (const line of lines) queue = queue.then(() => answer(line.trim().toLowerCase()));
  });
  write("@");

  async function answer(line: string): Promise<void> {
    waiting--;
    if (!socket.writable) return;
    if (line === "@exit") {
      socket.destroy();
      return;
    }
    const name = line.replace(/^@/, "");
    const address = name === "" ? undefined : host.addressOf(`@${name}`);
    // Guessing names is made slow; an empty line is only a probe.
    if (address === undefined && name !== "") misses++;
    if (address === undefined && name !== "" && misses > 1)
      await delay(missDelayMs, undefined, { ref: false });
    if (misses > 2) socket.destroy();
    else write(`${address ?? "null"}\r\n@`);
  }

  function write(reply: string): void {
    inbound.lastWrite = host.clock();
    socket.write(reply);
  }
}
