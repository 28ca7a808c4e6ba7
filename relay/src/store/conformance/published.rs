//! Candidates that members publish for the epochs of commits.

use waxwing_wire::{
    frame::{JoinPackage, PutPublished, Snapshot},
    limits as shared,
};

use super::{requests::*, *};

fn epoch(number: u8) -> EpochId {
    EpochId([number; 32])
}

impl Bench {
    async fn publish(&self, author: AccountId, request: PutPublished) -> Result<()> {
        done(self.store.put_published(caller(author), request).await).await
    }
}

pub async fn candidates_stand_beside_the_authors(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon, ada], ..opening(room, 0, 1, None) }).await.unwrap();
    bench.publish(jon, candidate(room, 1, 1)).await.unwrap();
    let store = &bench.store;
    let (own, author) = (sealed("own public state"), sealed("public state"));
    assert_eq!(store.public_states(jon, room, epoch(1)).await.unwrap(), [own.clone(), author.clone()]);
    assert_eq!(store.public_states(ada, room, epoch(1)).await.unwrap(), [author.clone(), own.clone()]);
    let found = store.published(ada, room, epoch(1)).await.unwrap();
    let links: Vec<_> = found.links.iter().map(|link| (link.author, link.commit, &link.bytes)).collect();
    assert_eq!(links, [(mira, 1, &sealed("link")), (jon, 1, &sealed("own link"))]);
    assert_eq!(found.public_states, [author.clone(), own.clone()]);
    assert_eq!(store.history_links(ada, room, u64::MAX).await.unwrap(), found.links);
    let info = store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap();
    assert_eq!(info.packages, [sealed("package"), sealed("own package")]);
    assert_eq!(info.public_states, [author, own]);
    let nothing = store.published(ada, room, epoch(9)).await.unwrap();
    assert_eq!((nothing.links, nothing.public_states), (vec![], vec![]));
}

pub async fn candidates_are_checked_and_stay(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon], ..opening(room, 0, 1, None) }).await.unwrap();
    bench.append(mira, room, 1, "x").await.unwrap();
    let good = candidate(room, 1, 1);
    let large = |bytes| Opaque(vec![0; bytes]);
    let state = |bytes| PutPublished { public_state: Some(large(bytes)), ..candidate(room, 1, 1) };
    let packages = |count, bytes| PutPublished {
        packages: vec![JoinPackage { method: METHOD, bytes: large(bytes) }; count],
        ..candidate(room, 1, 1)
    };
    for (bad, code) in [
        (PutPublished { commit: 2, ..good.clone() }, "invalid"),
        (PutPublished { commit: 9, ..good.clone() }, "invalid"),
        (state(0), "invalid"),
        (state(shared::PUBLIC_STATE_BYTES + 1), "too_large"),
        (PutPublished { link: Some(large(shared::LINK_BYTES + 1)), ..good.clone() }, "too_large"),
        (packages(1, shared::LINK_BYTES + 1), "too_large"),
        (packages(2, 1), "invalid"),
        (packages(3, 1), "limit_reached"),
    ] {
        assert_eq!(bench.publish(jon, bad).await.unwrap_err().code().as_str(), code);
    }
    let alone = bench.store.published(jon, room, epoch(1)).await.unwrap();
    assert_eq!((alone.links.len(), alone.public_states.len()), (1, 1), "nothing was kept of those");

    let link_only = PutPublished { public_state: None, packages: vec![], ..good.clone() };
    bench.publish(jon, link_only).await.unwrap();
    bench.publish(jon, good.clone()).await.unwrap();
    let worse = PutPublished {
        public_state: Some(sealed("worse")),
        link: Some(sealed("worse")),
        packages: vec![JoinPackage { method: METHOD, bytes: sealed("worse") }],
        ..good.clone()
    };
    for author in [jon, mira] {
        bench.publish(author, worse.clone()).await.unwrap();
    }
    let found = bench.store.published(mira, room, epoch(1)).await.unwrap();
    assert_eq!(found.public_states, [sealed("public state"), sealed("own public state")], "the first stays");
    assert_eq!(found.links[1].bytes, sealed("own link"));
    let other_epoch = PutPublished { epoch: epoch(5), ..good };
    assert!(matches!(bench.publish(jon, other_epoch).await, Err(StoreError::Conflict(_))));
}

pub async fn few_authors_publish_for_one_commit(bench: &mut Bench) {
    let all: [AccountId; 10] = bench.accounts().await;
    let room = bench.room(all[0]).await;
    let levels = Some((0..=4).map(|number| (all[number], if number == 0 { 2 } else { 1 })).collect());
    bench
        .commit(all[0], Commit { add: all[1..].to_vec(), levels, ..opening(room, 0, 1, None) })
        .await
        .unwrap();
    for account in &all[5..9] {
        bench.publish(*account, candidate(room, 1, 1)).await.unwrap();
    }
    let ninth = bench.publish(all[9], candidate(room, 1, 1)).await;
    assert!(matches!(ninth, Err(StoreError::LimitReached(_))), "the other places are for moderators");
    for account in &all[1..4] {
        bench.publish(*account, candidate(room, 1, 1)).await.unwrap();
    }
    assert!(matches!(bench.publish(all[4], candidate(room, 1, 1)).await, Err(StoreError::LimitReached(_))));
    bench.publish(all[5], candidate(room, 1, 1)).await.expect("who has published may say it again");
    let found = bench.store.published(all[9], room, epoch(1)).await.unwrap();
    let authors: Vec<_> = found.links.iter().map(|link| link.author).collect();
    assert_eq!(authors, [&all[0..4], &all[5..9]].concat(), "by level, then as they came");
    assert_eq!(found.public_states.len(), 4);
    bench.commit(all[8], commit(room, 1, 2)).await.unwrap();
    bench.publish(all[9], candidate(room, 2, 2)).await.expect("the next commit has its own");
}

