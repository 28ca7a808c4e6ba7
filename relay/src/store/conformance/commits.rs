//! Commits and what belongs to epochs.

use waxwing_wire::{
    frame::{HistoryLink, JoinPackage, KeyringEntry, Snapshot, Welcome},
    limits as shared,
};

use super::{requests::*, *};

fn epoch(number: u8) -> EpochId {
    EpochId([number; 32])
}

pub async fn a_commit_brings_everything_that_belongs_to_it(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.append(mira, room, 0, "a").await.unwrap();
    assert_eq!(bench.commit(mira, adding(room, 0, 1, jon)).await, Ok(2));
    let store = &bench.store;
    assert_eq!(bench.members(jon, room).await, sorted([mira, jon]));
    let snapshot = Snapshot { epoch: epoch(1), commit: 2, bytes: sealed("snapshot") };
    assert_eq!(store.snapshot(mira, room, None).await.unwrap(), Some(snapshot.clone()));
    assert_eq!(store.snapshot(mira, room, Some(epoch(1))).await.unwrap(), Some(snapshot));
    assert_eq!(store.snapshot(mira, room, Some(epoch(9))).await.unwrap(), None);
    assert_eq!(store.snapshot(jon, room, None).await.unwrap(), None, "it is the author's own");
    assert_eq!(store.public_states(jon, room, epoch(1)).await.unwrap(), [sealed("public state")]);
    let key = |number, commit| KeyringEntry { epoch: epoch(number), commit, bytes: sealed("epoch key") };
    assert_eq!(store.keyring(mira, room, u64::MAX).await.unwrap(), [key(1, 2), key(0, 0)]);
    assert_eq!(store.keyring(jon, room, u64::MAX).await.unwrap(), []);
    let link = HistoryLink { epoch: epoch(1), commit: 2, author: mira, bytes: sealed("link") };
    assert_eq!(store.history_links(jon, room, u64::MAX).await.unwrap(), [link]);
    assert_eq!(store.welcomes(jon, room).await.unwrap(), [sealed("welcome")]);
    assert!(store.welcomes(mira, room).await.unwrap().is_empty());
}

pub async fn of_racing_commits_one_wins(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    for round in 0..20_u8 {
        let after = u64::from(round) + 1;
        let (one, other) = tokio::join!(
            bench.commit(mira, commit(room, after, 10 + 2 * round)),
            bench.commit(jon, commit(room, after, 11 + 2 * round))
        );
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(won, Ok(after + 1));
        assert_eq!(lost, Err(StoreError::Stale { last_commit: after + 1 }));
    }
}

pub async fn a_commit_names_no_more_accounts_than_a_room_holds(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    let many = || (0..=shared::ROOM_MEMBERS).map(|_| AccountId(random()));
    let welcomes = many().map(|account| Welcome { account, bytes: sealed("welcome") }).collect();
    for request in [
        Commit { remove: many().collect(), ..commit(room, 0, 1) },
        Commit { welcomes, ..commit(room, 0, 1) },
        Commit { levels: Some(many().map(|account| (account, 1)).collect()), ..commit(room, 0, 1) },
    ] {
        assert!(matches!(bench.commit(mira, request).await, Err(StoreError::LimitReached(_))));
    }
    let add = Commit { add: many().collect(), ..commit(room, 0, 1) };
    assert_eq!(bench.commit(mira, add).await, Err(StoreError::RoomFull));
    let entry = |number: u32| {
        let mut epoch = [0; 32];
        epoch[..4].copy_from_slice(&number.to_be_bytes());
        KeyringEntry { epoch: EpochId(epoch), commit: 0, bytes: sealed("key") }
    };
    let entries = (0..=shared::PAGE_LINKS).map(entry).collect();
    let refused = done(bench.store.put_keyring(caller(mira), room, entries).await).await;
    assert_eq!(refused, Err(StoreError::LimitReached("too many keyring entries at once")));
}

