// A sandbox in a process of its own, to be killed by a test: node sandbox-process.ts FOLDER
import { startAtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";

const [, , dataDir = ""] = process.argv;
const { directory, ca, caFile, cramSecrets } = await startAtSandbox({ dataDir, atSigns: ["@alice", "@bob"] });
process.send?.({ directory, ca, caFile, cramSecrets });
process.on("disconnect", () => process.exit());
