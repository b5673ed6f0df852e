import type { Behaviour } from "./behaviour.ts";

/** What `config:set` can change while a server runs, under the names public servers use. */
interface Values {
  autoNotify: boolean;
  inboundMaxLimit: number;
  maxNotificationRetries: number;
  maxRequestsPerTimeFrame: number;
  timeFrameInMills: number;
  // Nothing here needs these: one entry per key is kept, certificates and copies are looked at when they are used.
  commitLogCompactionFrequencyMins: number;
  accessLogCompactionFrequencyMins: number;
  notificationKeyStoreCompactionFrequencyMins: number;
  checkCertificateReload: boolean;
  shouldReloadCertificates: boolean;
  doCacheRefreshNow: boolean;
}

/** The settings of one running atServer, which testing mode lets its owner change. */
export class ServerSettings {
  readonly testingMode: boolean;
  readonly #defaults: Values;
  #values: Values;

  constructor(
    behaviour: Behaviour,
    limits: { maxConnections: number; requests: number; requestWindowMs: number },
  ) {
    this.testingMode = behaviour.testingMode;
    this.#defaults = {
      autoNotify: behaviour.autoNotify,
      inboundMaxLimit: limits.maxConnections,
      maxNotificationRetries: 30,
      maxRequestsPerTimeFrame: limits.requests,
      timeFrameInMills: limits.requestWindowMs,
      commitLogCompactionFrequencyMins: 18,
      accessLogCompactionFrequencyMins: 15,
      notificationKeyStoreCompactionFrequencyMins: 5,
      checkCertificateReload: false,
      shouldReloadCertificates: false,
      doCacheRefreshNow: false,
    };
    this.#values = this.#defaults;
  }

  /** Whether a shared value's other atSign is told of a change. */
  get autoNotify(): boolean {
    return this.#values.autoNotify;
  }

  /** How many connections the server takes. */
  get maxConnections(): number {
    return this.#values.inboundMaxLimit;
  }

  /** How often a notification is tried again. */
  get maxNotificationRetries(): number {
    return this.#values.maxNotificationRetries;
  }

  /** How many enrollments one connection may ask for within `enrollmentWindowMs`. */
  get maxEnrollmentRequests(): number {
    return this.#values.maxRequestsPerTimeFrame;
  }

  get enrollmentWindowMs(): number {
    return this.#values.timeFrameInMills;
  }

  has(name: string): name is keyof Values {
    return Object.hasOwn(this.#defaults, name);
  }

  get(name: keyof Values): string {
    return String(this.#values[name]);
  }

  /** False when the text is no value of this setting. */
  set(name: keyof Values, text: string): boolean {
    const value = typeof this.#defaults[name] === "boolean" ? readBoolean(text) : readNumber(text);
    if (value === undefined) return false;
    this.#values = { ...this.#values, [name]: value };
    return true;
  }

  reset(name: keyof Values): void {
    this.#values = { ...this.#values, [name]: this.#defaults[name] };
  }
}

function readBoolean(text: string): boolean | undefined {
  return text === "true" || text === "false" ? text === "true" : undefined;
}

function readNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
