import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { argumentsOf, network, say } from "./settings.ts";

// One atSign shares a value with another one, which reads it: encrypted from the one client to the other.
const names = ["ATSIGN", "KEY-FILE", "OTHER-ATSIGN", "OTHER-KEY-FILE"] as const;
const [atSign = "", keyFile = "", otherAtSign = "", otherKeyFile = ""] = argumentsOf(...names);
const client = await AtClient.open({ ...network(), atSign, keys: await readAtKeysFile(keyFile) });
const other = await AtClient.open({
  ...network(),
  atSign: otherAtSign,
  keys: await readAtKeysFile(otherKeyFile),
});
try {
  const offer = { kind: "shared", name: "offer", namespace: "example" } as const;
  await client.put({ ...offer, sharedWith: other.atSign }, "50 widgets", { ttlMs: 60_000 });
  say(`${other.atSign} sees: ${(await other.scan({ sharedBy: client.atSign, regex: "example" })).join(" ")}`);
  say(`${other.atSign} reads: ${await other.get({ ...offer, sharedBy: client.atSign })}`);
  await client.delete({ ...offer, sharedWith: other.atSign });
} finally {
  await client.close();
  await other.close();
}
