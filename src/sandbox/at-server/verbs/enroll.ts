import { z } from "zod";
import type { Amendment } from "../amend-enrollment.ts";
import type { AtServer } from "../at-server.ts";
import { describeEnrollment, enrollmentKey, namespacesSchema } from "../enrollment.ts";
import { failure, tooMany } from "../enrollment-rules.ts";
import type { WrappedKeys } from "../enrollments.ts";
import { signingAlgorithm } from "../login-key.ts";
import { covers } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const maxParameters = 32_000;
const text = z.string().max(8_000);
const parameters = z
  .object({
    enrollmentId: text,
    appName: z.string().max(200),
    deviceName: z.string().max(200),
    namespaces: namespacesSchema,
    otp: z.union([text, z.number()]).transform(String),
    apkamPublicKey: text,
    signingAlgo: signingAlgorithm,
    apkamPublicKeySignature: text,
    encryptedAPKAMSymmetricKey: text,
    encryptedDefaultEncryptionPrivateKey: text,
    encPrivateKeyIV: text,
    encryptedDefaultSelfEncryptionKey: text,
    selfEncKeyIV: text,
    apkamKeysExpiryInMillis: z.int().min(0),
    enrollmentStatusFilter: z.array(z.string()),
    metadata: z.record(z.string(), z.unknown()),
  })
  .partial();
type Parameters = z.infer<typeof parameters>;

/** `enroll:<operation>[:force][:<json>]`: asks for an enrollment (before login too), or administers them. */
export async function enroll(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  const match =
    /^(request|approve|deny|revoke|unrevoke|update|delete|listns|infons|list|fetch)(?::(force))?(?::(.+))?$/is.exec(
      rest,
    );
  const operation = match?.[1]?.toLowerCase();
  if (operation === undefined) throw syntaxError();
  if (operation !== "request" && !connection.isOwner)
    throw new ServerError("AT0401", `Cannot ${operation} enrollment without authentication`);
  const argument = match?.[3];
  if (operation === "listns" || operation === "infons")
    return ofNamespace(server, connection, operation, argument);
  if (argument === undefined && operation !== "list")
    throw new ServerError("AT0022", "Enroll parameters not provided");
  const given = readParameters(argument ?? "{}");
  const { enrollments } = server;
  switch (operation) {
    case "request":
      return request(server, connection, given);
    case "list":
      return list(server, connection, given.enrollmentStatusFilter);
    case "fetch":
      return JSON.stringify(describeEnrollment(enrollments.fetch(connection, idIn(given, operation))));
    case "approve": {
      const id = idIn(given, operation);
      enrollments.approve(connection, id, wrappedKeysIn(given));
      return JSON.stringify({ status: "approved", enrollmentId: id });
    }
    case "revoke": {
      const id = idIn(given, operation);
      const endsSelf = enrollments.revoke(connection, id, match?.[2] !== undefined);
      return JSON.stringify({
        status: "revoked",
        enrollmentId: id,
        ...(endsSelf ? { message: "Enrollment is revoked. Closing the connection in 10 seconds" } : {}),
      });
    }
    case "update": {
      const id = idIn(given, operation);
      enrollments.update(connection, id, amendmentIn(given));
      return JSON.stringify({ enrollmentId: id, status: "approved" });
    }
    case "delete": {
      const id = idIn(given, operation);
      enrollments.delete(connection, id);
      return JSON.stringify({ enrollmentId: id, status: "deleted" });
    }
    default: {
      const id = idIn(given, operation);
      if (operation === "deny") enrollments.deny(connection, id);
      else enrollments.unrevoke(connection, id);
      return JSON.stringify({ status: operation === "deny" ? "denied" : "approved", enrollmentId: id });
    }
  }
}

async function request(server: AtServer, connection: ServerConnection, given: Parameters): Promise<string> {
  const { requests } = server;
  const isCram = connection.identity.kind === "cram";
  const appName = mandatory(given.appName, "appName", "request");
  const deviceName = mandatory(given.deviceName, "deviceName", "request");
  const apkamPublicKey = mandatory(given.apkamPublicKey, "apkam public key", "request");
  const { otp, namespaces = {}, encryptedAPKAMSymmetricKey } = given;
  if (otp !== undefined) {
    if (!encryptedAPKAMSymmetricKey)
      throw failure("encrypted apkam symmetric key is mandatory for new client enroll:request");
    if (Object.keys(namespaces).length === 0) throw noNamespace();
  }
  requests.count(connection);
  if (!connection.isOwner && requests.passcodes.isUnderAttack) throw tooMany();
  if (!connection.isOwner && !requests.passcodes.isGood(otp)) {
    await requests.passcodes.punish(connection);
    throw new ServerError("AT0011", "invalid otp. Cannot process enroll request", { isEvident: true });
  }
  if (Object.keys(namespaces).length === 0 && !isCram) throw noNamespace();
  const made = server.store.transaction(() => {
    const enrollment = requests.add(connection, {
      appName,
      deviceName,
      namespaces,
      apkamPublicKey,
      signingAlgo: given.signingAlgo,
      encryptedAPKAMSymmetricKey,
      keyLifetime: given.apkamKeysExpiryInMillis,
      metadata: given.metadata,
      ...(isCram ? wrappedKeys(given) : {}),
    });
    if (otp !== undefined) requests.passcodes.use(otp);
    return enrollment;
  });
  return JSON.stringify({ enrollmentId: made.id, status: made.status });
}

