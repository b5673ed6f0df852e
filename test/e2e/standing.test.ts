import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { TestSystem } from "./system.ts";

const request = "Order the parts needed for 50 widgets for Customer XYZ";
const terms = ["--each", "25000 USD", "--in-all", "30000 USD", "--uses", "5", "--currency", "USD", "EUR"];

suite("approved in advance, and asked back", () => {
  const system = new TestSystem();
  before(async () => {
    await system.start();
  });
  after(() => system.remove());
  /** The id in what a command answered. */
  const idIn = (text: string) => /\bs[A-Za-z0-9]{6,}\b/.exec(text)?.[0] ?? assert.fail(text);
  const until = () => new Date(Date.now() + 86_400_000).toISOString();

  test("a grant decides what it covers, once it is approved and as far as it reaches; then people do", async () => {
    const propose = (...more: string[]) =>
      system.run("standing", "propose", "--for", "employee", ...terms, "--until", until(), ...more);
    const over = await propose("--tier", "large");
    assert.equal(over.code, 1, "the policy has none in this tier");
    const stranger = await propose("--customer", "Customer XYZ");
    assert.deepEqual([stranger.code, stranger.stdout], [1, ""]);
    assert.match(stranger.stderr, /--customer "Customer XYZ": expected an id of the books/);
    const proposed = await propose("--by", "employee", "--customer", "CUST-XYZ");
    assert.equal(proposed.code, 0, proposed.stderr);
    const id = idIn(proposed.stdout);
    const own = await system.run("standing", "approve", id, "--by", "employee");
    assert.equal(own.code, 1, "not by whom it is for");
    const approved = await system.run("standing", "approve", id);
    assert.equal(approved.code, 0, approved.stderr);
    const told = await system.run("policy", "explain", request, "--by", "employee", "--amount", "20000");
    assert.match(told.stdout, new RegExp(`in advance by standing grant ${id}`));
    assert.match(told.stdout, /expires at \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    assert.doesNotMatch(told.stdout, /\d-\d\dT\d|\.\d{3}Z/);

    const first = await system.ask(request);
    // Whether the open card was seen before it was decided is a matter of milliseconds.
    assert.ok([0, 5].includes(first.code), JSON.stringify(first.result.error));
    const ended = await system.ended(first.result.run ?? "");
    assert.equal(ended.status, "completed", JSON.stringify(ended.error));
    const story = await system.run("explain", first.result.run ?? "");
    assert.match(story.stdout, new RegExp(`manager, in advance, by standing grant ${id}, approved`));
    const orders = await system.books<{ run: string; decidedBy: string }>("orders");
    const placed = orders.filter(({ run }) => run === first.result.run);
    assert.ok(placed.length > 0 && placed.every(({ decidedBy }) => decidedBy === "manager"));

    const second = await system.ask(request);
    assert.equal(second.code, 5, "twice is more than was granted: it waits for a person");
    const listed = await system.run("standing");
    assert.match(listed.stdout, /4 of 5 plans/);
    const revoked = await system.run("standing", "revoke", id);
    assert.equal(revoked.code, 0, revoked.stderr);

    // The open one: its decider asks first.
    const approval = `${second.result.run}-1-`;
    const waiting = await system.run("approvals", "--json");
    const gate = new RegExp(`"${approval}[a-zA-Z]+"`).exec(waiting.stdout)?.[0].slice(1, -1) ?? "";
    const asked = await system.run("ask-back", gate, "--text", "For which hall?");
    assert.equal(asked.code, 0, asked.stderr);
    const answered = await system.run("answer", second.result.run ?? "", "Hall 2.");
    assert.equal(answered.code, 0, answered.stderr);
    const card = await system.run("approvals", gate);
    assert.match(card.stdout, /Question by manager: +For which hall\?[^]*Answer: +Hall 2\./);
    const decided = await system.run("approve", gate);
    assert.equal(decided.code, 0, decided.stderr);
  });
});