pub async fn members_without_a_level_share_a_pace(bench: &mut Bench) {
    let all: [AccountId; 16] = bench.accounts().await;
    let room = bench.room(all[0]).await;
    let add = all[1..15].to_vec();
    bench.commit(all[0], Commit { add, ..opening(room, 0, 1, None) }).await.unwrap();
    let mut last = 1;
    let mut next = async |author: AccountId, at_ms: u64| {
        let request = commit(room, last, u8::try_from(last + 1).unwrap());
        let accepted = done(bench.store.accept_commit(caller(author), request, at_ms).await).await;
        last = *accepted.as_ref().unwrap_or(&last);
        accepted
    };
    let limited = Err(StoreError::RateLimited { retry_after_s: 24 });
    for _ in 0..4 {
        next(all[1], NOW_MS).await.unwrap();
    }
    assert_eq!(next(all[1], NOW_MS).await, limited, "nobody gets more than half");
    for author in &all[2..6] {
        next(*author, NOW_MS).await.unwrap();
    }
    assert_eq!(next(all[2], NOW_MS).await, limited);
    for author in &all[6..13] {
        next(*author, NOW_MS).await.expect("who made none of them gets through");
    }
    for _ in 0..20 {
        next(all[0], NOW_MS).await.expect("an owner always");
    }
    let join = joining(room, 36, 100, all[15]);
    let joined = done(bench.store.accept_commit(caller(all[15]), join, NOW_MS).await).await;
    assert_eq!(joined, Ok(37), "who joins is not kept out by one member's junk");
    let soon = commit(room, 37, 101);
    let at = NOW_MS + 24_000;
    assert_eq!(done(bench.store.accept_commit(caller(all[1]), soon, at).await).await, Ok(38));
}

pub async fn committing_is_idempotent(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    let request = adding(room, 0, 1, jon);
    assert_eq!(bench.commit(mira, request.clone()).await, Ok(1));
    bench.append(jon, room, 1, "x").await.unwrap();
    bench.commit(jon, commit(room, 1, 2)).await.unwrap();
    let before = bench.all_of(mira, room).await;
    bench.drain().await;
    assert_eq!(bench.commit(mira, request).await, Ok(1), "the answer was lost, the commit was not");
    assert_eq!(bench.all_of(mira, room).await, before);
    assert!(bench.notices.try_recv().is_err(), "nothing new happened");
}

type Change = fn(&mut Commit);

