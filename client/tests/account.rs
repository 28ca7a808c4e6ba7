//! The account: new passwords and keys, a relay that goes back in time, identities that change.

use waxwing_client::api::{AccountIntent, Body, Identity, Intent, Notice, Reply, Rollback};
use waxwing_tests::sim::{NEW_PASSWORD as NEW, World, code, is_changed, password, relay::CODE};

fn text(room: &str, text: &str) -> Intent {
    Intent::text(room.into(), text.into())
}

fn change_password(password: &str) -> AccountIntent {
    AccountIntent::ChangePassword {
        password: password.into(),
        new_password: NEW.into(),
        code: Some(CODE.into()),
    }
}

fn rotate(password: &str) -> AccountIntent {
    AccountIntent::Rotate { password: password.into(), new_password: NEW.into(), code: Some(CODE.into()) }
}

/// Mira and Jonas in a room of Mira's, with her invite.
fn two(seed: u64) -> (World, usize, usize, String, String) {
    let mut world = World::new(seed);
    let mira = world.register("mira");
    let jonas = world.register("jonas");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.send(jonas, &room, "hello Mira");
    world.run();
    (world, mira, jonas, room, invite)
}

#[test]
fn a_new_password_ends_other_sessions_and_opens_everything() {
    let (mut world, mira, jonas, room, _) = two(1);
    let other = world.log_in("mira");
    assert_eq!(code(world.call(mira, change_password("not her password"))), "wrong_credentials");
    let weak = AccountIntent::ChangePassword {
        password: password("mira"),
        new_password: "short".into(),
        code: Some(CODE.into()),
    };
    assert_eq!(code(world.call(mira, weak)), "weak_password");
    assert!(world.devices[other].me.is_some());

    let done = world.call(mira, change_password(&password("mira")));
    assert!(matches!(done, Ok(Reply::Rotated { .. })), "{done:?}");
    assert!(world.devices[other].me.is_none(), "other sessions end");
    assert!(world.devices[mira].me.is_some());
    world.send(mira, &room, "still here");
    world.run();
    assert_eq!(world.devices[jonas].texts(&room), ["hello Mira", "still here"]);
    assert!(world.devices[jonas].changed.is_empty(), "the keys are the same");

    assert_eq!(code(world.log_in_as(other, "mira", &password("mira"))), "wrong_credentials");
    assert_eq!(world.log_in_as(other, "mira", NEW), Ok(Reply::Done));
    let fresh = world.device();
    assert_eq!(world.log_in_as(fresh, "mira", NEW), Ok(Reply::Done));
    for d in [other, fresh] {
        assert_eq!(world.devices[d].texts(&room), ["hello Mira", "still here"]);
        assert_eq!(world.devices[d].rolled_back, None);
    }
}

#[test]
fn a_password_change_that_is_cut_off_anywhere_happens_or_does_not() {
    // Two halves at once: every cut is a world of its own, with Argon2id in it.
    std::thread::scope(|scope| {
        [0, 1].map(|first| scope.spawn(move || cut_off(first))).map(|half| half.join().unwrap())
    });
}

/// Cuts the work off after `first` effects, after two more, and so on until it is done.
fn cut_off(first: u32) {
    let (world, mira, ..) = two(2);
    let saved = world.save();
    let (mut before, mut after) = (0, 0);
    for cut in (first..).step_by(2) {
        let mut world = saved.open(u64::from(cut));
        world.run();
        world.doom = Some((mira, cut));
        let id = world.ask(mira, change_password(&password("mira")));
        world.run();
        let finished = world.doom.take().is_some();
        world.run();
        let new = world.relay.accounts["mira"].vault_version == 2;
        if cut % 8 < 2 {
            let fresh = world.device();
            let counts = if new { NEW.to_owned() } else { password("mira") };
            assert_eq!(world.log_in_as(fresh, "mira", &counts), Ok(Reply::Done), "cut {cut}");
        }
        before += u32::from(!new);
        after += u32::from(new);
        let told = matches!(world.answer(mira, id), Some(Ok(Reply::Rotated { .. })));
        let later = world.devices[mira].notices.iter().any(|notice| matches!(notice, Notice::Rotated { .. }));
        assert_eq!(told || later, new, "cut {cut}: whoever has a new password has a new recovery key");
        assert_eq!(world.devices[mira].rolled_back, None, "cut {cut}");
        assert!(world.devices[mira].me.is_some(), "cut {cut}");
        if finished {
            break;
        }
    }
    assert!(before > 1 && after > 1, "{before} before, {after} after");
}

