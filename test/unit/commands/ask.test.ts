import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, type AskOptions } from "../../../src/commands/ask.ts";
import type { ControlClient } from "../../../src/commands/control-client.ts";

interface Sent {
  readonly url: string;
  readonly body: unknown;
}

/** A bot that has one approval open, then is done. */
function bot(demo: boolean): { readonly client: ControlClient; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const card = (kind: string, approval: object | null) => ({
    key: `${kind}-R`,
    card: {
      kind,
      title: "",
      text: "",
      facts: [],
      steps: [],
      tables: [],
      options: [],
      tone: "good",
      approval,
    },
  });
  return {
    sent,
    client: {
      get: (url) =>
        Promise.resolve(
          url === "/status"
            ? { demo }
            : { type: "result", run: "R", status: "completed", plan: null, decision: null },
        ),
      post(url, body) {
        sent.push({ url, body });
        return Promise.resolve({ outcome: "accepted", run: "R" });
      },
      async *lines() {
        yield await Promise.resolve(card("approval", { id: "A", planHash: "00", requester: "employee" }));
        yield card("result", null);
      },
    },
  };
}
const answering = (reply: string) => ({ ask: () => Promise.resolve(reply) });
const decision = ({ sent }: { readonly sent: readonly Sent[] }) =>
  sent.find(({ url }) => url === "/approvals/A")?.body;

test("in the demo a manager decides, and may be named", async () => {
  const one = bot(true);
  assert.equal(await ask(one.client, "text", {}, answering("y")), 0);
  assert.deepEqual(decision(one), { verdict: "approved", as: "manager" });
  const other = bot(true);
  await ask(other.client, "text", { by: "manager-2", yes: true });
  assert.deepEqual(decision(other), { verdict: "approved", as: "manager-2" });
});

test("outside the demo whoever answers decides as themselves: nobody is named", async () => {
  const one = bot(false);
  assert.equal(await ask(one.client, "text", {}, answering("y")), 0);
  assert.deepEqual(decision(one), { verdict: "approved" });
  assert.ok(one.sent.every(({ body }) => !JSON.stringify(body).includes('"as"')));
});

test("outside the demo --as, --by and --yes are wrong usage, before anything is asked", async () => {
  for (const options of [{ as: "employee" }, { by: "manager" }, { yes: true }] satisfies AskOptions[]) {
    const one = bot(false);
    await assert.rejects(ask(one.client, "text", options), { code: "usage" });
    assert.deepEqual(one.sent, []);
  }
});

/** A bot that asks one question, refuses the answers named, and is done once it has taken one. */
function asking(refusals: readonly { readonly code: string; readonly message: string }[]) {
  const answers: string[] = [];
  const { client } = bot(true);
  const left = [...refusals];
  const taken = Promise.withResolvers<void>();
  const card = (kind: string, tone: string) => ({
    key: `${kind}-R`,
    card: {
      kind,
      title: kind,
      text: "For whom?",
      facts: [],
      steps: [],
      tables: [],
      options: [],
      tone,
      approval: null,
    },
  });
  const asks: ControlClient = {
    ...client,
    post(_url, body) {
      const { run, text } = body as { readonly run?: string; readonly text: string };
      if (run === undefined) {
        return Promise.resolve({ outcome: "accepted", run: "R" });
      }
      answers.push(text);
      const refusal = left.shift();
      if (refusal === undefined || refusal.code === "no-question") {
        taken.resolve();
      }
      return Promise.resolve(
        refusal === undefined
          ? { outcome: "accepted", run: "R" }
          : { outcome: "refused", error: { ...refusal, retryable: false }, result: null },
      );
    },
    async *lines() {
      yield await Promise.resolve(card("question", "waiting"));
      await taken.promise;
      yield card("result", "good");
    },
  };
  return { client: asks, answers };
}

test("an answer that is refused is said so, and asked for again", async () => {
  const { client, answers } = asking([{ code: "request-empty", message: "the request is empty" }]);
  const shown: string[] = [];
  const replies = ["?!", "Customer XYZ"];
  const prompter = {
    ask(question: string) {
      shown.push(question);
      return Promise.resolve(replies.shift() ?? null);
    },
  };
  assert.equal(await ask(client, "text", {}, prompter), 0);
  assert.deepEqual(answers, ["?!", "Customer XYZ"]);
  assert.match(shown[0] ?? "", /For whom\?/);
  assert.match(shown[1] ?? "", /^the request is empty/);
});

test("who answers a question that somebody answered elsewhere is not asked again", async () => {
  const { client, answers } = asking([{ code: "no-question", message: "no question waits" }]);
  assert.equal(await ask(client, "text", {}, answering("Customer XYZ")), 0);
  assert.deepEqual(answers, ["Customer XYZ"]);
});

test("who asks while the company is frozen is told why nothing moves", async (t) => {
  const write = t.mock.method(process.stderr, "write", () => true);
  const { client } = bot(true);
  const status = (freeze: object | null): ControlClient => ({
    ...client,
    get: async (url) => (url === "/status" ? { demo: true, safety: { freeze } } : client.get(url)),
  });
  const said = () => write.mock.calls.map((call) => String(call.arguments[0])).join("");
  await ask(status(null), "text", { yes: true });
  assert.doesNotMatch(said(), /Frozen/);
  await ask(status({ by: "mona", reason: "fraud suspected" }), "text", { yes: true });
  assert.match(said(), /^Frozen by mona: fraud suspected\. The request waits/m);
});
