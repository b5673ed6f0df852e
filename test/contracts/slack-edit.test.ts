import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { recordedEdits } from "../fakes/recorded-edits.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** `/countersign edit ID FIELD VALUE … [yes]`, through the real bolt. */

let world: SlackWorld;
const { inbox, edits, previews } = recordedEdits();
before(async () => {
  world = await slackWorld();
  Object.assign(world.office.inbox, inbox);
});
after(() => world.stop());

const said = async (name: string, line: string): Promise<string> =>
  JSON.stringify(await world.slack.user(name).runs(line, "general"));

test("what may be changed, then what a change would do, then the change, once per command", async () => {
  assert.match(await said("manager", "/countersign edit"), /Which one\? .*edit ID FIELD VALUE/);
  assert.match(
    await said("manager", "/countersign edit run1"),
    /Quantity: 50 \(1 to 100\).*Shipping: cheapest \(cheapest, fastest\)/,
  );
  const preview = await said("manager", "/countersign edit run1 quantity 60");
  assert.match(preview, /Quantity: 50 → 60.*withdrawn.*only after the checks.*edit run1 quantity 60 yes/);
  assert.deepEqual([previews.length, edits.length], [1, 0]);
  assert.match(await said("manager", "/countersign edit run1 quantity 60 yes"), /run1 is planned anew/);
  const [edit] = edits;
  assert.deepEqual(
    [edit?.approval, edit?.person, edit?.changes, edit?.adapter],
    ["run1", "manager", { quantity: "60" }, "slack"],
  );
  assert.match(edit?.account ?? "", /^slack:/);
  await said("manager", "/countersign edit run1 quantity 61 yes");
  assert.notEqual(edits[0]?.key, edits[1]?.key);
});

test("bad words, people without the right and strangers are told why, and nothing is changed", async () => {
  const before = edits.length;
  assert.match(
    await said("manager", "/countersign edit run1 price 3 yes"),
    /price.* is not known: expected quantity/,
  );
  assert.equal(edits.length, before);
  assert.match(await said("employee", "/countersign edit run1 quantity 60 yes"), /needs manager/);
  assert.match(await said("admin", "/countersign edit run1 quantity 60 yes"), /Refused/);
  assert.match(edits.at(-1)?.person ?? "", /^slack:/, "the account, which is nobody's id");
});
