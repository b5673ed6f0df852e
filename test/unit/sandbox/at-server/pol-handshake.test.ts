import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createServer } from "node:tls";
import { loadIdentity } from "../../../../src/sandbox/at-server/certificates.ts";
import { isSignedBy } from "../../../../src/sandbox/at-server/federation/signing-keys.ts";
import { askUntil } from "./two-sandboxes.ts";
import {
  activateBoth,
  guest,
  owner,
  type RawConnection,
  startSandbox,
  temporaryFolder,
} from "./with-sandbox.ts";

const session = "_11111111-2222-4333-8444-555555555555";
const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const bound = (v: string) => `pol1.${Buffer.from(JSON.stringify({ v, n: uuid })).toString("base64url")}`;

/**
 * An older server of another make for @carol, which gives these proofs one after the other and notes what it is asked.
 * `toAlice` is its connection to Alice's server, without login.
 */
async function startCarol(
  t: TestContext,
  dataDir: string,
  o: { proofs: string[]; toAlice: RawConnection },
): Promise<string[]> {
  const { certificate, key, ca } = loadIdentity(dataDir, ["127.0.0.1"], Date.now());
  const asked: string[] = [];
  const isProven = async (challenge: string) => {
    const value = async (name: string) => (await o.toAlice.ask(`lookup:${name}@alice`)).slice(5, -2);
    const signature = await value(session);
    return isSignedBy(await value("signing_publickey"), challenge, signature);
  };
  const server = createServer({ cert: certificate, key, ca, requestCert: true, rejectUnauthorized: false });
  server.on("secureConnection", (socket) => {
    let challenge = "";
    const answer = async (line: string): Promise<string> => {
      asked.push(line.replace(/:ttln:\d+/, ":ttln:N"));
      if (line.startsWith("to:")) return "error:AT0003-Exception: invalid command\n@";
      if (line.startsWith("lookup:")) return "error:AT0015-Exception: there is none\n@";
      if (line === "from:@alice" && socket.authorized) {
        const proof = o.proofs.shift() ?? "";
        challenge = proof.slice(proof.lastIndexOf(":") + 1);
        return `data:${proof}\n@`;
      }
      if (line === "pol") return (await isProven(challenge)) ? "@alice@" : "error:AT0401-Exception: no\n@";
      return "data:success\n@alice@";
    };
    socket.on("error", () => {}); // seen by the other side
    socket.write("@");
    socket.on("data", (chunk) => void answer(chunk.toString().trim()).then((text) => socket.write(text)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  mkdirSync(join(dataDir, "registered"), { mode: 0o700 });
  const entry = { "@carol": { host: "127.0.0.1", port } };
  writeFileSync(join(dataDir, "registered", "carol.json"), JSON.stringify(entry));
  return asked;
}

test("challenges of both kinds are answered, and nothing else is signed", async (t) => {
  const dataDir = temporaryFolder(t);
  const sandbox = await startSandbox(t, { dataDir, atSigns: ["@alice"] });
  await activateBoth(sandbox);
  const toAlice = await guest(t, sandbox, "@alice");
  const proofs = [
    `proof:${session}@alice:${bound("@mallory")}`,
    `proof:${session}@alice:anything`,
    `proof:_publickey@alice:${uuid}`,
    `proof:${session}@mallory:${uuid}`,
    `proof:${session}@alice:${bound("@carol")}`,
  ];
  const asked = await startCarol(t, dataDir, { proofs, toAlice });
  const alice = await owner(t, sandbox, "@alice");
  await alice.ask("notify:id:n:ttln:60000:priority:high:ivNonce:iv==:ttl:5:ttr:-1:@carol:x@alice:v");
  assert.match(
    await alice.ask("lookup:y@carol"),
    /^error:AT0008-/,
    "shares the connection that could not be made",
  );
  await askUntil(alice, "notify:status:n", /^data:delivered/);
  assert.equal(asked.filter((line) => line === "from:@alice").length, 5);
  assert.deepEqual(asked.slice(-5), [
    "to:@carol",
    "lookup:all:publickey@carol",
    "from:@alice",
    "pol",
    "notify:id:n:update:messageType:key:notifier:SYSTEM:ttln:N:ttl:5:ttr:-1:ccd:false:isEncrypted:true:ivNonce:iv==:@carol:x@alice:v",
  ]);
  assert.equal(asked.filter((line) => line === "pol").length, 1);
  assert.match(await toAlice.ask(`lookup:${session}@alice`), /^error:AT0015-/, "shown no longer than needed");
});
