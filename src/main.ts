import { Command, CommanderError, Option } from "commander";
import companyConfig from "../countersign.config.ts";
import { readSettings } from "./config.ts";
import type { EraseFlags } from "./commands/erase.ts";
import type { ExportFlags } from "./commands/journal.ts";
import type { AskOptions } from "./commands/ask.ts";
import { exitCodes, fail } from "./commands/output.ts";

/** The command line. Each command loads what it needs only when it is called. */

/** How long output may still be written after an error. */
const lingerMs = 500;

// What follows a command's name is that command's: `people link … --json` is not `people --json`.
const program = new Command("countersign").enablePositionalOptions();
const settings = () => readSettings(process.env);
const jsonOption = new Option("--json", "machine-readable lines on stdout");
const asOption = new Option("--as <person>", "who asks or looks (demo company only)");
const byOption = new Option("--by <person>", "who decides (demo company only)");

function wantsJson(): boolean {
  return process.argv.includes("--json");
}
/** A command with `--json`, whose errors are said once and end with the right code. */
function command(usage: string, description: string, parent: Command = program): Command {
  return parent.command(usage).description(description).addOption(jsonOption);
}

command("up", "start everything: sandbox, gateway, agents, bot and console")
  .option("--empty", "without the demo company")
  .option("--isolate", "one process per agent (needs BOOKS_DATABASE_URL)")
  .action(async (o: { json?: boolean; empty?: boolean; isolate?: boolean }) => {
    const { up } = await import("./commands/up.ts");
    await up({ settings: settings(), config: companyConfig, ...o });
  });
command("ask <text>", "one request: progress, the approval card, the decision, the result")
  .addOption(asOption)
  .addOption(byOption)
  .option("--yes", "approve without asking")
  .option("--no", "reject without asking (needs --reason)")
  .option("--reason <text>", "why it is rejected")
  .action(async (text: string, o: AskOptions) => {
    const { askCommand } = await import("./commands/ask-command.ts");
    await askCommand({ settings: settings(), config: companyConfig }, text, o);
  });

command("runs", "requests and how they stand")
  .addOption(asOption)
  .action(async (o: ViewFlags) => (await import("./commands/views.ts")).runs(settings(), o));
command("run <id>", "one run: steps, inputs, outputs, plan, decision")
  .addOption(asOption)
  .action(async (id: string, o: ViewFlags) => (await import("./commands/views.ts")).run(settings(), id, o));
command(
  "explain <id>",
  "what happened in a run, in words: who, what, why, which checks and models, what it took",
)
  .addOption(asOption)
  .action(async (id: string, o: ViewFlags) =>
    (await import("./commands/explain.ts")).explain(settings(), id, o),
  );
command("approvals [id]", "approvals waiting for a decision, or one card")
  .addOption(asOption)
  .action(async (id: string | undefined, o: ViewFlags) =>
    (await import("./commands/views.ts")).approvals(settings(), id, o),
  );
interface ViewFlags {
  as?: string;
  json?: boolean;
}
command("approve <id>", "approve")
  .addOption(byOption)
  .option("--break-glass", "alone, where several must, in an emergency (needs --reason)")
  .option("--reason <text>", "why")
  .action(async (id: string, o: { by?: string; breakGlass?: boolean; reason?: string; json?: boolean }) =>
    (await import("./commands/decide.ts")).decide(settings(), id, { ...o, verdict: "approved" }),
  );
command("reject <id>", "reject, with the reason")
  .requiredOption("--reason <text>", "why")
  .addOption(byOption)
  .action(async (id: string, o: { by?: string; reason: string; json?: boolean }) =>
    (await import("./commands/decide.ts")).decide(settings(), id, { ...o, verdict: "rejected" }),
  );
command("delegate [approval]", "hand your right to decide to somebody else, for one approval or for all")
  .requiredOption("--to <person>", "who decides in your place")
  .option("--hours <n>", "for how long", Number, 24)
  .addOption(byOption)
  .action(async (id: string | undefined, o: { to: string; hours: number; by?: string; json?: boolean }) =>
    (await import("./commands/decide.ts")).delegate(settings(), id, o),
  );
