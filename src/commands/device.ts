import { existsSync } from "node:fs";
import path from "node:path";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { atSignAccount } from "../accounts.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { personRole } from "../countersigned.ts";
import { AppError } from "../errors.ts";
import {
  existingCompanyKey,
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
import { atAddress, atAuthority, useSandboxOf } from "../processes/at-place.ts";
import { readPeople } from "../processes/company-books.ts";
import { readCramSecrets, writeCramSecrets } from "../processes/cram-secrets.ts";
import { deviceIn, devicePlace, type DevicePlace } from "../processes/device.ts";
import { followCompany, pullTrust } from "../processes/public-trust.ts";
import {
  deviceFingerprint,
  type DeviceRequest,
  formatDeviceRequest,
  readDeviceRequest,
} from "../trust/device-request.ts";
import { firstMachine } from "../trust/grant-subject.ts";
import { grantedDevices, refuseTaken } from "../trust/granted-devices.ts";
import { rawPublicKey } from "../trust/sign-statement.ts";
import { signAgentGrant, signInstanceGrant } from "../trust/sign-trust.ts";
import { instanceSchema } from "../trust/trust-documents.ts";
import { writePaper } from "../trust/trust-files.ts";
import { withBooks } from "./books.ts";
import { answer, answerJson, tell } from "./output.ts";
import { type Prompter, terminalPrompter } from "./prompter.ts";
import { signTrust } from "./trust.ts";

/** Machines on which people countersign: made known by the person, believed by the company. */

interface Place {
  readonly settings: Settings;
  readonly config: CompanyConfig;
}

export interface NewDeviceFlags {
  readonly keys: string;
  readonly companyKey?: string;
  readonly device?: string;
  /** The demo's data folder, whose sandbox has the atSign. */
  readonly sandbox?: string;
  readonly json?: boolean;
}

const dayMs = 86_400_000;
const grantDays = 365;

/** `inbox new PERSON`: makes this machine's keys and says what the company is to grant. */
export async function newDevice(
  { settings, config }: Place,
  person: string,
  o: NewDeviceFlags,
): Promise<void> {
  const place = devicePlace(o.keys);
  const { folder, atSign } = place;
  const instance = await deviceName(place, o.device);
  const companyKey = await companyKeyGiven(settings, o.companyKey);
  await makeSecretFolder(folder);
  if (o.sandbox !== undefined) {
    useSandboxOf(o.sandbox, settings.data);
  }
  await activateHere(settings, { ...settings, data: o.sandbox ?? settings.data }, place);
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
  const company = await existingCompanyKey(settings.data);
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
  const folder = path.join(settings.data, "trust");
  const granted = await grantedDevices(folder);
  refuseTaken(granted, { atSign, device: machineOf(request), signingKey: request.signingKey });
  const account = atSignAccount(atSign);
  if (!person.accounts.includes(account)) {
    await withBooks(settings, (desk) => desk.changeAccounts("link", [{ person: person.id, account }]));
  }
  const grant = signAgentGrant(
    {
      atSign,
      signingKey: request.signingKey,
      instancePattern: request.grant.statement.instance,
      role: personRole,
      skills: [],
      notAfter: request.grant.statement.notAfter,
      serial: Math.max(0, ...granted.map(({ serial }) => serial)) + 1,
    },
    company.privateKey,
  );
  await writePaper(folder, grant);
  await writePaper(folder, request.grant);
  const { published } = await signTrust(settings, config);
  if (o.json === true) {
    answerJson({ type: "device", person: person.id, atSign, device: machineOf(request), published });
  } else {
    answer(`"${person.id}" countersigns at ${atSign} (${machineOf(request)}): in force within 30 seconds`);
  }
}

function machineOf({ grant }: DeviceRequest): string {
  return grant.statement.instance;
}

/** One folder is one machine, under one name. */
async function deviceName(place: DevicePlace, wanted: string | undefined): Promise<string> {
  const known = await deviceIn(place);
  const name = instanceSchema.safeParse(wanted ?? known ?? firstMachine);
  if (!name.success) {
    throw new AppError("usage", `--device "${wanted}": ${name.error.issues[0]?.message ?? ""}`);
  }
  if (known !== undefined && known !== name.data) {
    throw new AppError("usage", `--device "${wanted}": ${place.folder} holds the keys of machine "${known}"`);
  }
  return name.data;
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
async function activateHere(
  settings: Settings,
  sandbox: Settings,
  { atSign, atKeysFile }: DevicePlace,
): Promise<void> {
  const { [atSign]: cramSecret, ...rest } = readCramSecrets(sandbox);
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
  writeCramSecrets(sandbox, rest);
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
