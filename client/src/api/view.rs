//! Rooms, people and timelines as they are shown.

use serde::{Deserialize, Serialize};

use super::{PollOption, Preview, Quote, Reaction};

/// A room as a list and a header show it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Its id.
    pub room: String,
    /// Its name; of a room of two, the other one's.
    pub name: String,
    /// What it is about.
    pub topic: String,
    /// The other one, in a room of two.
    pub peer: Option<String>,
    /// The other one asks for this room of two; nothing of this account is told there before it is accepted.
    pub request: bool,
    /// Its avatar, if it has one.
    pub avatar: Option<Avatar>,
    /// What newcomers may read.
    pub history: History,
    /// Messages disappear after so many seconds; 0 keeps them.
    pub retention: u64,
    /// The invite link, if there is one.
    pub invite: Option<Door>,
    /// It can be joined with a password.
    pub password: bool,
    /// The room that this one goes on from.
    pub predecessor: Option<String>,
    /// The room in which this one goes on.
    pub successor: Option<String>,
    /// Everybody who is or was a member, as far as known.
    pub people: Vec<Person>,
    /// Number of members now.
    pub members: u32,
    /// The newest item that a list should show.
    pub last: Option<Item>,
    /// Messages of others not seen on any device of the account; 1000 stands for as many or more.
    pub unread: u32,
    /// Of them, those that mention the account.
    pub mentions: u32,
    /// The account has seen everything up to this number.
    pub read: u64,
    /// Marked as unread by hand.
    pub marked_unread: bool,
    /// What is being written, here or in another session.
    pub draft: String,
    /// Silent until then; 0 when it is not.
    pub muted: u64,
    /// What is worth a notification.
    pub notify: Notify,
    /// On top of the list.
    pub pinned: bool,
    /// Put away.
    pub archived: bool,
    /// History is still being fetched.
    pub syncing: bool,
    /// The account may no longer speak here, or the room could not be followed: one sentence.
    pub trouble: Option<String>,
    /// Who last signed that they see the same history as this device; absent before anybody else has spoken.
    pub confirmed: Option<Confirmed>,
    /// What was said before the account came in, and who vouches for it.
    pub vouched: Option<Vouched>,
}

/// Shortest time that messages may be kept for where they disappear: a minute, in seconds.
pub const RETENTION_S_MIN: u64 = 60;
/// Longest such time: a year, in seconds.
pub const RETENTION_S_MAX: u64 = 366 * 86_400;

/// Shortest time that an invite link may last, unless for ever: a minute, in seconds.
pub const INVITE_S_MIN: u64 = 60;
/// Longest such time: a year, in seconds.
pub const INVITE_S_MAX: u64 = 366 * 86_400;

/// A way into a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Door {
    /// Account that made it.
    pub by: String,
    /// That is this account.
    pub own: bool,
    /// It opens until then, milliseconds since 1970, or for ever. One that has expired is taken away soon after.
    pub until: Option<u64>,
}

/// How a room is pictured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Avatar {
    /// One emoji, at most 64 bytes of UTF-8; empty for the initials of the name.
    pub emoji: String,
    /// Number of a colour, 0 to 9.
    pub colour: u8,
}

/// What in a room is worth a notification.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[serde(rename_all = "camelCase")]
#[cbor(index_only)]
pub enum Notify {
    /// Every message.
    #[default]
    #[n(0)]
    All,
    /// Messages that mention the account.
    #[n(1)]
    Mentions,
    /// None.
    #[n(2)]
    Nothing,
}

/// What newcomers may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum History {
    /// Everything.
    All,
    /// What is said after they came in.
    FromJoin,
}

/// The newest word of another member that they see the same history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    /// Account id.
    pub account: String,
    /// When, by their clock.
    pub at: u64,
}

/// History from before the account came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vouched {
    /// Account of the member who let this one in.
    pub account: String,
    /// Items with a smaller sequence number are what that member said they were.
    pub before: u64,
}

/// A present or former member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Account id.
    pub account: String,
    /// Display name, or the username under which they were found; empty when neither is known yet.
    pub name: String,
    /// Role now.
    pub role: Role,
    /// This is the account itself.
    pub own: bool,
    /// Whether they are who they were.
    pub identity: Identity,
    /// This account does not want to hear of them.
    pub blocked: bool,
}

/// Whether a person is who they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Identity {
    /// The same as at first contact.
    Known,
    /// Compared by another way than the relay.
    Verified,
    /// Another than before, and not accepted yet.
    Changed {
        /// The old key has signed the change.
        signed: bool,
        /// Which identity it is, to be named when it is accepted.
        fingerprint: String,
    },
}

