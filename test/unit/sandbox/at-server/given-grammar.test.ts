import assert from "node:assert/strict";
import { test } from "node:test";
import { given, needsGiven } from "../../atsdk/vectors.ts";
import { owner, startActivated } from "./with-sandbox.ts";

/** No public server reads these, but clients write them: we take metadata in any order. */
const takenInAnyOrder = new Set([
  "update:isEncrypted:true:isBinary:true:@bob:msg.myapp@alice x",
  "update:sharedKeyEnc:QQ==:pubKeyCS:ab:isEncrypted:true:ivNonce:AA==:@bob:m.myapp@alice x",
]);
/** Client certificates of their own are not offered; older public servers want a limit, and so do we. */
const notOffered = new Set(["info:mtls", "sync:from:41"]);
/** Answered by nothing, or by the end of the connection. */
const silent = new Set(["monitor", "pol"]);

test("the given grammar's commands are understood or refused as it says", needsGiven, async (t) => {
  const { sandbox } = await startActivated(t);
  const wrong: string[] = [];
  for (const { verb, input, ...expected } of given?.grammar.cases ?? []) {
    if (silent.has(verb)) continue;
    const isKnown = [expected["both"], expected["5.0.1"], expected["5.12"]].some((each) => each);
    const isTaken = (isKnown && !notOffered.has(input)) || takenInAnyOrder.has(input);
    const alice = await owner(t, sandbox, "@alice");
    const reply = await alice.ask(input);
    const isRefused = reply.startsWith("error:AT0003-");
    if (isTaken === isRefused || /Internal error/.test(reply)) wrong.push(`${input} → ${reply.trim()}`);
  }
  assert.deepEqual(wrong, []);
});

test("what other clients were recorded to send is understood", needsGiven, async (t) => {
  const { sandbox } = await startActivated(t);
  const wrong: string[] = [];
  for (const { client, connections } of given?.transcripts ?? [])
    for (const { server, exchange } of connections.filter((each) => each.server.startsWith("@"))) {
      const raw = await owner(t, sandbox, server);
      const lines = exchange.filter(([who]) => who === "C").map(([, text]) => text.trim());
      for (const line of lines.filter((each) => !/^(?:from|pkam|monitor)/.test(each))) {
        const reply = await raw.ask(line);
        if (!/^(?:data:|error:AT0015-)/.test(reply)) wrong.push(`${client}: ${line} → ${reply.trim()}`);
      }
    }
  assert.deepEqual(wrong, []);
});
