/** What an instance's process is told at its start, as JSON on its command line. */
export interface InstanceSettings {
  readonly instance: string;
  /** The folder of the host that it runs on: its keys and its trust files. */
  readonly host: string;
  /** The company's books. */
  readonly url: string;
  readonly directory: { readonly host: string; readonly port: number };
  readonly ca: string;
  readonly originMs: number;
  readonly pace: number;
  readonly skewMs: number;
  readonly capacity: number;
}

/** The one agent that all of them are. */
export const agentAtSign = "@cs-supply";
export const botAtSign = "@cs-bot";
