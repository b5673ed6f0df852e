import { z } from "zod";
import { csvRows, readLetter, requiredField, writtenMoney } from "../../../adapters/suppliers/letter.ts";
import { AppError } from "../../errors.ts";
import type { Logger } from "../../ports.ts";
import { newMessageSchema, type NewMessage, type StoredMessage } from "../mail/mail-message.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { garbageText } from "./faults.ts";
import {
  documentLetter,
  quotationLetter,
  quoted,
  refusalLetter,
  statusLetter,
  type LetterDraft,
} from "./letters.ts";
import { customerOrderSchema, quoteRequestSchema, type CustomerOrder, type QuoteRequest } from "./trade.ts";
import type { Wholesaler } from "./wholesaler.ts";

/**
 * The person at the wholesaler who reads the mailbox and answers. Reading on and the answers to be sent are one
 * transaction, so that after a crash no letter is skipped; one may be answered twice.
 */
export class MailClerk {
  readonly #wholesaler: Wholesaler;
  readonly #mailbox: Mailbox;
  readonly #address: string;
  readonly #log: Logger;

  constructor(o: { wholesaler: Wholesaler; mailbox: Mailbox; address: string; log: Logger }) {
    this.#wholesaler = o.wholesaler;
    this.#mailbox = o.mailbox;
    this.#address = o.address;
    this.#log = o.log;
  }

  /** Answers everything that lies in the mailbox. */
  work(): void {
    const { store, faults, id } = this.#wholesaler;
    this.#post();
    while (!faults.down) {
      const after = Number(store.setting("mail-cursor") ?? "0");
      const { messages } = this.#mailbox.search({ recipient: this.#address, after });
      if (messages.length === 0) {
        return;
      }
      if (faults.slow) {
        this.#log.info({ wholesaler: id, letters: messages.length }, "wholesaler.held");
        return;
      }
      for (const message of messages) {
        const letters = this.#letters(message);
        store.transaction(() => {
          for (const letter of letters) {
            store.insertLetter(JSON.stringify(letter));
          }
          store.setSetting("mail-cursor", String(message.cursor));
        });
      }
      this.#post();
    }
  }

  #post(): void {
    const { store } = this.#wholesaler;
    for (const { id, content } of store.letters()) {
      this.#mailbox.deliver(newMessageSchema.parse(JSON.parse(content)));
      store.deleteLetter(id);
    }
  }

  /** The letters that answer one; a letter that cannot be sent is left out, or it would block all after it. */
  #letters(message: StoredMessage): readonly NewMessage[] {
    return this.#answers(message).flatMap((draft) => {
      const letter = { from: this.#address, to: message.from, inReplyTo: message.id, ...draft };
      const checked = newMessageSchema.safeParse(letter);
      if (!checked.success) {
        this.#log.error(
          { wholesaler: this.#wholesaler.id, cursor: message.cursor },
          "wholesaler.letter-failed",
        );
      }
      return checked.success ? [checked.data] : [];
    });
  }

  #answers(message: StoredMessage): readonly LetterDraft[] {
    const { faults, id } = this.#wholesaler;
    if (message.from === this.#address) {
      return [];
    }
    if (faults.garbage) {
      return [{ subject: `Re: ${message.subject}`, text: garbageText, attachments: [] }];
    }
    const reference = message.subject.split(" ").at(-1) ?? "";
    try {
      return this.#serve(message, reference);
    } catch (error) {
      if (error instanceof z.ZodError || error instanceof AppError) {
        const code = error instanceof AppError ? error.code : "bad-request";
        const words = error instanceof AppError ? error.message : "we could not read your letter";
        return [refusalLetter({ subject: message.subject, reference, code, words })];
      }
      // Not read again: a letter that breaks the clerk must not stop all that come after it.
      this.#log.error({ wholesaler: id, cursor: message.cursor }, "wholesaler.letter-failed");
      return [];
    }
  }

  #serve(message: StoredMessage, reference: string): readonly LetterDraft[] {
    const wholesaler = this.#wholesaler;
    const documents = () => {
      const { confirmation, invoice } = wholesaler.documents(reference);
      return [documentLetter(confirmation), documentLetter(invoice)];
    };
    const kind = message.subject.toLowerCase().split(" ")[0] ?? "";
    switch (kind) {
      case "request": {
        const draft = quotationLetter(wholesaler.quote(readQuoteRequest(message)), wholesaler.catalogue.name);
        return [{ ...draft, text: [draft.text, ...quoted(message.text)].join("\n") }];
      }
      case "purchase":
        wholesaler.accept(readOrder(message));
        if (wholesaler.faults.loseReply) {
          this.#log.info({ wholesaler: wholesaler.id }, "wholesaler.reply-lost");
          return [];
        }
        return documents();
      case "order":
        return [statusLetter(wholesaler.find(reference))];
      case "documents":
        return documents();
      default:
        // Answering whatever comes would make two mailboxes write to each other for ever.
        return [];
    }
  }
}

function readQuoteRequest(message: StoredMessage): QuoteRequest {
  const letter = readLetter(message.text);
  return quoteRequestSchema.parse({
    requestId: requiredField(letter, /^our reference$/, "reference"),
    currency: requiredField(letter, /^currency$/, "currency"),
    shipToCountry: requiredField(letter, /^country of delivery$/, "country of delivery"),
    lines: csvRows(message.attachments).map((row) => ({
      ...row,
      agreedUnitPrice: row["agreed unit price"] === "" ? null : row["agreed unit price"],
    })),
  });
}

function readOrder(message: StoredMessage): CustomerOrder {
  const letter = readLetter(message.text);
  const total = writtenMoney(requiredField(letter, /^total$/, "total"));
  return customerOrderSchema.parse({
    reference: requiredField(letter, /^our order$/, "order number"),
    currency: total.currency,
    shipTo: requiredField(letter, /^deliver to$/, "address of delivery"),
    freightMethod: requiredField(letter, /^freight method$/, "freight method"),
    freight: writtenMoney(requiredField(letter, /^freight$/, "freight")).amount,
    tax: writtenMoney(requiredField(letter, /^tax$/, "tax")).amount,
    total: total.amount,
    lines: csvRows(message.attachments).map((row) => ({ ...row, unitPrice: row["unit price"] })),
  });
}
