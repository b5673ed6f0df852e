import assert from "node:assert/strict";
import { test } from "node:test";
import { createConnection } from "../../../../adapters/slack/connection.ts";
import { membership } from "../../../../adapters/slack/membership.ts";
import { settle } from "../../../fakes/manual-time.ts";
import { silentLogger } from "../../../fakes/silent-logger.ts";

const alone = { team: "T1", enterprise: undefined };
const inOrg = { team: "T1", enterprise: "E1" };
const user = (enterprise: string, teams?: string[]) => ({
  enterprise_user: { enterprise_id: enterprise, ...(teams === undefined ? {} : { teams }) },
});

test("a workspace of its own: the user's team counts, and must be said", () => {
  assert.equal(membership({ team_id: "T1" }, alone), "ours");
  assert.equal(membership({ team_id: "T2" }, alone), "elsewhere");
  assert.equal(membership({}, alone), "not-said");
  assert.equal(membership({ team_id: "T2", ...user("E1", ["T1", "T2"]) }, alone), "elsewhere");
});

test("in an organisation the list of the user's workspaces counts, whatever the team says", () => {
  for (const team of [{}, { team_id: "T1" }, { team_id: "T2" }, { team_id: "E1" }]) {
    assert.equal(membership({ ...team, ...user("E1", ["T2", "T1"]) }, inOrg), "ours");
    assert.equal(membership({ ...team, ...user("E1", ["T2"]) }, inOrg), "elsewhere");
    assert.equal(membership({ ...team, ...user("E1", []) }, inOrg), "elsewhere");
    assert.equal(membership({ ...team, ...user("E2", ["T1"]) }, inOrg), "elsewhere");
  }
});

test("in an organisation without that list, the team counts", () => {
  assert.equal(membership({ team_id: "T1", ...user("E1") }, inOrg), "ours");
  assert.equal(membership({ team_id: "E1", ...user("E1") }, inOrg), "elsewhere");
  assert.equal(membership({ team_id: "T2" }, inOrg), "elsewhere");
  assert.equal(membership(user("E1"), inOrg), "not-said");
});

test("an app of a whole organisation does not connect, and says why", async () => {
  let connected = false;
  const answer = { ok: true, team_id: "E1", user_id: "U1", bot_id: "B1", enterprise_id: "E1" };
  const connection = createConnection({
    web: {
      call: (_method, _args, o) =>
        Promise.resolve(o.answer.parse({ ...answer, is_enterprise_install: true })),
    },
    after: () => () => undefined,
    random: () => 0,
    log: silentLogger,
  });
  connection.start(() => {
    connected = true;
    return Promise.resolve();
  });
  await settle();
  assert.equal(connected, false);
  assert.equal(connection.identity(), undefined);
  assert.equal(connection.error(), "slack-org-install");
});
