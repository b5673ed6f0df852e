import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { startLoopbackServer } from "../../../src/sandbox/wholesalers/loopback-server.ts";

test("only requests that name loopback, or the name the sandbox goes by, are answered", async (t) => {
  const answer = () => ({ status: 200, contentType: "text/plain", body: "here" });
  const status = (port: number, host: string) =>
    new Promise<number>((resolve, reject) => {
      request({ host: "127.0.0.1", port, path: "/", headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once("error", reject)
        .end();
    });
  const plain = await startLoopbackServer({ host: "127.0.0.1", port: 0, answer });
  const named = await startLoopbackServer({ host: "127.0.0.1", publicHost: "sandbox.test", port: 0, answer });
  t.after(() => Promise.all([plain.close(), named.close()]));
  assert.equal(named.url, `http://sandbox.test:${named.port}`);
  for (const { port } of [plain, named]) {
    assert.equal(await status(port, `127.0.0.1:${port}`), 200);
    assert.equal(await status(port, "localhost"), 200);
    assert.equal(await status(port, "rebound.example"), 400);
  }
  assert.equal(await status(plain.port, "sandbox.test"), 400);
  assert.equal(await status(named.port, `sandbox.test:${named.port}`), 200);
});