#[test]
fn account_data_that_goes_back_is_noticed_and_not_overwritten() {
    let (mut world, mira, ..) = two(3);
    let other_room = world.room(mira, "Another room");
    let old = world.relay.data_of("mira").clone();
    world.invite(mira, &other_room);
    let new = world.relay.data_of("mira").clone();
    assert_ne!(old, new);

    let single = {
        // One object alone: any but the index, which is the one that changed last.
        let mut mixed = new.clone();
        let changed =
            new.iter().filter(|(name, datum)| old.get(*name) != Some(datum)).map(|(name, _)| name.clone());
        let (added, _): (Vec<_>, Vec<_>) = changed.partition(|name| !old.contains_key(name));
        added.iter().for_each(|name| {
            mixed.remove(name);
        });
        mixed
    };
    for (what, served) in [("all", old), ("one", single), ("nothing", Default::default())] {
        world.relay.data_of("mira").clone_from(&served);
        for _ in 0..2 {
            world.crash(mira);
            world.run();
            assert_eq!(world.devices[mira].rolled_back, Some(Rollback::Data), "{what}");
        }
        assert_eq!(*world.relay.data_of("mira"), served, "{what}: nothing is overwritten");
        world.send(mira, &other_room, what);
        world.run();
        world.relay.data_of("mira").clone_from(&new);
        world.crash(mira);
        world.run();
        assert_eq!(world.devices[mira].rolled_back, None, "{what}: it is said as long as it is so");
    }
    // A device that never saw the account notices every object that is older than the list, the list itself included.
    for name in new.keys() {
        let mut mixed = new.clone();
        mixed.remove(name);
        world.relay.data_of("mira").clone_from(&mixed);
        let fresh = world.log_in("mira");
        assert_eq!(world.devices[fresh].rolled_back, Some(Rollback::Data));
        assert_eq!(*world.relay.data_of("mira"), mixed, "nothing is overwritten");
        world.go_away(fresh);
    }
    world.relay.data_of("mira").clear();
    let fresh = world.log_in("mira");
    assert_eq!(
        world.devices[fresh].rolled_back,
        Some(Rollback::Data),
        "an account in rooms has stored something"
    );
}

#[test]
fn an_older_state_of_everything_is_told_by_the_accounts_own_messages() {
    let (mut world, mira, _, room, _) = two(10);
    let old = world.relay.data_of("mira").clone();
    let another = world.room(mira, "Another room");
    world.invite(mira, &another);
    world.send(mira, &room, "signed with the newer state");
    world.run();
    let new = world.relay.data_of("mira").clone();
    world.relay.data_of("mira").clone_from(&old);
    let fresh = world.log_in("mira");
    assert_eq!(world.devices[fresh].rolled_back, Some(Rollback::Data));
    assert_eq!(*world.relay.data_of("mira"), old, "nothing is overwritten");
    world.crash(fresh);
    world.run();
    assert_eq!(world.devices[fresh].rolled_back, Some(Rollback::Data), "and not forgotten");
    world.relay.data_of("mira").clone_from(&new);
    world.crash(fresh);
    world.run();
    assert_eq!(world.devices[fresh].rolled_back, None);
}

#[test]
fn a_vault_that_goes_back_is_noticed_where_anything_newer_was_seen() {
    let (mut world, mira, _, room, _) = two(4);
    let old = world.relay.accounts["mira"].clone();
    assert!(world.call(mira, rotate(&password("mira"))).is_ok());
    let new = world.relay.accounts["mira"].clone();

    // Everything goes back, and the device is made to log in again.
    world.relay.accounts.insert("mira".into(), old.clone());
    world.relay.end_sessions("mira");
    world.cut(mira);
    world.run();
    assert!(world.devices[mira].me.is_none());
    let held = world.devices[mira].store.clone();
    assert_eq!(code(world.log_in_as(mira, "mira", &password("mira"))), "account_rolled_back");
    assert_eq!(world.devices[mira].store, held, "nothing is overwritten");
    assert!(world.devices[mira].me.is_none());

    // A device without memory sees old keys beside objects sealed with newer ones.
    let mut mixed = new.clone();
    mixed.vault.clone_from(&old.vault);
    mixed.vault_version = old.vault_version;
    mixed.wrap_opaque.clone_from(&old.wrap_opaque);
    mixed.record.clone_from(&old.record);
    world.relay.accounts.insert("mira".into(), mixed);
    let fresh = world.device();
    let data = world.relay.data_of("mira").clone();
    assert!(world.log_in_as(fresh, "mira", &password("mira")).is_ok());
    assert_eq!(world.devices[fresh].rolled_back, Some(Rollback::Vault));
    assert_eq!(*world.relay.data_of("mira"), data, "nothing is overwritten");

    // The relay behaves: the old device goes on.
    world.relay.accounts.insert("mira".into(), new);
    assert!(world.log_in_as(mira, "mira", NEW).is_ok());
    assert_eq!(world.devices[mira].rolled_back, None);
    assert_eq!(world.devices[mira].texts(&room), ["hello Mira"]);
}

