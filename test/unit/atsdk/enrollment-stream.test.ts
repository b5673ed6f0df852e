import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { suite, test, type TestContext } from "node:test";
import {
  AtClient,
  type ByteStream,
  type Enrollment,
  requestEnrollment,
  tlsTransport,
  type Transport,
} from "@atsign/atsdk";
import { requestedId } from "../../../src/atsdk/codec/enrollment.ts";
import type { AtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { openClient, startActivated } from "../sandbox/at-server/with-sandbox.ts";
import { monitorLine, monitorOf, open, until as soon } from "./monitor-bench.ts";
import { aliceKeys } from "./vectors.ts";

const passcode = "abc123";

/** Asks to be enrolled as this device; gives the id. */
async function ask(sandbox: AtSandbox, deviceName: string): Promise<string> {
  const namespaces = { stock: "rw" } as const;
  const request = { ...sandbox, atSign: "@alice", appName: "stock", deviceName, namespaces, otp: passcode };
  return (await requestEnrollment(request)).enrollmentId;
}

/** Real answers take real time; nothing here waits for a given one. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Collects what the stream yields until `stop`, which resolves when it has ended. */
function collect(client: AtClient): { readonly devices: string[]; stop(): Promise<void> } {
  const stopping = new AbortController();
  const devices: string[] = [];
  const running = (async () => {
    for await (const each of client.enrollments.requests({ signal: stopping.signal }))
      devices.push(each.deviceName);
  })();
  return {
    devices,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Connections that the test can break. */
function breakable(): { readonly transport: Transport; breakAll(): void; isDown: boolean } {
  const streams = new Set<ByteStream>();
  return {
    isDown: false,
    async transport(options) {
      if (this.isDown) return tlsTransport({ ...options, port: 1 });
      const stream = await tlsTransport(options);
      streams.add(stream);
      return stream;
    },
    breakAll() {
      for (const stream of streams) stream.close();
      streams.clear();
    },
  };
}

async function openBreakable(t: TestContext, sandbox: AtSandbox) {
  const network = breakable();
  const transport: Transport = (options) => network.transport(options);
  const client = await AtClient.open({ ...sandbox, atSign: "@alice", keys: aliceKeys, transport });
  t.after(() => client.close());
  return { network, client };
}

suite("the stream of requests for enrollments", () => {
  test("has those that wait first, then others as they come, each once, and no others", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    await alice.enrollments.keepPasscode(passcode);
    const decided = await ask(sandbox, "denied-before");
    await alice.enrollments.deny(decided);
    await ask(sandbox, "waiting-1");
    await ask(sandbox, "waiting-2");
    const stream = collect(alice);
    await until(() => stream.devices.length === 2);
    assert.deepEqual(stream.devices.toSorted(), ["waiting-1", "waiting-2"]);

    // What a stranger sends under such a name is no request.
    const bob = await openClient(t, sandbox, "@bob");
    const id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    const name = { name: `${id}.new.enrollments`, namespace: "__manage" };
    await bob.notify({ to: "@alice", ...name, value: "x", ttlMs: 60_000 });
    await ask(sandbox, "live-1");
    await until(() => stream.devices.length === 3);
    await ask(sandbox, "live-2");
    await until(() => stream.devices.length === 4);
    assert.deepEqual(stream.devices.slice(2), ["live-1", "live-2"]);
    await stream.stop();
    assert.equal(stream.devices.length, 4);
  });

  test("misses none that came while the connection was lost, and repeats none", async (t) => {
    const { sandbox } = await startActivated(t);
    const owner = await openClient(t, sandbox, "@alice");
    await owner.enrollments.keepPasscode(passcode);
    const { network, client } = await openBreakable(t, sandbox);
    await ask(sandbox, "before");
    const stream = collect(client);
    await until(() => stream.devices.length === 1);
    network.isDown = true;
    network.breakAll();
    await ask(sandbox, "meanwhile");
    network.isDown = false;
    await until(() => stream.devices.length === 2);
    await ask(sandbox, "after");
    await until(() => stream.devices.length === 3);
    assert.deepEqual(stream.devices, ["before", "meanwhile", "after"]);
    await stream.stop();
  });

  test("ends with its client", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    const ended = all(alice.enrollments.requests());
    await alice.enrollments.list();
    await alice.close();
    assert.deepEqual(await ended, []);
    assert.deepEqual(await all(alice.enrollments.requests()), []);
  });

  test("lists only after the server has taken the monitor, again for each connection", async (t) => {
    const { network, client } = await open(t);
    const lists: string[] = [];
    let pending = {};
    network.answer = (line) => {
      if (line.startsWith("enroll:list")) {
        lists.push(line);
        return `data:${JSON.stringify(pending)}\n@bob@`;
      }
      return undefined;
    };
    const found: Enrollment[] = [];
    const stopping = new AbortController();
    const running = (async () => {
      for await (const each of client.enrollments.requests({ signal: stopping.signal })) found.push(each);
    })();
    const first = await soon(() => monitorOf(network, 0));
    assert.match(monitorLine(first) ?? "", /^monitor:selfNotifications \\\.new\\\.enrollments\\\.__manage$/);
    await turn();
    assert.equal(lists.length, 0, "the answer to noop tells that the monitor was taken");
    pending = { "id-1.new.enrollments.__manage@bob": enrollment("one") };
    first.feed("data:ok\n");
    await soon(() => found[0]);
    first.end();
    const second = await soon(() => {
      t.mock.timers.tick(100);
      return monitorOf(network, 1);
    });
    pending = { ...pending, "id-2.new.enrollments.__manage@bob": enrollment("two") };
    second.feed("data:ok\n");
    await soon(() => found[1]);
    assert.deepEqual(
      found.map(({ deviceName }) => deviceName),
      ["one", "two"],
    );
    assert.equal(lists.length, 2);
    stopping.abort();
    await running;
  });

  test("keys of notices are read in all their forms", () => {
    for (const key of [
      "id-1.new.enrollments.__manage",
      "id-1.new.enrollments.__manage@alice",
      "@alice:id-1.new.enrollments.__manage@alice",
    ])
      assert.equal(requestedId(key), "id-1", key);
    for (const key of [
      "new.enrollments.__manage@alice",
      "a.b.new.enrollments.__manage",
      "x.enrollments.__manage",
    ])
      assert.equal(requestedId(key), undefined, key);
  });
});

async function all(stream: AsyncIterable<Enrollment>): Promise<readonly Enrollment[]> {
  const found: Enrollment[] = [];
  for await (const each of stream) found.push(each);
  return found;
}

function enrollment(deviceName: string) {
  return { appName: "app", deviceName, namespace: { stock: "rw" }, status: "pending" };
}
