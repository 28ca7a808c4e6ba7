//! What the relay keeps. One method is one transaction, named by what the caller wants done.
//!
//! [`Store`] is an enum over backends; `conformance.rs` holds the behaviour that every backend must show.

pub mod error;
pub mod sqlite;
pub mod types;

#[cfg(test)]
mod conformance;

use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    frame::{
        AccountDatum, Append, Commit, CreateRoom, Cursor, HistoryLink, JoinProof, KeyPackageRecord,
        KeyringEntry, LogEntry, Post, PutPublished, RoomSummary, Snapshot,
    },
    ids::{DataName, RoomHandle, SessionId, TokenHash},
};
use zeroize::Zeroizing;

pub use error::StoreError;
pub use types::{
    Admission, Caller, Credentials, Ended, Factor, JoinInfo, LastSeen, Login, NewAccount, NewCredentials,
    NewGuest, NewPassword, NewSession, Notice, Numbers, Page, Pending, Published, Recoverable,
    RecoveredFactor, Recovery, ReturnedGuest, RoomCredentials, Session, SessionHash, SessionLife, SessionRow,
    SettingChanges, Status, UnlockedAccount, UserAct, Visibility,
};

/// Answer of every read, and of every write once it is durable.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A backend.
#[derive(Debug)]
pub enum Store {
    /// One SQLite database.
    Sqlite(sqlite::Sqlite),
}

macro_rules! operations {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),* $(,)?) -> $out:ty;)+) => {
        impl Store {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`StoreError`]; nothing was changed then.
                pub async fn $name(&self, $($arg: $kind),*) -> Result<$out> {
                    match self {
                        Self::Sqlite(store) => store.$name($($arg),*).await,
                    }
                }
            )+
        }
    };
}

mod desk;

