import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { AtClient } from "@atsign/atsdk";
import { isoMinute } from "../iso-minute.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import {
  atKeysPath,
  createCompanyKey,
  existingCompanyKey,
  installedCompanyKey,
  keyFolderOf,
  readCompanyKey,
} from "../keys.ts";
import { loadAgents } from "../load.ts";
import { atAddress } from "../processes/at-place.ts";
import { readPeople } from "../processes/company-books.ts";
import { readPrivateAtKeys } from "../processes/private-at-keys.ts";
import { publishCompanyTrust, pullTrust } from "../processes/public-trust.ts";
import { readTrust } from "../processes/read-trust.ts";
import { participants } from "../processes/setup.ts";
import { agentGrantsOf, grantRotation, readRotationRequest } from "../trust/agent-rotation.ts";
import { makeDemoTrust } from "../trust/demo-trust.ts";
import { parsePaper } from "../trust/grant-register.ts";
import { sealedTrustDocumentSchema, type TrustDocument } from "../trust/trust-documents.ts";
import { writePaper } from "../trust/trust-files.ts";
import { answer, answerJson, tell } from "./output.ts";

/** Makes the company key; refused when there is one. */
export async function newCompanyKey(settings: Settings, o: { readonly json?: boolean }): Promise<void> {
  const folder = keyFolderOf(settings.data, "company");
  if ((await readCompanyKey(folder)) !== undefined) {
    throw new AppError("key-exists", `${folder} already holds the company key; it is never replaced`);
  }
  const key = await createCompanyKey(folder);
  if (o.json === true) {
    answerJson({ company: key.publicKey, folder });
  } else {
    answer(`company key ${key.publicKey} is in ${folder}: keep a copy offline`);
  }
}

/** `trust sign`. */
export async function sign(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly json?: boolean },
): Promise<void> {
  const { company, people, published } = await signTrust(settings, config);
  if (o.json === true) {
    answerJson({ company, people, published });
  } else {
    answer(`signed: ${people} people, policy in force at the next look of every process`);
  }
}

/** `trust sign --request FILE`: grants the next key that an agent's key-holder asks for. */
export async function signRequest(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly request: string; readonly readmit?: boolean; readonly json?: boolean },
): Promise<void> {
  const company = await existingCompanyKey(settings.data);
  const text = await readFile(o.request, "utf8").catch((cause: unknown) => {
    throw new AppError("usage", `--request ${o.request}: cannot be read`, { cause });
  });
  const request = readRotationRequest(o.request, text);
  const { atSign, role } = request.statement;
  const paper = await grantRotation(settings.data, request, {
    company,
    now: Date.now(),
    readmit: o.readmit === true,
  });
  await writePaper(path.join(settings.data, "trust"), paper);
  const file = `${o.request.replace(/\.json$/, "")}.granted.json`;
  await writeFile(file, `${JSON.stringify(paper, null, 2)}\n`);
  const published = await publishIfPossible(settings, config);
  if (o.json === true) {
    answerJson({ type: "granted", agent: role, atSign, serial: paper.statement.serial, file, published });
  } else {
    answer(`granted ${role} (${atSign}) its next key-holder's key; bring ${file} back and run there:`);
    answer(`  countersign keys rotate ${role} --grant ${path.basename(file)}`);
  }
}

/** `trust pull`: fetches what the company published, once; processes that follow it do so by themselves. */
export async function pull(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly json?: boolean },
): Promise<void> {
  const { agent, file, companyKey } = await anyIdentity(settings, config);
  const atSign = config.atSignOf(agent);
  const keys = await readPrivateAtKeys(file);
  const client = await AtClient.open({ atSign, keys, ...atAddress(settings) });
  try {
    const company = config.company.atSign;
    const adopted = await pullTrust({ client, data: settings.data, company, companyKey });
    if (o.json === true) {
      answerJson({ adopted });
    } else {
      answer(adopted === 0 ? "nothing is newer than what is here" : `${adopted} papers were newer`);
    }
  } finally {
    await client.close();
  }
}

