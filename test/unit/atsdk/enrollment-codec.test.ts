import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { AtError } from "@atsign/atsdk";
import { decryptAes } from "../../../src/atsdk/aes.ts";
import {
  type ApprovalFields,
  enrollApproveCommand,
  enrollCommand,
  enrollRequestCommand,
  keysGetCommand,
  otpGetCommand,
  otpPutCommand,
  readEnrolled,
  readEnrollment,
  readEnrollments,
  readLastRevoked,
  readMembers,
  readWrappedKey,
  type RequestFields,
} from "../../../src/atsdk/codec/enrollment.ts";
import { ReplyReader } from "../../../src/atsdk/codec/reply-reader.ts";
import { vectorSets } from "./vectors.ts";

const isBadReply = (error: unknown) => error instanceof AtError && error.code === "bad-reply";
const payload = (reply: string) => {
  const [frame] = new ReplyReader().push(Buffer.from(reply));
  assert.ok(frame?.kind === "data");
  return frame.payload;
};

for (const { name, set } of vectorSets)
  for (const v of set.enrollment)
    test(`${name}: ${v.id} is written and read as it travels`, () => {
      const { enrollmentId, ...params } = v.params as Record<string, unknown>;
      if (v.reply !== undefined) {
        assert.equal(`${enrollRequestCommand(params as unknown as RequestFields)}\n`, v.wire);
        const { enrollmentId: id } = JSON.parse(payload(v.reply)) as { enrollmentId: string };
        assert.deepEqual(readEnrolled(payload(v.reply)), { id, status: "pending" });
        return;
      }
      const id = String(enrollmentId);
      assert.equal(`${enrollApproveCommand(id, params as unknown as ApprovalFields)}\n`, v.wire);
      if (v.keysGetRequest !== undefined) {
        assert.equal(`${keysGetCommand(id, "default_enc_private_key", "@alice")}\n`, v.keysGetRequest);
        assert.equal(`${keysGetCommand(id, "default_self_enc_key", "@alice")}\n`, v.keysGetRequestSelf);
      }
      const open = (reply = "") => {
        const { value, iv } = readWrappedKey(payload(reply));
        return decryptAes(value, set.keys.apkamSymmetricKeyB64, iv);
      };
      assert.equal(open(v.keysGetReplyEncPriv), set.keys.aliceEncryption.privatePkcs8B64);
      assert.equal(open(v.keysGetReplySelf), set.keys.aliceSelfEncryptionKeyB64);
    });

suite("lines and replies of enrollment", () => {
  test("the short commands", () => {
    assert.equal(otpGetCommand(), "otp:get");
    assert.equal(otpGetCommand(60_000), "otp:get:ttl:60000");
    assert.equal(otpPutCommand("abc123", 5), "otp:put:abc123:ttl:5");
    assert.equal(
      enrollCommand("revoke", "a-1", { force: true }),
      'enroll:revoke:force:{"enrollmentId":"a-1"}',
    );
    assert.equal(enrollCommand("fetch", "a-1"), 'enroll:fetch:{"enrollmentId":"a-1"}');
  });

  const description = {
    appName: "stock",
    deviceName: "desk",
    namespace: { stock: "rw" },
    encryptedAPKAMSymmetricKey: null,
    status: "approved",
    expiresAt: "2027-01-15T08:00:00.000Z",
  };
  const expected = {
    id: "a-1",
    appName: "stock",
    deviceName: "desk",
    namespaces: { stock: "rw" },
    status: "approved",
    wrappedKey: undefined,
    expiresAt: 1_800_000_000_000,
  };

  test("a description, alone and in a list", () => {
    assert.deepEqual(readEnrollment("a-1", JSON.stringify(description)), expected);
    const listed = { "a-1.new.enrollments.__manage@alice": { ...description, status: "of tomorrow" } };
    assert.deepEqual(readEnrollments(JSON.stringify(listed)), [{ ...expected, status: "unknown" }]);
    assert.deepEqual(readEnrollments("{}"), []);
    const plain = { ...description, expiresAt: undefined, encryptedAPKAMSymmetricKey: "AA==" };
    const found = readEnrollment("a-1", JSON.stringify(plain));
    assert.deepEqual([found.wrappedKey, found.expiresAt], ["AA==", undefined]);
  });

  test("members of a namespace and the last revocation", () => {
    const member = { enrollmentId: "a-1", access: "r", apkamPubKey: "key", metadata: null };
    assert.deepEqual(readMembers(JSON.stringify([member])), [{ id: "a-1", access: "r" }]);
    for (const bad of [
      "{}",
      "null",
      "[1]",
      '[{"enrollmentId":"a-1","access":"w"}]',
      '[{"enrollmentId":"a b","access":"r"}]',
    ])
      assert.throws(() => readMembers(bad), isBadReply, bad);
    assert.equal(readLastRevoked('{"lastRevokedAt":null}'), undefined);
    assert.equal(
      readLastRevoked('{"lastRevokedAt":"2026-01-02T03:04:05.678Z"}'),
      Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    );
    for (const bad of ["[]", '{"lastRevokedAt":5}', '{"lastRevokedAt":"never"}'])
      assert.throws(() => readLastRevoked(bad), isBadReply, bad);
  });

  test("replies of another form are refused", () => {
    for (const reply of ["null", "[]", "x", "{}", '{"enrollmentId":7}'])
      assert.throws(() => readEnrolled(reply), isBadReply, reply);
    for (const reply of ["null", "{}", '{"appName":"a","deviceName":"b"}', '{"appName":"a","namespace":{}}'])
      assert.throws(() => readEnrollment("a-1", reply), isBadReply, reply);
    for (const reply of ["[]", '{"x":{}}', '{"a.b":7}', '{".b":{}}'])
      assert.throws(() => readEnrollments(reply), isBadReply, reply);
    for (const reply of ["null", "{}", '{"value":7}'])
      assert.throws(() => readWrappedKey(reply), isBadReply, reply);
    const readers = [readEnrolled, readEnrollments, readWrappedKey, readEnrollment.bind(undefined, "a-1")];
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (reply) => {
        for (const read of readers)
          try {
            read(reply);
          } catch (error) {
            if (!isBadReply(error)) throw error;
          }
      }),
    );
  });
});
