import { z } from "zod";
import { parseReply, plainText } from "./checked-reply.ts";
import type { Attachment } from "./letter.ts";
import { supplierGarbage, supplierRefused } from "./supplier-error.ts";
import { askSupplier } from "./supplier-http.ts";

/** A mailbox service over HTTP: send one message, search the messages that came after a cursor. */

const message = z.strictObject({
  id: z.string().max(200),
  cursor: z.number().int().nonnegative(),
  from: z.string().max(320),
  to: z.string().max(320),
  subject: z.string().max(998),
  text: z.string(),
  attachments: z.array(z.strictObject({ name: z.string(), type: z.string(), base64: z.base64() })).max(20),
  inReplyTo: z.string().max(200).nullable(),
  receivedAt: z.string(),
});
export type MailMessage = z.infer<typeof message>;
const page = z.strictObject({ messages: z.array(message), next: z.number().int().nonnegative() });
const sent = z.strictObject({ id: z.string().max(200), cursor: z.number().int().nonnegative() });
const refusal = z.object({
  error: z.object({ code: z.string().regex(/^[a-z-]{1,40}$/), message: plainText(300) }),
});

export interface OutgoingMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
}
export interface MailboxClient {
  /** The message's id and its place: whatever answers it comes after. */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<{ readonly id: string; readonly cursor: number }>;
  /** Messages to us after the cursor, oldest first, only from exactly this sender; may be called until empty. */
  search(
    o: { readonly after: number; readonly from: string; readonly subject?: string },
    signal: AbortSignal,
  ): Promise<{ readonly messages: readonly MailMessage[]; readonly next: number }>;
}

/** Our own mailbox, as used for one supplier (named in errors). */
export function openMailbox(o: {
  readonly supplier: string;
  readonly service: string;
  readonly address: string;
}): MailboxClient {
  const { supplier } = o;
  const ask = async (
    address: string,
    rest: {
      readonly method: "GET" | "POST";
      readonly body?: string;
      readonly query?: Record<string, string>;
    },
    signal: AbortSignal,
  ): Promise<unknown> => {
    const reply = await askSupplier({
      supplier,
      endpoint: o.service,
      path: ["mailboxes", address, "messages"],
      contentType: "application/json",
      signal,
      ...rest,
    });
    let body: unknown;
    try {
      body = JSON.parse(reply.text);
    } catch (error) {
      throw supplierGarbage(supplier, "the mailbox service did not answer with JSON", error);
    }
    if (reply.status >= 400) {
      const { error } = parseReply(supplier, refusal, body);
      throw supplierRefused(supplier, error.code, error.message);
    }
    return body;
  };

  return {
    async send(mail, signal) {
      const body = JSON.stringify({ from: o.address, inReplyTo: null, ...mail });
      return parseReply(supplier, sent, await ask(mail.to, { method: "POST", body }, signal));
    },
    async search({ after, from, subject }, signal) {
      const query = { after: String(after), from, ...(subject === undefined ? {} : { subject }) };
      const found = parseReply(supplier, page, await ask(o.address, { method: "GET", query }, signal));
      // The service's filter saves traffic; whom we believe is decided here.
      return { messages: found.messages.filter((each) => each.from === from), next: found.next };
    },
  };
}
