import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { argumentsOf, network, say } from "./settings.ts";

// Writes, reads and deletes values of one's own: one that only we can read, and one that everybody can.
const [atSign = "", keyFile = ""] = argumentsOf("ATSIGN", "KEY-FILE");
const client = await AtClient.open({ ...network(), atSign, keys: await readAtKeysFile(keyFile) });
try {
  const secret = { kind: "self", name: "secret", namespace: "example" } as const;
  await client.put(secret, "for me alone", { ttlMs: 60_000 });
  say(`secret: ${await client.get(secret)}`);

  const city = { kind: "public", name: "city", namespace: "example" } as const;
  await client.put(city, "Springfield");
  const record = await client.read(city, { verify: true });
  say(`public: ${String(record?.value)}, ${record?.signature?.state}`);

  say(`keys: ${(await client.scan("\\.example@")).join(" ")}`);
  await client.delete(secret);
  await client.delete(city);
  say(`left: ${(await client.scan("\\.example@")).length}`);
} finally {
  await client.close();
}
