/**
 * The work that every engine is measured with: "order parts for 50 widgets", twelve steps of about 1 KB in and out.
 * Each folds its number into a check value, the approval's answer too: the last value proves that every step ran once,
 * in order, on the right input. As the peers' harness does it, to the value.
 */

export type Payload = {
  readonly run: string;
  readonly step: number;
  readonly acc: number;
  readonly lines: readonly Readonly<Record<string, string | number>>[];
  readonly note: string;
};

const parts = ["axle", "bearing", "bolt M6", "casing", "gasket", "motor", "PCB", "spring"];
const approvalStep = 11;
const lastStep = 12;

const fold = (acc: number, value: number): number => (Math.imul(acc, 31) + value) >>> 0;

function hash(text: string): number {
  let value = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619);
  }
  return value >>> 0;
}

function linesOf(seed: number): Payload["lines"] {
  let value = seed === 0 ? 1 : seed;
  return parts.map((part) => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return {
      part,
      sku: `W-${value.toString(36).padStart(7, "0")}`,
      qty: 50 * (1 + (value % 4)),
      eur: ((value >>> 8) % 10_000) / 100,
      supplier: `supplier-${value % 97}`,
    };
  });
}

function payload(run: string, step: number, acc: number): Payload {
  return { run, step, acc, lines: linesOf(acc), note: "y".repeat(200) };
}

export function firstInput(run: string): Payload {
  return payload(run, 0, hash(run));
}

/** What step `step` makes of the output of the one before it. */
export function work(step: number, input: Payload): Payload {
  return payload(input.run, step, fold(input.acc, step));
}

/** Step 4 joins what 2 and 3 gave. */
export function join(left: Payload, right: Payload): Payload {
  return payload(left.run, 4, fold(fold(fold(0, left.acc), right.acc), 4));
}

/** The answer of the person who approves; folded in by step 11, or by whoever gets its output. */
export function answerOf(run: string): number {
  return hash(`approve:${run}`);
}

/** Steps 11 and 12: the plan's last output, the approval's answer. */
export function finish(input: Payload, answer: number): Payload {
  const approved = fold(fold(input.acc, answer), approvalStep);
  return payload(input.run, lastStep, fold(approved, lastStep));
}

/** Throws unless this is the output of the run's last step. */
export function assertResult(run: string, output: unknown): void {
  let acc = fold(hash(run), 1);
  acc = fold(fold(fold(0, fold(acc, 2)), fold(acc, 3)), 4);
  for (let step = 5; step < approvalStep; step += 1) {
    acc = fold(acc, step);
  }
  acc = fold(fold(fold(acc, answerOf(run)), approvalStep), lastStep);
  const found = output as Payload | undefined;
  if (found?.run !== run || found.step !== lastStep || found.acc !== acc) {
    throw new Error(`run ${run} ended with ${JSON.stringify(output)?.slice(0, 100)}, expected ${acc}`);
  }
}
