import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { makeInstanceKeys, makeSecretFolder, writeInstanceKeys } from "../../../src/keys.ts";
import { deviceIn } from "../../../src/processes/device.ts";

test("a folder is one person's machine: another atSign finds no keys of its own there", async (t) => {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), "countersign-device-")), "keys");
  t.after(() => rm(path.dirname(folder), { recursive: true }));
  await makeSecretFolder(folder);
  assert.equal(await deviceIn({ folder, atSign: "@milo" }), undefined);
  await writeInstanceKeys(folder, makeInstanceKeys({ atSign: "@mona", instance: "laptop" }));
  assert.equal(await deviceIn({ folder, atSign: "@mona" }), "laptop");
  await assert.rejects(deviceIn({ folder, atSign: "@milo" }), {
    code: "usage",
    message: /holds the keys of @mona: the key file of @milo belongs in a folder of its own$/,
  });
});
