import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { findRedisServer, startPrivateRedis } from "../../adapters/bullmq/private-redis.ts";
import type { RunResult } from "../../src/run-result.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { composeText, mounts, readCompose, startOrder } from "./compose-file.ts";
import { ComposeServices } from "./compose-services.ts";

/** docker-compose.yml, read and then run without containers: every command of ours as a process. */

const compose = readCompose();
const ours = Object.entries(compose.services).filter(([, service]) => service.image === "countersign");
const agentIds = readdirSync(new URL("../../agents", import.meta.url))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replace(/\.ts$/, ""));

suite("docker-compose.yml", () => {
  test("has one service per agent, and each runs that agent alone", () => {
    const agents = ours.filter(([, service]) => service.command?.[1] === "agent");
    assert.deepEqual(agents.map(([name]) => name).toSorted(), agentIds.toSorted());
    assert.equal(agentIds.length, 12);
    for (const [name, { command }] of agents) {
      assert.deepEqual(command, ["countersign", "agent", name]);
    }
    const others = ours.map(([name]) => name).filter((name) => !agentIds.includes(name));
    assert.deepEqual(others.toSorted(), ["bot", "gateway", "sandbox", "setup"]);
  });

  test("publishes the console on 127.0.0.1, and nothing else", () => {
    const published = Object.entries(compose.services).filter(([, { ports }]) => ports.length > 0);
    assert.deepEqual(
      published.map(([name, { ports }]) => [name, ...ports]),
      [["bot", "127.0.0.1:8674:8674"]],
    );
    const open = ours.filter(([, { environment }]) => Object.values(environment).includes("0.0.0.0"));
    assert.deepEqual(open.map(([name]) => name).toSorted(), ["bot", "sandbox"]);
    assert.ok(Object.values(compose.services).every(({ networks }) => networks.join() === "private"));
  });

  test("holds no password: whoever starts it must give one", () => {
    const secrets = [...composeText.matchAll(/(?:PASSWORD: |:\/\/[^:/\s]+:(?=.*@))(?<value>\S+)/g)].map(
      (each) => each.groups?.value ?? "",
    );
    assert.ok(secrets.length >= 3);
    for (const secret of secrets) {
      assert.match(secret, /^\$\{POSTGRES_PASSWORD:\?/);
    }
    assert.doesNotMatch(
      composeText,
      /\$\{[A-Z_]+(:?-[^}]+)?\}/,
      "no setting with a value of ours, or none said",
    );
  });

  test("each process sees its own keys only; the company's are for set-up", () => {
    for (const [name, service] of ours) {
      const keys = mounts(service).filter(({ place }) => place.startsWith("/data/keys"));
      if (name === "setup") {
        assert.deepEqual(
          keys.map(({ place }) => place).toSorted(),
          ["company", "bot", "gateway", ...agentIds].map((id) => `/data/keys/${id}`).toSorted(),
        );
      } else {
        const expected = name === "sandbox" ? [] : [`/data/keys/${name}`];
        assert.deepEqual(
          keys.map(({ place }) => place),
          expected,
          name,
        );
      }
      for (const { volume, place, readOnly } of mounts(service)) {
        assert.ok(volume in compose.volumes, `${name}: ${volume}`);
        if (place.startsWith("/data/sandbox")) {
          assert.ok(["sandbox", "setup"].includes(name), `${name} sees the outside world's own data`);
        }
        if (place === "/data/trust") {
          assert.equal(readOnly, name !== "setup", name);
        }
        if (place.startsWith("/data/keys/")) {
          assert.equal(`keys-${path.basename(place)}`, volume);
        }
      }
    }
  });

  test("restarts what ends, but set-up; drops all privileges; waits for what it stands on", () => {
    for (const [name, service] of ours) {
      assert.equal(service.restart, name === "setup" ? "no" : "unless-stopped", name);
      assert.deepEqual(service.cap_drop, ["ALL"], name);
      assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
      if (name !== "sandbox" && name !== "setup") {
        assert.equal(service.depends_on.setup?.condition, "service_completed_successfully", name);
      }
    }
    assert.equal(startOrder(compose)[0], "sandbox");
    assert.equal(startOrder(compose)[1], "setup");
  });

  test("every volume finds a folder of the image's user to take its owner from", () => {
    const image = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
    assert.match(image, /chown -R node:node \/data\nUSER node\n/);
    assert.match(image, /for name in company bot gateway \$\(ls agents\/\*\.ts/);
    const places = new Set(ours.flatMap(([, service]) => mounts(service).map(({ place }) => place)));
    for (const place of places) {
      assert.ok(place.startsWith("/data/keys/") || image.includes(` ${place}`), place);
    }
  });
});

const redisServer = findRedisServer(process.env.PATH ?? "");
const missing =
  postgresMissing() ||
  (redisServer === undefined && process.env.REQUIRE_SERVERS !== "1" ? "no Redis server is installed" : false);

suite("the commands of docker-compose.yml as processes", { skip: missing, timeout: 150_000 }, () => {
  const stops: (() => Promise<void> | void)[] = [];
  let services: ComposeServices;
  before(async () => {
    assert.ok(redisServer, "REQUIRE_SERVERS=1, but no Redis server was found");
    const postgres = await startPostgres();
    stops.push(() => postgres.stop());
    const url = await postgres.createDatabase();
    const redisFolder = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
    const redis = await startPrivateRedis(redisServer, redisFolder);
    stops.push(async () => {
      await redis.stop();
      rmSync(redisFolder, { recursive: true });
    });
    services = await ComposeServices.open(compose, { postgres: url, redis: redis.url });
    stops.push(() => services.remove());
  });
  after(async () => {
    for (const stop of stops.toReversed()) {
      await stop();
    }
  });

  test("sandbox, set-up, then gateway, bot and twelve agents come up with their own volumes", async () => {
    services.start("sandbox");
    await services.healthy("sandbox", ...(compose.services.sandbox?.healthcheck?.test.slice(2) ?? []));
    const setUp = await services.run("setup", ...(compose.services.setup?.command?.slice(1) ?? []));
    assert.equal(setUp.code, 0, setUp.stderr);
    for (const name of startOrder(compose).slice(2)) {
      services.start(name);
    }
    await services.healthy("bot", "health", "bot");
    await services.healthy("supply", "health", "agents");
    assert.ok(
      !existsSync(path.join(services.folder, "supply", "sandbox")),
      "it does without the sandbox's data",
    );
  });

  test("one request is approved through the bot's command line and ordered", async () => {
    const text = "Order the parts needed for 50 widgets for Customer XYZ";
    const { stdout, stderr } = await services.run("bot", "ask", text, "--yes", "--json");
    const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as RunResult;
    assert.equal(result.status, "completed", stderr + stdout);
    const books = await services.run("crm", "books", "orders", "--json");
    const orders = (JSON.parse(books.stdout) as { run: string; status: string }[]).filter(
      (order) => order.run === result.run,
    );
    assert.equal(orders.length, result.plan?.orders.length);
    assert.ok(orders.every((order) => order.status === "confirmed"));
  });

  test("set-up again changes nothing; SIGTERM ends every process in good order", async () => {
    const again = await services.run("setup", "setup");
    assert.equal(again.code, 0, again.stderr);
    const ended = await services.stop();
    assert.equal(ended.length, 15);
    for (const each of ended) {
      assert.equal(each.ended, "code 0", `${each.name}: ${each.said}`);
      assert.doesNotMatch(each.said, /error/i, each.name);
    }
  });
});