command("cancel <run>", "end a run and release what it reserved")
  .addOption(byOption)
  .action(async (id: string, o: { by?: string; json?: boolean }) =>
    (await import("./commands/decide.ts")).cancel(settings(), id, o),
  );
for (const [name, text] of [
  ["pause", "begin nothing new of a run; what is under way finishes"],
  ["resume", "go on with a paused run"],
] as const) {
  command(`${name} <run>`, text)
    .addOption(byOption)
    .action(async (id: string, o: { by?: string; json?: boolean }) =>
      (await import("./commands/decide.ts")).pauseRun(settings(), id, { ...o, paused: name === "pause" }),
    );
}
command("freeze", "stop all effects of the company at once; two people lift it")
  .requiredOption("--reason <text>", "why")
  .addOption(byOption)
  .action(async (o: { by?: string; reason: string; json?: boolean }) =>
    (await import("./commands/safety.ts")).freeze(settings(), o),
  );
command("unfreeze", "ask for the freeze to be lifted, or lift it as the second person")
  .addOption(byOption)
  .action(async (o: { by?: string; json?: boolean }) =>
    (await import("./commands/safety.ts")).unfreeze(settings(), o),
  );
command("shadow <workflow> <mode>", "work on its new requests without effects (on), or with them again (off)")
  .addOption(byOption)
  .action(async (workflow: string, mode: string, o: { by?: string; json?: boolean }) =>
    (await import("./commands/safety.ts")).shadow(settings(), workflow, mode, o),
  );
command("undo <run>", "undo what a run that has ended did; or say what became of what could not be undone")
  .option("--step <id>", "a step that could not be undone")
  .option("--by-hand <note>", "it was undone by hand: how")
  .option("--give-up <reason>", "it stays as it is: why")
  .addOption(byOption)
  .action(async (id: string, o: UndoFlags) => (await import("./commands/decide.ts")).undo(settings(), id, o));
interface UndoFlags extends Pick<ViewFlags, "json"> {
  by?: string;
  step?: string;
  byHand?: string;
  giveUp?: string;
}
command("link <person>", "a one-time link that signs a person in to the console")
  .addOption(asOption)
  .action(async (person: string, o: ViewFlags) =>
    (await import("./commands/link.ts")).link(settings(), person, o),
  );
for (const name of ["status", "agents"] as const) {
  command(
    name,
    {
      status: "what runs and how it is",
      agents: "the agents and their atSigns",
    }[name],
  ).action(async (o: ViewFlags) => (await import("./commands/views.ts"))[name](settings(), o));
}

const people = command("people", "who may ask and decide, and their chat accounts")
  .enablePositionalOptions()
  .action(async (o: ViewFlags) => (await import("./commands/people.ts")).people(settings(), o));
for (const change of ["link", "unlink"] as const) {
  const text = { link: "say that a chat account is this person's", unlink: "take that back" }[change];
  command(`${change} <person> <account>`, text, people).action(
    async (person: string, account: string, o: ViewFlags) => {
      const { changeAccount } = await import("./commands/people.ts");
      await changeAccount({ settings: settings(), config: companyConfig }, change, { person, account }, o);
    },
  );
}
command("import <platform>", "propose whose accounts are whose, by e-mail address (slack)", people)
  .option("--confirm", "link all that is proposed")
  .action(async (platform: string, o: { confirm?: boolean; json?: boolean }) => {
    const { importMembers } = await import("./commands/slack.ts");
    await importMembers({ settings: settings(), config: companyConfig }, platform, o);
  });

command("books <kind> [id]", "show the company's books")
  .option("--csv", "as CSV, as `import` takes it")
  .action(async (kind: string, id: string | undefined, o: { csv?: boolean; json?: boolean }) =>
    (await import("./commands/books.ts")).books(settings(), kind, id, o),
  );
command("import <kind> [file]", "import a CSV file into the books, all or nothing")
  .option("--dry-run", "check only")
  .option("--columns", "list the columns of the kind")
  .action(
    async (
      kind: string,
      file: string | undefined,
      o: { dryRun?: boolean; columns?: boolean; json?: boolean },
    ) => (await import("./commands/books.ts")).importFile(settings(), kind, file, o),
  );
