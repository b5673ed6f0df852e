import { readFileSync } from "node:fs";
import { witnessSkill } from "../checkpoint-schema.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AgentDefinition } from "../define-agent.ts";
import type { AtSign, Person } from "../domain.ts";
import { atKeysPath, existingOrNewCompanyKey, hasKeys, keyFolderOf, makeSecretFolder } from "../keys.ts";
import { generateSkill } from "../model-call.ts";
import { type DemoAgent, makeDemoTrust } from "../trust/demo-trust.ts";
import { readRegister } from "../trust/instance-register.ts";
import { activateAtSign } from "./activate-at-sign.ts";
import { readCramSecrets, writeCramSecrets } from "./cram-secrets.ts";
import { enrollHere } from "./enroll-here.ts";
import { openKeyHolder } from "./key-holder.ts";
import { publishCompanyTrust } from "./public-trust.ts";

export interface AtPlace {
  readonly directory: { readonly host: string; readonly port: number };
  readonly caFile: string;
}
/** Everyone with an atSign: the agents, the bot and the gateway. Key folders are named after the ids. */
export function participants(
  config: CompanyConfig,
  agents: readonly AgentDefinition[],
): readonly DemoAgent[] {
  const one = (
    id: string,
    skills: readonly string[],
    instances: DemoAgent["instances"] = [{ name: "main", role: id }],
  ): DemoAgent => ({
    id,
    atSign: config.atSignOf(id),
    instances,
    skills,
  });
  return [
    ...agents.map(({ id, skills }) =>
      one(id, Object.keys(skills), [{ name: "main", role: id, pattern: "*" }]),
    ),
    one("gateway", [generateSkill, witnessSkill]),
    one(
      "bot",
      [],
      [
        { name: "main", role: "bot" },
        { name: "evidence", role: "evidence" },
      ],
    ),
  ];
}
/** All atSigns of the company, its own first. */
export function allAtSigns(config: CompanyConfig, agents: readonly AgentDefinition[]): readonly AtSign[] {
  return [config.company.atSign, ...participants(config, agents).map((each) => each.atSign)];
}

/**
 * Makes keys, grants and trust document where they are missing, activates atSigns that are new, and publishes grants
 * and document at the company's atSign. Keys are written before an atSign is activated with them, so that a kill in
 * between is repaired by the next call.
 */
export async function setUpCompany(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  readonly agents: readonly AgentDefinition[];
  readonly people: readonly Person[];
  readonly place: AtPlace;
  readonly demo: boolean;
}): Promise<void> {
  const { settings, config, place } = o;
  const everyone = participants(config, o.agents);
  const company = { id: "company", atSign: config.company.atSign };
  const cramSecrets = { ...readCramSecrets(settings) };
  const ca = readFileSync(place.caFile, "utf8");
  const address = { directory: place.directory, ca };
  await Promise.all([company, ...everyone].map(({ id, atSign }) => activateOne(id, atSign)));
  const { publicKey } = await existingOrNewCompanyKey(settings.data);
  await Promise.all(everyone.map(({ id }) => enrollOne(id, publicKey)));
  await makeDemoTrust({
    folder: settings.data,
    company: config.company.atSign,
    agents: everyone,
    people: o.people,
    policy: config.policy,
    now: Date.now(),
    demo: o.demo,
  });
  await publishCompanyTrust(settings, config, address);

  /** Everyone's first instance, by its key-holder, which is here as well. One that was revoked stays out. */
  async function enrollOne(id: string, companyKey: string): Promise<void> {
    const folder = keyFolderOf(settings.data, id);
    const { instances } = await readRegister(folder);
    if ((await hasKeys(folder, "main")) || instances["main"]?.state === "revoked") {
      return;
    }
    const holder = await openKeyHolder(settings, config, id, { companyKey, address });
    try {
      await enrollHere(holder, "main", { data: settings.data, ca });
    } finally {
      await holder.close();
    }
  }
  async function activateOne(id: string, atSign: AtSign): Promise<void> {
    const folder = keyFolderOf(settings.data, id);
    const file = atKeysPath(folder, atSign);
    const cramSecret = cramSecrets[atSign];
    await makeSecretFolder(folder);
    await activateAtSign({ atSign, file, cramSecret, directory: place.directory, ca });
    if (cramSecret !== undefined) {
      delete cramSecrets[atSign];
      writeCramSecrets(settings, cramSecrets);
    }
  }
}
