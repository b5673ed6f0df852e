import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { until } from "../../fakes/manual-time.ts";
import { ControlBench, text, uuid } from "./control-bench.ts";

let bench: ControlBench;
beforeEach(async () => {
  bench = await ControlBench.open();
});
afterEach(() => bench.close());

test("a stream carries the cards of its run only, and only for who may see it", async () => {
  const { run } = await bench.ask(1);
  const thread = `terminal:${uuid(1)}` as const;
  const seen: string[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const line of bench.client.lines(`/runs/${run}/stream?as=employee`)) {
      seen.push((line as { key: string }).key);
      if (seen.length === 1) {
        resolve();
      }
      if (seen.includes(`result-${run}`)) {
        return;
      }
    }
  })();
  await over;
  await bench.office.begin("other", { person: "employee-2", text, thread });
  await bench.office.end(run, "completed");
  await reading;
  assert.deepEqual([...new Set(seen)].toSorted(), [`progress-${run}`, `result-${run}`]);
  await assert.rejects(
    bench.client.lines(`/runs/${run}/stream?as=employee-2`)[Symbol.asyncIterator]().next(),
    {
      code: "not-found",
    },
  );
});

test("what a bot drew that this one does not know of is told all the same", async () => {
  const { run } = await bench.ask(1);
  const lines = bench.client.lines(`/runs/${run}/stream?as=employee`)[Symbol.asyncIterator]();
  await lines.next();
  bench.office.adapter = undefined;
  await bench.office.end(run, "completed");
  const cards: string[] = [];
  const reading = (async () => {
    while (!cards.includes(`result-${run}`)) {
      const { value } = await lines.next();
      cards.push((value as { key: string }).key);
    }
  })();
  await until(() => {
    bench.looksAgain.forEach((look) => look());
    return cards.includes(`result-${run}`);
  }, "the result");
  await reading;
});

test("a stream in which nothing happens says by empty lines that the bot works", async () => {
  const { run } = await bench.ask(1);
  const call = request({
    socketPath: bench.socket,
    path: `/runs/${run}/stream?as=employee`,
  }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let received = "";
  response.setEncoding("utf8").on("data", (text: string) => (received += text));
  await until(() => {
    bench.looksAgain.forEach((look) => look());
    return received.endsWith("\n\n\n");
  }, "two empty lines");
  assert.deepEqual([...received.matchAll(/"key"/g)].length, 1);
  response.destroy();
});

test("a stream that cannot look says why and ends, and nobody listens for it any more", async () => {
  const { run } = await bench.ask(1);
  const lines = bench.client.lines(`/runs/${run}/stream?as=employee`)[Symbol.asyncIterator]();
  await lines.next();
  assert.equal(bench.adapter.clients(), 1);
  bench.office.desk.cards = () =>
    Promise.reject(new AppError("data-unavailable", "away", { retryable: true }));
  const ended = assert.rejects(lines.next(), { code: "data-unavailable", retryable: true });
  await until(() => {
    bench.looksAgain.forEach((look) => look());
    return bench.adapter.clients() === 0;
  }, "the end of the stream");
  await ended;
  assert.deepEqual(bench.logged, [{ run, code: "data-unavailable" }]);
});

test("a viewer who is deactivated hears no more", async () => {
  const { run } = await bench.ask(1);
  const lines = bench.client.lines(`/runs/${run}/stream?as=employee`)[Symbol.asyncIterator]();
  await lines.next();
  bench.office.people = bench.office.people.map((each) => ({ ...each, active: false }));
  await bench.office.end(run, "completed");
  assert.equal((await lines.next()).done, true);
});
