/** What intents are answered with: `client/src/api/reply.rs`. */
import type { Intent } from './intent';
import type { Maybe } from './maybe';
import type { Version } from './message';
import type { Identity, Item } from './view';

/** Answer to an intent. */
export type Reply =
  | { type: 'done' }
  | {
      type: 'serverInfo';
      version: string;
      name: string;
      setupRequired: boolean;
      registration: 'open' | 'approval' | 'invite' | 'closed';
      totp: 'required' | 'optional';
      sessions: 'single' | 'multi';
      /** Anybody may come as a guest. */
      guests: boolean;
    }
  | { type: 'placeCode'; code: string }
  | { type: 'totpEnrolment'; secret: string; uri: string; optional: boolean }
  | { type: 'registered'; recoveryKey: string; recoveryCodes: string[] }
  | { type: 'totpRequired' }
  | { type: 'recovering'; totp: boolean; secret: string; uri: string; optional: boolean }
  | { type: 'loggedIn'; recoveryCodes: string[]; recoveryCodesLeft: number }
  | { type: 'recoveryCodes'; codes: string[] }
  | { type: 'recoveryKey'; recoveryKey: string }
  | { type: 'sessions'; sessions: SessionEntry[] }
  | {
      type: 'report';
      account: string;
      displayName: string | null;
      text: string;
      writtenAt: number;
      room: string;
      note: string;
      valid: boolean;
    }
  | { type: 'rotated'; recoveryKey: string }
  | { type: 'safetyNumber'; number: string; fingerprint: string; verified: boolean }
  | { type: 'roomCheckCode'; code: string }
  | { type: 'contactLink'; link: string }
  | {
      type: 'contact';
      contact: Contact;
      /** The link is of the identity that is known of them, or nothing is known of it. */
      fits: boolean;
    }
  | { type: 'account'; account: Maybe<string> }
  | { type: 'contacts'; contacts: Contact[] }
  | { type: 'loggedOut'; told: boolean }
  | { type: 'room'; room: string }
  | { type: 'invite'; invite: string; until: Maybe<number> }
  | { type: 'roomPassword'; name: string; password: string }
  | {
      type: 'invitePreview';
      room: string;
      name: string;
      members: number;
      member: boolean;
      vouchedBy: string;
      byCreator: boolean;
    }
  | { type: 'timeline'; items: Item[]; more: boolean; newer: boolean }
  | { type: 'edits'; versions: Version[] };

/** The reply that answers each intent. */
export interface ReplyTo {
  serverInfo: 'serverInfo';
  register: 'totpEnrolment';
  confirmTotp: 'registered';
  comeAsGuest: 'placeCode';
  returnAsGuest: 'loggedIn';
  placeCode: 'placeCode';
  logIn: 'totpRequired' | 'totpEnrolment' | 'loggedIn';
  submitTotp: 'loggedIn';
  recover: 'recovering' | 'loggedIn';
  finishRecovery: 'loggedIn';
  startNewTotp: 'totpEnrolment';
  finishNewTotp: 'recoveryCodes';
  removeTotp: 'done';
  newRecoveryCodes: 'recoveryCodes';
  newRecoveryKey: 'recoveryKey';
  deleteAccount: 'done';
  setDisplayName: 'done';
  sessions: 'sessions';
  endSession: 'done';
  endOtherSessions: 'done';
  takeOver: 'done';
  report: 'done';
  openReport: 'report';
  watchStatistics: 'done';
  logOut: 'loggedOut';
  createRoom: 'room';
  createInvite: 'invite';
  previewInvite: 'invitePreview';
  joinRoom: 'room';
  createDirect: 'room';
  findAccount: 'account';
  acceptRequest: 'done';
  declineRequest: 'done';
  block: 'done';
  unblock: 'done';
  contacts: 'contacts';
  addMember: 'done';
  removeMember: 'done';
  setRole: 'done';
  editRoom: 'done';
  revokeInvite: 'done';
  setRoomPassword: 'roomPassword';
  removeRoomPassword: 'done';
  joinByPassword: 'room';
  unlockRoom: 'invite';
  leaveRoom: 'done';
  openSuccessor: 'room';
  send: 'done';
  edit: 'done';
  delete: 'done';
  react: 'done';
  pin: 'done';
  sendPoll: 'done';
  vote: 'done';
  closePoll: 'done';
  forward: 'done';
  pinned: 'timeline';
  editHistory: 'edits';
  retry: 'done';
  discard: 'done';
  timeline: 'timeline';
  changePassword: 'rotated';
  rotate: 'rotated';
  typing: 'done';
  safetyNumber: 'safetyNumber';
  markVerified: 'done';
  roomCheckCode: 'roomCheckCode';
  contactLink: 'contactLink';
  previewContactLink: 'contact';
  openContactLink: 'contact';
  acceptIdentity: 'done';
  setDraft: 'done';
  markUnread: 'done';
  setRoomPreferences: 'done';
  setPreferences: 'done';
  pauseSync: 'done';
  watchPresence: 'done';
  read: 'done';
}

/** The reply to an intent of type `K`. */
export type ReplyFor<K extends Intent['type']> = Extract<Reply, { type: ReplyTo[K] }>;

/** An intent that could not be done. Nothing was changed. */
export interface Failure {
  code: string;
  message: string;
  retryAfterS?: Maybe<number>;
}

/** Somebody with whom there is or was a room of two, or whose contact link was opened. */
export interface Contact {
  account: string;
  /** Empty when not known. */
  name: string;
  /** Under which they were found. */
  username: Maybe<string>;
  identity: Identity;
  blocked: boolean;
  /** The room of two with them. */
  room: Maybe<string>;
}

/** A session of the account. */
export interface SessionEntry {
  id: string;
  device: string;
  createdAt: number;
  lastUsedAt: number;
  current: boolean;
  live: boolean;
}
