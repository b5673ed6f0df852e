import { createInterface } from "node:readline/promises";

/** How the terminal answers questions, so that tests can stand in for it. */
export interface Prompter {
  /** Null: there is no terminal to ask. */
  ask(question: string): Promise<string | null>;
}
/** Asks on the terminal, if stdin is one. */
export const terminalPrompter: Prompter = {
  async ask(question) {
    if (!process.stdin.isTTY) {
      return null;
    }
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(`${question} `);
    } finally {
      lines.close();
    }
  },
};
