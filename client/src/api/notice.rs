//! What the client tells without being asked.

use serde::{Deserialize, Serialize};
use waxwing_wire::admin::{Level, Statistics};

#[cfg(doc)]
use super::Intent;
use super::{Item, Room};

/// What the client tells without being asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Notice {
    /// Who is logged in on this device; absent when nobody is.
    Session {
        /// The account.
        me: Option<Me>,
        /// Why the session ended, when it ended by itself.
        reason: Option<Ended>,
    },
    /// State of the connection.
    Connection {
        /// The state.
        state: Connection,
    },
    /// A room is new or has changed.
    Room {
        /// All of it.
        room: Box<Room>,
    },
    /// A room is no longer the account's.
    RoomGone {
        /// Its id.
        room: String,
    },
    /// How far other members have got; of those who are not named it is as it was.
    Receipts {
        /// The room.
        room: String,
        /// By member.
        receipts: Vec<Receipt>,
    },
    /// Who is there, of the accounts that are watched.
    Presence {
        /// Those of whom it is known now; of others it is as it was.
        people: Vec<Presence>,
    },
    /// What others learn of the account, and it of them.
    Preferences {
        /// Others see what was delivered and read, and theirs is shown.
        read_receipts: bool,
        /// Others see that the person is typing, likewise.
        typing: bool,
        /// Others see when the person is there, likewise.
        presence: bool,
    },
    /// Much of the history is missing on this device and is being read, or nothing is missing any more.
    Progress {
        /// Rooms of which something is missing; 0 at the end.
        rooms: u32,
        /// Entries that are to be read, all in all.
        entries: u64,
        /// Those of them that were.
        done: u64,
        /// It waits because the person wants so.
        paused: bool,
    },
    /// Timeline items are new or have changed; the same key means the same item.
    Items {
        /// The room.
        room: String,
        /// The items, oldest first.
        items: Vec<Item>,
    },
    /// An account that is known has another identity than before. Nothing is sent in rooms with it until that is accepted.
    IdentityChanged {
        /// Account id.
        account: String,
        /// Its old key has signed the change. Whoever stole that key could have, too.
        signed: bool,
    },
    /// A change of password or keys that was cut off has gone through after all; the old recovery key opens nothing any more.
    Rotated {
        /// To be written down; shown only now.
        recovery_key: String,
    },
    /// Somebody is typing; it counts for a few seconds.
    Typing {
        /// The room.
        room: String,
        /// Account id.
        account: String,
    },
    /// The relay gave an older state of the account than was seen before. Nothing of it is overwritten.
    AccountRolledBack {
        /// What is older.
        what: Rollback,
    },
    /// An unsent item was discarded.
    ItemGone {
        /// The room.
        room: String,
        /// Key of the item.
        key: String,
    },
    /// Something happened to the account.
    Account {
        /// What.
        what: AccountNotice,
        /// When.
        at: u64,
    },
    /// What the operator tells everybody; not encrypted.
    Announcements {
        /// All that stand, oldest first.
        announcements: Vec<Announcement>,
    },
    /// Numbers about the relay, while they are watched.
    Statistics {
        /// The newest.
        statistics: Statistics,
    },
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// The person logged out.
    LoggedOut,
    /// Another session ended it, or the relay does not know it any more.
    Ended,
    /// An administrator banned the account.
    Banned,
    /// An administrator ended the sessions of the account.
    Kicked,
    /// The account was deleted.
    Deleted,
    /// An administrator did not let the account in; it is gone.
    Refused,
    /// It was too old.
    Expired,
}

/// How far a member has got in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Account id.
    pub account: String,
    /// Their devices have everything up to this number.
    pub delivered: u64,
    /// They have seen everything up to this number.
    pub read: u64,
}

/// Whether somebody is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Account id.
    pub account: String,
    /// Connected now.
    pub online: bool,
    /// When they were last there, to the minute; absent when they are there, or do not tell.
    pub last_seen: Option<u64>,
}

/// What may happen to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountNotice {
    /// An administrator let it in.
    Approved,
    /// An administrator removed its authenticator.
    TotpReset,
    /// Somebody logged in with a recovery code.
    RecoveryCodeUsed,
    /// Somebody logged in with the recovery key.
    Recovered,
    /// It may administrate the relay now.
    Promoted,
    /// It may no longer administrate the relay.
    Demoted,
    /// Somebody gave its password, and then too many wrong codes.
    CodeGuessed,
}

/// What the operator tells everybody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// Names it.
    pub id: String,
    /// Its text.
    pub text: String,
    /// How loud it is.
    pub level: Level,
    /// When it was made.
    pub at: u64,
}

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It may do everything.
    Active,
    /// It waits for an administrator.
    Pending,
}

/// The account on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Account id.
    pub account: String,
    /// Username.
    pub username: String,
    /// Display name.
    pub display_name: String,
    /// May administrate the relay.
    pub administrator: bool,
    /// How far it has come.
    pub status: Status,
    /// It has an authenticator.
    pub totp: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u32,
    /// It is a guest: without username and password.
    pub guest: bool,
}

/// State of the connection to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Connection {
    /// Nobody is logged in, or nothing was tried yet.
    Idle,
    /// Opening.
    Connecting,
    /// Open.
    Connected,
    /// Lost; the next attempt is at this time.
    Waiting {
        /// Milliseconds since 1970.
        retry_at: u64,
    },
    /// The device says it has no network.
    Offline,
    /// Another session of the account is live, and only one may be: nothing happens before [`Intent::TakeOver`].
    Displaced,
}

/// What the relay took back to an older state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rollback {
    /// The keys of the account.
    Vault,
    /// What the account keeps: key packages, links, whom it knows.
    Data,
}
