//! Accounts, what they are unlocked with, and sessions.

use std::{fmt, time::Duration};

use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, Opaque,
    account::{AccountNotice, KsfParams, RegistrationPolicy, SessionEntry, SessionInfo},
    ids::{SessionId, TokenHash},
};
use zeroize::Zeroizing;

/// SHA-256 of a session token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl SessionHash {
    /// What a session that begins with this token is called.
    pub fn id(&self) -> SessionId {
        let digest: [u8; 32] =
            Sha256::new().chain_update(b"Waxwing 1 session").chain_update(self.0).finalize().into();
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        SessionId(id)
    }
}

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("SessionHash(..)")
    }
}

/// Who writes with a session.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The session, which must be alive when the write is carried out.
    pub session: SessionId,
    /// Length of the frame or the body that asks, where it may be large: its share of [`crate::limits::WRITE_QUEUE_BYTES`].
    pub frame_bytes: usize,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct SessionLife {
    /// Without use.
    pub idle: Duration,
    /// In any case.
    pub absolute: Duration,
}

/// A session to be begun.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Hash of its token.
    pub token: SessionHash,
    /// What its client calls itself; that of the session that it replaces when empty.
    pub device: String,
    /// Token that the client had: whoever logs in again on a device has one session there, not two.
    pub replaces: Option<SessionHash>,
    /// When it begins.
    pub now_ms: u64,
}

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Names it, whatever its token is.
    pub id: SessionId,
    /// Hash of the token that it was found by.
    pub token: SessionHash,
    /// Whose it is.
    pub info: SessionInfo,
    /// When it began.
    pub created_at_ms: u64,
    /// When it was last noted to be in use.
    pub last_used_at_ms: u64,
    /// When its newest token was made.
    pub token_at_ms: u64,
    /// The token that was shown is the one before.
    pub by_former: bool,
    /// Nobody has shown the newest token yet: its cookie may not have arrived.
    pub unconfirmed: bool,
}

impl Session {
    /// Who writes, when little is written.
    pub fn caller(&self) -> Caller {
        Caller { account: self.info.account, session: self.id, frame_bytes: 0 }
    }
}

/// A session in a list of them; whether it is current or live is for others to say.
pub type SessionRow = SessionEntry;

/// A guest to be made.
#[derive(Debug, Clone)]
pub struct NewGuest {
    /// Its id.
    pub account: AccountId,
    /// Public identity key, 32 bytes.
    pub identity_key: Opaque,
    /// Sealed vault, version 1.
    pub vault: Opaque,
    /// Wrapped under the place code.
    pub wrap_place: Opaque,
    /// SHA-256 of the token that the place code yields.
    pub token_hash: TokenHash,
}

/// What a guest who comes back gets.
#[derive(Debug, Clone)]
pub struct ReturnedGuest {
    /// The account.
    pub info: SessionInfo,
    /// Sealed vault.
    pub vault: Opaque,
    /// Its version.
    pub vault_version: u64,
    /// Wrapped under the place code.
    pub wrap_place: Opaque,
}

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may do everything.
    Active,
    /// It waits for an administrator.
    Pending,
    /// It may do nothing.
    Banned,
}

/// Why an account may be made.
#[derive(Debug, Clone, Copy)]
pub enum Admission {
    /// By the setup token with this hash: the first account, which administrates.
    Setup([u8; 32]),
    /// By the policy of the relay, which never admits the first, and perhaps the hash of an invite's code.
    Policy(RegistrationPolicy, Option<[u8; 32]>),
}

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// Chosen by the client.
    pub account: AccountId,
    /// Normalised.
    pub username: String,
    /// 32 bytes.
    pub identity_key: Opaque,
    /// What a login will check; `totp_last_step` is the step of the confirming code.
    pub credentials: Credentials,
    /// Hashes of its recovery codes.
    pub recovery_codes: Vec<[u8; 32]>,
    /// Of the token that the recovery key yields.
    pub recovery_token_hash: TokenHash,
    /// Sealed vault, version 1.
    pub vault: Opaque,
    /// Wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Wrapped under the recovery key.
    pub wrap_recovery: Opaque,
}

