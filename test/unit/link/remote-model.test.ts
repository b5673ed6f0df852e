import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { z } from "zod";
import { type AgentDefinition, defineAgent, skill } from "../../../src/define-agent.ts";
import { AppError } from "../../../src/errors.ts";
import { createRemoteModels, type RemoteModels } from "../../../src/link/remote-model.ts";
import { modelReplySchema, type ModelRequest, modelRequestSchema } from "../../../src/model-call.ts";
import { HostWorld, type Party } from "../../fakes/host-world.ts";
import { settle, until } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

const answerSchema = z.strictObject({ quantity: z.string() });
/** The agent "supply" asks the model as often as its input says. */
const asking = defineAgent({
  id: "supply",
  description: "for tests",
  skills: {
    ask: skill({
      effect: "read",
      input: z.strictObject({ times: z.number() }),
      output: z.strictObject({ answers: z.array(answerSchema), model: z.string() }),
      run: async ({ model, signal }, { times }) => {
        const answers = [];
        let used = "";
        for (let n = 0; n < times; n += 1) {
          const prompt = `question ${n}`;
          const { output, receipt } = await model.generate({
            role: "test",
            prompt,
            output: answerSchema,
            signal,
          });
          answers.push(output);
          used = receipt.model;
        }
        return { answers, model: used };
      },
    }),
  },
});

let world: HostWorld;
let bot: Party;
let models: RemoteModels;
let asked: ModelRequest[];
let answer: (request: ModelRequest) => Promise<unknown>;

/** The gateway as an agent whose one skill answers from a script. */
const gateway: AgentDefinition = defineAgent({
  id: "gateway",
  description: "for tests",
  skills: {
    generate: skill({
      effect: "read",
      input: modelRequestSchema,
      output: modelReplySchema,
      run: async (_context, request) => {
        asked.push(request);
        return { value: (await answer(request)) as z.core.util.JSONType, model: "scripted" };
      },
    }),
  },
});

beforeEach(async () => {
  world = await HostWorld.open(["ask", "generate"]);
  bot = await world.party("bot");
  asked = [];
  answer = async () => ({ quantity: "50" });
  models = createRemoteModels({
    link: world.network.link(world.address("supply")),
    gateway: () => world.address("gateway"),
    clock: world.time,
    timers: world.time,
    log: silentLogger,
  });
  await world.host(asking, { models });
});
afterEach(() => world.close());

const sentSteps = (kind: string): readonly string[] =>
  world.network.log.filter((each) => each.message.kind === kind).map((each) => each.message.subject.step);

test("each call is a request of its own to the gateway, under the step that asks, acknowledged when answered", async () => {
  await world.host(gateway, { allowedSenders: "any" });
  await bot.request("route", "ask", { times: 2 });
  const reply = await bot.answer("route");
  assert.deepEqual(reply.body, {
    output: { answers: [{ quantity: "50" }, { quantity: "50" }], model: "scripted" },
  });
  assert.deepEqual(
    asked.map((each) => [each.role, each.prompt]),
    [
      ["test", "question 0"],
      ["test", "question 1"],
    ],
  );
  assert.deepEqual(asked[0]?.schema["required"], ["quantity"]);
  assert.deepEqual(sentSteps("request"), ["route", "model-route-1", "model-route-2"]);
  await until(() => sentSteps("ack").length === 2, "acknowledgements");
  await world.network.idle();
  assert.deepEqual(await world.store("gateway").claimOutbox(world.time.now() + 3_600_000, 1, 10), []);
  const incoming = (await world.journal("supply")).filter((each) => each.facts["direction"] === "in");
  assert.equal(incoming.length, 3, "the gateway's two results and the bot's request");
});

test("a lost request is sent again, a doubled answer harms nothing, and the model is asked once", async () => {
  await world.host(gateway, { allowedSenders: "any" });
  let lost = 0;
  world.network.fate = (message, to) => {
    if (to.atSign === "@cs-gateway" && message.kind === "request") {
      lost += 1;
      return lost <= 2 ? 0 : 2;
    }
    return message.from.role === "gateway" ? 2 : 1;
  };
  await bot.request("route", "ask", { times: 1 });
  await until(() => lost === 1, "first sending");
  await until(async () => {
    await world.time.advance(1_000);
    return lost === 3;
  }, "third sending");
  assert.equal((await bot.answer("route")).kind, "result");
  assert.equal(asked.length, 1);
});

test("the gateway's error is the caller's error; what does not fit the caller's schema is one too", async () => {
  await world.host(gateway, { allowedSenders: "any" });
  answer = async () => {
    throw new AppError("leak", "refused by the leak gate");
  };
  await bot.request("route", "ask", { times: 1 });
  assert.deepEqual((await bot.answer("route")).body, {
    code: "leak",
    message: "refused by the leak gate",
    retryable: false,
  });
  answer = async () => ({ quantity: 50 });
  await bot.request("route", "ask", { times: 1 }, 2);
  assert.equal(await bot.errorCode("route", 2), "bad-model-output");
});

test("without a gateway the call ends by its own time, retryable, and by cancel at once", async () => {
  await bot.request("route", "ask", { times: 1 });
  await until(() => sentSteps("request").includes("model-route-1"), "asked");
  await bot.send("cancel", "route", null);
  assert.equal(await bot.errorCode("route"), "cancelled");

  const model = models.forSkill(
    { run: "run2", revision: 1, step: "x", attempt: 1 },
    new AbortController().signal,
  );
  const call = model.generate({ role: "test", prompt: "p", output: answerSchema });
  const outcome = call.catch((error: unknown) => error);
  await settle();
  await world.time.advance(120_000);
  const error = await outcome;
  assert.ok(error instanceof AppError);
  assert.equal(error.code, "model-timeout");
  assert.ok(error.retryable);
  const sendings = sentSteps("request").filter((step) => step === "model-x-1").length;
  assert.ok(sendings >= 5 && sendings <= 15, `${sendings} sendings in two minutes`);
});

test("only the gateway's answers are taken", async () => {
  const crm = await world.party("crm");
  await bot.request("route", "ask", { times: 1 });
  await until(() => sentSteps("request").includes("model-route-1"), "asked");
  await crm.send("result", "model-route-1", { output: { value: { quantity: "9" }, model: "forged" } });
  await bot.send("result", "model-route-1", { output: { value: { quantity: "9" }, model: "forged" } });
  await until(() => world.alarms.length === 1, "alarm");
  await settle();
  assert.deepEqual(bot.received, []);
  assert.deepEqual(world.alarms, ["sender-not-allowed"]);
});