/** `trust show`: the document in force here, grants and revocations, verified. */
export async function show(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly json?: boolean },
): Promise<void> {
  const { companyKey } = await anyIdentity(settings, config);
  const { files, trust } = await readTrust(settings, companyKey);
  const { revocations, issuedAt } = parsePaper(
    "trust.json",
    files.document?.text ?? "",
    sealedTrustDocumentSchema,
  ).statement;
  const problems = trust.problems.map(({ code, message }) => ({ code, message }));
  if (o.json === true) {
    answerJson({ company: trust.company, companyKey, serial: trust.serial, issuedAt, revocations, problems });
    return;
  }
  answer(`company ${trust.company}, key ${companyKey}`);
  answer(`document ${trust.serial} of ${isoMinute(Date.parse(issuedAt))}: ${trust.people.length} people`);
  revocations.forEach((each) => answer(`revoked: ${Object.values(each).join(" ")}`));
  problems.forEach(({ code, message }) => answer(`refused (${code}): ${message}`));
}

/** Takes back all grants that an agent holds, and with them those of its instances. Needs the company key. */
export async function revokeAgent(
  settings: Settings,
  config: CompanyConfig,
  { id, atSign }: { readonly id: string; readonly atSign: AtSign },
): Promise<void> {
  await existingCompanyKey(settings.data);
  const held = await agentGrantsOf(settings.data, atSign);
  if (held.length === 0) {
    throw new AppError("no-grant", `${id} holds no grant of the company`);
  }
  const revocations = held.map(({ role, serial }) => ({ kind: "agent", atSign, role, serial }) as const);
  await signTrust(settings, config, revocations);
}

/** Machines of their own read what is published; without the company's atSign at hand that is for `up` to do. */
export async function publishIfPossible(settings: Settings, config: CompanyConfig): Promise<boolean> {
  const file = atKeysPath(keyFolderOf(settings.data, "company"), config.company.atSign);
  if (!existsSync(file)) {
    tell(`not published: the keys of ${config.company.atSign} are not here`);
    return false;
  }
  try {
    await publishCompanyTrust(settings, config, atAddress(settings));
    return true;
  } catch (error) {
    tell(`not published (${toErrorInfo(error).code}): other machines see it once "countersign up" runs`);
    return false;
  }
}

/** Some participant's keys of this folder: any may read what is published. */
async function anyIdentity(
  settings: Settings,
  config: CompanyConfig,
): Promise<{ readonly agent: string; readonly file: string; readonly companyKey: string }> {
  for (const { id } of participants(config, await loadAgents())) {
    const folder = keyFolderOf(settings.data, id);
    const names = await readdir(folder).catch(() => []);
    const name = names.find((each) => each.endsWith(".atKeys"));
    if (name !== undefined) {
      return { agent: id, file: path.join(folder, name), companyKey: await installedCompanyKey(folder) };
    }
  }
  throw new AppError(
    "keys-missing",
    `${settings.data} holds nobody's keys: run "countersign setup" or "countersign keys enroll TOKEN" first`,
  );
}

/**
 * Signs the next trust document from the books' people and the configured policy, and grants that are missing, and
 * publishes all papers where the company's atSign is at hand.
 */
export async function signTrust(
  settings: Settings,
  config: CompanyConfig,
  revoke: TrustDocument["revocations"] = [],
): Promise<{ readonly company: string; readonly people: number; readonly published: boolean }> {
  const people = await readPeople(settings, false);
  const { companyKey } = await makeDemoTrust({
    folder: settings.data,
    company: config.company.atSign,
    agents: participants(config, await loadAgents()),
    people,
    policy: config.policy,
    now: Date.now(),
    demo: "as-signed",
    revoke,
  });
  const published = await publishIfPossible(settings, config);
  return { company: companyKey, people: people.length, published };
}
