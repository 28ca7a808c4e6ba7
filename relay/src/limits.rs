//! Limits of the relay itself, beside those of [`waxwing_wire::limits`] that it shares with clients.

use std::time::Duration;

/// Jobs waiting for the writer before callers are held back.
pub const WRITE_QUEUE: usize = 1024;
/// Bytes of request bodies waiting for the writer or for fan-out, over all connections.
pub const WRITE_QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// Jobs in one transaction of the writer.
pub const WRITE_BATCH: usize = 512;
/// Notices waiting for fan-out before the writer is held back.
pub const NOTICE_QUEUE: usize = 4096;
/// Connections that read the database, each on a blocking thread while in use.
pub const READERS: usize = 4;

/// Bytes that the requests of one stream may have in flight; a read counts as the largest answer of its kind.
pub const IN_FLIGHT_BYTES: usize = 8 * 1024 * 1024;
/// What the smallest request counts for, so that their number is bounded too.
pub const LEAST_COST: usize = 16 * 1024;
/// Events waiting for one stream before it is told [`waxwing_wire::frame::Event::News`] instead.
pub const EVENT_QUEUE: usize = 512;
/// Bytes of events waiting for one stream, likewise.
pub const EVENT_QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Changes of membership that may arrive while a stream says hello.
pub const PENDING_CHANGES: usize = 4096;
/// Live streams of one account.
pub const STREAMS_PER_ACCOUNT: usize = 32;
/// Frames in one call for a stream of events.
pub const FRAMES_PER_CALL: usize = 256;
/// Cursors in one hello.
pub const CURSORS: usize = waxwing_wire::limits::ROOMS_PER_ACCOUNT;

/// TCP connections at once; more wait in the kernel's queue.
pub const TCP_CONNECTIONS: usize = 16_384;
/// Files and sockets that the process may have open, if the system lets it: connections, the database, its readers.
pub const OPEN_FILES: u64 = 32_768;
/// How long a client may take to send its request headers.
pub const HEADER_TIME: Duration = Duration::from_secs(15);
/// Largest JSON body of most calls. Those that bring sealed things take [`waxwing_wire::limits::JSON_BYTES`].
pub const CALL_BYTES: usize = 4 * 1024;
/// Bytes of larger bodies from callers without a session that are read or worked on at once.
pub const STRANGERS_BYTES: usize = 32 * 1024 * 1024;
/// Such bodies from one address at once: nobody takes all of it by sending slowly.
pub const STRANGERS_PER_ADDRESS: usize = 8;
/// How long a client may take to send a request body.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// How long open requests and streams may take to end when the relay goes down.
pub const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Registrations begun and not confirmed. Each holds a sealed vault in memory.
pub const REGISTRATIONS: usize = 1024;
/// How long a registration may take: the person sets up an authenticator app.
pub const REGISTRATION_TIME: Duration = Duration::from_secs(30 * 60);
/// How long the answer to a confirmed registration is given again to whoever did not hear it.
pub const CONFIRMED_TIME: Duration = Duration::from_secs(2 * 60);
/// Logins begun and not completed.
pub const LOGINS: usize = 4096;
/// How long a login may take.
pub const LOGIN_TIME: Duration = Duration::from_secs(5 * 60);
/// Attempts, of each kind, that one address may have open; a further one replaces its oldest.
pub const ATTEMPTS_PER_ADDRESS: usize = 128;
/// Codes that may be tried in one login or registration.
pub const CODES_PER_ATTEMPT: u32 = 5;

/// How long after a login its proof lets credentials be changed.
pub const PROOF_TIME: Duration = Duration::from_secs(10 * 60);
/// Changes of credentials that may be begun with one proof.
pub const STARTS_PER_PROOF: u32 = 5;
/// Proofs of logins at once; the oldest gives way.
pub const PROOFS: usize = 4096;
/// Tries of room passwords that one stream may have open; a further one replaces its oldest.
pub const ROOM_LOGINS: usize = 4;
/// Accounts whose rates are remembered. Those at rest are forgotten first.
pub const RATED_ACCOUNTS: usize = 65_536;
/// How long the answer of a health check is given again.
pub const HEALTH_TIME: Duration = Duration::from_secs(1);

/// Age at which the token of a session is replaced.
pub const TOKEN_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the token before works then: requests that were sent with it are under way.
pub const FORMER_TOKEN: Duration = Duration::from_secs(60);
/// Sessions in a list of them.
pub const SESSIONS_LISTED: u32 = 200;
/// Time between two take-overs of an account's live stream.
pub const TAKE_OVER: Duration = Duration::from_secs(3);
/// Sessions of one account; a login beyond them ends that which was unused for longest.
pub const SESSIONS_PER_ACCOUNT: u32 = 100;
/// Accounts that may wait for an administrator at once: anybody can make one.
pub const WAITING: u32 = 1000;
/// Bytes of the objects of an account that waits, together.
pub const WAITING_BYTES: usize = 128 * 1024;
/// After which an account that still waits is refused.
pub const WAITING_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Guests at once: anybody can make one.
pub const GUESTS: u32 = 10_000;
/// How exactly the last use of a session is kept: not every request is a write. More exactly where sessions end early.
pub const SESSION_TOUCH: Duration = Duration::from_secs(60 * 60);

/// A wrapped vault key: far more than the 32 bytes and their seal.
pub const WRAP_BYTES: usize = 4 * 1024;
/// All sealed objects of one account together, so that they fit one answer.
pub const ACCOUNT_DATA_TOTAL_BYTES: usize = 3 * 1024 * 1024;
/// Keyring entries that one account may file under one commit number.
pub const KEYRING_PER_COMMIT: u64 = 4;
/// Bytes of one page of any list.
pub const PAGE_BYTES: usize = waxwing_wire::limits::FRAME_BYTES / 4;
/// Private snapshots kept per account and room.
pub const SNAPSHOTS_KEPT: u32 = 2;
/// Reports of one account that wait for the operator.
pub const OPEN_REPORTS: usize = 20;
/// Time between two samples of the statistics.
pub const SAMPLE_TIME: Duration = Duration::from_secs(2);
/// Time after which a sample counts accounts and messages in the database though nobody looks.
pub const COUNT_TIME: Duration = Duration::from_secs(60);
/// Hours of statistics that are kept.
pub const HOURS_KEPT: usize = 48;
/// Entries of the audit log that are read at once for its export.
pub const EXPORT_PAGE: u32 = 500;
/// Messages of rooms that forget that are erased in one transaction.
pub const ERASED_AT_ONCE: u64 = 500;
/// Rooms that are looked at for that in one transaction.
pub const FORGETFUL_AT_ONCE: u64 = 500;
/// Links of a room that have expired and are still known, so that whoever opens one is told so.
pub const EXPIRED_LINKS: u32 = 8;
/// Longest time that a room may say its messages are kept: ten years, in seconds. Longer means the same.
pub const RETENTION_S_MAX: u64 = 10 * 366 * 86_400;
