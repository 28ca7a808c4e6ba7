//! Requests about rooms, with bytes that stand for ciphertext: the relay looks at none of them.

use rand_core::{OsRng, RngCore as _};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, Opaque, RoomId, Seq,
    frame::{
        Append, Commit, EntryKind, EpochParts, JoinMethod, JoinPackage, JoinProof, Post, PutPublished,
        Welcome,
    },
    ids::TokenHash,
};

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

pub fn sealed(text: &str) -> Opaque {
    Opaque(text.as_bytes().to_vec())
}

pub fn parts(epoch: u8) -> EpochParts {
    EpochParts {
        epoch: EpochId([epoch; 32]),
        public_state: sealed("public state"),
        snapshot: sealed("snapshot"),
        keyring: sealed("epoch key"),
        link: (epoch > 0).then(|| sealed("link")),
        packages: Vec::new(),
        methods: None,
        keep: vec![METHOD],
    }
}

pub fn append(room: RoomId, after: Seq, text: &str) -> Append {
    Append { room, after, id: EntryId(random()), bytes: sealed(text), lasting: false }
}

pub fn commit(room: RoomId, after: Seq, epoch: u8) -> Commit {
    let bytes = Opaque([b"commit".as_slice(), &random::<16>()].concat());
    let id = EntryId::try_from(&Sha256::digest(bytes.as_bytes())[..16]).unwrap();
    Commit {
        room,
        after,
        id,
        bytes,
        parts: parts(epoch),
        add: Vec::new(),
        remove: Vec::new(),
        welcomes: Vec::new(),
        proof: None,
        levels: None,
    }
}

/// A commit that adds somebody.
pub fn adding(room: RoomId, after: Seq, epoch: u8, account: AccountId) -> Commit {
    let welcomes = vec![Welcome { account, bytes: sealed("welcome") }];
    Commit { add: vec![account], welcomes, ..commit(room, after, epoch) }
}

/// A statement.
pub fn post(room: RoomId, kind: EntryKind, text: &str) -> Post {
    Post { room, kind, id: EntryId(random()), bytes: sealed(text) }
}

/// Own candidates for what belongs to an epoch.
pub fn candidate(room: RoomId, commit: Seq, epoch: u8) -> PutPublished {
    PutPublished {
        room,
        epoch: EpochId([epoch; 32]),
        commit,
        public_state: Some(sealed("own public state")),
        link: Some(sealed("own link")),
        packages: vec![JoinPackage { method: METHOD, bytes: sealed("own package") }],
    }
}

pub const METHOD: MethodId = MethodId([3; 32]);
pub const TOKEN: [u8; 32] = [4; 32];

/// A commit that makes a link.
pub fn opening(room: RoomId, after: Seq, epoch: u8, expires_at_ms: Option<u64>) -> Commit {
    let mut commit = commit(room, after, epoch);
    let token_hash = TokenHash(Sha256::digest(TOKEN).into());
    commit.parts.methods = Some(vec![JoinMethod { id: METHOD, token_hash, expires_at_ms, password: None }]);
    commit.parts.packages = vec![JoinPackage { method: METHOD, bytes: sealed("package") }];
    commit
}

pub fn proof() -> JoinProof {
    JoinProof { method: METHOD, token: Opaque(TOKEN.to_vec()) }
}

/// A commit of somebody who joins by the link.
pub fn joining(room: RoomId, after: Seq, epoch: u8, account: AccountId) -> Commit {
    let mut commit = Commit { add: vec![account], proof: Some(proof()), ..commit(room, after, epoch) };
    commit.parts.packages = vec![JoinPackage { method: METHOD, bytes: sealed("package") }];
    commit
}
