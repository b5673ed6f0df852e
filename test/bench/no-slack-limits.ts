// Loaded into the bot (node --import): its own limits for Slack never wait, so that what is measured is its speed.
import { registerHooks } from "node:module";

const none = "export const createLimiter = () => ({ take: () => 0, block: () => undefined });";
registerHooks({
  load: (url, context, next) =>
    url.endsWith("/adapters/slack/limiter.ts")
      ? { format: "module", source: none, shortCircuit: true }
      : next(url, context),
});
