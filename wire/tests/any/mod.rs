//! Any value of every type of the stream.

use proptest::{collection::vec, option, prelude::*, sample::select};
use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, Opaque, Problem, ProblemCode, RoomId,
    account::KsfParams,
    admin::{Level, Statistics},
    frame::{
        AccountDatum, AccountEvent, Announcement, Append, Commit, CreateRoom, Cursor, EndReason, EntryKind,
        EpochParts, Event, HistoryLink, JoinMethod, JoinPackage, JoinProof, KeyPackageRecord, KeyringEntry,
        LogEntry, Post, Presence, PutPublished, ReportCopy, ReportKey, Request, Response, RoomPassword,
        RoomSummary, ServerFrame, Snapshot, Welcome,
    },
    ids::{DataName, RoomHandle, RoomLoginId, TokenHash},
};

fn bytes() -> impl Strategy<Value = Opaque> {
    vec(any::<u8>(), 0..40).prop_map(Opaque)
}

fn account() -> impl Strategy<Value = AccountId> {
    any::<[u8; 16]>().prop_map(AccountId)
}

fn room() -> impl Strategy<Value = RoomId> {
    any::<[u8; 16]>().prop_map(RoomId)
}

fn entry_id() -> impl Strategy<Value = EntryId> {
    any::<[u8; 16]>().prop_map(EntryId)
}

fn epoch() -> impl Strategy<Value = EpochId> {
    any::<[u8; 32]>().prop_map(EpochId)
}

fn method() -> impl Strategy<Value = MethodId> {
    any::<[u8; 32]>().prop_map(MethodId)
}

fn handle() -> impl Strategy<Value = RoomHandle> {
    any::<[u8; 32]>().prop_map(RoomHandle)
}

fn login() -> impl Strategy<Value = RoomLoginId> {
    any::<[u8; 16]>().prop_map(RoomLoginId)
}

fn name() -> impl Strategy<Value = DataName> {
    any::<[u8; 16]>().prop_map(DataName)
}

fn kind() -> impl Strategy<Value = EntryKind> {
    prop_oneof![
        Just(EntryKind::Commit),
        Just(EntryKind::Message),
        Just(EntryKind::Rejoin),
        Just(EntryKind::Tombstone),
        Just(EntryKind::Leave),
        Just(EntryKind::Successor),
    ]
}

fn ksf() -> impl Strategy<Value = KsfParams> {
    any::<(u32, u32, u32)>().prop_map(|(memory_kib, iterations, parallelism)| KsfParams {
        memory_kib,
        iterations,
        parallelism,
    })
}

fn entry() -> impl Strategy<Value = LogEntry> {
    let start = (any::<u64>(), kind(), any::<u64>(), account());
    (start, entry_id(), bytes(), option::of(bytes()), any::<u64>()).prop_map(
        |((seq, kind, after, sender), id, bytes, digest, received_at_ms)| LogEntry {
            seq,
            kind,
            after,
            sender,
            id,
            bytes,
            digest,
            received_at_ms,
        },
    )
}

fn summary() -> impl Strategy<Value = RoomSummary> {
    (room(), any::<u64>(), any::<u64>(), option::of(bytes()))
        .prop_map(|(room, last_seq, last_commit, own)| RoomSummary { room, last_seq, last_commit, own })
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    (epoch(), any::<u64>(), bytes()).prop_map(|(epoch, commit, bytes)| Snapshot { epoch, commit, bytes })
}

fn keyring() -> impl Strategy<Value = KeyringEntry> {
    (epoch(), any::<u64>(), bytes()).prop_map(|(epoch, commit, bytes)| KeyringEntry { epoch, commit, bytes })
}

fn link() -> impl Strategy<Value = HistoryLink> {
    (epoch(), any::<u64>(), account(), bytes()).prop_map(|(epoch, commit, author, bytes)| HistoryLink {
        epoch,
        commit,
        author,
        bytes,
    })
}

fn package() -> impl Strategy<Value = JoinPackage> {
    (method(), bytes()).prop_map(|(method, bytes)| JoinPackage { method, bytes })
}

fn password() -> impl Strategy<Value = RoomPassword> {
    (handle(), bytes(), ksf(), bytes()).prop_map(|(handle, record, ksf, sealed)| RoomPassword {
        handle,
        record,
        ksf,
        sealed,
    })
}

