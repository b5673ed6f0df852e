import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { redisAnswers } from "../../adapters/bullmq/redis-connection.ts";
import { parseRedisUrl } from "../../adapters/bullmq/redis-url.ts";
import { tableNames } from "../../adapters/store/migrate.ts";
import { sealedColumns } from "../../adapters/store/record-schema.ts";
import type { Settings } from "../config.ts";
import type { Finding, SecretFile } from "../doctor-checks.ts";
import {
  bad,
  checkKeys,
  checkNode,
  checkQueue,
  checkSlack,
  checkStore,
  checkTrust,
  ok,
  warn,
} from "../doctor-checks.ts";
import { toErrorInfo } from "../errors.ts";
import { loadAgents } from "../load.ts";
import { databasePlace, type DatabasePlace } from "../processes/databases.ts";
import { lockFolder } from "../processes/folder-lock.ts";
import { faultText } from "../policy/assert-policy.ts";
import { peopleFaults } from "../policy/policy-faults.ts";
import { readTrust } from "../processes/read-trust.ts";
import { parsePaper } from "../trust/grant-register.ts";
import { sealedTrustDocumentSchema } from "../trust/trust-documents.ts";
import { controlClient, ifRunning, probeMs } from "./control-client.ts";
import { answer, answerJson, exitCodes } from "./output.ts";

const statusSchema = z.object({ slack: z.object({ ok: z.boolean(), text: z.string() }) });
const portsSchema = z.record(z.string(), z.int().min(1).max(65_535));

/** Looks at this machine and the data folder, and says what to do about what is not well. Changes nothing. */
export async function doctor(settings: Settings, o: { readonly json?: boolean }): Promise<void> {
  const findings = await examine(settings);
  const well = findings.every(({ status }) => status !== "bad");
  if (o.json === true) {
    answerJson({ type: "doctor", ok: well, checks: findings });
  } else {
    for (const { name, status, text, todo } of findings) {
      answer(
        `${status.padEnd(4)}  ${name.padEnd(9)} ${text}${todo === "" ? "" : `\n${" ".repeat(16)}→ ${todo}`}`,
      );
    }
  }
  process.exitCode = well ? exitCodes.done : exitCodes.failed;
}

/** All findings, in the order in which a start would meet what they are about. */
export async function examine(settings: Settings, patienceMs = probeMs): Promise<readonly Finding[]> {
  const running = await runningStatus(settings, patienceMs);
  return [
    checkNode(process.versions.node),
    dataFolder(settings.data),
    runtimeFolder(settings.runtime),
    record(settings),
    books(settings),
    gateway(settings),
    checkQueue({
      redisUrl: settings.redisUrl,
      redisServer: findRedisServer(process.env.PATH ?? ""),
      production: settings.production,
      silent: await isQueueSilent(settings, running !== undefined, patienceMs),
    }),
    await keys(path.join(settings.data, "keys")),
    await trust(settings),
    sandboxPorts(path.join(settings.data, "sandbox", "at", "ports.json")),
    checkSlack(settings.slack !== undefined, running === "silent" ? undefined : running?.slack),
    checkSystem(running),
  ];
}

function dataFolder(folder: string): Finding {
  if (!existsSync(folder)) {
    return ok("data", `${folder} is not there yet: the first start makes it`);
  }
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = "?" } = error as NodeJS.ErrnoException;
    return bad(
      "data",
      `${folder} cannot be written (${code})`,
      "give this user the folder, or set COUNTERSIGN_DATA",
    );
  }
  if (!existsSync(path.join(folder, "lock.db"))) {
    return ok("data", `${folder}, never started`);
  }
  try {
    lockFolder(folder, "Countersign").release();
    return ok("data", `${folder}, free`);
  } catch (error) {
    const { code, message } = toErrorInfo(error);
    return code === "data-in-use"
      ? ok("data", `${folder}, in use by a running Countersign`)
      : bad("data", message, "give this user the folder, or set COUNTERSIGN_DATA");
  }
}

function runtimeFolder(folder: string): Finding {
  if (!existsSync(folder)) {
    return ok("runtime", `${folder} is not there yet: a start makes it`);
  }
  const mode = statSync(folder).mode & 0o777;
  return (mode & 0o077) === 0
    ? ok("runtime", folder)
    : bad(
        "runtime",
        `${folder} has mode ${mode.toString(8)}: others may reach the sockets`,
        `chmod 700 ${folder}`,
      );
}

