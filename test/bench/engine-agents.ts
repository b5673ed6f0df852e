// The agents of the full path, in one process as `npm start` has them: each with own keys, connections and database.
import { openParticipant, serve } from "./call-agent.ts";
import { benchAgents } from "./engine-workflow.ts";

for (const definition of benchAgents) {
  const participant = await openParticipant(definition.id, { durable: true });
  if (participant.store !== undefined) {
    await serve(participant, participant.store, definition);
  }
}
process.send?.({ ready: true });
process.on("disconnect", () => process.exit());