const slack = program.command("slack").description("chat in Slack");
command("setup", "check tokens, scopes, connection and channel, and post a test card", slack).action(
  async (o: ViewFlags) => (await import("./commands/slack.ts")).setup(settings(), o),
);
const journal = program.command("journal").description("the tamper-evident record");
command("verify", "check every chain and name the first bad record", journal)
  .option("--file <file>", "an exported journal instead (JSON lines)")
  .action(async (o: ViewFlags & { file?: string }) =>
    (await import("./commands/journal.ts")).verify(settings(), companyConfig, o),
  );
command("export", "write the journal, or a part of it, as text", journal)
  .option("--format <format>", "jsonl or csv", "jsonl")
  .option("--run <id>", "only this run's records")
  .option("--since <time>", "only records from this time on")
  .option("--until <time>", "only records before this time")
  .option("--out <file>", "into a file, which is whole or not there")
  .option("--with-text", "with the record's texts, opened by the running bot for admins")
  .addOption(asOption)
  .action(async (o: ExportFlags) =>
    (await import("./commands/journal.ts")).exportJournal(settings(), companyConfig, o),
  );
command("retention", "how long what was said stays readable, and what is due", journal).action(
  async (o: ViewFlags) => (await import("./commands/journal.ts")).retention(settings(), companyConfig, o),
);
command(
  "erase [run]",
  "erase what was said in a finished run, or in all of a person's; the journal stays whole",
)
  .option("--person <id>", "all runs that this person asked for")
  .requiredOption("--reason <text>", "why")
  .addOption(asOption)
  .action(async (run: string | undefined, o: EraseFlags) =>
    (await import("./commands/erase.ts")).erase(settings(), run, o),
  );
command("doctor", "check this machine and the data folder").action(async (o: ViewFlags) =>
  (await import("./commands/doctor.ts")).doctor(settings(), o),
);
const keys = program.command("keys").description("keys of the company and its agents");
command("new", "make the company key, once", keys)
  .requiredOption("--company", "the company key, which signs grants and the trust document")
  .action(async (o: ViewFlags) => (await import("./commands/trust.ts")).newCompanyKey(settings(), o));
const keysContext = () => ({ settings: settings(), config: companyConfig });
command("invite <agent>", "one-time tokens that let instances of an agent enroll, elsewhere or here", keys)
  .option("--instances <n>", "how many", Number, 1)
  .option("--instance <name>", "one under this name: a new one, or one that is to have new keys")
  .option("--minutes <n>", "how long a token is good", Number, 60)
  .option("--wait", "and answer until all have enrolled or their time is over")
  .action(
    async (
      agent: string,
      o: { instances: number; instance?: string; minutes: number; wait?: boolean; json?: boolean },
    ) => (await import("./commands/keys.ts")).invite(keysContext(), agent, o),
  );
command("enroll <token>", "make an instance's keys on this machine and have them let in", keys).action(
  async (token: string, o: ViewFlags) => (await import("./commands/keys.ts")).enroll(keysContext(), token, o),
);
command("approve <agent>", "as the agent's key-holder: let in who was invited and asks", keys)
  .option("--watch", "until nobody is waited for any more")
  .action(async (agent: string, o: { watch?: boolean; json?: boolean }) =>
    (await import("./commands/keys.ts")).approve(keysContext(), agent, o),
  );
command("list [agent]", "instances and open invitations", keys).action(
  async (agent: string | undefined, o: ViewFlags) =>
    (await import("./commands/keys.ts")).list(keysContext(), agent, o),
);
command("revoke <agent>", "let an instance out, or with the company key the whole agent", keys)
  .option("--instance <name>", "this one only (by the agent's key-holder)")
  .action(async (agent: string, o: { instance?: string; json?: boolean }) =>
    (await import("./commands/keys-changes.ts")).revoke(keysContext(), agent, o),
  );
