//! Room passwords.

use waxwing_wire::{
    MethodId,
    frame::{JoinMethod, RoomPassword},
    ids::{RoomHandle, TokenHash},
    limits as shared,
};

use super::{requests::*, *};

const HANDLE: RoomHandle = RoomHandle([5; 32]);

/// A commit that sets a password under a handle.
fn setting(room: RoomId, after: Seq, epoch: u8, handle: RoomHandle) -> Commit {
    let mut commit = commit(room, after, epoch);
    let password = RoomPassword {
        handle,
        record: Opaque(vec![epoch; shared::ROOM_RECORD_BYTES]),
        ksf: KsfParams { memory_kib: 19_456, iterations: 2, parallelism: 1 },
        sealed: Opaque(vec![epoch; 9]),
    };
    commit.parts.methods = Some(vec![JoinMethod {
        id: MethodId([epoch; 32]),
        token_hash: TokenHash([1; 32]),
        expires_at_ms: None,
        password: Some(password),
    }]);
    commit.parts.keep = vec![MethodId([epoch; 32])];
    commit
}

pub async fn a_room_is_found_by_its_handle(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    let find = async |handle, at| bench.store.room_credentials(handle, at).await.unwrap();
    assert!(find(HANDLE, NOW_MS).await.is_none());
    bench.store.may_set_password(mira, room, HANDLE).await.unwrap();
    bench.commit(mira, setting(room, 0, 1, HANDLE)).await.unwrap();
    let found = find(HANDLE, NOW_MS).await.unwrap();
    assert_eq!((found.room, found.sealed), (room, Opaque(vec![1; 9])));
    assert_eq!((found.opaque_record, found.ksf.iterations), (vec![1; shared::ROOM_RECORD_BYTES], 2));

    let other = bench.room(jon).await;
    assert!(matches!(bench.store.may_set_password(jon, other, HANDLE).await, Err(StoreError::Conflict(_))));
    let refused = bench.commit(jon, setting(other, 0, 1, HANDLE)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "the name is taken");
    assert_eq!(bench.store.entries_after(jon, other, 0, 9).await.unwrap().last_seq, 0);

    bench.store.may_set_password(mira, room, HANDLE).await.unwrap();
    let mut expiring = setting(room, 1, 2, HANDLE);
    expiring.parts.methods.as_mut().unwrap()[0].expires_at_ms = Some(NOW_MS + 5);
    bench.commit(mira, expiring).await.unwrap();
    assert_eq!(find(HANDLE, NOW_MS).await.unwrap().sealed, Opaque(vec![2; 9]), "a new one in its place");
    assert!(find(HANDLE, NOW_MS + 5).await.is_none());
    let mut closing = commit(room, 2, 3);
    closing.parts.keep.clear();
    bench.commit(mira, closing).await.unwrap();
    assert!(find(HANDLE, NOW_MS).await.is_none(), "it goes with its method");
    assert_eq!(bench.commit(jon, setting(other, 0, 1, HANDLE)).await, Ok(1), "and the name is free");
}

pub async fn a_password_is_checked_and_needs_a_level(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    assert!(matches!(bench.store.may_set_password(jon, room, HANDLE).await, Err(StoreError::NotAllowed(_))));
    assert!(matches!(bench.commit(jon, setting(room, 1, 2, HANDLE)).await, Err(StoreError::NotAllowed(_))));
    let with = |change: fn(&mut RoomPassword)| {
        let mut request = setting(room, 1, 2, HANDLE);
        let method = request.parts.methods.as_mut().unwrap().first_mut().unwrap();
        change(method.password.as_mut().unwrap());
        request
    };
    for (bad, code) in [
        (with(|password| password.record = Opaque(vec![1; 191])), "invalid"),
        (with(|password| password.record = Opaque(vec![1; 193])), "invalid"),
        (with(|password| password.sealed = Opaque(Vec::new())), "invalid"),
        (with(|password| password.sealed = Opaque(vec![1; shared::ROOM_BLOB_BYTES + 1])), "too_large"),
    ] {
        assert_eq!(bench.commit(mira, bad).await.unwrap_err().code().as_str(), code);
    }
    bench
        .commit(mira, Commit { levels: Some(vec![(mira, 2), (jon, 1)]), ..commit(room, 1, 2) })
        .await
        .unwrap();
    assert_eq!(bench.commit(jon, setting(room, 2, 3, HANDLE)).await, Ok(3), "a moderator may");
}
