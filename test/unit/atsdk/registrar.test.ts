import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { AtError, atSignState, Registrar } from "@atsign/atsdk";
import { activateBoth, startSandbox } from "../sandbox/at-server/with-sandbox.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

interface Call {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** A registrar on loopback that answers each path with what the test says. */
async function fakeRegistrar(
  t: TestContext,
  answers: Readonly<Record<string, unknown>>,
): Promise<{ registrar: Registrar; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const { method, url: path, headers } = request;
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      calls.push({ method, path, authorization: headers.authorization, body });
      const answer = answers[path?.replace("/api/", "") ?? ""];
      if (answer === undefined) response.writeHead(404).end('{"message":"no such call"}');
      else if (answer === "elsewhere") response.writeHead(307, { location: "/api/other" }).end();
      else response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const registrar = new Registrar({ authorization: "agreed", baseUrl: `http://127.0.0.1:${port}/api` });
  return { registrar, calls };
}

suite("the registrar's calls", () => {
  test("a new atSign: suggested, reserved, confirmed", async (t) => {
    const { registrar, calls } = await fakeRegistrar(t, {
      "get-free-atsign": { data: { atsign: "new7" } },
      "register-person": { message: "Sent: success" },
      "validate-person": { message: "Verified successfully", cramkey: "@new7:secret" },
    });
    assert.equal(await registrar.suggestAtSign(), "@new7");
    await registrar.register("@new7", "a@example.com");
    const confirmed = await registrar.confirm({ atSign: "@new7", email: "a@example.com", code: "AB12" });
    assert.deepEqual(confirmed, { status: "registered", atSign: "@new7", cramSecret: "secret" });
    const person = { atsign: "new7", email: "a@example.com" };
    const authorization = "agreed";
    assert.deepEqual(calls, [
      { method: "GET", path: "/api/get-free-atsign", authorization, body: undefined },
      { method: "POST", path: "/api/register-person", authorization, body: person },
      {
        method: "POST",
        path: "/api/validate-person",
        authorization,
        body: { ...person, otp: "AB12", confirmation: "false" },
      },
    ]);
  });

  test("an address with atSigns is told so, and confirms once more", async (t) => {
    const { registrar, calls } = await fakeRegistrar(t, {
      "validate-person": { data: { newAtsign: "new7", atsign: ["@old1", "old2"] } },
    });
    const o = { atSign: "@new7", email: "a@example.com", code: "AB12" };
    assert.deepEqual(await registrar.confirm(o), {
      status: "has-others",
      atSign: "@new7",
      others: ["@old1", "@old2"],
    });
    await registrar.confirm({ ...o, confirm: true });
    const bodies = calls.map(({ body }) => body as { confirmation: string });
    assert.deepEqual(
      bodies.map(({ confirmation }) => confirmation),
      ["false", "true"],
    );
  });

  test("an atSign registered before gets its secret by a code", async (t) => {
    const { registrar } = await fakeRegistrar(t, {
      "authenticate/atsign": { message: "Sent Successfully" },
      "authenticate/atsign/activate": { message: "Verified", cramkey: "@alice:s3cret" },
    });
    await registrar.requestCode("@alice");
    assert.equal(await registrar.cramSecret("@alice", "AB12"), "s3cret");
  });

  test("refusals, redirections and answers of another form are errors of their own", async (t) => {
    const { registrar, calls } = await fakeRegistrar(t, {
      "register-person": { message: "The limit of 10\natSigns is reached" },
      "authenticate/atsign": "elsewhere",
      "authenticate/atsign/activate": { message: "The code is invalid" },
      "get-free-atsign": "<html>",
      "validate-person": `{"message":"${"x".repeat(70_000)}"}`,
    });
    await assert.rejects(
      registrar.register("@new7", "a@example.com"),
      (error) =>
        hasCode("registrar-refused")(error) && /limit of 10 atSigns/.test((error as AtError).message),
    );
    await assert.rejects(registrar.cramSecret("@new7", "x"), hasCode("registrar-refused"));
    await assert.rejects(registrar.requestCode("@new7"), hasCode("connect-failed"));
    assert.ok(calls.every(({ path }) => path !== "/api/other"));
    await assert.rejects(registrar.suggestAtSign(), hasCode("bad-reply"));
    await assert.rejects(registrar.confirm({ atSign: "@n", email: "e", code: "c" }), hasCode("bad-reply"));
    const { registrar: empty } = await fakeRegistrar(t, {});
    await assert.rejects(empty.suggestAtSign(), hasCode("registrar-refused"));
    const options = { authorization: "", baseUrl: "http://registrar.example/" };
    assert.throws(() => new Registrar(options), hasCode("invalid-value"));
    const gone = new Registrar({
      authorization: "",
      fetch: () => Promise.reject(new DOMException("late", "TimeoutError")),
    });
    await assert.rejects(gone.suggestAtSign(), hasCode("timeout"));
  });
});

test("the three states of an atSign", async (t) => {
  const sandbox = await startSandbox(t);
  assert.equal(await atSignState("@nobody", sandbox), "not-in-directory");
  assert.equal(await atSignState("@alice", sandbox), "not-activated");
  await activateBoth(sandbox);
  assert.equal(await atSignState("@alice", sandbox), "activated");
});
