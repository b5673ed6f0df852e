import { readFileSync } from "node:fs";
import { socketInodes } from "./our-processes.ts";

export interface TcpSocket {
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly listens: boolean;
  readonly loopbackOnly: boolean;
}

const listening = "0A";

/** The TCP and UDP sockets of one process, from the kernel's tables. */
export function tcpSockets(pid: number): readonly TcpSocket[] {
  const own = socketInodes(pid);
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => own.has(fields[9] ?? ""))
      .map(([, local = "", remote = "", state = ""]) => {
        const listens = state === listening || protocol.startsWith("udp");
        return {
          protocol,
          local,
          remote,
          listens,
          loopbackOnly: isLoopback(local) && (listens || isLoopback(remote)),
        };
      }),
  );
}

/** The kernel writes addresses as hexadecimal words in the machine's byte order: 127.0.0.1 is 0100007F. */
function isLoopback(socket: string): boolean {
  const address = socket.split(":")[0] ?? "";
  return (
    /^[0-9A-F]{6}7F$/.test(address) ||
    /^0{16}FFFF0000[0-9A-F]{6}7F$/.test(address) ||
    address === "00000000000000000000000001000000"
  );
}