pub async fn a_commit_that_is_refused_leaves_nothing(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let before = bench.all_of(mira, room).await;
    bench.drain().await;
    let changes: [(Change, &str); 21] = [
        (|c| c.after = 0, "stale"),
        (|c| c.id.0[0] ^= 1, "invalid"),
        (|c| c.bytes = Opaque(Vec::new()), "invalid"),
        (|c| c.bytes = Opaque(vec![0; shared::COMMIT_BYTES + 1]), "too_large"),
        (|c| c.parts.public_state = Opaque(vec![0; shared::PUBLIC_STATE_BYTES + 1]), "too_large"),
        (|c| c.parts.snapshot = Opaque(vec![0; shared::SNAPSHOT_BYTES + 1]), "too_large"),
        (|c| c.parts.keyring = Opaque(vec![0; shared::LINK_BYTES + 1]), "too_large"),
        (|c| c.parts.link = Some(Opaque(vec![0; shared::LINK_BYTES + 1])), "too_large"),
        (|c| c.parts.packages[0].bytes = Opaque(vec![0; shared::LINK_BYTES + 1]), "too_large"),
        (|c| c.welcomes[0].bytes = Opaque(vec![0; shared::WELCOME_BYTES + 1]), "too_large"),
        (|c| c.welcomes[0].account = AccountId([9; 16]), "invalid"),
        (|c| c.add.push(c.add[0]), "invalid"),
        (|c| c.add.push(AccountId([9; 16])), "invalid"),
        (|c| c.parts.epoch = EpochId([1; 32]), "conflict"),
        (|c| c.levels = Some(vec![(AccountId([9; 16]), 2)]), "invalid"),
        (|c| c.levels = Some(vec![(c.add[0], 3)]), "invalid"),
        (|c| c.levels = Some(vec![(c.add[0], 0)]), "invalid"),
        (|c| c.levels = Some(vec![(c.add[0], 1), (c.add[0], 2)]), "invalid"),
        (
            |c| {
                c.parts.methods =
                    opening(c.room, 0, 0, None).parts.methods.map(|one| [one.clone(), one].concat())
            },
            "invalid",
        ),
        (|c| c.parts.packages.push(JoinPackage { method: METHOD, bytes: sealed("again") }), "invalid"),
        (
            |c| {
                let method = c.parts.methods.as_ref().unwrap()[0].clone();
                c.parts.methods = Some(vec![method; 3]);
            },
            "limit_reached",
        ),
    ];
    for (number, (change, code)) in changes.into_iter().enumerate() {
        let mut request = opening(room, 1, 2, None);
        request.add = vec![jon];
        request.welcomes = vec![Welcome { account: jon, bytes: sealed("welcome") }];
        change(&mut request);
        let refused = bench.commit(mira, request).await.unwrap_err();
        assert_eq!(refused.code().as_str(), code, "change {number}: {refused}");
        assert_eq!(bench.all_of(mira, room).await, before, "change {number}");
        assert!(bench.store.members(jon, room).await.is_err());
        assert_eq!(bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap().epoch, epoch(1));
    }
    assert!(bench.notices.try_recv().is_err());
}

pub async fn levels_decide_who_removes_whom(bench: &mut Bench) {
    let [mira, jon, ada, eve] = bench.accounts().await;
    let room = bench.room(mira).await;
    let mut first = commit(room, 0, 1);
    first.add = vec![jon, ada, eve];
    first.levels = Some(vec![(mira, 2), (jon, 1)]);
    bench.commit(mira, first).await.unwrap();
    let removing = |after, number, who| Commit { remove: vec![who], ..commit(room, after, number) };
    let raising = Commit { levels: Some(vec![(jon, 2)]), ..commit(room, 1, 2) };
    for (by, request) in [
        (ada, removing(1, 2, eve)),
        (ada, removing(1, 2, jon)),
        (jon, removing(1, 2, mira)),
        (jon, raising.clone()),
        (ada, raising),
    ] {
        assert!(matches!(bench.commit(by, request).await, Err(StoreError::NotAllowed(_))));
    }
    assert_eq!(bench.commit(jon, removing(1, 2, ada)).await, Ok(2), "a moderator removes plain members");
    assert_eq!(bench.members(mira, room).await, sorted([mira, jon, eve]));
    assert_eq!(bench.append(ada, room, 2, "x").await, Err(StoreError::NotFound));
    assert_eq!(bench.store.entries_after(ada, room, 0, 9).await.unwrap_err(), StoreError::NotFound);
    assert_eq!(bench.store.room_ids(ada).await.unwrap(), []);
    assert_eq!(bench.commit(eve, removing(2, 3, ada)).await, Ok(3), "who is gone is gone");
    assert_eq!(bench.commit(eve, removing(3, 4, eve)).await, Ok(4), "leaving is anybody's");
    assert_eq!(bench.commit(mira, removing(4, 5, jon)).await, Ok(5), "an owner removes anybody");
    bench.commit(mira, adding(room, 5, 6, jon)).await.unwrap();
    assert_eq!(
        bench.store.snapshot(jon, room, None).await.unwrap(),
        None,
        "an old snapshot is not brought back"
    );
    let again = Commit { remove: vec![mira], ..commit(room, 6, 7) };
    assert!(matches!(bench.commit(jon, again).await, Err(StoreError::NotAllowed(_))), "nor an old level");
}

