// Loaded into every process (node --import): the launcher's children get the clock of their kind, by libfaketime.
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { clockEnvironment, clocksVariable } from "./clocks.ts";

const folder = process.env[clocksVariable];
const { fork } = childProcess;

if (folder !== undefined && process.argv[2] === "up") {
  const withOwnClock = (
    file: string | URL,
    args: readonly string[],
    options: childProcess.ForkOptions,
  ): childProcess.ChildProcess =>
    fork(file, args, { ...options, env: { ...options.env, ...clockEnvironment(folder, args[0] ?? "") } });
  Object.assign(childProcess, { fork: withOwnClock });
  syncBuiltinESMExports();
}
