import assert from "node:assert/strict";
import { test } from "node:test";
import { createConsole, type ConsoleAdapter } from "../../../adapters/console/console-adapter.ts";
import type { LiveEvent } from "../../../adapters/console/live-feed.ts";
import type { AppError } from "../../../src/errors.ts";
import { ChatOffice } from "../../fakes/chat-office.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

const thread = "console:employee-1";
const office = (time = new ManualTime()) => new ChatOffice(time);

function consoleFor(chat: ChatOffice, port = 0): ConsoleAdapter {
  const clock = new ManualTime();
  const ids = { next: (prefix: string) => `${prefix}1` };
  return createConsole({ desk: chat.desk, clock, ids, log: silentLogger, host: "127.0.0.1", port });
}
/** Signs in over the network and opens the page's stream; `next` waits for the next event. */
async function listener(console: ConsoleAdapter, person: string) {
  const token = new URL(console.signInLink(person)).searchParams.get("token");
  const headers = { origin: console.url, "content-type": "application/json" };
  const signIn = await fetch(`${console.url}/sign-in`, {
    method: "POST",
    headers,
    body: JSON.stringify({ token }),
  });
  const cookie = (signIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const stream = await fetch(`${console.url}/p/${person}/api/events`, { headers: { cookie } });
  const reader = (stream.body ?? assert.fail("no stream")).pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  async function next(): Promise<LiveEvent | "ready" | "closed"> {
    for (;;) {
      const end = buffer.indexOf("\n\n");
      if (end >= 0) {
        const block = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? "";
        return block.includes("event: ready") ? "ready" : (JSON.parse(data) as LiveEvent);
      }
      // A stopping server may also just end the connection.
      const chunk = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
      if (chunk.done) {
        return "closed";
      }
      buffer += chunk.value;
    }
  }
  assert.equal(await next(), "ready");
  return { next };
}

test("a taken port is refused by number, with what to do", async () => {
  const first = consoleFor(office());
  await first.start(office().inbox);
  const port = Number(new URL(first.url).port);
  const second = consoleFor(office(), port);
  await assert.rejects(second.start(office().inbox), (error: AppError) => {
    assert.equal(error.code, "port-taken");
    assert.match(error.message, new RegExp(`port ${port} on 127\\.0\\.0\\.1`));
    assert.match(error.message, /COUNTERSIGN_CONSOLE_PORT/);
    return true;
  });
  await second.stop();
  await first.stop();
});
test("before it is started there is no address, and nobody unknown or inactive gets a link", async () => {
  const console = consoleFor(office());
  assert.throws(() => console.url, { code: "not-started" });
  await console.start(office().inbox);
  assert.match(console.signInLink("employee"), /^http:\/\/127\.0\.0\.1:\d+\/sign-in\?token=[\w-]{43}$/);
  assert.throws(() => console.signInLink("former"), { code: "unknown-person" });
  assert.throws(() => console.signInLink("nobody"), { code: "unknown-person" });
  await console.stop();
});
test("cards reach their owner's open pages; others hear of approvals they may see, and of nothing else", async () => {
  const chat = office();
  const console = consoleFor(chat);
  chat.adapter = console;
  await console.start(chat.inbox);
  const [employee, colleague, manager] = await Promise.all(
    ["employee", "employee-2", "manager"].map((person) => listener(console, person)),
  );
  await chat.begin("run1", { person: "employee", text: "Order", thread });
  await chat.openApproval("run1");
  const keys = [];
  for (let told = 0; told < 4; told += 1) {
    const event = await employee?.next();
    keys.push(typeof event === "object" && event.type === "card" ? event.key : event);
  }
  assert.deepEqual(keys, ["progress-run1", "progress-run1", "approval-a-run1", "progress-run1"]);
  const seen = await manager?.next();
  assert.ok(typeof seen === "object" && seen.type === "card" && seen.key === "approval-a-run1");

  const person = { id: "employee-2", name: "Eli", roles: ["employee" as const], active: true, accounts: [] };
  await console.whisper(thread, person, "for you alone");
  assert.deepEqual(await colleague?.next(), { type: "notice", text: "for you alone" });
  await console.stop();
  for (const page of [employee, colleague, manager]) {
    assert.equal(await page?.next(), "closed");
  }
});
test("a page whose person was deactivated hears no more", async () => {
  const chat = office();
  const console = consoleFor(chat);
  chat.adapter = console;
  await console.start(chat.inbox);
  const page = await listener(console, "employee");
  chat.people = chat.people.map((each) => ({ ...each, active: false }));
  await chat.begin("run1", { person: "employee", text: "Order", thread });
  assert.equal(await page.next(), "closed");
  await console.stop();
});
test("a card is known by its thread and key, so that posting it again shows nothing twice", async () => {
  const console = consoleFor(office());
  const card = { kind: "notice", run: null, title: "", text: "", tone: "neutral" } as const;
  const whole = {
    ...card,
    facts: [],
    steps: [],
    tables: [],
    approval: null,
    plan: null,
    undo: null,
    options: [],
  };
  const id = await console.post(thread, whole, { key: "progress-run1" });
  assert.equal(await console.post(thread, whole, { key: "progress-run1" }), id);
  assert.equal(await console.update(id, whole), "ok");
});