fn join_method() -> impl Strategy<Value = JoinMethod> {
    let token = any::<[u8; 32]>().prop_map(TokenHash);
    (method(), token, option::of(any::<u64>()), option::of(password())).prop_map(
        |(id, token_hash, expires_at_ms, password)| JoinMethod { id, token_hash, expires_at_ms, password },
    )
}

fn proof() -> impl Strategy<Value = JoinProof> {
    (method(), bytes()).prop_map(|(method, token)| JoinProof { method, token })
}

fn parts() -> impl Strategy<Value = EpochParts> {
    let sealed = (bytes(), bytes(), bytes(), option::of(bytes()));
    let ways = (vec(package(), 0..3), option::of(vec(join_method(), 0..3)), vec(method(), 0..3));
    (epoch(), sealed, ways).prop_map(
        |(epoch, (public_state, snapshot, keyring, link), (packages, methods, keep))| EpochParts {
            epoch,
            public_state,
            snapshot,
            keyring,
            link,
            packages,
            methods,
            keep,
        },
    )
}

fn commit() -> impl Strategy<Value = Commit> {
    let start = (room(), any::<u64>(), entry_id(), bytes(), parts());
    let members = (vec(account(), 0..3), vec(account(), 0..3));
    let welcome = (account(), bytes()).prop_map(|(account, bytes)| Welcome { account, bytes });
    let levels = option::of(vec((account(), any::<u8>()), 0..3));
    (start, members, vec(welcome, 0..3), option::of(proof()), levels).prop_map(
        |((room, after, id, bytes, parts), (add, remove), welcomes, proof, levels)| Commit {
            room,
            after,
            id,
            bytes,
            parts,
            add,
            remove,
            welcomes,
            proof,
            levels,
        },
    )
}

fn published() -> impl Strategy<Value = PutPublished> {
    let candidates = (option::of(bytes()), option::of(bytes()), vec(package(), 0..3));
    (room(), epoch(), any::<u64>(), candidates).prop_map(
        |(room, epoch, commit, (public_state, link, packages))| PutPublished {
            room,
            epoch,
            commit,
            public_state,
            link,
            packages,
        },
    )
}

fn datum() -> impl Strategy<Value = AccountDatum> {
    (name(), any::<u64>(), bytes()).prop_map(|(name, version, bytes)| AccountDatum { name, version, bytes })
}