pub async fn large_candidates_come_alone(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    let mut request = adding(room, 0, 1, jon);
    request.parts.public_state = Opaque(vec![1; shared::PUBLIC_STATE_BYTES]);
    bench.commit(mira, request).await.unwrap();
    let state = Some(Opaque(vec![2; shared::PUBLIC_STATE_BYTES]));
    bench.publish(jon, PutPublished { public_state: state, ..candidate(room, 1, 1) }).await.unwrap();
    let found = bench.store.public_states(jon, room, epoch(1)).await.unwrap();
    assert_eq!(found.len(), 1, "both would exceed the answer");
    assert_eq!(found[0].as_bytes()[0], 2, "the own one is worth more");
}

pub async fn an_author_who_lies_about_its_epoch_is_overruled_by_a_moderator(bench: &mut Bench) {
    let [mira, jon, ada, eve] = bench.accounts().await;
    let room = bench.room(mira).await;
    let add = vec![jon, ada, eve];
    bench.commit(mira, Commit { add, ..opening(room, 0, 1, None) }).await.unwrap();
    let newest = async || bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap();
    for plain in [jon, ada] {
        bench.publish(plain, candidate(room, 1, 7)).await.unwrap();
    }
    assert_eq!(newest().await.epoch, epoch(1), "members without a level do not outvote an owner");
    let mut lie = commit(room, 1, 2);
    lie.parts.packages = vec![JoinPackage { method: METHOD, bytes: sealed("lie") }];
    bench.commit(jon, lie).await.unwrap();
    bench.publish(ada, candidate(room, 2, 8)).await.unwrap();
    assert_eq!(newest().await.epoch, epoch(2), "among equals the author's word counts");
    bench.publish(mira, candidate(room, 2, 8)).await.unwrap();
    let info = newest().await;
    assert_eq!((info.epoch, info.commit), (epoch(8), 2));
    assert_eq!(info.public_states, [sealed("own public state"), sealed("own public state")]);
    assert_eq!(info.packages, [sealed("own package"), sealed("own package")]);
    let snapshot = Snapshot { epoch: epoch(8), commit: 2, bytes: sealed("eve") };
    done(bench.store.put_snapshot(caller(eve), room, snapshot).await).await.unwrap();
}

pub async fn junk_does_not_push_out_what_leads_in(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon, ada], ..opening(room, 0, 1, None) }).await.unwrap();
    for number in 2..=24_u8 {
        let junk = commit(room, u64::from(number) - 1, number);
        let at = NOW_MS + 60_000 * u64::from(number);
        done(bench.store.accept_commit(caller(jon), junk, at).await).await.unwrap();
    }
    let before = async |before| bench.store.join_info(room, proof(), before, NOW_MS).await.unwrap();
    assert_eq!(before(u64::MAX).await.commit, 24);
    let good = before(17).await;
    assert_eq!((good.commit, good.public_states.len(), good.packages.len()), (1, 1, 1));
    bench.publish(ada, candidate(room, 1, 1)).await.unwrap();
    assert_eq!(before(17).await.packages.len(), 2, "and it can still be corrected");
}

pub async fn old_candidates_are_only_links(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon], ..opening(room, 0, 1, None) }).await.unwrap();
    for number in 2..=9 {
        bench.commit(mira, commit(room, u64::from(number) - 1, number)).await.unwrap();
    }
    let whole = candidate(room, 1, 1);
    let link_only = PutPublished { public_state: None, packages: Vec::new(), ..whole.clone() };
    let with_state = PutPublished { packages: Vec::new(), ..whole.clone() };
    let with_package = PutPublished { public_state: None, ..whole.clone() };
    for refused in [whole, with_state, with_package] {
        assert_eq!(bench.publish(jon, refused).await, Err(StoreError::TooOld));
    }
    assert_eq!(bench.store.published(jon, room, epoch(1)).await.unwrap().links.len(), 1, "all or nothing");
    bench.publish(jon, link_only).await.unwrap();
    let found = bench.store.published(jon, room, epoch(1)).await.unwrap();
    assert_eq!((found.links.len(), found.public_states.len()), (2, 0), "states are for the last eight");
    bench.publish(jon, candidate(room, 2, 2)).await.unwrap();
    assert_eq!(bench.store.public_states(jon, room, epoch(2)).await.unwrap().len(), 2);
}
