import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { isoMinute } from "../iso-minute.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { keyFolderOf } from "../keys.ts";
import { loadAgents } from "../load.ts";
import { answerWaiting } from "../processes/answer-waiting.ts";
import type { KeyHolderStep } from "../processes/answer-invitation.ts";
import { atAuthority } from "../processes/at-place.ts";
import { enrollInstance } from "../processes/enroll-instance.ts";
import { instanceName } from "../processes/instance-name.ts";
import { type KeyHolder, withKeyHolder } from "../processes/key-holder.ts";
import { participants } from "../processes/setup.ts";
import type { DemoAgent } from "../trust/demo-trust.ts";
import { instanceGrants } from "../trust/instance-papers.ts";
import { readRegister } from "../trust/instance-register.ts";
import { type Invitation, readToken } from "../trust/invitation.ts";
import { answer, answerJson, table, tell } from "./output.ts";

/** `keys …`: what an agent's key-holder does, and what is done on the machine that an instance runs on. */
export interface KeysCommand {
  readonly settings: Settings;
  readonly config: CompanyConfig;
}
export interface Flags {
  readonly json?: boolean;
}

const lookMs = 500;
const mostInstances = 100;

/** `keys invite AGENT`: one token per instance. */
export async function invite(
  context: KeysCommand,
  agent: string,
  o: Flags & {
    readonly instances: number;
    readonly instance?: string;
    readonly minutes: number;
    readonly wait?: boolean;
  },
): Promise<void> {
  const { instances, instance, minutes } = o;
  if (!Number.isInteger(instances) || instances < 1 || instances > mostInstances) {
    throw new AppError("usage", `--instances: expected 1 to ${mostInstances}`);
  }
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 10_080) {
    throw new AppError("usage", "--minutes: expected 1 to 10080 (a week)");
  }
  if (instance !== undefined && instances !== 1) {
    throw new AppError("usage", "--instance names one instance: leave --instances out");
  }
  const names = Array.from({ length: instances }, () =>
    instance === undefined ? `i-${randomBytes(5).toString("hex")}` : instanceName(instance),
  );
  await withHolder(context, agent, async (holder) => {
    for (const name of names) {
      const { token, invitation } = await holder.invite(name, minutes * 60_000);
      sayInvitation(token, invitation, o);
    }
    if (o.wait === true) {
      await answerUntilDone(holder, { ...o, instances: names });
    } else {
      tell(`let them in with "countersign keys approve ${agent} --watch" while they enroll`);
    }
  });
}

/** `keys approve AGENT`: answers those who were invited; with `watch` until nobody is waited for any more. */
export async function approve(
  context: KeysCommand,
  agent: string,
  o: Flags & { readonly watch?: boolean },
): Promise<void> {
  await withHolder(context, agent, async (holder) => {
    if (o.watch === true) {
      await answerUntilDone(holder, o);
      return;
    }
    const steps = await holder.approve();
    steps.forEach((step) => sayStep(step, o));
    if (steps.length === 0) {
      tell("nobody asked for anything");
    }
  });
}

/** `keys enroll TOKEN`: on the machine that the instance is to run on. */
export async function enroll({ settings }: KeysCommand, token: string, o: Flags): Promise<void> {
  const invitation = readToken(token, Date.now());
  const { agent, atSign, instance } = invitation;
  await enrollInstance({
    data: settings.data,
    invitation,
    ca: atAuthority(settings),
    wait: () => delay(lookMs),
    now: () => Date.now(),
    onStep: (step) =>
      tell(
        {
          requested: `keys were made here; waiting for the key-holder ("countersign keys approve ${agent}")`,
          approved: "enrolled; waiting for the grant",
          granted: "granted",
        }[step],
      ),
  });
  if (o.json === true) {
    answerJson({ type: "enrolled", agent, atSign, instance });
  } else {
    answer(`instance "${instance}" of ${agent} is enrolled: start it with`);
    answer(`  countersign agent ${agent} --instance ${instance}`);
  }
}

/** `keys list [AGENT]`: the instances of the agents whose key-holder is here. */
export async function list(
  { settings, config }: KeysCommand,
  agent: string | undefined,
  o: Flags,
): Promise<void> {
  const ids =
    agent === undefined
      ? participants(config, await loadAgents()).map(({ id }) => id)
      : [(await participantNamed({ config }, agent)).id];
  const rows = (
    await Promise.all(
      ids.map(async (id) => {
        const register = await readRegister(keyFolderOf(settings.data, id));
        const grants = await instanceGrants(settings.data, config.atSignOf(id));
        const granted = new Map(grants.map(({ statement }) => [statement.instance, statement]));
        return [
          ...Object.entries(register.instances).map(([instance, { state, at }]) => ({
            agent: id,
            instance,
            state,
            at,
            until: granted.get(instance)?.notAfter ?? null,
            serial: granted.get(instance)?.serial ?? null,
          })),
          ...register.invitations.map(({ instance, state, expiresAt }) => ({
            agent: id,
            instance,
            state,
            at: null,
            until: expiresAt,
            serial: null,
          })),
        ];
      }),
    )
  ).flat();
  if (o.json === true) {
    answerJson(rows);
  } else {
    answer(
      table(
        ["agent", "instance", "state", "since", "until", "grant"],
        rows.map((row) => [
          row.agent,
          row.instance,
          row.state,
          minuteOf(row.at),
          minuteOf(row.until),
          row.serial === null ? "" : String(row.serial),
        ]),
      ),
    );
  }
}

/** Does `work` as the key-holder of an agent, of the bot or of the gateway. */
export async function withHolder<T>(
  { settings, config }: KeysCommand,
  agent: string,
  work: (holder: KeyHolder) => Promise<T>,
): Promise<T> {
  return withKeyHolder(settings, config, (await participantNamed({ config }, agent)).id, work);
}

/** Whoever has an atSign and instances; throws `usage`. */
export async function participantNamed(
  { config }: Pick<KeysCommand, "config">,
  name: string,
): Promise<DemoAgent> {
  const everyone = participants(config, await loadAgents());
  const found = everyone.find(({ id }) => id === name);
  if (found === undefined) {
    throw new AppError(
      "usage",
      `there is no agent "${name}"; there are: ${everyone.map(({ id }) => id).join(", ")}`,
    );
  }
  return found;
}

async function answerUntilDone(
  holder: KeyHolder,
  o: Flags & { readonly instances?: readonly string[] },
): Promise<void> {
  await answerWaiting({
    holder,
    ...(o.instances === undefined ? {} : { instances: o.instances }),
    onStep: (step) => sayStep(step, o),
    now: () => Date.now(),
    // Cut short when somebody asks.
    wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  });
}

function minuteOf(iso: string | null): string {
  return iso === null ? "" : isoMinute(Date.parse(iso));
}
function sayInvitation(token: string, { agent, instance, expiresAt }: Invitation, o: Flags): void {
  if (o.json === true) {
    answerJson({ type: "invitation", agent, instance, expiresAt, token });
  } else {
    answer(`countersign keys enroll ${token}`);
    tell(
      `(instance "${instance}", good once, until ${minuteOf(expiresAt)}: whoever has it becomes this instance)`,
    );
  }
}

function sayStep(step: KeyHolderStep, o: Flags): void {
  if (o.json === true) {
    answerJson({ type: "step", ...step });
  } else {
    const why = step.reason === undefined ? "" : `: ${step.reason}`;
    answer(`instance "${step.instance}" ${step.did}${why}`);
  }
}
