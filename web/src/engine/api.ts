/**
 * What the page says to the client and hears from it: the same types as `client/src/api.rs`, as they cross into
 * JavaScript. Ids are base64url strings, times are milliseconds since 1970. An absent value may arrive as `null` or
 * as `undefined`, so compare with `== null`.
 */
type Maybe<T> = T | null | undefined;

/** What the person wants. Each intent is answered by exactly one reply or failure. */
export type Intent =
  | { type: 'serverInfo' }
  | {
      type: 'register';
      username: string;
      password: string;
      displayName: string;
      setupToken: string | null;
      invite: string | null;
    }
  | { type: 'confirmTotp'; code: string | null; device: string | null }
  | { type: 'comeAsGuest'; displayName: string; device: string | null }
  | { type: 'returnAsGuest'; code: string; device: string | null }
  | { type: 'placeCode' }
  | { type: 'logIn'; username: string; password: string; device: string | null }
  | { type: 'submitTotp'; code: string; device: string | null }
  | { type: 'recover'; username: string; recoveryKey: string; newPassword: string; device: string | null }
  | { type: 'finishRecovery'; totp: RecoveredTotp; code: string | null }
  | { type: 'startNewTotp'; password: string; code: string | null }
  | { type: 'finishNewTotp'; code: string }
  | { type: 'removeTotp'; password: string; code: string | null }
  | { type: 'newRecoveryCodes'; password: string; code: string | null }
  | { type: 'newRecoveryKey'; password: string; code: string | null }
  | { type: 'deleteAccount'; password: string; code: string | null }
  | { type: 'setDisplayName'; name: string }
  | { type: 'sessions' }
  | { type: 'endSession'; id: string }
  | { type: 'endOtherSessions' }
  | { type: 'takeOver' }
  | { type: 'report'; room: string; key: string; note: string | null }
  | {
      type: 'openReport';
      sealed: string;
      room: string;
      entry: string;
      sender: string;
      senderKeys: string[];
    }
  | { type: 'watchStatistics'; on: boolean }
  | { type: 'logOut' }
  | { type: 'createRoom'; name: string }
  | { type: 'createInvite'; room: string }
  | { type: 'previewInvite'; invite: string }
  | { type: 'joinRoom'; invite: string }
  | { type: 'createDirect'; account: string; note: string | null }
  | { type: 'findAccount'; username: string }
  | { type: 'acceptRequest'; room: string }
  | { type: 'declineRequest'; room: string }
  | { type: 'block'; account: string }
  | { type: 'unblock'; account: string }
  | { type: 'contacts' }
  | { type: 'addMember'; room: string; account: string }
  | { type: 'removeMember'; room: string; account: string }
  | { type: 'setRole'; room: string; account: string; role: Role }
  | {
      type: 'editRoom';
      room: string;
      name: string | null;
      topic: string | null;
      history: History | null;
      avatar: RoomAvatar | null;
      /** Messages disappear after so many seconds, those written before too; 0 keeps them. */
      retention: number | null;
    }
  | { type: 'revokeInvite'; room: string }
  | { type: 'setRoomPassword'; room: string; password: string | null }
  | { type: 'joinByPassword'; name: string; password: string }
  | { type: 'unlockRoom'; name: string; password: string }
  | { type: 'leaveRoom'; room: string }
  | { type: 'openSuccessor'; room: string; without: string[] }
  | {
      type: 'send';
      room: string;
      text: string;
      reply: Target | null;
      mentions: string[];
      preview: Preview | null;
    }
  | { type: 'edit'; room: string; target: Target; text: string; mentions: string[] }
  | { type: 'delete'; room: string; target: Target }
  | { type: 'react'; room: string; target: Target; emoji: string; on: boolean }
  | { type: 'pin'; room: string; target: Target; on: boolean }
  | { type: 'sendPoll'; room: string; question: string; options: string[]; multiple: boolean }
  | { type: 'vote'; room: string; target: Target; choices: number[] }
  | { type: 'closePoll'; room: string; target: Target }
  | { type: 'forward'; room: string; target: Target; to: string }
  | { type: 'pinned'; room: string }
  | { type: 'editHistory'; room: string; target: Target }
  | { type: 'retry'; room: string; key: string }
  | { type: 'discard'; room: string; key: string }
  | { type: 'timeline'; room: string; page: Page; limit: number }
  | { type: 'changePassword'; password: string; newPassword: string; code: string | null }
  | { type: 'rotate'; password: string; newPassword: string; code: string | null }
  | { type: 'typing'; room: string }
  | { type: 'safetyNumber'; account: string }
  | { type: 'markVerified'; account: string }
  | { type: 'roomCheckCode'; room: string }
  | { type: 'contactLink' }
  | { type: 'openContactLink'; link: string }
  | { type: 'acceptIdentity'; account: string }
  | { type: 'setDraft'; room: string; text: string; done: boolean }
  | { type: 'markUnread'; room: string }
  | {
      type: 'setRoomPreferences';
      room: string;
      muted: number | null;
      notify: Notify | null;
      pinned: boolean | null;
      archived: boolean | null;
    }
  | {
      type: 'setPreferences';
      readReceipts: boolean | null;
      typing: boolean | null;
      presence: boolean | null;
    }
  | { type: 'pauseSync'; on: boolean }
  | { type: 'watchPresence'; accounts: string[] }
  | { type: 'read'; room: string; seq: number };