#[test]
fn an_identity_that_the_relay_made_up_does_not_outlive_first_contact() {
    let (mut world, mira, jonas, room, _) = two(5);
    let aicha = world.register("aicha");
    let id = world.account("aicha");
    let real = world.relay.accounts["aicha"].identity_key.clone();
    world.relay.accounts.get_mut("aicha").unwrap().identity_key = vec![9; 32].into();
    let asked = world.call(mira, Intent::SafetyNumber { account: id.clone(), fingerprint: None });
    assert!(matches!(asked, Ok(Reply::SafetyNumber { verified: false, .. })), "{asked:?}");
    world.relay.accounts.get_mut("aicha").unwrap().identity_key = real;

    // She comes with her own key: for Mira that is another one, for Jonas the first.
    let invite = world.invite(mira, &room);
    world.join(aicha, &invite);
    world.run();
    assert!(is_changed(&world.person(mira, &room, &id).identity, false));
    assert_eq!(world.devices[mira].changed, [(id.clone(), false)]);
    assert_eq!(world.person(jonas, &room, &id).identity, Identity::Known);
    assert_eq!(code(world.call(mira, text(&room, "not sent"))), "identity_changed");
    world.send(jonas, &room, "Jonas may speak");
    world.run();

    // They agree on the room all the same, and the number is the one that Aicha sees.
    let me = world.account("mira");
    assert_eq!(world.safety_number(mira, &id), world.safety_number(aicha, &me));
    assert_eq!(world.mark_verified(mira, &id), Ok(Reply::Done));
    assert_eq!(world.person(mira, &room, &id).identity, Identity::Verified);
    world.send(mira, &room, "now it is sent");
    world.run();
    for d in [mira, jonas, aicha] {
        let texts = world.devices[d].texts(&room);
        assert!(texts.contains(&"now it is sent".to_owned()), "device {d}: {texts:?}");
        assert!(!texts.contains(&"not sent".to_owned()));
    }
    let second = world.log_in("mira");
    assert_eq!(world.person(second, &room, &id).identity, Identity::Verified, "the account remembers");
}

#[test]
fn a_contact_link_is_worth_more_than_the_relays_word() {
    let mut world = World::new(6);
    let (mira, aicha) = (world.register("mira"), world.register("aicha"));
    let Ok(Reply::ContactLink { link }) = world.call(aicha, Intent::ContactLink) else { panic!() };
    let id = world.account("aicha");
    let open = |link: &str| Intent::OpenContactLink { link: link.into() };
    let Ok(Reply::Contact { contact, fits: true }) = world.call(mira, open(&link)) else { panic!() };
    assert_eq!((&contact.account, contact.is_verified()), (&id, true));
    assert_eq!(contact.username.as_deref(), Some("aicha"));
    assert_eq!(code(world.call(aicha, open(&link))), "own_contact_link");
    assert_eq!(code(world.call(mira, open(&link[1..]))), "bad_contact_link");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(aicha, &invite);
    world.run();
    assert_eq!(world.person(mira, &room, &id).identity, Identity::Verified);
    assert!(world.devices[mira].changed.is_empty());
    let codes: Vec<_> =
        [mira, aicha].iter().map(|d| world.call(*d, Intent::RoomCheckCode { room: room.clone() })).collect();
    assert!(matches!(&codes[0], Ok(Reply::RoomCheckCode { .. })) && codes[0] == codes[1], "{codes:?}");
}

#[test]
fn typing_is_told_to_others_and_to_nobody_twice() {
    let (mut world, mira, jonas, room, _) = two(7);
    let typing = Intent::Typing { room: room.clone() };
    let id = world.account("mira");
    let seen = |world: &World, d: usize| {
        let told = Notice::Typing { room: room.clone(), account: id.clone() };
        world.devices[d].notices.iter().filter(|notice| **notice == told).count()
    };
    for _ in 0..3 {
        let asked = world.ask(mira, typing.clone());
        while world.answer(mira, asked).is_none() {
            world.step();
        }
    }
    while world.devices[jonas].notices.is_empty() {
        world.step();
    }
    world.run();
    assert_eq!((seen(&world, jonas), seen(&world, mira)), (1, 0));
    assert!(
        world.relay.only_room().log.iter().all(|entry| entry.bytes.as_bytes().len() > 100),
        "it is not stored"
    );
}

#[test]
fn logging_out_without_a_network_forgets_here_and_says_that_the_relay_does_not_know() {
    let (mut world, mira, ..) = two(8);
    world.isolate(mira, true);
    assert_eq!(world.call(mira, AccountIntent::LogOut), Ok(Reply::LoggedOut { told: false }));
    assert!(world.devices[mira].store.is_empty());
    assert!(world.devices[mira].me.is_none());
}

