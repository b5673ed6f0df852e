import { z } from "zod";
import type { Wholesaler } from "../../src/book-rows.ts";
import { canonicalJson } from "../../src/canonical.ts";
import { AppError } from "../../src/errors.ts";
import type { SupplierSystem } from "../../src/ports.ts";
import type { SupplierDocument } from "../../src/supplier-types.ts";
import {
  checkedDocument,
  checkedOffer,
  orderNumber,
  ourReference,
  parseReply,
  plainText,
} from "./checked-reply.ts";
import {
  enquiryLetter,
  offerRequestLetter,
  orderLetter,
  readDocumentLetter,
  readOfferLetter,
  readOrderAnswer,
} from "./mail-letters.ts";
import { openMailbox, type MailMessage, type OutgoingMail } from "./mailbox-client.ts";
import { supplierGarbage, supplierRefused, supplierSlow } from "./supplier-error.ts";

/** A supplier that reads and writes e-mail: text for people, lists as CSV attachments. */

/** Waits; rejects when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface MailOptions {
  /** Base URL of the service that holds our mailbox. */
  readonly mailbox: string;
  /** Our name under letters, and our address. */
  readonly buyer: string;
  readonly address: string;
  readonly sleep: Sleep;
}

const firstPauseMs = 5;
const longestPauseMs = 1000;

/** Opens the mail channel to one wholesaler; only mail from exactly its address counts. */
export function openMailSupplier(wholesaler: Wholesaler, o: MailOptions): SupplierSystem {
  const supplier = wholesaler.id;
  const theirs = wholesaler.endpoint;
  const mailbox = openMailbox({ supplier, service: o.mailbox, address: o.address });

  const read = <T>(reader: (message: MailMessage) => T, message: MailMessage): T => {
    try {
      return reader(message);
    } catch (error) {
      throw error instanceof AppError ? supplierGarbage(supplier, error.message, error) : error;
    }
  };
  /** Looks again and again, with growing pauses, until `look` finds something or the signal aborts. */
  const poll = async <T>(signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> => {
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      const found = await look();
      if (found !== undefined) {
        return found;
      }
      try {
        await o.sleep(pause, signal);
      } catch {
        throw supplierSlow(supplier);
      }
    }
  };
  /** Sends a letter and waits for the answer to it: a reply to it, or a new mail that names the reference. */
  const converse = async (
    draft: Omit<OutgoingMail, "to">,
    reference: string,
    signal: AbortSignal,
  ): Promise<MailMessage> => {
    const sent = await mailbox.send({ to: theirs, ...draft }, signal);
    let after = sent.cursor;
    return poll(signal, async () => {
      const page = await mailbox.search({ after, from: theirs }, signal);
      after = page.next;
      return page.messages.find((each) =>
        each.inReplyTo === null ? names(each, reference) : each.inReplyTo === sent.id,
      );
    });
  };
  /** The booked order's number; undefined when the supplier says that it does not know it. */
  const bookedNumber = (answer: MailMessage, orderId: string): string | undefined => {
    const said = read(readOrderAnswer, answer);
    if (said.orderId !== orderId) {
      throw supplierGarbage(supplier, `it does not speak of order ${orderId}`);
    }
    if (said.outcome === "refused") {
      const checked = parseReply(supplier, refusal, said);
      throw supplierRefused(supplier, checked.code, checked.words);
    }
    return said.outcome === "booked" ? parseReply(supplier, orderNumber, said.number) : undefined;
  };
  /** All documents for an order that lie in our mailbox; the same one sent twice counts once. */
  const documentsHere = async (
    orderId: string,
    signal: AbortSignal,
  ): Promise<readonly SupplierDocument[]> => {
    const found = new Map<string, SupplierDocument>();
    for (let after = 0; ;) {
      const page = await mailbox.search({ after, from: theirs, subject: orderId }, signal);
      for (const message of page.messages.filter((each) => names(each, orderId))) {
        const reading = read(readDocumentLetter, message);
        if (reading !== undefined) {
          const document = checkedDocument(wholesaler, orderId, reading);
          found.set(canonicalJson(document), document);
        }
      }
      if (page.next === after) {
        return [...found.values()];
      }
      after = page.next;
    }
  };

  return {
    async requestOffer(request, signal) {
      const draft = offerRequestLetter(request, { buyer: o.buyer, currency: wholesaler.currency });
      const answer = await converse(draft, ourReference(request.id), signal);
      return checkedOffer(wholesaler, request, read(readOfferLetter, answer));
    },
    async placeOrder(order, signal) {
      const answer = await converse(orderLetter(order, o), ourReference(order.id), signal);
      const number = bookedNumber(answer, order.id);
      if (number === undefined) {
        throw supplierGarbage(supplier, `it answers order ${order.id} by saying that it does not know it`);
      }
      return number;
    },
    async findOrder(orderId, signal) {
      return bookedNumber(
        await converse(enquiryLetter("status", orderId, o), ourReference(orderId), signal),
        orderId,
      );
    },
    async documents(orderId, signal) {
      const complete = (list: readonly SupplierDocument[]) =>
        new Set(list.map((each) => each.kind)).size === 2 ? list : undefined;
      const here = complete(await documentsHere(ourReference(orderId), signal));
      if (here !== undefined) {
        return here;
      }
      // Not both are here: ask for them. What the supplier then says it does not know, it will not send.
      const answer = await converse(enquiryLetter("documents", orderId, o), orderId, signal);
      if (read(readDocumentLetter, answer) === undefined && bookedNumber(answer, orderId) === undefined) {
        return [];
      }
      return poll(signal, async () => complete(await documentsHere(orderId, signal)));
    },
  };
}

const refusal = z.object({ code: z.string().regex(/^[a-z-]{1,40}$/), words: plainText(300) });

/** Whether a subject names our reference as a word of its own: "run-1" is not named by "run-10". */
function names(message: MailMessage, reference: string): boolean {
  return message.subject.split(/[\s,;:()[\]]+/).includes(reference);
}
