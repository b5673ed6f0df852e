import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../errors.ts";
import {
  atKeysPath,
  hasKeys,
  installedCompanyKey,
  keyFolderOf,
  readCompanyKey,
  writeSecret,
} from "../keys.ts";
import { atAddress } from "../processes/at-place.ts";
import { enrollHere } from "../processes/enroll-here.ts";
import { instanceName } from "../processes/instance-name.ts";
import type { KeyHolder } from "../processes/key-holder.ts";
import { rotateAgent, type RotateOutcome } from "../processes/rotate-agent.ts";
import { evidence, rotateEvidence } from "../processes/rotate-evidence.ts";
import { adoptPapers } from "../trust/adopt-papers.ts";
import type { SigningKey } from "../trust/sign-trust.ts";
import { type Flags, type KeysCommand, participantNamed, withHolder } from "./keys.ts";
import { answer, answerJson, exitCodes, tell } from "./output.ts";
import { publishIfPossible, revokeAgent } from "./trust.ts";

/** `keys revoke` and `keys rotate`: keys end, and others take their place. */

const requestFile = "rotation-request.json";

/** `keys revoke AGENT`: one instance, by its key-holder; or the agent as a whole, by the company. */
export async function revoke(
  context: KeysCommand,
  agent: string,
  o: Flags & { readonly instance?: string },
): Promise<void> {
  const { settings, config } = context;
  const { id, atSign } = await participantNamed(context, agent);
  if (o.instance === undefined) {
    await revokeAgent(settings, config, { id, atSign });
    if (existsSync(atKeysPath(keyFolderOf(settings.data, id), atSign))) {
      await withHolder(context, id, (holder) => holder.revokeAll());
    } else {
      tell(
        `its enrollments are for its key-holder to end: run "countersign keys revoke ${id}" there as well`,
      );
    }
  } else {
    const instance = instanceName(o.instance);
    await withHolder(context, id, (holder) => holder.revoke(instance));
  }
  const what =
    o.instance === undefined ? `${id}, with all its instances,` : `instance "${o.instance}" of ${id}`;
  if (o.json === true) {
    answerJson({ type: "revoked", agent: id, instance: o.instance ?? null });
  } else {
    answer(`${what} is revoked: everybody knows within five seconds`);
  }
}

/**
 * `keys rotate AGENT`: new keys for a whole agent, or for one of its instances that is on this machine; or, of the bot,
 * for what it signs clicks with.
 */
export async function rotate(
  context: KeysCommand,
  agent: string,
  o: Flags & { readonly instance?: string; readonly grant?: string; readonly evidence?: boolean },
): Promise<void> {
  const { id } = await participantNamed(context, agent);
  if (o.evidence === true) {
    if (id !== "bot" || o.instance !== undefined || o.grant !== undefined) {
      throw new AppError("usage", '--evidence is for the bot alone: "keys rotate bot --evidence"');
    }
    await rotateBotEvidence(context, o);
    return;
  }
  if (o.instance === undefined) {
    await rotateWhole(context, id, o);
    return;
  }
  if (o.grant !== undefined) {
    throw new AppError("usage", "--grant is for a whole agent: leave --instance out");
  }
  await rotateInstance(context, id, { ...o, instance: instanceName(o.instance) });
}

async function rotateBotEvidence(context: KeysCommand, { json }: Flags): Promise<void> {
  const { settings, config } = context;
  await withHolder(context, "bot", (holder) =>
    rotateEvidence({
      data: settings.data,
      atSign: config.atSignOf("bot"),
      publish: () => holder.publish(),
      now: () => Date.now(),
      wait: (ms) => delay(ms),
    }),
  );
  if (json === true) {
    answerJson({ type: "rotated", agent: "bot", instance: evidence });
  } else {
    answer("the bot signs clicks with a new key; what the former one signed is believed for seven days");
  }
}

async function rotateInstance(
  context: KeysCommand,
  id: string,
  { instance, json }: Flags & { readonly instance: string },
): Promise<void> {
  const { settings } = context;
  await withHolder(context, id, async (holder) => {
    if (!(await hasKeys(keyFolderOf(settings.data, id), instance))) {
      throw await elsewhere(holder, { id, instance });
    }
    await enrollHere(holder, instance, { data: settings.data, ca: atAddress(settings).ca });
  });
  if (json === true) {
    answerJson({ type: "rotated", agent: id, instance });
  } else {
    answer(`instance "${instance}" of ${id} has new keys; the old ones have ended`);
  }
}

