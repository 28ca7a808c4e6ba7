-- The first schema: accounts and sessions, rooms and their logs, and what belongs to epochs.
-- Every BLOB named `sealed` or `bytes` is ciphertext that clients made; the relay never looks inside.
-- Times are milliseconds since 1970. docs/operating/what-the-relay-stores.md lists every table; a test compares.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- skeleton is what look-alikes of the username have in common. status: 0 active, 1 waits for an administrator, 2 banned.
-- share_presence: whether those who share a room see when it is there.
CREATE TABLE accounts (
    account         BLOB NOT NULL PRIMARY KEY CHECK (length(account) = 16),
    username        TEXT NOT NULL UNIQUE,
    skeleton        TEXT NOT NULL UNIQUE,
    administrator   INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    status          INTEGER NOT NULL CHECK (status IN (0, 1, 2)),
    identity_key    BLOB NOT NULL CHECK (length(identity_key) = 32),
    created_at_ms   INTEGER NOT NULL,
    last_seen_at_ms INTEGER NOT NULL,
    share_presence  INTEGER NOT NULL DEFAULT 1 CHECK (share_presence IN (0, 1))
) STRICT;

-- Hashes of the skeletons of deleted accounts' usernames: nobody comes back under the name of another.
CREATE TABLE former_usernames (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;

-- Ids of deleted accounts, which clients choose: nobody comes back under the id of another.
CREATE TABLE former_accounts (
    account BLOB NOT NULL PRIMARY KEY CHECK (length(account) = 16)
) STRICT, WITHOUT ROWID;

-- totp_secret is NULL without an authenticator. totp_last_step is the newest RFC 6238 step whose code was accepted: no
-- code works twice. recovery_token_hash tells whoever holds the recovery key.
CREATE TABLE credentials (
    account             BLOB NOT NULL PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    opaque_record       BLOB NOT NULL,
    ksf_memory_kib      INTEGER NOT NULL,
    ksf_iterations      INTEGER NOT NULL,
    ksf_parallelism     INTEGER NOT NULL,
    totp_secret         BLOB,
    totp_last_step      INTEGER NOT NULL,
    recovery_token_hash BLOB NOT NULL CHECK (length(recovery_token_hash) = 32)
) STRICT;

-- A code that was used is deleted.
CREATE TABLE recovery_codes (
    account   BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (account, code_hash)
) STRICT, WITHOUT ROWID;

-- What a person is told at the next login. kind: 1 authenticator reset, 2 recovery code used, 3 recovered.
CREATE TABLE account_notices (
    num     INTEGER PRIMARY KEY,
    account BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    kind    INTEGER NOT NULL CHECK (kind IN (1, 2, 3, 4)),
    at_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX account_notices_by_account ON account_notices (account, num);

-- Operators' invites. Only the hash of a code is kept.
CREATE TABLE invites (
    id            INTEGER PRIMARY KEY,
    code_hash     BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    maker         BLOB REFERENCES accounts (account) ON DELETE SET NULL,
    uses_left     INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    note          TEXT NOT NULL
) STRICT;

CREATE TABLE vaults (
    account       BLOB NOT NULL PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    sealed        BLOB NOT NULL,
    wrap_opaque   BLOB NOT NULL,
    wrap_recovery BLOB NOT NULL
) STRICT;

-- Only the hash of a session token is kept: a stolen database opens no session. The token is replaced now and then; the
-- one before works until former_until_ms, which is the largest number until the new one was shown.
CREATE TABLE sessions (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account         BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    token_hash      BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    token_at_ms     INTEGER NOT NULL,
    former_hash     BLOB UNIQUE CHECK (length(former_hash) = 32),
    former_until_ms INTEGER NOT NULL,
    device          TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    last_used_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account);

CREATE TABLE account_data (
    account BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    name    BLOB NOT NULL CHECK (length(name) = 16),
    version INTEGER NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (account, name)
) STRICT;

-- Accounts without username and password: what stands there for the username nobody can choose, and their vaults are wrapped
-- here alone. token_hash tells whoever holds the place code.
CREATE TABLE guests (
    account    BLOB NOT NULL PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    wrap_place BLOB NOT NULL
) STRICT;

-- Who may not add an account to rooms.
CREATE TABLE blocks (
    account BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    blocked BLOB NOT NULL CHECK (length(blocked) = 16),
    PRIMARY KEY (account, blocked)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_packages (
    account BLOB NOT NULL PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    bytes   BLOB NOT NULL
) STRICT;

-- How the identity key of an account changed, signed by the old and the new key; num gives the order.
CREATE TABLE identity_statements (
    num     INTEGER PRIMARY KEY,
    account BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    bytes   BLOB NOT NULL
) STRICT;
CREATE INDEX identity_statements_by_account ON identity_statements (account, num);

-- num is local and short, because every other room table repeats it. chain is H_n of the room log. creator is NULL once
-- that account was deleted. bytes is that of all entries that are still there.
CREATE TABLE rooms (
    num           INTEGER PRIMARY KEY,
    room          BLOB NOT NULL UNIQUE CHECK (length(room) = 16),
    creator       BLOB REFERENCES accounts (account) ON DELETE SET NULL,
    last_seq      INTEGER NOT NULL,
    last_commit   INTEGER NOT NULL,
    chain         BLOB NOT NULL CHECK (length(chain) = 32),
    created_at_ms INTEGER NOT NULL,
    bytes         INTEGER NOT NULL DEFAULT 0,
    last_entry_ms INTEGER,
    -- Messages are kept for so many seconds, or for ever; none is too old before due_ms.
    retention_s   INTEGER NOT NULL DEFAULT 0,
    due_ms        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX rooms_by_creator ON rooms (creator);
CREATE INDEX rooms_that_forget ON rooms (due_ms) WHERE retention_s > 0;

-- level is what clients told of a member's role: 0 plain, 1 moderator, 2 owner. spoke: it has written a message since it came in.
CREATE TABLE members (
    room         INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    account      BLOB NOT NULL REFERENCES accounts (account),
    level        INTEGER NOT NULL CHECK (level IN (0, 1, 2)),
    joined_at_ms INTEGER NOT NULL,
    spoke        INTEGER NOT NULL DEFAULT 0 CHECK (spoke IN (0, 1)),
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_account ON members (account);

-- shared is for members, own for the account's other sessions; both sealed. Gone with the membership.
CREATE TABLE marks (
    room    INTEGER NOT NULL,
    account BLOB NOT NULL,
    shared  BLOB,
    own     BLOB,
    PRIMARY KEY (room, account),
    FOREIGN KEY (room, account) REFERENCES members (room, account) ON DELETE CASCADE
) STRICT;

-- kind: 1 commit, 2 message, 3 rejoin, 4 leave, 5 successor, as hashed into digest. bytes is NULL once an entry was deleted; digest and chain stay.
CREATE TABLE log_entries (
    room           INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    seq            INTEGER NOT NULL,
    kind           INTEGER NOT NULL CHECK (kind IN (1, 2, 3, 4, 5)),
    after_commit   INTEGER NOT NULL,
    sender         BLOB NOT NULL CHECK (length(sender) = 16),
    entry          BLOB NOT NULL CHECK (length(entry) = 16),
    received_at_ms INTEGER NOT NULL,
    digest         BLOB NOT NULL CHECK (length(digest) = 32),
    chain          BLOB NOT NULL CHECK (length(chain) = 32),
    -- It stays where messages disappear.
    lasting        INTEGER NOT NULL DEFAULT 0 CHECK (lasting IN (0, 1)),
    -- Last, so that nothing else is read behind it.
    bytes          BLOB,
    PRIMARY KEY (room, seq),
    UNIQUE (room, entry, sender)
) STRICT;
CREATE INDEX messages_by_age ON log_entries (room, received_at_ms) WHERE kind = 2 AND lasting = 0 AND bytes IS NOT NULL;
CREATE INDEX leaves_by_sender ON log_entries (room, sender, seq) WHERE kind = 4;

-- Of rooms that everybody has left and that are deleted: by which signed statement an account left. Its other sessions
-- may not have heard of it yet; kept as long as a session may live.
CREATE TABLE left_rooms (
    room           BLOB NOT NULL CHECK (length(room) = 16),
    account        BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    seq            INTEGER NOT NULL,
    after_commit   INTEGER NOT NULL,
    entry          BLOB NOT NULL CHECK (length(entry) = 16),
    received_at_ms INTEGER NOT NULL,
    bytes          BLOB NOT NULL,
    PRIMARY KEY (room, account)
) STRICT;

-- The epoch that each commit makes, as its author says; commit_seq 0 is the room's first.
CREATE TABLE epochs (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    commit_seq INTEGER NOT NULL,
    epoch      BLOB NOT NULL CHECK (length(epoch) = 32),
    author     BLOB NOT NULL CHECK (length(author) = 16),
    PRIMARY KEY (room, commit_seq),
    UNIQUE (room, epoch)
) STRICT;

CREATE TABLE snapshots (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    account    BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    epoch      BLOB NOT NULL CHECK (length(epoch) = 32),
    commit_seq INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (room, account, epoch)
) STRICT;
CREATE INDEX snapshots_by_commit ON snapshots (account, room, commit_seq);

CREATE TABLE keyring (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    account    BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    epoch      BLOB NOT NULL CHECK (length(epoch) = 32),
    commit_seq INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (room, account, epoch)
) STRICT;
CREATE INDEX keyring_by_commit ON keyring (account, room, commit_seq);

-- The next three hold candidates: what a commit's author and other members published for the epoch that it makes.
-- The relay cannot tell which are right; readers can. Links are kept for good, the others while they may be needed.
CREATE TABLE history_links (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    commit_seq INTEGER NOT NULL,
    author     BLOB NOT NULL CHECK (length(author) = 16),
    epoch      BLOB NOT NULL CHECK (length(epoch) = 32),
    sealed     BLOB NOT NULL,
    PRIMARY KEY (room, commit_seq, author)
) STRICT;
CREATE INDEX history_links_by_epoch ON history_links (room, epoch);

CREATE TABLE public_states (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    commit_seq INTEGER NOT NULL,
    author     BLOB NOT NULL CHECK (length(author) = 16),
    epoch      BLOB NOT NULL CHECK (length(epoch) = 32),
    sealed     BLOB NOT NULL,
    PRIMARY KEY (room, commit_seq, author)
) STRICT;
CREATE INDEX public_states_by_epoch ON public_states (room, epoch);

CREATE TABLE join_packages (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    commit_seq INTEGER NOT NULL,
    author     BLOB NOT NULL CHECK (length(author) = 16),
    epoch      BLOB NOT NULL CHECK (length(epoch) = 32),
    method     BLOB NOT NULL CHECK (length(method) = 32),
    sealed     BLOB NOT NULL,
    PRIMARY KEY (room, commit_seq, author, method)
) STRICT;

-- maker is who brought the method to the relay.
CREATE TABLE join_methods (
    room          INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    method        BLOB NOT NULL CHECK (length(method) = 32),
    maker         BLOB NOT NULL CHECK (length(maker) = 16),
    token_hash    BLOB NOT NULL CHECK (length(token_hash) = 32),
    expires_at_ms INTEGER,
    PRIMARY KEY (room, method)
) STRICT;

-- For methods that are reached by a room's name and password.
CREATE TABLE room_passwords (
    handle          BLOB NOT NULL PRIMARY KEY CHECK (length(handle) = 32),
    room            INTEGER NOT NULL,
    method          BLOB NOT NULL,
    opaque_record   BLOB NOT NULL,
    ksf_memory_kib  INTEGER NOT NULL,
    ksf_iterations  INTEGER NOT NULL,
    ksf_parallelism INTEGER NOT NULL,
    sealed          BLOB NOT NULL,
    UNIQUE (room, method),
    FOREIGN KEY (room, method) REFERENCES join_methods (room, method) ON DELETE CASCADE
) STRICT;

CREATE TABLE welcomes (
    room       INTEGER NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,
    account    BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    author     BLOB NOT NULL CHECK (length(author) = 16),
    commit_seq INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (room, account, author)
) STRICT;
CREATE INDEX welcomes_by_account ON welcomes (account);

-- What administrators did and what touched the security of accounts. Names accounts by id, so that nothing of a deleted one stays.
-- chain is SHA-256 over the chain of the entry before and this one, see docs/operating/administration.md.
CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    actor  BLOB CHECK (length(actor) = 16),
    kind   TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    chain  BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_kind ON audit (kind, seq);
CREATE INDEX audit_by_target ON audit (target, kind, seq);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- Also keeps INSERT OR REPLACE from replacing, which fires no trigger for what it deletes.
CREATE TRIGGER audit_has_no_gaps BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

-- Identity keys that accounts had before: proof of authorship of older messages needs them. The newest 16 of each.
CREATE TABLE former_keys (
    num          INTEGER PRIMARY KEY,
    account      BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    identity_key BLOB NOT NULL CHECK (length(identity_key) = 32)
) STRICT;
CREATE INDEX former_keys_by_account ON former_keys (account, num);
CREATE TRIGGER former_keys_are_kept AFTER UPDATE OF identity_key ON accounts WHEN NEW.identity_key IS NOT OLD.identity_key
BEGIN
    INSERT INTO former_keys (account, identity_key) VALUES (OLD.account, OLD.identity_key);
    DELETE FROM former_keys WHERE account = OLD.account AND num NOT IN (
        SELECT num FROM former_keys WHERE account = OLD.account ORDER BY num DESC LIMIT 16);
END;

-- Public keys under which members seal reports for administrators.
CREATE TABLE report_keys (
    account BLOB NOT NULL PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    bytes   BLOB NOT NULL
) STRICT;

-- status: 0 open, 1 dismissed, 2 the message was removed. entry is the id of the entry, sender who wrote it.
CREATE TABLE reports (
    id       INTEGER PRIMARY KEY,
    room     BLOB NOT NULL CHECK (length(room) = 16),
    seq      INTEGER NOT NULL,
    entry    BLOB NOT NULL CHECK (length(entry) = 16),
    reporter BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    sender   BLOB NOT NULL CHECK (length(sender) = 16),
    at_ms    INTEGER NOT NULL,
    status   INTEGER NOT NULL CHECK (status IN (0, 1, 2)),
    UNIQUE (reporter, room, seq)
) STRICT;
CREATE INDEX reports_by_status ON reports (status, id);

-- Gone when the report is decided.
CREATE TABLE report_copies (
    report  INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    account BLOB NOT NULL REFERENCES accounts (account) ON DELETE CASCADE,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (report, account)
) STRICT;
CREATE INDEX report_copies_by_account ON report_copies (account);

CREATE TABLE announcements (
    id              INTEGER PRIMARY KEY,
    text            TEXT NOT NULL,
    level           INTEGER NOT NULL CHECK (level IN (0, 1)),
    at_ms           INTEGER NOT NULL,
    expires_at_ms   INTEGER,
    withdrawn_at_ms INTEGER,
    author          BLOB REFERENCES accounts (account) ON DELETE SET NULL
) STRICT;
CREATE INDEX announcements_by_author ON announcements (author);

-- Messages written on each day since 1970, UTC: nobody counts the log.
CREATE TABLE message_days (
    day      INTEGER NOT NULL PRIMARY KEY,
    messages INTEGER NOT NULL
) STRICT;

-- Bytes of the entries that an account wrote and that are still there.
CREATE TABLE written (
    account BLOB NOT NULL PRIMARY KEY REFERENCES accounts (account) ON DELETE CASCADE,
    bytes   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- However a room goes.
CREATE TRIGGER written_forgets_rooms BEFORE DELETE ON rooms
BEGIN
    UPDATE written SET bytes = max(0, written.bytes - s.bytes)
    FROM (SELECT sender, sum(length(bytes)) AS bytes FROM log_entries WHERE room = OLD.num GROUP BY sender) s
    WHERE written.account = s.sender AND s.bytes IS NOT NULL;
END;
