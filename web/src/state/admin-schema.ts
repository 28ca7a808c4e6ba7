/** Written by `npm run schema` from docs/openapi.json. */

/** 16 bytes in base64url without padding. */
export type AccountId = string;

/** A new announcement. */
export interface Announce {
  /** When it goes away by itself; never when absent. */
  expires_at_ms?: number | null;
  /** How loud it is. */
  level: Level;
  /** 1 to [`crate::limits::ANNOUNCEMENT_CHARS`] characters. */
  text: string;
}

/** It is made, and told to whoever is connected. */
export interface Announced {
  /** Names the announcement. */
  id: number;
}

/** The newest announcements, those that ended included. */
export interface AnnouncementList {
  /** The newest first, at most [`crate::limits::ADMIN_PAGE`]. */
  announcements: AnnouncementRecord[];
}

/** An announcement with everything about it. */
export interface AnnouncementRecord {
  /** When it was made. */
  at_ms: number;
  /** Username of who made it; absent when that account is gone. */
  author?: string | null;
  /** When it goes away by itself; never when absent. */
  expires_at_ms?: number | null;
  /** Names the announcement. */
  id: number;
  /** How loud it is. */
  level: Level;
  /** Its text. */
  text: string;
  /** When it was withdrawn; absent when it was not. */
  withdrawn_at_ms?: number | null;
}

/** One entry. It names accounts by id; names are looked up when it is read, and are gone with the account. */
export interface AuditEntry {
  actor?: AccountId | null;
  /** Its username; absent when the account is gone. */
  actor_name?: string | null;
  /** When. */
  at_ms: number;
  /** Hash of this entry and all before it, 32 bytes. */
  chain: Opaque;
  /** More about it: a reason, the old and the new value. */
  detail: string;
  /** What happened. */
  kind: AuditKind;
  /** From 1 without gaps. */
  seq: number;
  /** To what: `account:ID`, `room:ID`, `entry:ID/SEQ`, `setting:NAME`, `invite:ID`, `announcement:ID`, `report:ID` or nothing. */
  target: string;
  /** Username of the target, if it is an account that exists. */
  target_name?: string | null;
}

/** What happened. */
export type AuditKind = 'setup' | 'registered' | 'approved' | 'refused' | 'banned' | 'unbanned' | 'kicked' | 'promoted' | 'demoted' | 'totp_reset' | 'totp_changed' | 'totp_removed' | 'recovery_codes_made' | 'recovery_code_used' | 'recovered' | 'password_changed' | 'keys_rotated' | 'account_deleted' | 'session_ended' | 'login_refused' | 'codes_refused' | 'invite_made' | 'invite_revoked' | 'setting_changed' | 'announced' | 'announcement_withdrawn' | 'room_removed' | 'message_removed' | 'reported' | 'report_resolved' | 'audit_exported';

/** A page of the audit log, the newest first. */
export interface AuditList {
  /** The page. */
  entries: AuditEntry[];
  /** What the next page is asked for with; absent on the last. */
  next?: string | null;
}

/** Whether the log is as it was written. */
export interface AuditVerdict {
  /** Number of entries that were looked at, which is the number of the newest of them. */
  entries: number;
  /** The first that does not. */
  first_bad?: number | null;
  /** Hash of the newest entry, 32 bytes. Noted elsewhere with its number, it tells later whether the log was cut off. */
  head: Opaque;
  /** Whether every entry follows from the one before. */
  ok: boolean;
  /** Whether the noted entry is there and has the noted hash; absent when none was given. */
  seen?: boolean | null;
}

/** What is to change. A field that is absent stays; `null` goes back to what the relay was started with. */
export interface ChangeSettings {
  /** Whether anybody may come as a guest. Guests who are there stay. */
  guests?: boolean | null;
  /** 1 to 1,000,000. */
  messages_per_second?: number | null;
  /** 1 to [`crate::limits::NAME_CHARS`] characters. */
  name?: string | null;
  registration?: RegistrationPolicy | null;
  /** 1 to 8,760. */
  session_hours?: number | null;
  /** 1 to 8,760. */
  session_idle_hours?: number | null;
  sessions?: SessionPolicy | null;
  totp?: TotpPolicy | null;
}

