import { canonicalJson } from "../../src/canonical.ts";
import type { Approval, MessageId, Run, RunId, ThreadId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Store } from "../../src/ports.ts";
import type {
  CardRow,
  Content,
  InboxKey,
  JournalEntry,
  OutboxRow,
  RunCommit,
} from "../../src/record-types.ts";

const isOpen = (run: Run): boolean => ["running", "waiting", "compensating"].includes(run.status);
const copy = <T>(value: T): T => structuredClone(value);
const placeOf = ({ revision, step, name }: Content): string => `${revision}/${step}/${name}`;

/** The record in memory, as strict as the real one: compare-and-set, one commit or nothing, texts written once. */
export class MemoryStore implements Store {
  readonly journal: JournalEntry[] = [];
  readonly outbox = new Map<string, OutboxRow & { open: boolean }>();
  private readonly runs = new Map<RunId, Run>();
  private readonly requests = new Map<string, RunId>();
  private readonly inbox = new Set<string>();
  private readonly texts = new Map<RunId, Map<string, Content>>();
  private readonly approvalById = new Map<string, Approval>();
  private readonly cards = new Map<string, CardRow>();
  private readonly values = new Map<string, string>();

  async createRun(commit: RunCommit, requestKey: string): Promise<{ created: boolean; run: RunId }> {
    await Promise.resolve();
    const known = this.requests.get(requestKey);
    if (known !== undefined) {
      return { created: false, run: known };
    }
    this.requests.set(requestKey, commit.run.id);
    this.write(commit);
    return { created: true, run: commit.run.id };
  }

  async saveRun(commit: RunCommit): Promise<"saved" | "stale" | "duplicate"> {
    await Promise.resolve();
    const key = commit.inbox === undefined ? undefined : inboxKey(commit.inbox);
    if (key !== undefined && this.inbox.has(key)) {
      return "duplicate";
    }
    if (this.runs.get(commit.run.id)?.version !== commit.expectedVersion) {
      return "stale";
    }
    this.write(commit);
    if (key !== undefined) {
      this.inbox.add(key);
    }
    return "saved";
  }

  private write(commit: RunCommit): void {
    const { id } = commit.run;
    const texts = this.texts.get(id) ?? new Map<string, Content>();
    const added = new Map<string, Content>();
    for (const content of commit.contents ?? []) {
      const known = texts.get(placeOf(content)) ?? added.get(placeOf(content));
      if (known !== undefined && canonicalJson(known.value) !== canonicalJson(content.value)) {
        throw new AppError("content-exists", `${placeOf(content)} of run ${id} is written already`);
      }
      added.set(placeOf(content), copy(content));
    }
    added.forEach((content, place) => texts.set(place, content));
    this.texts.set(id, texts);
    this.runs.set(id, copy({ ...commit.run, version: commit.expectedVersion + 1 }));
    for (const row of commit.outbox ?? []) {
      if (!this.outbox.has(row.id)) {
        this.outbox.set(row.id, { ...copy(row), open: true });
      }
    }
    this.closeRows(commit.closeOutbox ?? []);
    commit.approvals?.forEach((approval) => this.approvalById.set(approval.id, copy(approval)));
    for (const { key, thread } of commit.cards ?? []) {
      const card = this.cards.get(key) ?? {
        key,
        run: id,
        thread,
        version: 0,
        shownVersion: 0,
        message: null,
      };
      this.cards.set(key, { ...card, version: card.version + 1 });
    }
    this.journal.push(...copy(commit.journal));
  }

  private closeRows(ids: readonly string[]): void {
    for (const id of ids) {
      const row = this.outbox.get(id);
      if (row !== undefined) {
        row.open = false;
      }
    }
  }

  async loadRun(id: RunId): Promise<Run | undefined> {
    await Promise.resolve();
    return copy(this.runs.get(id));
  }

