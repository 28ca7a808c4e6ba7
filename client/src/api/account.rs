//! What the person wants with the account: to have one, to come in, to prove it again, to see its sessions.

use serde::{Deserialize, Serialize};
use waxwing_wire::account::RecoveredTotp;

use super::Intent;
#[cfg(doc)]
use super::{Ended, Notice, Reply};

/// What the person wants with the account; an [`Intent`] like all others.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AccountIntent {
    /// Begin an account. Reply: [`Reply::TotpEnrolment`].
    Register {
        /// As typed.
        username: String,
        /// As typed; stays in the client.
        password: String,
        /// Shown to room members; sealed. Empty means the username.
        display_name: String,
        /// From the setup link.
        setup_token: Option<String>,
        /// An operator's invite code.
        invite: Option<String>,
    },
    /// Prove the authenticator, which creates the account and logs in. Reply: [`Reply::Registered`].
    ConfirmTotp {
        /// Six digits; nothing to go without an authenticator, where that is allowed.
        code: Option<String>,
        /// What the session is called in the list of sessions, at most 64 characters.
        device: Option<String>,
    },
    /// Make a guest, who needs no username and no password, and log in as it. Reply: [`Reply::PlaceCode`].
    ComeAsGuest {
        /// Shown to room members; sealed.
        display_name: String,
        /// As in [`AccountIntent::ConfirmTotp`].
        device: Option<String>,
    },
    /// Log in as a guest that was there before. Reply: [`Reply::LoggedIn`].
    ReturnAsGuest {
        /// The place code, however it was typed.
        code: String,
        /// As in [`AccountIntent::ConfirmTotp`].
        device: Option<String>,
    },
    /// The code that brings this guest back. Reply: [`Reply::PlaceCode`].
    PlaceCode,
    /// Log in. Reply: [`Reply::TotpRequired`]; [`Reply::TotpEnrolment`] where the account needs a new authenticator; or
    /// [`Reply::LoggedIn`] where it has none.
    LogIn {
        /// As typed.
        username: String,
        /// As typed; stays in the client.
        password: String,
        /// As in [`AccountIntent::ConfirmTotp`].
        device: Option<String>,
    },
    /// Second factor of a login. Reply: [`Reply::LoggedIn`], and [`Notice::Session`] follows.
    SubmitTotp {
        /// Six digits or a recovery code; after [`Reply::TotpEnrolment`] the first six digits of the new authenticator.
        code: String,
        /// As in [`AccountIntent::ConfirmTotp`].
        device: Option<String>,
    },
    /// Begin to set a new password with the recovery key alone. Reply: [`Reply::Recovering`], or [`Reply::LoggedIn`] where
    /// there is no authenticator and none is needed.
    Recover {
        /// As typed.
        username: String,
        /// As written down; stays in the client.
        recovery_key: String,
        /// As typed; stays in the client.
        new_password: String,
        /// As in [`AccountIntent::ConfirmTotp`].
        device: Option<String>,
    },
    /// Set the new password of [`AccountIntent::Recover`] and log in. Ends all other sessions; the recovery key stays. Reply:
    /// [`Reply::LoggedIn`].
    FinishRecovery {
        /// What becomes of the authenticator.
        totp: RecoveredTotp,
        /// Six digits, the first code of the new authenticator; nothing if it is not a new one.
        code: Option<String>,
    },
    /// End the session and forget everything on this device. Reply: [`Reply::LoggedOut`].
    LogOut,
    /// Change the password. Ends all other sessions. Reply: [`Reply::Rotated`].
    ChangePassword {
        /// As typed; stays in the client.
        password: String,
        /// As typed; stays in the client.
        new_password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// Replace every key of the account, because somebody may have them. Ends all other sessions. Reply: [`Reply::Rotated`]; rooms
    /// follow by themselves.
    Rotate {
        /// As typed; stays in the client.
        password: String,
        /// As typed; stays in the client.
        new_password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// Begin with another authenticator; the old one counts until [`AccountIntent::FinishNewTotp`]. Reply: [`Reply::TotpEnrolment`].
    StartNewTotp {
        /// As typed; stays in the client.
        password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// Prove the new authenticator. Reply: [`Reply::RecoveryCodes`]; earlier ones are dead.
    FinishNewTotp {
        /// Six digits of the new authenticator.
        code: String,
    },
    /// Go without an authenticator, where that is allowed. Reply: [`Reply::Done`].
    RemoveTotp {
        /// As typed; stays in the client.
        password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// Make new recovery codes; earlier ones are dead. Reply: [`Reply::RecoveryCodes`].
    NewRecoveryCodes {
        /// As typed; stays in the client.
        password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// Make a new recovery key; the earlier one opens nothing any more. Ends all other sessions. Reply: [`Reply::RecoveryKey`].
    NewRecoveryKey {
        /// As typed; stays in the client.
        password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// Delete the account: it leaves its rooms, the relay forgets it, this device too. Reply: [`Reply::Done`], and
    /// [`Notice::Session`] with [`Ended::Deleted`] follows.
    DeleteAccount {
        /// As typed; stays in the client.
        password: String,
        /// Six digits or a recovery code; nothing where the account has no authenticator.
        code: Option<String>,
    },
    /// The sessions of the account. Reply: [`Reply::Sessions`].
    Sessions,
    /// End another session of the account. Reply: [`Reply::Done`].
    EndSession {
        /// Its id.
        id: String,
    },
    /// End all other sessions of the account. Reply: [`Reply::Done`].
    EndOtherSessions,
    /// Go on here although another session is live, which is displaced. Reply: [`Reply::Done`]; [`Notice::Connection`] tells the rest.
    TakeOver,
}

impl From<AccountIntent> for Intent {
    fn from(intent: AccountIntent) -> Self {
        Self::Account(intent)
    }
}
