import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, consoleWorld } from "../../fakes/console-client.ts";

const minute = 60_000;

test("lesson 4: following a sign-in link, even often, signs nobody in; only its button does, once", async () => {
  const world = consoleWorld();
  const token = world.sessions.issue("employee");
  for (let visit = 0; visit < 3; visit += 1) {
    const page = await world.request(`/sign-in?token=${token}`);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get("set-cookie"), null);
  }
  const who = await world.post("/sign-in/person", { token });
  assert.deepEqual(await who.json(), { person: { id: "employee", name: "Erin Employee" }, demo: true });

  const first = await world.post("/sign-in", { token });
  assert.deepEqual(await first.json(), { location: "/p/employee/" });
  const second = await world.post("/sign-in", { token });
  assert.equal(second.status, 410);
  assert.equal(await codeOf(second), "link-expired");
  assert.equal(second.headers.get("set-cookie"), null);
});
test("two clicks at the same moment sign in once", async () => {
  const world = consoleWorld();
  const token = world.sessions.issue("employee");
  const answers = await Promise.all([world.post("/sign-in", { token }), world.post("/sign-in", { token })]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 410]);
});
test("a link works for 15 minutes", async () => {
  const world = consoleWorld();
  const inTime = world.sessions.issue("employee");
  await world.time.advance(15 * minute - 1);
  assert.equal((await world.post("/sign-in", { token: inTime })).status, 200);
  const late = world.sessions.issue("employee");
  await world.time.advance(15 * minute);
  assert.equal((await world.post("/sign-in", { token: late })).status, 410);
  assert.equal((await world.post("/sign-in", { token: "made-up" })).status, 410);
});
test("a link and a session carry 32 random bytes", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  for (const secret of [world.sessions.issue("employee"), browser.cookie.split("=")[1] ?? ""]) {
    assert.equal(Buffer.from(secret, "base64url").length, 32);
  }
});
test("nobody who is unknown or inactive gets in, and a session of theirs ends", async () => {
  const world = consoleWorld();
  for (const person of ["former", "nobody"]) {
    const answer = await world.post("/sign-in", { token: world.sessions.issue(person) });
    assert.equal(answer.status, 403);
    assert.equal(await codeOf(answer), "unknown-person");
  }
  const browser = await world.signIn("manager");
  assert.equal((await browser.get("/p/manager/api/approvals")).status, 200);
  world.office.people = world.office.people.map((each) => ({ ...each, active: false }));
  assert.equal((await browser.get("/p/manager/api/approvals")).status, 401);
});
test("a session lasts twelve hours, and no longer than its sign-out", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  await world.time.advance(12 * 60 * minute - 1);
  assert.equal((await browser.get("/p/employee/api/me")).status, 200);
  await world.time.advance(1);
  assert.equal((await browser.get("/p/employee/api/me")).status, 401);

  const other = await world.signIn("employee");
  assert.equal((await other.post("/p/employee/api/sign-out", {})).status, 200);
  assert.equal((await other.get("/p/employee/api/me")).status, 401);
});
test("in the demo every person has a cookie of their own place", async () => {
  const world = consoleWorld();
  const employee = await world.signIn("employee");
  assert.match(employee.setCookie, /HttpOnly/);
  assert.match(employee.setCookie, /SameSite=Strict/);
  assert.match(employee.setCookie, /Path=\/p\/employee(;|$)/);
  assert.equal(
    (await employee.get("/p/manager/api/me")).status,
    401,
    "a session opens only its person's place",
  );
});
test("outside the demo a browser has one session", async () => {
  const world = consoleWorld();
  world.office.demo = false;
  const employee = await world.signIn("employee");
  assert.match(employee.setCookie, /Path=\/(;|$)/);
  const home = await employee.get("/");
  assert.equal(home.headers.get("location"), "/p/employee/");
});
test("with a memory a session outlives the process, and the memory holds no secret", async () => {
  const values = new Map<string, string>();
  const memory = {
    getValue: (key: string) => Promise.resolve(values.get(key)),
    setValue(key: string, value: string) {
      values.set(key, value);
      return Promise.resolve();
    },
  };
  const browser = await consoleWorld({ memory }).signIn("employee");
  const restarted = consoleWorld({ memory });
  const answer = await restarted.request("/p/employee/api/me", { headers: { cookie: browser.cookie } });
  assert.equal(answer.status, 200);
  const kept = JSON.stringify([...values]);
  assert.ok(!kept.includes(browser.cookie.split("=")[1] ?? ""));
});
