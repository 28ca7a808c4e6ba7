//! Joining by a link.

use waxwing_wire::{
    MethodId,
    frame::{JoinPackage, JoinProof, RoomPassword, Welcome},
    ids::{RoomHandle, TokenHash},
    limits as shared,
};

use super::{requests::*, *};

pub async fn a_link_lets_in(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    bench.append(mira, room, 1, "x").await.unwrap();
    let info = bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap();
    assert_eq!((info.epoch, info.last_commit, info.last_seq), (EpochId([1; 32]), 1, 2));
    assert_eq!((info.public_states, info.packages), (vec![sealed("public state")], vec![sealed("package")]));

    let mut request = joining(room, 1, 2, jon);
    request.parts.packages[0].bytes = sealed("newer package");
    assert_eq!(bench.commit(jon, request.clone()).await, Ok(3));
    assert_eq!(bench.members(jon, room).await, sorted([mira, jon]));
    let info = bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap();
    assert_eq!((info.epoch, info.packages), (EpochId([2; 32]), vec![sealed("newer package")]));
    assert_eq!(bench.commit(jon, request).await, Ok(3), "the answer was lost");
    assert_eq!(bench.append(jon, room, 3, "hello").await, Ok(4));
    assert!(bench.store.snapshot(jon, room, None).await.unwrap().is_some());
}

pub async fn wrong_links_are_refused(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let wrong = [
        JoinProof { method: MethodId([9; 32]), ..proof() },
        JoinProof { token: Opaque([5; 32].to_vec()), ..proof() },
        JoinProof { token: Opaque(Vec::new()), ..proof() },
        JoinProof { token: Opaque([TOKEN.as_slice(), &[0]].concat()), ..proof() },
    ];
    for proof in wrong {
        assert_eq!(
            bench.store.join_info(room, proof.clone(), u64::MAX, NOW_MS).await.unwrap_err(),
            StoreError::LinkInvalid
        );
        let request = Commit { proof: Some(proof), ..joining(room, 1, 2, jon) };
        assert_eq!(bench.commit(jon, request).await, Err(StoreError::LinkInvalid));
    }
    let without = Commit { proof: None, ..joining(room, 1, 2, jon) };
    assert_eq!(bench.commit(jon, without).await, Err(StoreError::NotFound));
    assert_eq!(bench.members(mira, room).await, sorted([mira]));
}

pub async fn expired_links_are_told(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, Some(NOW_MS + 1))).await.unwrap();
    assert!(bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.is_ok());
    assert_eq!(
        bench.store.join_info(room, proof(), u64::MAX, NOW_MS + 1).await.unwrap_err(),
        StoreError::LinkExpired
    );
    let request = joining(room, 1, 2, jon);
    let late = done(bench.store.accept_commit(caller(jon), request.clone(), NOW_MS + 1).await).await;
    assert_eq!(late, Err(StoreError::LinkExpired));
    let other_token = JoinProof { token: Opaque(vec![0; 32]), ..proof() };
    let refused = bench.store.join_info(room, other_token, u64::MAX, NOW_MS + 1).await.unwrap_err();
    assert_eq!(refused, StoreError::LinkInvalid, "only who has the link learns that it expired");
    assert_eq!(bench.commit(jon, request).await, Ok(2));
}

pub async fn a_link_that_expired_stays_one(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, Some(NOW_MS + 1))).await.unwrap();
    // Whoever made it lives longer, takes it out of the room's state, and makes another one in its place.
    let mut another = opening(room, 1, 2, None);
    another.parts.methods.as_mut().unwrap()[0].id = MethodId([8; 32]);
    another.parts.packages[0].method = MethodId([8; 32]);
    another.parts.keep = vec![MethodId([8; 32])];
    let late = NOW_MS + 1;
    assert_eq!(done(bench.store.accept_commit(caller(mira), another, late).await).await, Ok(2));
    let old = bench.store.join_info(room, proof(), u64::MAX, late).await.unwrap_err();
    assert_eq!(old, StoreError::LinkExpired, "not one that was revoked");
    let newer = JoinProof { method: MethodId([8; 32]), ..proof() };
    assert!(bench.store.join_info(room, newer, u64::MAX, late).await.is_ok());
    assert!(
        done(bench.store.accept_commit(caller(jon), joining(room, 2, 3, jon), late).await).await.is_err()
    );
}

pub async fn a_room_goes_when_its_last_way_in_expires(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, Some(NOW_MS + 1))).await.unwrap();
    bench.commit(mira, Commit { remove: vec![mira], ..commit(room, 1, 2) }).await.unwrap();
    let refused = async |now_ms| {
        bench.store.sweep_sessions(LIFE, now_ms).await.unwrap();
        bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.err()
    };
    assert_eq!(refused(NOW_MS).await, None, "the link still lets in");
    assert_eq!(refused(NOW_MS + 1).await, Some(StoreError::LinkInvalid), "the room is gone");
}

