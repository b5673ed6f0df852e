import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { sha256Hex } from "./canonical.ts";
import { AppError } from "./errors.ts";
import type { Policy } from "./policy-types.ts";

/** What the company declares in countersign.config.ts. */
export interface CompanyConfig {
  readonly company: { readonly name: string; readonly atSign: `@${string}` };
  /** The atSign of an agent, the bot ("bot") or the gateway ("gateway"). */
  readonly atSignOf: (id: string) => `@${string}`;
  readonly policy: Policy;
  /** Where instances of agents may be that are given work, by the region they announce. Default: anywhere. */
  readonly placement?: { readonly regions: readonly string[] };
  readonly limits?: {
    /** By agent: requests at a time and in a minute, all its instances together. Default: what they announce. */
    readonly agents?: Readonly<Record<string, { readonly inFlight?: number; readonly perMinute?: number }>>;
    /**
     * Runs worked on at a time (default 1,000), and runs that may wait for their turn (default 10,000); beyond those
     * requests are refused. Runs that wait for a person count as neither.
     */
    readonly runs?: { readonly inProgress?: number; readonly waiting?: number };
    /** By person: the share of the places where there is not room for all. Default 1 each. */
    readonly shares?: Readonly<Record<string, number>>;
  };
  /** Workflows begin in shadow mode, until an administrator ends it. Default: they do not. */
  readonly shadowNewWorkflows?: boolean;
  /** How long what was said in a run stays readable after its end, in days. Default: for ever. */
  readonly retention?: { readonly days: number };
}

/** Declares the company's configuration; the policy is checked again when it is signed. */
export function defineConfig(config: CompanyConfig): CompanyConfig {
  const days = config.retention?.days;
  if (days !== undefined && !(Number.isSafeInteger(days) && days >= 1)) {
    throw new AppError("bad-setting", `retention.days is ${days}, expected a whole number from 1`);
  }
  for (const [name, value] of Object.entries(config.limits?.runs ?? {})) {
    const least = name === "waiting" ? 0 : 1;
    if (!(Number.isSafeInteger(value) && value >= least)) {
      throw new AppError(
        "bad-setting",
        `limits.runs.${name} is ${value}, expected a whole number from ${least}`,
      );
    }
  }
  return Object.freeze(config);
}

const port = z.coerce.number().int().min(0).max(65_535);
const hostPort = z
  .string()
  .regex(/^[^\s:]+:\d{1,5}$/, 'expected "host:port"')
  .transform((text) => {
    const [host = "", number = "0"] = text.split(":");
    return { host, port: port.parse(number) };
  });

/** Not `z.url()`: a server behind a unix socket has no host, "postgres://USER@/DATABASE?host=FOLDER". */
const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/\S+$/, 'expected "postgres://USER:PASSWORD@HOST/DATABASE"');

/** "name=value,name=value" */
function pairs<T>(value: z.ZodType<T>) {
  return z.string().transform((text): Readonly<Record<string, T>> =>
    Object.fromEntries(
      text.split(",").map((pair) => {
        const [name = "", ...rest] = pair.split("=");
        return [name.trim(), value.parse(rest.join("=").trim())];
      }),
    ),
  );
}

