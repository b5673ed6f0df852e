import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AtError, type ListOptions } from "@atsign/atsdk";
import { openClient, startActivated } from "../sandbox/at-server/with-sandbox.ts";
import { frame, iv, open } from "./monitor-bench.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

suite("what the atServer keeps of notifications", () => {
  test("is listed, decrypted, by day and filter, and forgotten on demand", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const [alice, bob] = [await openClient(t, sandbox, "@alice"), await openClient(t, sandbox, "@bob")];
    assert.deepEqual(await bob.listNotifications(), []);
    const to = { to: "@bob", name: "one", namespace: "app", ttlMs: 600_000_000 };
    const day = () => new Date(time.now).toISOString().slice(0, 10);
    const first = day();
    const one = await alice.notify({ ...to, value: "first" });
    time.now += 86_400_000;
    const two = await alice.notify({ ...to, name: "two" });
    const three = await alice.notify({ ...to, name: "three", value: "held", ttlMs: 1_000, ephemeral: true });
    const listed = async (options?: ListOptions) =>
      (await bob.listNotifications(options)).map(({ id, from, value }) => [id, from, value]);
    const all = [
      [one, "@alice", "first"],
      [two, "@alice", undefined],
      [three, "@alice", "held"],
    ];
    assert.deepEqual(await listed(), all);
    assert.deepEqual(await listed({ regex: "one\\.app" }), all.slice(0, 1));
    assert.deepEqual(await listed({ from: day() }), all.slice(1));
    assert.deepEqual(await listed({ from: first, to: first }), all.slice(0, 1));
    assert.deepEqual(await listed({ accept: (from) => from !== "@alice" }), []);
    await bob.removeNotification(two);
    assert.deepEqual(await listed({ from: day(), regex: "app" }), all.slice(2));
    // @ts-expect-error: a last day needs a first one
    await assert.rejects(bob.listNotifications({ to: first }), hasCode("invalid-value"));
    for (const wrong of [{ from: "2026-1-1" }, { from: "2026-13-01" }, { regex: "a:b" }, { regex: "a b" }])
      await assert.rejects(bob.listNotifications(wrong), hasCode("invalid-value"), JSON.stringify(wrong));
    await assert.rejects(bob.removeNotification("a\nb"), hasCode("invalid-value"));
  });

  test("is read with the same care as what comes on a monitor", async (t) => {
    const { network, client } = await open(t);
    const entry = (id: string, change = {}) => frame(id, 1, id, change).slice("notification: ".length).trim();
    const bare = { metadata: { ivNonce: iv } };
    const entries = [
      entry("a"),
      entry("foreign", { to: "@carol" }),
      entry("stranger", { from: "@stranger", ...bare }),
      entry("broken", { value: "AAAA" }),
      "null",
      '{"id":1}',
      entry("b"),
    ];
    network.answer = (line) => (line === "notify:list" ? `data:[${entries.join(",")}]\n@bob@` : undefined);
    const dropped: string[] = [];
    const found = await client.listNotifications({
      accept: (from) => from === "@alice",
      onDropped: ({ id, code }) => dropped.push(`${id} ${code}`),
    });
    assert.deepEqual(
      found.map(({ id, value }) => [id, value]),
      [
        ["a", "a"],
        ["b", "b"],
      ],
    );
    assert.deepEqual(dropped, ["broken decrypt-failed"]);
    network.answer = () => 'data:{"id":"a"}\n@bob@';
    await assert.rejects(client.listNotifications(), hasCode("bad-reply"));
  });
});

test("other atSigns are kept out and let in again", async (t) => {
  const { sandbox } = await startActivated(t);
  const [alice, bob] = [await openClient(t, sandbox, "@alice"), await openClient(t, sandbox, "@bob")];
  const to = { to: "@bob", name: "x", namespace: "app", ttlMs: 60_000 };
  assert.deepEqual(await bob.blocked(), []);
  await bob.block("Alice", "@carol");
  assert.deepEqual((await bob.blocked()).sort(), ["@alice", "@carol"]);
  assert.equal(await alice.notifyStatus(await alice.notify(to)), "errored");
  await bob.unblock("@alice");
  assert.deepEqual(await bob.blocked(), ["@carol"]);
  assert.equal(await alice.notifyStatus(await alice.notify(to)), "delivered");
  await assert.rejects(bob.block(), hasCode("invalid-value"));
  await assert.rejects(bob.block("a b"), hasCode("invalid-at-sign"));
});
