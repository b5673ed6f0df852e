import { existsSync } from "node:fs";
import path from "node:path";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { atSignAccount } from "../accounts.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { personRole } from "../countersigned.ts";
import { AppError } from "../errors.ts";
import {
  holderKey,
  installCompanyKey,
  keyFolderOf,
  makeInstanceKeys,
  makeSecretFolder,
  readCompanyKey,
  readInstanceKeys,
  refuseOpenFile,
  writeInstanceKeys,
} from "../keys.ts";
import { activateAtSign } from "../processes/activate-at-sign.ts";
import { atAddress, atAuthority } from "../processes/at-place.ts";
import { readPeople } from "../processes/company-books.ts";
import { readCramSecrets, writeCramSecrets } from "../processes/cram-secrets.ts";
import { devicePlace, type DevicePlace } from "../processes/device.ts";
import { followCompany, pullTrust } from "../processes/public-trust.ts";
import { deviceFingerprint, formatDeviceRequest, readDeviceRequest } from "../trust/device-request.ts";
import { parsePaper } from "../trust/grant-register.ts";
import { rawPublicKey } from "../trust/sign-statement.ts";
import { signAgentGrant, signInstanceGrant } from "../trust/sign-trust.ts";
import { sealedAgentGrantSchema } from "../trust/trust-documents.ts";
import { readTrustFolder, writePaper } from "../trust/trust-files.ts";
import { withBooks } from "./books.ts";
import { answer, answerJson, tell } from "./output.ts";
import { type Prompter, terminalPrompter } from "./prompter.ts";
import { signTrust } from "./trust.ts";

/** Machines on which people countersign: made known by the person, believed by the company. */

interface Place {
  readonly settings: Settings;
  readonly config: CompanyConfig;
}

const dayMs = 86_400_000;
const grantDays = 365;
const instance = "main";

/** `inbox new PERSON`: makes this machine's keys and says what the company is to grant. */
export async function newDevice(
  { settings, config }: Place,
  person: string,
  o: { readonly keys: string; readonly companyKey?: string; readonly json?: boolean },
): Promise<void> {
  const place = devicePlace(o.keys);
  const { folder, atSign } = place;
  const companyKey = await companyKeyGiven(settings, o.companyKey);
  await makeSecretFolder(folder);
  await activateHere(settings, place);
  await refuseOpenFile(place.atKeysFile);
  await installCompanyKey(folder, companyKey);
  const holder = await holderKey(folder, personRole);
  let keys = await readInstanceKeys(folder, instance);
  if (keys === undefined) {
    keys = makeInstanceKeys({ atSign, instance });
    await writeInstanceKeys(folder, keys);
  }
  await findTrust(settings, config, place, companyKey);
  const now = Date.now();
  const grant = signInstanceGrant(
    {
      atSign,
      instance,
      role: personRole,
      ed25519: rawPublicKey(keys.ed25519),
      x25519: rawPublicKey(keys.x25519),
      notAfter: new Date(now + grantDays * dayMs).toISOString(),
      // By the clock: a serial must never fall, and nobody here knows those of before.
      serial: Math.floor(now / 1000),
    },
    holder.privateKey,
  );
  const request = { version: 1, person, signingKey: holder.publicKey, grant } as const;
  const token = formatDeviceRequest(request);
  const fingerprint = deviceFingerprint(request);
  if (o.json === true) {
    answerJson({ type: "device-request", person, atSign, fingerprint, token });
    return;
  }
  answer(`countersign people device ${token}`);
  tell(`(to be run where the company key is; the fingerprint must read there: ${fingerprint})`);
  tell(`then decide here with "countersign inbox --keys ${o.keys}"`);
}

