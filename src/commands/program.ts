import { Command, InvalidArgumentError, Option } from "commander";
import companyConfig from "../../countersign.config.ts";
import { type CompanyConfig, readSettings, type Settings } from "../config.ts";

/** The command line's root, and what its parts share. */

// What follows a command's name is that command's: `people link … --json` is not `people --json`.
export const program = new Command("countersign").enablePositionalOptions();
export const settings = (): Settings => readSettings(process.env);
export const place = (): { readonly settings: Settings; readonly config: CompanyConfig } => ({
  settings: settings(),
  config: companyConfig,
});
const jsonOption = new Option("--json", "machine-readable lines on stdout");
export const asOption = new Option("--as <person>", "who asks or looks (demo company only)");
export const byOption = new Option("--by <person>", "who decides (demo company only)");

export interface ViewFlags {
  as?: string;
  json?: boolean;
}

/** The parser of an option that is a number above 0; how many more or fewer there may be is judged where it is used. */
export function positive(text: string): number {
  const number = Number(text);
  if (!(Number.isFinite(number) && number > 0)) {
    throw new InvalidArgumentError("Expected a number above 0.");
  }
  return number;
}

/** A command with `--json`, whose errors are said once and end with the right code. */
export function command(usage: string, description: string, parent: Command = program): Command {
  return parent.command(usage).description(description).addOption(jsonOption);
}
