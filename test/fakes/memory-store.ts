import { canonicalJson } from "../../src/canonical.ts";
import type { Approval, MessageId, Run, RunId, ThreadId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import { nextLook } from "../../src/next-look.ts";
import type { Store } from "../../src/ports.ts";
import { stuckSteps } from "../../src/step-errors.ts";
import type { AgentTraffic, CardRow, Content, ContentFilter, InboxKey } from "../../src/record-types.ts";
import type { JournalEntry, OpenWorkflow, OutboxRow, RunCommit } from "../../src/record-types.ts";
import { MemoryInstances } from "./memory-instances.ts";
import { MemoryLeases } from "./memory-leases.ts";
import { MemoryFreezes } from "./memory-freezes.ts";
import { MemoryPapers } from "./memory-papers.ts";
import { MemoryCards } from "./memory-cards.ts";
import { heldInTurns, progressOf } from "./memory-turns.ts";
import { MemoryValues } from "./memory-values.ts";

const isOpen = (run: Run): boolean => ["running", "waiting", "compensating"].includes(run.status);
const copy = <T>(value: T): T => structuredClone(value);
const placeOf = ({ revision, step, name }: Content): string => `${revision}/${step}/${name}`;

/** The record in memory, as strict as the real one: compare-and-set, one commit or nothing, texts written once. */
export class MemoryStore extends MemoryValues implements Store {
  readonly journal: JournalEntry[] = [];
  readonly outbox = new Map<string, OutboxRow & { open: boolean }>();
  readonly instances = new MemoryInstances(this.outbox);
  readonly freezes = new MemoryFreezes(this.journal);
  readonly papers = new MemoryPapers(this.journal);
  readonly leases = new MemoryLeases();
  private readonly runs = new Map<RunId, Run>();
  private readonly requests = new Map<string, RunId | undefined>(); // nobody's: taken back
  private readonly inbox = new Set<string>();
  private readonly texts = new Map<RunId, Map<string, Content>>();
  private readonly approvalById = new Map<string, Approval>();
  private readonly copies = new MemoryCards();
  private readonly postponed = new Map<RunId, { readonly version: number; readonly dueAt: number }>();

  async createRun(commit: RunCommit, requestKey: string): Promise<{ created: boolean; run: RunId }> {
    await Promise.resolve();
    if (this.requests.has(requestKey)) {
      const known = this.requests.get(requestKey);
      if (known === undefined) {
        throw new AppError("withdrawn", "taken back before it came");
      }
      return { created: false, run: known };
    }
    this.requests.set(requestKey, commit.run.id);
    this.write(commit);
    return { created: true, run: commit.run.id };
  }

  async saveRun(commit: RunCommit): Promise<"saved" | "stale" | "duplicate" | "fenced"> {
    await Promise.resolve();
    if (this.instances.fences(commit)) {
      return "fenced";
    }
    const key = commit.inbox === undefined ? undefined : inboxKey(commit.inbox);
    const { requestKey } = commit;
    const taken = requestKey !== undefined && this.requests.has(requestKey);
    if (taken || (key !== undefined && this.inbox.has(key))) {
      return "duplicate";
    }
    if (this.runs.get(commit.run.id)?.version !== commit.expectedVersion) {
      return "stale";
    }
    this.write(commit);
    if (key !== undefined) {
      this.inbox.add(key);
    }
    if (requestKey !== undefined) {
      this.requests.set(requestKey, commit.run.id);
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
        this.instances.note(row);
      }
    }
    this.closeRows(commit.closeOutbox ?? []);
    commit.approvals?.forEach((approval) => this.approvalById.set(approval.id, copy(approval)));
    this.copies.change(commit);
    this.journal.push(...copy(commit.journal));
  }

  private closeRows(ids: readonly string[]): void {
    for (const row of ids.map((id) => this.outbox.get(id)).filter((each) => each !== undefined)) {
      row.open = false;
    }
  }

  async requestRun(requestKey: string): Promise<RunId | undefined> {
    return this.requests.get(requestKey);
  }

  async withdrawRequest(key: string): Promise<RunId | undefined> {
    if (!this.requests.has(key)) {
      this.requests.set(key, undefined);
    }
    return this.requests.get(key);
  }

  async openWorkflows(): Promise<readonly OpenWorkflow[]> {
    const open = [...this.runs.values()].filter(isOpen);
    const found = open.flatMap(({ id, workflow }) => (workflow === null ? [] : [{ run: id, workflow }]));
    return [...new Map(found.map((each) => [canonicalJson({ ...each.workflow }), each])).values()];
  }

  async loadRun(id: RunId): Promise<Run | undefined> {
    await Promise.resolve();
    return copy(this.runs.get(id));
  }

  async listRuns(o: Parameters<Store["listRuns"]>[0]): Promise<readonly Run[]> {
    return copy(
      [...this.runs.values()]
        .filter((run) => o.open === undefined || isOpen(run) === o.open)
        .filter((run) => o.stuck !== true || stuckSteps(run).length > 0)
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
    return [...this.runs.values()]
      .filter((run) => isOpen(run) && this.dueAt(run) <= now)
      .toSorted((a, b) => this.dueAt(a) - this.dueAt(b))
      .slice(0, limit)
      .map((run) => run.id);
  }

  async progress(): ReturnType<Store["progress"]> {
    return progressOf(this.runs.values());
  }

  async heldRuns(limit: number): ReturnType<Store["heldRuns"]> {
    return heldInTurns(this.runs.values(), limit);
  }

  private dueAt(run: Run): number {
    const own = nextLook(run) ?? Infinity;
    const put = this.postponed.get(run.id);
    return put?.version === run.version ? Math.max(own, put.dueAt) : own;
  }

  async postponeRun(id: RunId, dueAt: number): Promise<void> {
    this.postponed.set(id, { version: this.runs.get(id)?.version ?? 0, dueAt });
  }

  async contents(run: RunId, wanted?: ContentFilter): Promise<readonly Content[]> {
    const fits = (each: Content): boolean =>
      wanted === undefined ||
      wanted.some(
        ({ step, name }) =>
          (step === undefined || step === each.step) &&
          (name.endsWith(":") ? each.name.startsWith(name) : each.name === name),
      );
    const order = (a: Content, b: Content): number =>
      a.revision - b.revision || (placeOf(a) < placeOf(b) ? -1 : 1);
    return copy([...(this.texts.get(run)?.values() ?? [])].filter(fits).toSorted(order));
  }

  async requestTexts(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, string>> {
    const found = runs.map((run) => this.texts.get(run)?.get("1/route/request"));
    return new Map(found.flatMap((each) => (each === undefined ? [] : [[each.run, each.value as string]])));
  }

  async approval(id: string): Promise<Approval | undefined> {
    return copy(this.approvalById.get(id));
  }

  async approvals(o: Parameters<Store["approvals"]>[0]): Promise<readonly Approval[]> {
    return copy(
      [...this.approvalById.values()]
        .filter((each) => o.open === undefined || (each.status === "open") === o.open)
        .filter((each) => o.alone === undefined || each.decision?.brokeGlass === true)
        .filter((each) => o.run === undefined || each.run === o.run)
        .filter((each) => o.requester === undefined || each.requester === o.requester)
        .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
        .slice(o.limit === undefined ? 0 : -o.limit),
    );
  }

  async counts(): Promise<{ openRuns: number; openApprovals: number }> {
    return {
      openRuns: [...this.runs.values()].filter(isOpen).length,
      openApprovals: (await this.approvals({ open: true })).length,
    };
  }

  /** It has no clock: since when something waits, and who answered when, it does not know. */
  async traffic(): Promise<AgentTraffic> {
    const rows = [...this.outbox.values()].filter((row) => row.open && row.kind === "request");
    const byAgent = Object.entries(Object.groupBy(rows, (row) => row.to));
    const waiting = byAgent.map(([to, found = []]) => [to, { open: found.length, since: null }]);
    return { waiting: Object.fromEntries(waiting), heard: {} };
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

  async resume(now: number): Promise<void> {
    for (const [id, row] of this.outbox) {
      if (row.open && row.tries > 0 && row.dueAt > now) {
        this.outbox.set(id, { ...row, dueAt: now });
      }
    }
    this.copies.endPosts(now);
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    this.closeRows(ids);
  }

  async staleCards(now: number, limit: number): Promise<readonly CardRow[]> {
    return this.copies.stale(now, limit);
  }

  async cards(key: string): Promise<readonly CardRow[]> {
    return this.copies.of(key);
  }

  async beginPost(card: CardRow, now: number, leaseMs: number): Promise<"first" | "again" | "taken"> {
    return this.copies.beginPost(card, now, leaseMs);
  }

  async cardShown(card: CardRow, message: MessageId | null): Promise<void> {
    this.copies.shown(card, message);
  }

  async postponeCard(card: CardRow, retryAt: number, o?: { readonly unposted?: boolean }): Promise<void> {
    this.copies.postpone(card, retryAt, o?.unposted === true);
  }

  async placeCard(key: string, change: Parameters<Store["placeCard"]>[1]): Promise<void> {
    this.copies.place(key, change);
  }

  async appendJournal(entries: readonly JournalEntry[]): Promise<void> {
    this.journal.push(...copy(entries));
  }

  async prune(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

function inboxKey({ sender, kind, subject }: InboxKey): string {
  const { run, revision, step, attempt } = subject;
  return [sender, kind, run, revision, step, attempt].join(" ");
}
