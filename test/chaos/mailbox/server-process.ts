// AtServers with faults drawn from a seed: node server-process.ts FOLDER SEED AT_SIGNS [FOLDER_TO_JOIN]
import { startAtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { FaultyServer } from "./faulty-server.ts";
import { atKeysOf } from "./mailbox-keys.ts";
import { fateOf } from "./mailbox-plan.ts";

const [, , dataDir = "", seed = "", listed = "", joined] = process.argv;
const atSigns = listed.split(",") as readonly (keyof typeof atKeysOf)[];
let block = -1;
let count = 0;
// Between two messages to us everything in one block counts its notifications from the start.
process.on("message", (message: { readonly block: number }) => {
  block = message.block;
  count = 0;
});
const fate = (): ReturnType<typeof fateOf> => {
  const drawn = fateOf(`${seed}/${atSigns[0]}`, block, count++);
  if (drawn.kind !== "deliver") {
    process.send?.({ fault: drawn.kind });
  }
  return drawn;
};
const { directory, ca, addresses } = await startAtSandbox({
  dataDir,
  atSigns,
  keys: Object.fromEntries(atSigns.map((atSign) => [atSign, atKeysOf[atSign]])),
  makeServer: (atSign, options) => new FaultyServer(atSign, options, fate),
  ...(joined === undefined ? {} : { join: joined }),
});
process.send?.({ ready: { directory, ca, addresses } });
process.on("disconnect", () => process.exit());
