import { z } from "zod";
import type { SlackApp } from "./model.ts";

/** The parts of an app manifest that change what Slack does. https://docs.slack.dev/reference/app-manifest */
const manifestSchema = z.looseObject({
  display_information: z.looseObject({ name: z.string().min(1).max(35) }),
  features: z
    .looseObject({
      app_home: z
        .looseObject({
          home_tab_enabled: z.boolean().optional(),
          messages_tab_enabled: z.boolean().optional(),
        })
        .optional(),
      bot_user: z.looseObject({ display_name: z.string().max(80) }).optional(),
      assistant_view: z.looseObject({}).optional(),
      slash_commands: z
        .array(z.looseObject({ command: z.string().regex(/^\/[a-z0-9_-]{1,31}$/), description: z.string() }))
        .optional(),
      shortcuts: z
        .array(
          z.looseObject({
            name: z.string().max(24),
            type: z.enum(["message", "global"]),
            callback_id: z.string().max(255),
            description: z.string().max(150),
          }),
        )
        .max(10)
        .optional(),
    })
    .optional(),
  oauth_config: z.looseObject({ scopes: z.looseObject({ bot: z.array(z.string()).optional() }).optional() }),
  settings: z
    .looseObject({
      event_subscriptions: z.looseObject({ bot_events: z.array(z.string()).optional() }).optional(),
      interactivity: z.looseObject({ is_enabled: z.boolean() }).optional(),
      socket_mode_enabled: z.boolean().optional(),
    })
    .optional(),
});

/** An app manifest as Slack takes it in one paste; see `appFrom`. */
export type AppManifest = z.input<typeof manifestSchema>;

/** Everything the stand-in can do: for tests that are not about scopes. */
export const fullManifest: AppManifest = {
  display_information: { name: "Countersign" },
  features: {
    app_home: { home_tab_enabled: true, messages_tab_enabled: true },
    bot_user: { display_name: "countersign" },
    assistant_view: {},
    slash_commands: [{ command: "/countersign", description: "Status, runs and approvals" }],
    shortcuts: [
      {
        name: "Make this a request",
        type: "message",
        callback_id: "make-request",
        description: "Start a request from this message",
      },
    ],
  },
  oauth_config: {
    scopes: {
      bot: [
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "team:read",
        "users:read",
        "users:read.email",
      ],
    },
  },
  settings: {
    event_subscriptions: {
      bot_events: [
        "app_home_opened",
        "app_mention",
        "assistant_thread_context_changed",
        "assistant_thread_started",
        "message.channels",
        "message.groups",
        "message.im",
      ],
    },
    interactivity: { is_enabled: true },
    socket_mode_enabled: true,
  },
};

/**
 * The app that this manifest makes. Throws with Slack's reason when Slack would refuse the manifest or when the
 * product could not work with it: Socket Mode off, or an event without its scope.
 */
export function appFrom(
  manifest: AppManifest,
  tokens: { readonly bot: string; readonly app: string },
): SlackApp {
  const { display_information, features, oauth_config, settings } = manifestSchema.parse(manifest);
  if (settings?.socket_mode_enabled !== true) {
    throw new Error("manifest: settings.socket_mode_enabled must be true");
  }
  const scopes = new Set(oauth_config.scopes?.bot);
  const events = new Set(settings.event_subscriptions?.bot_events);
  for (const event of events) {
    const needed = scopeOfEvent(event);
    if (needed !== undefined && !scopes.has(needed)) {
      throw new Error(`manifest: event ${event} needs the scope ${needed}`);
    }
  }
  const commands = new Set(features?.slash_commands?.map((each) => each.command));
  if ((commands.size > 0 || (features?.shortcuts?.length ?? 0) > 0) && !scopes.has("commands")) {
    throw new Error("manifest: slash commands and shortcuts need the scope commands");
  }
  return {
    id: "A0SANDBOX01",
    name: features?.bot_user?.display_name ?? display_information.name,
    botUserId: "U0BOT00001",
    botId: "B0BOT00001",
    botToken: tokens.bot,
    appToken: tokens.app,
    verificationToken: "sandbox-verification-token",
    scopes,
    events,
    commands,
    shortcuts: (features?.shortcuts ?? []).map((each) => ({
      name: each.name,
      callbackId: each.callback_id,
      type: each.type,
    })),
    homeTab: features?.app_home?.home_tab_enabled === true,
    messagesTab: features?.app_home?.messages_tab_enabled !== false,
    agent: features?.assistant_view !== undefined,
    interactivity: settings.interactivity?.is_enabled === true,
  };
}

/** https://docs.slack.dev/reference/events: the scope each event names. */
function scopeOfEvent(event: string): string | undefined {
  const scopes: Readonly<Record<string, string>> = {
    app_mention: "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    assistant_thread_started: "assistant:write",
    assistant_thread_context_changed: "assistant:write",
  };
  return scopes[event];
}
