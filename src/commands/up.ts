import type { CompanyConfig, Settings } from "../config.ts";
import { launch } from "../processes/launcher.ts";
import { answer, answerJson } from "./output.ts";
import { tell } from "./output.ts";

/** `up`: everything, until Ctrl-C. */
export async function up(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  readonly empty?: boolean;
  readonly isolate?: boolean;
  readonly json?: boolean;
}): Promise<void> {
  const started = performance.now();
  let stopping = false;
  const stop = (system: { stop(): Promise<void> } | undefined): void => {
    if (stopping) {
      return;
    }
    stopping = true;
    tell("stopping …");
    void (system?.stop() ?? Promise.resolve()).finally(() => process.exit(0));
  };
  let system: Awaited<ReturnType<typeof launch>> | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => stop(system));
  }
  system = await launch({
    settings: o.settings,
    config: o.config,
    demo: o.empty !== true,
    isolate: o.isolate === true,
    tell,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const install = process.env.COUNTERSIGN_INSTALL_SECONDS ?? "0.0";
  if (o.json === true) {
    answerJson({
      type: "ready",
      console: system.consoleUrl,
      links: system.links,
      pids: system.pids(),
      data: o.settings.data,
      atDirectory: system.directory,
      ca: system.caFile,
    });
    return;
  }
  tell(`installed in ${install} s, started in ${seconds} s; queue: ${system.queue}`);
  answer(`Countersign is ready. Console: ${system.consoleUrl}`);
  for (const [person, link] of Object.entries(system.links)) {
    answer(`  sign in as ${person.padEnd(12)} ${link}`);
  }
  answer("Ctrl-C stops everything; open requests go on at the next start.");
}