async function elsewhere(
  holder: KeyHolder,
  { id, instance }: { readonly id: string; readonly instance: string },
): Promise<AppError> {
  const { instances } = await holder.register();
  return instances[instance] === undefined
    ? new AppError(
        "unknown-instance",
        `${id} has no instance "${instance}": see "countersign keys list ${id}"`,
      )
    : new AppError(
        "keys-elsewhere",
        `instance "${instance}" of ${id} is not on this machine, and keys are made where they are used: run "countersign keys invite ${id} --instance ${instance} --wait" here and "countersign keys enroll TOKEN" there`,
      );
}

async function rotateWhole(
  context: KeysCommand,
  id: string,
  o: Flags & { readonly grant?: string },
): Promise<void> {
  const { settings, config } = context;
  const folder = keyFolderOf(settings.data, id);
  const { ca } = atAddress(settings);
  const outcome = await withHolder(context, id, async (holder) => {
    const companyKey = await installedCompanyKey(folder);
    if (o.grant !== undefined) {
      await takeGrant(settings.data, companyKey, o.grant);
    }
    return rotateAgent({
      data: settings.data,
      ca,
      atSign: config.atSignOf(id),
      role: id,
      holder,
      company: await companyHere(settings.data, companyKey),
      publish: () => publishIfPossible(settings, config),
      now: () => Date.now(),
      wait: (ms) => delay(ms),
      onStep: (step, instance) =>
        tell(
          {
            granted: "the company granted the key-holder's next key; waiting until everybody has seen that",
            regranted:
              instance === undefined
                ? "all grants are signed with it"
                : `instance "${instance}" has new keys`,
            ended: "the former key has ended",
          }[step],
        ),
    });
  });
  const file = path.join(folder, requestFile);
  if (outcome.kind === "request") {
    await writeSecret(folder, requestFile, outcome.request);
    sayRequest(id, file, keyFolderOf(settings.data, "company"), o);
  } else {
    await rm(file, { force: true });
    sayRotated(id, outcome, o);
  }
}

/** The company's private key, if it is here and this installation's. */
async function companyHere(data: string, installed: string): Promise<SigningKey | undefined> {
  const folder = keyFolderOf(data, "company");
  const key = await readCompanyKey(folder);
  if (key !== undefined && key.publicKey !== installed) {
    throw new AppError(
      "company-key-differs",
      `${folder} holds the key ${key.publicKey}, but this installation believes ${installed}: nothing was signed`,
    );
  }
  return key;
}

/** A grant that was signed on the company's machine. */
async function takeGrant(data: string, companyKey: string, file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AppError("usage", `--grant ${file}: cannot be read`, { cause });
  });
  const found = { document: undefined, agentGrants: `[${text}]`, instanceGrants: [] };
  const { adopted } = await adoptPapers(path.join(data, "trust"), companyKey, found);
  if (adopted === 0) {
    throw new AppError(
      "grant-refused",
      `--grant ${file}: is no grant of this company that is newer than the one here`,
    );
  }
}

function sayRequest(id: string, file: string, companyFolder: string, o: Flags): void {
  process.exitCode = exitCodes.stillWaiting;
  if (o.json === true) {
    answerJson({ type: "request", agent: id, file });
    return;
  }
  answer(
    `the company key is not here, and only it can grant ${id} a new key-holder's key; nothing has changed yet`,
  );
  answer(`  1. bring ${file} (no secret) to where the company key is, and run there:`);
  answer(`     countersign trust sign --request ${requestFile}`);
  answer(`  2. bring the file that it names back, and run here:`);
  answer(`     countersign keys rotate ${id} --grant FILE`);
  answer(`or put company-key.json into ${companyFolder} for the time, and run this again`);
}

function sayRotated(id: string, outcome: RotateOutcome & { readonly kind: "rotated" }, o: Flags): void {
  const { instances, elsewhere: others, formerUntil } = outcome;
  if (o.json === true) {
    const former = formerUntil ?? null;
    answerJson({ type: "rotated", agent: id, instance: null, instances, elsewhere: others, former });
    return;
  }
  answer(`${id} has a new key-holder's key, and new keys: ${instances.join(", ") || "(no instance here)"}`);
  for (const name of others) {
    answer(`instance "${name}" is elsewhere and has the keys it had, under a new grant; for new ones:`);
    answer(
      `  countersign keys invite ${id} --instance ${name} --wait   and there: countersign keys enroll TOKEN`,
    );
  }
  if (formerUntil !== undefined) {
    answer(`what the former key-holder's key signed is believed until ${formerUntil}`);
  }
}
