import type { AuditKind } from './admin-schema';

/**
 * What the relay's administration takes and answers. Ids of accounts and rooms are base64url strings, times are
 * milliseconds since 1970; what is absent is missing or null.
 */
export type * from './admin-schema';

/** Every kind of entry of the audit log, in the order of a menu. */
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
  'codes_refused',
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
] as const satisfies readonly AuditKind[];
