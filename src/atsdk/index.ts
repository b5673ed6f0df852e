export { activate, type ActivateOptions } from "./activate.ts";
export { activateApkam, type ActivateApkamOptions } from "./activate-apkam.ts";
export { AtClient, type OpenOptions } from "./at-client.ts";
export { AtError, type AtErrorCode } from "./at-error.ts";
export {
  type AtKeys,
  generateAtKeys,
  type KeyFileOptions,
  readAtKeysFile,
  writeAtKeysFile,
} from "./at-keys.ts";
export { changeLoginKey, type ChangeLoginKeyOptions } from "./change-login-key.ts";
export type { RefusalOptions } from "./connector.ts";
export { type AtKeyName, parseKey, type ReadableKey } from "./codec/at-key.ts";
export type { ScanOptions } from "./codec/commands.ts";
export type {
  Enrollment,
  EnrollmentMetadata,
  EnrollmentStatus,
  LoginAlgorithm,
  NamespaceAccess,
  NamespaceMember,
  Namespaces,
} from "./codec/enrollment.ts";
export type { AtMetadata, MetadataChange } from "./codec/metadata.ts";
export type { NotificationStatus, ServerInfo } from "./codec/replies.ts";
export { toAtSign } from "./at-sign.ts";
export { type HostAndPort, lookUp, type LookUpOptions } from "./directory.ts";
export {
  checkEnrollment,
  type EnrollOptions,
  enrollmentFingerprint,
  type EnrollmentOutcome,
  type PendingEnrollment,
  requestEnrollment,
  waitForEnrollment,
  type WaitOptions,
} from "./enrollee.ts";
export type { ApproveOptions, Enrollments, RequestsOptions } from "./enrollments.ts";
export type { AtNotification, ListOptions, NotifyOptions, ReceiveOptions } from "./messages.ts";
export type { NotificationGap } from "./notifications.ts";
export type { PeerKeyChange, PeerKeyStore } from "./peer-keys.ts";
export type { AtRecord, PublicSignature, PutOptions, ReadOptions } from "./records.ts";
export {
  type AtSignState,
  atSignState,
  Registrar,
  type RegistrarOptions,
  type Registration,
} from "./registrar.ts";
export { type ByteStream, type ConnectOptions, tlsTransport, type Transport } from "./transport.ts";
