// Loaded (node --import) into every process of a system whose test wants failpoints in it: the functions that make the
// ports are replaced by those of process-failpoints.ts where they are imported. The product's files know nothing of it.
import { registerHooks } from "node:module";

const root = new URL("../../../", import.meta.url);
const made = {
  "adapters/store/record-store.ts": ["openRecordStore"],
  "adapters/store/agent-store.ts": ["openAgentStore"],
  "src/link/at-link.ts": ["createAtLink"],
  "adapters/suppliers/suppliers.ts": ["openSuppliers"],
  "adapters/bullmq/step-queue.ts": ["openRedisQueue", "openMemoryQueue"],
  "adapters/rules-model/rules-model.ts": ["loadRulesModel"],
  "adapters/console/console-adapter.ts": ["createConsole"],
  "adapters/terminal/terminal-adapter.ts": ["createTerminalAdapter"],
  "src/processes/child.ts": ["startChild"],
};
const makers = new Map(Object.entries(made).map(([file, names]) => [new URL(file, root).href, names]));
const standIns = new URL("./process-failpoints.ts", import.meta.url).href;
const mark = "?failpoints";

if (["up", "bot", "agent", "gateway"].includes(process.argv[2] ?? "")) {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      const isOurs = context.parentURL?.endsWith(mark) === true;
      return makers.has(found.url) && !isOurs ? { ...found, url: `${found.url}${mark}` } : found;
    },
    load(url, context, nextLoad) {
      const original = url.endsWith(mark) ? url.slice(0, -mark.length) : undefined;
      const names = makers.get(original ?? "");
      if (original === undefined || names === undefined) {
        return nextLoad(url, context);
      }
      const source = [
        `import * as original from ${JSON.stringify(original)};`,
        `import { standIns } from ${JSON.stringify(standIns)};`,
        `export * from ${JSON.stringify(original)};`,
        ...names.map((name) => `export const ${name} = standIns.${name}(original.${name});`),
      ].join("\n");
      return { format: "module", source, shortCircuit: true };
    },
  });
}
