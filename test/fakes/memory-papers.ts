import type { JournalEntry, Paper, PaperRecord } from "../../src/record-types.ts";

/** The record's papers in memory. */
export class MemoryPapers implements PaperRecord {
  private readonly papers = new Map<string, Map<string, Paper>>();
  private readonly journal: JournalEntry[];

  constructor(journal: JournalEntry[]) {
    this.journal = journal;
  }

  async list(kind: string): Promise<readonly Paper[]> {
    await Promise.resolve();
    const all = [...(this.papers.get(kind)?.values() ?? [])];
    return structuredClone(all.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  }

  async get(kind: string, id: string): Promise<Paper | undefined> {
    await Promise.resolve();
    return structuredClone(this.papers.get(kind)?.get(id));
  }

  async save(kind: string, paper: Paper, journal: readonly JournalEntry[]): Promise<boolean> {
    await Promise.resolve();
    const papers = this.papers.get(kind) ?? new Map<string, Paper>();
    if ((papers.get(paper.id)?.version ?? 0) !== paper.version - 1) {
      return false;
    }
    this.papers.set(kind, papers.set(paper.id, structuredClone(paper)));
    this.journal.push(...journal);
    return true;
  }
}
