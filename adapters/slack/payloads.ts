import { z } from "zod";
import { cursorField } from "./pages.ts";

/** What Slack sends, as far as it is used. Each is parsed before anything is done with it. */

const slackId = z.string().regex(/^[A-Z0-9]{2,40}$/, "expected an id of Slack");
const ts = z.string().regex(/^\d{1,20}\.\d{1,20}$/, "expected a message's ts");
const text = z.string().max(100_000);

/** https://docs.slack.dev/reference/events/message and app_mention */
const postedMessage = z.object({
  type: z.string(),
  subtype: z.string().optional(),
  channel: slackId,
  channel_type: z.string().optional(),
  user: slackId.optional(),
  bot_id: z.string().nullish(),
  text: text.default(""),
  ts,
  thread_ts: ts.optional(),
  team: slackId.nullish(),
  user_team: slackId.nullish(),
  source_team: slackId.nullish(),
  edited: z.object({ ts }).optional(),
  files: z
    .array(z.object({ id: slackId, name: z.string().nullish(), filetype: z.string().nullish() }))
    .default([]),
});
export type PostedMessage = z.infer<typeof postedMessage>;
/** The message inside a change names no channel of its own. */
const innerMessage = postedMessage.omit({ channel: true, channel_type: true });
const changedMessage = z.object({
  type: z.literal("message"),
  subtype: z.literal("message_changed"),
  channel: slackId,
  channel_type: z.string().optional(),
  message: innerMessage,
  previous_message: innerMessage,
});
const deletedMessage = z.object({
  type: z.literal("message"),
  subtype: z.literal("message_deleted"),
  channel: slackId,
  channel_type: z.string().optional(),
  previous_message: innerMessage,
});
const eventBody = <T>(event: z.ZodType<T>) => z.object({ event });

export const payloads = {
  posted: eventBody(postedMessage),
  changed: eventBody(changedMessage),
  deleted: eventBody(deletedMessage),
  /** https://docs.slack.dev/reference/events/app_home_opened */
  homeOpened: eventBody(z.object({ user: slackId, tab: z.string().max(50) })),
  /** https://docs.slack.dev/reference/events/assistant_thread_started */
  assistantStarted: eventBody(
    z.object({ assistant_thread: z.object({ user_id: slackId, channel_id: slackId, thread_ts: ts }) }),
  ),
  userChanged: eventBody(z.object({ user: z.object({ id: slackId }) })),
  /** https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
  action: z.object({
    user: z.object({ id: slackId, team_id: slackId.optional() }),
    trigger_id: z.string().min(1).max(200),
    channel: z.object({ id: slackId }).optional(),
    message: z.object({ ts, thread_ts: ts.optional() }).optional(),
    view: z.object({ id: z.string().min(1).max(100), type: z.string().max(50).default("modal") }).optional(),
    actions: z
      .array(z.object({ action_id: z.string().max(255), value: z.string().max(2_000).default("") }))
      .min(1),
  }),
  /** https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload */
  submission: z.object({
    user: z.object({ id: slackId, team_id: slackId.optional() }),
    view: z.object({
      id: z.string().min(1).max(100),
      private_metadata: z.string().max(3_000),
      state: z.unknown(),
    }),
  }),
  /** https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload */
  shortcut: z.object({
    user: z.object({ id: slackId, team_id: slackId.optional() }),
    trigger_id: z.string().min(1).max(200),
    channel: z.object({ id: slackId }),
    message: z.object({ ts, thread_ts: ts.optional(), text: text.default("") }),
  }),
  /** https://docs.slack.dev/interactivity/implementing-slash-commands */
  command: z.object({
    user_id: slackId,
    team_id: slackId.optional(),
    channel_id: slackId,
    trigger_id: z.string().min(1).max(200),
    text: text.default(""),
  }),
} as const;
export type ActionBody = z.infer<typeof payloads.action>;

/** Answers of the Web API. */
export const answers = {
  ok: z.object({ ok: z.literal(true) }),
  posted: z.object({ ok: z.literal(true), channel: slackId, ts }),
  conversation: z.object({ ok: z.literal(true), channel: z.object({ id: slackId }) }),
  membership: z.object({
    ok: z.literal(true),
    channel: z.object({
      id: slackId,
      name: z.string().optional(),
      is_member: z.boolean().default(false),
      is_archived: z.boolean().default(false),
    }),
  }),
  view: z.object({ ok: z.literal(true), view: z.object({ id: z.string() }) }),
  uploadPlace: z.object({ ok: z.literal(true), upload_url: z.url(), file_id: z.string() }),
  identity: z.object({
    ok: z.literal(true),
    team_id: slackId,
    team: z.string().default(""),
    user_id: slackId,
    bot_id: z.string(),
    enterprise_id: slackId.nullish(),
    is_enterprise_install: z.boolean().default(false),
    response_metadata: z.object({ scopes: z.array(z.string()).default([]) }).optional(),
  }),
  /** One page of messages with their markers. */
  history: z.object({
    ok: z.literal(true),
    messages: z.array(
      z.object({
        ts,
        user: z.string().optional(),
        bot_id: z.string().nullish(),
        metadata: z
          .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()).default({}) })
          .optional()
          .catch(undefined),
        files: z.array(z.object({ name: z.string().nullish() })).default([]),
      }),
    ),
    ...cursorField,
  }),
} as const;

/** Somebody in an organisation of several workspaces (Enterprise Grid). */
export const enterpriseUserSchema = z.object({
  enterprise_id: slackId,
  teams: z.array(slackId).optional(),
});
/** https://docs.slack.dev/reference/objects/user-object: what must be known of somebody before they count. */
export const memberSchema = z.object({
  id: slackId,
  team_id: slackId.optional(),
  enterprise_user: enterpriseUserSchema.optional(),
  deleted: z.boolean(),
  is_bot: z.boolean(),
  is_restricted: z.boolean(),
  is_ultra_restricted: z.boolean(),
  is_stranger: z.boolean().default(false),
});
/** Deactivated people and bots lack some of it, and are refused by what is there. */
export const partialMemberSchema = memberSchema.partial().required({ id: true });
