import assert from "node:assert/strict";
import type { PlannedStep, Run } from "../../../src/domain.ts";
import { advance } from "../../../src/engine/advance.ts";
import { irreversibleStarted, isFinished, overdueSteps } from "../../../src/engine/plan.ts";
import { pendingStep, routeStep } from "../../../src/engine/plan.ts";
import type { RunEffect, RunEvent, StepRef } from "../../../src/engine/run-events.ts";

/** Everything that may be said wrongly, late or twice to one run, and what must hold all the same. */

const error = { code: "no", message: "no", retryable: false };
const later = { code: "later", message: "later", retryable: true };
const stale = { code: "trust-stale", message: "the trust document is old", retryable: true };
const tooOld = { code: "mandate-stale", message: "the attestations are old", retryable: true };
const nothing = { code: "nothing-placed", message: "nothing was placed", retryable: false };
const failures = [error, later, stale, nothing, tooOld];
const workflow = { id: "random", version: 1, structure: "s" };
const personMs = 100_000;
const keyOf = (ref: { readonly revision: number; readonly step: string }) => `${ref.revision}/${ref.step}`;

export class RunWorld {
  run: Run;
  now = 1;
  readonly plan: readonly PlannedStep[];
  /** Messages under way; a delivery may lose, repeat or reorder them. */
  private mail: RunEvent[] = [];
  private readonly past: RunEvent[] = [];
  private readonly dispatched = new Set<string>();
  private readonly undone = new Map<string, number>();
  private readonly undoFailures = new Set<string>();
  private readonly approved = new Set<string>();
  /** Attempts of irreversible steps that may have done something: sent, and not refused before anything ran. */
  private readonly begun = new Map<string, Set<number>>();
  /** Attestations that were refused as too old, by the step they were for: attempts of theirs. */
  private readonly refused = new Map<string, ReadonlyMap<string, number>>();
  private readonly openApprovals = new Set<string>();
  private finished = 0;

  constructor(steps: readonly PlannedStep[]) {
    this.plan = [routeStep, ...steps];
    const base = { id: "r", workflow: null, revision: 1, version: 0, reason: null, error: null } as const;
    const people = { requester: "p", thread: "t:1" } as const;
    const steps0 = [pendingStep("route")];
    this.run = { ...base, ...people, status: "running", createdAt: 0, updatedAt: 0, steps: steps0 };
    this.apply({ type: "started", held: false });
  }

  /** One step of chaos, chosen by two small numbers. */
  stir(action: number, choice: number): void {
    const at = choice % Math.max(1, this.mail.length);
    const message = this.mail[at];
    if (action < 13 && message !== undefined) {
      if (action !== 12) {
        this.mail.splice(at, 1);
      }
      if (action !== 11) {
        this.apply(action > 7 || message.type === "triaged" ? this.spoil(message, choice) : message);
      }
    } else if (action === 13) {
      this.now += choice * 100;
      this.pass();
    } else if (action === 14 && choice < 2) {
      this.apply({ type: "cancel-requested" });
    } else {
      const old = this.past[choice % this.past.length];
      if (old !== undefined) {
        this.apply(old);
      }
    }
  }

  /** From here on everything is delivered at last: the run must end. */
  heal(): void {
    for (let turns = 0; !isFinished(this.run.status); turns += 1) {
      assert.ok(turns < 5000, `the run does not end: ${JSON.stringify(this.run)}`);
      const message = this.mail.shift();
      if (message === undefined) {
        this.now = Math.max(this.now, ...this.run.steps.map((each) => each.dueAt ?? 0));
        this.pass();
      } else {
        this.apply(message);
      }
    }
    this.checkEnd();
  }

  /** What the sweeper does: sends what the queue should have had sent, then lets time have passed. */
  private pass(): void {
    for (const { id, attempt } of overdueSteps(this.run, this.now)) {
      const ref = { step: id, revision: this.run.revision, attempt };
      this.apply({ type: "dispatched", ...ref });
      this.mail.push(this.answerTo(ref));
    }
    this.apply({ type: "due" });
  }

  private spoil(message: RunEvent, choice: number): RunEvent {
    const failure = failures[choice % failures.length] ?? error;
    if (message.type === "compensated") {
      return { ...message, type: "compensation-failed", error: choice % 5 === 0 ? error : later };
    }
    if (message.type === "completed" || message.type === "routed") {
      const { step, revision, attempt } = message;
      return { type: "failed", step, revision, attempt, error: failure };
    }
    if (message.type === "decided") {
      return choice % 2 === 0 ? { ...message, verdict: "rejected" } : { ...message, type: "failed", error };
    }
    if (message.type === "triaged") {
      const { step, revision, attempt } = message;
      return choice % 2 === 0
        ? { type: "revised", step, revision, attempt }
        : { ...message, action: "retry" };
    }
    return message;
  }

  private apply(event: RunEvent): void {
    const before = this.run;
    const { run, effects } = advance(this.plan, before, event, this.now);
    this.past.push(event);
    if (run === before) {
      assert.deepEqual(effects, [], "an event without a change has effects");
      return;
    }
    assert.ok(!isFinished(before.status), "a finished run changed");
    this.run = run;
    if (event.type !== "due") {
      const again = advance(this.plan, run, event, this.now);
      assert.equal(again.run, run, `${event.type} is not idempotent`);
    }
    this.checkEvent(event, before);
    for (const effect of effects) {
      this.perform(effect);
    }
  }

