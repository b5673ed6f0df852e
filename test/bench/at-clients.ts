// Clients of some atSigns in one process: node at-clients.ts send|receive|idle PLACE @a,@b
import { readFileSync } from "node:fs";
import path from "node:path";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { z } from "zod";
import { placeSchema } from "./at-servers.ts";

const [, , task = "", place = "", names = ""] = process.argv;
const { directory, ca, keys } = placeSchema.parse(JSON.parse(place));
const askSchema = z.union([
  z.object({ send: z.number(), to: z.string(), bytes: z.number() }),
  z.object({ receive: z.number() }),
  z.object({ state: z.literal(true) }),
]);
const ttlMs = 600_000;

async function open(atSign: string): Promise<AtClient> {
  const file = path.join(keys, `${atSign}_key.atKeys`);
  return AtClient.open({ atSign, keys: await readAtKeysFile(file), directory, ca: readFileSync(ca, "utf8") });
}

/** Sends so many from each client, each one after the other: replies carry no id, so a connection does no more. */
async function send(clients: readonly AtClient[], count: number, to: string, bytes: number): Promise<void> {
  const value = "x".repeat(bytes);
  const sendAll = async (client: AtClient): Promise<void> => {
    const each = Array.from({ length: count }, (_none, index) =>
      client.notify({ to, name: `note${index}`, namespace: "bench", value, ttlMs }),
    );
    await Promise.all(each);
  };
  await Promise.all(clients.map(sendAll));
}

const clients: AtClient[] = [];
for (const atSign of names.split(",")) {
  clients.push(await open(atSign));
}
let received = 0;
let wanted = Number.POSITIVE_INFINITY;
let connected = 0;
const allConnected = Promise.withResolvers<void>();
async function listen(client: AtClient): Promise<void> {
  const onState = (state: "connected" | "disconnected"): void => {
    connected += state === "connected" ? 1 : -1;
    if (connected === clients.length) {
      allConnected.resolve();
    }
  };
  for await (const _notification of client.notifications({ regex: "bench", since: Date.now(), onState })) {
    received += 1;
    if (received === wanted) {
      process.send?.({ received });
    }
  }
}
if (task !== "send") {
  clients.forEach((client) => void listen(client));
  await allConnected.promise;
}
process.on("message", (message) => {
  const asked = askSchema.safeParse(message);
  if (!asked.success) {
    return;
  }
  if ("send" in asked.data) {
    const { send: count, to, bytes } = asked.data;
    void send(clients, count, to, bytes).then(() => process.send?.({ sent: count * clients.length }));
  } else if ("receive" in asked.data) {
    wanted = received + asked.data.receive;
  } else {
    const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    process.send?.({ sockets });
  }
});
process.send?.({ ready: true });
process.on("disconnect", () => process.exit());
