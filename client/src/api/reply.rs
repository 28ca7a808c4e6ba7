//! Answers to intents.

use serde::{Deserialize, Serialize};

use waxwing_wire::account::{RegistrationPolicy, SessionPolicy, TotpPolicy};

use super::{Identity, Item, Version};

/// Answer to an intent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Reply {
    /// It is done.
    Done,
    /// What this relay is.
    ServerInfo {
        /// Version of the relay.
        version: String,
        /// What its operator calls it.
        name: String,
        /// The first account must be made with the setup link.
        setup_required: bool,
        /// Who may create an account.
        registration: RegistrationPolicy,
        /// Whether accounts need an authenticator.
        totp: TotpPolicy,
        /// How many sessions of an account may be live at once.
        sessions: SessionPolicy,
        /// Anybody may come as a guest.
        guests: bool,
    },
    /// What brings a guest back.
    PlaceCode {
        /// To be written down.
        code: String,
    },
    /// For the authenticator app.
    TotpEnrolment {
        /// Base32.
        secret: String,
        /// For the QR code.
        uri: String,
        /// The account may go without.
        optional: bool,
    },
    /// The account exists and is logged in.
    Registered {
        /// To be written down; shown only now.
        recovery_key: String,
        /// Ten codes that stand in for the authenticator, once each; shown only now. None without an authenticator.
        recovery_codes: Vec<String>,
    },
    /// Logged in.
    LoggedIn {
        /// After a new authenticator was set up: as in [`Reply::Registered`].
        recovery_codes: Vec<String>,
        /// Recovery codes that were not used yet.
        recovery_codes_left: u32,
    },
    /// New recovery codes.
    RecoveryCodes {
        /// Ten codes that stand in for the authenticator, once each; shown only now.
        codes: Vec<String>,
    },
    /// A new recovery key.
    RecoveryKey {
        /// To be written down; shown only now.
        recovery_key: String,
    },
    /// The sessions of the account.
    Sessions {
        /// The newest first.
        sessions: Vec<SessionEntry>,
    },
    /// What a report shows.
    Report {
        /// Who wrote the message, as the message itself says.
        account: String,
        /// Name of that account, if this account knows one.
        display_name: Option<String>,
        /// What was written.
        text: String,
        /// When, as its author says.
        written_at: u64,
        /// The room.
        room: String,
        /// What the reporter adds; empty when nothing. Nothing proves it.
        note: String,
        /// The author's signature is right, and made with a key that the relay gives for the account that sent the entry.
        valid: bool,
    },
    /// The account has a new password, or new keys; the old recovery key opens nothing any more.
    Rotated {
        /// To be written down; shown only now.
        recovery_key: String,
    },
    /// The password was right; now the code.
    TotpRequired,
    /// The recovery key was right: what is to become of the authenticator.
    Recovering {
        /// The account has one, which can stay.
        totp: bool,
        /// Of another one: as in [`Reply::TotpEnrolment`].
        secret: String,
        /// Likewise.
        uri: String,
        /// The account may go without.
        optional: bool,
    },
    /// A room was made or joined.
    Room {
        /// Its id.
        room: String,
    },
    /// An invite.
    Invite {
        /// To be put after `#/join/`.
        invite: String,
        /// It opens until then, milliseconds since 1970; nothing: for ever, or not known.
        until: Option<u64>,
    },
    /// A room's password.
    RoomPassword {
        /// Under which it is found; to be told together with the password.
        name: String,
        /// The password.
        password: String,
    },
    /// What an invite leads to.
    InvitePreview {
        /// The room.
        room: String,
        /// Its name.
        name: String,
        /// Number of members.
        members: u32,
        /// The account is a member already.
        member: bool,
        /// The member who says that this is the room.
        vouched_by: String,
        /// That is who made the link, which the link itself proves. Anybody else could be a member who holds the link, together with the relay.
        by_creator: bool,
    },
    /// A safety number.
    SafetyNumber {
        /// 60 digits in groups of 5.
        number: String,
        /// Of the identity that it was made of.
        fingerprint: String,
        /// It was compared before.
        verified: bool,
    },
    /// A room check code.
    RoomCheckCode {
        /// 30 digits in groups of 5.
        code: String,
    },
    /// A contact link.
    ContactLink {
        /// To be put after `#/contact/`.
        link: String,
    },
    /// Whom a contact link leads to.
    Contact {
        /// Who it is, as far as known.
        contact: Contact,
        /// The link is of the identity that is known of them, or nothing is known of it. Otherwise it is an old link, or somebody deceives.
        fits: bool,
    },
    /// Whether somebody has the username.
    Account {
        /// Account id; nothing if nobody has it.
        account: Option<String>,
    },
    /// Whom the account knows, by name.
    Contacts {
        /// Each once.
        contacts: Vec<Contact>,
    },
    /// Logged out: nothing is left on this device.
    LoggedOut {
        /// The relay knows, too. If not, its session ends by itself, or with a change of password.
        told: bool,
    },
    /// A page of the timeline, oldest first.
    Timeline {
        /// The items.
        items: Vec<Item>,
        /// Whether older ones exist.
        more: bool,
        /// Whether newer ones exist.
        newer: bool,
    },
    /// What a message said.
    Edits {
        /// The first text first, the present one last.
        versions: Vec<Version>,
    },
}

/// Somebody whom the account knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Account id.
    pub account: String,
    /// Display name; empty when not known.
    pub name: String,
    /// Under which they were found.
    pub username: Option<String>,
    /// Whether they are who they were.
    pub identity: Identity,
    /// Nothing is heard of them.
    pub blocked: bool,
    /// The room of two with them, unless they have left it, or declined.
    pub room: Option<String>,
}

/// One session of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEntry {
    /// Names it.
    pub id: String,
    /// What its client called itself; may be empty.
    pub device: String,
    /// When it began.
    pub created_at: u64,
    /// When it was last used, to the hour.
    pub last_used_at: u64,
    /// It is the one of this device.
    pub current: bool,
    /// It is connected now.
    pub live: bool,
}

/// An intent that could not be done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// A stable code: one of the relay's, or one of the client's own (`offline`, `weak_password`, `bad_username`,
    /// `bad_invite`, `too_long`, `empty`, `no_such_room`, `wrong_step`, `damaged`, `name_too_long`, `identity_changed`,
    /// `account_rolled_back`, `not_logged_in`, `bad_recovery_key`, `no_operator_key`, `unreadable_report`).
    pub code: String,
    /// One sentence in English: what happened and what to do.
    pub message: String,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}
