//! What members do for each other: letting in again, building past what does not count, putting right, renewing keys.

use waxwing_tests::sim::Insider;
use waxwing_wire::{
    AccountId, EntryId, RoomId,
    frame::{EntryKind, Post, Request},
};

use crate::scene::{NAMES, Three, everybody_talks, id};

#[test]
fn whoever_was_shut_out_is_let_in_again_and_misses_nothing() {
    let mut all = Three::together(11);
    all.say(all.jonas, "before");
    let victim = id(&all.account(all.jonas));
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let poisoned = insider.shuts_out(&all.world, &[victim]);
    let commit = insider.upload(&poisoned);
    insider.send(&mut all.world, Request::Commit(Box::new(commit)));
    let asleep = all.world.log_in("jonas");
    all.world.run();
    all.say(all.mira, "after");
    for d in [all.jonas, asleep] {
        assert_eq!(all.trouble(d), None, "device {d}");
    }
    let devices = [all.mira, all.second, all.jonas, asleep];
    everybody_talks(&mut all, &devices, &NAMES, "let in");
    let room: RoomId = all.room.parse().expect("an id");
    let asked = all.world.relay.rooms[&room].log.iter().filter(|entry| entry.kind == EntryKind::Rejoin);
    // Mira sits under the same node of the tree, and shares his fate. Both sessions of each ask with the same words.
    let mut asked: Vec<AccountId> = asked.map(|entry| entry.sender).collect();
    asked.sort();
    let mut both = vec![victim, id(&all.account(all.mira))];
    both.sort();
    assert_eq!(asked, both);
}

#[test]
fn being_let_in_again_survives_a_crash_of_either_side_at_every_step() {
    let mut all = Three::together(12);
    all.say(all.jonas, "before");
    let victim = id(&all.account(all.jonas));
    let saved = all.world.save();
    for n in (0..60).step_by(3) {
        let world = saved.open(n);
        let room = all.room.clone();
        let mut now =
            Three { world, mira: all.mira, jonas: all.jonas, aicha: all.aicha, second: all.second, room };
        now.world.run();
        let mut insider = Insider::of(&now.world, now.aicha, &now.room);
        let poisoned = insider.shuts_out(&now.world, &[victim]);
        let commit = insider.upload(&poisoned);
        insider.send(&mut now.world, Request::Commit(Box::new(commit)));
        for _ in 0..n {
            now.world.step();
        }
        let crashes = if n % 2 == 0 { now.jonas } else { now.mira };
        now.world.crash(crashes);
        now.world.run();
        let devices = [now.mira, now.second, now.jonas, now.aicha];
        everybody_talks(&mut now, &devices, &NAMES, &format!("step {n}"));
    }
}

#[test]
fn a_commit_that_does_not_count_is_built_past_and_does_not_close_the_door() {
    let mut all = Three::together(13);
    let invite = all.world.invite(all.mira, &all.room);
    all.world.run();
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let junk = insider.junk(&all.world);
    insider.send(&mut all.world, Request::Commit(Box::new(junk)));
    // At once, before anybody has healed what the relay shows.
    let dora = all.world.register("dora");
    assert_eq!(all.world.join(dora, &invite), all.room);
    all.world.send(dora, &all.room, "through the junk");
    all.world.run();
    for d in [all.mira, all.jonas] {
        assert_eq!(all.texts(d), ["warning refused_commit", "through the junk"], "device {d}");
    }
    // And once more, with nobody to join: somebody heals it, once.
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let junk = insider.junk(&all.world);
    let at = insider.after;
    insider.send(&mut all.world, Request::Commit(Box::new(junk)));
    all.world.run();
    let room: RoomId = all.room.parse().expect("an id");
    let commits = |all: &Three| {
        let log = &all.world.relay.rooms[&room].log;
        log.iter().filter(|entry| entry.kind == EntryKind::Commit && entry.seq > at).count()
    };
    assert_eq!(commits(&all), 2, "the junk, and what heals it");
    all.world.pass(1_800_000);
    assert_eq!(commits(&all), 2);
}