/** A message of the log, by key and place of its item: what is still on its way has no place and cannot be named. */
export interface Target {
  key: string;
  seq: number;
}

/** Which items `timeline` gives: around a place, or around the first that was written at a time or later. */
export type Page =
  | { type: 'newest' }
  | { type: 'before'; seq: number }
  | { type: 'after'; seq: number }
  | { type: 'around'; seq: number }
  | { type: 'at'; at: number };

/** What becomes of the authenticator of an account that is taken back. */
export type RecoveredTotp = 'keep' | 'new' | 'without';

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
  | { type: 'safetyNumber'; number: string; verified: boolean }
  | { type: 'roomCheckCode'; code: string }
  | { type: 'contactLink'; link: string }
  | { type: 'contact'; account: string }
  | { type: 'account'; account: Maybe<string> }
  | { type: 'contacts'; contacts: Contact[] }
  | { type: 'loggedOut'; told: boolean }
  | { type: 'room'; room: string }
  | { type: 'invite'; invite: string }
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

/** Somebody with whom there is or was a room of two, or whose contact link was opened. */
export interface Contact {
  account: string;
  /** Empty when not known. */
  name: string;
  /** Under which they were found. */
  username: Maybe<string>;
  verified: boolean;
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

/** A room as a list and a header show it. */
export interface Room {
  room: string;
  name: string;
  topic: string;
  peer: Maybe<string>;
  /** The other one asks for this room of two; nothing is told there before it is accepted. */
  request: boolean;
  avatar: Maybe<RoomAvatar>;
  history: History;
  /** Messages disappear after so many seconds; 0 keeps them. */
  retention: number;
  invite: boolean;
  password: boolean;
  predecessor: Maybe<string>;
  successor: Maybe<string>;
  people: Person[];
  members: number;
  last: Maybe<Item>;
  unread: number;
  mentions: number;
  read: number;
  markedUnread: boolean;
  draft: string;
  muted: number;
  notify: Notify;
  pinned: boolean;
  archived: boolean;
  syncing: boolean;
  trouble: Maybe<string>;
  confirmed: Maybe<Confirmed>;
  vouched: Maybe<Vouched>;
}

/** How a room is pictured: without an emoji by its initials. */
export interface RoomAvatar {
  emoji: string;
  /** Number of a colour, 0 to 9. */
  colour: number;
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

/** What in a room is worth a notification. */
export type Notify = 'all' | 'mentions' | 'nothing';

/** What newcomers may read. */
export type History = 'all' | 'fromJoin';

/** The newest word of another member that they see the same history. */
export interface Confirmed {
  account: string;
  at: number;
}

/** History from before the account came in: what this member said it was. */
export interface Vouched {
  account: string;
  before: number;
}

/** A present or former member. */
export interface Person {
  account: string;
  name: string;
  role: Role;
  own: boolean;
  identity: Identity;
  /** This account does not want to hear of them. */
  blocked: boolean;
}

/** What the relay took back to an older state. */
export type Rollback = 'vault' | 'data';

/** Whether a person is who they were. */
export type Identity = { type: 'known' } | { type: 'verified' } | { type: 'changed'; signed: boolean };

export type Role = 'owner' | 'moderator' | 'member' | 'former';

/** One line of a timeline. */
export interface Item {
  key: string;
  seq: Maybe<number>;
  at: number;
  sender: string;
  own: boolean;
  body: Body;
  /** The message that it answers. */
  reply: Maybe<Quote>;
  /** Accounts. */
  mentions: string[];
  forwarded: boolean;
  preview: Maybe<Preview>;
  /** Time of the last edit. */
  edited: Maybe<number>;
  reactions: Reaction[];
  pinned: boolean;
}

/** What a message answers. The text is empty if it cannot be read; an item with this key knows better. */
export interface Quote {
  key: string;
  seq: number;
  sender: string;
  text: string;
}

/** What a link leads to, as the author says. */
export interface Preview {
  url: string;
  title: string;
  description: string;
}

/** One emoji and the accounts that reacted with it. */
export interface Reaction {
  emoji: string;
  accounts: string[];
}

/** One answer of a poll and the accounts that chose it. */
export interface PollOption {
  text: string;
  accounts: string[];
}

/** A text that a message had. */
export interface Version {
  text: string;
  at: number;
}

/** Content of an item. */
export type Body =
  | { type: 'text'; text: string; state: Sending }
  | { type: 'created' }
  | { type: 'joined'; account: string }
  | { type: 'left'; account: string }
  | {
      type: 'settings';
      name: Maybe<string>;
      topic: Maybe<string>;
      avatar: boolean;
      invite: boolean;
      history: Maybe<History>;
      retention: Maybe<number>;
    }
  | { type: 'named'; before: string; name: string }
  | { type: 'role'; account: string; role: Role }
  | { type: 'expired' }
  | { type: 'moved'; room: string }
  | {
      type: 'poll';
      question: string;
      options: PollOption[];
      multiple: boolean;
      closed: boolean;
      state: Sending;
    }
  | { type: 'deleted'; by: string }
  | { type: 'removed' }
  | { type: 'warning'; code: string };

/** Way of an own message. */
export type Sending = { type: 'waiting' } | { type: 'sent' } | { type: 'failed'; message: string };
