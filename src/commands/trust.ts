import type { CompanyConfig, Settings } from "../config.ts";
import { createCompanyKey, keyFolderOf, readCompanyKey } from "../keys.ts";
import { loadAgents } from "../load.ts";
import { AppError } from "../errors.ts";
import { makeDemoTrust } from "../trust/demo-trust.ts";
import { participants } from "../processes/setup.ts";
import { readPeople } from "../processes/company-books.ts";
import { answer, answerJson } from "./output.ts";

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
  const { company, people } = await signTrust(settings, config);
  if (o.json === true) {
    answerJson({ company, people });
  } else {
    answer(`signed: ${people} people, policy in force at the next look of every process`);
  }
}

/** Signs the next trust document from the books' people and the configured policy, and grants that are missing. */
export async function signTrust(
  settings: Settings,
  config: CompanyConfig,
): Promise<{ readonly company: string; readonly people: number }> {
  const people = await readPeople(settings, false);
  const { companyKey } = await makeDemoTrust({
    folder: settings.data,
    company: config.company.atSign,
    agents: participants(config, await loadAgents()),
    people,
    policy: config.policy,
    now: Date.now(),
    demo: "as-signed",
  });
  return { company: companyKey, people: people.length };
}
