import { asOption, byOption, command, positive, settings, type ViewFlags } from "./program.ts";
import type { ProposeFlags } from "./rights.ts";

/** Rights to decide, questions before a decision, reviews after one. Each command loads what it needs when it is called. */

interface ByFlags {
  by?: string;
  json?: boolean;
}

export function addRightsCommands(): void {
  command("delegations", "rights to decide that people handed on")
    .addOption(byOption)
    .action(async (o: ByFlags) => (await import("./rights.ts")).delegations(settings(), o));
  command("take-back <delegation>", "take back a right that you handed on, at once")
    .addOption(byOption)
    .action(async (id: string, o: ByFlags) => (await import("./rights.ts")).takeBack(settings(), id, o));
  command("ask-back <approval>", "ask the requester something before you decide")
    .requiredOption("--text <question>", "what you want to know")
    .addOption(byOption)
    .action(async (id: string, o: ByFlags & { text: string }) =>
      (await import("./rights.ts")).askBack(settings(), id, o),
    );
  command("answer <run> <text>", "answer the question that a request of yours waits with")
    .addOption(asOption)
    .action(async (run: string, text: string, o: ViewFlags) =>
      (await import("./rights.ts")).answerRun(settings(), run, text, o),
    );
  command("reviews", "what somebody decided alone and nobody has reviewed")
    .addOption(byOption)
    .action(async (o: ByFlags) => (await import("./rights.ts")).reviews(settings(), o));
  command("review <approval>", "write down what you found about a decision that somebody made alone")
    .requiredOption("--note <text>", "what you found")
    .addOption(byOption)
    .action(async (id: string, o: ByFlags & { note: string }) =>
      (await import("./rights.ts")).review(settings(), id, o),
    );

  const standing = command("standing", "what is approved in advance, and what is left of it")
    .enablePositionalOptions()
    .addOption(byOption)
    .action(async (o: ByFlags) => (await import("./rights.ts")).standing(settings(), o));
  command("propose", "propose to approve a bounded class of plans in advance", standing)
    .option("--for <person>", "whose requests; without it everybody's, of the workflow named")
    .option("--workflow <id>", "of this workflow only")
    .option("--customer <id...>", "for these customers only")
    .option("--supplier <id...>", "from these suppliers only")
    .option("--currency <code...>", "orders in these; default: the company's")
    .requiredOption("--each <amount>", 'what one plan may cost at most, e.g. "1500.00 USD"')
    .requiredOption("--in-all <amount>", "what all of them may cost")
    .requiredOption("--uses <n>", "how many plans", positive)
    .requiredOption("--until <time>", "ISO 8601 UTC")
    .option("--tier <name>", "of the policy; default: the one of the amount")
    .addOption(byOption)
    .action(async (o: ProposeFlags) => (await import("./rights.ts")).propose(settings(), o));
  command("approve <id>", "approve it; in force once as many have as must approve such a plan", standing)
    .addOption(byOption)
    .action(async (id: string, o: ByFlags) =>
      (await import("./rights.ts")).approveStanding(settings(), id, o),
    );
  command("revoke <id>", "take it back, at once and for good", standing)
    .addOption(byOption)
    .action(async (id: string, o: ByFlags) =>
      (await import("./rights.ts")).revokeStanding(settings(), id, o),
    );
}
