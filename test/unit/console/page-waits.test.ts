import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { settle } from "../../fakes/manual-time.ts";

/** The page's own scripts, in a browser of which there is just what they use. */
const scripts = new URL("../../../adapters/console/public/", import.meta.url);
const load = async <T>(name: string): Promise<T> => (await import(new URL(name, scripts).href)) as T;

const late: AbortController[] = [];
mock.method(AbortSignal, "timeout", () => {
  const controller = new AbortController();
  late.push(controller);
  return controller.signal;
});
mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
Object.assign(globalThis, {
  location: { href: "http://127.0.0.1:8674/p/manager/", reload: () => undefined },
  document: { hidden: false, addEventListener: () => undefined },
});
const { get } = await load<{ get: (path: string) => Promise<unknown> }>("api.js");
const { connect, lookAgain } = await load<{ connect: () => void; lookAgain: () => Promise<void> }>("live.js");
const { state, change } = await load<{
  state: { connection: string };
  change: (part: object) => void;
}>("store.js");

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
/** A bot that stands still before it answers, or in the middle of it. */
const standsStill = {
  before: (_address: string, { signal }: { signal: AbortSignal }) => untilAborted(signal),
  within: (_address: string, { signal }: { signal: AbortSignal }) =>
    Promise.resolve({ ok: true, status: 200, json: () => untilAborted(signal) }),
};
const timeIsOver = () => late.splice(0).forEach((each) => each.abort());

for (const [where, fetch] of Object.entries(standsStill)) {
  test(`a page does not wait forever for a bot that stands still ${where} its answer`, async () => {
    Object.assign(globalThis, { fetch });
    const asked = assert.rejects(get("/chat"), { code: "offline" });
    await settle();
    timeIsOver();
    await asked;
  });
}

test("a page whose bot stands still says that the connection is lost", async () => {
  Object.assign(globalThis, { fetch: standsStill.before });
  change({ connection: "live" });
  const looks = [lookAgain(), lookAgain()];
  await settle();
  assert.equal(late.length, 3, "one look at a time, at three lists");
  assert.equal(state.connection, "live");
  timeIsOver();
  await Promise.all(looks);
  assert.equal(state.connection, "lost");
});

test("a stream that a bot never opens is opened anew", async () => {
  const opened: { closed: boolean }[] = [];
  class EventSource {
    closed = false;
    constructor() {
      opened.push(this);
    }
    addEventListener(): void {}
    close(): void {
      this.closed = true;
    }
  }
  const fetch = () => Promise.resolve(Response.json({ csrf: "c" }));
  Object.assign(globalThis, { EventSource, fetch });
  connect();
  const first = opened.at(-1);
  mock.timers.tick(29_999);
  assert.equal(first?.closed, false);
  mock.timers.tick(1);
  assert.equal(first?.closed, true);
  mock.timers.tick(5_000);
  await settle();
  assert.notEqual(opened.at(-1), first);
});

test("an answer that is no JSON is no silence", async () => {
  Object.assign(globalThis, { fetch: () => Promise.resolve(new Response("<html>", { status: 502 })) });
  await assert.rejects(get("/chat"), { code: "failed", message: /status 502/ });
});
