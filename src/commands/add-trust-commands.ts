import type { EraseFlags } from "./erase.ts";
import type { ExportFlags } from "./journal.ts";
import { asOption, command, place, program, settings, type ViewFlags } from "./program.ts";

/** The journal, keys, grants and policy. Each command loads what it needs only when it is called. */

export function addTrustCommands(): void {
  const journal = program.command("journal").description("the tamper-evident record");
  command("verify", "check every chain and name the first bad record", journal)
    .option("--file <file>", "an exported journal instead (JSON lines)")
    .action(async (o: ViewFlags & { file?: string }) =>
      (await import("./journal.ts")).verify(settings(), place().config, o),
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
      (await import("./journal.ts")).exportJournal(settings(), place().config, o),
    );
  command("retention", "how long what was said stays readable, and what is due", journal).action(
    async (o: ViewFlags) => (await import("./journal.ts")).retention(settings(), place().config, o),
  );
  command(
    "erase [run]",
    "erase what was said in a finished run, or in all of a person's; the journal stays whole",
  )
    .option("--person <id>", "all runs that this person asked for")
    .requiredOption("--reason <text>", "why")
    .addOption(asOption)
    .action(async (run: string | undefined, o: EraseFlags) =>
      (await import("./erase.ts")).erase(settings(), run, o),
    );
  command("doctor", "check this machine and the data folder").action(async (o: ViewFlags) =>
    (await import("./doctor.ts")).doctor(settings(), o),
  );
  const keys = program.command("keys").description("keys of the company and its agents");
  command("new", "make the company key, once", keys)
    .requiredOption("--company", "the company key, which signs grants and the trust document")
    .action(async (o: ViewFlags) => (await import("./trust.ts")).newCompanyKey(settings(), o));
  command("invite <agent>", "one-time tokens that let instances of an agent enroll, elsewhere or here", keys)
    .option("--instances <n>", "how many", Number, 1)
    .option("--instance <name>", "one under this name: a new one, or one that is to have new keys")
    .option("--minutes <n>", "how long a token is good", Number, 60)
    .option("--wait", "and answer until all have enrolled or their time is over")
    .action(
      async (
        agent: string,
        o: { instances: number; instance?: string; minutes: number; wait?: boolean; json?: boolean },
      ) => (await import("./keys.ts")).invite(place(), agent, o),
    );
  command("enroll <token>", "make an instance's keys on this machine and have them let in", keys).action(
    async (token: string, o: ViewFlags) => (await import("./keys.ts")).enroll(place(), token, o),
  );
  command("approve <agent>", "as the agent's key-holder: let in who was invited and asks", keys)
    .option("--watch", "until nobody is waited for any more")
    .action(async (agent: string, o: { watch?: boolean; json?: boolean }) =>
      (await import("./keys.ts")).approve(place(), agent, o),
    );
  command("list [agent]", "instances and open invitations", keys).action(
    async (agent: string | undefined, o: ViewFlags) => (await import("./keys.ts")).list(place(), agent, o),
  );
  command("revoke <agent>", "let an instance out, or with the company key the whole agent", keys)
    .option("--instance <name>", "this one only (by the agent's key-holder)")
    .action(async (agent: string, o: { instance?: string; json?: boolean }) =>
      (await import("./keys-changes.ts")).revoke(place(), agent, o),
    );
  command(
    "rotate <agent>",
    "new keys for an agent: its key-holder (with the company key) and its instances here",
    keys,
  )
    .option("--instance <name>", "for this instance only; needs no company key")
    .option("--grant <file>", 'what "trust sign --request" made where the company key is')
    .option("--evidence", "of the bot: the key it signs clicks with; needs no company key")
    .action(
      async (agent: string, o: { instance?: string; grant?: string; evidence?: boolean; json?: boolean }) =>
        (await import("./keys-changes.ts")).rotate(place(), agent, o),
    );
  const trust = program.command("trust").description("grants, people and policy, signed by the company key");
  command("sign", "sign the next trust document from the books' people and the configured policy", trust)
    .option("--request <file>", 'instead: grant the next key that "keys rotate AGENT" asks for elsewhere')
    .option("--readmit", "with --request: also an agent that was revoked")
    .action(async ({ request, ...o }: { request?: string; readmit?: boolean; json?: boolean }) => {
      const { sign, signRequest } = await import("./trust.ts");
      await (request === undefined
        ? sign(settings(), place().config, o)
        : signRequest(settings(), place().config, { ...o, request }));
    });
  command("show", "the trust document in force here, revocations, what is refused", trust).action(
    async (o: ViewFlags) => (await import("./trust.ts")).show(settings(), place().config, o),
  );
  command("pull", "fetch what the company published", trust).action(async (o: ViewFlags) =>
    (await import("./trust.ts")).pull(settings(), place().config, o),
  );

  const policy = program.command("policy").description("who may decide what");
  command("explain [request]", "who would decide on a request, and why", policy)
    .option("--by <person>", "who asks")
    .option("--amount <amount>", "what it costs at most; without it every tier is explained")
    .option("--risk <risk...>", "what about the plan is irreversible, foreign-currency, …")
    .action(
      async (
        text: string | undefined,
        o: { by?: string; amount?: string; risk?: string[]; json?: boolean },
      ) => (await import("./policy.ts")).explain(place(), text, o),
    );
  command("test [file]", "check the policy against a table of examples", policy).action(
    async (file: string | undefined, o: ViewFlags) =>
      (await import("./policy.ts")).test(place().config, file ?? "policy-examples.json", o),
  );
}
