import { setImmediate as turn } from "node:timers/promises";
import type { TestContext } from "node:test";
import { AtClient, type AtNotification, type ReceiveOptions } from "@atsign/atsdk";
import { encryptAes } from "../../../src/atsdk/aes.ts";
import { FakeNetwork, type FakeStream } from "./fake-network.ts";
import { bobKeys, vectors } from "./vectors.ts";

export const clock = () => 1_000_000;
const ofFixture = vectors.wire.find((w) => w.id === "monitor-frame");
export const frameOfFixture = ofFixture?.wire ?? "";
export const textOfFixture = ofFixture?.plaintext ?? "";
export const idOfFixture = /"id":"([^"]+)"/.exec(frameOfFixture)?.[1] ?? "";
export const statsOfFixture = vectors.wire.find((w) => w.id === "monitor-stats-frame")?.wire ?? "";
export const wrappedKey = vectors.rsaPkcs1[0]?.ciphertextB64 ?? "";
const sharedKey = vectors.keys.aliceToBobSharedKeyB64;
export const iv = "AAECAwQFBgcICQoLDA0ODw==";

export function frame(
  id: string,
  epochMillis: number,
  text = id,
  change: Record<string, unknown> = {},
): string {
  const value = encryptAes(text, sharedKey, iv);
  const metadata = { ivNonce: iv, sharedKeyEnc: wrappedKey };
  const base = {
    id,
    from: "@alice",
    to: "@bob",
    key: "@bob:msg.app@alice",
    value,
    operation: "update",
    epochMillis,
  };
  return `notification: ${JSON.stringify({ ...base, isEncrypted: true, metadata, ...change })}\n`;
}

/** A client of @bob on a fake network whose monitors and heartbeats are the test's to answer. */
export async function open(
  t: TestContext,
  now: () => number = clock,
): Promise<{ network: FakeNetwork; client: AtClient }> {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const network = new FakeNetwork();
  const client = await AtClient.open({
    atSign: "@bob",
    keys: bobKeys,
    directory: { host: "127.0.0.1", port: 1 },
    transport: network.transport,
    clock: now,
  });
  t.after(() => client.close());
  return { network, client };
}

export async function until<T>(find: () => T | undefined): Promise<T> {
  for (let i = 0; i < 1_000; i++) {
    const found = find();
    if (found !== undefined) return found;
    await turn();
  }
  throw new Error("it did not happen");
}

export const monitorOf = (network: FakeNetwork, n: number): FakeStream | undefined =>
  network.atServers.filter((stream) => stream.lines.some((line) => line.startsWith("monitor")))[n];
export const monitorLine = (stream: FakeStream) => stream.lines.find((line) => line.startsWith("monitor"));

export async function take(
  client: AtClient,
  options: ReceiveOptions,
  count: number,
): Promise<AtNotification[]> {
  const taken: AtNotification[] = [];
  for await (const notification of client.notifications(options)) {
    taken.push(notification);
    if (taken.length === count) break;
  }
  return taken;
}
