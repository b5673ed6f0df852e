import { z } from "zod";
import { AppError } from "../../errors.ts";
import { parseJson } from "../../parsed-json.ts";
import type { ServerReply, ServerRequest } from "../wholesalers/loopback-server.ts";
import { newMessageSchema } from "./mail-message.ts";
import type { Mailbox } from "./mailbox.ts";

const searchSchema = z.strictObject({
  after: z.coerce.number().int().nonnegative().default(0),
  from: z.string().max(254).optional(),
  subject: z.string().max(200).optional(),
});

/**
 * The mailbox service over HTTP. POST /mailboxes/ADDRESS/messages delivers, GET searches (after, from, subject).
 * Whoever reaches the service may read and write: it is a stand-in on loopback, without accounts.
 */
export function answerMailRequest(mailbox: Mailbox, request: ServerRequest): ServerReply {
  const [root, address, leaf, ...rest] = request.path;
  if (root !== "mailboxes" || address === undefined || leaf !== "messages" || rest.length > 0) {
    return refused(404, "not-found", "there is only /mailboxes/ADDRESS/messages");
  }
  if (request.method === "GET") {
    const search = searchSchema.safeParse(Object.fromEntries(request.query));
    if (!search.success) {
      return refused(400, "bad-request", "the search must have a cursor, and at most a sender and a subject");
    }
    const { after, from, subject } = search.data;
    return json(200, mailbox.search({ recipient: address, after, sender: from, subject }));
  }
  if (request.method !== "POST" || request.contentType !== "application/json") {
    return refused(400, "bad-request", "messages are posted as application/json");
  }
  const message = newMessageSchema.safeParse(parseJson(request.body));
  if (!message.success || message.data.to !== address) {
    return refused(400, "bad-request", "the message is incomplete, too long or addressed to somebody else");
  }
  try {
    const { id, cursor } = mailbox.deliver(message.data);
    return json(201, { id, cursor });
  } catch (error) {
    if (error instanceof AppError && error.code === "undeliverable") {
      return refused(503, error.code, error.message);
    }
    throw error;
  }
}

function json(status: number, body: unknown): ServerReply {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

function refused(status: number, code: string, message: string): ServerReply {
  return json(status, { error: { code, message } });
}
