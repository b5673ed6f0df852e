import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { loadRulesModel } from "../../../adapters/rules-model/rules-model.ts";
import { createGateway, gatewayAgent } from "../../../src/governance/gateway.ts";
import type { LanguageModel, Logger } from "../../../src/ports.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { ScriptedModel, skillContext } from "../../fakes/skill-context.ts";

const everyRole = ["poet", "router", "quoting", "other", "toString"];
function gatewayWith(
  models: Readonly<Record<string, LanguageModel>>,
  callers: Readonly<Record<string, readonly string[]>> = { tester: everyRole },
) {
  const lines: unknown[] = [];
  const note = (fields: unknown, event: string) => void lines.push({ event, ...(fields as object) });
  const log: Logger = { info: note, warn: note, error: note };
  return { gateway: createGateway({ models, callers, clock: { now: () => 1_000 }, log }), lines };
}
const { signal } = new AbortController();
const call = { run: "run1", caller: "tester", signal };
const schema = z.toJSONSchema(z.strictObject({ wording: z.string() }));

suite("model gateway", () => {
  test("each role has its own model, and the answer names it", async () => {
    const poet = new ScriptedModel({ wording: "hello" });
    const { gateway } = gatewayWith({ poet, router: await loadRulesModel() });
    assert.deepEqual(await gateway.generate({ role: "poet", prompt: "sing", schema }, call), {
      value: { wording: "hello" },
      model: "scripted",
    });
    const prompt = JSON.stringify({ text: "Order parts for 50 widgets", dialogue: [] });
    const answer = await gateway.generate({ role: "router", prompt, schema: {} }, call);
    assert.equal(answer.model, "rules");
    assert.deepEqual(poet.prompts, [{ role: "poet", prompt: "sing" }]);
  });

  test("each call is in the journal, also one that failed, with nothing that was said", async () => {
    const entries: unknown[] = [];
    const gateway = createGateway({
      models: { tester: new ScriptedModel({ wording: "secret answer" }) },
      clock: { now: () => 1_000 },
      log: silentLogger,
      journal: async (added) => void entries.push(...added),
    });
    const ask = () => gateway.generate({ role: "tester", prompt: "secret prompt", schema }, call);
    await ask();
    await assert.rejects(ask(), { code: "model-unavailable" });
    const facts = { caller: "tester", role: "tester", promptBytes: 13, ms: 0 };
    assert.deepEqual(entries, [
      { kind: "model", run: "run1", facts: { ...facts, model: "scripted", answerBytes: 27 } },
      { kind: "model", run: "run1", facts: { ...facts, code: "model-unavailable" } },
    ]);
  });

  test("logs ids, sizes and times, and nothing that was said", async () => {
    const { gateway, lines } = gatewayWith({ poet: new ScriptedModel({ wording: "secret answer" }) });
    await gateway.generate({ role: "poet", prompt: "secret prompt", schema }, call);
    await assert.rejects(gateway.generate({ role: "poet", prompt: "secret prompt", schema }, call));
    await assert.rejects(gateway.generate({ role: "other", prompt: "secret prompt", schema }, call));
    const common = { run: "run1", caller: "tester", promptBytes: 13 };
    assert.deepEqual(lines, [
      { event: "model call", ...common, role: "poet", model: "scripted", answerBytes: 27, ms: 0 },
      { event: "model call failed", ...common, role: "poet", code: "model-unavailable", ms: 0 },
      { event: "model call refused", ...common, role: "other", code: "unknown-role" },
    ]);
  });

  test("refuses unknown roles, requests of another form and what is no schema", async () => {
    const { gateway } = gatewayWith({ poet: new ScriptedModel() });
    const refused: readonly (readonly [unknown, string])[] = [
      [{ role: "toString", prompt: "a", schema }, "unknown-role"],
      [{ role: "other", prompt: "a", schema }, "unknown-role"],
      [{ role: "poet", prompt: "", schema }, "bad-request"],
      [{ role: "poet", prompt: "a" }, "bad-request"],
      [{ role: "poet", prompt: "a", schema, model: "gpt" }, "bad-request"],
      [{ role: "poet", prompt: "a", schema: { type: "nonsense" } }, "bad-request"],
      ["poet", "bad-request"],
    ];
    for (const [request, code] of refused) {
      await assert.rejects(gateway.generate(request, call), { code }, JSON.stringify(request));
    }
  });

  test("a caller may use the model of its own role, and others only where it is said", async () => {
    const models = {
      router: new ScriptedModel({ wording: "a" }),
      quoting: new ScriptedModel({ wording: "b" }),
    };
    const { gateway, lines } = gatewayWith(models, { exception: ["quoting"], hitl: [] });
    const ask = (caller: string, role: string) =>
      gateway.generate({ role, prompt: "sing", schema }, { ...call, caller });
    assert.equal((await ask("router", "router")).model, "scripted");
    assert.equal((await ask("exception", "quoting")).model, "scripted");
    const refused = [
      ["supply", "router"],
      ["router", "quoting"],
      ["exception", "router"],
      ["hitl", "hitl"],
      ["constructor", "router"],
    ] as const;
    for (const [caller, role] of refused) {
      await assert.rejects(ask(caller, role), { code: "role-not-allowed" }, `${caller} ${role}`);
    }
    assert.equal(
      lines.filter((each) => (each as { event: string }).event === "model call refused").length,
      5,
    );
    assert.deepEqual([models.router.prompts.length, models.quoting.prompts.length], [1, 1]);
  });

  test("an answer of another form than asked for does not leave", async () => {
    const { gateway } = gatewayWith({ quoting: await loadRulesModel() });
    const prompt = JSON.stringify({ placeholders: ["{total}"] });
    const wrong = z.toJSONSchema(z.strictObject({ amount: z.number() }));
    await assert.rejects(gateway.generate({ role: "quoting", prompt, schema: wrong }, call), {
      code: "bad-model-output",
    });
  });

  test("is served as an agent: one read skill for models, and the witness", async () => {
    const { gateway } = gatewayWith({ poet: new ScriptedModel({ wording: "hello" }) }, {});
    const { id, skills } = gatewayAgent(gateway);
    assert.deepEqual([id, Object.keys(skills)], ["gateway", ["generate", "witness"]]);
    const generate = skills["generate"] ?? assert.fail();
    assert.equal(generate.effect, "read");
    const input: unknown = generate.input.parse({ role: "poet", prompt: "sing", schema });
    const output: unknown = await generate.run(
      skillContext({ agent: "gateway", caller: "poet" }),
      input,
      null,
    );
    assert.deepEqual(generate.output.parse(output), { value: { wording: "hello" }, model: "scripted" });
    const stranger = skillContext({ agent: "gateway", caller: "supply" });
    await assert.rejects(generate.run(stranger, input, null), { code: "role-not-allowed" });
  });
});