  async listRuns(o: Parameters<Store["listRuns"]>[0]): Promise<readonly Run[]> {
    return copy(
      [...this.runs.values()]
        .filter((run) => o.open === undefined || isOpen(run) === o.open)
        .filter((run) => o.person === undefined || run.requester === o.person)
        .toSorted((a, b) => b.createdAt - a.createdAt)
        .slice(0, o.limit),
    );
  }

  async waitingInThread(thread: ThreadId): Promise<Run | undefined> {
    const asks = (run: Run): boolean =>
      [...(this.texts.get(run.id)?.values() ?? [])].some(
        (each) =>
          each.name.startsWith("question:") &&
          this.texts
            .get(run.id)
            ?.has(placeOf({ ...each, name: each.name.replace("question:", "answer:") })) === false &&
          run.steps.some((step) => step.id === each.step && step.status === "waiting"),
      );
    const found = [...this.runs.values()].find(
      (run) => run.thread === thread && run.status === "waiting" && asks(run),
    );
    return copy(found);
  }

  async dueRuns(now: number, limit: number): Promise<readonly RunId[]> {
    const dueAt = (run: Run): number =>
      Math.min(
        ...run.steps.map((step) => step.dueAt ?? (step.status === "queued" ? run.updatedAt : Infinity)),
      );
    return [...this.runs.values()]
      .filter((run) => isOpen(run) && dueAt(run) <= now)
      .toSorted((a, b) => dueAt(a) - dueAt(b))
      .slice(0, limit)
      .map((run) => run.id);
  }

  async contents(run: RunId, revision?: number): Promise<readonly Content[]> {
    const all = [...(this.texts.get(run)?.values() ?? [])];
    return copy(all.filter((each) => revision === undefined || each.revision === revision));
  }

  async approval(id: string): Promise<Approval | undefined> {
    return copy(this.approvalById.get(id));
  }

  async approvals(o: Parameters<Store["approvals"]>[0]): Promise<readonly Approval[]> {
    return copy(
      [...this.approvalById.values()]
        .filter((each) => o.status === undefined || each.status === o.status)
        .filter((each) => o.run === undefined || each.run === o.run),
    );
  }

  async inFlight(): Promise<Readonly<Record<string, number>>> {
    const open = [...this.outbox.values()].filter((row) => row.open && row.kind === "request");
    const perAgent = Map.groupBy(open, (row) => row.to);
    return Object.fromEntries([...perAgent].map(([to, rows]) => [to, rows.length]));
  }

  async claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    const due = [...this.outbox.values()]
      .filter((row) => row.open && row.dueAt <= now)
      .toSorted((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit);
    return due.map(({ open, ...row }) => {
      const claimed = { ...row, dueAt: now + leaseMs, tries: row.tries + 1 };
      this.outbox.set(row.id, { ...claimed, open });
      return copy(claimed);
    });
  }

  async postponeOutbox(id: string, dueAt: number): Promise<void> {
    const row = this.outbox.get(id);
    if (row?.open === true) {
      this.outbox.set(id, { ...row, dueAt });
    }
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    this.closeRows(ids);
  }

  async staleCards(limit: number): Promise<readonly CardRow[]> {
    return copy([...this.cards.values()].filter((card) => card.shownVersion < card.version).slice(0, limit));
  }

  async card(key: string): Promise<CardRow | undefined> {
    return copy(this.cards.get(key));
  }

  async cardShown(key: string, version: number, message: MessageId): Promise<void> {
    const card = this.cards.get(key);
    if (card !== undefined) {
      this.cards.set(key, { ...card, message, shownVersion: Math.max(card.shownVersion, version) });
    }
  }

  async appendJournal(entries: readonly JournalEntry[]): Promise<void> {
    this.journal.push(...copy(entries));
  }

  async getValue(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async setValue(key: string, value: string): Promise<void> {
    this.values.set(key, value);
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

function inboxKey({ sender, kind, subject }: InboxKey): string {
  const { run, revision, step, attempt } = subject;
  return [sender, kind, run, revision, step, attempt].join(" ");
}
