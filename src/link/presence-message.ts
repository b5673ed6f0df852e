import { z } from "zod";

/** What an instance says of itself to the bot, and how long that holds. */

/** The run that presence travels under. */
export const presenceRun = "presence";
/** For the bot, from receipt: an instance not heard of for this long is gone. */
export const leaseMs = 20_000;
/** Three times within a lease, so that two in a row may be lost. */
export const renewMs = 6_000;

const skillName = z.string().min(1).max(100);
const place = z.string().min(1).max(60);
export const instanceFactsSchema = z.strictObject({
  skills: z.array(skillName).max(100),
  /** The model it works with, if it has one of its own. */
  model: z.string().min(1).max(100).nullable(),
  /** Where it runs, in the company's own words. */
  region: place.nullable(),
  /** Of one request, in the company's currency: a decimal string. */
  price: z.string().regex(/^\d{1,9}(\.\d{1,6})?$/),
  /** Requests it takes at a time. */
  capacity: z.int().min(1).max(10_000),
});
export type InstanceFacts = z.infer<typeof instanceFactsSchema>;

/** "draining": it finishes what it has and takes nothing new; "gone": goodbye. */
export const announcementSchema = z.strictObject({
  facts: instanceFactsSchema,
  health: z.enum(["ok", "draining", "gone"]),
});
export type Announcement = z.infer<typeof announcementSchema>;
