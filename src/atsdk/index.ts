export { activate, type ActivateOptions } from "./activate.ts";
export {
  AtClient,
  type AtNotification,
  type NotifyOptions,
  type OpenOptions,
  type ReceiveOptions,
} from "./at-client.ts";
export { AtError, type AtErrorCode } from "./at-error.ts";
export type { AtKeyName } from "./at-key.ts";
export { type AtKeys, generateAtKeys, readAtKeysFile, writeAtKeysFile } from "./at-keys.ts";
export { toAtSign } from "./at-sign.ts";
export { type HostAndPort, lookUp, type LookUpOptions } from "./directory.ts";
export { type ByteStream, type ConnectOptions, tlsTransport, type Transport } from "./transport.ts";