  private checkEvent(event: RunEvent, before: Run): void {
    if (event.type === "decided" && event.verdict === "approved") {
      this.approved.add(keyOf(event));
    } else if (event.type === "compensated") {
      this.undone.set(keyOf(event), (this.undone.get(keyOf(event)) ?? 0) + 1);
    } else if (event.type === "compensation-failed" && this.stateOf(event.step)?.status === "failed") {
      this.undoFailures.add(keyOf(event));
    } else if (event.type === "cancel-requested") {
      assert.ok(!irreversibleStarted(this.plan, before), "cancelled too late");
    } else if (event.type === "dispatched") {
      this.checkDispatch(event);
    } else if (event.type === "failed" && [stale.code, tooOld.code].includes(event.error.code)) {
      this.begun.get(keyOf(event))?.delete(event.attempt);
      if (event.error.code === tooOld.code) {
        this.refused.set(keyOf(event), new Map(before.steps.map((each) => [each.id, each.attempt])));
      }
    }
  }

  private checkDispatch(ref: StepRef): void {
    const planned = this.plan.find((each) => each.id === ref.step);
    assert.ok(planned !== undefined && ref.revision === this.run.revision);
    assert.ok(ref.step !== "route" || this.run.workflow === null, "routed again");
    for (const need of planned.needs) {
      assert.equal(this.stateOf(need)?.status, "completed", `${ref.step} was sent before ${need}`);
    }
    if (planned.mandate !== null) {
      assert.ok(this.approved.has(`${ref.revision}/${planned.mandate.gate}`), "sent without an approval");
      const begun = this.begun.get(keyOf(ref)) ?? new Set();
      this.begun.set(keyOf(ref), begun.add(ref.attempt));
      this.checkRenewed(ref, planned.mandate.attestations);
    }
    if (planned.undo !== null) {
      this.dispatched.add(keyOf(ref));
    }
  }

  /** What was refused as too old is not sent again. */
  private checkRenewed(ref: StepRef, attestations: readonly string[]): void {
    const refused = this.refused.get(keyOf(ref));
    for (const id of refused === undefined ? [] : attestations) {
      assert.ok((this.stateOf(id)?.attempt ?? 0) > (refused?.get(id) ?? 0), `${id} was not renewed`);
    }
  }

  private perform(effect: RunEffect): void {
    if (effect.type === "finish") {
      this.finished += 1;
      return;
    }
    if (effect.type === "status-notice") {
      return;
    }
    if (effect.type === "close-approval") {
      this.openApprovals.delete(keyOf(effect));
      return;
    }
    const { step, revision, attempt } = effect;
    const ref = { step, revision, attempt };
    const expiresAt = this.now + personMs;
    switch (effect.type) {
      case "queue":
        this.mail.push({ type: "dispatched", ...ref }, this.answerTo(ref));
        return;
      case "compute":
        this.apply({ type: "completed", ...ref });
        return;
      case "ask":
        this.apply({ type: "asked", expiresAt, ...ref });
        this.mail.push({ type: "answered", step, revision });
        return;
      case "open-approval":
        this.openApprovals.add(keyOf(ref));
        this.apply({ type: "opened", expiresAt, remindAt: [this.now + personMs / 2], ...ref });
        this.mail.push({ type: "recorded", step, revision });
        return;
      case "undo":
        this.mail.push({ type: "compensated", ...ref });
        return;
      case "triage":
        this.mail.push({ type: "triaged", action: "escalate", delayMs: 0, ...ref });
        return;
      case "remind":
      case "undo-stuck":
      case "withdraw-request":
    }
  }

  private answerTo(ref: StepRef): RunEvent {
    const kind = this.plan.find((each) => each.id === ref.step)?.kind;
    if (ref.step === "route") {
      return { type: "routed", workflow, ...ref };
    }
    return kind === "approval"
      ? { type: "decided", verdict: "approved", ...ref }
      : { type: "completed", ...ref };
  }

  private stateOf(id: string) {
    return this.run.steps.find((each) => each.id === id);
  }

  private checkEnd(): void {
    const { run } = this;
    assert.equal(this.finished, 1, "finished exactly once");
    assert.deepEqual([...this.openApprovals], [], "an approval is left open");
    const ids = new Set(this.plan.filter((each) => each.effect === "irreversible").map((each) => each.id));
    // Orders were placed, or may have been: only the agent's own word that nothing was lets everything go.
    const ordered = run.steps.some((each) => {
      const surelyNot = each.status === "failed" && each.error?.code === nothing.code;
      return ids.has(each.id) && each.startedAt !== null && !surelyNot;
    });
    for (const [key, attempts] of this.begun) {
      const state = this.stateOf(key.split("/")[1] ?? "");
      const current = key.startsWith(`${run.revision}/`) && attempts.size > 0;
      assert.ok(!current || state?.startedAt !== null, `${key} may be done and counts as not begun`);
    }
    for (const key of this.dispatched) {
      const last = key.startsWith(`${run.revision}/`);
      const expected = last && (run.status === "completed" || ordered) ? 0 : 1;
      const undone = (this.undone.get(key) ?? 0) + (this.undoFailures.has(key) ? 1 : 0);
      assert.equal(undone, expected, `undo of ${key} in a run that is ${run.status}`);
    }
    for (const key of this.undone.keys()) {
      assert.ok(this.dispatched.has(key), `${key} was undone, but never sent`);
    }
    if (run.status === "completed") {
      assert.ok(run.steps.every((each) => each.status === "completed"));
    }
    assert.equal(run.status === "cancelled", run.reason !== null && run.error === null);
    assert.equal(run.status === "failed", run.error !== null);
  }
}
