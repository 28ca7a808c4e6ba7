//! What the person wants.

use serde::{Deserialize, Serialize};

use super::{AccountIntent, Avatar, History, Notify, Page, Preview, Role, Target};
#[cfg(doc)]
use super::{Failure, INVITE_S_MAX, INVITE_S_MIN, Notice, RETENTION_S_MAX, RETENTION_S_MIN, Reply};

/// What the person wants. Each intent is answered by exactly one [`Reply`] or [`Failure`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Intent {
    /// Ask what this relay is. Reply: [`Reply::ServerInfo`].
    ServerInfo,
    /// Be called something else in rooms. Reply: [`Reply::Done`].
    SetDisplayName {
        /// As typed; the username when empty.
        name: String,
    },
    /// Found a group. Reply: [`Reply::Room`].
    CreateRoom {
        /// Its name; sealed.
        name: String,
    },
    /// The invite link of a room, made if there is none of ours that opens. Reply: [`Reply::Invite`].
    CreateInvite {
        /// The room.
        room: String,
        /// It is to last for so many seconds from now on, from [`INVITE_S_MIN`] to [`INVITE_S_MAX`], or with 0 for ever. Absent: as it is,
        /// and 7 days for one that is made.
        lasts: Option<u64>,
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
        /// Said first, at most 64 kB of UTF-8: whoever is asked sees it beside the request.
        note: Option<String>,
    },
    /// Which account has this username, exactly. Reply: [`Reply::Account`].
    FindAccount {
        /// As typed.
        username: String,
    },
    /// Talk with whoever asked for it. Reply: [`Reply::Done`].
    AcceptRequest {
        /// The room of two that is a request.
        room: String,
    },
    /// Do not talk with whoever asked for it; the room goes. Reply: [`Reply::Done`].
    DeclineRequest {
        /// The room of two that is a request.
        room: String,
    },
    /// Hear nothing of somebody any more; their request goes. Reply: [`Reply::Done`].
    Block {
        /// Account id.
        account: String,
    },
    /// Hear of somebody again. Reply: [`Reply::Done`].
    Unblock {
        /// Account id.
        account: String,
    },
    /// Everybody with whom there is or was a room of two, or whose contact link was opened. Reply: [`Reply::Contacts`].
    Contacts,
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
        /// New avatar.
        avatar: Option<Avatar>,
        /// Messages disappear after so many seconds, those written before too; 0 keeps them. From [`RETENTION_S_MIN`] to
        /// [`RETENTION_S_MAX`] otherwise.
        retention: Option<u64>,
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
    /// Take the room's password away: nobody comes in by it any more. Reply: [`Reply::Done`].
    RemoveRoomPassword {
        /// The room.
        room: String,
    },
    /// Join by a room's name and password. Reply: [`Reply::Room`].
    JoinByPassword {
        /// As it was told, with the number behind it.
        name: String,
        /// The password.
        password: String,
    },
    /// Open a room's door by its name and password, without going in. Reply: [`Reply::Invite`], to look at and to join by.
    UnlockRoom {
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
        /// The message that it answers.
        reply: Option<Target>,
        /// Accounts that are mentioned, at most 64.
        mentions: Vec<String>,
        /// What a link in it leads to, as the author says.
        preview: Option<Preview>,
    },
    /// Put another text in place of one of the account's own. Reply: [`Reply::Done`].
    Edit {
        /// The room.
        room: String,
        /// The message.
        target: Target,
        /// At most 64 kB of UTF-8.
        text: String,
        /// Accounts that are mentioned, at most 64.
        mentions: Vec<String>,
    },
    /// Delete a message for everyone: one's own; in groups, with the role of a moderator or owner, anybody's. Reply: [`Reply::Done`].
    Delete {
        /// The room.
        room: String,
        /// The message.
        target: Target,
    },
    /// React to a message, or take that back. Reply: [`Reply::Done`].
    React {
        /// The room.
        room: String,
        /// The message.
        target: Target,
        /// One emoji, at most 32 bytes.
        emoji: String,
        /// Whether it is to be there.
        on: bool,
    },
    /// Pin a message, or take that back: in groups moderators and owners, in a room of two both. Reply: [`Reply::Done`].
    Pin {
        /// The room.
        room: String,
        /// The message.
        target: Target,
        /// Whether it is to be pinned.
        on: bool,
    },
    /// Ask the room a question. Reply: [`Reply::Done`] as for [`Intent::Send`].
    SendPoll {
        /// The room.
        room: String,
        /// At most 1000 bytes of UTF-8.
        question: String,
        /// 2 to 12 answers to choose from, all different, each at most 300 bytes of UTF-8.
        options: Vec<String>,
        /// Several may be chosen.
        multiple: bool,
    },
    /// Choose answers of a poll, in place of what was chosen before. Reply: [`Reply::Done`].
    Vote {
        /// The room.
        room: String,
        /// The poll.
        target: Target,
        /// Places of the chosen answers, from 0; none takes the vote back.
        choices: Vec<u32>,
    },
    /// End one's own poll: later votes do not count. Reply: [`Reply::Done`].
    ClosePoll {
        /// The room.
        room: String,
        /// The poll.
        target: Target,
    },
    /// Send the text of a message to another room, or to the same. Reply: [`Reply::Done`] as for [`Intent::Send`].
    Forward {
        /// The room.
        room: String,
        /// The message.
        target: Target,
        /// The room that gets it.
        to: String,
    },
    /// The pinned messages of a room, at most the 100 newest. Reply: [`Reply::Timeline`].
    Pinned {
        /// The room.
        room: String,
    },
    /// What a message said before it was edited. Reply: [`Reply::Edits`].
    EditHistory {
        /// The room.
        room: String,
        /// The message.
        target: Target,
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
    /// A page of a room's timeline. Reply: [`Reply::Timeline`].
    Timeline {
        /// The room.
        room: String,
        /// Which part of it.
        page: Page,
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
        /// Of the identity that was shown, if that is a changed one.
        fingerprint: Option<String>,
    },
    /// The safety number was compared and is the same. Reply: [`Reply::Done`]; `identity_not_shown` if that identity is not there any more.
    MarkVerified {
        /// Account id.
        account: String,
        /// What [`Reply::SafetyNumber`] told with the number.
        fingerprint: String,
    },
    /// Digits that are the same for all members of a room who see the same room. Reply: [`Reply::RoomCheckCode`].
    RoomCheckCode {
        /// The room.
        room: String,
    },
    /// A link that tells others who this account is. Reply: [`Reply::ContactLink`].
    ContactLink,
    /// Look at a contact link, without doing anything. Reply: [`Reply::Contact`].
    PreviewContactLink {
        /// The part of the link after `#/contact/`.
        link: String,
    },
    /// Know somebody by their contact link: verified, because it did not come from the relay. Reply: [`Reply::Contact`].
    OpenContactLink {
        /// The part of the link after `#/contact/`.
        link: String,
    },
    /// Take the new identity of an account for good. Reply: [`Reply::Done`]; `identity_not_shown` if that identity is not there any more.
    AcceptIdentity {
        /// Account id.
        account: String,
        /// What [`super::Identity::Changed`] told: only what was shown is accepted.
        fingerprint: String,
    },
    /// Everything up to this number was seen. Reply: [`Reply::Done`].
    Read {
        /// The room.
        room: String,
        /// Sequence number of the newest item seen.
        seq: u64,
    },
    /// Keep what is being written in a room, for all sessions of the account; empty when there is nothing. Kept on this device at
    /// once; drafts above 7,800 bytes stay there. Reply: [`Reply::Done`].
    SetDraft {
        /// The room.
        room: String,
        /// As typed.
        text: String,
        /// The person has stopped writing here: other sessions hear of it at once.
        done: bool,
    },
    /// Mark a room as unread by hand, until it is read. Reply: [`Reply::Done`].
    MarkUnread {
        /// The room.
        room: String,
    },
    /// Change how the account likes a room; what is absent stays. Reply: [`Reply::Done`].
    SetRoomPreferences {
        /// The room.
        room: String,
        /// Silent until then; 0 for not silent, 9999999999999 for good.
        muted: Option<u64>,
        /// What is worth a notification.
        notify: Option<Notify>,
        /// On top of the list.
        pinned: Option<bool>,
        /// Put away.
        archived: Option<bool>,
    },
    /// Change what others learn of the account, and it of them; what is absent stays. Reply: [`Reply::Done`].
    SetPreferences {
        /// Whether others see what was delivered and read; if not, theirs are not shown either.
        read_receipts: Option<bool>,
        /// Whether others see that the person is typing; likewise.
        typing: Option<bool>,
        /// Whether others see when the person is there; likewise.
        presence: Option<bool>,
    },
    /// Hear [`Notice::Presence`] of these accounts from now on, in place of earlier ones, at most 200. Reply: [`Reply::Done`].
    WatchPresence {
        /// Account ids.
        accounts: Vec<String>,
    },
    /// Let what is missing of the history wait, or go on. Rooms are kept up with where little is missing. Reply: [`Reply::Done`].
    PauseSync {
        /// Whether it is to wait; forgotten when nothing is missing any more.
        on: bool,
    },
    /// Show a message to the administrators of the relay, with the proof of who wrote it. Reply: [`Reply::Done`].
    Report {
        /// The room.
        room: String,
        /// Key of the timeline item.
        key: String,
        /// Why; sealed with it. At most 1000 characters.
        note: Option<String>,
    },
    /// Open and check a report that was sealed for this administrator. Reply: [`Reply::Report`].
    OpenReport {
        /// From the relay, base64url.
        sealed: String,
        /// The room of the reported entry, as the relay says.
        room: String,
        /// Id of that entry, as the relay says.
        entry: String,
        /// The account that sent the entry, as the relay says.
        sender: String,
        /// Its present and former identity keys, as the relay says, base64url.
        sender_keys: Vec<String>,
    },
    /// Begin or stop to hear [`Notice::Statistics`]; for administrators. Reply: [`Reply::Done`].
    WatchStatistics {
        /// Whether to hear them.
        on: bool,
    },
    /// About the account and its sessions.
    #[serde(untagged)]
    Account(AccountIntent),
}

impl Intent {
    /// To send a text that answers nothing and mentions nobody.
    pub fn text(room: String, text: String) -> Self {
        Self::Send { room, text, reply: None, mentions: Vec::new(), preview: None }
    }
}
