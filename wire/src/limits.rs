//! Every limit that relay and clients share, in bytes or counts. The relay enforces them before it spends memory.

/// Largest frame on the stream, either way.
pub const FRAME_BYTES: usize = 4 * 1024 * 1024;
/// Largest sealed message.
pub const MESSAGE_BYTES: usize = 128 * 1024;
/// Largest text of one message, UTF-8 bytes, before sealing.
pub const TEXT_BYTES: usize = 64 * 1024;
/// Largest sealed commit.
pub const COMMIT_BYTES: usize = 1024 * 1024;
/// Largest Welcome.
pub const WELCOME_BYTES: usize = 1024 * 1024;
/// Welcomes kept for one account in one room, of as many authors.
pub const WELCOMES: usize = 8;
/// Bytes of Welcomes in one answer; the first is given in any case.
pub const WELCOMES_BYTES: usize = 3 * 1024 * 1024;
/// Largest sealed public state (GroupInfo and ratchet tree of one epoch).
pub const PUBLIC_STATE_BYTES: usize = 2 * 1024 * 1024;
/// Largest sealed private snapshot.
pub const SNAPSHOT_BYTES: usize = 512 * 1024;
/// Largest keyring entry, history link or join package.
pub const LINK_BYTES: usize = 64 * 1024;
/// Largest account-data value, vault included.
pub const ACCOUNT_DATA_BYTES: usize = 64 * 1024;
/// Account-data values per account.
pub const ACCOUNT_DATA_COUNT: usize = 4096;
/// Largest key package.
pub const KEY_PACKAGE_BYTES: usize = 16 * 1024;
/// Largest statement posted in a room log: a rejoin request, a leave, a successor.
pub const POST_BYTES: usize = 16 * 1024;
/// Largest signal.
pub const SIGNAL_BYTES: usize = 4 * 1024;
/// Largest shared mark: a signal with the shortest padding.
pub const SHARED_MARK_BYTES: usize = 1024;
/// Largest own mark: a read position and a draft.
pub const OWN_MARK_BYTES: usize = 8 * 1024;
/// Bytes of own marks in the answer to hello; of further rooms they are asked for one by one.
pub const OWN_MARKS_BYTES: usize = 768 * 1024;
/// Marks that an account may put, and whose or which presence it may ask for, at once and per second.
pub const MARKS: (u32, u32) = (40, 10);
/// Accounts whose presence one connection watches.
pub const WATCHED_ACCOUNTS: usize = 200;
/// How exactly it is told when somebody was last there, milliseconds.
pub const LAST_SEEN_MS: u64 = 60_000;
/// Bytes of a frame for which rates of bytes charge one token, begun ones included.
pub const RATE_BYTES: usize = 4 * 1024;
/// Tokens of commits, new rooms and all that an account stores beside the log, at once and per second; each frame
/// charges one for each [`RATE_BYTES`] begun.
pub const STORES: (u32, u32) = (4096, 128);
/// Signals that an account may send at once, and per second.
pub const SIGNALS: (u32, u32) = (40, 10);
/// Messages and statements that an account may send at once, and per second; each charges one for each
/// [`RATE_BYTES`] begun.
pub const MESSAGES: (u32, u32) = (60, 20);
/// Commits, joins among them, that an account may send at once, and per second.
pub const COMMITS: (u32, u32) = (30, 2);
/// Seconds that are looked back on for the next three.
pub const ROOM_COMMITS_S: u64 = 24;
/// Commits in a room in that time by all members of level 0 together. Those of higher levels do not count.
pub const ROOM_COMMITS: usize = 8;
/// Of them, commits by one member.
pub const ROOM_COMMITS_EACH: usize = 4;
/// As many may be there before somebody who made none of them, and perhaps joins by one, has to wait.
pub const ROOM_COMMITS_ALL: usize = 16;
/// Tokens of searches for accounts that an account has at once, and per second.
pub const FINDS: (u32, u32) = (200, 1);
/// Tokens that one search takes: twenty at once, and one every ten seconds.
pub const FIND_TOKENS: u32 = 10;
/// Accounts that one account may block.
pub const BLOCKS: usize = 1000;
/// Candidates for the public state of one epoch in one answer.
pub const PUBLIC_STATE_CANDIDATES: usize = 4;
/// Bytes of candidates for the public state of one epoch in one answer; the first is given in any case.
pub const PUBLIC_STATES_BYTES: usize = 3 * 1024 * 1024;
/// Authors of candidates for one epoch, its commit's author included.
pub const PUBLISHED_AUTHORS: usize = 8;
/// Newest epochs, the first included, for which public states and join packages are kept in any case.
pub const JOIN_EPOCHS: usize = 8;
/// Of them, places that only members of level 1 or higher may take.
pub const PUBLISHED_RESERVED: usize = 4;
/// Identity change statements kept of one account, the newest ones.
pub const STATEMENTS: usize = 16;
/// Largest identity change statement.
pub const STATEMENT_BYTES: usize = 1024;
/// OPAQUE record of a room password, exactly.
pub const ROOM_RECORD_BYTES: usize = 192;
/// Largest sealed blob that a room password opens.
pub const ROOM_BLOB_BYTES: usize = 4 * 1024;
/// Entries in one page of the room log; a page also ends before it exceeds a quarter of [`FRAME_BYTES`].
pub const PAGE_ENTRIES: u32 = 500;
/// Entries that one request erases.
pub const ERASED_ENTRIES: usize = 64;
/// Keyring entries or history links in one page.
pub const PAGE_LINKS: u32 = 200;
/// Members of one room.
pub const ROOM_MEMBERS: usize = 500;
/// Rooms of one account.
pub const ROOMS_PER_ACCOUNT: usize = 1000;
/// Rooms of an account from which on others cannot add it to more: strangers must not fill its places.
pub const ROOMS_ADDED: usize = 500;
/// Join methods of one room: a link and a password.
pub const JOIN_METHODS: usize = 2;
/// Largest JSON body of a call that brings frames for a stream of events: one of the largest, in base64, or many small ones.
pub const FRAMES_JSON_BYTES: usize = FRAME_BYTES / 3 * 4 + 4 * 1024;
/// Largest JSON body of an account call that brings sealed things; others take less.
pub const JSON_BYTES: usize = 256 * 1024;
/// Username length in characters, see [`crate::username`].
pub const USERNAME_CHARS: core::ops::RangeInclusive<usize> = 3..=32;
/// Longest name of a session, in characters; see [`crate::text::is_line`].
pub const DEVICE_CHARS: usize = 64;
/// Recovery codes of an account when they are made.
pub const RECOVERY_CODES: usize = 10;
/// Shortest password, in characters. Clients enforce it: the relay never sees a password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest display or room name in characters.
pub const NAME_CHARS: usize = 80;
/// Entries of one page of the administration.
pub const ADMIN_PAGE: u32 = 100;
/// Longest reason or note of an administrator in characters.
pub const REASON_CHARS: usize = 500;
/// Longest announcement in characters.
pub const ANNOUNCEMENT_CHARS: usize = 2000;
/// Announcements that stand at once.
pub const ANNOUNCEMENTS: usize = 20;
/// Invite codes that work at once.
pub const INVITES: usize = 1000;
/// Accounts that one invite code may make.
pub const INVITE_USES: u32 = 1000;
/// Largest public key under which reports are sealed for an administrator.
pub const REPORT_KEY_BYTES: usize = 4 * 1024;
/// Largest sealed report.
pub const REPORT_BYTES: usize = 64 * 1024;
/// Administrators for whom one report is sealed.
pub const REPORT_COPIES: usize = 16;
/// Samples of the statistics that are kept, one every two seconds.
pub const STATISTICS_KEPT: usize = 120;
