// A sandbox that kills itself (SIGKILL) at one notification: node mortal-sandbox-process.ts FOLDER POINT NTH, where POINT is
// "pushed" (the receiver has it, it is not committed) or "committed" (the sender is not answered yet).
import { AtServer, type AtServerOptions } from "../../../../src/sandbox/at-server/at-server.ts";
import type { OutgoingNotification } from "../../../../src/sandbox/at-server/outgoing-store.ts";
import { startAtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";

const [, , dataDir = "", point = "", nth = ""] = process.argv;
const die = () => process.kill(process.pid, "SIGKILL");
let left = Number(nth);

class MortalServer extends AtServer {
  override receive(sender: string, n: OutgoingNotification, expiresAt: number): void {
    super.receive(sender, n, expiresAt);
    if (--left !== 0) return;
    // Flushing the monitors is added while these actions run, so this has to come after it.
    if (point === "pushed") this.store.beforeCommit(() => this.store.beforeCommit(die));
    else this.store.afterCommit(die);
  }
}

const { directory, ca, caFile, cramSecrets } = await startAtSandbox({
  dataDir,
  atSigns: ["@alice", "@bob"],
  makeServer: (atSign: string, options: AtServerOptions) => new MortalServer(atSign, options),
});
process.send?.({ directory, ca, caFile, cramSecrets });
process.on("disconnect", () => process.exit());