operations! {
    /// Answers when something was written to the disk.
    fn check_writing(now_ms: u64) -> ();
    /// Whether any account exists.
    fn has_accounts() -> bool;
    /// A setting of the relay itself.
    fn setting(name: &'static str) -> Option<Vec<u8>>;
    /// Stores a setting unless it exists, and answers what is stored.
    fn setting_or_insert(name: &'static str, value: Vec<u8>) -> Vec<u8>;
    /// Replaces the hash of the setup token; `false` when an account exists, which needs none.
    fn replace_setup_token(hash: [u8; 32]) -> bool;
    /// Whether this is the hash of the setup token that still waits for its first account.
    fn setup_token_is(hash: [u8; 32]) -> bool;
    /// Whether somebody has this normalised username.
    fn username_taken(username: String) -> bool;
    /// What a login checks, by normalised username.
    fn credentials(username: String) -> Option<Credentials>;

    /// What an account is taken back with, by normalised username and the hash of the token that was shown.
    fn recoverable(username: String, token: TokenHash) -> Option<Recoverable>;
    /// Whether an account could be made with the invite whose code has this hash.
    fn invite_is_valid(hash: [u8; 32], now_ms: u64) -> bool;

    /// Makes the account and its first session, and consumes the setup token or a use of the invite.
    fn create_account(account: NewAccount, admission: Admission, session: NewSession) -> Session;
    /// Makes a guest and its first session.
    fn create_guest(guest: NewGuest, session: NewSession) -> Session;
    /// Begins a session of the guest whose token has this hash, if there is one.
    fn return_guest(token: TokenHash, session: NewSession) -> Option<ReturnedGuest>;
    /// Forgets guests who were not there since then, or for a day if they are in no room; answers how many.
    fn sweep_guests(before_ms: u64, now_ms: u64) -> u64;
    /// Uses up the second factor and begins a session. [`StoreError::ReusedCode`] when the code's step or a later one was
    /// used before, [`StoreError::CredentialsChanged`] when password or authenticator are no longer those of the login.
    fn complete_login(login: Login, session: NewSession) -> UnlockedAccount;
    /// Replaces password, vault and keys at once, and ends the account's sessions but the caller's.
    fn change_credentials(by: Caller, change: NewCredentials, now_ms: u64) -> ();
    /// Whether the account has exactly these credentials: a change whose answer was lost.
    fn has_credentials(account: AccountId, change: NewCredentials) -> bool;
    /// Replaces password and vault for whoever showed the recovery key, ends all sessions and begins one.
    fn recover_account(recovery: Recovery, session: NewSession) -> UnlockedAccount;
    /// Another authenticator: its secret, the step of its first code, and hashes of new recovery codes.
    fn put_totp(by: Caller, secret: Zeroizing<Vec<u8>>, step: u64, codes: Vec<[u8; 32]>, now_ms: u64) -> ();
    /// No authenticator and no recovery codes any more.
    fn remove_totp(by: Caller, now_ms: u64) -> ();
    /// New recovery codes in the place of the old, by their hashes; only for accounts with an authenticator.
    fn put_recovery_codes(by: Caller, codes: Vec<[u8; 32]>, now_ms: u64) -> ();
    /// Whether [`Self::delete_account`] would be done.
    fn may_delete_account(account: AccountId) -> ();
    /// Removes an account and everything that is its own.
    fn delete_account(by: Caller, now_ms: u64) -> ();
    /// Records that logins at a normalised username have to wait.
    fn record_refused_logins(username: String, now_ms: u64) -> ();
    /// Records that codes of an account have to wait, and tells the account.
    fn record_refused_codes(account: AccountId, now_ms: u64) -> ();
    /// The session behind a token, if it is alive.
    fn session(token: SessionHash, life: SessionLife, now_ms: u64) -> Option<Session>;
    /// The sessions of an account, the newest first.
    fn sessions(account: AccountId, life: SessionLife, now_ms: u64) -> Vec<SessionRow>;
    /// Replaces a session's token (old, new); `false` when that was done since it was read.
    fn renew_token(session: SessionId, tokens: (SessionHash, SessionHash), now_ms: u64) -> bool;
    /// Notes that the newest token has arrived: the one before ends soon.
    fn confirm_token(session: SessionId, now_ms: u64) -> ();
    /// Notes that a session is in use.
    fn touch_session(session: SessionId, now_ms: u64) -> ();
    /// Ends the session of somebody who logs out.
    fn log_out(account: AccountId, session: SessionId) -> ();
    /// Ends sessions of an account from one of its sessions: itself, and those that began no later. Whoever stole an
    /// old session cannot keep its owner, who logs in anew, out by it.
    fn end_sessions(by: Caller, which: Ended, now_ms: u64) -> ();
    /// Forgets sessions that are over, and of deleted rooms what only they needed.
    fn sweep_sessions(life: SessionLife, now_ms: u64) -> u64;

    /// All sealed account objects.
    fn account_data(account: AccountId) -> Vec<AccountDatum>;
    /// Stores a sealed account object, by compare-and-swap on its version.
    fn put_account_data(by: Caller, datum: AccountDatum) -> Pending<()>;
    /// Forgets sealed account objects.
    fn drop_account_data(by: Caller, names: Vec<DataName>) -> Pending<()>;
    /// The account of this normalised username, if it is let in.
    fn find_account(username: String) -> Option<AccountId>;
    /// Accounts that may not add this one to rooms.
    fn put_blocks(by: Caller, accounts: Vec<AccountId>) -> Pending<()>;
    /// Key package of an account, with what tells whose it is.
    fn key_package(account: AccountId) -> Option<KeyPackageRecord>;
    /// Replaces the key package.
    fn put_key_package(by: Caller, package: Opaque) -> Pending<()>;

    /// Ids of the rooms of an account.
    fn room_ids(account: AccountId) -> Vec<RoomId>;
    /// Every room of an account, and those of the cursors that are behind.
    fn rooms(account: AccountId, cursors: Vec<Cursor>) -> (Vec<RoomSummary>, Vec<RoomSummary>);
    /// Members of a room.
    fn members(account: AccountId, room: RoomId) -> Vec<AccountId>;
    /// Keeps a member's shared and own mark, each in place of the one before.
    fn put_marks(by: Caller, room: RoomId, shared: Option<Opaque>, own: Option<Opaque>) -> Pending<()>;
    /// The shared marks of a room, and the account's own.
    fn marks(account: AccountId, room: RoomId) -> (Vec<(AccountId, Opaque)>, Option<Opaque>);
    /// Whether others are told when the account is there.
    fn visibility(account: AccountId) -> Visibility;
    /// Sets whether others are told when the account is there.
    fn share_presence(by: Caller, on: bool) -> Pending<()>;
    /// When those of these accounts were last there that share it, and a room with this one; nobody's if it does not share.
    fn last_seen(account: AccountId, of: Vec<AccountId>) -> Vec<LastSeen>;
    /// Founds a room.
    fn create_room(by: Caller, request: CreateRoom, now_ms: u64) -> Pending<()>;
    /// Appends a message.
    fn append_message(by: Caller, request: Append, now_ms: u64) -> Pending<Seq>;
    /// Takes the ciphertext of messages: a member's own, or with the level of a moderator anybody's.
    fn erase(by: Caller, room: RoomId, seqs: Vec<Seq>) -> Pending<()>;
    /// For how many seconds messages of a room are kept; 0 for ever.
    fn set_retention(by: Caller, room: RoomId, seconds: u64) -> Pending<()>;
    /// Erases messages that are older than their rooms keep them. Answers how many there were; at most
    /// [`crate::limits::ERASED_AT_ONCE`], and there may be more unless it was none.
    fn erase_expired(now_ms: u64) -> u64;
    /// Enters a member's statement; a leave ends its membership too.
    fn post(by: Caller, request: Post, now_ms: u64) -> Pending<Seq>;
    /// Appends a commit with everything that belongs to its epoch.
    fn accept_commit(by: Caller, request: Commit, now_ms: u64) -> Pending<Seq>;
    /// A page of the log.
    fn entries_after(account: AccountId, room: RoomId, after: Seq, limit: u32) -> Page;

    /// The account's newest leave statement in a room of which it is no longer a member.
    fn own_leave(account: AccountId, room: RoomId) -> Option<LogEntry>;

    /// The account's snapshot of an epoch, or its newest.
    fn snapshot(account: AccountId, room: RoomId, epoch: Option<EpochId>) -> Option<Snapshot>;
    /// Stores a snapshot.
    fn put_snapshot(by: Caller, room: RoomId, snapshot: Snapshot) -> Pending<()>;
    /// Candidates for the public state of an epoch.
    fn public_states(account: AccountId, room: RoomId, epoch: EpochId) -> Vec<Opaque>;
    /// All that members published for an epoch.
    fn published(account: AccountId, room: RoomId, epoch: EpochId) -> Published;
    /// Adds a member's own candidates.
    fn put_published(by: Caller, request: PutPublished) -> Pending<()>;
    /// A page of the account's keyring.
    fn keyring(account: AccountId, room: RoomId, before: Seq) -> Vec<KeyringEntry>;
    /// Adds to the keyring.
    fn put_keyring(by: Caller, room: RoomId, entries: Vec<KeyringEntry>) -> Pending<()>;
    /// A page of history links.
    fn history_links(account: AccountId, room: RoomId, before: Seq) -> Vec<HistoryLink>;
    /// What a holder of a join method needs, from the newest epoch whose commit number is below `before`.
    fn join_info(room: RoomId, proof: JoinProof, before: Seq, now_ms: u64) -> JoinInfo;
    /// Whether this account may set a password for this room under this handle.
    fn may_set_password(account: AccountId, room: RoomId, handle: RoomHandle) -> ();
    /// What a try of a room password is checked against.
    fn room_credentials(handle: RoomHandle, now_ms: u64) -> Option<RoomCredentials>;
    /// Welcomes for a member, those of authors of a higher level first.
    fn welcomes(account: AccountId, room: RoomId) -> Vec<Opaque>;
}

impl Store {
    /// Ends the writer after it has worked off its queue. Blocks; calls that come later fail.
    pub fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close(),
        }
    }
}
