import path from "node:path";
import { parseArgs } from "node:util";
import { profiles, runProfile } from "./run-profile.ts";

/** `npm run conformance -- --suite FOLDER [--cases FILE] [--profile NAME] [--slow]`: a suite's cases, profile by profile. */
const { values } = parseArgs({
  options: {
    suite: { type: "string" },
    cases: { type: "string" },
    profile: { type: "string" },
    slow: { type: "boolean" },
  },
});
const suite = values.suite ?? process.env["COUNTERSIGN_CONFORMANCE"];
if (suite === undefined) {
  process.stderr.write(
    "give --suite FOLDER, or COUNTERSIGN_CONFORMANCE: the folder with run.mjs and cases.json\n",
  );
  process.exit(2);
}
const cases = path.resolve(values.cases ?? path.join(suite, "cases.json"));
for (const profile of values.profile === undefined ? profiles : [values.profile]) {
  const { passed, report } = await runProfile(profile, {
    suite: path.resolve(suite),
    cases,
    slow: values.slow === true,
  });
  process.stdout.write(`${report}\n`);
  if (!passed) process.exitCode = 1;
}