/** `{}`. */
export type Empty = Record<string, never>;

/** 16 bytes in base64url without padding. */
export type EntryId = string;

/** What happened in one hour. */
export interface HourStatistics {
  /** When the hour began. */
  at_ms: number;
  /** Bytes that clients sent. */
  bytes_in: number;
  /** Bytes that clients were sent. */
  bytes_out: number;
  /** Most streams that were live at once. */
  connections: number;
  /** Bytes of the database at the end. */
  database_bytes: number;
  /** Requests that failed. */
  failed: number;
  /** Messages that were written. */
  messages: number;
  /** Most accounts that were online at once. */
  online: number;
  /** Requests that were refused. */
  refused: number;
  /** HTTP calls and requests on streams. */
  requests: number;
}

/** All invites that still work, the newest first. */
export interface InviteList {
  /** At most [`crate::limits::INVITES`]. */
  invites: InviteRecord[];
}

/** The code, which is told only here. */
export interface InviteMade {
  /** The code. */
  code: string;
  /** Names the invite. */
  id: number;
  /** A link to the registration with this code in its fragment. */
  link: string;
}

/** One invite that still works. */
export interface InviteRecord {
  /** When it was made. */
  created_at_ms: number;
  /** When it ends; never when absent. */
  expires_at_ms?: number | null;
  /** Names the invite. */
  id: number;
  /** Username of who made it; absent when that account is gone. */
  maker?: string | null;
  /** The operator's note. */
  note?: string | null;
  /** How many accounts it may still make. */
  uses_left: number;
}

/** How loud an announcement is. */
export type Level = 'info' | 'warning';

/** A new invite code. */
export interface MakeInvite {
  /** When it ends; never when absent. */
  expires_at_ms?: number | null;
  /** For the operator's own memory, at most [`crate::limits::REASON_CHARS`] characters. */
  note?: string | null;
  /** How many accounts it may make, 1 to [`crate::limits::INVITE_USES`]. */
  uses: number;
}

/** Base64url without padding. */
export type Opaque = string;

/** Smallest or largest first. */
export type Order = 'ascending' | 'descending';

/** An RFC 9457 problem document. */
export interface Problem {
  code: ProblemCode;
  /** One sentence: what happened and what to do. */
  detail: string;
  /** On the stream only. */
  last_commit?: number;
  /** Seconds to wait. */
  retry_after_s?: number;
  status: number;
  title: string;
  /** `urn:waxwing:problem:CODE`. */
  type: string;
}

/** A stable code. */
export type ProblemCode = 'malformed' | 'invalid' | 'too_large' | 'limit_reached' | 'rate_limited' | 'not_logged_in' | 'wrong_credentials' | 'wrong_code' | 'reused_code' | 'attempt_expired' | 'setup_link_invalid' | 'registration_closed' | 'guests_closed' | 'invite_invalid' | 'awaiting_approval' | 'banned' | 'wrong_recovery_key' | 'totp_required' | 'displaced' | 'last_administrator' | 'session_is_newer' | 'username_taken' | 'foreign_origin' | 'not_allowed' | 'not_administrator' | 'not_found' | 'link_invalid' | 'link_expired' | 'is_guest' | 'room_full' | 'stale' | 'too_old' | 'conflict' | 'unsupported' | 'unavailable' | 'internal';

/** Why an administrator does something; kept in the audit log. */
export interface Reason {
  /** At most [`crate::limits::REASON_CHARS`] characters. */
  reason?: string | null;
}

/** Who may create an account. */
export type RegistrationPolicy = 'open' | 'approval' | 'invite' | 'closed';

/** A page of reports, the newest first. */
export interface ReportList {
  /** What the next page is asked for with; absent on the last. */
  next?: string | null;
  /** How many are open. */
  open: number;
  /** The page. */
  reports: ReportRecord[];
  /** How many there are on all pages. */
  total: number;
}

