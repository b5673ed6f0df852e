import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { noProcFolder, type OurProcess, ourProcesses } from "./our-processes.ts";
import { TestSystem } from "./system.ts";
import { type TcpSocket, tcpSockets } from "./tcp-sockets.ts";

/** What listens and who talks to whom, as the kernel sees it, idle and during the main job. */

const ask = "Order the parts needed for 50 widgets for Customer XYZ";
const lookEveryMs = 40;

suite("the network of a running system", { skip: noProcFolder, timeout: 120_000 }, () => {
  const system = new TestSystem();
  const seen = new Map<string, TcpSocket[]>();
  let consoleUrl = "";
  before(async () => {
    ({ console: consoleUrl } = await system.start());
    look();
    const over = new AbortController();
    const asked = system.ask(ask, "--yes").finally(() => over.abort());
    while (!over.signal.aborted) {
      look();
      await pause(lookEveryMs);
    }
    assert.equal((await asked).result.status, "completed");
  });
  after(() => system.remove());

  function look(): void {
    for (const each of ourProcesses(system.data)) {
      const name = nameOf(each);
      seen.set(name, [...(seen.get(name) ?? []), ...socketsOf(each.pid)]);
    }
  }
  function socketsOf(pid: number): readonly TcpSocket[] {
    try {
      return tcpSockets(pid);
    } catch {
      return []; // ended meanwhile
    }
  }
  const portsOf = (name: string) =>
    new Set((seen.get(name) ?? []).filter((each) => each.listens).map((each) => each.local));

  test("the check itself sees a port that is open to others", async (t) => {
    const server = createServer();
    t.after(() => server.close());
    await new Promise<void>((resolve) => {
      server.listen(0, "0.0.0.0", resolve);
    });
    const found = tcpSockets(process.pid).filter((each) => each.listens && !each.loopbackOnly);
    assert.equal(found.length, 1);
  });

  test("every socket of every process is on loopback, both ends", () => {
    assert.ok((seen.get("agent") ?? []).length > 12, "agents were seen talking to their atServers");
    const outside = [...seen].flatMap(([name, sockets]) =>
      sockets.filter((each) => !each.loopbackOnly).map((each) => ({ name, ...each })),
    );
    assert.deepEqual(outside, []);
  });

  test("agents, gateway, launcher and queue listen on nothing", () => {
    for (const name of ["agent", "gateway", "up", "redis"]) {
      assert.deepEqual([...portsOf(name)], [], name);
    }
    const known = new Set(["agent", "ask", "bot", "gateway", "redis", "sandbox", "up"]);
    assert.deepEqual(
      [...seen.keys()].filter((name) => !known.has(name)),
      [],
    );
  });

  test("the bot listens on the console's port alone, and answers to its own names only", async () => {
    const ports = [...portsOf("bot")].map((local) => Number.parseInt(local.split(":")[1] ?? "", 16));
    const { port } = new URL(consoleUrl);
    assert.deepEqual(ports, [Number(port)]);
    const status = (host: string) =>
      new Promise<number>((resolve, reject) => {
        request({ host: "127.0.0.1", port, path: "/", headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .once("error", reject)
          .end();
      });
    assert.ok((await status(`127.0.0.1:${port}`)) < 400);
    assert.ok((await status("rebound.example")) >= 400);
  });

  test("only this user reaches the unix sockets and the keys", () => {
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    const run = path.join(system.folder, "run");
    assert.equal(mode(run), "700");
    const sockets = readdirSync(run, { withFileTypes: true }).filter((each) => each.isSocket());
    assert.ok(sockets.length >= 2);
    sockets.forEach(({ name }) => assert.equal(mode(path.join(run, name)), "600", name));
    const keys = path.join(system.data, "keys");
    const folders = readdirSync(keys);
    assert.equal(folders.length, 15, "twelve agents, bot, gateway, company");
    for (const folder of folders) {
      assert.equal(mode(path.join(keys, folder)), "700", folder);
      for (const file of readdirSync(path.join(keys, folder))) {
        assert.equal(mode(path.join(keys, folder, file)), "600", `${folder}/${file}`);
      }
    }
  });
});

/** `up`, `bot`, `agent` … of our own command line, or `redis` with the shell that ends it. */
function nameOf({ command }: OurProcess): string {
  return (
    /main\.ts ([a-z]+)/.exec(command)?.[1] ?? (/(redis|valkey)-server/.test(command) ? "redis" : command)
  );
}