#[test]
fn what_an_author_published_wrongly_is_put_right_by_others() {
    let mut all = Three::together(14);
    let invite = all.world.invite(all.mira, &all.room);
    all.say(all.jonas, "before");
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let honest = insider.shuts_out(&all.world, &[]);
    let mut commit = insider.upload(&honest);
    // A sound commit; but nobody could read back, restore or join with what goes with it.
    commit.parts.link = Some(vec![7; 700].into());
    commit.parts.public_state = vec![7; 700].into();
    commit.parts.packages.clear();
    insider.send(&mut all.world, Request::Commit(Box::new(commit)));
    all.world.run();
    all.say(all.mira, "after");
    for d in [all.mira, all.jonas] {
        all.world.go_away(d);
    }
    let dora = all.world.register("dora");
    assert_eq!(all.world.join(dora, &invite), all.room);
    let fresh = all.world.log_in("jonas");
    for d in [dora, fresh] {
        assert_eq!(all.texts(d), ["before", "after"], "device {d}");
        assert_eq!(all.trouble(d), None, "device {d}");
    }
}

#[test]
fn a_false_link_that_comes_first_is_not_believed() {
    let mut all = Three::together(15);
    let invite = all.world.invite(all.mira, &all.room);
    all.say(all.jonas, "before");
    for text in ["between", "after"] {
        let mut insider = Insider::of(&all.world, all.aicha, &all.room);
        let honest = insider.shuts_out(&all.world, &[]);
        let mut commit = insider.upload(&honest);
        // Readable for all members of the epoch and signed by one of them; but the key it gives opens nothing.
        commit.parts.link = Some(insider.false_link(&honest).into());
        insider.send(&mut all.world, Request::Commit(Box::new(commit)));
        all.world.run();
        all.say(all.mira, text);
    }
    let dora = all.world.register("dora");
    assert_eq!(all.world.join(dora, &invite), all.room);
    assert_eq!(all.texts(dora), ["before", "between", "after"]);
    all.say(dora, "read everything");
    assert_eq!(all.texts(all.mira), ["before", "between", "after", "read everything"]);
}

fn commits(all: &Three) -> usize {
    let room: RoomId = all.room.parse().expect("an id");
    all.world.relay.rooms[&room].log.iter().filter(|entry| entry.kind == EntryKind::Commit).count()
}

#[test]
fn keys_are_renewed_after_a_hundred_messages_and_after_a_week() {
    let mut all = Three::new(15);
    all.add(all.jonas);
    let before = commits(&all);
    for n in 0..110 {
        all.world.send(all.mira, &all.room, &format!("message {n}"));
    }
    all.world.run();
    assert_eq!(commits(&all), before + 1, "by whoever wrote the hundredth");
    all.world.now_ms += 6 * 24 * 3600 * 1000;
    all.world.run();
    assert_eq!(commits(&all), before + 1, "nothing is old yet");
    all.world.now_ms += 2 * 24 * 3600 * 1000;
    for d in [all.mira, all.second, all.jonas] {
        all.world.crash(d);
    }
    all.world.run();
    assert_eq!(commits(&all), before + 3, "one for each leaf, however many sessions");
    all.world.pass(3600 * 1000);
    assert_eq!(commits(&all), before + 3);
}

#[test]
fn whoever_is_let_in_again_without_need_goes_on_from_there() {
    let mut all = Three::together(18);
    all.say(all.jonas, "before");
    let other = all.world.log_in("jonas");
    // Another session of his is damaged: it asks, while these can follow all there is.
    let jonas = Insider::of(&all.world, all.jonas, &all.room);
    let package = Insider::key_package(&all.world, "jonas").key_package;
    let asked = jonas.room.rejoin_request(jonas.vault.identity(), 1, &package).expect("he is in it");
    let room: RoomId = all.room.parse().expect("an id");
    let before = all.world.relay.rooms[&room].last_commit;
    let post = Post { room, kind: EntryKind::Rejoin, id: EntryId([9; 16]), bytes: asked.into() };
    jonas.send(&mut all.world, Request::Post(post));
    all.world.run();
    let log = &all.world.relay.rooms[&room].log;
    let let_in = log.iter().find(|entry| entry.kind == EntryKind::Commit && entry.seq > before);
    assert_ne!(let_in.expect("somebody lets him in").sender, id(&all.account(all.jonas)));
    let devices = [all.mira, all.second, all.jonas, other, all.aicha];
    everybody_talks(&mut all, &devices, &NAMES, "let in");
    let rejoins = all.world.relay.rooms[&room].log.iter().filter(|e| e.kind == EntryKind::Rejoin).count();
    assert_eq!(rejoins, 1, "nobody had to ask");
}
