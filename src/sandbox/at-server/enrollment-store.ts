import type { StatementSync } from "node:sqlite";
import type { AtDatabase } from "./at-database.ts";
import { type EnrollmentStatus, storedEnrollment, type StoredEnrollment } from "./enrollment.ts";

export const enrollmentSchema = `
  create table if not exists enrollment (
    at_sign text not null, id text not null, status text not null, app_name text not null, device_name text not null,
    apkam_public_key text not null, approved_by text, expires_at integer, body text not null,
    primary key (at_sign, id)) strict;
  create index if not exists enrollment_device on enrollment (at_sign, app_name, device_name);
  create index if not exists enrollment_key on enrollment (at_sign, apkam_public_key);
  create index if not exists enrollment_approved_by on enrollment (at_sign, approved_by) where approved_by is not null;
  create index if not exists enrollment_status on enrollment (at_sign, status);
  create index if not exists enrollment_expires on enrollment (expires_at) where expires_at is not null;
`;

/** The enrollments of the atSigns. */
export class EnrollmentStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: AtDatabase) {
    this.#statements = prepare((sql) => db.prepare(sql));
  }

  get(atSign: string, id: string): StoredEnrollment | undefined {
    return read(this.#statements.get.get(atSign, id));
  }

  put(atSign: string, e: StoredEnrollment): void {
    this.#statements.put.run(
      atSign,
      e.id,
      e.status,
      e.appName,
      e.deviceName,
      e.apkamPublicKey,
      e.approvedBy ?? null,
      e.expiresAt ?? null,
      JSON.stringify(e),
    );
  }

  /** Removes one; what it approved counts as approved by its own approver from then on. Within a transaction. */
  delete(atSign: string, id: string): void {
    const approver = this.get(atSign, id)?.approvedBy;
    for (const child of this.approvedBy(atSign, id)) this.put(atSign, { ...child, approvedBy: approver });
    this.#statements.delete.run(atSign, id);
  }

  /** Oldest first. */
  all(atSign: string): StoredEnrollment[] {
    return this.#statements.all.all(atSign).map((row) => existing(row));
  }

  approvedBy(atSign: string, id: string): StoredEnrollment[] {
    return this.#statements.approvedBy.all(atSign, id).map((row) => existing(row));
  }

  ofDevice(atSign: string, appName: string, deviceName: string): StoredEnrollment[] {
    return this.#statements.ofDevice.all(atSign, appName, deviceName).map((row) => existing(row));
  }

  withKey(atSign: string, apkamPublicKey: string): StoredEnrollment | undefined {
    return read(this.#statements.withKey.get(atSign, apkamPublicKey));
  }

  /** How many there are, of one status or of all. */
  count(atSign: string, status?: EnrollmentStatus): number {
    return Number(this.#statements.count.get(atSign, status ?? null, status ?? null)?.["n"]);
  }

  /** The first made of those that are denied, else of those that are revoked. */
  oldestEnded(atSign: string): StoredEnrollment | undefined {
    return read(this.#statements.oldestEnded.get(atSign));
  }

  /** Removes what expired before `time`. Within a transaction. */
  sweep(time: number): void {
    for (const row of this.#statements.expired.all(time))
      this.delete(String(row["at_sign"]), String(row["id"]));
  }
}

type Row = ReturnType<StatementSync["get"]>;

function read(row: Row): StoredEnrollment | undefined {
  return row && existing(row);
}

function existing(row: NonNullable<Row>): StoredEnrollment {
  return storedEnrollment.parse(JSON.parse(String(row["body"])));
}

function prepare(sql: (text: string) => StatementSync) {
  return {
    get: sql("select body from enrollment where at_sign = ? and id = ?"),
    put: sql(
      `insert into enrollment (at_sign, id, status, app_name, device_name, apkam_public_key, approved_by, expires_at, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (at_sign, id) do update set status = excluded.status, apkam_public_key = excluded.apkam_public_key,
         approved_by = excluded.approved_by, expires_at = excluded.expires_at, body = excluded.body`,
    ),
    delete: sql("delete from enrollment where at_sign = ? and id = ?"),
    all: sql("select body from enrollment where at_sign = ? order by rowid"),
    approvedBy: sql("select body from enrollment where at_sign = ? and approved_by = ?"),
    ofDevice: sql("select body from enrollment where at_sign = ? and app_name = ? and device_name = ?"),
    withKey: sql("select body from enrollment where at_sign = ? and apkam_public_key = ? limit 1"),
    count: sql("select count(*) as n from enrollment where at_sign = ? and (? is null or status = ?)"),
    oldestEnded: sql(
      `select body from enrollment where at_sign = ? and status in ('denied', 'revoked')
       order by status, rowid limit 1`,
    ),
    expired: sql("select at_sign, id from enrollment where expires_at <= ?"),
  };
}
