import assert from "node:assert/strict";
import { test } from "node:test";
import { makeInstanceKeys } from "../../../src/keys.ts";
import {
  deviceFingerprint,
  type DeviceRequest,
  formatDeviceRequest,
  readDeviceRequest,
} from "../../../src/trust/device-request.ts";
import { rawPublicKey } from "../../../src/trust/sign-statement.ts";
import { makeSigningKey, signInstanceGrant } from "../../../src/trust/sign-trust.ts";

function request(o: { readonly role?: string; readonly signer?: ReturnType<typeof makeSigningKey> } = {}) {
  const holder = makeSigningKey();
  const keys = makeInstanceKeys({ atSign: "@cs-manager", instance: "main" });
  const grant = signInstanceGrant(
    {
      atSign: keys.atSign,
      instance: "main",
      role: o.role ?? "person",
      ed25519: rawPublicKey(keys.ed25519),
      x25519: rawPublicKey(keys.x25519),
      notAfter: "2027-01-01T00:00:00.000Z",
      serial: 1,
    },
    (o.signer ?? holder).privateKey,
  );
  return { version: 1, person: "manager", signingKey: holder.publicKey, grant } as const;
}

test("a request survives pasting, with the same fingerprint on both sides", () => {
  const asked: DeviceRequest = request();
  const read = readDeviceRequest(` ${formatDeviceRequest(asked)}\n`);
  assert.deepEqual(read, asked);
  assert.equal(deviceFingerprint(read), deviceFingerprint(asked));
  assert.match(deviceFingerprint(read), /^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
  assert.notEqual(deviceFingerprint(request()), deviceFingerprint(asked), "other keys, another fingerprint");
});

test("what is cut off, altered, for an agent's role or signed by another key is refused", () => {
  const token = formatDeviceRequest(request());
  const bad = [
    "",
    "cs1.abc.def",
    token.slice(0, -10),
    `${token}.more`,
    `cs-device1.${Buffer.from("{}").toString("base64url")}`,
    formatDeviceRequest(request({ role: "supply" })),
    formatDeviceRequest(request({ signer: makeSigningKey() })),
    formatDeviceRequest({ ...request(), signingKey: makeSigningKey().publicKey }),
  ];
  for (const each of bad) {
    assert.throws(() => readDeviceRequest(each), { code: "token-malformed" });
  }
});
