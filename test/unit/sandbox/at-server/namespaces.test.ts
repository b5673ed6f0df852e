import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { NamespaceAccess } from "../../../../src/sandbox/at-server/identity.ts";
import {
  assertMayWrite,
  covers,
  mayList,
  mayRead,
  mayReceive,
  mayWrite,
} from "../../../../src/sandbox/at-server/namespaces.ts";

const holder = (namespaces: Record<string, NamespaceAccess>) => ({ enrollment: { id: "e1", namespaces } });

suite("namespaces of an enrollment", () => {
  test("a key belongs to the enrolled namespace its name ends with, the longest first, else to *", () => {
    const app = holder({ buzz: "rw", "log.buzz": "r", other: "r" });
    const cases: [key: string, mayRead: boolean, mayWrite: boolean][] = [
      ["x.buzz@alice", true, true],
      ["X.Buzz@alice", true, true],
      ["@bob:x.buzz@alice", true, true],
      ["public:x.buzz@alice", true, true],
      ["cached:@alice:x.buzz@bob", true, true],
      ["a.b.c.buzz@alice", true, true],
      ["x.log.buzz@alice", true, false],
      ["x.other@alice", true, false],
      ["x.another@alice", false, false],
      ["x.fizzbuzz@alice", false, false],
      ["x.buzz.other2@alice", false, false],
      ["buzz@alice", false, false],
      ["note@alice", false, false],
      ["public:x.another@alice", true, false],
      ["cached:public:x.another@bob", true, false],
      ["public:publickey@alice", true, false],
      ["@alice:signing_privatekey@alice", false, false],
      ["shared_key.bob@alice", true, true],
      ["@bob:shared_key@alice", true, true],
      ["cached:@alice:shared_key@bob", true, true],
      ["e1.default_enc_private_key.__manage@alice", false, false],
    ];
    for (const [key, read, write] of cases) {
      assert.equal(mayRead(app, key), read, `read ${key}`);
      assert.equal(mayWrite(app, key), write, `write ${key}`);
      assert.ok(mayRead({ enrollment: undefined }, key) && mayWrite({ enrollment: undefined }, key));
    }
  });

  test("* is for what no other entry names, but never for __manage", () => {
    const all = holder({ "*": "rw", buzz: "r" });
    assert.ok(
      mayWrite(all, "note@alice") && mayWrite(all, "x.y@alice") && mayWrite(all, "public:publickey@alice"),
    );
    assert.ok(mayRead(all, "x.buzz@alice") && !mayWrite(all, "x.buzz@alice"));
    assert.ok(!mayRead(all, "e1.new.enrollments.__manage@alice"));
    assert.ok(!mayReceive(all, "e1.new.enrollments.__manage@alice"));
    assert.ok(mayReceive(holder({ __manage: "r" }), "e1.new.enrollments.__manage@alice"));
    assert.ok(!mayRead(holder({ __manage: "rw" }), "e1.new.enrollments.__manage@alice"));
  });

  test("public keys are read by all and listed in their namespace only", () => {
    const app = holder({ buzz: "r" });
    assert.ok(mayRead(app, "public:x.other@alice") && !mayList(app, "public:x.other@alice"));
    assert.ok(!mayReceive(app, "@alice:hello.there you"), "a text message has no namespace of ours");
    assert.ok(!mayReceive(app, "@alice:hello"));
    assert.ok(mayReceive(holder({ "*": "r" }), "@alice:hello"));
  });

  test("the refusal names the enrollment, the verb and the key", () => {
    assert.throws(() => assertMayWrite(holder({ buzz: "r" }), "delete", "x.buzz@alice"), {
      code: "AT0009",
      message: "Connection with enrollment ID e1 is not authorized to delete key: x.buzz@alice",
    });
  });

  test("nobody gives away more than he has", () => {
    const cases: [Record<string, NamespaceAccess>, string, NamespaceAccess, boolean][] = [
      [{ buzz: "rw" }, "buzz", "rw", true],
      [{ Buzz: "rw" }, "bUZZ", "rw", true],
      [{ buzz: "r" }, "buzz", "rw", false],
      [{ buzz: "r" }, "buzz", "r", true],
      [{ buzz: "rw" }, "log.buzz", "rw", true],
      [{ "log.buzz": "rw" }, "buzz", "r", false],
      [{ buzz: "rw", "log.buzz": "r" }, "buzz", "rw", false],
      [{ "*": "rw" }, "buzz", "rw", true],
      [{ "*": "rw", buzz: "r" }, "*", "rw", false],
      [{ "*": "rw", buzz: "r" }, "fizz", "rw", true],
      [{ buzz: "rw" }, "*", "r", false],
      [{ "*": "rw" }, "__manage", "r", false],
      [{ "*": "rw", __manage: "r" }, "__manage", "rw", false],
      [{ "*": "rw", __manage: "r" }, "*", "rw", true],
    ];
    for (const [own, namespace, access, expected] of cases)
      assert.equal(covers(own, namespace, access), expected, JSON.stringify([own, namespace, access]));
  });
});