pub async fn where_nobody_owns_the_highest_may_do_all(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    let first = Commit { add: vec![jon, ada], levels: Some(vec![(mira, 2), (jon, 1)]), ..commit(room, 0, 1) };
    bench.commit(mira, first).await.unwrap();
    bench.commit(mira, Commit { remove: vec![mira], ..commit(room, 1, 2) }).await.unwrap();
    let raise = |after, number, who| Commit { levels: Some(vec![(who, 2)]), ..commit(room, after, number) };
    assert!(matches!(bench.commit(ada, raise(2, 3, ada)).await, Err(StoreError::NotAllowed(_))));
    assert_eq!(bench.commit(jon, raise(2, 3, ada)).await, Ok(3));
    assert!(matches!(bench.commit(jon, raise(3, 4, jon)).await, Err(StoreError::NotAllowed(_))));
    assert_eq!(bench.commit(ada, raise(3, 4, ada)).await, Ok(4));
    bench.commit(ada, Commit { remove: vec![ada], ..commit(room, 4, 5) }).await.unwrap();
    assert_eq!(bench.commit(jon, raise(5, 6, jon)).await, Ok(6), "alone, one may do all");
}

pub async fn a_member_is_let_in_again_by_a_welcome(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![ada], welcomes: vec![], ..adding(room, 0, 1, jon) }).await.unwrap();
    bench.commit(mira, adding(room, 1, 2, jon)).await.unwrap();
    let welcomes = vec![Welcome { account: jon, bytes: sealed("second welcome") }];
    let request = Commit { welcomes, ..commit(room, 2, 3) };
    assert_eq!(bench.commit(ada, request).await, Ok(3), "any member may");
    let mut told = Vec::new();
    while told.len() < 4 {
        if let Notice::Joined { account, summary } = bench.notices.recv().await.unwrap() {
            told.push((account, summary.last_seq));
        }
    }
    assert_eq!(told, [(mira, 0), (ada, 1), (jon, 2), (jon, 3)], "once for each Welcome");
    let both = [sealed("welcome"), sealed("second welcome")];
    assert_eq!(bench.store.welcomes(jon, room).await.unwrap(), both, "nobody replaces an owner's");
    assert_eq!(bench.members(mira, room).await, sorted([mira, jon, ada]));
    let welcomes = vec![Welcome { account: jon, bytes: sealed("third") }];
    let request = Commit { remove: vec![jon], welcomes, ..commit(room, 3, 4) };
    assert!(matches!(bench.commit(mira, request).await, Err(StoreError::Invalid(_))), "not who goes");
}

pub async fn welcomes_of_a_few_authors_are_kept(bench: &mut Bench) {
    let all: [AccountId; 12] = bench.accounts().await;
    let (mira, jon) = (all[0], all[11]);
    let room = bench.room(mira).await;
    let add = all[1..].to_vec();
    let first = Commit { add, ..adding(room, 0, 1, jon) };
    bench.commit(mira, first).await.unwrap();
    for number in 1..=10_u8 {
        let bytes = Opaque(vec![number; if number == 1 { 1 } else { shared::WELCOME_BYTES }]);
        let welcomes = vec![Welcome { account: jon, bytes }];
        let request = Commit { welcomes, ..commit(room, u64::from(number), number + 1) };
        bench.commit(all[usize::from(number)], request).await.unwrap();
    }
    let found = bench.store.welcomes(jon, room).await.unwrap();
    let firsts: Vec<_> = found.iter().map(|welcome| welcome.as_bytes()[0]).collect();
    assert_eq!(firsts, [b'w', 10, 9], "the owner's, then the newest, as far as they fit an answer");
    let small = vec![Welcome { account: jon, bytes: Opaque(vec![2]) }];
    bench.commit(mira, Commit { welcomes: small, ..commit(room, 11, 12) }).await.unwrap();
    let found = bench.store.welcomes(jon, room).await.unwrap();
    assert_eq!(found[0].as_bytes(), [2], "each author has one");
}

