import { readFileSync } from "node:fs";
import path from "node:path";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AgentDefinition } from "../define-agent.ts";
import type { AtSign, Person } from "../domain.ts";
import { atKeysPath, keyFolderOf, makeSecretFolder } from "../keys.ts";
import { type DemoAgent, makeDemoTrust } from "../trust/demo-trust.ts";
import { publishTrust, readTrustFolder } from "../trust/trust-files.ts";
import { activateAtSign } from "./activate-at-sign.ts";
import { readCramSecrets, writeCramSecrets } from "./cram-secrets.ts";

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
    one("gateway", ["generate"]),
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
  await Promise.all([company, ...everyone].map(({ id, atSign }) => activateOne(id, atSign)));
  await makeDemoTrust({
    folder: settings.data,
    company: config.company.atSign,
    agents: everyone,
    people: o.people,
    policy: config.policy,
    now: Date.now(),
    demo: o.demo,
  });
  const keys = await readAtKeysFile(atKeysPath(keyFolderOf(settings.data, company.id), company.atSign));
  const client = await AtClient.open({ atSign: company.atSign, keys, directory: place.directory, ca });
  try {
    await publishTrust(await readTrustFolder(path.join(settings.data, "trust")), (name, value) =>
      client.put({ kind: "public", name, namespace: "countersign" }, value),
    );
  } finally {
    await client.close();
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