/// Role of a person in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// May change everything.
    Owner,
    /// May remove plain members, and change name, topic and ways in.
    Moderator,
    /// May speak.
    Member,
    /// Is no member any more.
    Former,
}

/// One line of a timeline.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Identity of the item: stable from composing to history.
    pub key: String,
    /// Place in the room log; absent while it is only on this device. Items without one come last, by time.
    pub seq: Option<u64>,
    /// When it was written, as its author says.
    pub at: u64,
    /// When the relay took it, as the relay says; absent for what is not in the log. Not told: only how long it stays depends on it.
    #[serde(skip)]
    pub received: Option<u64>,
    /// Account that wrote it.
    pub sender: String,
    /// It is the account's own.
    pub own: bool,
    /// What it is.
    pub body: Body,
    /// The message that it answers.
    pub reply: Option<Quote>,
    /// Accounts that it mentions.
    pub mentions: Vec<String>,
    /// The author did not write it first.
    pub forwarded: bool,
    /// What a link in it leads to.
    pub preview: Option<Preview>,
    /// When it was last edited, as its author says.
    pub edited: Option<u64>,
    /// In the order in which each emoji came first.
    pub reactions: Vec<Reaction>,
    /// It is pinned.
    pub pinned: bool,
}

impl Item {
    /// When it began to be there: nobody keeps a message by dating it ahead.
    pub(crate) fn since_ms(&self) -> u64 {
        self.received.map_or(self.at, |received| received.min(self.at))
    }

    /// The same place with nothing but another body.
    pub(crate) fn replaced(&self, body: Body) -> Self {
        let plain = Self::plain((self.key.clone(), self.seq), self.at, (self.sender.clone(), self.own), body);
        Self { received: self.received, ..plain }
    }

    /// An item with nothing but its body.
    pub(crate) fn plain(
        (key, seq): (String, Option<u64>),
        at: u64,
        (sender, own): (String, bool),
        body: Body,
    ) -> Self {
        Self {
            key,
            seq,
            at,
            received: None,
            sender,
            own,
            body,
            reply: None,
            mentions: Vec::new(),
            forwarded: false,
            preview: None,
            edited: None,
            reactions: Vec::new(),
            pinned: false,
        }
    }
}

/// Content of an item.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Body {
    /// A message.
    Text {
        /// Plain text.
        text: String,
        /// Way to the relay; always `sent` for others' messages.
        state: Sending,
    },
    /// The room was founded by the sender.
    Created,
    /// Somebody became a member: by link when it is the sender.
    Joined {
        /// Account id.
        account: String,
    },
    /// Somebody stopped being a member.
    Left {
        /// Account id.
        account: String,
    },
    /// Settings changed.
    Settings {
        /// New name, when that changed.
        name: Option<String>,
        /// New topic, when that changed; empty when it was taken away.
        topic: Option<String>,
        /// Another avatar.
        avatar: bool,
        /// Ways in were made, replaced or taken away.
        invite: bool,
        /// What newcomers may read, when that changed.
        history: Option<History>,
        /// After how many seconds messages disappear, when that changed; 0 for never.
        retention: Option<u64>,
    },
    /// The sender is called something else from here on.
    Named {
        /// The name before.
        before: String,
        /// The new one.
        name: String,
    },
    /// Somebody has another role.
    Role {
        /// Account id.
        account: String,
        /// Any but [`Role::Former`].
        role: Role,
    },
    /// A message that has disappeared, because the room keeps none for longer. Only a list shows it, as its newest.
    Expired,
    /// The room goes on in another one, which the sender opened.
    Moved {
        /// The other room.
        room: String,
    },
    /// A question with answers to choose from.
    Poll {
        /// The question.
        question: String,
        /// The answers, with who chose them.
        options: Vec<PollOption>,
        /// Several may be chosen.
        multiple: bool,
        /// Votes do not count any more.
        closed: bool,
        /// As for a text.
        state: Sending,
    },
    /// A message that was deleted for everyone.
    Deleted {
        /// Account that deleted it: its author, or a moderator.
        by: String,
    },
    /// A message that the operator of the relay removed.
    Removed {
        /// This device had read it before.
        said: bool,
    },
    /// Something that should not happen: shown, so that nothing is silently lost.
    Warning {
        /// `unreadable`, `forged`, `fork`, `refused_commit`, `gap`, `replay`, `late`.
        code: String,
    },
}

/// Way of an own message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Sending {
    /// Kept on this device, not acknowledged yet.
    Waiting,
    /// Durable at the relay.
    Sent,
    /// Refused.
    Failed {
        /// One sentence.
        message: String,
    },
}
