import manifest from "../../adapters/slack/manifest.json" with { type: "json" };
import type { AppManifest } from "./slack/app-manifest.ts";

const raw: object = manifest;
/** The app as our own manifest makes it: with the scopes and events that people are asked for, and no others. */
export const ownApp = raw as AppManifest;
