import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRedisUrl } from "../../../adapters/bullmq/redis-url.ts";

const open = { tls: false, username: undefined, password: undefined };

test("each documented form of REDIS_URL", () => {
  assert.deepEqual(parseRedisUrl("unix:///run/redis.sock"), { kind: "socket", path: "/run/redis.sock" });
  const node = { host: "redis", port: 6379 };
  assert.deepEqual(parseRedisUrl("redis://redis"), { kind: "single", node, database: 0, ...open });
  assert.deepEqual(parseRedisUrl("rediss://bot:p%40ss@redis:6380/2"), {
    kind: "single",
    node: { host: "redis", port: 6380 },
    database: 2,
    tls: true,
    username: "bot",
    password: "p@ss",
  });
  assert.deepEqual(parseRedisUrl("redis+sentinel://:secret@s1:26379,s2,[::1]:5/main/1"), {
    kind: "sentinel",
    sentinels: [
      { host: "s1", port: 26_379 },
      { host: "s2", port: 26_379 },
      { host: "::1", port: 5 },
    ],
    master: "main",
    database: 1,
    tls: false,
    username: undefined,
    password: "secret",
  });
  assert.deepEqual(parseRedisUrl("rediss+cluster://a:7000,b:7001,c:7002"), {
    kind: "cluster",
    nodes: [
      { host: "a", port: 7000 },
      { host: "b", port: 7001 },
      { host: "c", port: 7002 },
    ],
    ...open,
    tls: true,
  });
});

test("what is none of them is refused by name, and no password is repeated", () => {
  for (const url of [
    "localhost:6379",
    "http://redis",
    "redis://a,b",
    "redis://a:99999",
    "redis://secret@",
    "redis+sentinel://secret@a:1,b:2",
    "redis+cluster://:secret@a:1,b:2/3",
    "redis://:secret@host/name",
    "unix://relative",
  ]) {
    assert.throws(
      () => parseRedisUrl(url),
      ({ code, message }: { code: string; message: string }) =>
        code === "bad-setting" && message.includes("REDIS_URL") && !message.includes("secret"),
      url,
    );
  }
});
