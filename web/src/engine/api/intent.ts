/** What the person wants: `client/src/api/intent.rs` and `account.rs`. */
import type { Page, Preview, Target } from './message';
import type { History, Notify, Role, RoomAvatar } from './view';

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
  /** It lasts for so many seconds from now on, with 0 for ever; null: as it is, and 7 days for a new one. */
  | { type: 'createInvite'; room: string; lasts: number | null }
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
  | { type: 'removeRoomPassword'; room: string }
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
  | { type: 'safetyNumber'; account: string; fingerprint: string | null }
  | { type: 'markVerified'; account: string; fingerprint: string }
  | { type: 'roomCheckCode'; room: string }
  | { type: 'contactLink' }
  | { type: 'previewContactLink'; link: string }
  | { type: 'openContactLink'; link: string }
  | { type: 'acceptIdentity'; account: string; fingerprint: string }
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

/** What becomes of the authenticator of an account that is taken back. */
export type RecoveredTotp = 'keep' | 'new' | 'without';
