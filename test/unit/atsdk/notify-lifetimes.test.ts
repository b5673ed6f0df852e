import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AtClient, AtError } from "@atsign/atsdk";
import { notifyCommand } from "../../../src/atsdk/codec/commands.ts";
import * as fc from "../../fakes/fast-check.ts";
import { openClient, startActivated } from "../sandbox/at-server/with-sandbox.ts";
import { FakeNetwork } from "./fake-network.ts";
import { take } from "./monitor-bench.ts";
import { aliceKeys, bobKeys, given } from "./vectors.ts";

const isInvalid = (error: unknown) => error instanceof AtError && error.code === "invalid-value";
const now = 1_800_000_000_000;

/** The options of the command by which a client notifies, when its atServer says this of itself. */
async function sent(
  info: string,
  notify: (client: AtClient) => Promise<string>,
): Promise<{ options: string; commands: string[] }> {
  const network = new FakeNetwork();
  const commands: string[] = [];
  network.answer = (line) => {
    commands.push(line);
    if (line === "info") return info;
    if (line.startsWith("plookup:")) return `data:${aliceKeys.encryptionPublicKey}\n@bob@`;
    return line.startsWith("llookup:") ? "error:AT0015-key not found : x\n@bob@" : "data:1\n@bob@";
  };
  const client = await AtClient.open({
    atSign: "@bob",
    keys: bobKeys,
    directory: { host: "127.0.0.1", port: 1 },
    transport: network.transport,
    clock: () => now,
  });
  try {
    await notify(client);
    const [, options = ""] =
      /^notify:id:[^:]+:update:messageType:key(.*?):isEncrypted/.exec(commands.at(-1) ?? "") ?? [];
    return { options, commands };
  } finally {
    await client.close();
  }
}

const iso = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/.source;
const head = new RegExp(
  `^(notify:id:i:(?:update|delete):messageType:key)(?::ttln:(\\d+)|:eAtn:(${iso}))(:eph:true)?(:.*)$`,
);

test("the life stands in its place, whatever it is, and changes nothing else of the line", () => {
  const life = fc.oneof(
    fc.record({ ttln: fc.integer({ min: 1, max: 999_999_999_999_999 }) }),
    fc.record({ eAtn: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }) }),
  );
  const kinds = [
    { operation: "update" },
    { operation: "update", eph: true },
    { operation: "delete" },
  ] as const;
  const metadata = fc.record({ ttl: fc.nat(), isEncrypted: fc.boolean() }, { requiredKeys: [] });
  fc.assert(
    fc.property(life, fc.constantFrom(...kinds), metadata, (lasting, kind, change) => {
      const full = "@bob:x.app@alice";
      const line = notifyCommand({ id: "i", ...kind, ...lasting }, change, full, "v");
      const [, start, ttln, eAtn, held, rest] = head.exec(line) ?? assert.fail(line);
      assert.deepEqual(
        {
          ...(ttln === undefined ? {} : { ttln: Number(ttln) }),
          ...(eAtn === undefined ? {} : { eAtn: Date.parse(eAtn) }),
        },
        { ...lasting },
      );
      assert.equal(held !== undefined, "eph" in kind);
      assert.equal(
        `${start}:ttln:7${rest}`,
        notifyCommand({ id: "i", operation: kind.operation, ttln: 7 }, change, full, "v"),
      );
      const grammar = given?.grammar.regexes["notify"]?.["5.12"];
      if (grammar !== undefined) assert.match(`${start}${rest}`, new RegExp(grammar, "i"));
    }),
  );
});

