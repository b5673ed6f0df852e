import { defineAgent, skill } from "../src/define-agent.ts";
import { routeInputSchema, routeOutputSchema } from "./router/route-schema.ts";

/** Sends a request to the workflow it means, asks when unsure, and never guesses a customer. */
export default defineAgent({
  id: "router",
  description: "Reads requests, chooses the workflow and asks when something is missing or ambiguous.",
  skills: {
    route: skill({
      effect: "read",
      input: routeInputSchema,
      output: routeOutputSchema,
      run: async (context, input) => {
        const { route } = await import("./router/route.ts");
        return route(context, input);
      },
    }),
  },
});