/// Any request. Each variant comes by itself: `which` says which one.
pub fn request() -> impl Strategy<Value = Request> {
    let cursor = (room(), any::<u64>()).prop_map(|(room, seq)| Cursor { room, seq });
    let append = (room(), any::<u64>(), entry_id(), bytes());
    let post = (room(), kind(), entry_id(), bytes());
    let copy = (account(), bytes()).prop_map(|(account, bytes)| ReportCopy { account, bytes });
    prop_oneof![
        (vec(cursor, 0..3), any::<bool>())
            .prop_map(|(cursors, take_over)| Request::Hello { cursors, take_over }),
        (room(), parts()).prop_map(|(room, parts)| Request::CreateRoom(Box::new(CreateRoom { room, parts }))),
        (append, any::<bool>()).prop_map(|((room, after, id, bytes), lasting)| {
            Request::Append(Append { room, after, id, bytes, lasting })
        }),
        commit().prop_map(|commit| Request::Commit(Box::new(commit))),
        (room(), any::<u64>(), any::<u32>()).prop_map(|(room, after, limit)| Request::Entries {
            room,
            after,
            limit
        }),
        (room(), option::of(epoch())).prop_map(|(room, epoch)| Request::Snapshot { room, epoch }),
        (room(), snapshot()).prop_map(|(room, snapshot)| Request::PutSnapshot { room, snapshot }),
        (room(), epoch()).prop_map(|(room, epoch)| Request::PublicState { room, epoch }),
        (room(), any::<u64>()).prop_map(|(room, before)| Request::Keyring { room, before }),
        (room(), vec(keyring(), 0..3)).prop_map(|(room, entries)| Request::PutKeyring { room, entries }),
        (room(), any::<u64>()).prop_map(|(room, before)| Request::HistoryLinks { room, before }),
        (room(), proof(), any::<u64>()).prop_map(|(room, proof, before)| Request::JoinInfo {
            room,
            proof,
            before
        }),
        Just(Request::AccountData),
        datum().prop_map(Request::PutAccountData),
        bytes().prop_map(Request::PutKeyPackage),
        account().prop_map(Request::KeyPackage),
        room().prop_map(Request::Welcome),
        room().prop_map(Request::Members),
        post.prop_map(|(room, kind, id, bytes)| Request::Post(Post { room, kind, id, bytes })),
        published().prop_map(|parts| Request::PutPublished(Box::new(parts))),
        (room(), epoch()).prop_map(|(room, epoch)| Request::Published { room, epoch }),
        (room(), bytes()).prop_map(|(room, bytes)| Request::Signal { room, bytes }),
        Just(Request::Ping),
        (room(), vec(any::<u64>(), 0..3)).prop_map(|(room, seqs)| Request::Erase { room, seqs }),
        (room(), option::of(bytes()), option::of(bytes()))
            .prop_map(|(room, shared, own)| Request::PutMarks { room, shared, own }),
        room().prop_map(Request::Marks),
        vec(account(), 0..3).prop_map(Request::WatchPresence),
        any::<bool>().prop_map(Request::SharePresence),
        ".{0,20}".prop_map(|username| Request::FindAccount { username }),
        vec(account(), 0..3).prop_map(Request::PutBlocks),
        (room(), any::<u64>()).prop_map(|(room, seconds)| Request::SetRetention { room, seconds }),
        any::<bool>().prop_map(Request::WatchStatistics),
        bytes().prop_map(Request::PutReportKey),
        Just(Request::ReportKeys),
        (room(), any::<u64>(), vec(copy, 0..3)).prop_map(|(room, seq, sealed)| Request::Report {
            room,
            seq,
            sealed
        }),
        vec(name(), 0..3).prop_map(Request::DropAccountData),
        (room(), handle(), bytes()).prop_map(|(room, handle, opaque_request)| Request::RoomPasswordStart {
            room,
            handle,
            opaque_request
        }),
        (handle(), bytes())
            .prop_map(|(handle, opaque_request)| Request::RoomLoginStart { handle, opaque_request }),
        (login(), bytes())
            .prop_map(|(login, opaque_finalization)| Request::RoomLoginFinish { login, opaque_finalization }),
        room().prop_map(Request::OwnLeave),
    ]
}

fn announcement() -> impl Strategy<Value = Announcement> {
    let level = prop_oneof![Just(Level::Info), Just(Level::Warning)];
    (any::<u64>(), ".{0,20}", level, any::<u64>(), option::of(any::<u64>())).prop_map(
        |(id, text, level, at_ms, expires_at_ms)| Announcement { id, text, level, at_ms, expires_at_ms },
    )
}

fn statistics() -> impl Strategy<Value = Statistics> {
    (any::<[u64; 21]>(), option::of(any::<u64>()), option::of(any::<u64>())).prop_map(
        |(n, disk_free_bytes, memory_bytes)| Statistics {
            guests: n[20],
            at_ms: n[0],
            users: n[1],
            pending: n[2],
            online: n[3],
            connections: n[4],
            messages_total: n[5],
            messages_today: n[6],
            bytes_in_per_s: n[7],
            bytes_out_per_s: n[8],
            requests_per_minute: n[9],
            http_p50_us: n[10],
            http_p95_us: n[11],
            write_p50_us: n[12],
            write_p95_us: n[13],
            failed: n[14],
            refused: n[15],
            database_bytes: n[16],
            wal_bytes: n[17],
            disk_free_bytes,
            memory_bytes,
            uptime_s: n[18],
            reports: n[19],
        },
    )
}

