import { Command, InvalidArgumentError } from "commander";

/**
 * The options of one of the project's own commands: `--help` says what there is; what is wrong is named, with what was
 * expected, and ends with 2, as it does with the product's commands.
 */
export function runOptions(script: string, about: string): Command {
  return new Command(`npm run ${script} --`)
    .description(about)
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new InvalidArgumentError("Expected a whole number.");
  }
  return Number(text);
}

/** Some of the names there are, with commas between them. */
export function namesOf(known: readonly string[]): (text: string) => readonly string[] {
  return (text) => {
    const names = text.split(",");
    const wrong = names.find((name) => !known.includes(name));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(`"${wrong}": expected some of ${known.join(",")}.`);
    }
    return names;
  };
}
