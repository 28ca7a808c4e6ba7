/** What the client tells without being asked: `client/src/api/notice.rs`. */
import type { Maybe } from './maybe';
import type { Item, Room } from './view';

/** What the client tells without being asked. */
export type Notice =
  | { type: 'session'; me: Maybe<Me>; reason: Maybe<Ended> }
  | { type: 'connection'; state: Connection }
  | { type: 'room'; room: Room }
  | { type: 'roomGone'; room: string }
  | { type: 'receipts'; room: string; receipts: Receipt[] }
  | { type: 'presence'; people: Presence[] }
  | { type: 'preferences'; readReceipts: boolean; typing: boolean; presence: boolean }
  | { type: 'progress'; rooms: number; entries: number; done: number; paused: boolean }
  | { type: 'items'; room: string; items: Item[] }
  | { type: 'rotated'; recoveryKey: string }
  | { type: 'typing'; room: string; account: string }
  | { type: 'identityChanged'; account: string; signed: boolean }
  | { type: 'accountRolledBack'; what: Rollback }
  | { type: 'account'; what: AccountNotice; at: number }
  | { type: 'announcements'; announcements: Announcement[] }
  | { type: 'statistics'; statistics: Statistics }
  | { type: 'itemGone'; room: string; key: string };

/** The account on this device. */
export interface Me {
  account: string;
  username: string;
  displayName: string;
  administrator: boolean;
  status: 'active' | 'pending';
  totp: boolean;
  recoveryCodesLeft: number;
  /** Without username and password. */
  guest: boolean;
}

/** State of the connection to the relay. */
export type Connection =
  | { type: 'idle' }
  | { type: 'connecting' }
  | { type: 'connected' }
  | { type: 'waiting'; retryAt: number }
  | { type: 'displaced' }
  | { type: 'offline' };

/** Why a session ended by itself. */
export type Ended = 'loggedOut' | 'ended' | 'banned' | 'kicked' | 'deleted' | 'refused' | 'expired';

/** Numbers about the relay, as the administrators' calls give them too. */
export interface Statistics {
  at_ms: number;
  users: number;
  pending: number;
  online: number;
  connections: number;
  messages_total: number;
  messages_today: number;
  bytes_in_per_s: number;
  bytes_out_per_s: number;
  requests_per_minute: number;
  http_p50_us: number;
  http_p95_us: number;
  write_p50_us: number;
  write_p95_us: number;
  failed: number;
  refused: number;
  database_bytes: number;
  wal_bytes: number;
  disk_free_bytes: Maybe<number>;
  memory_bytes: Maybe<number>;
  uptime_s: number;
  reports: number;
  guests: number;
}

/** What happened to the account at the relay. */
export type AccountNotice =
  'approved' | 'totpReset' | 'recoveryCodeUsed' | 'recovered' | 'promoted' | 'demoted' | 'codeGuessed';

/** The operator's word to everybody. It is not encrypted. */
export interface Announcement {
  id: string;
  text: string;
  level: 'info' | 'warning';
  at: number;
}

/** How far a member has got in a room. */
export interface Receipt {
  account: string;
  delivered: number;
  read: number;
}

/** Whether somebody is there. */
export interface Presence {
  account: string;
  online: boolean;
  lastSeen: Maybe<number>;
}

/** What the relay took back to an older state. */
export type Rollback = 'vault' | 'data';
