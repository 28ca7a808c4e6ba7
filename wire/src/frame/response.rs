//! What the relay answers and pushes.

use minicbor::{Decode, Encode};

use super::{
    AccountDatum, Announcement, HistoryLink, KeyPackageRecord, KeyringEntry, LogEntry, ReportKey,
    RoomSummary, Snapshot, request::Request,
};
use crate::{
    AccountId, EpochId, Opaque, RoomId, Seq, account::KsfParams, admin::Statistics, ids::RoomLoginId,
};

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// The connection is ready.
    #[n(0)]
    Hello {
        /// The account behind the session.
        #[n(0)]
        account: AccountId,
        /// Every room of the account.
        #[n(1)]
        rooms: Vec<RoomSummary>,
        /// The relay's clock, milliseconds since 1970.
        #[n(2)]
        now_ms: u64,
        /// What the operator tells everybody now, the newest first; at most [`crate::limits::ANNOUNCEMENTS`].
        #[n(3)]
        announcements: Vec<Announcement>,
    },
    /// It is durable.
    #[n(1)]
    Done,
    /// It is durable, at this place.
    #[n(2)]
    Appended {
        /// Number of the entry.
        #[n(0)]
        seq: Seq,
    },
    /// A page of the log.
    #[n(3)]
    Entries {
        /// In order, without gaps, beginning right after the number asked for.
        #[n(0)]
        entries: Vec<LogEntry>,
        /// Number of the newest entry of the room.
        #[n(1)]
        last_seq: Seq,
    },
    /// The snapshot, if there is one.
    #[n(4)]
    Snapshot(#[n(0)] Option<Snapshot>),
    /// Candidates for the public state: the asker's own first, then the commit author's, then others; at most
    /// [`crate::limits::PUBLIC_STATE_CANDIDATES`] and [`crate::limits::PUBLIC_STATES_BYTES`] in all.
    #[n(5)]
    PublicStates(#[n(0)] Vec<Opaque>),
    /// A page of the keyring; an empty page ends it.
    #[n(6)]
    Keyring(#[n(0)] Vec<KeyringEntry>),
    /// A page of history links with all candidates of each epoch; an empty page ends it.
    #[n(7)]
    HistoryLinks(#[n(0)] Vec<HistoryLink>),
    /// For whoever joins.
    #[n(8)]
    JoinInfo {
        /// The epoch.
        #[n(0)]
        epoch: EpochId,
        /// Number of the commit entry that made it; 0 for a room's first.
        #[n(1)]
        commit: Seq,
        /// Number of the room's newest commit entry.
        #[n(2)]
        last_commit: Seq,
        /// Candidates for the sealed public state of the epoch, the commit author's first, bounded as in
        /// [`Self::PublicStates`].
        #[n(3)]
        public_states: Vec<Opaque>,
        /// Join packages for the method, of that epoch.
        #[n(4)]
        packages: Vec<Opaque>,
        /// Number of the room's newest entry, so that whoever joins signs the newest position.
        #[n(5)]
        last_seq: Seq,
    },
    /// All sealed account objects.
    #[n(9)]
    AccountData(#[n(0)] Vec<AccountDatum>),
    /// The key package, if there is one.
    #[n(10)]
    KeyPackage(#[n(0)] Option<KeyPackageRecord>),
    /// Welcomes for the account, the newest of each author, at most [`crate::limits::WELCOMES`]: those of members of a
    /// higher level first, then the newest. Only the first may make the answer large.
    #[n(11)]
    Welcomes(#[n(0)] Vec<Opaque>),
    /// Members as the relay knows them.
    #[n(12)]
    Members(#[n(0)] Vec<AccountId>),
    /// What has been published for an epoch. Empty when the relay has nothing of it any more.
    #[n(13)]
    Published {
        /// The commit author's first.
        #[n(0)]
        links: Vec<HistoryLink>,
        /// As in [`Self::PublicStates`].
        #[n(1)]
        public_states: Vec<Opaque>,
    },
    /// OPAQUE RegistrationResponse.
    #[n(14)]
    RoomPassword(#[n(0)] Opaque),
    /// The room password is being tried. For an unknown handle it has the same shape and size.
    #[n(15)]
    RoomLogin {
        /// Names this attempt in the second step.
        #[n(0)]
        login: RoomLoginId,
        /// OPAQUE KE2.
        #[n(1)]
        opaque_response: Opaque,
        /// Parameters of this record.
        #[n(2)]
        ksf: KsfParams,
    },
    /// The room password was right.
    #[n(16)]
    RoomUnlocked {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// What the password opens.
        #[n(1)]
        sealed: Opaque,
    },
    /// The account's own newest leave statement as it stands in the log. None if there is none, or if the account is a
    /// member. It may end an earlier membership than the one that the asker remembers: the leaf in it tells.
    #[n(17)]
    OwnLeave(#[n(0)] Option<LogEntry>),
    /// The marks of a room.
    #[n(40)]
    Marks {
        /// The shared marks of all members that have one.
        #[n(0)]
        shared: Vec<(AccountId, Opaque)>,
        /// The account's own mark.
        #[n(1)]
        own: Option<Opaque>,
    },
    /// Who is there.
    #[n(41)]
    Presence(#[n(0)] Vec<Presence>),
    /// The account of a username, if somebody has it.
    #[n(50)]
    Account(#[n(0)] Option<AccountId>),
    /// Keys of administrators, under which reports are sealed.
    #[n(60)]
    ReportKeys(#[n(0)] Vec<ReportKey>),
}

impl Response {
    /// Whether this is of the kind that a request is answered with. A client takes anything else for a broken relay.
    pub fn answers(&self, request: &Request) -> bool {
        match request {
            Request::Hello { .. } => matches!(self, Self::Hello { .. }),
            Request::Append(_) | Request::Commit(_) | Request::Post(_) => {
                matches!(self, Self::Appended { .. })
            }
            Request::CreateRoom(_)
            | Request::PutSnapshot { .. }
            | Request::PutKeyring { .. }
            | Request::PutAccountData(_)
            | Request::DropAccountData(_)
            | Request::PutKeyPackage(_)
            | Request::PutPublished(_)
            | Request::Signal { .. }
            | Request::Erase { .. }
            | Request::PutMarks { .. }
            | Request::SharePresence(_)
            | Request::PutBlocks(_)
            | Request::SetRetention { .. }
            | Request::WatchStatistics(_)
            | Request::PutReportKey(_)
            | Request::Report { .. }
            | Request::Ping => matches!(self, Self::Done),
            Request::Marks(_) => matches!(self, Self::Marks { .. }),
            Request::WatchPresence(_) => matches!(self, Self::Presence(_)),
            Request::ReportKeys => matches!(self, Self::ReportKeys(_)),
            Request::Entries { .. } => matches!(self, Self::Entries { .. }),
            Request::Snapshot { .. } => matches!(self, Self::Snapshot(_)),
            Request::PublicState { .. } => matches!(self, Self::PublicStates(_)),
            Request::Keyring { .. } => matches!(self, Self::Keyring(_)),
            Request::HistoryLinks { .. } => matches!(self, Self::HistoryLinks(_)),
            Request::JoinInfo { .. } => matches!(self, Self::JoinInfo { .. }),
            Request::AccountData => matches!(self, Self::AccountData(_)),
            Request::KeyPackage(_) => matches!(self, Self::KeyPackage(_)),
            Request::Welcome(_) => matches!(self, Self::Welcomes(_)),
            Request::Members(_) => matches!(self, Self::Members(_)),
            Request::Published { .. } => matches!(self, Self::Published { .. }),
            Request::RoomPasswordStart { .. } => matches!(self, Self::RoomPassword(_)),
            Request::RoomLoginStart { .. } => matches!(self, Self::RoomLogin { .. }),
            Request::RoomLoginFinish { .. } => matches!(self, Self::RoomUnlocked { .. }),
            Request::FindAccount { .. } => matches!(self, Self::Account(_)),
            Request::OwnLeave(_) => matches!(self, Self::OwnLeave(_)),
        }
    }
}

/// Hints pushed by the relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// A new entry of a room.
    #[n(0)]
    Entry {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The entry.
        #[n(1)]
        entry: LogEntry,
    },
    /// A room has entries up to this number; some were not pushed.
    #[n(1)]
    News {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Number of the newest entry.
        #[n(1)]
        last_seq: Seq,
    },
    /// The account has become a member of a room, or is let in again by a new Welcome.
    #[n(2)]
    RoomAdded(#[n(0)] RoomSummary),
    /// The account is no longer a member of a room.
    #[n(3)]
    RoomRemoved(#[n(0)] RoomId),
    /// A member signals something that is true for a moment, like typing.
    #[n(4)]
    Signal {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Who, as the relay saw it.
        #[n(1)]
        sender: AccountId,
        /// Sealed.
        #[n(2)]
        bytes: Opaque,
    },
    /// Something happened to the account itself.
    #[n(5)]
    Account(#[n(0)] AccountEvent),
    /// The session of this stream has ended; the stream is closed next.
    #[n(6)]
    SessionEnded {
        /// Why.
        #[n(0)]
        reason: EndReason,
    },
    /// Another session of the account took over; the stream is closed next, and the session goes on.
    #[n(7)]
    Displaced,
    /// The account of a member is gone from this relay, without a leave signed by it.
    #[n(8)]
    MemberGone {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Who was a member.
        #[n(1)]
        account: AccountId,
    },
    /// A member has another shared mark.
    #[n(40)]
    Mark {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Whose, as the relay saw it.
        #[n(1)]
        account: AccountId,
        /// Sealed.
        #[n(2)]
        shared: Opaque,
    },
    /// Another session of the account has put another own mark.
    #[n(41)]
    OwnMark {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Sealed.
        #[n(1)]
        own: Opaque,
    },
    /// Somebody whose presence is watched came, went, or shares it no more.
    #[n(42)]
    Presence(#[n(0)] Presence),
    /// Another session of the account has stored or dropped account objects.
    #[n(43)]
    AccountDataChanged,
    /// What the operator tells everybody has changed: all of it as it is now, the newest first.
    #[n(60)]
    Announcements(#[n(0)] Vec<Announcement>),
    /// The relay's numbers, for an administrator who watches them.
    #[n(61)]
    Statistics(#[n(0)] Box<Statistics>),
    /// An entry's bytes were removed by the operator: what is left of it, a tombstone.
    #[n(62)]
    EntryRemoved {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Its place in the log and its digest.
        #[n(1)]
        entry: LogEntry,
    },
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Presence {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// Connected now.
    #[n(1)]
    pub online: bool,
    /// When they were last there, to the minute, milliseconds since 1970; absent when they are there, or do not tell.
    #[n(2)]
    pub last_seen_ms: Option<u64>,
}

/// What happens to an account while it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AccountEvent {
    /// An administrator let it in.
    #[n(0)]
    Approved,
    /// An administrator removed its authenticator.
    #[n(1)]
    TotpReset,
    /// Somebody logged in with a recovery code.
    #[n(2)]
    RecoveryCodeUsed,
    /// It may administrate this relay now.
    #[n(3)]
    Promoted,
    /// It may no longer administrate this relay.
    #[n(4)]
    Demoted,
    /// Somebody gave its password, and then too many wrong codes.
    #[n(5)]
    CodeGuessed,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EndReason {
    /// The person logged out.
    #[n(0)]
    LoggedOut,
    /// Another session of the account ended it, or its credentials changed.
    #[n(1)]
    Ended,
    /// An administrator banned the account.
    #[n(2)]
    Banned,
    /// An administrator ended the sessions of the account.
    #[n(3)]
    Kicked,
    /// The account was deleted.
    #[n(4)]
    Deleted,
    /// An administrator did not let the account in; it is gone.
    #[n(5)]
    Refused,
    /// It was too old.
    #[n(6)]
    Expired,
}