/** One report. */
export interface ReportRecord {
  /** When the relay took it. */
  at_ms: number;
  /** Its id, which its author signed with the message: what the report shows has to carry the same. */
  entry: EntryId;
  /** Names the report. */
  id: number;
  /** Who reports. */
  reporter: AccountId;
  /** Its username; absent when the account is gone. */
  reporter_name?: string | null;
  /** The room. */
  room: RoomId;
  sealed?: Opaque | null;
  /** The account that wrote the reported entry, as the relay saw it. */
  sender: AccountId;
  /** Public identity keys of the sender, 32 bytes each: the present one first, then former ones. */
  sender_keys: Opaque[];
  /** Its username; absent when the account is gone. */
  sender_name?: string | null;
  /** Number of the reported entry. */
  seq: u64;
  /** What became of it. */
  status: ReportStatus;
}

/** What became of a report. */
export type ReportStatus = 'open' | 'dismissed' | 'removed';

/** The decision on a report. */
export interface Resolve {
  /** Whether the message's ciphertext is removed. */
  remove_message: boolean;
}

/** 16 bytes in base64url without padding. */
export type RoomId = string;

/** A page of rooms. */
export interface RoomList {
  /** What the next page is asked for with; absent on the last. */
  next?: string | null;
  /** The page. */
  rooms: RoomRecord[];
  /** How many there are on all pages. */
  total: number;
}

/** One room. */
export interface RoomRecord {
  /** Bytes of the log's entries. */
  bytes: number;
  /** When it was made. */
  created_at_ms: number;
  /** Number of the last entry. */
  entries: u64;
  /** When its last entry came; absent when it has none. */
  last_entry_at_ms?: number | null;
  /** Number of members. */
  members: number;
  /** The room. */
  room: RoomId;
}

/** By what rooms are sorted. */
export type RoomSort = 'size' | 'activity' | 'members' | 'created';

/** How many sessions of an account may be live at once. */
export type SessionPolicy = 'single' | 'multi';

/** A setting: what counts, what the relay was started with, and whether the former was set here. */
export interface Setting_RegistrationPolicy {
  /** Who may create an account. */
  default: 'open' | 'approval' | 'invite' | 'closed';
  /** Whether an administrator has set it; it then counts until it is set back. */
  set: boolean;
  /** Who may create an account. */
  value: 'open' | 'approval' | 'invite' | 'closed';
}

/** A setting: what counts, what the relay was started with, and whether the former was set here. */
export interface Setting_SessionPolicy {
  /** How many sessions of an account may be live at once. */
  default: 'single' | 'multi';
  /** Whether an administrator has set it; it then counts until it is set back. */
  set: boolean;
  /** How many sessions of an account may be live at once. */
  value: 'single' | 'multi';
}

/** A setting: what counts, what the relay was started with, and whether the former was set here. */
export interface Setting_String {
  default: string;
  /** Whether an administrator has set it; it then counts until it is set back. */
  set: boolean;
  value: string;
}

/** A setting: what counts, what the relay was started with, and whether the former was set here. */
export interface Setting_TotpPolicy {
  /** Whether accounts need a second factor. */
  default: 'required' | 'optional';
  /** Whether an administrator has set it; it then counts until it is set back. */
  set: boolean;
  /** Whether accounts need a second factor. */
  value: 'required' | 'optional';
}

/** A setting: what counts, what the relay was started with, and whether the former was set here. */
export interface Setting_bool {
  default: boolean;
  /** Whether an administrator has set it; it then counts until it is set back. */
  set: boolean;
  value: boolean;
}

/** A setting: what counts, what the relay was started with, and whether the former was set here. */
export interface Setting_u32 {
  default: number;
  /** Whether an administrator has set it; it then counts until it is set back. */
  set: boolean;
  value: number;
}

/** All settings. */
export interface Settings {
  /** Whether anybody may come as a guest. */
  guests: Setting_bool;
  /** Messages per second that an account may write in the long run. */
  messages_per_second: Setting_u32;
  /** The operator's name for this relay, at most [`crate::limits::NAME_CHARS`] characters. */
  name: Setting_String;
  /** Who may create an account. */
  registration: Setting_RegistrationPolicy;
  /** A session ends after so many hours in any case. */
  session_hours: Setting_u32;
  /** A session ends after so many hours without use. */
  session_idle_hours: Setting_u32;
  /** Whether an account is live in one session or in several. */
  sessions: Setting_SessionPolicy;
  /** Whether accounts need a second factor. */
  totp: Setting_TotpPolicy;
}

