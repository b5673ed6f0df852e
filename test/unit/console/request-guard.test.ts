import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, consoleWorld } from "../../fakes/console-client.ts";

const key = "6f1f6c1e-7a55-4b7e-9d0e-2f6c2a7d9a10";
const order = { key, text: "Order the parts for 5 widgets" };

test("a change needs the session's own CSRF token", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  const stranger = await world.signIn("employee-2");
  for (const token of ["", "wrong", stranger.cookie]) {
    const answer = await browser.post("/p/employee/api/requests", order, { "x-csrf-token": token });
    assert.equal(answer.status, 403);
    assert.equal(await codeOf(answer), "bad-csrf");
  }
  assert.deepEqual(world.office.requests, []);
  assert.equal((await browser.post("/p/employee/api/requests", order)).status, 200);
});
test("a change must come from a page of the console: origin and fetch metadata", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "" },
    { origin: "http://127.0.0.1:9999" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) {
    const answer = await browser.post("/p/employee/api/requests", order, headers);
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.equal(await codeOf(answer), "bad-origin");
    const signIn = await world.post("/sign-in", { token: world.sessions.issue("employee") }, headers);
    assert.equal(await codeOf(signIn), "bad-origin");
  }
  const read = await browser.get("/p/employee/api/me", { "sec-fetch-site": "same-site" });
  assert.equal(read.status, 403, "another program on this machine is the same site, not the same origin");
});
test("a name that is not the console's leads nowhere (DNS rebinding)", async () => {
  const world = consoleWorld();
  for (const host of ["evil.example", "evil.example:8674", "", "127.0.0.1.evil.example:8674"]) {
    const answer = await world.request("/", { headers: { host } });
    assert.equal(answer.status, 421, host);
    assert.equal(await codeOf(answer), "bad-host");
  }
  for (const host of ["127.0.0.1:1", "console.example", "CONSOLE.example:443"]) {
    assert.equal((await world.request("/", { headers: { host } })).status, 200, host);
  }
});
test("bodies are JSON of bounded size", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  const path = "/p/employee/api/requests";
  const form = await browser.post(path, "text=x", { "content-type": "application/x-www-form-urlencoded" });
  assert.equal(form.status, 415);
  const plain = await browser.post(path, order, { "content-type": "text/plain" });
  assert.equal(plain.status, 415);
  const broken = await browser.post(path, "{");
  assert.equal(await codeOf(broken), "not-json");
  const huge = await browser.post(path, { key, text: "x".repeat(300_000) });
  assert.equal(huge.status, 413);
  assert.equal(await codeOf(huge), "body-too-large");
  const unknownField = await browser.post(path, { ...order, person: "manager" });
  assert.equal(await codeOf(unknownField), "bad-request");
  const long = await browser.post(path, { key, text: "x".repeat(100_000) });
  assert.equal(long.status, 200, "100 KB reach intake, which answers clearly");
});
test("every answer forbids inline code, foreign content, frames, guessing and keeping", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  const answers = await Promise.all([
    world.request("/"),
    world.request("/sign-in?token=x"),
    browser.get("/p/employee/"),
    browser.get("/p/employee/api/me"),
    world.request("/assets/app.js"),
    world.request("/nothing-here"),
    world.request("/", { headers: { host: "evil.example" } }),
  ]);
  for (const { headers, url } of answers) {
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/, url);
    assert.match(policy, /script-src 'self'(;|$)/, url);
    assert.match(policy, /frame-ancestors 'none'/, url);
    assert.doesNotMatch(policy, /unsafe|data:|https?:|\*/, url);
    assert.equal(headers.get("x-content-type-options"), "nosniff", url);
    assert.equal(headers.get("cache-control"), "no-store", url);
    assert.equal(headers.get("referrer-policy"), "no-referrer", url);
    assert.equal(headers.get("access-control-allow-origin"), null, url);
  }
});
test("unknown pages and files, and paths that climb, are not there", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  const paths = [
    "/nothing",
    "/assets/../console-app.ts",
    "/assets/..%2Fconsole-app.ts",
    "/vendor/../package.json",
    "/vendor/preact.mjs.map",
    "/assets/index.html",
    "/p/employee/api/nothing",
  ];
  for (const path of paths) {
    const answer = await browser.get(path);
    assert.equal(answer.status, 404, path);
    assert.equal(await codeOf(answer), "not-found");
  }
});
test("no GET decides, asks or cancels", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("manager");
  for (const path of ["approvals/a-run1", "requests/x", "runs/run1/cancel", "sign-out"]) {
    assert.equal((await browser.get(`/p/manager/api/${path}`)).status, 404, path);
  }
  assert.deepEqual(world.office.decisions, []);
  assert.equal((await browser.get("/p/manager/api/me")).status, 200);
});
