import type { Statistics } from '../engine/api';

/**
 * What the relay's administration takes and answers. Ids of accounts and rooms are base64url strings, times are
 * milliseconds since 1970; what is absent is missing or null.
 */
type Maybe<T> = T | null;

export type UserStatus = 'active' | 'pending' | 'banned';
export type UserSort = 'username' | 'created' | 'last_seen' | 'storage' | 'rooms';
export type Order = 'ascending' | 'descending';

export interface UserRecord {
  account: string;
  username: string;
  status: UserStatus;
  administrator: boolean;
  totp: boolean;
  created_at_ms: number;
  last_seen_at_ms?: Maybe<number>;
  online: boolean;
  sessions: number;
  rooms: number;
  storage_bytes: number;
}

export interface Users {
  users: UserRecord[];
  total: number;
  next?: Maybe<string>;
}

export interface UserSession {
  device?: Maybe<string>;
  created_at_ms: number;
  last_used_at_ms: number;
  live: boolean;
}

export interface UserDetails {
  user: UserRecord;
  sessions: UserSession[];
}

export type RoomSort = 'size' | 'activity' | 'members' | 'created';

export interface RoomRecord {
  room: string;
  members: number;
  entries: number;
  bytes: number;
  created_at_ms: number;
  last_entry_at_ms?: Maybe<number>;
}

export interface RoomList {
  rooms: RoomRecord[];
  total: number;
  next?: Maybe<string>;
}

export type ReportStatus = 'open' | 'dismissed' | 'removed';

export interface ReportRecord {
  id: number;
  room: string;
  seq: number;
  entry: string;
  reporter: string;
  reporter_name?: Maybe<string>;
  at_ms: number;
  status: ReportStatus;
  sealed?: Maybe<string>;
  sender: string;
  sender_name?: Maybe<string>;
  sender_keys: string[];
}

export interface ReportList {
  reports: ReportRecord[];
  open: number;
  total: number;
  next?: Maybe<string>;
}

export type Level = 'info' | 'warning';

export interface AnnouncementRecord {
  id: number;
  text: string;
  level: Level;
  at_ms: number;
  expires_at_ms?: Maybe<number>;
  withdrawn_at_ms?: Maybe<number>;
  author?: Maybe<string>;
}

export interface AnnouncementList {
  announcements: AnnouncementRecord[];
}

export interface InviteRecord {
  id: number;
  maker?: Maybe<string>;
  uses_left: number;
  expires_at_ms?: Maybe<number>;
  created_at_ms: number;
  note?: Maybe<string>;
}

export interface InviteList {
  invites: InviteRecord[];
}

export interface InviteMade {
  id: number;
  code: string;
  link: string;
}

export interface Setting<T> {
  value: T;
  default: T;
  set: boolean;
}

export interface Settings {
  name: Setting<string>;
  registration: Setting<'open' | 'approval' | 'invite' | 'closed'>;
  totp: Setting<'required' | 'optional'>;
  sessions: Setting<'single' | 'multi'>;
  messages_per_second: Setting<number>;
  session_idle_hours: Setting<number>;
  session_hours: Setting<number>;
}

/** What is to change: null goes back to what the relay was started with. */
export type ChangeSettings = { [K in keyof Settings]?: Settings[K]['value'] | null };

export interface HourStatistics {
  at_ms: number;
  online: number;
  connections: number;
  messages: number;
  bytes_in: number;
  bytes_out: number;
  requests: number;
  failed: number;
  refused: number;
  database_bytes: number;
}

export interface StatisticsPage {
  now: Statistics;
  history: Statistics[];
  hours: HourStatistics[];
}

export const AUDIT_KINDS = [
  'setup',
  'registered',
  'approved',
  'refused',
  'banned',
  'unbanned',
  'kicked',
  'promoted',
  'demoted',
  'totp_reset',
  'totp_changed',
  'totp_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'recovered',
  'password_changed',
  'keys_rotated',
  'account_deleted',
  'session_ended',
  'login_refused',
  'invite_made',
  'invite_revoked',
  'setting_changed',
  'announced',
  'announcement_withdrawn',
  'room_removed',
  'message_removed',
  'reported',
  'report_resolved',
  'audit_exported',
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

export interface AuditEntry {
  seq: number;
  at_ms: number;
  actor?: Maybe<string>;
  actor_name?: Maybe<string>;
  kind: AuditKind;
  target: string;
  target_name?: Maybe<string>;
  detail: string;
  chain: string;
}

export interface AuditList {
  entries: AuditEntry[];
  next?: Maybe<string>;
}

export interface AuditVerdict {
  entries: number;
  ok: boolean;
  first_bad?: Maybe<number>;
  head: string;
}
