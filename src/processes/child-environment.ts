type Environment = Readonly<Record<string, string | undefined>>;

/** What every process of ours needs of its surroundings; nothing secret. */
const common = words(`
  PATH HOME USER LOGNAME LANG LC_ALL TZ TMPDIR TMP TEMP XDG_RUNTIME_DIR
  SystemRoot windir USERPROFILE APPDATA LOCALAPPDATA
  NODE_ENV NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE
  COUNTERSIGN_DATA COUNTERSIGN_RUNTIME COUNTERSIGN_LOG
`);
const atProtocol = "COUNTERSIGN_AT_DIRECTORY COUNTERSIGN_AT_CA_FILE";
const ownNames = {
  sandbox: words("COUNTERSIGN_SANDBOX_HOST COUNTERSIGN_SANDBOX_NAME COUNTERSIGN_SANDBOX_PORTS"),
  gateway: words(atProtocol),
  agents: words(`${atProtocol} BOOKS_DATABASE_URL COUNTERSIGN_MAILBOX_URL COUNTERSIGN_WORLD
    COUNTERSIGN_REGION COUNTERSIGN_MODEL COUNTERSIGN_PRICE COUNTERSIGN_CAPACITY`),
  bot: words(`${atProtocol} DATABASE_URL REDIS_URL COUNTERSIGN_RECORD_KEY
    COUNTERSIGN_CONSOLE_HOST COUNTERSIGN_CONSOLE_PORT
    SLACK_BOT_TOKEN SLACK_APP_TOKEN COUNTERSIGN_SLACK_APPROVALS COUNTERSIGN_SLACK_API_URL`),
} as const;

export type ChildKind = keyof typeof ownNames;

/** The environment of a child: only what its kind needs, so that no process holds another's passwords and keys. */
export function childEnvironment(kind: ChildKind, environment: Environment): Record<string, string> {
  return Object.fromEntries(
    [...common, ...ownNames[kind]].flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
