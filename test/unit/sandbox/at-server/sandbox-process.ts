// A sandbox in a process of its own, to be killed by a test: node sandbox-process.ts FOLDER ATSIGNS [JOINED-FOLDER]
import { startAtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";

const [, , dataDir = "", atSigns = "@alice,@bob", joined = ""] = process.argv;
const { directory, ca, caFile, cramSecrets } = await startAtSandbox({
  dataDir,
  atSigns: atSigns.split(","),
  ...(joined === "" ? {} : { join: joined }),
});
process.send?.({ directory, ca, caFile, cramSecrets });
process.on("disconnect", () => process.exit());
