import { CommanderError } from "commander";
import { addPeopleCommands } from "./commands/add-people-commands.ts";
import { addProcessCommands } from "./commands/add-process-commands.ts";
import { addRequestCommands } from "./commands/add-request-commands.ts";
import { addRightsCommands } from "./commands/add-rights-commands.ts";
import { addTrustCommands } from "./commands/add-trust-commands.ts";
import { exitCodes, fail } from "./commands/output.ts";
import { program } from "./commands/program.ts";

/** The command line. */

/** How long output may still be written after an error. */
const lingerMs = 500;

addRequestCommands();
addRightsCommands();
addPeopleCommands();
addTrustCommands();
addProcessCommands();
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
    fail(error, { json: process.argv.includes("--json") });
    // What a start that failed has left open must not keep this process alive.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
