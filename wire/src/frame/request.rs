//! What clients ask.

use minicbor::{Decode, Encode};

use super::{
    AccountDatum, Append, Commit, CreateRoom, Cursor, JoinProof, KeyringEntry, Post, PutPublished,
    ReportCopy, Snapshot,
};
use crate::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    ids::{DataName, RoomHandle, RoomLoginId},
};

/// What a client may ask on the stream. What names a room needs membership of it, but for [`Request::JoinInfo`], a
/// [`Commit`] with a proof, [`Request::OwnLeave`], and the two steps of a room password.
///
/// The relay cannot read a room's roles. It keeps a level for each member instead: 0 plain, 1 moderator, 2 owner. A
/// room's creator begins at 2, whoever is added at 0. [`Commit::levels`] needs level 2, changing join methods or
/// setting a room password level 1; removing others takes level 2, or level 1 if they are of level 0. Where nobody
/// has level 2, the highest level there is may do all.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// First request of a connection; from here on events flow. Answer: [`Response::Hello`](super::Response::Hello), or
    /// [`crate::ProblemCode::Displaced`] where only one session of an account may be live and another is. With
    /// `retry_after_s` it was taken over a moment ago: wait that long, then take over.
    #[n(0)]
    Hello {
        /// How far the client has read.
        #[n(0)]
        cursors: Vec<Cursor>,
        /// Displaces the streams of other sessions. For a person who logs in, opens the app or says so; never for a
        /// connection that is merely made again, or two devices would displace each other for ever.
        #[n(1)]
        take_over: bool,
    },
    /// Answer: [`Response::Done`](super::Response::Done). Idempotent for the same author and epoch.
    #[n(1)]
    CreateRoom(#[n(0)] Box<CreateRoom>),
    /// Answer: [`Response::Appended`](super::Response::Appended).
    #[n(2)]
    Append(#[n(0)] Append),
    /// Answer: [`Response::Appended`](super::Response::Appended).
    #[n(3)]
    Commit(#[n(0)] Box<Commit>),
    /// Entries with `seq > after`, in order. Answer: [`Response::Entries`](super::Response::Entries).
    #[n(4)]
    Entries {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Number of the last entry held.
        #[n(1)]
        after: Seq,
        /// At most so many, see [`crate::limits::PAGE_ENTRIES`].
        #[n(2)]
        limit: u32,
    },
    /// The account's own snapshot of one epoch, or its newest. Answer: [`Response::Snapshot`](super::Response::Snapshot).
    #[n(5)]
    Snapshot {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The epoch; the newest when absent.
        #[n(1)]
        epoch: Option<EpochId>,
    },
    /// Stores a snapshot, in place of the account's earlier one of the same epoch; the newest by commit number is the
    /// newest. Answer: [`Response::Done`](super::Response::Done).
    #[n(6)]
    PutSnapshot {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The snapshot.
        #[n(1)]
        snapshot: Snapshot,
    },
    /// Candidates for the sealed public state of one epoch. Answer: [`Response::PublicStates`](super::Response::PublicStates).
    #[n(7)]
    PublicState {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The epoch.
        #[n(1)]
        epoch: EpochId,
    },
    /// The account's keyring of a room, newest epochs first: entries with `commit < before`. Answer: [`Response::Keyring`](super::Response::Keyring).
    #[n(8)]
    Keyring {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Upper end, exclusive; [`u64::MAX`] for the first page.
        #[n(1)]
        before: Seq,
    },
    /// Adds keyring entries; one takes the place of the account's earlier one of the same epoch. Answer: [`Response::Done`](super::Response::Done).
    #[n(9)]
    PutKeyring {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The entries.
        #[n(1)]
        entries: Vec<KeyringEntry>,
    },
    /// History links, newest epochs first: links with `commit < before`. Answer: [`Response::HistoryLinks`](super::Response::HistoryLinks).
    #[n(10)]
    HistoryLinks {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Upper end, exclusive; [`u64::MAX`] for the first page.
        #[n(1)]
        before: Seq,
    },
    /// What a holder of a join method needs, of the newest epoch whose commit number is below `before`.
    /// Answer: [`Response::JoinInfo`](super::Response::JoinInfo).
    #[n(11)]
    JoinInfo {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Proof.
        #[n(1)]
        proof: JoinProof,
        /// Upper end, exclusive; [`u64::MAX`] for the newest epoch. The last [`crate::limits::JOIN_EPOCHS`] are kept.
        #[n(2)]
        before: Seq,
    },
    /// All sealed account objects. Answer: [`Response::AccountData`](super::Response::AccountData).
    #[n(12)]
    AccountData,
    /// Stores a sealed account object; `version` must be one more than the stored one (1 for a new one), else [`crate::ProblemCode::Conflict`]. Answer: [`Response::Done`](super::Response::Done).
    #[n(13)]
    PutAccountData(#[n(0)] AccountDatum),
    /// Replaces the account's key package. Answer: [`Response::Done`](super::Response::Done).
    #[n(14)]
    PutKeyPackage(#[n(0)] Opaque),
    /// Key package of an account. Answer: [`Response::KeyPackage`](super::Response::KeyPackage).
    #[n(15)]
    KeyPackage(#[n(0)] AccountId),
    /// Welcomes for this account in a room. Answer: [`Response::Welcomes`](super::Response::Welcomes).
    #[n(16)]
    Welcome(#[n(0)] RoomId),
    /// Members as the relay knows them, to be compared with the roster. Answer: [`Response::Members`](super::Response::Members).
    #[n(17)]
    Members(#[n(0)] RoomId),
    /// A plain statement. Answer: [`Response::Appended`](super::Response::Appended).
    #[n(18)]
    Post(#[n(0)] Post),
    /// Own candidates for what belongs to an epoch. What the author published for it before stays; naming another epoch
    /// for the same commit is a [`crate::ProblemCode::Conflict`], a public state or package for an epoch too old for them
    /// [`crate::ProblemCode::TooOld`]. Answer: [`Response::Done`](super::Response::Done).
    #[n(19)]
    PutPublished(#[n(0)] Box<PutPublished>),
    /// What has been published for an epoch. Answer: [`Response::Published`](super::Response::Published).
    #[n(20)]
    Published {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The epoch.
        #[n(1)]
        epoch: EpochId,
    },
    /// Passes bytes on to the members who are connected now; they are never stored. Answer: [`Response::Done`](super::Response::Done).
    #[n(21)]
    Signal {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Sealed, at most [`crate::limits::SIGNAL_BYTES`].
        #[n(1)]
        bytes: Opaque,
    },
    /// Whether the connection is alive. Answer: [`Response::Done`](super::Response::Done).
    #[n(22)]
    Ping,
    /// Forgets account objects; names that are not there are no error. Answer: [`Response::Done`](super::Response::Done).
    #[n(23)]
    DropAccountData(#[n(0)] Vec<DataName>),
    /// First half of setting a room password, whose second half is the join method of a commit.
    /// Answer: [`Response::RoomPassword`](super::Response::RoomPassword).
    #[n(24)]
    RoomPasswordStart {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Under which it will be reached.
        #[n(1)]
        handle: RoomHandle,
        /// OPAQUE RegistrationRequest.
        #[n(2)]
        opaque_request: Opaque,
    },
    /// Tries a room password, first step. Answer: [`Response::RoomLogin`](super::Response::RoomLogin), for an unknown handle too.
    #[n(25)]
    RoomLoginStart {
        /// Made of the room's name.
        #[n(0)]
        handle: RoomHandle,
        /// OPAQUE KE1.
        #[n(1)]
        opaque_request: Opaque,
    },
    /// Tries a room password, second step. Answer: [`Response::RoomUnlocked`](super::Response::RoomUnlocked), or
    /// [`crate::ProblemCode::WrongCredentials`].
    #[n(26)]
    RoomLoginFinish {
        /// From the first step; works once, on this connection.
        #[n(0)]
        login: RoomLoginId,
        /// OPAQUE KE3.
        #[n(1)]
        opaque_finalization: Opaque,
    },
    /// The newest leave statement of this account in a room of which it is not a member now: so another session learns,
    /// with proof, that its own account left. Answer: [`Response::OwnLeave`](super::Response::OwnLeave), also for a room
    /// that the account knows nothing of.
    #[n(27)]
    OwnLeave(#[n(0)] RoomId),
    /// Erases the ciphertext of messages: of one's own, or with level 1 of anybody's. Digest and chain stay; members hear of it as
    /// of what the operator removes, by [`Event::EntryRemoved`](super::Event::EntryRemoved). What is erased already stays so.
    /// Answer: [`Response::Done`](super::Response::Done).
    #[n(28)]
    Erase {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Numbers of the entries, at most [`crate::limits::ERASED_ENTRIES`].
        #[n(1)]
        seqs: Vec<Seq>,
    },
    /// Keeps what is given, each in place of the account's earlier one in this room: the shared mark is told to the
    /// members, the own mark to the account's other sessions. Gone with the membership. Answer:
    /// [`Response::Done`](super::Response::Done).
    #[n(40)]
    PutMarks {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Sealed for the members, at most [`crate::limits::SHARED_MARK_BYTES`].
        #[n(1)]
        shared: Option<Opaque>,
        /// Sealed for the account itself, at most [`crate::limits::OWN_MARK_BYTES`].
        #[n(2)]
        own: Option<Opaque>,
    },
    /// The marks of a room. Answer: [`Response::Marks`](super::Response::Marks).
    #[n(41)]
    Marks(#[n(0)] RoomId),
    /// Whose presence this connection is told from now on, in place of earlier ones: at most
    /// [`crate::limits::WATCHED_ACCOUNTS`], of which only those count that one shares a room with. Answer:
    /// [`Response::Presence`](super::Response::Presence), of those that share theirs; nobody's if the account itself does not.
    #[n(42)]
    WatchPresence(#[n(0)] Vec<AccountId>),
    /// Whether others are told when the account is there, and it is told of others; kept. Answer:
    /// [`Response::Done`](super::Response::Done).
    #[n(43)]
    SharePresence(#[n(0)] bool),
    /// Which account has this username, exactly. Guests and accounts that are not let in yet are not found, and nobody is
    /// while somebody asks too often. Answer: [`Response::Account`](super::Response::Account).
    #[n(50)]
    FindAccount {
        /// As typed; the relay normalises it, see [`crate::username`].
        #[n(0)]
        username: String,
    },
    /// Accounts that may not add this one to rooms, in place of those named before; at most [`crate::limits::BLOCKS`].
    /// Answer: [`Response::Done`](super::Response::Done).
    #[n(51)]
    PutBlocks(#[n(0)] Vec<AccountId>),
    /// For how long messages of a room are kept: the relay erases older ones, those written before too, within a minute or so and
    /// tells nobody, because clients do the same by themselves. Needs level 2. Answer: [`Response::Done`](super::Response::Done).
    #[n(29)]
    SetRetention {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// So many seconds; 0 keeps messages.
        #[n(1)]
        seconds: u64,
    },
    /// Whether [`Event::Statistics`](super::Event::Statistics) are pushed on this connection, now and every two seconds; for
    /// administrators. Answer: [`Response::Done`](super::Response::Done).
    #[n(60)]
    WatchStatistics(#[n(0)] bool),
    /// Replaces the key under which reports are sealed for this account; for administrators. Answer: [`Response::Done`](super::Response::Done).
    #[n(61)]
    PutReportKey(#[n(0)] Opaque),
    /// Keys of all administrators who have one. Answer: [`Response::ReportKeys`](super::Response::ReportKeys).
    #[n(62)]
    ReportKeys,
    /// Reports a message to the operator. A second report of the same entry by the same account replaces the first while
    /// that is open. Answer: [`Response::Done`](super::Response::Done).
    #[n(63)]
    Report {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Number of the entry.
        #[n(1)]
        seq: Seq,
        /// One for each administrator who may read it, at most [`crate::limits::REPORT_COPIES`].
        #[n(2)]
        sealed: Vec<ReportCopy>,
    },
}
