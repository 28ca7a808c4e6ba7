//! What a user interface says to the client and hears from it. Everything here crosses into TypeScript: names are
//! camelCase there, enums are unions with a `type` tag, ids are base64url strings, times are milliseconds since 1970.

use serde::{Deserialize, Serialize};
use waxwing_wire::account::RegistrationPolicy;

/// What the person wants. Each intent is answered by exactly one [`Reply`] or [`Failure`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Intent {
    /// Ask what this relay is. Reply: [`Reply::ServerInfo`].
    ServerInfo,
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
    },
    /// Prove the authenticator, which creates the account and logs in. Reply: [`Reply::Registered`].
    ConfirmTotp {
        /// Six digits.
        code: String,
    },
    /// Log in. Reply: [`Reply::TotpRequired`].
    LogIn {
        /// As typed.
        username: String,
        /// As typed; stays in the client.
        password: String,
    },
    /// Second factor of a login. Reply: [`Reply::Done`], and [`Notice::Session`] follows.
    SubmitTotp {
        /// Six digits.
        code: String,
    },
    /// End the session and forget everything on this device. Reply: [`Reply::LoggedOut`].
    LogOut,
    /// Change the password. Ends all other sessions. Reply: [`Reply::Rotated`].
    ChangePassword {
        /// As typed; stays in the client.
        password: String,
        /// As typed; stays in the client.
        new_password: String,
        /// Six digits.
        code: String,
    },
    /// Replace every key of the account, because somebody may have them. Ends all other sessions. Reply: [`Reply::Rotated`]; rooms
    /// follow by themselves.
    Rotate {
        /// As typed; stays in the client.
        password: String,
        /// As typed; stays in the client.
        new_password: String,
        /// Six digits.
        code: String,
    },
    /// Found a group. Reply: [`Reply::Room`].
    CreateRoom {
        /// Its name; sealed.
        name: String,
    },
    /// The invite link of a room, made if there is none of ours yet. Reply: [`Reply::Invite`].
    CreateInvite {
        /// The room.
        room: String,
    },
    /// Look at what an invite leads to. Reply: [`Reply::InvitePreview`].
    PreviewInvite {
        /// The part of the link after `#/join/`.
        invite: String,
    },
    /// Join by an invite. Reply: [`Reply::Room`].
    JoinRoom {
        /// The part of the link after `#/join/`.
        invite: String,
    },
    /// Open a room of two with somebody, or find the one that exists. Reply: [`Reply::Room`].
    CreateDirect {
        /// Account of the other one.
        account: String,
    },
    /// Bring somebody in. Reply: [`Reply::Done`].
    AddMember {
        /// The room.
        room: String,
        /// Account to bring in.
        account: String,
    },
    /// Put somebody out; links and passwords of the room stop working. Reply: [`Reply::Done`].
    RemoveMember {
        /// The room.
        room: String,
        /// Account to put out.
        account: String,
    },
    /// Give a member another role. Reply: [`Reply::Done`].
    SetRole {
        /// The room.
        room: String,
        /// The member.
        account: String,
        /// Any but [`Role::Former`].
        role: Role,
    },
    /// Change what a room is called and says; what is absent stays. Reply: [`Reply::Done`].
    EditRoom {
        /// The room.
        room: String,
        /// New name.
        name: Option<String>,
        /// New topic.
        topic: Option<String>,
        /// What newcomers may read.
        history: Option<History>,
    },
    /// Make the invite link stop working. Reply: [`Reply::Done`].
    RevokeInvite {
        /// The room.
        room: String,
    },
    /// Give the room a password, in place of an earlier one. Reply: [`Reply::RoomPassword`].
    SetRoomPassword {
        /// The room.
        room: String,
        /// Chosen; a good one is made when absent.
        password: Option<String>,
    },
    /// Join by a room's name and password. Reply: [`Reply::Room`].
    JoinByPassword {
        /// As it was told, with the number behind it.
        name: String,
        /// The password.
        password: String,
    },
    /// Leave a room; it disappears from this account. Reply: [`Reply::Done`].
    LeaveRoom {
        /// The room.
        room: String,
    },
    /// Go on in a new room with the members of one that cannot be used any more. Reply: [`Reply::Room`], the new one.
    OpenSuccessor {
        /// The room to go on from.
        room: String,
        /// Accounts that are not taken along.
        without: Vec<String>,
    },
    /// Send a text. Reply: [`Reply::Done`] as soon as it is kept on this device; its item then changes state.
    Send {
        /// The room.
        room: String,
        /// At most 64 kB of UTF-8.
        text: String,
    },
    /// Try a failed message again. Reply: [`Reply::Done`].
    Retry {
        /// The room.
        room: String,
        /// Key of the timeline item.
        key: String,
    },
    /// Give a failed message up. Reply: [`Reply::Done`].
    Discard {
        /// The room.
        room: String,
        /// Key of the timeline item.
        key: String,
    },
    /// A page of a room's timeline, newest first page when `before` is absent. Reply: [`Reply::Timeline`].
    Timeline {
        /// The room.
        room: String,
        /// Only items with a smaller sequence number.
        before: Option<u64>,
        /// At most so many.
        limit: u32,
    },
    /// Tell a room that the person is typing; as often as keys are pressed. Reply: [`Reply::Done`].
    Typing {
        /// The room.
        room: String,
    },
    /// The number to compare with somebody. Reply: [`Reply::SafetyNumber`].
    SafetyNumber {
        /// Account id.
        account: String,
    },
    /// The safety number was compared and is the same. Reply: [`Reply::Done`].
    MarkVerified {
        /// Account id.
        account: String,
    },
    /// Digits that are the same for all members of a room who see the same room. Reply: [`Reply::RoomCheckCode`].
    RoomCheckCode {
        /// The room.
        room: String,
    },
    /// A link that tells others who this account is. Reply: [`Reply::ContactLink`].
    ContactLink,
    /// Know somebody by their contact link: verified, because it did not come from the relay. Reply: [`Reply::Contact`].
    OpenContactLink {
        /// The part of the link after `#/contact/`.
        link: String,
    },
    /// Take the new identity of an account for good. Reply: [`Reply::Done`].
    AcceptIdentity {
        /// Account id.
        account: String,
    },
    /// Everything up to this number was seen. Reply: [`Reply::Done`].
    Read {
        /// The room.
        room: String,
        /// Sequence number of the newest item seen.
        seq: u64,
    },
}

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
        /// The first account must be made with the setup link.
        setup_required: bool,
        /// Who may create an account.
        registration: RegistrationPolicy,
    },
    /// For the authenticator app.
    TotpEnrolment {
        /// Base32.
        secret: String,
        /// For the QR code.
        uri: String,
    },
    /// The account exists and is logged in.
    Registered {
        /// To be written down; shown only now.
        recovery_key: String,
    },
    /// The account has a new password, or new keys; the old recovery key opens nothing any more.
    Rotated {
        /// To be written down; shown only now.
        recovery_key: String,
    },
    /// The password was right; now the code.
    TotpRequired,
    /// A room was made or joined.
    Room {
        /// Its id.
        room: String,
    },
    /// An invite.
    Invite {
        /// To be put after `#/join/`.
        invite: String,
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
        /// Account id.
        account: String,
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
    },
}

