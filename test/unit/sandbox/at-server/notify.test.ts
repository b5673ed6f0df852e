import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { activateBoth, owner, RawConnection, startActivated, startSandbox } from "./with-sandbox.ts";

suite("notifications", () => {
  test("are delivered once by id and sender, replayed by time, and gone after their time", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    const monitor = await owner(t, sandbox, "@bob");
    monitor.write("monitor:strict one\n");
    monitor.write("noop:0\n");
    assert.equal(await monitor.read(), "data:ok\n", "no prompt on a monitor");
    const send = (id: string, name: string) =>
      alice.ask(`notify:id:${id}:update:ttln:1000:@bob:${name}@alice:value ${name}`);
    assert.equal(await send("i1", "one"), "data:i1\n@alice@");
    await send("i1", "one");
    await send("i2", "two");
    await bob.ask("notify:id:i1:update:ttln:1000:@bob:one@bob:mine");
    const frames = [await monitor.read(), await monitor.read()].map(
      (line) => JSON.parse(line.slice(14)) as { value: string },
    );
    assert.deepEqual(
      frames.map((frame) => frame.value),
      ["value one", "mine"],
    );
    assert.deepEqual(Object.keys(frames[0] ?? {}), [
      "id",
      "from",
      "to",
      "key",
      "value",
      "operation",
      "epochMillis",
      "messageType",
      "isEncrypted",
      "metadata",
    ]);
    assert.equal(await alice.ask("notify:status:i2"), "data:delivered\n@alice@");
    assert.equal(await alice.ask("notify:status:i3"), "data:null\n@alice@");
    await alice.ask("notify:id:i3:@nobody:x@alice:v");
    assert.equal(await alice.ask("notify:status:i3"), "data:errored\n@alice@");

    const replay = async (since: number) => {
      const again = await owner(t, sandbox, "@bob");
      again.write(`monitor:${since}\nnoop:0\n`);
      let text = "";
      while (!text.includes("data:ok\n")) text += await again.read();
      return [...text.matchAll(/"id":"([^"]+)","from":"(@\w+)"/g)].map((match) => `${match[1]} ${match[2]}`);
    };
    assert.deepEqual(await replay(time.now - 1), ["i1 @alice", "i2 @alice", "i1 @bob"]);
    assert.deepEqual(await replay(time.now), []);
    time.now += 1_000;
    assert.deepEqual(await replay(0), []);
    assert.equal(await alice.ask("notify:status:i2"), "data:expired\n@alice@");
  });

  test("what is malformed, foreign or hostile is refused", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    for (const [line, expected] of [
      ["notify:update:ttlnn:5:@bob:x@alice:v", /^error:AT0003-/],
      ["notify:update:ttln:ttr:-1:@bob:x@alice:v", /^error:AT0003-/],
      ["notify:ttln:9000:eAtn:2099-01-01T00:00:00Z:@bob:x@alice:v", /^error:AT0003-/],
      ["notify:update:@bob:x@carol:v", /^error:AT0009-.*@carol is not authorized/],
      ["notify:strategy:latest:@bob:x@alice:v", /^error:AT0003-/],
      ["notify:@bob", /^error:AT0003-/],
      ["monitor:x", /^error:AT0003-/],
      ["scan (", /^error:AT0003-.*Invalid regular expression\. \( is not a valid regex/],
      [`scan ${"a".repeat(257)}`, /^error:AT0022-/],
    ] as const)
      assert.match(await alice.ask(line), expected, line);
    const slow = await owner(t, sandbox, "@bob");
    slow.write("monitor:strict (\\w+\\w+)+$\n");
    slow.write("noop:0\n");
    assert.equal(await slow.read(), "data:ok\n");
    assert.equal(await alice.ask(`notify:id:x:@bob:${"a".repeat(60)}!@alice:v`), "data:x\n@alice@");
    assert.equal(await slow.read(), "<closed>", "a filter that blows up costs its own connection only");
  });

  test("live as long as they say, or by default when they say 0", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    const end = new Date(time.now + 5_000).toISOString();
    await alice.ask(`notify:id:until:eAtn:${end}:@bob:x.app@alice:v`);
    await alice.ask("notify:id:default:ttln:0:@bob:x.app@alice:v");
    time.now += 4_999;
    assert.equal(await alice.ask("notify:status:until"), "data:delivered\n@alice@");
    time.now += 1;
    assert.equal(await alice.ask("notify:status:until"), "data:expired\n@alice@");
    time.now += 894_999;
    assert.equal(await alice.ask("notify:status:default"), "data:delivered\n@alice@");
    time.now += 1;
    assert.equal(await alice.ask("notify:status:default"), "data:expired\n@alice@");
  });

  test("are listed, fetched and removed by their receiver, and sent to many at once", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    assert.equal(await bob.ask("notify:list"), "data:null\n@bob@");
    await alice.ask("notify:id:n1:notifier:app:priority:high:ttln:9000:ivNonce:iv==:@bob:one.app@alice:v 1");
    time.now += 86_400_000 - 9_000;
    const yesterday = new Date(time.now).toISOString().slice(0, 10);
    await alice.ask("notify:id:n2:delete:ttln:90000000:@bob:two.app@alice");
    const ids = (list: string) => [...list.matchAll(/"id":"([^"]+)"/g)].map((match) => match[1]);
    assert.deepEqual(ids(await bob.ask("notify:list")), ["n2"], "n1 has expired");
    assert.deepEqual(ids(await bob.ask("notify:list:two")), ["n2"]);
    assert.deepEqual(ids(await bob.ask("notify:list:one")), []);
    assert.deepEqual(ids(await bob.ask(`notify:list:${yesterday}:two`)), ["n2"]);
    assert.deepEqual(ids(await bob.ask(`notify:list:${yesterday}:${yesterday}`)), ["n2"]);
    assert.deepEqual(ids(await bob.ask("notify:list:2000-01-01:2000-01-02")), []);
    for (const date of ["2000-19-01", "2000-01-39", "2000-1-1"])
      assert.match(await bob.ask(`notify:list:${date}`), /^error:AT0022-.*Invalid date format/, date);
    assert.match(
      await bob.ask("notify:list:2000-01-02:2000-01-01"),
      /^error:AT0022-.*ToDate cannot be less than FromDate/,
    );
    const fetched = JSON.parse((await bob.ask("notify:fetch:n2")).slice(5, -6)) as Record<string, unknown>;
    assert.deepEqual(
      [
        fetched["fromAtSign"],
        fetched["notification"],
        fetched["type"],
        fetched["opType"],
        fetched["atValue"],
      ],
      ["@alice", "@bob:two.app@alice", "NotificationType.received", "OperationType.delete", "null"],
    );
    assert.match(await alice.ask("notify:fetch:n2"), /"type":"NotificationType.sent".*Status.delivered"/);
    assert.equal(await bob.ask("notify:remove:n2"), "data:success\n@bob@");
    assert.equal(await bob.ask("notify:list"), "data:null\n@bob@");
    const expired = '{"id":"n2","notificationStatus":"NotificationStatus.expired"}';
    assert.equal(await bob.ask("notify:fetch:n2"), `data:${expired}\n@bob@`);
    const many = await alice.ask("notify:all:update:messageType:key:ttr:-1:@bob,alice:all.app@alice:hello");
    assert.match(many, /^data: \{"@bob":"[0-9a-f-]{36}","@alice":"[0-9a-f-]{36}"\}\n@alice@$/);
    assert.equal(await bob.ask("llookup:cached:@bob:all.app@alice"), "data:hello\n@bob@");
  });

  test("a plain monitor answers as public servers do, others without a prompt that would glue to a frame", async (t) => {
    const { sandbox } = await startActivated(t);
    for (const [command, expected] of [
      ["monitor", "data:ok\n@alice@"],
      ["monitor .*", "data:ok\n"],
      ["monitor:0", "data:ok\n"],
    ]) {
      const alice = await owner(t, sandbox, "@alice");
      alice.write(`${command}\nnoop:0\n`);
      assert.equal(await alice.read(), expected);
    }
  });

  test("a commit is announced to monitors, once for what is done together", async (t) => {
    const { sandbox } = await startActivated(t);
    const [alice, monitor] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@alice")];
    monitor.write("monitor x^\nnoop:0\n");
    await monitor.read();
    const commitId = (await alice.ask("update:public:p@alice v")).slice(5).split("\n")[0];
    const { id, value } = JSON.parse((await monitor.read()).slice(14)) as Record<string, unknown>;
    assert.deepEqual([id, value], ["-1", commitId]);
  });

  test("statistics come at their interval", async (t) => {
    const sandbox = await startSandbox(t, { statsEveryMs: 5, clock: () => 7 });
    await activateBoth(sandbox);
    const monitor = await owner(t, sandbox, "@alice");
    monitor.write("monitor\n");
    assert.equal(
      await monitor.read(),
      'notification: {"id":"-1","from":"@alice","to":"@alice","key":"statsNotification.@alice","value":"0",' +
        '"operation":"update","epochMillis":7,"messageType":"MessageType.key","isEncrypted":false,"metadata":null}\n',
    );
  });
});

test("the directory answers in one write and slows down guessing", async (t) => {
  const { sandbox } = await startActivated(t);
  const raw = await RawConnection.open(t, sandbox, "directory");
  assert.equal(await raw.read(), "@");
  assert.match(await raw.ask("ALICE"), /^127\.0\.0\.1:\d+\r\n@$/);
  assert.match(await raw.ask("@bob\r"), /^127\.0\.0\.1:\d+\r\n@$/);
  assert.equal(await raw.ask(""), "null\r\n@");
  assert.equal(await raw.ask("nobody"), "null\r\n@");
  assert.equal(await raw.ask("@exit"), "<closed>");
});