function list(
  server: AtServer,
  connection: ServerConnection,
  statuses: readonly string[] | undefined,
): string {
  const found = server.enrollments
    .list(connection)
    .filter((e) => statuses === undefined || statuses.includes(e.status));
  return JSON.stringify(
    Object.fromEntries(found.map((e) => [enrollmentKey(e.id, server.atSign), describeEnrollment(e)])),
  );
}

/** `enroll:listns:<namespace>` and `enroll:infons:<namespace>`, for holders of an enrollment that may read it. */
function ofNamespace(
  server: AtServer,
  connection: ServerConnection,
  operation: "listns" | "infons",
  namespace: string | undefined,
): string {
  if (namespace === undefined || !/^[\w.*-]+$/.test(namespace))
    throw new ServerError("AT0022", `namespace is required for enroll:${operation}`);
  const { identity } = connection;
  const holder = identity.kind === "cram" || identity.kind === "owner" ? identity.enrollment : undefined;
  if (!holder) throw failure(`enroll:${operation} needs a connection with an enrollmentId`);
  if (!covers(holder.namespaces, namespace, "r"))
    throw new ServerError(
      "AT0009",
      `Connection with enrollment ID ${holder.id} is not authorized to ${operation} namespace: ${namespace}`,
    );
  if (operation === "infons") {
    const at = server.enrollments.lastRevokedAt(namespace);
    return JSON.stringify({ lastRevokedAt: at === undefined ? null : new Date(at).toISOString() });
  }
  return JSON.stringify(
    server.enrollments.inNamespace(namespace).map((e) => ({
      enrollmentId: e.id,
      access: covers(e.namespaces, namespace, "rw") ? "rw" : "r",
      apkamPubKey: e.apkamPublicKey,
      metadata: e.metadata ?? null,
    })),
  );
}

/** Clients write `null` for what they leave out. */
function readParameters(json: string): Parameters {
  if (json.length > maxParameters)
    throw new ServerError("AT0022", `Enroll parameters may have at most ${maxParameters} characters`);
  let given: unknown;
  try {
    given = JSON.parse(json, (_key, value: unknown) => value ?? undefined);
  } catch {
    throw syntaxError("Enroll parameters are not JSON");
  }
  const result = parameters.safeParse(given);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join(".") ?? "";
  throw new ServerError("AT0022", `Enroll parameter ${where} is not valid`);
}

function idIn(given: Parameters, operation: string): string {
  return mandatory(given.enrollmentId, "enrollmentId", operation);
}

/** What may be changed is named; rights are refused by name, so that nobody takes them for granted. */
function amendmentIn(given: Parameters): Amendment {
  const { apkamPublicKey, signingAlgo, apkamPublicKeySignature, metadata } = given;
  if (apkamPublicKey === undefined && signingAlgo === undefined && metadata === undefined)
    throw new ServerError(
      "AT0022",
      "enroll:update must name at least one of apkamPublicKey, signingAlgo or metadata",
    );
  if (given.namespaces !== undefined)
    throw new ServerError("AT0022", "enroll:update cannot change namespaces");
  return { apkamPublicKey, signingAlgo, apkamPublicKeySignature, metadata };
}

function wrappedKeysIn(given: Parameters): WrappedKeys {
  const names = ["encryptedDefaultEncryptionPrivateKey", "encryptedDefaultSelfEncryptionKey"] as const;
  for (const name of names) mandatory(given[name], name, "approve");
  return wrappedKeys(given);
}

function wrappedKeys(given: Parameters): WrappedKeys {
  const wrap = (value: string | undefined, iv: string | undefined) =>
    value === undefined ? undefined : { value, ...(iv === undefined ? {} : { iv }) };
  return {
    encryptionPrivateKey: wrap(given.encryptedDefaultEncryptionPrivateKey, given.encPrivateKeyIV),
    selfEncryptionKey: wrap(given.encryptedDefaultSelfEncryptionKey, given.selfEncKeyIV),
  };
}

function mandatory(value: string | undefined, name: string, operation: string): string {
  if (!value) throw failure(`${name} is mandatory for enroll:${operation}`);
  return value;
}

function noNamespace(): ServerError {
  return failure("At least one namespace must be specified for new client enroll:request");
}
