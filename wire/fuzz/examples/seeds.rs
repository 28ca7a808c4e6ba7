//! Writes the seeds of the fuzz targets: what real clients and relays encode.

use std::fs;

use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, Opaque, Problem, ProblemCode, RoomId, account, encode,
    frame::{
        Append, ClientFrame, Commit, Cursor, EntryKind, EpochParts, Event, JoinPackage, JoinProof, LogEntry,
        Post, Request, Response, RoomSummary, ServerFrame,
    },
    ids::TokenHash,
};

fn write(target: &str, name: &str, bytes: &[u8]) {
    let directory = format!("{}/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(format!("{directory}/{name}"), bytes).expect("a file");
}

fn ask(name: &str, request: Request) {
    write("frames", name, &encode(&ClientFrame { id: 7, request }));
}

fn say(name: &str, frame: &ServerFrame) {
    write("frames", name, &encode(frame));
}

fn main() {
    let (room, epoch, bytes) = (RoomId([1; 16]), EpochId([2; 32]), Opaque(vec![3; 40]));
    let (me, id, method) = (AccountId([4; 16]), EntryId([5; 16]), MethodId([6; 32]));
    let parts = EpochParts {
        epoch,
        public_state: bytes.clone(),
        snapshot: bytes.clone(),
        keyring: bytes.clone(),
        link: Some(bytes.clone()),
        packages: vec![JoinPackage { method, bytes: bytes.clone() }],
        methods: None,
        keep: vec![method],
    };
    let proof = JoinProof { method, token: bytes.clone() };
    ask("hello", Request::Hello { cursors: vec![Cursor { room, seq: 1 }], take_over: true });
    ask("append", Request::Append(Append { room, after: 1, id, bytes: bytes.clone(), lasting: false }));
    ask("post", Request::Post(Post { room, kind: EntryKind::Leave, id, bytes: bytes.clone() }));
    ask("join_info", Request::JoinInfo { room, proof: proof.clone(), before: u64::MAX });
    ask("keyring", Request::Keyring { room, before: 9 });
    let commit = Commit {
        room,
        after: 1,
        id,
        bytes: bytes.clone(),
        parts,
        add: vec![me],
        remove: vec![me],
        welcomes: Vec::new(),
        proof: Some(proof),
        levels: Some(vec![(me, 2)]),
    };
    ask("commit", Request::Commit(Box::new(commit)));
    let entry = LogEntry {
        seq: 1,
        kind: EntryKind::Commit,
        after: 0,
        sender: me,
        id,
        bytes: bytes.clone(),
        digest: None,
        received_at_ms: 5,
    };
    say("event", &ServerFrame::Event(Event::Entry { room, entry: entry.clone() }));
    let summary = RoomSummary { room, last_seq: 3, last_commit: 1, own: None };
    let hello = Response::Hello { account: me, rooms: vec![summary], now_ms: 1, announcements: Vec::new() };
    say("greeting", &ServerFrame::Response { id: 7, response: hello });
    let page = Response::Entries { entries: vec![entry], last_seq: 1 };
    say("entries", &ServerFrame::Response { id: 7, response: page });
    let problem = Problem::new(ProblemCode::Stale, "Again.".to_owned());
    write("json", "problem", serde_json::to_string(&problem).expect("it is JSON").as_bytes());
    say("problem", &ServerFrame::Problem { id: 7, problem });
    let ksf = account::KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };
    let finish = account::RegisterFinish {
        registration: "r1".into(),
        opaque_upload: bytes.clone(),
        ksf,
        account: me,
        identity_key: bytes.clone(),
        vault: bytes.clone(),
        wrap_opaque: bytes.clone(),
        wrap_recovery: bytes,
        recovery_token_hash: TokenHash([9; 32]),
    };
    write("json", "register_finish", serde_json::to_string(&finish).expect("it is JSON").as_bytes());
    write("json", "username", b"Mira.Stone-1");
}