pub async fn snapshots_and_public_states_are_pruned_together(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let of_jon = Snapshot { epoch: epoch(1), commit: 1, bytes: sealed("jon") };
    done(bench.store.put_snapshot(caller(jon), room, of_jon.clone()).await).await.unwrap();
    for number in 2..=12 {
        bench.commit(mira, commit(room, u64::from(number) - 1, number)).await.unwrap();
    }
    let store = &bench.store;
    let states = async || {
        let mut kept = Vec::new();
        for number in 0..=13 {
            if !store.public_states(mira, room, epoch(number)).await.unwrap().is_empty() {
                kept.push(number);
            }
        }
        kept
    };
    let mut snapshots = Vec::new();
    for number in 0..=12 {
        if store.snapshot(mira, room, Some(epoch(number))).await.unwrap().is_some() {
            snapshots.push(number);
        }
    }
    assert_eq!(snapshots, [11, 12], "the newest two");
    assert_eq!(states().await, [1, 5, 6, 7, 8, 9, 10, 11, 12], "the last eight, and what snapshots need");
    assert_eq!(
        store.snapshot(jon, room, None).await.unwrap(),
        Some(of_jon),
        "jon can go on from where it stopped"
    );
    bench.commit(mira, Commit { remove: vec![jon], ..commit(room, 12, 13) }).await.unwrap();
    assert_eq!(states().await, [6, 7, 8, 9, 10, 11, 12, 13], "nobody needs the first any more");
    assert_eq!(store.keyring(mira, room, u64::MAX).await.unwrap().len(), 14, "keys are never pruned");
}

pub async fn snapshots_are_replaced_and_need_their_public_state(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    let put =
        async |snapshot: Snapshot| done(bench.store.put_snapshot(caller(mira), room, snapshot).await).await;
    let other = Snapshot { epoch: epoch(0), commit: 0, bytes: sealed("other") };
    put(other.clone()).await.unwrap();
    let kept = bench.store.snapshot(mira, room, None).await.unwrap().unwrap();
    assert_eq!(kept.bytes, sealed("other"), "the account's latest word");
    assert!(matches!(put(Snapshot { commit: 1, ..other.clone() }).await, Err(StoreError::Invalid(_))));
    let empty = Snapshot { bytes: Opaque(Vec::new()), ..other.clone() };
    assert!(matches!(put(empty).await, Err(StoreError::Invalid(_))));
    let large = Snapshot { bytes: Opaque(vec![0; shared::SNAPSHOT_BYTES + 1]), ..other.clone() };
    assert!(matches!(put(large).await, Err(StoreError::TooLarge(..))));
    let unknown = Snapshot { epoch: epoch(9), ..other };
    assert_eq!(put(unknown).await, Err(StoreError::Stale { last_commit: 0 }), "nothing would complete it");
}