function record(settings: Settings): Finding {
  const sealed = Object.entries(sealedColumns).flatMap(([table, columns]) =>
    columns.map((column) => `${table}.${column}`),
  );
  return store(
    databasePlace(settings, "record"),
    `content columns, sealed under each run's key: ${sealed.join(", ")}; all others are ids, states and times`,
  );
}

function books(settings: Settings): Finding {
  return store(databasePlace(settings, "books"), "all columns are clear: they are the company's own records");
}

function gateway(settings: Settings): Finding {
  return store(
    databasePlace(settings, "gateway"),
    "content column, sealed under the gateway's key: agent_outbox.body; all others are ids, states and times",
  );
}

function store({ name, url, folder, migrations }: DatabasePlace, content: string): Finding {
  const file = path.join(folder, `${name}.db`);
  return checkStore(name, { url, file, tables: tableNames(migrations), content });
}

async function keys(folder: string): Promise<Finding> {
  const files: SecretFile[] = [];
  const look = (place: string): void => {
    const found = statSync(place);
    const isFolder = found.isDirectory();
    // The company's public key is no secret.
    if (isFolder || !place.endsWith(".pub")) {
      files.push({ path: place, mode: found.mode & 0o777, folder: isFolder });
    }
    if (isFolder) {
      readdirSync(place).forEach((name) => look(path.join(place, name)));
    }
  };
  if (existsSync(folder)) {
    readdirSync(folder).forEach((name) => look(path.join(folder, name)));
  }
  const wanted = [...(await loadAgents()).map(({ id }) => id), "bot", "gateway"];
  return checkKeys(
    files,
    wanted.filter((id) => !existsSync(path.join(folder, id, "instance.main.json"))),
  );
}

async function trust(settings: Settings): Promise<Finding> {
  const folder = path.join(settings.data, "trust");
  if (!existsSync(folder)) {
    return warn("trust", "no grants and no document yet", "`npm start` makes them, or `countersign setup`");
  }
  try {
    const { files, trust: found } = await readTrust(settings);
    const text = files.document?.text ?? "";
    // Its signature was verified above.
    const { statement } = parsePaper("trust.json", text, sealedTrustDocumentSchema);
    const faults = peopleFaults(found.policy, found.people, { demo: found.demo });
    const problems = found.problems.map(({ message }) => message);
    return checkTrust(
      statement,
      faults.length === 0 ? problems : [...problems, faultText(faults)],
      Date.now(),
    );
  } catch (error) {
    return bad("trust", toErrorInfo(error).message, "run `countersign trust sign`, or `countersign setup`");
  }
}

function sandboxPorts(file: string): Finding {
  if (!existsSync(file)) {
    return ok("sandbox", "no ports kept yet: the first start chooses them");
  }
  try {
    const ports = portsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    return ok("sandbox", `${Object.keys(ports).length} ports kept in ${file}`);
  } catch {
    return bad("sandbox", `${file} cannot be read`, "remove it: the next start chooses other ports");
  }
}

/** What the running bot says of itself; undefined when there is none, "silent" when it does not answer. */
async function runningStatus(
  settings: Settings,
  patienceMs: number,
): Promise<z.infer<typeof statusSchema> | "silent" | undefined> {
  const bot = controlClient(settings.runtime, "bot", patienceMs);
  try {
    return await ifRunning(
      async () => statusSchema.parse(await bot.get("/status")),
      () => Promise.resolve(undefined),
    );
  } catch (error) {
    if (toErrorInfo(error).code === "not-answering") {
      return "silent";
    }
    throw error;
  }
}
/** A Redis of our own is there as long as the system runs. */
async function isQueueSilent(
  { redisUrl, runtime }: Settings,
  isRunning: boolean,
  patienceMs: number,
): Promise<boolean> {
  const own = path.join(runtime, "redis.sock");
  const url = redisUrl ?? (isRunning && existsSync(own) ? `unix://${own}` : undefined);
  return url !== undefined && !(await redisAnswers(parseRedisUrl(url), patienceMs));
}
function checkSystem(running: "silent" | object | undefined): Finding {
  return running === "silent"
    ? bad("system", "the bot is there, but does not answer", "look at its log, and start it again")
    : ok("system", running === undefined ? "not running" : "running");
}
