import type { WorkflowDefinition } from "../define-workflow.ts";
import type { Approval, EndReason, Json, Run, RunStatus, StepId, StepState, ThreadId } from "../domain.ts";
import type { MessageSubject } from "../link-types.ts";
import type { TrustView } from "../define-agent.ts";
import type { Logger, StepJob } from "../ports.ts";
import type {
  CardChange,
  Content,
  InboxKey,
  JournalEntry,
  JournalKind,
  OutboxRow,
  RunCommit,
} from "../record-types.ts";
import type { Definitions } from "./definitions.ts";
import type { RunRecord } from "./run-record.ts";

/** What the engine's parts need of the outside while they build one commit. */
export interface DraftSurroundings {
  readonly now: number;
  readonly trust: TrustView;
  readonly definitions: Definitions;
  readonly approvalPlaces: (run: Run, approval: Approval) => readonly ThreadId[];
  readonly undoPlaces: (run: Run) => readonly ThreadId[];
  readonly log: Logger;
  /** See `EngineOptions`. */
  readonly frozen: boolean;
  readonly isShadow: (workflow: string) => boolean;
}

/** The row id of a message to an agent: one per subject, however often it is sent. */
export function rowId(kind: OutboxRow["kind"], { run, revision, step, attempt }: MessageSubject): string {
  return `${kind}-${run}-${revision}-${step}-${attempt}`;
}

/** One run's next state while it is being made: everything that will be saved in a single commit, or not at all. */
export class RunDraft implements RunRecord {
  readonly around: DraftSurroundings;
  readonly jobs: { readonly job: Omit<StepJob, "ready">; readonly delayMs: number }[] = [];
  readonly journal: JournalEntry[] = [];
  run: Run;
  definition: WorkflowDefinition | null;
  /** The status that the workflow's onStatus is to be told of; only the last one of a commit. */
  notice: { readonly status: RunStatus; readonly reason: EndReason | null } | null = null;
  /** Set when nothing of this may be saved, not even the inbox key. */
  abandoned = false;
  /** As it was read. */
  readonly before: Run;
  private readonly all: Content[];
  private readonly added: Content[] = [];
  private readonly outbox = new Map<string, OutboxRow>();
  private readonly closed = new Set<string>();
  private readonly approvalById: Map<string, Approval>;
  private readonly changedApprovals = new Set<string>();
  private readonly cards = new Map<string, CardChange>();

  constructor(record: RunRecord, around: DraftSurroundings) {
    this.around = around;
    this.run = record.run;
    this.before = record.run;
    this.all = [...record.contents];
    this.definition = record.definition;
    this.approvalById = new Map(record.approvals.map((each) => [each.id, each]));
  }

  get contents(): readonly Content[] {
    return this.all;
  }
  get approvals(): readonly Approval[] {
    return [...this.approvalById.values()];
  }
  /** The new outbox rows. */
  get messages(): readonly OutboxRow[] {
    return [...this.outbox.values()];
  }
  get changedCards(): readonly string[] {
    return [...this.cards.keys()];
  }
  /** Rows of earlier commits that this one closes. */
  get closedRows(): readonly string[] {
    return [...this.closed];
  }
  /** The version the run will have when this is saved. */
  get nextVersion(): number {
    return this.before.version + 1;
  }
  get changed(): boolean {
    return this.run !== this.before || this.journal.length > 0 || this.added.length > 0;
  }

  add(step: StepId, name: string, value: Json, revision = step === "route" ? 1 : this.run.revision): void {
    const content = { run: this.run.id, revision, step, name, value };
    this.all.push(content);
    this.added.push(content);
  }

  send(row: Omit<OutboxRow, "id" | "tries">): void {
    const id = rowId(row.kind, row.subject);
    this.outbox.set(id, { ...row, id, tries: 0, requester: this.run.requester });
  }

  close(id: string): void {
    if (!this.outbox.delete(id)) {
      this.closed.add(id);
    }
  }

  setApproval(approval: Approval): void {
    const before = this.approvalById.get(approval.id)?.status;
    this.approvalById.set(approval.id, approval);
    this.changedApprovals.add(approval.id);
    // Its card says what the person decided as soon as that is recorded; the signature on it changes nothing there.
    if (before !== "recorded" || approval.status !== "decided") {
      this.touch(`approval-${approval.id}`);
    }
  }

  /** A card shows something else from this commit on; a new one stands in `threads`, by default in the run's. */
  touch(key: string, threads?: readonly ThreadId[]): void {
    this.cards.set(key, threads === undefined ? { key, ...this.cards.get(key) } : { key, threads });
  }

  note(kind: JournalKind, facts: JournalEntry["facts"], body?: Json): void {
    this.journal.push({ kind, run: this.run.id, facts, ...(body === undefined ? {} : { body }) });
  }

  /** All of the next state but the outbox rows, which are made ready to be sent first. */
  commit(inbox?: InboxKey): RunCommit {
    const steps = this.run === this.before ? [] : changedSteps(this.before, this.run);
    if (this.run !== this.before) {
      // A run begins with its progress card: no later commit need look whether it is there.
      this.touch(`progress-${this.run.id}`, this.before.version === 0 ? [this.run.thread] : []);
    }
    return {
      run: { ...this.run, version: this.nextVersion },
      expectedVersion: this.before.version,
      ...(inbox === undefined ? {} : { inbox }),
      closeOutbox: this.closedRows,
      contents: this.added,
      approvals: this.approvals.filter((each) => this.changedApprovals.has(each.id)),
      cards: [...this.cards.values()],
      journal: [...this.journal, ...steps],
    };
  }

  /** As `RunRecord` after the commit. */
  saved(): RunRecord {
    const { contents, approvals, definition } = this;
    return { run: { ...this.run, version: this.nextVersion }, contents, approvals, definition };
  }
}

function changedSteps(before: Run, after: Run): JournalEntry[] {
  const old = new Map(before.steps.map((each) => [each.id, each]));
  const differs = (state: StepState): boolean => {
    const was = old.get(state.id);
    return (
      was?.status !== state.status || was.attempt !== state.attempt || before.revision !== after.revision
    );
  };
  const entries = after.steps.filter(differs).map((state): JournalEntry => ({
    kind: "step",
    run: after.id,
    facts: {
      revision: after.revision,
      step: state.id,
      attempt: state.attempt,
      status: state.status,
      error: state.error?.code ?? null,
    },
  }));
  if (before.status !== after.status) {
    const facts = { status: after.status, reason: after.reason, error: after.error?.code ?? null };
    entries.push({ kind: "run", run: after.id, facts: { revision: after.revision, ...facts } });
  }
  return entries;
}
