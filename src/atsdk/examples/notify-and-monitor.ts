import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { argumentsOf, network, say } from "./settings.ts";

// One atSign notifies another one, which receives also what was sent before it listened.
const names = ["ATSIGN", "KEY-FILE", "OTHER-ATSIGN", "OTHER-KEY-FILE"] as const;
const [atSign = "", keyFile = "", otherAtSign = "", otherKeyFile = ""] = argumentsOf(...names);
const client = await AtClient.open({ ...network(), atSign, keys: await readAtKeysFile(keyFile) });
const other = await AtClient.open({
  ...network(),
  atSign: otherAtSign,
  keys: await readAtKeysFile(otherKeyFile),
});
try {
  const since = Date.now() - 60_000; // the servers' clocks may differ from ours
  const message = { to: other.atSign, name: "ping", namespace: "example", ttlMs: 60_000 };
  const ids = [
    await client.notify({ ...message, value: "first" }),
    await client.notify({ ...message, value: "second" }),
  ];
  const accept = (from: string) => from === client.atSign;
  for await (const { id, from, value, epochMillis } of other.notifications({
    since,
    accept,
    regex: "ping\\.example@",
  })) {
    const index = ids.indexOf(id);
    if (index < 0) continue; // of an earlier run: at least once means that known ones come again
    say(`${from} says: ${value}${epochMillis > since ? "" : " (long ago)"}`);
    if (index === ids.length - 1) break;
  }
  say(`status: ${await client.notifyStatus(ids[1] ?? "")}`);
} finally {
  await client.close();
  await other.close();
}
