// Loaded before a measured program: counts its SQLite commits, in all its threads, and tells them on demand.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

const name = "bench:commits";
const synchronousFull = 2;
const shared = isMainThread ? new SharedArrayBuffer(8) : (getEnvironmentData(name) as SharedArrayBuffer);
/** Those that wait for the disk, and those that do not. */
const counts = new Int32Array(shared);

const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function counted(
  this: DatabaseSync,
  ...args: Parameters<DatabaseSync["prepare"]>
): StatementSync {
  const statement = prepare.apply(this, args);
  if (args[0] === "commit") {
    const mode = prepare.call(this, "pragma synchronous");
    const run = statement.run.bind(statement);
    // It takes no parameters.
    statement.run = () => {
      Atomics.add(counts, Number(mode.get()?.["synchronous"]) === synchronousFull ? 0 : 1, 1);
      return run();
    };
  }
  return statement;
};

if (isMainThread) {
  setEnvironmentData(name, shared);
  process.on("message", (message: object) => {
    if (!("usage" in message)) {
      return;
    }
    const { user, system } = process.cpuUsage();
    process.send?.({ usage: { cpu: (user + system) / 1_000, full: counts[0], normal: counts[1] } });
  });
}
