import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";

const maxLine = 255;
const missDelayMs = 3_000;
const idleMs = 600_000;

/** Serves one connection of the atDirectory: a name per line, answered with host:port or null. */
export function serveDirectory(socket: TLSSocket, addressOf: (atSign: string) => string | undefined): void {
  let text = "";
  let misses = 0;
  let queue = Promise.resolve();
  socket.setNoDelay(true);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => {}); // "close" follows
  socket.on("data", (chunk) => {
    const lines = (text + chunk.toString("utf8")).split("\n");
    text = lines.pop() ?? "";
    if (text.length > maxLine || lines.length > maxLine) socket.destroy();
    else for (const line of lines) queue = queue.then(() => answer(line.trim().toLowerCase()));
  });
  socket.write("@");

  async function answer(line: string): Promise<void> {
    if (!socket.writable) return;
    if (line === "@exit") {
      socket.destroy();
      return;
    }
    const name = line.replace(/^@/, "");
    const address = name === "" ? undefined : addressOf(`@${name}`);
    // Guessing names is made slow; an empty line is only a probe.
    if (address === undefined && name !== "") misses++;
    if (address === undefined && name !== "" && misses > 1)
      await delay(missDelayMs, undefined, { ref: false });
    if (misses > 2) socket.destroy();
    else socket.write(`${address ?? "null"}\r\n@`);
  }
}
