import { AppError } from "../../errors.ts";

/** What operators of atServers set differently. */
export interface Behaviour {
  /** Whether TLS clients are asked for a certificate, and whether another atSign's server must present one. */
  readonly clientCertificates: "off" | "request" | "require";
  /** Lets an owner change the server's settings with `config:set`. */
  readonly testingMode: boolean;
  /** Tells the other atSign when a value shared with it is written or deleted. */
  readonly autoNotify: boolean;
  /**
   * Metadata of commands: `any` order, or `times-first`: ttl, ttb, ttr and ccd before all others, which every client
   * does; what follows them is taken in any order.
   */
  readonly metadataOrder: "any" | "times-first";
  /** Refuses an enrollment whose login key another one has; conformance suites use one key for all. */
  readonly uniqueEnrollmentKeys: boolean;
  /** Lets the atSign's own login replace its login key, as servers before 3.16.4 did; else the activation secret alone. */
  readonly ownerInstallsLoginKey: boolean;
}

export const defaultBehaviour: Behaviour = {
  clientCertificates: "require",
  testingMode: false,
  autoNotify: true,
  metadataOrder: "any",
  uniqueEnrollmentKeys: true,
  ownerInstallsLoginKey: false,
};

/** The sets of behaviour that conformance suites ask for by name; public servers refuse metadata out of order. */
const profiles: Readonly<Record<string, Partial<Behaviour>>> = {
  default: {},
  "no-client-cert": { clientCertificates: "off" },
  "client-cert-required": { clientCertificates: "require" },
  "testingMode=true": { testingMode: true },
  "testingMode=false": { testingMode: false },
  "no-auto-notify": { autoNotify: false },
  "any-order": { metadataOrder: "any" },
  /** Login keys of elliptic curves are always taken; a suite's case brings one in without the activation secret. */
  ecc: { ownerInstallsLoginKey: true },
  /** Keeps nothing after its end. */
  "disposable-atsign": {},
};

/** The behaviour of a profile. Throws AppError `usage` for a name it does not know. */
export function profileBehaviour(name: string): Behaviour {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (!profile)
    throw new AppError(
      "usage",
      `--profile ${name}: expected one of ${Object.keys(profiles)
        .map((known) => `"${known}"`)
        .join(", ")}`,
    );
  return { ...defaultBehaviour, metadataOrder: "times-first", uniqueEnrollmentKeys: false, ...profile };
}