/** What people put where a token of Slack belongs, by how it begins. */
const tokenKinds: readonly (readonly [RegExp, string])[] = [
  [/^["'\s]|["'\s]$/, "a text in quotes or with spaces around it"],
  [/^xoxb-/, "a bot token (xoxb-)"],
  [/^xapp-/, "an app-level token (xapp-)"],
  [/^xoxp-/, "a user token (xoxp-)"],
  [/^xoxe[.-]/, "a token that expires or refreshes another (xoxe)"],
  [/^https?:/, "an address"],
  [/^[0-9a-f]{32}$/, "a signing or client secret"],
];

/** Only the kind of what was given is part of a message, never its text. */
function slackToken(prefix: string, name: string) {
  const whole = new RegExp(`^${prefix}[A-Za-z0-9-]{8,300}$`);
  return z
    .string()
    .refine((text) => whole.test(text), {
      error: ({ input }) => {
        const text = String(input);
        const kind = text.startsWith(prefix)
          ? "a piece of one, or one with other signs in it"
          : (tokenKinds.find(([begins]) => begins.test(text))?.[1] ?? "something else");
        return `expected ${name}, which begins with "${prefix}"; this is ${kind}`;
      },
    })
    .optional();
}
/** What people put where the id of a channel belongs. */
function channelKind(text: string): string {
  if (text.startsWith("#")) {
    return "a channel's name";
  }
  const kinds: Readonly<Record<string, string>> = {
    D: "direct messages'",
    U: "a person's",
    W: "a person's",
    T: "a workspace's",
  };
  const kind = /^[A-Z0-9]{3,41}$/.test(text) ? kinds[text.slice(0, 1)] : undefined;
  return kind === undefined ? "something else" : `${kind} id`;
}
function isLoopback(url: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

/** Every setting that the environment can give, with its default. The README documents each of them. */
const environmentSchema = z.object({
  COUNTERSIGN_DATA: z.string().min(1).default("data"),
  COUNTERSIGN_LOG: z.enum(["debug", "info", "warn", "error"]).default("info"),
  COUNTERSIGN_CONSOLE_PORT: port.default(8674),
  COUNTERSIGN_CONSOLE_HOST: z.string().min(1).default("127.0.0.1"),
  COUNTERSIGN_SANDBOX_HOST: z.string().min(1).default("127.0.0.1"),
  COUNTERSIGN_SANDBOX_NAME: z.string().min(1).optional(),
  COUNTERSIGN_SANDBOX_PORTS: pairs(port).default({}),
  COUNTERSIGN_AT_DIRECTORY: hostPort.optional(),
  COUNTERSIGN_AT_CA_FILE: z.string().min(1).optional(),
  COUNTERSIGN_MAILBOX_URL: z.url().optional(),
  COUNTERSIGN_WORLD: pairs(z.url()).default({}),
  COUNTERSIGN_REGION: z.string().min(1).max(60).optional(),
  COUNTERSIGN_MODEL: z.string().min(1).max(100).optional(),
  COUNTERSIGN_PRICE: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, 'expected a decimal number such as "0.02"')
    .default("0"),
  COUNTERSIGN_CAPACITY: z.coerce.number().int().min(1).max(10_000).default(16),
  COUNTERSIGN_RECORD_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, "expected 32 bytes in base64")
    .optional(),
  COUNTERSIGN_RUNTIME: z.string().min(1).optional(),
  DATABASE_URL: postgresUrl.optional(),
  BOOKS_DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: z.string().min(1).optional(),
  SLACK_BOT_TOKEN: slackToken("xoxb-", "the bot token"),
  SLACK_APP_TOKEN: slackToken("xapp-", "the app-level token"),
  COUNTERSIGN_SLACK_APPROVALS: z
    .string()
    .refine((text) => /^[CG][A-Z0-9]{2,40}$/.test(text), {
      error: ({ input }) =>
        `expected a channel's id, e.g. "C0123456789"; this is ${channelKind(String(input))}`,
    })
    .optional(),
  COUNTERSIGN_SLACK_API_URL: z
    .url()
    .refine(isLoopback, "expected an address of this machine: only a stand-in for Slack is named here")
    .optional(),
  NODE_ENV: z.enum(["development", "test", "production"]).optional(),
});

export interface Settings {
  /** Absolute folder of everything that is kept. */
  readonly data: string;
  /** Absolute, short, 0700: unix sockets. */
  readonly runtime: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly console: { readonly host: string; readonly port: number };
  /** Where the sandbox binds, the name others know it by, and fixed ports by server name. */
  readonly sandbox: {
    readonly host: string;
    readonly name: string | undefined;
    readonly ports: Readonly<Record<string, number>>;
  };
  readonly atDirectory: { readonly host: string; readonly port: number } | undefined;
  readonly atCaFile: string | undefined;
  readonly mailboxUrl: string | undefined;
  readonly world: Readonly<Record<string, string>>;
  /** What instances of agents in this process say of themselves. */
  readonly instance: {
    readonly region: string | null;
    readonly model: string | null;
    readonly price: string;
    readonly capacity: number;
  };
  readonly recordKey: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly booksDatabaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Undefined: no Slack. `approvals` is the channel of those who decide; `apiUrl` a stand-in for Slack. */
  readonly slack:
    | {
        readonly botToken: string;
        readonly appToken: string;
        readonly approvals: string | undefined;
        readonly apiUrl: string | undefined;
      }
    | undefined;
  readonly production: boolean;
}

/** The settings of this process from its environment; a wrong one is refused by name. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError(
      "bad-setting",
      `setting ${issue?.path.join(".") ?? "?"}: ${issue?.message ?? "not valid"}`,
    );
  }
  const env = parsed.data;
  const data = path.resolve(env.COUNTERSIGN_DATA);
  return Object.freeze({
    data,
    runtime: path.resolve(env.COUNTERSIGN_RUNTIME ?? defaultRuntimeFolder(data)),
    logLevel: env.COUNTERSIGN_LOG,
    console: { host: env.COUNTERSIGN_CONSOLE_HOST, port: env.COUNTERSIGN_CONSOLE_PORT },
    sandbox: {
      host: env.COUNTERSIGN_SANDBOX_HOST,
      name: env.COUNTERSIGN_SANDBOX_NAME,
      ports: env.COUNTERSIGN_SANDBOX_PORTS,
    },
    atDirectory: env.COUNTERSIGN_AT_DIRECTORY,
    atCaFile: env.COUNTERSIGN_AT_CA_FILE,
    mailboxUrl: env.COUNTERSIGN_MAILBOX_URL,
    world: env.COUNTERSIGN_WORLD,
    instance: {
      region: env.COUNTERSIGN_REGION ?? null,
      model: env.COUNTERSIGN_MODEL ?? null,
      price: env.COUNTERSIGN_PRICE,
      capacity: env.COUNTERSIGN_CAPACITY,
    },
    recordKey: env.COUNTERSIGN_RECORD_KEY,
    databaseUrl: env.DATABASE_URL,
    booksDatabaseUrl: env.BOOKS_DATABASE_URL,
    redisUrl: env.REDIS_URL,
    slack: slackSettings(env),
    production: env.NODE_ENV === "production",
  });
}

/** Both tokens or none: one alone is a mistake, not a Slack that is off. */
function slackSettings(env: z.infer<typeof environmentSchema>): Settings["slack"] {
  const { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken } = env;
  if (botToken === undefined && appToken === undefined) {
    return undefined;
  }
  if (botToken === undefined || appToken === undefined) {
    const [missing, given] =
      botToken === undefined
        ? ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
        : ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"];
    throw new AppError("bad-setting", `setting ${missing}: missing, but ${given} is set; Slack needs both`);
  }
  const { COUNTERSIGN_SLACK_APPROVALS: approvals, COUNTERSIGN_SLACK_API_URL: apiUrl } = env;
  return Object.freeze({ botToken, appToken, approvals, apiUrl });
}

/** Names of all settings, for the check that the README documents each. */
export const settingNames: readonly string[] = Object.keys(environmentSchema.shape);

/** One folder per user and data folder, short because unix socket paths over 107 bytes fail. */
function defaultRuntimeFolder(data: string): string {
  const base = process.env.XDG_RUNTIME_DIR ?? os.tmpdir();
  return path.join(base, `countersign-${os.userInfo().uid}-${sha256Hex(data).slice(0, 12)}`);
}
