//! What members erase.

use waxwing_wire::{frame::EntryKind, limits as shared};

use super::{requests::*, *};

pub async fn messages_are_erased_by_who_wrote_them_or_leads(bench: &mut Bench) {
    let [mira, jon, ada, eve] = bench.accounts().await;
    let room = bench.room(mira).await;
    let first = Commit { add: vec![jon, ada], levels: Some(vec![(mira, 2), (jon, 1)]), ..commit(room, 0, 1) };
    assert_eq!(bench.commit(mira, first).await, Ok(1));
    for (n, by) in [mira, ada, ada, jon].into_iter().enumerate() {
        assert_eq!(bench.append(by, room, 1, "a text").await, Ok(n as u64 + 2));
    }
    let before = bench.store.entries_after(ada, room, 0, 9).await.unwrap().entries;
    let erase = async |by, seqs: &[u64]| done(bench.store.erase(caller(by), room, seqs.to_vec()).await).await;
    assert!(matches!(erase(ada, &[3, 2]).await, Err(StoreError::NotAllowed(_))), "one is not hers");
    assert!(matches!(erase(mira, &[2, 1]).await, Err(StoreError::Invalid(_))), "one is a commit");
    assert_eq!(erase(mira, &[2, 9]).await, Err(StoreError::NotFound));
    let many = vec![3; shared::ERASED_ENTRIES + 1];
    assert!(matches!(erase(ada, &many).await, Err(StoreError::Invalid(_))));
    assert_eq!(bench.store.entries_after(ada, room, 0, 9).await.unwrap().entries, before, "all or none");
    assert_eq!(erase(ada, &[3, 4]).await, Ok(()));
    assert_eq!(erase(ada, &[3]).await, Ok(()), "once more is no error");
    assert_eq!(erase(jon, &[2]).await, Ok(()), "who leads erases anybody's");
    assert_eq!(erase(ada, &[]).await, Ok(()));
    let stranger = done(bench.store.erase(caller(eve), room, vec![2]).await).await;
    assert_eq!(stranger, Err(StoreError::NotFound));

    let after = bench.store.entries_after(ada, room, 0, 9).await.unwrap().entries;
    for (old, new) in before.iter().zip(&after) {
        let erased = [2, 3, 4].contains(&old.seq);
        let kind = if erased { EntryKind::Tombstone } else { old.kind };
        assert_eq!((new.seq, new.kind, new.sender, new.id), (old.seq, kind, old.sender, old.id));
        assert_eq!((new.bytes.is_empty(), new.digest.is_some()), (erased, erased));
    }
    assert_eq!(bench.append(ada, room, 1, "goes on").await, Ok(6));
    let mut told = Vec::new();
    while let Some(notice) = bench.notices.recv().await {
        match notice {
            Notice::Removed { entry, .. } => told.push(entry.seq),
            Notice::Entry { entry, .. } if entry.seq == 6 => break,
            _ => {}
        }
    }
    assert_eq!(told, [3, 4, 2], "each is told once");
}

pub async fn where_nobody_leads_nobody_erases_what_others_wrote(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, Commit { add: vec![jon, ada], ..commit(room, 0, 1) }).await.unwrap();
    assert_eq!(bench.append(ada, room, 1, "a text").await, Ok(2));
    assert_eq!(
        done(bench.store.post(caller(mira), post(room, EntryKind::Leave, "goodbye"), NOW_MS).await).await,
        Ok(3)
    );
    let erased = done(bench.store.erase(caller(jon), room, vec![2]).await).await;
    assert!(matches!(erased, Err(StoreError::NotAllowed(_))), "although a commit of his may do all now");
}
