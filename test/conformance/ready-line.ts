/** What `countersign sandbox --atsigns … --json` says when it is ready. */
export interface ReadyLine {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly keys?: string;
  readonly cram: Readonly<Record<string, string>>;
  readonly atSigns: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
}
