// Loaded before a measured program: counts its SQLite commits, in all its threads, and tells them on demand.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

const name = "bench:commits";
const synchronousFull = 2;
const shared = isMainThread ? new SharedArrayBuffer(12) : (getEnvironmentData(name) as SharedArrayBuffer);
/** Those that wait for the disk, those that do not, and how many microseconds of CPU both took. */
const counts = new Int32Array(shared);

// oxlint-disable-next-line typescript/unbound-method -- called with its database, below
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
      const before = process.threadCpuUsage();
      const result = run();
      const { user, system } = process.threadCpuUsage(before);
      Atomics.add(counts, 2, user + system);
      return result;
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
    const [full = 0, normal = 0, commitUs = 0] = counts;
    process.send?.({ usage: { cpu: (user + system) / 1_000, full, normal, commitCpu: commitUs / 1_000 } });
  });
}