command(
  "rotate <agent>",
  "new keys for an agent: its key-holder (with the company key) and its instances here",
  keys,
)
  .option("--instance <name>", "for this instance only; needs no company key")
  .option("--grant <file>", 'what "trust sign --request" made where the company key is')
  .action(async (agent: string, o: { instance?: string; grant?: string; json?: boolean }) =>
    (await import("./commands/keys-changes.ts")).rotate(keysContext(), agent, o),
  );
const trust = program.command("trust").description("grants, people and policy, signed by the company key");
command("sign", "sign the next trust document from the books' people and the configured policy", trust)
  .option("--request <file>", 'instead: grant the next key that "keys rotate AGENT" asks for elsewhere')
  .option("--readmit", "with --request: also an agent that was revoked")
  .action(async ({ request, ...o }: { request?: string; readmit?: boolean; json?: boolean }) => {
    const { sign, signRequest } = await import("./commands/trust.ts");
    await (request === undefined
      ? sign(settings(), companyConfig, o)
      : signRequest(settings(), companyConfig, { ...o, request }));
  });
command("show", "the trust document in force here, revocations, what is refused", trust).action(
  async (o: ViewFlags) => (await import("./commands/trust.ts")).show(settings(), companyConfig, o),
);
command("pull", "fetch what the company published", trust).action(async (o: ViewFlags) =>
  (await import("./commands/trust.ts")).pull(settings(), companyConfig, o),
);

const policy = program.command("policy").description("who may decide what");
command("explain [request]", "who would decide on a request, and why", policy)
  .option("--by <person>", "who asks")
  .option("--amount <amount>", "what it costs at most; without it every tier is explained")
  .option("--risk <risk...>", "what about the plan is irreversible, foreign-currency, …")
  .action(
    async (text: string | undefined, o: { by?: string; amount?: string; risk?: string[]; json?: boolean }) =>
      (await import("./commands/policy.ts")).explain(keysContext(), text, o),
  );
command("test [file]", "check the policy against a table of examples", policy).action(
  async (file: string | undefined, o: ViewFlags) =>
    (await import("./commands/policy.ts")).test(companyConfig, file ?? "policy-examples.json", o),
);

command("health <process>", "whether a process answers: sandbox, bot or agents").action(
  async (name: string) => (await import("./commands/health.ts")).health(settings(), companyConfig, name),
);
command("setup", "make keys, grants and trust document once, then end (containers)").action(async () =>
  (await import("./commands/services.ts")).setup(settings(), companyConfig),
);
command("sandbox", "atDirectory and atServers for a laptop or a test, and the demo's wholesalers")
  .option("--atsigns <list>", "comma-separated atSigns; then no wholesalers are started")
  .option(
    "--keys <folder>",
    "where the atSigns' key files are (made when missing); without it the atSigns are new",
  )
  .option("--profile <name>", "behaviour profile", "default")
  .option(
    "--join <folder>",
    "data folder of another running sandbox, whose atDirectory and authority are used",
  )
  .action(async (o: { atsigns?: string; keys?: string; profile: string; join?: string; json?: boolean }) =>
    (await import("./commands/sandbox.ts")).sandbox(settings(), companyConfig, o),
  );
command("bot", "the bot process").action(async () =>
  (await import("./commands/services.ts")).bot(settings(), companyConfig),
);
command("gateway", "the model gateway process").action(async () =>
  (await import("./commands/services.ts")).gateway(settings(), companyConfig),
);
command("agent <names...>", "a process for the agents named")
  .option("--instance <name>", 'one of several of each; "new": under a name that ends with it')
  .action(async (names: string[], o: { instance?: string }) =>
    (await import("./commands/services.ts")).agents(settings(), companyConfig, { names, ...o }),
  );

program.exitOverride().configureOutput({ writeErr: (text) => process.stderr.write(text) });
for (const each of [program, ...program.commands.flatMap((one) => [one, ...one.commands])]) {
  each.exitOverride();
}
// A reader that has seen enough (`… | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? exitCodes.done : exitCodes.failed);
});
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else {
    fail(error, { json: wantsJson() });
    // What a start that failed has left open must not keep this process alive.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
