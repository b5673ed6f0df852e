import { AppError, toErrorInfo } from "../errors.ts";

/** Exit codes that people and scripts rely on. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notApproved: 3,
  needsInput: 4,
  stillWaiting: 5,
} as const;

/**
 * Control characters other than newline and tab, and marks that reorder or hide text, never reach a terminal, whatever
 * a text came from.
 */
function plain(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{FFFD}");
}
/** One line on stdout: the answer. */
export function answer(line: string): void {
  process.stdout.write(`${plain(line)}\n`);
}
/** One JSON value as one line on stdout. */
export function answerJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
/** Progress and hints, on stderr. */
export function tell(line: string): void {
  process.stderr.write(`${plain(line)}\n`);
}

/** Columns as wide as their content, two spaces between them. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => plain(row[index] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, index) => plain(cell).padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What the caller typed is wrong, not what was found. */
const usageCodes = new Set(["usage", "unknown-kind", "bad-account", "token-malformed"]);

/** Says what went wrong and sets the exit code; with `json` as the one line of the answer. */
export function fail(error: unknown, o: { readonly json: boolean }): void {
  const info = toErrorInfo(error);
  if (o.json) {
    answerJson({ type: "error", error: { code: info.code, message: info.message } });
  }
  // Who typed the command may read what an unexpected error says; nobody else is told.
  tell(`error (${info.code}): ${info.message}${info.code === "internal" ? detailOf(error) : ""}`);
  process.exitCode = usageCodes.has(info.code) ? exitCodes.usage : exitCodes.failed;
}

function detailOf(error: unknown): string {
  const said = error instanceof AppError ? error.cause : error;
  return said instanceof Error ? `: ${said.message}` : "";
}