/** `people device TOKEN`: where the company key is, once both sides have compared the fingerprint. */
export async function grantDevice(
  { settings, config }: Place,
  token: string,
  o: { readonly fingerprint?: string; readonly json?: boolean },
  prompter: Prompter = terminalPrompter,
): Promise<void> {
  const company = await readCompanyKey(keyFolderOf(settings.data, "company"));
  if (company === undefined) {
    throw new AppError(
      "no-company-key",
      "a person's machine is granted by the company, whose key is not here",
    );
  }
  const request = readDeviceRequest(token);
  const { atSign } = request.grant.statement;
  const person = (await readPeople(settings, false)).find(
    (each) => each.id === request.person && each.active,
  );
  if (person === undefined) {
    throw new AppError(
      "unknown-person",
      `"${request.person.slice(0, 100)}" is not an active person of the books`,
    );
  }
  await compare(request.person, atSign, deviceFingerprint(request), o.fingerprint, prompter);
  const account = atSignAccount(atSign);
  if (!person.accounts.includes(account)) {
    await withBooks(settings, (desk) => desk.changeAccounts("link", [{ person: person.id, account }]));
  }
  const folder = path.join(settings.data, "trust");
  const grant = signAgentGrant(
    {
      atSign,
      signingKey: request.signingKey,
      instancePattern: request.grant.statement.instance,
      role: personRole,
      skills: [],
      notAfter: request.grant.statement.notAfter,
      serial: await nextSerial(folder, atSign),
    },
    company.privateKey,
  );
  await writePaper(folder, grant);
  await writePaper(folder, request.grant);
  const { published } = await signTrust(settings, config);
  if (o.json === true) {
    answerJson({ type: "device", person: person.id, atSign, published });
  } else {
    answer(`"${person.id}" countersigns at ${atSign}: in force within 30 seconds`);
  }
}

async function companyKeyGiven(settings: Settings, given: string | undefined): Promise<string> {
  const own = await readCompanyKey(keyFolderOf(settings.data, "company"));
  const key = given ?? own?.publicKey;
  if (key === undefined || !/^[A-Za-z0-9_-]{43}$/.test(key)) {
    throw new AppError(
      "usage",
      '--company-key: expected the company\'s public key (43 letters and digits), which "countersign trust show" prints where the company is; take it by a way that nobody else can change',
    );
  }
  return key;
}

/** The sandbox's atSigns are activated on first use; others bring their key file. */
async function activateHere(settings: Settings, { atSign, atKeysFile }: DevicePlace): Promise<void> {
  const { [atSign]: cramSecret, ...rest } = readCramSecrets(settings);
  const ca = atAuthority(settings);
  if (cramSecret === undefined || ca === undefined) {
    if (!existsSync(atKeysFile)) {
      throw new AppError(
        "keys-missing",
        `${atKeysFile} does not exist: activate ${atSign} first, or name its key file`,
      );
    }
    return;
  }
  await activateAtSign({
    atSign,
    file: atKeysFile,
    cramSecret,
    directory: atAddress(settings).directory,
    ca,
  });
  writeCramSecrets(settings, rest);
}

/** Where this folder is not the company's own, its papers are fetched now and followed from now on. */
async function findTrust(
  settings: Settings,
  config: CompanyConfig,
  { atSign, atKeysFile }: DevicePlace,
  companyKey: string,
): Promise<void> {
  const { data } = settings;
  if ((await readCompanyKey(keyFolderOf(data, "company"))) !== undefined) {
    return;
  }
  const company = config.company.atSign;
  const client = await AtClient.open({
    atSign,
    keys: await readAtKeysFile(atKeysFile),
    ...atAddress(settings),
  });
  try {
    await followCompany(data, company);
    await pullTrust({ client, data, company, companyKey });
  } finally {
    await client.close();
  }
}

/** Somebody may have put another machine's request in this one's place: people compare, not programs. */
async function compare(
  person: string,
  atSign: string,
  fingerprint: string,
  given: string | undefined,
  prompter: Prompter,
): Promise<void> {
  tell(`${person} wants to countersign at ${atSign}. Fingerprint here: ${fingerprint}`);
  const said =
    given ?? (await prompter.ask(`Ask ${person} to read theirs out. Type it, or nothing to stop:`)) ?? "";
  const bare = (text: string) => text.replaceAll(/\s/g, "").toLowerCase();
  if (bare(said) !== bare(fingerprint)) {
    throw new AppError(
      "fingerprint-differs",
      "the fingerprint given is not that of this request; nothing was granted",
    );
  }
}

async function nextSerial(folder: string, atSign: string): Promise<number> {
  const { grants } = await readTrustFolder(folder);
  const serials = grants
    .filter(({ name }) => name.startsWith("agent-grant."))
    .map(({ name, text }) => parsePaper(name, text, sealedAgentGrantSchema).statement)
    .filter((each) => each.atSign === atSign && each.role === personRole)
    .map(({ serial }) => serial);
  return Math.max(0, ...serials) + 1;
}
