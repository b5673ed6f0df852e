// One end of the bare TLS round trips, in a process of its own: node tls-peer.ts FOLDER REQUEST_BYTES REPLY_BYTES [PORT]
// Answers each REQUEST_BYTES with REPLY_BYTES; with PORT it passes everything on to the peer there and back.
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { loadIdentity } from "../../src/sandbox/at-server/certificates.ts";

const [, , folder = "", requestBytes = "0", replyBytes = "0", port] = process.argv;
const { ca, certificate, key } = loadIdentity(folder, ["127.0.0.1"], Date.now());
const reply = Buffer.alloc(Number(replyBytes), 1);
const server = createServer({ cert: certificate, key, noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  if (port !== undefined) {
    const next = connect({ host: "127.0.0.1", port: Number(port), ca });
    next.setNoDelay(true);
    next.on("error", () => socket.destroy());
    socket.pipe(next).pipe(socket);
    return;
  }
  let missing = Number(requestBytes);
  socket.on("data", (chunk) => {
    missing -= chunk.length;
    if (missing <= 0) {
      missing += Number(requestBytes);
      socket.write(reply);
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit());
