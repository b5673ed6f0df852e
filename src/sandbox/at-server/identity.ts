/** What an enrollment lets its holder do with a namespace. */
export type NamespaceAccess = "r" | "rw";

/** An app on a device that logs in with a key pair of its own (specification 3), as far as a connection knows it. */
export interface Enrollment {
  readonly id: string;
  readonly namespaces: Readonly<Record<string, NamespaceAccess>>;
  /** When its key ends, milliseconds. */
  readonly expiresAt?: number;
}

/**
 * Who a connection is. `cram` knows the activation secret, `owner` the atSign's login key or, with `enrollment`, that
 * enrollment's; `pol` is another atSign's server, authenticated as that atSign. A `cram` connection that made an
 * enrollment carries it, with all rights.
 */
export type Identity =
  | { readonly kind: "none" }
  | { readonly kind: "cram"; readonly enrollment?: Enrollment }
  | { readonly kind: "owner"; readonly enrollment?: Enrollment }
  | { readonly kind: "pol"; readonly atSign: string };
