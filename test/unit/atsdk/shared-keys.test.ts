import assert from "node:assert/strict";
import { test } from "node:test";
import { AtError } from "@atsign/atsdk";
import { rsaPrivateKey, unwrapAesKey } from "../../../src/atsdk/rsa.ts";
import { PeerKeys } from "../../../src/atsdk/peer-keys.ts";
import { SharedKeys } from "../../../src/atsdk/shared-keys.ts";
import { asyncProperty, assert as check, nat, option, scheduler } from "../../fakes/fast-check.ts";
import { aliceKeys, bobKeys } from "./vectors.ts";

const aliceKey = rsaPrivateKey(aliceKeys.encryptionPrivateKey);
const bobKey = rsaPrivateKey(bobKeys.encryptionPrivateKey);
const ownCopy = "shared_key.bob@alice";
const bobsCopy = "@bob:shared_key@alice";

/** What @alice's atServer keeps: the last value of each name wins. */
class Kept {
  readonly records = new Map<string, { readonly data: string; readonly pubKeyCS: string | undefined }>();

  answer(line: string): string {
    const [command = "", value = ""] = line.split(" ");
    const name = [bobsCopy, ownCopy].find((each) => command.endsWith(each)) ?? "";
    if (line.startsWith("plookup:")) {
      return bobKeys.encryptionPublicKey;
    }
    if (line.startsWith("update:")) {
      this.records.set(name, { data: value, pubKeyCS: /:pubKeyCS:([0-9a-f]+)/.exec(command)?.[1] });
      return "1";
    }
    const found = this.records.get(name);
    if (found === undefined) {
      throw new AtError("AT0015", `no ${name}`);
    }
    return JSON.stringify({ key: name, data: found.data, metaData: { pubKeyCS: found.pubKeyCS } });
  }
}

function client(request: (line: string) => Promise<string>): SharedKeys {
  return new SharedKeys({
    atSign: "@alice",
    keys: aliceKeys,
    request,
    peerKeys: new PeerKeys(request, {}),
    takesKeyHash: () => Promise.resolve(true),
    clock: () => 0,
  });
}
/** Whether the peer can read what is sent under it. */
async function assertReadable(shared: SharedKeys): Promise<void> {
  const { key, wrapping } = await shared.forSending("@bob");
  assert.equal(unwrapAesKey(wrapping.sharedKeyEnc ?? "", bobKey), key.export().toString("base64"));
}

test("several clients of one atSign make a key at the same time: all are read, and both copies are of one key", async () => {
  await check(
    asyncProperty(scheduler(), async (order) => {
      const kept = new Kept();
      const request = order.scheduleFunction(async (line: string) => kept.answer(line));
      const clients = [client(request), client(request), client(request)];
      const made = Promise.all(clients.map(assertReadable));
      await order.waitFor(made);
      const [own = "", bobs = ""] = [ownCopy, bobsCopy].map((name) => kept.records.get(name)?.data);
      assert.equal(unwrapAesKey(bobs, bobKey), unwrapAesKey(own, aliceKey));
    }),
    { numRuns: 60 },
  );
});

test("also one that comes when another ended in the middle of that is read", async () => {
  await check(
    asyncProperty(scheduler(), nat(8), option(nat(8)), async (order, lastOfOne, lastOfOther) => {
      const kept = new Kept();
      const request = order.scheduleFunction(async (line: string) => kept.answer(line));
      const mortal = (last: number | null) => {
        let left = last ?? Number.POSITIVE_INFINITY;
        return (line: string) => {
          left -= 1;
          return left < 0 ? new Promise<string>(() => undefined) : request(line);
        };
      };
      const dying = [client(mortal(lastOfOne)), client(mortal(lastOfOther))];
      dying.forEach((each) => void each.forSending("@bob"));
      await order.waitIdle();
      const later = assertReadable(client(request));
      await order.waitFor(later);
    }),
    { numRuns: 60 },
  );
});
