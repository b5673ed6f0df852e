import { command, place, settings } from "./program.ts";

/** Processes, one by one: for containers and hosts of their own. Each command loads what it needs only when it is called. */

export function addProcessCommands(): void {
  command("health <process>", "whether a process answers: sandbox, bot or agents").action(
    async (name: string) => (await import("./health.ts")).health(settings(), place().config, name),
  );
  command("setup", "make keys, grants and trust document once, then end (containers)").action(async () =>
    (await import("./services.ts")).setup(settings(), place().config),
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
      (await import("./sandbox.ts")).sandbox(settings(), place().config, o),
    );
  command("bot", "the bot process").action(async () =>
    (await import("./services.ts")).bot(settings(), place().config),
  );
  command("gateway", "the model gateway process").action(async () =>
    (await import("./services.ts")).gateway(settings(), place().config),
  );
  command("agent <names...>", "a process for the agents named")
    .option("--instance <name>", 'one of several of each; "new": under a name that ends with it')
    .action(async (names: string[], o: { instance?: string }) =>
      (await import("./services.ts")).agents(settings(), place().config, { names, ...o }),
    );
}
