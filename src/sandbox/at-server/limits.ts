/** What one atServer takes from its clients. Times in milliseconds. */
export interface Limits {
  readonly maxConnections: number;
  /** Length of a command, and of one before login: enough for a request of enrollment. */
  readonly maxCommandBytes: number;
  readonly maxGuestCommandBytes: number;
  /** Unfinished commands of all connections together. */
  readonly maxBufferedBytes: number;
  /** What a monitor, and all connections together, may leave unread. */
  readonly maxUnsentBytes: number;
  readonly maxUnsentTotalBytes: number;
  /** Ephemeral notifications of all atSigns of the process: they live in memory alone. */
  readonly maxHeldBytes: number;
  /** Connections to other atServers, and how long one of them may go unused. */
  readonly maxOutbound: number;
  readonly outboundIdleMs: number;
  readonly handshakeMs: number;
  /** Silence of the server after which a connection ends: before and after login, and how short it gets when crowded. */
  readonly guestIdleMs: number;
  readonly guestIdleCrowdedMs: number;
  readonly idleMs: number;
  readonly idleCrowdedMs: number;
  /** Commands per second of one guest in the long run; more have to wait. */
  readonly guestCommandsPerSecond: number;
  readonly guestBurst: number;
}

/** As public servers are shipped, where they say. */
export const defaultLimits: Limits = {
  maxConnections: 200,
  maxCommandBytes: 10_240_000,
  maxGuestCommandBytes: 8_192,
  maxBufferedBytes: 64_000_000,
  maxUnsentBytes: 32_000_000,
  maxUnsentTotalBytes: 128_000_000,
  maxHeldBytes: 64_000_000,
  maxOutbound: 200,
  outboundIdleMs: 600_000,
  handshakeMs: 20_000,
  guestIdleMs: 600_000,
  guestIdleCrowdedMs: 5_000,
  idleMs: 30 * 86_400_000,
  idleCrowdedMs: 60_000,
  guestCommandsPerSecond: 20,
  guestBurst: 100,
};
