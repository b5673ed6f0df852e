import path from "node:path";
import { Option } from "commander";
import { runOptions } from "../run-options.ts";
import { profiles, runProfile } from "./run-profile.ts";

/** `npm run conformance -- --suite FOLDER [--cases FILE] [--profile NAME] [--slow]`: a suite's cases, profile by profile. */
const command = runOptions("conformance", "A suite's cases, profile by profile.")
  .addOption(
    new Option("--suite <folder>", "with run.mjs and cases.json")
      .env("COUNTERSIGN_CONFORMANCE")
      .makeOptionMandatory(),
  )
  .option("--cases <file>", "default: the suite's cases.json")
  .addOption(new Option("--profile <name>", "this one alone").choices(profiles))
  .option("--slow", "the slow cases as well")
  .parse();
const {
  suite,
  profile: only,
  ...options
} = command.opts<{
  suite: string;
  cases?: string;
  profile?: string;
  slow?: true;
}>();
const cases = path.resolve(options.cases ?? path.join(suite, "cases.json"));
for (const profile of only === undefined ? profiles : [only]) {
  const { passed, report } = await runProfile(profile, {
    suite: path.resolve(suite),
    cases,
    slow: options.slow === true,
  });
  process.stdout.write(`${report}\n`);
  if (!passed) process.exitCode = 1;
}
