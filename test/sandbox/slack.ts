import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ownApp } from "../fakes/own-app.ts";
import { withSandboxAccounts } from "../fakes/sandbox-people.ts";
import { startSlack } from "../fakes/slack/start-slack.ts";
import { runOptions } from "../run-options.ts";

/**
 * `npm run slack:sandbox`: a stand-in for Slack with a page to look at and click in, and the product against it. The
 * demo people are its members. Kept apart from `data`, unless COUNTERSIGN_DATA says where.
 */

runOptions(
  "slack:sandbox",
  "A stand-in for Slack with a page to click in, and the product against it.",
).parse();
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const mainFile = path.join(root, "src", "main.ts");
const pagePort = 8675;

const slack = await startSlack({
  manifest: ownApp,
  port: Number(process.env.COUNTERSIGN_SLACK_SANDBOX_PORT ?? pagePort),
});
const environment = {
  ...process.env,
  COUNTERSIGN_DATA: process.env.COUNTERSIGN_DATA ?? path.join(root, "data", "slack-sandbox"),
  COUNTERSIGN_CONSOLE_PORT: process.env.COUNTERSIGN_CONSOLE_PORT ?? "0",
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  COUNTERSIGN_SLACK_API_URL: slack.apiUrl,
};

/** One command of the product; resolves with its output. */
function command(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [mainFile, ...args], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${args.join(" ")} failed`)),
    );
  });
}

const people = path.join(root, `.slack-sandbox-${process.pid}.csv`);
try {
  writeFileSync(people, withSandboxAccounts(await command("books", "people", "--csv")), { mode: 0o600 });
  await command("import", "people", people);
} finally {
  rmSync(people, { force: true });
}

const up = spawn(process.execPath, [mainFile, "up"], { env: environment, stdio: "inherit" });
process.stdout.write(
  `Slack sandbox (a stand-in, not Slack): ${slack.pageUrl}?as=employee and ${slack.pageUrl}?as=manager\n`,
);
process.stdout.write(
  'Write "@countersign Order the parts needed for 50 widgets for Customer XYZ" in #orders.\n',
);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // A terminal sends SIGINT to the product as well, which ends in its own time.
  process.on(signal, () => signal === "SIGTERM" && up.kill(signal));
}
up.once("exit", (code) => {
  void slack.stop().then(() => process.exit(code ?? 1));
});
