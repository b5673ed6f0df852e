import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnswerOptions, answerWaiting } from "../../../src/processes/answer-waiting.ts";
import type { KeyHolderStep } from "../../../src/processes/answer-invitation.ts";
import type { OpenInvitation } from "../../../src/trust/instance-register.ts";

const invited = (instance: string, state: OpenInvitation["state"] = "invited"): OpenInvitation => ({
  instance,
  state,
  secret: "s".repeat(43),
  expiresAt: "2026-01-05T10:00:00.000Z",
});

/** A key-holder whose invitations the test changes; each wait is the test's to end, or a request's. */
function world(invitations: OpenInvitation[], o: { readonly isDeaf?: boolean } = {}) {
  const state = { invitations, approvals: 0, waits: [] as number[], ended: false };
  const steps: KeyHolderStep[] = [];
  let onRequest = (): void => undefined;
  let pass = (): void => undefined;
  const options: AnswerOptions = {
    holder: {
      async approve() {
        state.approvals += 1;
        return [{ instance: "a", did: "approved" }];
      },
      register: async () => ({
        tag: "countersign/instances/1",
        instances: {},
        invitations: state.invitations,
      }),
      watch(call, signal) {
        onRequest = call;
        if (o.isDeaf === true) {
          return Promise.reject(new Error("refused"));
        }
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            state.ended = true;
            resolve();
          });
        });
      },
    },
    onStep: (step) => steps.push(step),
    now: () => Date.parse("2026-01-05T09:00:00.000Z"),
    wait: (ms, signal) =>
      new Promise((resolve) => {
        state.waits.push(ms);
        pass = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  return { state, steps, options, request: () => onRequest(), pass: () => pass() };
}
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
};

test("a request is answered when it comes, without waiting for the next look", async () => {
  const { state, steps, options, request, pass } = world([invited("a")]);
  const answering = answerWaiting(options);
  await turns();
  assert.deepEqual([state.approvals, state.waits], [1, [3_000]]);
  request();
  await turns();
  assert.equal(state.approvals, 2);
  // Of what comes then nobody is told: it is looked for more often.
  state.invitations = [invited("a", "approved")];
  request();
  await turns();
  assert.equal(state.waits.at(-1), 150);
  state.invitations = [];
  pass();
  await answering;
  assert.equal(state.ended, true);
  assert.equal(steps.length, state.approvals);
});

test("without notices it still looks", async () => {
  const { state, options, pass } = world([invited("a")], { isDeaf: true });
  const answering = answerWaiting(options);
  await turns();
  pass();
  await turns();
  assert.equal(state.approvals, 2);
  state.invitations = [];
  pass();
  await answering;
});

test("it ends with those it waits for, whoever else is invited, and with what fails", async () => {
  const { state, options, pass } = world([invited("a"), invited("older")]);
  const answering = answerWaiting({ ...options, instances: ["a"] });
  await turns();
  state.invitations = [invited("older")];
  pass();
  await answering;
  const failing = world([invited("a")]);
  const holder = {
    ...failing.options.holder,
    approve: () => Promise.reject(new Error("the server is away")),
  };
  await assert.rejects(answerWaiting({ ...failing.options, holder }), /away/);
  assert.equal(failing.state.ended, true);
});

test("who was let in and does not come for its keys is not waited for longer than its invitation", async () => {
  const { state, steps, options, pass } = world([invited("a", "granted")]);
  let now = options.now();
  const answering = answerWaiting({ ...options, now: () => now });
  await turns();
  assert.deepEqual(state.waits, [150]);
  now += 3_600_000;
  pass();
  await answering;
  assert.equal(state.ended, true);
  assert.deepEqual(
    steps.map(({ instance, did }) => `${instance} ${did}`),
    ["a approved", "a approved", "a not taken up"],
  );
});
