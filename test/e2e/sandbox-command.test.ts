import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { suite, test } from "node:test";
import { activate, AtClient, generateAtKeys, readAtKeysFile } from "@atsign/atsdk";
import { profiles, runProfile, withSandboxCommand } from "../conformance/run-profile.ts";

const folder = process.env["COUNTERSIGN_CONFORMANCE"];

test("the sandbox command starts any atSigns, ready for use, and finds them again", async (t) => {
  const place = mkdtempSync(path.join(tmpdir(), "countersign-sandbox-"));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const use = async (write: boolean): Promise<string> =>
    withSandboxCommand({ atSigns: "@alice,@bob🛠", profile: "default", folder: place }, async (ready) => {
      assert.deepEqual(Object.keys(ready.atSigns), ["@alice", "@bob🛠"]);
      assert.deepEqual(Object.keys(ready.cram), ["@alice", "@bob🛠"]);
      const file = path.join(ready.keys ?? "", "@alice_key.atKeys");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const address = {
        atSign: "@alice",
        directory: { host: ready.host, port: ready.port },
        ca: readFileSync(ready.ca, "utf8"),
      };
      const alice = await AtClient.open({ ...address, keys: await readAtKeysFile(file) });
      const key = { kind: "self", name: "kept", namespace: "test" } as const;
      if (write) await alice.put(key, "from the first start");
      const kept = await alice.get(key);
      await alice.close();
      // Another client may still activate the atSign in its own way.
      if (!write) {
        const keys = await generateAtKeys();
        await activate({ ...address, keys, cramSecret: ready.cram["@alice"] ?? "" });
        await (await AtClient.open({ ...address, keys })).close();
      }
      return kept ?? "nothing";
    });
  assert.equal(await use(true), "from the first start");
  assert.equal(await use(false), "from the first start");
});

suite(
  "conformance",
  { skip: folder === undefined ? "COUNTERSIGN_CONFORMANCE names no suite" : false },
  () => {
    for (const profile of profiles)
      test(`profile ${profile}`, async () => {
        const place = folder ?? "";
        const { passed, report } = await runProfile(profile, {
          suite: place,
          cases: path.join(place, "cases.json"),
        });
        assert.ok(passed, report);
      });
  },
);
