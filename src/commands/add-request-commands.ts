import type { AskOptions } from "./ask.ts";
import { asOption, byOption, command, place, positive, settings, type ViewFlags } from "./program.ts";

/** Requests, decisions, and what stops or undoes them. Each command loads what it needs only when it is called. */

interface UndoFlags extends Pick<ViewFlags, "json"> {
  by?: string;
  step?: string;
  byHand?: string;
  giveUp?: string;
}

export function addRequestCommands(): void {
  command("up", "start everything: sandbox, gateway, agents, bot and console")
    .option("--empty", "without the demo company")
    .option("--isolate", "one process per agent (needs BOOKS_DATABASE_URL)")
    .action(async (o: { json?: boolean; empty?: boolean; isolate?: boolean }) => {
      const { up } = await import("./up.ts");
      await up({ ...place(), ...o });
    });
  command("ask <text>", "one request: progress, the approval card, the decision, the result")
    .addOption(asOption)
    .addOption(byOption)
    .option("--yes", "approve without asking")
    .option("--no", "reject without asking (needs --reason)")
    .option("--reason <text>", "why it is rejected")
    .action(async (text: string, o: AskOptions) => {
      const { askCommand } = await import("./ask-command.ts");
      await askCommand(place(), text, o);
    });

  command("runs", "requests and how they stand")
    .addOption(asOption)
    .action(async (o: ViewFlags) => (await import("./views.ts")).runs(settings(), o));
  command("run <id>", "one run: steps, inputs, outputs, plan, decision")
    .addOption(asOption)
    .action(async (id: string, o: ViewFlags) => (await import("./views.ts")).run(settings(), id, o));
  command(
    "explain <id>",
    "what happened in a run, in words: who, what, why, which checks and models, what it took",
  )
    .addOption(asOption)
    .action(async (id: string, o: ViewFlags) => (await import("./explain.ts")).explain(settings(), id, o));
  command("approvals [id]", "approvals, those that wait for a decision first, or one card")
    .addOption(asOption)
    .action(async (id: string | undefined, o: ViewFlags) =>
      (await import("./views.ts")).approvals(settings(), id, o),
    );
  command("approve <id>", "approve")
    .addOption(byOption)
    .option("--break-glass", "alone, where several must, in an emergency (needs --reason)")
    .option("--reason <text>", "why")
    .action(async (id: string, o: { by?: string; breakGlass?: boolean; reason?: string; json?: boolean }) =>
      (await import("./decide.ts")).decide(settings(), id, { ...o, verdict: "approved" }),
    );
  command("reject <id>", "reject, with the reason")
    .requiredOption("--reason <text>", "why")
    .addOption(byOption)
    .action(async (id: string, o: { by?: string; reason: string; json?: boolean }) =>
      (await import("./decide.ts")).decide(settings(), id, { ...o, verdict: "rejected" }),
    );
  command(
    "edit <run> [words...]",
    "change the plan that a run waits with, e.g. `edit RUN quantity 60 margin 22`; without words: what may be changed",
  )
    .option("--yes", "without asking: else you see first what would change")
    .addOption(byOption)
    .action(async (id: string, words: string[], o: { yes?: boolean; by?: string; json?: boolean }) =>
      (await import("./edit.ts")).edit(settings(), id, words, o),
    );
  command("delegate [approval]", "hand your right to decide to somebody else, for one approval or for all")
    .requiredOption("--to <person>", "who decides in your place")
    .option("--hours <n>", "for how long", positive, 24)
    .addOption(byOption)
    .action(async (id: string | undefined, o: { to: string; hours: number; by?: string; json?: boolean }) =>
      (await import("./decide.ts")).delegate(settings(), id, o),
    );
  command("cancel <run>", "end a run and release what it reserved")
    .addOption(byOption)
    .action(async (id: string, o: { by?: string; json?: boolean }) =>
      (await import("./decide.ts")).cancel(settings(), id, o),
    );
  for (const [name, text] of [
    ["pause", "begin nothing new of a run; what is under way finishes"],
    ["resume", "go on with a paused run"],
  ] as const) {
    command(`${name} <run>`, text)
      .addOption(byOption)
      .action(async (id: string, o: { by?: string; json?: boolean }) =>
        (await import("./decide.ts")).pauseRun(settings(), id, { ...o, paused: name === "pause" }),
      );
  }
  command("freeze", "stop all effects of the company at once; two people lift it")
    .requiredOption("--reason <text>", "why")
    .addOption(byOption)
    .action(async (o: { by?: string; reason: string; json?: boolean }) =>
      (await import("./safety.ts")).freeze(settings(), o),
    );
  command("unfreeze", "ask for the freeze to be lifted, or lift it as the second person")
    .addOption(byOption)
    .action(async (o: { by?: string; json?: boolean }) =>
      (await import("./safety.ts")).unfreeze(settings(), o),
    );
  command(
    "shadow <workflow> <mode>",
    "work on its new requests without effects (on), or with them again (off)",
  )
    .addOption(byOption)
    .action(async (workflow: string, mode: string, o: { by?: string; json?: boolean }) =>
      (await import("./safety.ts")).shadow(settings(), workflow, mode, o),
    );
  command("undo <run>", "undo what a run that has ended did; or say what became of what could not be undone")
    .option("--step <id>", "a step that could not be undone: tried again, or with one of the next two")
    .option("--by-hand <note>", "it was undone by hand: how")
    .option("--give-up <reason>", "it stays as it is: why")
    .addOption(byOption)
    .action(async (id: string, o: UndoFlags) => (await import("./undo.ts")).undo(settings(), id, o));
  command("undos [id]", "undos that need a person, or one of them: what is stuck, why, what to do")
    .addOption(asOption)
    .action(async (id: string | undefined, o: ViewFlags) =>
      (await import("./views.ts")).undos(settings(), id, o),
    );
  command("link <person>", "a one-time link that signs a person in to the console")
    .addOption(asOption)
    .action(async (person: string, o: ViewFlags) => (await import("./link.ts")).link(settings(), person, o));
  for (const name of ["status", "agents"] as const) {
    command(
      name,
      {
        status: "what runs and how it is",
        agents: "the agents and their atSigns",
      }[name],
    ).action(async (o: ViewFlags) => (await import("./views.ts"))[name](settings(), o));
  }
}
