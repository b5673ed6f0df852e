import { z, type ZodType } from "zod";
import { isAccount, readAccounts } from "../../src/accounts.ts";
import type { BookKind } from "../../src/book-rows.ts";

/** One column of a kind of the books: how its text is checked and how it is explained to people. */
export interface Column<V extends string = string> {
  readonly schema: ZodType<V>;
  /** What the text must look like, in words; also the message of every refusal. */
  readonly form: string;
  readonly example: string;
  /** The kind whose ids this column names; checked at import. */
  readonly references?: BookKind;
  /** The text may be empty: "none". */
  readonly optional: boolean;
  /** An amount in the row's `currency`: it has at most that currency's minor digits. */
  readonly money: boolean;
}

const idPattern = /^[A-Za-z0-9._@/-]{1,80}$/;
const unsignedPattern = /^(0|[1-9]\d{0,14})(\.\d{1,6})?$/;
const signedPattern = /^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/;
const emailPattern = /^[^\s@;,<>"]{1,64}@[A-Za-z0-9.-]{1,180}$/;
// Control characters other than line feed; PostgreSQL cannot keep NUL, and terminals obey the rest.
// oxlint-disable-next-line no-control-regex
const controlPattern = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

const regionNames = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const currencies = new Set(Intl.supportedValuesOf("currency"));

interface Extra {
  readonly optional?: boolean;
  readonly money?: boolean;
  readonly references?: BookKind;
}

function column(form: string, example: string, test: (text: string) => boolean, extra: Extra = {}): Column {
  const optional = extra.optional ?? false;
  const said = optional ? `${form}, or empty` : form;
  return {
    // `abort`: checks that compare fields of a row are made only when each is right in itself.
    schema: z.string({ error: said }).refine((value) => (optional && value === "") || test(value), {
      error: said,
      abort: true,
    }),
    form: said,
    example,
    optional,
    money: extra.money ?? false,
    ...(extra.references === undefined ? {} : { references: extra.references }),
  };
}

/** An id of this kind's own, or with `references` of another kind. */
export function id(example: string, extra: Extra = {}): Column {
  const form =
    extra.references === undefined
      ? "an id of 1 to 80 letters, digits, . _ @ / -"
      : `the id of one of ${extra.references}`;
  return column(form, example, (text) => idPattern.test(text), extra);
}

/** A name of one line, without spaces around it. */
export function name(example: string, extra: Extra = {}): Column {
  return column(
    "a text of 1 to 200 characters on one line, without spaces around it",
    example,
    isName,
    extra,
  );
}

/** Any text that can be shown, line feeds included; may be empty. */
export function text(example: string, longest = 4000): Column {
  return column(
    `a text of at most ${longest} characters, without control characters`,
    example,
    (value) => value.length <= longest && isShowable(value),
    { optional: true },
  );
}

/** Several one-line texts, separated by ";". */
export function list(example: string): Column {
  return column(
    'names separated by ";", without spaces around them',
    example,
    (value) => value.length <= 2000 && value.split(";").every(isName),
    { optional: true },
  );
}

/** A decimal number of 0 or more. */
export function quantity(example: string, extra: Extra = {}): Column {
  return column(
    'a number of 0 or more such as "12.5"',
    example,
    (value) => unsignedPattern.test(value),
    extra,
  );
}

/** A decimal number above 0. */
export function positive(example: string, extra: Extra = {}): Column {
  return column(
    'a number above 0 such as "12.5"',
    example,
    (value) => unsignedPattern.test(value) && /[1-9]/.test(value),
    extra,
  );
}

/** An amount of 0 or more in the row's currency. */
export function amount(example: string, extra: Extra = {}): Column {
  return column('an amount of 0 or more such as "1200.00"', example, (value) => unsignedPattern.test(value), {
    ...extra,
    money: true,
  });
}

/** An amount in the row's currency that may be negative. */
export function signedAmount(example: string): Column {
  return column('an amount such as "1200.00" or "-5.00"', example, (value) => signedPattern.test(value), {
    money: true,
  });
}

/** A percentage from 0 up to, but not including, 100. */
export function percent(example: string): Column {
  return column(
    'a percentage from 0 to below 100 such as "2.5"',
    example,
    (value) => unsignedPattern.test(value) && Number(value) < 100,
  );
}

/** A whole number of days. */
export function days(example: string): Column {
  return column("a whole number of days from 0 to 3650", example, (value) => {
    return /^(0|[1-9]\d{0,3})$/.test(value) && Number(value) <= 3650;
  });
}

/** A whole number from 1, for revisions. */
export function count(example: string): Column {
  return column("a whole number from 1", example, (value) => /^[1-9]\d{0,8}$/.test(value));
}

/** A SHA-256 value. */
export function hash(example: string): Column {
  return column("64 lower-case hex digits", example, (value) => /^[0-9a-f]{64}$/.test(value));
}

/** A calendar day. */
export function day(example: string, extra: Extra = {}): Column {
  return column('a day such as "2026-01-31"', example, isDay, extra);
}

/** A moment, UTC. */
export function moment(example: string): Column {
  return column('a time such as "2026-01-31T08:00:00.000Z"', example, (value) => {
    return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/.test(value) && !Number.isNaN(Date.parse(value));
  });
}

/** An ISO 4217 code. */
export function currency(example: string): Column {
  return column('an ISO 4217 currency code such as "USD"', example, (value) => currencies.has(value));
}

/** An ISO 3166 alpha-2 code. */
export function country(example: string): Column {
  return column('an ISO 3166 country code such as "US"', example, isCountry);
}

/** An e-mail address. */
export function email(example: string): Column {
  return column('an e-mail address such as "a@example.com"', example, isEmail);
}

/** A wholesaler's address; which of the three forms fits its protocol is checked per row. */
export function endpoint(example: string): Column {
  return column(
    'an http(s) URL, "sandbox:NAME", or for protocol mail an e-mail address',
    example,
    (value) => isUrl(value) || isEmail(value),
  );
}

/** An account number as bank letters show it, without spaces. */
export function bankAccount(example: string): Column {
  return column("an account number of 5 to 34 capital letters and digits", example, (value) => {
    return /^[A-Z0-9]{5,34}$/.test(value);
  });
}

/** One of a fixed set of words. */
export function choice<const V extends string>(values: readonly [V, ...V[]]): Column<V> {
  const form = `one of ${values.join(", ")}`;
  return {
    schema: z.enum(values, { error: form }),
    form,
    example: values[0],
    optional: false,
    money: false,
  };
}

/** Words of a fixed set, separated by ";". */
export function choices(values: readonly string[]): Column {
  return column(`one or more of ${values.join(", ")}, separated by ";"`, values.join(";"), (value) => {
    const given = value.split(";");
    return given.every((word) => values.includes(word)) && new Set(given).size === given.length;
  });
}

/** A person's accounts on chat platforms. */
export function accounts(example: string): Column {
  return column(
    `accounts such as "${example}" (adapter:TEAM/USER), each once, separated by one space`,
    example,
    (value) => {
      const given = readAccounts(value);
      return value.length <= 2000 && given.every(isAccount) && new Set(given).size === given.length;
    },
    { optional: true },
  );
}

/** True for an http(s) URL or the name of one of the sandbox's servers. */
export function isUrl(value: string): boolean {
  if (/^sandbox:[a-z0-9-]{1,40}$/.test(value)) {
    return true;
  }
  return /^https?:\/\/\S{1,500}$/.test(value) && URL.canParse(value);
}

/** True for the form of an e-mail address. */
export function isEmail(value: string): boolean {
  return emailPattern.test(value);
}

/** True for an assigned ISO 3166 alpha-2 code. */
export function isCountry(value: string): boolean {
  return /^[A-Z]{2}$/.test(value) && regionNames.of(value) !== undefined;
}

function isName(value: string): boolean {
  return /^\S(.{0,198}\S)?$/u.test(value) && !value.includes("\n") && isShowable(value);
}

function isShowable(value: string): boolean {
  return !controlPattern.test(value) && value.isWellFormed();
}

function isDay(value: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === value;
}
