import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import {
  readDocumentLetter,
  readOfferLetter,
  readOrderAnswer,
} from "../../../adapters/suppliers/mail-letters.ts";
import { readLetter, writtenNumber } from "../../../adapters/suppliers/letter.ts";
import type { MailMessage } from "../../../adapters/suppliers/mailbox-client.ts";
import { AppError } from "../../../src/errors.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/suppliers/${name}`, import.meta.url), "utf8");
const csv = (text: string) => ({
  name: "offer.csv",
  type: "text/csv",
  base64: Buffer.from(text).toString("base64"),
});
const mail = (text: string, attachments: MailMessage["attachments"] = []): MailMessage => ({
  id: "<1@evergreen.example>",
  cursor: 1,
  from: "orders@evergreen.example",
  to: "purchasing@countersign.example",
  subject: "Re: hello",
  text,
  attachments,
  inReplyTo: null,
  receivedAt: "2026-03-01T00:00:00.000Z",
});
const badLetter = (error: unknown) => error instanceof AppError && error.code === "bad-letter";

describe("an offer by mail", () => {
  const list =
    "\ufeffArticle;Description;Quantity;Price;Currency;Lead days\nbolt;=1+1;1,000;0.40;USD;3\ngear;;0;;USD;0\n";
  test("is read from a person's words and a table of another make", () => {
    assert.deepEqual(readOfferLetter(mail(fixture("quotation.txt"), [csv(list)])), {
      requestId: "rfq-1",
      reference: "Q-77",
      validUntil: "2026-03-15",
      taxPercent: "19.0",
      currency: "USD",
      lines: [{ part: "bolt", available: "1000", unitPrice: "0.40", leadDays: 3 }],
    });
  });
  for (const [name, text, attachments] of [
    ["no table", fixture("quotation.txt"), []],
    ["two tables", fixture("quotation.txt"), [csv(list), csv(list)]],
    ["a broken table", fixture("quotation.txt"), [csv('a;b\n"c;d\n')]],
    ["two currencies", fixture("quotation.txt"), [csv(list.replace("gear;;0;;USD", "gear;;0;;EUR"))]],
    ["a number that is not one", fixture("quotation.txt"), [csv(list.replace("1,000", "1,00"))]],
    ["a negative number", fixture("quotation.txt"), [csv(list.replace("1,000", "-1"))]],
    ["two answers to one question", `${fixture("quotation.txt")}\nValid until: 2027-01-01`, [csv(list)]],
    ["a tax that is no percentage", fixture("quotation.txt").replace("19.0%", "some"), [csv(list)]],
    ["no words", "", [csv(list)]],
  ] as const) {
    test(`with ${name} is refused`, () => {
      assert.throws(() => readOfferLetter(mail(text, [...attachments])), badLetter);
    });
  }
});

describe("an invoice by mail", () => {
  const text = fixture("invoice.txt");
  test("is read from text", () => {
    assert.deepEqual(readDocumentLetter(mail(text)), {
      kind: "invoice",
      reference: "I-500",
      orderId: "run-1",
      supplierName: "Wholesaler evergreen",
      bankAccount: "DEMO-ACCOUNT-1",
      shipTo: "Customer XYZ, 1 Example Street, 12345 Sampletown, GB",
      currency: "USD",
      lines: [
        { part: "bolt", quantity: "1000", unit: "pcs", unitPrice: "0.40", total: "400.00" },
        { part: "gear", quantity: "10", unit: "pcs", unitPrice: "1250.00", total: "12500.00" },
      ],
      freight: "12.50",
      tax: "2453.38",
      total: "15365.88",
    });
  });
  for (const [name, change] of [
    ["a second total hidden in a description", text.replace("(Bolt M8, zinc)", "Total: USD 0.01")],
    ["a second account", `${text}\nPlease pay to: OTHER-ACCOUNT`],
    ["a row out of order", text.replace("(Bolt M8, zinc)", "7  bolt  1  pcs  0.40  0.40")],
    ["a row with too many columns", text.replace("400.00", "400.00  free")],
    ["two currencies", text.replace("USD 12.50", "EUR 12.50")],
    ["no total", text.replace("Total:", "Sum of it all")],
  ] as const) {
    test(`with ${name} is refused`, () => {
      assert.throws(() => readDocumentLetter(mail(change)), badLetter);
    });
  }
  test("is not seen in a letter that is none", () => {
    assert.equal(readDocumentLetter(mail(fixture("quotation.txt"))), undefined);
  });
});

test("an answer must either confirm or refuse", () => {
  const answer = (text: string) => readOrderAnswer(mail(text));
  assert.deepEqual(answer("Your order: run-1\nOur order: EV-1"), {
    outcome: "booked",
    orderId: "run-1",
    number: "EV-1",
  });
  assert.deepEqual(answer("Your order: run-1\nRefused: unknown-order - we have none"), {
    outcome: "unknown",
    orderId: "run-1",
  });
  assert.deepEqual(answer("Your order: run-1\nRefused: sold-out - sorry, all gone"), {
    outcome: "refused",
    orderId: "run-1",
    code: "sold-out",
    words: "sorry, all gone",
  });
  assert.throws(() => answer("Your order: run-1\nOur order: EV-1\nRefused: sold-out - no"), badLetter);
  assert.throws(() => answer("Your order: run-1"), badLetter);
  assert.throws(() => answer("> Your order: run-1\n> Our order: EV-1"), badLetter);
});

test("no text makes the reader fail otherwise than by saying so", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const letter = readLetter(text);
      assert.ok(letter.rows.every((row) => row.length > 1));
      try {
        readDocumentLetter(mail(`${fixture("invoice.txt")}\n${text}`));
      } catch (error) {
        assert.ok(badLetter(error), String(error));
      }
    }),
  );
});

test("numbers are read as written, or not at all", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), (value) => {
      assert.equal(writtenNumber(value.toLocaleString("en-US")), String(value));
    }),
  );
  for (const bad of ["", "1,00", "1.000,50", "1 000", "0x10", "1e3", "-1", "+1", "1.", ".5", "١"]) {
    assert.throws(() => writtenNumber(bad), badLetter, bad);
  }
});