/// An intent that could not be done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// A stable code: one of the relay's, or one of the client's own (`offline`, `weak_password`, `bad_username`,
    /// `bad_invite`, `too_long`, `empty`, `no_such_room`, `wrong_step`, `damaged`, `name_too_long`, `identity_changed`,
    /// `account_rolled_back`).
    pub code: String,
    /// One sentence in English: what happened and what to do.
    pub message: String,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

/// What the client tells without being asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Notice {
    /// Who is logged in on this device; absent when nobody is.
    Session {
        /// The account.
        me: Option<Me>,
        /// Why the session ended, when it ended by itself.
        reason: Option<String>,
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
}

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
    /// What newcomers may read.
    pub history: History,
    /// An invite link exists.
    pub invite: bool,
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
    /// Messages of others not seen on this device.
    pub unread: u32,
    /// History is still being fetched.
    pub syncing: bool,
    /// The account may no longer speak here, or the room could not be followed: one sentence.
    pub trouble: Option<String>,
    /// Who last signed that they see the same history as this device; absent before anybody else has spoken.
    pub confirmed: Option<Confirmed>,
    /// What was said before the account came in, and who vouches for it.
    pub vouched: Option<Vouched>,
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
    /// Display name; empty when not known yet.
    pub name: String,
    /// Role now.
    pub role: Role,
    /// This is the account itself.
    pub own: bool,
    /// Whether they are who they were.
    pub identity: Identity,
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

/// Whether a person is who they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Account that wrote it.
    pub sender: String,
    /// It is the account's own.
    pub own: bool,
    /// What it is.
    pub body: Body,
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
        /// The invite link was made or replaced.
        invite: bool,
    },
    /// The room goes on in another one, which the sender opened.
    Moved {
        /// The other room.
        room: String,
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

/// These carry passwords, codes, keys and texts, so `Debug` shows none of their content.
macro_rules! redacted {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(Intent Reply Notice Room Item Body);
