import { startWholesalers } from "../../src/sandbox/wholesalers/start-wholesalers.ts";
import { worldOptions } from "./supplier-world.ts";

/** The wholesalers in a process of their own, to be killed: prints where they are, as one line of JSON. */
const { endpoints, mailbox } = await startWholesalers(worldOptions(process.argv[2] ?? ""));
process.stdout.write(`${JSON.stringify({ endpoints, mailbox })}\n`);
