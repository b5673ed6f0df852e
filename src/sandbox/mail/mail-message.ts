import { z } from "zod";

/** A message as the mailbox service keeps it: the parts of RFC 5322 that letters between companies need. */

const address = z
  .string()
  .max(254)
  .regex(/^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, "must be an e-mail address");
const header = z
  .string()
  .max(998)
  .regex(/^[^\r\n\0]*$/, "must be one line");

export const newMessageSchema = z.strictObject({
  from: address,
  to: address,
  subject: header,
  text: z.string().max(200_000),
  attachments: z
    .array(z.strictObject({ name: header, type: header, base64: z.base64().max(300_000) }))
    .max(10),
  inReplyTo: header.nullable(),
});
export type NewMessage = z.infer<typeof newMessageSchema>;

export const storedMessageSchema = newMessageSchema.extend({
  id: z.string(),
  /** Position in the service's one sequence: whatever comes later has a higher one. */
  cursor: z.number(),
  /** ISO 8601 UTC */
  receivedAt: z.string(),
});
export type StoredMessage = z.infer<typeof storedMessageSchema>;
