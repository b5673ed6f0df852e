import type Big from "big.js";
import type { Reservation } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import { AppError } from "../../src/errors.ts";
import type { DeficitLine } from "../../src/plan/sourcing-schema.ts";

/** A stock row may be changed by others this often while we try to lock it; then the step is tried again later. */
const lockAttempts = 5;

interface ReserveResult {
  readonly reserved: { readonly part: string; readonly quantity: string }[];
  readonly deficit: DeficitLine[];
}

/**
 * Reserves what is free of each part for this revision of the run. Done again, it gives the same result. Fails with
 * "undone" after a release of this revision, with "superseded" after a reservation by a later one.
 *
 * Two runs never get the same piece, on PostgreSQL under READ COMMITTED too: each stock row is first written to
 * (with the value it has), so the second transaction waits there for the first one's commit, and only then are the
 * reservations read. Rows are locked in the order of their ids, so that two runs cannot wait for each other.
 */
export async function reserve(context: SkillContext, needed: readonly DeficitLine[]): Promise<ReserveResult> {
  const { decimal } = await import("../../src/money.ts");
  await settleRevisions(context);
  const lines = await byPart(needed);
  // Sent together, because each statement alone costs a round trip; the database takes them in this order.
  const onHand = await Promise.all(lines.map((line) => lockStock(context, line)));
  const held = await Promise.all(lines.map((line) => heldByOthers(context, line.part)));
  const reserved: ReserveResult["reserved"] = [];
  const deficit: DeficitLine[] = [];
  for (const [index, line] of lines.entries()) {
    const free = (onHand[index] ?? decimal("0")).minus(held[index] ?? decimal("0"));
    const need = decimal(line.quantity);
    const take = free.lte(0) ? decimal("0") : free.lt(need) ? free : need;
    if (take.gt(0)) {
      reserved.push({ part: line.part, quantity: take.toFixed() });
    }
    if (take.lt(need)) {
      deficit.push({ ...line, quantity: need.minus(take).toFixed() });
    }
  }
  await Promise.all(reserved.map(({ part, quantity }) => hold(context, part, quantity)));
  return { reserved, deficit };
}

/** What `reserve` would find missing, without reserving anything. */
export async function missing(context: SkillContext, needed: readonly DeficitLine[]): Promise<DeficitLine[]> {
  const { decimal } = await import("../../src/money.ts");
  const deficit: DeficitLine[] = [];
  for (const line of await byPart(needed)) {
    const free = decimal((await stockOf(context, line))?.onHand ?? "0").minus(
      await heldByOthers(context, line.part),
    );
    const lacking = decimal(line.quantity).minus(free.lt(0) ? decimal("0") : free);
    if (lacking.gt(0)) {
      deficit.push({ ...line, quantity: lacking.toFixed() });
    }
  }
  return deficit;
}

/**
 * Releases all that this revision of the run holds and says how many reservations that were. When there are none,
 * a released row is left behind, which refuses the reservation should it come late.
 */
export async function release({ books, subject }: SkillContext): Promise<number> {
  const own = (await books.find("reservations", { run: subject.run })).filter(
    (row) => revisionOf(row) === subject.revision,
  );
  if (own.length === 0) {
    const { run, revision } = subject;
    await books.insert("reservations", {
      id: `${run}-${revision}-none`,
      run,
      part: "none",
      quantity: "0",
      status: "released",
    });
    return 0;
  }
  const held = own.filter((row) => row.status === "held");
  for (const row of held) {
    await setReleased({ books }, row);
  }
  return held.length;
}

/** An earlier revision's reservations end where this one's begin; a revision that is over reserves nothing more. */
async function settleRevisions({ books, subject }: SkillContext): Promise<void> {
  const { run, revision } = subject;
  const rows = await books.find("reservations", { run });
  if (rows.some((row) => revisionOf(row) > revision)) {
    throw new AppError(
      "superseded",
      `a later revision than ${revision} of run "${run}" has reserved already`,
    );
  }
  if (rows.some((row) => revisionOf(row) === revision && row.status === "released")) {
    throw new AppError("undone", `the reservations of run "${run}" were released: it reserves no more`);
  }
  for (const row of rows.filter((each) => each.status === "held" && revisionOf(each) < revision)) {
    await setReleased({ books }, row);
  }
}

async function setReleased({ books }: Pick<SkillContext, "books">, row: Reservation): Promise<void> {
  if (!(await books.update("reservations", row.id, { status: "released" }, { status: "held" }))) {
    throw changed(`reservation "${row.id}"`);
  }
}

/** One line per part, in the order of the ids: repeated parts are summed up. */
async function byPart(needed: readonly DeficitLine[]): Promise<readonly DeficitLine[]> {
  const { decimal } = await import("../../src/money.ts");
  const lines = new Map<string, DeficitLine>();
  for (const line of needed) {
    const known = lines.get(line.part);
    if (known !== undefined && known.unit !== line.unit) {
      throw unitMismatch(line.part, known.unit, line.unit);
    }
    const quantity = decimal(line.quantity).plus(decimal(known?.quantity ?? "0"));
    lines.set(line.part, { ...line, quantity: quantity.toFixed() });
  }
  return [...lines.values()].toSorted((a, b) => (a.part < b.part ? -1 : 1));
}

async function stockOf({ books }: SkillContext, { part, unit }: DeficitLine) {
  const stock = await books.get("stock", part);
  if (stock !== undefined && stock.unit !== unit) {
    throw unitMismatch(part, stock.unit, unit);
  }
  return stock;
}

/** What is on hand, with the row locked until this transaction ends; a part without a stock row is not in stock. */
async function lockStock(context: SkillContext, line: DeficitLine): Promise<Big> {
  const { decimal } = await import("../../src/money.ts");
  for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
    const stock = await stockOf(context, line);
    if (stock === undefined) {
      return decimal("0");
    }
    const { onHand } = stock;
    if (await context.books.update("stock", line.part, { onHand }, { onHand })) {
      return decimal(onHand);
    }
  }
  throw changed(`the stock of "${line.part}"`);
}

async function heldByOthers({ books, subject }: SkillContext, part: string): Promise<Big> {
  const { decimal } = await import("../../src/money.ts");
  const held = await books.find("reservations", { part, status: "held" });
  return held
    .filter((row) => row.run !== subject.run)
    .reduce((sum, row) => sum.plus(decimal(row.quantity)), decimal("0"));
}

async function hold({ books, subject }: SkillContext, part: string, quantity: string): Promise<void> {
  const { run, revision } = subject;
  const id = `${run}-${revision}-${part}`;
  const row = await books.get("reservations", id);
  if (row === undefined) {
    await books.insert("reservations", { id, run, part, quantity, status: "held" });
  } else if (!(await books.update("reservations", id, { quantity }, { status: "held" }))) {
    throw changed(`reservation "${id}"`);
  }
}

/** From the id, `RUN-REVISION-PART`. */
function revisionOf({ id, run }: Reservation): number {
  return Number(/^\d+/.exec(id.slice(run.length + 1))?.[0] ?? "0");
}

function changed(what: string): AppError {
  return new AppError("books-changed", `${what} was changed at the same moment`, { retryable: true });
}

function unitMismatch(part: string, expected: string, found: string): AppError {
  return new AppError("unit-mismatch", `part "${part}" is counted in "${expected}", not in "${found}"`);
}
