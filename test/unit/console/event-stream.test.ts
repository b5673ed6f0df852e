import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleWorld } from "../../fakes/console-client.ts";
import { settle } from "../../fakes/manual-time.ts";

test("a page that does not read is cut off, and nothing is kept for it any more", async () => {
  const world = consoleWorld();
  const { feed } = world;
  const browser = await world.signIn("employee");
  const response = await browser.get("/p/employee/api/events");
  const told = 5_000;
  for (let number = 0; number < told; number += 1) {
    feed.notice("employee", `notice ${number}`);
    if (number % 500 === 0) {
      await settle();
    }
  }
  await settle();
  assert.deepEqual(feed.people(), []);
  const text = await response.text();
  assert.ok([...text.matchAll(/^event: notice/gm)].length < told);
});
