import { givenAfter, limitWait } from "../../src/agent-limit.ts";
import type { Assignment, Bounded, HeldBack, InstanceStore, KeptInstance } from "../../src/instance-types.ts";
import type { MessageSubject } from "../../src/link-types.ts";
import type { OutboxRow, RunCommit } from "../../src/record-types.ts";

type OpenRow = OutboxRow & { readonly open: boolean };
const stepOf = ({ run, revision, step }: MessageSubject): string => [run, revision, step].join(" ");

/** Instances and assignments of the record in memory, over its outbox rows. */
export class MemoryInstances implements InstanceStore {
  readonly #outbox: Map<string, OpenRow>;
  readonly #assignments = new Map<string, Assignment>();
  readonly #given = new Map<string, readonly number[]>();
  readonly #kept = new Map<string, KeptInstance>();

  constructor(outbox: Map<string, OpenRow>) {
    this.#outbox = outbox;
  }

  /** What a commit brings with a new row. */
  note({ subject, instance, fencing: token }: OutboxRow): void {
    const known = this.#assignments.get(stepOf(subject));
    if (instance !== undefined && token !== undefined && token > (known?.token ?? 0)) {
      this.#assignments.set(stepOf(subject), { instance, token });
    }
  }

  async assignWithin(
    bounded: Bounded,
    row: OutboxRow,
    instance: string,
  ): Promise<Assignment | HeldBack | undefined> {
    return this.#takePlace(row, bounded) ?? this.assign(row, instance);
  }

  async assign({ id, subject }: OutboxRow, instance: string): Promise<Assignment | undefined> {
    const known = this.#assignments.get(stepOf(subject));
    const token = (known?.token ?? 0) + (known?.instance === instance ? 0 : 1);
    this.#assignments.set(stepOf(subject), { instance, token });
    const row = this.#outbox.get(id);
    if (row?.open !== true) {
      return undefined;
    }
    this.#outbox.set(id, { ...row, instance, fencing: token });
    return { instance, token };
  }

  #takePlace({ id, to: agent }: OutboxRow, { limit, now, held }: Bounded): HeldBack | undefined {
    const inHand = ({ id: other, to, kind, open, instance }: OpenRow): boolean =>
      other !== id && to === agent && open && kind === "request" && instance !== undefined;
    const inFlight = [...this.#outbox.values()].filter(inHand).length;
    const given = this.#given.get(agent) ?? [];
    const waitMs = held ? limitWait(limit, { inFlight, given }, now) : 0;
    if (waitMs !== 0) {
      return { waitMs };
    }
    this.#given.set(agent, givenAfter(limit, given, now));
    return undefined;
  }

  /** Whether the step of the message that is applied was given to somebody since. */
  fences({ inbox, fencing = Number.MAX_SAFE_INTEGER }: RunCommit): boolean {
    const given = inbox && this.#assignments.get(stepOf(inbox.subject));
    return given !== undefined && fencing < given.token;
  }

  async assignment(subject: MessageSubject): Promise<Assignment | undefined> {
    return this.#assignments.get(stepOf(subject));
  }

  async assigned(): ReturnType<InstanceStore["assigned"]> {
    return [...this.#outbox.values()].flatMap(({ id, to, kind, open, instance }) =>
      open && kind === "request" && instance !== undefined ? [{ id, agent: to, instance }] : [],
    );
  }

  async release(agent: string, instance: string, now: number): Promise<void> {
    for (const [id, row] of this.#outbox) {
      if (row.open && row.to === agent && row.instance === instance && row.dueAt > now) {
        this.#outbox.set(id, { ...row, dueAt: now });
      }
    }
  }

  async keep(each: KeptInstance): Promise<void> {
    this.#kept.set(`${each.agent}/${each.instance}`, each);
  }

  async drop(agent: string, instance: string): Promise<void> {
    this.#kept.delete(`${agent}/${instance}`);
  }

  async kept(): Promise<readonly KeptInstance[]> {
    return [...this.#kept.values()];
  }
}
