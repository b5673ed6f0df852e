import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { mostListBytes, requestsInList } from "../../../../adapters/slack/product-list.ts";

const read = (text: string) => requestsInList(Buffer.from(text));
const refused = (text: string | Buffer, message: RegExp) =>
  assert.throws(() => requestsInList(Buffer.from(text)), { code: "bad-list", message });

test("each line becomes a request in words; columns in any order, commas or semicolons, byte order mark, blank lines", () => {
  assert.deepEqual(read("item,quantity\nwidget,50\n"), ['Order the parts needed for 50 "widget"']);
  assert.deepEqual(read('\uFEFFQuantity;Customer;Item\r\n2.5 ; "Customer XYZ";Gear\r\n'), [
    'Order the parts needed for 2.5 "Gear" for "Customer XYZ"',
  ]);
  assert.deepEqual(read("item, quantity, customer\n\nwidget, 5, Ann\n"), [
    'Order the parts needed for 5 "widget" for "Ann"',
  ]);
});

test("what names, amounts and order the lines have, the requests have", () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ,;-]{0,20}[A-Za-z0-9]$/);
  const amount = fc.integer({ min: 1, max: 1_000_000 }).map(String);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, amount), { minLength: 1, maxLength: 20 }), (lines) => {
      const csv = ["item,quantity", ...lines.map(([item, quantity]) => `"${item}",${quantity}`)].join("\n");
      assert.deepEqual(
        read(csv),
        lines.map(([item, quantity]) => `Order the parts needed for ${quantity} "${item}"`),
      );
    }),
  );
});

test("all or nothing: every line that is wrong is named with its field, value and what was expected", () => {
  refused(
    "item,quantity\nwidget,50\ngadget,many\n,3\npump,0\nvalve,-1\n",
    /line 3: quantity "many": must be a number/,
  );
  refused("item,quantity\nwidget,50\ngadget,many\n,3\npump,0\n", /line 4: item ""/);
  refused("item,quantity\npump,0\n", /line 2: quantity "0": must be above 0/);
  refused('item,quantity\n"a ""quoted"" one",1\n', /line 2: item .*must not contain quotation marks/);
  refused('item,quantity\n"two\nlines",1\n', /item "two\nlines": must be one line/);
  refused(`item,quantity\n${"w".repeat(81)},1\n`, /line 2: item/);
  refused("item,quantity,customer\nwidget,1,\n", /line 2: customer ""/);
});

test("what is not such a list is refused, and said why", () => {
  refused("widget,50\n", /names its columns: "item,quantity"/);
  refused("item,amount\nwidget,50\n", /names its columns/);
  refused("item,quantity,note\nwidget,50,x\n", /names its columns/);
  refused("item,item,quantity\na,b,1\n", /names its columns/);
  refused("item,quantity\n", /0 lines/);
  refused(`item,quantity\n${"widget,1\n".repeat(21)}`, /21 lines .* 1 to 20/);
  refused("item,quantity\nwidget,1,2\n", /line 2 cannot be read/);
  refused('item,quantity\n"widget,1\n', /cannot be read/);
  refused("", /names its columns/);
  refused(Buffer.from([0x50, 0x4b, 0x03, 0x04, 0xff, 0xfe]), /not text in UTF-8/);
  refused("a".repeat(mostListBytes + 1), /bytes; at most/);
  refused("<!doctype html><title>Sign in</title>", /names its columns/);
});