pub async fn replaced_links_are_dead(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let mut replacing = opening(room, 1, 2, None);
    replacing.parts.methods.as_mut().unwrap()[0].id = MethodId([8; 32]);
    replacing.parts.packages[0].method = MethodId([8; 32]);
    replacing.parts.keep = vec![MethodId([8; 32])];
    bench.commit(mira, replacing).await.unwrap();
    assert_eq!(
        bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap_err(),
        StoreError::LinkInvalid
    );
    assert_eq!(bench.commit(jon, joining(room, 2, 3, jon)).await, Err(StoreError::LinkInvalid));
    let newer = JoinProof { method: MethodId([8; 32]), ..proof() };
    assert!(bench.store.join_info(room, newer.clone(), u64::MAX, NOW_MS).await.is_ok());
    let mut revoking = commit(room, 2, 3);
    revoking.parts.keep.clear();
    bench.commit(mira, revoking).await.unwrap();
    assert_eq!(
        bench.store.join_info(room, newer, u64::MAX, NOW_MS).await.unwrap_err(),
        StoreError::LinkInvalid
    );
}

pub async fn levels_decide_who_changes_the_ways_in(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon, ada], ..opening(room, 0, 1, None) }).await.unwrap();
    assert!(matches!(bench.commit(jon, opening(room, 1, 2, None)).await, Err(StoreError::NotAllowed(_))));
    let closing = |after, number| {
        let mut closing = commit(room, after, number);
        closing.parts.keep.clear();
        closing
    };
    let info = async || bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.map(|info| info.commit);
    assert_eq!(bench.commit(jon, closing(1, 2)).await, Ok(2));
    assert_eq!(info().await, Ok(2), "the commit is fine, the link stays");
    let levels = Some(vec![(mira, 2), (jon, 1)]);
    bench.commit(mira, Commit { levels, ..commit(room, 2, 3) }).await.unwrap();
    assert_eq!(bench.commit(jon, closing(3, 4)).await, Ok(4));
    assert_eq!(info().await, Err(StoreError::LinkInvalid));
    assert_eq!(bench.commit(jon, opening(room, 4, 5, None)).await, Ok(5), "a moderator makes a new one");
    bench.commit(mira, Commit { remove: vec![jon], ..commit(room, 5, 6) }).await.unwrap();
    assert_eq!(info().await, Ok(6));
    assert_eq!(bench.commit(ada, closing(6, 7)).await, Ok(7));
    assert_eq!(info().await, Err(StoreError::LinkInvalid), "the link of who is gone is anybody's to close");
}

pub async fn methods_come_and_stay_by_id(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let (password, third_method) = (MethodId([6; 32]), MethodId([7; 32]));
    let mut second = opening(room, 1, 2, None);
    let methods = second.parts.methods.as_mut().unwrap();
    methods[0].id = password;
    methods[0].token_hash = TokenHash([1; 32]);
    methods[0].password = Some(room_password(1));
    second.parts.keep = vec![METHOD, password, third_method];
    assert!(matches!(bench.commit(mira, second.clone()).await, Err(StoreError::LimitReached(_))));
    second.parts.keep.pop();
    second.parts.packages.push(JoinPackage { method: password, bytes: sealed("for the password") });
    assert_eq!(bench.commit(mira, second).await, Ok(2), "the first stays without its token being told again");
    let info = bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap();
    assert_eq!(info.packages, [sealed("package")], "only the method's own");
    let mut third = opening(room, 2, 3, None);
    let methods = third.parts.methods.as_mut().unwrap();
    methods[0].id = third_method;
    methods[0].password = Some(room_password(2));
    third.parts.keep = vec![METHOD, password];
    assert!(matches!(bench.commit(mira, third.clone()).await, Err(StoreError::LimitReached(_))));
    third.parts.keep.pop();
    assert_eq!(bench.commit(mira, third).await, Ok(3), "the second made room for it");
    let mut foreign = commit(room, 3, 4);
    foreign.parts.packages = vec![JoinPackage { method: password, bytes: sealed("of no use") }];
    assert_eq!(bench.commit(mira, foreign).await, Ok(4), "a package for another method is no mistake");
    let info = bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap();
    assert_eq!((info.commit, info.packages), (4, vec![]), "nobody made one for the link");
}

pub async fn older_epochs_are_there_for_who_joins(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon], ..opening(room, 0, 1, None) }).await.unwrap();
    for number in 2..=10 {
        let mut request = commit(room, u64::from(number) - 1, number);
        request.parts.public_state = Opaque(vec![100 + number]);
        request.parts.packages = vec![JoinPackage { method: METHOD, bytes: Opaque(vec![number]) }];
        bench.commit(if number % 2 == 0 { mira } else { jon }, request).await.unwrap();
    }
    let (mut before, mut seen) = (u64::MAX, Vec::new());
    let end = loop {
        match bench.store.join_info(room, proof(), before, NOW_MS).await {
            Ok(info) => {
                let number = info.epoch.0[0];
                assert_eq!((info.commit, info.last_commit, info.last_seq), (u64::from(number), 10, 10));
                assert_eq!(info.packages, [Opaque(vec![number])]);
                assert_eq!(info.public_states, [Opaque(vec![100 + number])]);
                seen.push(number);
                before = info.commit;
            }
            Err(error) => break error,
        }
    };
    assert_eq!((end, seen), (StoreError::NotFound, (3..=10).rev().collect()), "the last eight");
    assert_eq!(bench.store.join_info(room, proof(), 0, NOW_MS).await.unwrap_err(), StoreError::NotFound);
}

