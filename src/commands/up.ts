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
  const stopping = new AbortController();
  const starting = launch({
    settings: o.settings,
    config: o.config,
    demo: o.empty !== true,
    isolate: o.isolate === true,
    tell,
    signal: stopping.signal,
  });
  const stop = (): void => {
    if (!stopping.signal.aborted) {
      tell("stopping …");
      stopping.abort();
      // A start that is given up has stopped what it had started.
      void starting.then((system) => system.stop()).finally(() => process.exit(0));
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, stop);
  }
  const system = await starting.catch((error: unknown) => {
    if (stopping.signal.aborted) {
      process.exit(0);
    }
    throw error;
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
