//! A relay that is killed, devices that crash, and a member who spoils a commit.

use std::collections::BTreeSet;

use waxwing_client::api::Intent;
use waxwing_tests::sim::Insider;
use waxwing_wire::{
    EntryId,
    frame::{EntryKind, Request, Response},
};

use crate::{
    scene::Three,
    world::{World, now_ms},
};

/// Tenths of a second that everybody may take to have everything.
const PATIENCE: u32 = 300;

/// Everybody has the same, in the same order, and it is what was said.
async fn agree(world: &mut World, devices: &[usize], room: &str, said: &BTreeSet<String>) {
    let mut kept = Vec::new();
    for d in devices {
        let well = |world: &World| {
            let shown = world.devices[*d].rooms.get(room);
            shown.is_some_and(|shown| !shown.syncing && shown.trouble.is_none())
        };
        // A device that crashed shows what it had by asking for it.
        for _ in 0..PATIENCE {
            kept = world.kept(*d, room).await;
            // What is still on its way says so beside its text.
            if said.iter().all(|text| kept.contains(text)) {
                break;
            }
            world.pass(100).await;
        }
        let once: BTreeSet<String> = kept.iter().cloned().collect();
        assert_eq!((&once, kept.len()), (said, said.len()), "device {d}");
        world.until("all is well", well).await;
    }
    for d in devices {
        assert_eq!(world.kept(*d, room).await, kept, "device {d}");
    }
}

#[tokio::test]
async fn a_relay_that_is_killed_loses_and_doubles_nothing() {
    let mut all = Three::new().await;
    let (mira, jonas, aicha, room) = (all.mira, all.jonas, all.aicha, all.room.clone());
    all.joins(jonas).await;
    all.joins(aicha).await;
    let devices = [mira, jonas, aicha];
    let mut said = BTreeSet::new();
    for round in 0..3 {
        let mut asked = Vec::new();
        for n in 0..12 {
            for d in devices {
                let text = format!("{round}: {n} from {d}");
                asked.push((d, all.world.ask(d, Intent::text(room.clone(), text.clone()))));
                said.insert(text);
            }
            if n == 6 {
                // Under way together with a change of the room, which all must see alike afterwards.
                let name = Some(format!("Room {round}"));
                all.world.ask(
                    mira,
                    Intent::EditRoom {
                        room: room.clone(),
                        name,
                        topic: None,
                        history: None,
                        avatar: None,
                        retention: None,
                    },
                );
                all.world.pass(20 * round).await;
                all.world.relay.kill();
            }
        }
        all.world.pass(200).await;
        all.world.crash(devices[round as usize]);
        all.world.relay.start();
        agree(&mut all.world, &devices, &room, &said).await;
        let names: BTreeSet<&str> =
            devices.iter().map(|d| all.world.devices[*d].rooms[&room].name.as_str()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
    let fresh = all.world.log_in("aicha").await;
    agree(&mut all.world, &[mira, jonas, aicha, fresh], &room, &said).await;
}

#[tokio::test]
async fn a_member_who_was_shut_out_comes_back() {
    let mut all = Three::new().await;
    let (mira, jonas, aicha, room) = (all.mira, all.jonas, all.aicha, all.room.clone());
    all.joins(jonas).await;
    all.joins(aicha).await;
    let mut said = vec!["before"];
    all.talk(jonas, &[mira, jonas, aicha], &said).await;

    // Aicha's changed client has a stream of its own, with her session.
    let place = room.parse().unwrap();
    let log = match all.world.request(aicha, Request::Entries { room: place, after: 0, limit: 500 }).await {
        Ok(Response::Entries { entries, .. }) => entries,
        other => panic!("{other:?}"),
    };
    let last = log.iter().rev().find(|entry| entry.kind == EntryKind::Commit).map_or(0, |entry| entry.seq);
    let mut insider = Insider::at(&all.world.devices[aicha], place, (&log, last));
    let victim = all.world.account(jonas).parse().unwrap();
    let poisoned = insider.shuts_out_at(now_ms(), &[victim]);
    let commit = insider.upload(&poisoned);
    let id: EntryId = commit.id;
    let taken = all.world.request(aicha, Request::Commit(Box::new(commit))).await;
    assert!(matches!(taken, Ok(Response::Appended { .. })), "{taken:?}");

    said.push("can you hear me?");
    all.talk(aicha, &[mira, jonas, aicha], &said).await;
    said.push("loud and clear");
    all.talk(jonas, &[mira, jonas, aicha], &said).await;
    let fresh = all.world.log_in("jonas").await;
    all.world.all_read(&[fresh], &room, &said).await;
    let log = match all.world.request(aicha, Request::Entries { room: place, after: last, limit: 500 }).await
    {
        Ok(Response::Entries { entries, .. }) => entries,
        other => panic!("{other:?}"),
    };
    assert!(log.iter().any(|entry| entry.id == id), "her commit is in the log");
    let asked = log.iter().filter(|entry| entry.kind == EntryKind::Rejoin && entry.sender == victim);
    assert_eq!(asked.count(), 1, "he asked once to be let in");
}