pub async fn who_joins_adds_only_itself(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let good = joining(room, 1, 2, jon);
    for bad in [
        Commit { add: vec![ada], ..good.clone() },
        Commit { add: vec![jon, ada], ..good.clone() },
        Commit { add: vec![], ..good.clone() },
        Commit { remove: vec![mira], ..good.clone() },
    ] {
        assert!(matches!(bench.commit(jon, bad).await, Err(StoreError::Invalid(_))));
    }
    assert_eq!(bench.members(mira, room).await, sorted([mira]));
}

pub async fn members_may_join_again(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    bench.commit(jon, joining(room, 1, 2, jon)).await.unwrap();
    assert_eq!(bench.commit(jon, joining(room, 2, 3, jon)).await, Ok(3), "it lost its state");
    let mut readding = adding(room, 3, 4, jon);
    readding.parts.packages = joining(room, 3, 4, jon).parts.packages;
    assert_eq!(bench.commit(mira, readding).await, Ok(4));
    assert_eq!(bench.members(mira, room).await, sorted([mira, jon]));
    assert_eq!(bench.store.welcomes(jon, room).await.unwrap(), [sealed("welcome")]);
}

pub async fn a_room_fills_up(bench: &mut Bench) {
    let mira = bench.account("mira").await;
    let room = bench.room(mira).await;
    let mut others = Vec::new();
    for number in 0..shared::ROOM_MEMBERS {
        others.push(bench.account(&format!("other{number}")).await);
    }
    let last = others.pop().unwrap();
    let mut request = opening(room, 0, 1, None);
    request.welcomes =
        others.iter().map(|account| Welcome { account: *account, bytes: sealed("w") }).collect();
    request.add = others;
    assert_eq!(bench.commit(mira, request).await, Ok(1));
    assert_eq!(bench.commit(last, joining(room, 1, 2, last)).await, Err(StoreError::RoomFull));
    let swap = |remove| {
        let mut request = Commit { remove, ..adding(room, 1, 2, last) };
        request.parts.packages = joining(room, 1, 2, last).parts.packages;
        request
    };
    assert_eq!(bench.commit(mira, swap(vec![])).await, Err(StoreError::RoomFull));
    let leaver = bench.members(mira, room).await.into_iter().find(|member| *member != mira).unwrap();
    assert_eq!(bench.commit(mira, swap(vec![leaver])).await, Ok(2), "one leaves, one comes");
    assert_eq!(bench.store.members(mira, room).await.unwrap().len(), shared::ROOM_MEMBERS);
}

fn room_password(handle: u8) -> RoomPassword {
    RoomPassword {
        handle: RoomHandle([handle; 32]),
        record: Opaque(vec![1; shared::ROOM_RECORD_BYTES]),
        ksf: KsfParams { memory_kib: 19_456, iterations: 2, parallelism: 1 },
        sealed: sealed("link"),
    }
}

pub async fn a_room_has_one_link_and_one_password(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let more = |number: u8, after, password| {
        let mut request = opening(room, after, 10 + number, None);
        let methods = request.parts.methods.as_mut().unwrap();
        methods[0].id = MethodId([100 + number; 32]);
        methods[0].password = password;
        request.parts.keep = (101..=110).map(|id| MethodId([id; 32])).chain([METHOD]).collect();
        request.parts.keep.retain(|id| id.0[0] == 100 + number || *id == METHOD);
        request
    };
    let full = |answer| matches!(answer, Err(StoreError::LimitReached(_)));
    assert!(full(bench.commit(mira, more(1, 1, None)).await), "a second link");
    let set = more(2, 1, Some(room_password(1)));
    assert_eq!(bench.commit(mira, set).await, Ok(2));
    let mut second = more(3, 2, Some(room_password(2)));
    second.parts.keep = vec![MethodId([102; 32]), MethodId([103; 32])];
    assert!(full(bench.commit(mira, second.clone()).await), "a second password");
    second.parts.methods.as_mut().unwrap()[0].password = Some(room_password(1));
    assert!(full(bench.commit(mira, second.clone()).await), "the name is this room's, not another's");
    second.parts.keep = vec![METHOD, MethodId([103; 32])];
    assert_eq!(bench.commit(mira, second).await, Ok(3), "in place of the first");
    let elsewhere = bench.room(jon).await;
    let mut foreign = more(4, 0, Some(room_password(1)));
    foreign.room = elsewhere;
    assert!(matches!(bench.commit(jon, foreign).await, Err(StoreError::Conflict(_))), "and taken for others");
}