/** The relay at one moment. Rates and latencies are those of the seconds before it. */
export interface Statistics {
  /** When. */
  at_ms: number;
  /** Bytes that clients sent, per second. */
  bytes_in_per_s: number;
  /** Bytes that clients were sent, per second. */
  bytes_out_per_s: number;
  /** Live streams. */
  connections: number;
  /** Bytes of the database. */
  database_bytes: number;
  /** Free bytes on its disk; absent where the system does not tell. */
  disk_free_bytes?: number | null;
  /** Requests that the relay failed to answer (status 500 and above) since it started. */
  failed: number;
  /** Guests. */
  guests: number;
  /** Microseconds that half of the HTTP calls took at most; 0 when there was none. */
  http_p50_us: number;
  /** Microseconds that 95 of 100 HTTP calls took at most. */
  http_p95_us: number;
  /** Bytes of memory that the relay uses; absent where the system does not tell. */
  memory_bytes?: number | null;
  /** Messages since midnight, UTC. */
  messages_today: number;
  /** Messages that were ever written here. */
  messages_total: number;
  /** Accounts with a live stream. */
  online: number;
  /** Accounts that wait for an administrator. */
  pending: number;
  /** Requests that the relay refused (status 400 to 499) since it started. */
  refused: number;
  /** Reports of messages that wait for an administrator. */
  reports: number;
  /** HTTP calls and requests on streams, per minute. */
  requests_per_minute: number;
  /** Seconds since the relay started. */
  uptime_s: number;
  /** Accounts, without those that wait and without guests. */
  users: number;
  /** Bytes of its write-ahead log. */
  wal_bytes: number;
  /** Microseconds until half of the writes were durable; 0 when there was none. */
  write_p50_us: number;
  /** Microseconds until 95 of 100 writes were durable. */
  write_p95_us: number;
}

/** Now and before. */
export interface StatisticsPage {
  /** The last minutes, one every two seconds, the oldest first; at most [`crate::limits::STATISTICS_KEPT`]. */
  history: Statistics[];
  /** The last two days by hour, the oldest first; hours in which the relay did not run are missing. */
  hours: HourStatistics[];
  /** The newest. */
  now: Statistics;
}

/** Whether accounts need a second factor. */
export type TotpPolicy = 'required' | 'optional';

/** One user with its sessions. */
export interface UserDetails {
  /** Its sessions, the latest used first. */
  sessions: UserSession[];
  /** The user. */
  user: UserRecord;
}

/** One user. */
export interface UserRecord {
  /** The account. */
  account: AccountId;
  /** Whether it may administrate this relay. */
  administrator: boolean;
  /** When it was made. */
  created_at_ms: number;
  /** A guest, without username and password; what stands for its username is made of its id. */
  guest: boolean;
  /** When it was last seen, roughly. */
  last_seen_at_ms: number;
  /** Whether it has a live connection. */
  online: boolean;
  /** Number of its rooms. */
  rooms: number;
  /** Number of its sessions. */
  sessions: number;
  /** Whether it may be used. */
  status: UserStatus;
  /** Bytes of the room entries that it wrote and of its sealed objects. */
  storage_bytes: number;
  /** Whether logging in takes a code. */
  totp: boolean;
  /** Its username. */
  username: string;
}

/** A session, as an administrator sees it. */
export interface UserSession {
  /** When it began. */
  created_at_ms: number;
  /** What the client calls its device; may be empty. */
  device: string;
  /** When it was last used, roughly. */
  last_used_at_ms: number;
  /** Whether it has a live connection. */
  live: boolean;
}

/** By what users are sorted. */
export type UserSort = 'username' | 'created' | 'last_seen' | 'storage' | 'rooms';

/** Whether an account may be used. */
export type UserStatus = 'active' | 'pending' | 'banned';

/** A page of users. */
export interface Users {
  /** What the next page is asked for with; absent on the last. */
  next?: string | null;
  /** How many there are on all pages. */
  total: number;
  /** The page. */
  users: UserRecord[];
}

export type u64 = number;
