import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ask } from "../../src/commands/ask.ts";
import { type ControlClient, controlClient } from "../../src/commands/control-client.ts";
import { AppError } from "../../src/errors.ts";
import { lockFolder } from "../../src/processes/folder-lock.ts";
import type { RunResult } from "../../src/run-result.ts";
import type { Ready } from "./system.ts";
import { TestSystem } from "./system.ts";
import { setFaults } from "./wholesaler-control.ts";

/** Whatever people type and whatever is broken around them: a clear answer, and nothing is lost. */

const patience = 40_000;

suite("bad input", { timeout: 150_000 }, () => {
  const system = new TestSystem();
  let ready: Ready;
  let client: ControlClient;
  before(async () => {
    ready = await system.start();
    client = controlClient(path.join(system.folder, "run"), "bot");
  });
  after(() => system.remove());

  /** Sends a request, or the answer to a run's question in that run's thread. */
  async function say(text: string, asking?: string): Promise<{ run: string }> {
    const accepted = await client.post("/requests", {
      key: randomUUID(),
      text,
      ...(asking === undefined ? {} : { run: asking }),
    });
    assert.equal((accepted as { outcome: string }).outcome, "accepted", JSON.stringify(accepted));
    return accepted as { run: string };
  }
  /** The result once it is as wanted. */
  async function resultOf(run: string, wanted: (result: RunResult) => boolean): Promise<RunResult> {
    const deadline = performance.now() + patience;
    for (;;) {
      const result = (await client.get(`/runs/${run}/result`)) as RunResult;
      if (wanted(result)) {
        return result;
      }
      assert.ok(performance.now() < deadline, `run ${run} stays ${JSON.stringify(result)}`);
      await pause(30);
    }
  }
  const asks = (result: RunResult) => result.status === "needs-input";
  const planned = (result: RunResult) => result.plan !== null && result.status === "waiting";
  async function questionAbout(text: string): Promise<RunResult> {
    return resultOf((await say(text)).run, (result) => asks(result) || result.plan !== null);
  }
  const order = (quantity: string, item = "widgets", customer = "Customer XYZ") =>
    `Order the parts needed for ${quantity} ${item} for ${customer}`;

  test("of two similar customers the exact name is taken, a part of it is asked about and answered in the thread", async () => {
    const exact = await resultOf((await say(order("5"))).run, planned);
    assert.equal(exact.request?.customer, "CUST-XYZ");
    const { run } = await say(order("5", "widgets", "XYZ"));
    const unsure = await resultOf(run, asks);
    assert.match(
      `${unsure.question} ${unsure.options?.join()}`,
      /Customer XYZ(?! Export).*Customer XYZ Export/,
    );
    assert.equal((await say("Customer XYZ Export", run)).run, run);
    const settled = await resultOf(run, (result) => !asks(result) && result.request !== null);
    assert.notEqual(settled.request?.customer, "CUST-XYZ");
    assert.equal(settled.request?.quantity, "5");
  });

  test("unknown customers and products: the nearest names are offered", async () => {
    const customer = await questionAbout(order("5", "widgets", "Custommer XZY"));
    assert.ok(asks(customer));
    assert.match(`${customer.question} ${customer.options?.join()}`, /Customer XYZ/);
    const item = await questionAbout(order("5", "wigdgets"));
    assert.match(`${item.question} ${item.options?.join()}`, /widget/i);
    const neither = await questionAbout(order("5", "quxblorps", "Nobody Ever Heard Of"));
    assert.ok(asks(neither));
  });

  test("quantities that cannot be ordered are asked about, never guessed", async () => {
    for (const quantity of ["0", "-5", "1e12", "1000000000000", "some", "2.5", "half a", "5 or 6", "NaN"]) {
      const result = await questionAbout(order(quantity));
      assert.ok(asks(result), `${quantity}: ${JSON.stringify(result.request)}`);
      assert.ok((result.question ?? "").length > 10);
    }
  });

  test("a question is answered at the terminal, and the request goes on to its end", async () => {
    const questions: string[] = [];
    const code = await ask(
      client,
      order("some"),
      { yes: true },
      {
        ask: async (question) => {
          questions.push(question);
          return "6";
        },
      },
    );
    assert.equal(code, 0);
    assert.equal(questions.length, 1);
  });

  test("wholesalers that are down or answer garbage are named; the plan comes from the others", async () => {
    await setFaults(system, "alpine-parts", { down: true });
    await setFaults(system, "borealis", { garbage: true });
    const { run } = await say(order("8"));
    const result = await resultOf(run, planned);
    const detail = (await client.get(`/runs/${run}`)) as {
      steps: { id: string; output: { unavailable: { supplier: string; reason: string }[] } | null }[];
    };
    const { unavailable = [] } = detail.steps.find((step) => step.id === "offers")?.output ?? {};
    assert.deepEqual(unavailable.map((each) => each.supplier).toSorted(), ["alpine-parts", "borealis"]);
    assert.ok(
      unavailable.every((each) => each.reason.length > 5),
      JSON.stringify(unavailable),
    );
    const orders = result.plan?.orders as { supplier: string }[];
    assert.ok(orders.length > 0);
    assert.ok(orders.every(({ supplier }) => !["alpine-parts", "borealis"].includes(supplier)));
    await setFaults(system, "alpine-parts", {});
    await setFaults(system, "borealis", {});
  });

  test("a request while the agents are down waits, says so, and ends when they are back", async () => {
    const said: string[] = [];
    const lock = await keepAgentsDown();
    const asked = ask(client, order("7"), { yes: true }, undefined, {
      afterMs: 200,
      say(line) {
        said.push(line);
        lock.release();
      },
    });
    assert.equal(await asked, 0);
    assert.match(said[0] ?? "", /@cs-router has not answered route yet; the request waits/);
  });

  /** Kills the agents process and holds its database, so that its next starts fail. */
  async function keepAgentsDown(): Promise<{ release(): void }> {
    process.kill(ready.pids.agents ?? 0, "SIGKILL");
    const deadline = performance.now() + patience;
    for (;;) {
      try {
        return lockFolder(path.join(system.data, "books"), "test");
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "data-in-use");
        assert.ok(performance.now() < deadline, "the books stay locked");
      }
    }
  }

  test("people who do not exist, and decisions about nothing or too late", async () => {
    const nobody = await system.ask(order("5"), "--as", "nobody");
    assert.equal(nobody.code, 1);
    assert.equal(nobody.result.run, null);
    assert.match(nobody.result.error?.message ?? "", /nobody/);
    await refused(["approve", "r404-1-gate"], 1, /r404-1-gate/);
    await refused(["run", "r404"], 1, /r404/);
    await refused(["cancel", "r404"], 1, /r404/);
    const { run } = await say(order("5"));
    await resultOf(run, planned);
    await refused(["approve", `${run}-1-gate`, "--by", "nobody"], 1, /nobody/);
    await refused(["approve", `${run}-1-gate`, "--by", "employee"], 1, /employee/);
    assert.equal((await system.run("reject", `${run}-1-gate`, "--reason", "no longer needed")).code, 0);
    await refused(["approve", `${run}-1-gate`], 1, /rejected by manager/);
    await resultOf(run, (result) => result.status === "rejected");
  });

  test("a CSV with a bad line in the middle: the line is named, nothing is imported", async () => {
    const before = (await system.run("books", "customers", "--csv")).stdout;
    const [header = "", first = ""] = before.split("\n");
    const columns = header.split(",");
    const limit = columns.indexOf("creditLimit");
    const row = (id: string, credit: string) =>
      first
        .split(",")
        .map((cell, at) => (at === 0 ? id : at === 1 ? `Customer ${id}` : at === limit ? credit : cell))
        .join(",");
    const file = path.join(system.folder, "bad.csv");
    const lines = [header, row("NEW-1", "100.00"), row("NEW-2", "a lot"), row("NEW-3", "100.00")];
    writeFileSync(file, `${lines.join("\n")}\n`);
    await refused(["import", "customers", file], 1, /line 3.*creditLimit.*a lot/s);
    assert.equal((await system.run("books", "customers", "--csv")).stdout, before);
    await refused(["import", "customers", path.join(system.folder, "none.csv")], 2, /none\.csv/);
  });

  test("wrong usage ends with 2 and says what would be right", async () => {
    await Promise.all([
      refused(["books", "unicorns"], 2, /unicorns.*customers/s),
      refused(["dance"], 2, /dance/),
      refused(["ask", "x", "--maybe"], 2, /--maybe/),
    ]);
    await Promise.all([
      refused(["ask"], 2, /text/),
      refused(["ask", order("5"), "--no"], 2, /--reason/),
      refused(["ask", order("5"), "--yes", "--no", "--reason", "x"], 2, /--yes.*--no/),
    ]);
    await refused(["ask", order("5"), "--yes", "--by", "employee"], 2, /employee/);
    await refused(["reject", "r404-1-gate", "--reason", " "], 2, /reason/);
  });

  async function refused(args: readonly string[], code: number, words: RegExp): Promise<void> {
    const result = await system.run(...args);
    const name = args.join(" ");
    assert.equal(result.code, code, `${name}: ${result.stdout}${result.stderr}`);
    assert.match(result.stderr, words, name);
    assert.doesNotMatch(result.stderr, /internal|^\s+at /m, name);
  }
});
