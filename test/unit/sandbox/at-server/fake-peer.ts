import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { loadIdentity } from "../../../../src/sandbox/at-server/certificates.ts";

const session = "_11111111-2222-4333-8444-555555555555";
const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/** An atServer of another make, which lets everybody in and leaves the answers to what follows to its test. */
export interface FakePeer {
  /** Commands after login, in the order they came. */
  readonly commands: string[];
  /** How many connections are open. */
  readonly open: Set<TLSSocket>;
  readonly port: number;
}

/** Starts one that `dataDir`'s atDirectory knows as the atServer of `atSigns`. */
export async function startFakePeer(
  t: TestContext,
  dataDir: string,
  o: {
    atSigns: readonly string[];
    /** So many connections are cut at once before the first is served. */
    refuses?: number;
    /** Called with each command after login. */
    onCommand: (command: string, reply: (text: string) => void) => void;
  },
): Promise<FakePeer> {
  const { certificate, key } = loadIdentity(dataDir, ["127.0.0.1"], Date.now());
  const commands: string[] = [];
  const open = new Set<TLSSocket>();
  let { refuses: refusals = 0 } = o;
  const server = createServer({ cert: certificate, key }, (socket) => {
    if (refusals-- > 0) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => {}); // seen by the other side
    let [text, caller] = ["", ""];
    const answer = (line: string) => {
      if (line.startsWith("to:")) socket.write("data:{}\n@");
      else if (line.startsWith("lookup:all:publickey"))
        socket.write("error:AT0015-Exception: there is none\n@");
      else if (line.startsWith("from:")) {
        caller = line.slice("from:".length);
        socket.write(`data:proof:${session}${caller}:${uuid}\n@`);
      } else if (line === "pol") socket.write(`${caller}@`);
      else {
        commands.push(line);
        o.onCommand(line, (reply) => socket.write(`${reply}\n${caller}@`));
      }
    };
    socket.write("@");
    socket.on("data", (chunk) => {
      const lines = (text + chunk.toString("utf8")).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) answer(line);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  mkdirSync(join(dataDir, "registered"), { recursive: true, mode: 0o700 });
  const addresses = Object.fromEntries(o.atSigns.map((atSign) => [atSign, { host: "127.0.0.1", port }]));
  writeFileSync(join(dataDir, "registered", "peer.json"), JSON.stringify(addresses));
  return { commands, open, port };
}