pub async fn keyrings_are_replaced_by_epoch_and_paged(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    let total = shared::PAGE_LINKS + 10;
    let mut entries = Vec::new();
    for number in 1..=total {
        let mut request = commit(room, u64::from(number) - 1, 1);
        request.parts.epoch.0[..4].copy_from_slice(&number.to_be_bytes());
        entries.push((request.parts.epoch, u64::from(number)));
        bench.commit(mira, request).await.unwrap();
        while bench.notices.try_recv().is_ok() {}
    }
    let page = bench.store.keyring(mira, room, u64::MAX).await.unwrap();
    assert_eq!(page.len(), shared::PAGE_LINKS as usize);
    let rest = bench.store.keyring(mira, room, page.last().unwrap().commit).await.unwrap();
    let read: Vec<_> = page.iter().chain(&rest).map(|entry| (entry.epoch, entry.commit)).rev().collect();
    assert_eq!(read[1..], entries);
    assert!(bench.store.keyring(mira, room, 0).await.unwrap().is_empty());

    let put = async |who, entries| done(bench.store.put_keyring(caller(who), room, entries).await).await;
    let key = |number, commit, text| KeyringEntry { epoch: epoch(number), commit, bytes: sealed(text) };
    let last = u64::from(total);
    put(mira, vec![key(200, 0, "first"), key(200, 0, "second")]).await.unwrap();
    let mut kept = bench.store.keyring(mira, room, 1).await.unwrap();
    kept.retain(|entry| entry.epoch == epoch(200));
    assert_eq!(kept, [key(200, 0, "second")], "the account's latest word");
    assert!(matches!(put(mira, vec![key(201, last + 1, "x")]).await, Err(StoreError::Invalid(_))));
    assert!(matches!(put(mira, vec![key(201, 0, "")]).await, Err(StoreError::Invalid(_))));
    // A stolen session fills the places; the right entry still finds one.
    put(mira, (201..=210).map(|number| key(number, 0, "junk")).collect()).await.unwrap();
    put(mira, vec![key(200, 0, "right")]).await.unwrap();
    let kept = bench.store.keyring(mira, room, 1).await.unwrap();
    let junk = [210, 209, 208].map(|number| key(number, 0, "junk"));
    assert_eq!(kept, [&[key(200, 0, "right")], &junk[..]].concat());
    put(mira, vec![key(208, 0, "replaced"), key(200, 0, "again")]).await.unwrap();
    assert_eq!(bench.store.keyring(mira, room, 1).await.unwrap().len(), 4, "replacing takes no place");
    assert_eq!(put(jon, Vec::new()).await, Err(StoreError::NotFound));
}

pub async fn history_is_paged_by_bytes(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    for number in 1..=40 {
        let mut request = commit(room, u64::from(number) - 1, number);
        request.parts.link = Some(Opaque(vec![number; shared::LINK_BYTES]));
        bench.commit(mira, request).await.unwrap();
    }
    let (mut read, mut before, mut pages) = (Vec::new(), u64::MAX, 0);
    loop {
        let page = bench.store.history_links(mira, room, before).await.unwrap();
        let Some(last) = page.last() else { break };
        before = last.commit;
        pages += 1;
        read.extend(page.iter().map(|link| link.commit));
    }
    assert_eq!(read, (1..=40).rev().collect::<Vec<_>>());
    assert_eq!(pages, 3, "sixteen of them fill a quarter of a frame");
}

pub async fn notices_come_in_order_and_only_for_what_was_committed(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    let _ = bench.append(mira, room, 7, "stale").await.unwrap_err();
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    bench.append(jon, room, 1, "x").await.unwrap();
    let swap = Commit { remove: vec![jon], ..adding(room, 1, 2, ada) };
    bench.commit(mira, swap).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 8 {
        heard.push(match bench.notices.recv().await.unwrap() {
            Notice::Entry { entry, .. } => format!("entry {}", entry.seq),
            Notice::Joined { account, summary } => {
                let who = [mira, jon, ada].iter().position(|id| *id == account).unwrap();
                format!("{who} joined at {} after {}", summary.last_seq, summary.last_commit)
            }
            Notice::Left { account, room: of } => {
                assert_eq!((account, of), (jon, room));
                "1 left".to_owned()
            }
            Notice::Spoke { account, room: of } => {
                assert_eq!((account, of), (jon, room));
                "1 spoke".to_owned()
            }
            other => panic!("{other:?}"),
        });
    }
    let expected = [
        "0 joined at 0 after 0",
        "entry 1",
        "1 joined at 1 after 1",
        "entry 2",
        "1 spoke",
        "entry 3",
        "1 left",
        "2 joined at 3 after 3",
    ];
    assert_eq!(heard, expected);
    assert!(bench.notices.try_recv().is_err());
}
