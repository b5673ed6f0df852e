import type { Commitment, Customer } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import type { Money } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";

type Kind = Commitment["kind"];

/**
 * Holds `amount` of the customer's credit for this revision of the run, or changes what it holds to that amount.
 * Fails with "credit-exceeded" when the limit does not cover balance, all holds and this one.
 */
export async function holdCredit(
  context: SkillContext,
  id: string,
  amount: Money,
): Promise<{ readonly customer: Customer; readonly exposure: Money; readonly limit: Money }> {
  const { books, clock, trust } = context;
  const { assertFresh, exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal, money } = await import("../../src/money.ts");
  const customer = await books.get("customers", id);
  if (customer === undefined) {
    throw new AppError("unknown-customer", `the books have no customer "${id}"`);
  }
  const { balance, creditLimit, currency } = customer;
  assertFresh(customer.creditAsOf, trust.policy.dataMaxAgeDays, clock.now(), `the credit data of "${id}"`);
  // An update without a change is a lock: of two runs that ask for the same customer's credit, one waits for the
  // other's commit.
  if (!(await books.update("customers", id, {}, { balance, creditLimit }))) {
    throw changed(`customer "${id}"`);
  }
  const wanted = await exchangeFrom(books, trust.policy, clock.now()).convert(amount, currency);
  const others = await heldByOthers(context, "credit", id, currency);
  const exposure = money(
    decimal(balance).plus(decimal(others.amount)).plus(decimal(wanted.amount)),
    currency,
  );
  const limit = money(creditLimit, currency);
  if (decimal(exposure.amount).gt(decimal(limit.amount))) {
    throw new AppError(
      "credit-exceeded",
      `customer "${id}" would owe ${exposure.amount} ${currency}, the limit is ${limit.amount} ${currency}`,
    );
  }
  await hold(context, "credit", id, wanted);
  return { customer, exposure, limit };
}

/**
 * Holds `amount` of the project's budget for this revision of the run, or changes what it holds. Returns what the run
 * may spend in all, in the company's currency. Fails with "budget-exceeded" or "project-expired".
 */
export async function holdBudget(context: SkillContext, id: string, amount: Money): Promise<Money> {
  const { books, clock, trust } = context;
  const { ageInDays, exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal, money } = await import("../../src/money.ts");
  const project = await books.get("projects", id);
  if (project === undefined) {
    throw new AppError("unknown-project", `the books have no project "${id}"`);
  }
  const { budget, spent, currency, validUntil } = project;
  if (!(ageInDays(validUntil, clock.now()) <= 0)) {
    throw new AppError("project-expired", `project "${id}" was valid until ${validUntil}`);
  }
  // The same lock as for credit.
  if (!(await books.update("projects", id, {}, { spent, budget }))) {
    throw changed(`project "${id}"`);
  }
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  const wanted = await exchange.convert(amount, currency);
  const others = await heldByOthers(context, "budget", id, currency);
  const available = money(decimal(budget).minus(decimal(spent)).minus(decimal(others.amount)), currency);
  if (decimal(wanted.amount).gt(0) && decimal(wanted.amount).gt(decimal(available.amount))) {
    throw new AppError(
      "budget-exceeded",
      `project "${id}" has ${available.amount} ${currency} left, ${wanted.amount} ${currency} are needed`,
    );
  }
  await hold(context, "budget", id, wanted);
  return exchange.convert(available, trust.policy.companyCurrency);
}

/** Undoes a hold of this revision; if it never came, leaves a released row which refuses it when it comes late. */
export async function release(context: SkillContext, kind: Kind): Promise<boolean> {
  const { books, trust } = context;
  const id = commitmentId(context, kind);
  const row = await books.get("commitments", id);
  if (row === undefined) {
    const nothing = { account: "none", amount: "0", currency: trust.policy.companyCurrency };
    await insert(context, kind, { ...nothing, status: "released" });
    return false;
  }
  if (row.status !== "held") {
    return false;
  }
  if (!(await books.update("commitments", id, { status: "released" }, { status: "held" }))) {
    throw changed(`commitment "${id}"`);
  }
  return true;
}

function insert(
  context: SkillContext,
  kind: Kind,
  row: Pick<Commitment, "account" | "amount" | "currency" | "status">,
): Promise<void> {
  const { run, revision } = context.subject;
  const id = commitmentId(context, kind);
  return context.books.insert("commitments", { id, run, revision: String(revision), kind, ...row });
}

/** This revision's hold; undefined when there is none any more. */
export async function heldNow(context: SkillContext, kind: Kind): Promise<Commitment | undefined> {
  const row = await context.books.get("commitments", commitmentId(context, kind));
  return row?.status === "held" ? row : undefined;
}

async function hold(context: SkillContext, kind: Kind, account: string, amount: Money): Promise<void> {
  const { books } = context;
  const id = commitmentId(context, kind);
  const row = await books.get("commitments", id);
  if (row === undefined) {
    await insert(context, kind, { account, ...amount, status: "held" });
    return;
  }
  if (row.status !== "held" || row.account !== account) {
    throw new AppError("undone", `commitment "${id}" was ${row.status} for ${row.account}: it holds no more`);
  }
  if (!(await books.update("commitments", id, { ...amount }, { status: "held" }))) {
    throw changed(`commitment "${id}"`);
  }
}

async function heldByOthers(
  context: SkillContext,
  kind: Kind,
  account: string,
  currency: string,
): Promise<Money> {
  const { books, clock, subject, trust } = context;
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { sumMoney } = await import("../../src/money.ts");
  const rows = await books.find("commitments", { kind, account, status: "held" });
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  const amounts: Money[] = [];
  for (const row of rows) {
    // Of one run only the newest revision counts: that of an earlier one is being released.
    if (row.run !== subject.run) {
      amounts.push(await exchange.convert({ amount: row.amount, currency: row.currency }, currency));
    }
  }
  return sumMoney(amounts, currency);
}

function commitmentId({ subject }: SkillContext, kind: Kind): string {
  return `${subject.run}-${subject.revision}-${kind}`;
}

function changed(what: string): AppError {
  return new AppError("books-changed", `${what} was changed at the same moment`, { retryable: true });
}
