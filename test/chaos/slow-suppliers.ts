// Loaded into every process (node --import): each HTTP exchange of the agents with a wholesaler or the mailbox service
// takes longer on its way there and back, so that kills also hit orders that are booked there and not yet known here.
import { setTimeout as pause } from "node:timers/promises";

const wayMs = 100;

if (process.argv[2] === "agent") {
  const exchange = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    await pause(wayMs);
    const response = await exchange(...request);
    await pause(wayMs);
    return response;
  };
}