#[test]
fn key_packages_are_dated_and_renewed_every_month() {
    let mut world = World::new(9);
    let mira = world.register("mira");
    let first = world.relay.accounts["mira"].key_package.clone().unwrap();
    world.crash(mira);
    world.run();
    assert_eq!(world.relay.accounts["mira"].key_package.as_ref(), Some(&first), "not before its time");
    world.relay.accounts.get_mut("mira").unwrap().key_package = None;
    world.crash(mira);
    world.run();
    assert_eq!(world.relay.accounts["mira"].key_package.as_ref(), Some(&first), "the relay lost it");
    world.now_ms += 31 * 24 * 3600 * 1000;
    let second = world.log_in("mira");
    let renewed = world.relay.accounts["mira"].key_package.clone().unwrap();
    assert_ne!(renewed, first);
    world.crash(mira);
    world.run();
    let _ = second;
    assert_eq!(world.relay.accounts["mira"].key_package, Some(renewed), "once is enough");
}

#[test]
fn what_two_sessions_store_at_once_adds_up() {
    for seed in 0..8 {
        let (mut world, mira, jonas, room, invite) = two(100 + seed);
        let second = world.log_in("mira");
        let people: Vec<usize> = ["anna", "bela", "cleo"].iter().map(|name| world.register(name)).collect();
        let _ = jonas;
        for d in &people {
            world.ask(*d, Intent::JoinRoom { invite: invite.clone() });
        }
        world.run();
        for d in [mira, second] {
            assert_eq!(world.devices[d].rolled_back, None, "seed {seed}");
            world.crash(d);
        }
        world.run();
        let fresh = world.log_in("mira");
        for d in [mira, second, fresh] {
            assert_eq!(world.devices[d].rolled_back, None, "seed {seed}");
            assert_eq!(world.devices[d].rooms[&room].members, 5);
            assert!(world.devices[d].changed.is_empty());
        }
        let warned =
            world.devices[fresh].shown(&room).iter().any(|item| matches!(item.body, Body::Warning { .. }));
        assert!(!warned, "seed {seed}: {:?}", world.devices[fresh].texts(&room));
    }
}

/// What a session decides while it has no network: about everything that the account keeps for itself.
fn decide(world: &mut World, d: usize, room: &str, other: &str) {
    assert_eq!(world.mark_verified(d, other), Ok(Reply::Done));
    let calls = [
        Intent::SetPreferences { read_receipts: Some(false), typing: None, presence: None },
        Intent::SetRoomPreferences {
            room: room.into(),
            muted: Some(world.now_ms + 3_600_000),
            notify: None,
            pinned: Some(true),
            archived: None,
        },
        Intent::Block { account: other.into() },
        Intent::SetDisplayName { name: "Mira at sea".into() },
    ];
    for call in calls {
        assert_eq!(world.call(d, call), Ok(Reply::Done));
    }
}

#[test]
fn what_is_decided_without_a_network_survives_a_crash() {
    for doom in [None, Some(3), Some(12), Some(25), Some(40), Some(60)] {
        let (mut world, mira, jonas, room, _) = two(12);
        let second = world.log_in("mira");
        let other = world.account("jonas");
        world.run();
        // The connection is gone, and the device does not know yet.
        world.devices[mira].stream = false;
        decide(&mut world, mira, &room, &other);
        world.crash(mira);
        world.isolate(mira, true);
        world.pass(60_000);
        assert_eq!(world.devices[mira].me.as_ref().expect("logged in").display_name, "Mira at sea");
        world.isolate(mira, false);
        world.doom = doom.map(|effects| (mira, effects));
        world.run();
        world.doom = None;
        world.run();
        let fresh = world.log_in("mira");
        for d in [mira, second, fresh] {
            let device = &world.devices[d];
            let shown = &device.rooms[&room];
            assert!(shown.pinned && shown.muted > world.now_ms, "device {d}, {doom:?}");
            let name = device.me.as_ref().map(|me| me.display_name.as_str());
            assert_eq!(name, Some("Mira at sea"), "device {d}, {doom:?}");
            let told = device.notices.iter().rev().find_map(|notice| match notice {
                Notice::Preferences { read_receipts, .. } => Some(*read_receipts),
                _ => None,
            });
            assert_eq!(told, Some(false), "device {d}, {doom:?}");
            let person = world.person(d, &room, &other);
            assert!(person.blocked && person.identity == Identity::Verified, "device {d}, {doom:?}");
        }
        assert_eq!(world.person(jonas, &room, &world.account("mira")).name, "Mira at sea", "{doom:?}");
        let left = world.devices[mira].store.keys().filter(|key| key.starts_with("s/unsaved/")).count();
        assert_eq!(left, 0, "what is stored is not kept twice, {doom:?}");
    }
}