suite("how long a notification lives", () => {
  test("may be said by the time of its end, or that servers only hold it", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const alice = await AtClient.open({
      ...sandbox,
      atSign: "@alice",
      keys: aliceKeys,
      clock: () => time.now,
    });
    t.after(() => alice.close());
    const bob = await openClient(t, sandbox, "@bob");
    const to = { to: "@bob", name: "x", namespace: "app", value: "v" };
    const ids = [
      await alice.notify({ ...to, expiresAt: time.now + 3_000 }),
      await alice.notify({ ...to, ttlMs: 60_000, ephemeral: true }),
      await alice.notify({ ...to, expiresAt: time.now + 120_000, ephemeral: true }),
    ];
    assert.deepEqual(
      (await take(bob, { since: 0, regex: "x\\.app" }, 3)).map(({ id, value }) => [id, value]),
      ids.map((id) => [id, "v"]),
    );
    for (const [pass, alive] of [
      [2_999, 3],
      [1, 2],
      [56_999, 2],
      [1, 1],
      [59_999, 1],
      [1, 0],
    ] as const) {
      time.now += pass;
      const statuses = [];
      for (const id of ids) statuses.push(await alice.notifyStatus(id));
      assert.equal(statuses.filter((status) => status === "delivered").length, alive);
    }
  });

  test("what excludes each other cannot be said, nor what no server takes", async () => {
    const to = { to: "@alice", name: "x", namespace: "app" };
    const attempts: ((client: AtClient) => Promise<string>)[] = [
      (client) => client.notify({ ...to, expiresAt: now }),
      (client) => client.notify({ ...to, expiresAt: now + 0.5 }),
      (client) => client.notify({ ...to, expiresAt: now + 691_200_001 }),
      (client) => client.notify({ ...to, expiresAt: Number.NaN }),
      (client) => client.notify({ ...to, ttlMs: 120_001, ephemeral: true }),
      (client) => client.notify({ ...to, expiresAt: now + 120_001, ephemeral: true }),
      // @ts-expect-error: one of ttlMs and expiresAt
      (client) => client.notify(to),
      // @ts-expect-error: a deletion carries no value
      (client) => client.notify({ ...to, ttlMs: 1, operation: "delete", value: "v" }),
      // @ts-expect-error: a deletion is not only held
      (client) => client.notify({ ...to, ttlMs: 1, operation: "delete", ephemeral: true }),
    ];
    const features = '"features":[{"name":"notify.eph","status":"GA"},{"name":"notify.eAtn","status":"GA"}]';
    for (const attempt of attempts)
      await assert.rejects(sent(`data:{"version":"3.17.0",${features}}\n@bob@`, attempt), isInvalid);
    // @ts-expect-error: only one of ttlMs and expiresAt
    ((client: AtClient) => client.notify({ ...to, ttlMs: 1, expiresAt: now + 5 })) satisfies unknown;
    const fields = { id: "i", operation: "update", ttln: 5, eph: true } as const;
    for (const metadata of [{ ttr: -1 }, { ccd: true }])
      assert.throws(() => notifyCommand(fields, metadata, "@bob:x@alice", "v"), isInvalid);
    for (const eAtn of [-1, 0.5, Number.NaN, 253_402_214_400_001])
      assert.throws(
        () => notifyCommand({ id: "i", operation: "update", eAtn }, {}, "@bob:x@alice"),
        isInvalid,
      );
  });

  const to = { to: "@alice", name: "x", namespace: "app", value: "v" };
  const feature = (name: string, status = "GA") => ({ name, status, description: "x" });
  for (const { name, features, until, held } of [
    {
      name: "knows both",
      features: [feature("notify.eAtn"), feature("notify.eph", "Preview")],
      until: ":eAtn:2027-01-15T08:01:00.000Z",
      held: ":ttln:1000:eph:true",
    },
    {
      name: "knows the end only",
      features: [feature("notify.eAtn")],
      until: ":eAtn:2027-01-15T08:01:00.000Z",
      held: ":ttln:1000",
    },
    {
      name: "has retired both",
      features: [feature("notify.eAtn", "Retired"), feature("notify.eph", "Retired")],
      until: ":ttln:60000",
      held: ":ttln:1000",
    },
    { name: "says nothing of it", features: undefined, until: ":ttln:60000", held: ":ttln:1000" },
  ])
    test(`is said to an atServer that ${name} in words it knows`, async () => {
      const info = `data:${JSON.stringify({ version: "3.17.0", features })}\n@bob@`;
      const life = (expected: string, notify: (client: AtClient) => Promise<string>) =>
        sent(info, notify).then(({ options }) => assert.equal(options, expected));
      await life(until, (client) => client.notify({ ...to, expiresAt: now + 60_000 }));
      await life(held, (client) => client.notify({ ...to, ttlMs: 1_000, ephemeral: true }));
      await life(":ttln:1000", (client) => client.notify({ ...to, ttlMs: 1_000 }));
      const { options } = await sent(info, (client) =>
        client.notify({ ...to, expiresAt: now + 60_000, ephemeral: true }),
      );
      assert.equal(options, `${until}${held.includes("eph") ? ":eph:true" : ""}`);
    });

  test("costs no question about the atServer where it is an ordinary one, and one otherwise", async () => {
    const info = "error:AT0003-Exception: invalid command\n@";
    const event = { to: "@alice", name: "x", namespace: "app", ttlMs: 1_000 };
    const { commands } = await sent(info, (client) => client.notify(event));
    assert.deepEqual(
      commands.filter((line) => line === "info"),
      [],
    );
    const other = await sent(info, async (client) => {
      await client.notify({ ...event, ephemeral: true });
      return client.notify({ ...event, ephemeral: true });
    });
    assert.deepEqual(
      other.commands.filter((line) => line === "info"),
      ["info"],
    );
  });
});