/// What a login checks.
#[derive(Clone)]
pub struct Credentials {
    /// Whose they are.
    pub account: AccountId,
    /// OPAQUE RegistrationRecord, RFC 9807 section 5.
    pub opaque_record: Vec<u8>,
    /// Parameters that the client used.
    pub ksf: KsfParams,
    /// TOTP secret, 20 bytes, if there is an authenticator.
    pub totp_secret: Option<Zeroizing<Vec<u8>>>,
    /// Newest step whose code was accepted.
    pub totp_last_step: u64,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewAccount({})", self.account)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, opaque_record: _, ksf: _, totp_secret: _, totp_last_step: _ } = self;
        write!(f, "Credentials({account})")
    }
}

/// A login whose password was right.
#[derive(Clone)]
pub struct Login {
    /// Whose.
    pub account: AccountId,
    /// The OPAQUE record that the password was checked against.
    pub record: Vec<u8>,
    /// What else was shown.
    pub factor: Factor,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, record: _, factor } = self;
        write!(f, "Login({account}, {factor:?}, ..)")
    }
}

/// The second factor of a login.
#[derive(Clone)]
pub enum Factor {
    /// None: right for accounts without an authenticator.
    Nothing,
    /// The code of this step, of the authenticator with this secret.
    Code(Zeroizing<Vec<u8>>, u64),
    /// The recovery code with this hash.
    Recovery([u8; 32]),
    /// A new authenticator, the step of its first code, and hashes of recovery codes; for accounts that have none.
    Enrol(Zeroizing<Vec<u8>>, u64, Vec<[u8; 32]>),
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Code(..) => "Code(..)",
            Self::Recovery(_) => "Recovery(..)",
            Self::Enrol(..) => "Enrol(..)",
        })
    }
}

/// A new password, and the vault sealed anew with it.
#[derive(Clone)]
pub struct NewPassword {
    /// OPAQUE RegistrationRecord.
    pub opaque_record: Vec<u8>,
    /// Parameters that the client used.
    pub ksf: KsfParams,
    /// Sealed vault.
    pub vault: Opaque,
    /// One more than the stored version.
    pub vault_version: u64,
    /// Wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Wrapped under the recovery key.
    pub wrap_recovery: Opaque,
    /// Of the token that the recovery key yields.
    pub recovery_token_hash: TokenHash,
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewPassword(version {})", self.vault_version)
    }
}

/// New credentials of an account, and the keys that change with them.
#[derive(Debug, Clone)]
pub struct NewCredentials {
    /// Password and vault.
    pub password: NewPassword,
    /// 32 bytes.
    pub identity_key: Opaque,
    /// That the identity key changed.
    pub statement: Option<Opaque>,
    /// Under the new identity key.
    pub key_package: Option<Opaque>,
}

/// What somebody who shows the recovery key's token takes an account back with.
#[derive(Debug, Clone)]
pub struct Recoverable {
    /// The account.
    pub account: AccountId,
    /// How far it has come.
    pub status: Status,
    /// Of the token that the recovery key yields.
    pub recovery_token_hash: TokenHash,
    /// Sealed vault.
    pub vault: Opaque,
    /// Its version.
    pub vault_version: u64,
    /// Wrapped under the recovery key.
    pub wrap_recovery: Opaque,
    /// Whether it has an authenticator.
    pub totp: bool,
}

/// What becomes of the authenticator of an account that is taken back.
#[derive(Clone)]
pub enum RecoveredFactor {
    /// It stays.
    Keep {
        /// There must be one.
        required: bool,
    },
    /// A new authenticator, the step of its first code, and hashes of recovery codes.
    New(Zeroizing<Vec<u8>>, u64, Vec<[u8; 32]>),
    /// There is none any more.
    Without,
}

impl fmt::Debug for RecoveredFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep { .. } => "Keep",
            Self::New(..) => "New(..)",
            Self::Without => "Without",
        })
    }
}

/// An account to be taken back.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// The account.
    pub account: AccountId,
    /// Of the token that was shown; the account must still have it.
    pub token_hash: TokenHash,
    /// What it has from now on.
    pub password: NewPassword,
    /// Its second factor from now on.
    pub factor: RecoveredFactor,
}

/// What a completed login hands out.
#[derive(Debug)]
pub struct UnlockedAccount {
    /// The account.
    pub info: SessionInfo,
    /// Sealed vault.
    pub vault: Opaque,
    /// Its version.
    pub vault_version: u64,
    /// Wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// What happened since the last login.
    pub notices: Vec<AccountNotice>,
}
