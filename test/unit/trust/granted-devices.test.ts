import assert from "node:assert/strict";
import { test } from "node:test";
import { type GrantedDevice, refuseTaken } from "../../../src/trust/granted-devices.ts";

const mona: GrantedDevice = {
  atSign: "@mona",
  device: "main",
  signingKey: "key-of-mona",
  serial: 1,
  notAfter: "2027-01-05T09:00:00.000Z",
  status: "granted",
};
const asked = { atSign: "@milo", device: "main", signingKey: "key-of-milo" } as const;

test("two people never countersign with one key", () => {
  const shared = { ...asked, signingKey: mona.signingKey };
  assert.throws(() => refuseTaken([mona], shared), {
    code: "key-taken",
    message: /@milo asks with .* @mona/,
  });
  assert.doesNotThrow(() => refuseTaken([mona], asked));
  assert.doesNotThrow(() => refuseTaken([{ ...mona, status: "revoked" }], shared));
});

test("another key under a machine's name is refused; the same request again is not", () => {
  const next = { ...mona, signingKey: "another" };
  assert.throws(() => refuseTaken([mona], next), { code: "device-exists" });
  assert.doesNotThrow(() => refuseTaken([mona], { ...next, device: "laptop" }));
  assert.doesNotThrow(() => refuseTaken([mona], mona));
});
