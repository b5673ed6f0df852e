import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { activate, type AtKeys, writeAtKeysFile } from "@atsign/atsdk";
import { type CompanyConfig, readSettings, type Settings } from "../../src/config.ts";
import { atKeysPath, keyFolderOf, makeSecretFolder } from "../../src/keys.ts";
import { type KeyHolder, openKeyHolder } from "../../src/processes/key-holder.ts";
import { publishCompanyTrust } from "../../src/processes/public-trust.ts";
import { type AtSandbox, startAtSandbox } from "../../src/sandbox/at-server/start-at-sandbox.ts";
import { makeDemoTrust } from "../../src/trust/demo-trust.ts";
import { aliceKeys, bobKeys } from "../unit/atsdk/vectors.ts";
import { people, policy } from "./trust-world.ts";

export const enrollmentConfig: CompanyConfig = {
  company: { name: "Example", atSign: "@cs-company" },
  atSignOf: (id) => `@cs-${id}`,
  policy,
};

/** The machine of the company and of an agent's key-holder, and the atServers; others enroll from folders of their own. */
export interface EnrollmentHome {
  /** A temporary folder that holds everything; whoever opened it removes it. */
  readonly root: string;
  readonly sandbox: AtSandbox;
  readonly companyKey: string;
  readonly home: Settings;
  readonly holder: KeyHolder;
}

/** The settings of a machine whose data lie in `data`. */
export function machineSettings(sandbox: AtSandbox, data: string): Settings {
  return readSettings({
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_AT_DIRECTORY: `${sandbox.directory.host}:${sandbox.directory.port}`,
    COUNTERSIGN_AT_CA_FILE: sandbox.caFile,
  });
}

/** Real atServers with the company, `agent` and the bot activated, and the agent's key-holder. */
export async function openEnrollmentHome(agent: string): Promise<EnrollmentHome> {
  const root = await mkdtemp(path.join(tmpdir(), "cs-enroll-"));
  const config = enrollmentConfig;
  const keysOf: Readonly<Record<string, AtKeys>> = { company: aliceKeys, [agent]: aliceKeys, bot: bobKeys };
  const atSigns = Object.keys(keysOf).map((id) => config.atSignOf(id));
  const sandbox = await startAtSandbox({ dataDir: path.join(root, "at"), atSigns });
  const home = machineSettings(sandbox, path.join(root, "home"));
  for (const [id, keys] of Object.entries(keysOf)) {
    const atSign = config.atSignOf(id);
    const folder = keyFolderOf(home.data, id);
    await makeSecretFolder(folder);
    await writeAtKeysFile(atKeysPath(folder, atSign), keys);
    await activate({ ...sandbox, atSign, keys, cramSecret: sandbox.cramSecrets[atSign] ?? "" });
  }
  const { companyKey } = await makeDemoTrust({
    folder: home.data,
    company: "@cs-company",
    agents: [agent, "bot"].map((id) => ({
      id,
      atSign: config.atSignOf(id),
      skills: [],
      instances: [{ name: "main", role: id, pattern: "*" }],
    })),
    people,
    policy,
    demo: true,
    now: Date.now(),
  });
  await publishCompanyTrust(home, config, sandbox);
  return { root, sandbox, companyKey, home, holder: await openKeyHolder(home, config, agent) };
}
