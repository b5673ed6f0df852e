import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { createFiles } from "../../../../adapters/slack/files.ts";
import { createSlackWeb, type SlackWeb } from "../../../../adapters/slack/web.ts";
import type { Json } from "../../../../src/domain.ts";
import { silentLogger } from "../../../fakes/silent-logger.ts";

/** Downloads from a server of our own in Slack's place. */

let server: Server;
let origin: string;
let web: SlackWeb;
let tokens: (string | undefined)[];
let answer: (response: ServerResponse) => void;

before(async () => {
  server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  web = createSlackWeb({
    token: "xoxb-test",
    apiUrl: `${origin}/api/`,
    limiter: { take: () => 0, block: () => undefined },
    after: () => () => undefined,
    log: silentLogger,
  });
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  tokens = [];
});

const download = (path = "/files-pri/T1-F1/download/list.csv") => web.download(`${origin}${path}`, 100);

test("the bytes of a file, with our token", async () => {
  answer = (response) => response.writeHead(200, { "content-type": "text/csv" }).end("a".repeat(100));
  assert.equal((await download()).length, 100);
  assert.deepEqual(tokens, ["Bearer xoxb-test"]);
});

test("what is longer is not read to its end, whatever it announced", async () => {
  let sent = 0;
  answer = (response) => {
    response.writeHead(200, { "content-type": "text/csv" });
    const more = (): void => {
      sent += 1;
      if (sent < 1_000 && !response.destroyed) {
        response.write("a".repeat(10_000), () => setImmediate(more));
      } else {
        response.end();
      }
    };
    more();
  };
  await assert.rejects(download(), { code: "file-too-large" });
  assert.ok(sent < 1_000, `${sent} pieces`);
});

test("a redirect is not followed, a page to sign in is no file, an error of Slack's may pass", async () => {
  answer = (response) => response.writeHead(302, { location: `${origin}/files-pri/T1-F1/x` }).end();
  await assert.rejects(download(), { code: "file-refused", message: /status 302/ });
  assert.equal(tokens.length, 1);
  answer = (response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>");
  await assert.rejects(download(), { code: "file-refused", message: /sign in/ });
  answer = (response) => response.writeHead(404).end();
  await assert.rejects(download(), { code: "file-refused" });
  answer = (response) => response.writeHead(503).end();
  await assert.rejects(download(), { code: "slack-unavailable", retryable: true });
  answer = (response) => response.destroy();
  await assert.rejects(download(), { code: "slack-unavailable", retryable: true });
});

test("our token goes to Slack's files only", async () => {
  await assert.rejects(download("/other/T1-F1/list.csv"), { code: "file-refused" });
  for (const url of [
    "http://127.0.0.1:1/files-pri/T1-F1/x",
    "https://files.slack.com.example/files-pri/T1-F1/x",
  ]) {
    await assert.rejects(web.download(url, 100), { code: "file-refused" });
  }
  assert.deepEqual(tokens, []);
});

test("only a file of this workspace, kept by Slack, of a size that is read", async () => {
  const whole = {
    mode: "hosted",
    is_external: false,
    size: 5,
    user_team: "T1",
    url_private_download: `${origin}/files-pri/T1-F1/download/list.csv`,
  };
  const reads = (change: Record<string, Json>) =>
    createFiles({
      own: () => ({ team: "T1", enterprise: "E1" }),
      web: {
        call: (_method, _args, { answer: schema }) =>
          Promise.resolve(schema.parse({ ok: true, file: { ...whole, ...change } })),
        upload: () => Promise.reject(new Error("nothing is sent here")),
        download: (url) => Promise.resolve(Buffer.from(url)),
      },
    }).read("F1", 100);
  assert.match((await reads({})).toString(), /list\.csv$/);
  assert.match((await reads({ mode: "snippet", user_team: null })).toString(), /list\.csv$/);
  assert.match((await reads({ user_team: "E1" })).toString(), /list\.csv$/);
  for (const change of [
    { is_external: true },
    { mode: "external" },
    { mode: "tombstone" },
    { user_team: "T2" },
    { url_private_download: `${origin}/files-pri/T1-F2/download/list.csv` },
  ]) {
    await assert.rejects(reads(change), { code: "file-refused" }, JSON.stringify(change));
  }
  await assert.rejects(reads({ size: 101 }), { code: "file-too-large" });
});
