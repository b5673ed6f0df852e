import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { mentions, plainText } from "../../../../adapters/slack/plain-text.ts";
import {
  messageIdOf,
  messageOf,
  placeOf,
  requestKeyOf,
  threadOf,
} from "../../../../adapters/slack/slack-ids.ts";

const self = "U0BOT";

test("the bot's own mention goes, everybody else stays as a reader sees them", () => {
  assert.equal(plainText("<@U0BOT> order parts", self), "order parts");
  assert.equal(plainText("<@U0BOT|countersign>   order  for <@U2|mara>", self), "order for @mara");
  assert.equal(plainText("ask <@U9> in <#C1|orders>", self), "ask @U9 in #orders");
  assert.equal(plainText("<!here> <!subteam^S1|@buyers>", self), "@here @buyers");
});

test("links, dates and escapes become what was typed", () => {
  assert.equal(
    plainText("see <https://example.org/a?b=1&amp;c=2>", self),
    "see https://example.org/a?b=1&c=2",
  );
  assert.equal(plainText("mail <mailto:x@example.org|x@example.org>", self), "mail x@example.org");
  assert.equal(plainText("5 &lt; 6 &amp;amp; 7 &gt; 2", self), "5 < 6 &amp; 7 > 2");
  assert.equal(plainText("by <!date^1392734382^{date}|18 Feb>", self), "by 18 Feb");
});

test("whatever is typed comes back as typed, but for blanks", () => {
  fc.assert(
    fc.property(fc.string(), (typed) => {
      const sent = typed.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
      assert.equal(plainText(sent, self), typed.replace(/[ \t]+/g, " ").trim());
    }),
  );
});

test("a mention is Slack's own, not its look-alike", () => {
  assert.ok(mentions("hi <@U0BOT>!", self));
  assert.ok(mentions("hi <@U0BOT|countersign>", self));
  assert.ok(!mentions("hi &lt;@U0BOT&gt; @U0BOT <@U0BOT2>", self));
});

test("places and messages survive their texts, and nothing else is read as one", () => {
  for (const place of [
    { team: "T1", channel: "C1", threadTs: "1700000000.000100" },
    { team: "T1", channel: "C1" },
    { team: "T1", user: "U1" },
  ]) {
    assert.deepEqual(placeOf(threadOf(place)), place);
  }
  for (const wrong of [
    "slack:T1",
    "slack:T1/C1/x",
    "console:a",
    "slack:T1/@",
    "slack:t1/C1",
    "slack:T1/C1/1.1/2",
  ]) {
    assert.throws(() => placeOf(wrong), { code: "bad-thread" });
  }
  assert.deepEqual(messageOf(messageIdOf("C1", "1.2")), { channel: "C1", ts: "1.2" });
  assert.throws(() => messageOf("C1"), { code: "bad-message" });
});

test("lesson 6: a message's key is its place, time and author; an edit is another message", () => {
  const message = { team: "T1", channel: "C1", ts: "1.2", user: "U1" };
  assert.equal(requestKeyOf(message), "slack:T1/C1/1.2/U1");
  assert.equal(requestKeyOf({ ...message, editedTs: "1.9" }), "slack:T1/C1/1.2/U1/1.9");
});
