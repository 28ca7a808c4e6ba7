//! Joining by a link.

use waxwing_wire::{
    MethodId,
    frame::{JoinPackage, JoinProof, Welcome},
    ids::TokenHash,
    limits as shared,
};

use super::{requests::*, *};

pub async fn a_link_lets_in(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    bench.append(mira, room, 1, "x").await.unwrap();
    let info = bench.store.join_info(room, proof(), NOW_MS).await.unwrap();
    assert_eq!((info.epoch, info.last_commit, info.last_seq), (EpochId([1; 32]), 1, 2));
    assert_eq!((info.public_state, info.packages), (sealed("public state"), vec![sealed("package")]));

    let mut request = joining(room, 1, 2, jon);
    request.parts.packages[0].bytes = sealed("newer package");
    assert_eq!(bench.commit(jon, request.clone()).await, Ok(3));
    assert_eq!(bench.members(jon, room).await, sorted([mira, jon]));
    let info = bench.store.join_info(room, proof(), NOW_MS).await.unwrap();
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
            bench.store.join_info(room, proof.clone(), NOW_MS).await.unwrap_err(),
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
    assert!(bench.store.join_info(room, proof(), NOW_MS).await.is_ok());
    assert_eq!(bench.store.join_info(room, proof(), NOW_MS + 1).await.unwrap_err(), StoreError::LinkExpired);
    let request = joining(room, 1, 2, jon);
    let late = done(bench.store.accept_commit(jon, request.clone(), NOW_MS + 1).await).await;
    assert_eq!(late, Err(StoreError::LinkExpired));
    let other_token = JoinProof { token: Opaque(vec![0; 32]), ..proof() };
    let refused = bench.store.join_info(room, other_token, NOW_MS + 1).await.unwrap_err();
    assert_eq!(refused, StoreError::LinkInvalid, "only who has the link learns that it expired");
    assert_eq!(bench.commit(jon, request).await, Ok(2));
}

pub async fn replaced_links_are_dead(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let mut replacing = opening(room, 1, 2, None);
    replacing.parts.methods.as_mut().unwrap()[0].id = MethodId([8; 32]);
    replacing.parts.packages[0].method = MethodId([8; 32]);
    bench.commit(mira, replacing).await.unwrap();
    assert_eq!(bench.store.join_info(room, proof(), NOW_MS).await.unwrap_err(), StoreError::LinkInvalid);
    assert_eq!(bench.commit(jon, joining(room, 2, 3, jon)).await, Err(StoreError::LinkInvalid));
    let newer = JoinProof { method: MethodId([8; 32]), ..proof() };
    assert!(bench.store.join_info(room, newer.clone(), NOW_MS).await.is_ok());
    let mut revoking = commit(room, 2, 3);
    revoking.parts.methods = Some(Vec::new());
    bench.commit(mira, revoking).await.unwrap();
    assert_eq!(bench.store.join_info(room, newer, NOW_MS).await.unwrap_err(), StoreError::LinkInvalid);
}

pub async fn only_the_creator_changes_the_ways_in(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    bench.commit(jon, joining(room, 1, 2, jon)).await.unwrap();
    let mut closing = opening(room, 2, 3, None);
    closing.parts.methods = Some(Vec::new());
    closing.parts.packages.clear();
    assert!(matches!(bench.commit(jon, closing.clone()).await, Err(StoreError::Invalid(_))));
    assert!(bench.store.join_info(room, proof(), NOW_MS).await.is_ok());
    assert_eq!(bench.commit(mira, closing).await, Ok(3));
}

pub async fn every_method_needs_its_package(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    assert!(matches!(bench.commit(mira, commit(room, 1, 2)).await, Err(StoreError::Invalid(_))));
    let mut two = opening(room, 1, 2, None);
    let password = MethodId([6; 32]);
    let mut method = two.parts.methods.as_ref().unwrap()[0].clone();
    method.id = password;
    method.token_hash = TokenHash([1; 32]);
    two.parts.methods.as_mut().unwrap().push(method);
    assert!(matches!(bench.commit(mira, two.clone()).await, Err(StoreError::Invalid(_))), "one is missing");
    two.parts.packages.push(JoinPackage { method: password, bytes: sealed("for the password") });
    assert_eq!(bench.commit(mira, two).await, Ok(2));
    let info = bench.store.join_info(room, proof(), NOW_MS).await.unwrap();
    assert_eq!(info.packages, [sealed("package")], "only the method's own");
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
    assert_eq!(bench.store.welcome(jon, room).await.unwrap(), Some(sealed("welcome")));
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