fn response() -> impl Strategy<Value = Response> {
    let hello = (account(), vec(summary(), 0..3), any::<u64>(), vec(announcement(), 0..3));
    let info = (epoch(), any::<[u64; 3]>(), vec(bytes(), 0..3), vec(bytes(), 0..3));
    let record = (bytes(), bytes(), vec(bytes(), 0..3), any::<bool>()).prop_map(
        |(bytes, identity_key, statements, guest)| KeyPackageRecord {
            bytes,
            identity_key,
            statements,
            guest,
        },
    );
    prop_oneof![
        hello.prop_map(|(account, rooms, now_ms, announcements)| Response::Hello {
            account,
            rooms,
            now_ms,
            announcements
        }),
        vec((account(), bytes()).prop_map(|(account, key)| ReportKey { account, key }), 0..3)
            .prop_map(Response::ReportKeys),
        Just(Response::Done),
        any::<u64>().prop_map(|seq| Response::Appended { seq }),
        (vec(entry(), 0..3), any::<u64>())
            .prop_map(|(entries, last_seq)| Response::Entries { entries, last_seq }),
        option::of(snapshot()).prop_map(Response::Snapshot),
        vec(bytes(), 0..3).prop_map(Response::PublicStates),
        vec(keyring(), 0..3).prop_map(Response::Keyring),
        vec(link(), 0..3).prop_map(Response::HistoryLinks),
        info.prop_map(|(epoch, [commit, last_commit, last_seq], public_states, packages)| {
            Response::JoinInfo { epoch, commit, last_commit, public_states, packages, last_seq }
        }),
        vec(datum(), 0..3).prop_map(Response::AccountData),
        option::of(record).prop_map(Response::KeyPackage),
        vec(bytes(), 0..3).prop_map(Response::Welcomes),
        vec(account(), 0..3).prop_map(Response::Members),
        (vec(link(), 0..3), vec(bytes(), 0..3))
            .prop_map(|(links, public_states)| Response::Published { links, public_states }),
        bytes().prop_map(Response::RoomPassword),
        (login(), bytes(), ksf()).prop_map(|(login, opaque_response, ksf)| Response::RoomLogin {
            login,
            opaque_response,
            ksf
        }),
        (room(), bytes()).prop_map(|(room, sealed)| Response::RoomUnlocked { room, sealed }),
        option::of(entry()).prop_map(Response::OwnLeave),
        (vec((account(), bytes()), 0..3), option::of(bytes()))
            .prop_map(|(shared, own)| Response::Marks { shared, own }),
        vec(presence(), 0..3).prop_map(Response::Presence),
    ]
}

fn presence() -> impl Strategy<Value = Presence> {
    (account(), any::<bool>(), option::of(any::<u64>()))
        .prop_map(|(account, online, last_seen_ms)| Presence { account, online, last_seen_ms })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (room(), entry()).prop_map(|(room, entry)| Event::Entry { room, entry }),
        (room(), any::<u64>()).prop_map(|(room, last_seq)| Event::News { room, last_seq }),
        summary().prop_map(Event::RoomAdded),
        room().prop_map(Event::RoomRemoved),
        (room(), account(), bytes()).prop_map(|(room, sender, bytes)| Event::Signal { room, sender, bytes }),
        select(vec![
            AccountEvent::Approved,
            AccountEvent::TotpReset,
            AccountEvent::RecoveryCodeUsed,
            AccountEvent::Promoted,
            AccountEvent::Demoted,
            AccountEvent::CodeGuessed,
        ])
        .prop_map(Event::Account),
        select(vec![
            EndReason::LoggedOut,
            EndReason::Ended,
            EndReason::Banned,
            EndReason::Kicked,
            EndReason::Deleted,
            EndReason::Refused,
            EndReason::Expired,
        ])
        .prop_map(|reason| Event::SessionEnded { reason }),
        Just(Event::Displaced),
        (room(), account(), bytes()).prop_map(|(room, account, shared)| Event::Mark {
            room,
            account,
            shared
        }),
        (room(), bytes()).prop_map(|(room, own)| Event::OwnMark { room, own }),
        presence().prop_map(Event::Presence),
        Just(Event::AccountDataChanged),
        (room(), account()).prop_map(|(room, account)| Event::MemberGone { room, account }),
        vec(announcement(), 0..3).prop_map(Event::Announcements),
        statistics().prop_map(|statistics| Event::Statistics(Box::new(statistics))),
        (room(), entry()).prop_map(|(room, entry)| Event::EntryRemoved { room, entry }),
    ]
}

fn problem() -> impl Strategy<Value = Problem> {
    let code = select(ProblemCode::ALL);
    (code, ".{0,20}", option::of(any::<u32>()), option::of(any::<u64>())).prop_map(
        |(code, detail, retry_after_s, last_commit)| Problem { code, detail, retry_after_s, last_commit },
    )
}

/// Any frame of the relay.
pub fn server_frame() -> impl Strategy<Value = ServerFrame> {
    prop_oneof![
        4 => (any::<u64>(), response()).prop_map(|(id, response)| ServerFrame::Response { id, response }),
        1 => (any::<u64>(), problem()).prop_map(|(id, problem)| ServerFrame::Problem { id, problem }),
        2 => event().prop_map(ServerFrame::Event),
    ]
}
