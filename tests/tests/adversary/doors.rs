//! Ways in: links, join packages, public states, key packages, and members that nobody let in.

use std::sync::OnceLock;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Intent, Reply};
use waxwing_tests::sim::{Saved, World};
use waxwing_wire::{
    EntryId, Opaque,
    frame::{EntryKind, Event, LogEntry, Response, RoomPassword, ServerFrame},
};

use crate::scene::{AICHA, DORA, JONAS, MIRA, Scene, begin, seeds, seeds_for};

/// Attacks of this class.
const ATTACKS: u64 = 8;

/// Members that a device shows.
fn members(scene: &Scene, d: usize) -> u32 {
    scene.world.devices[d].rooms[&scene.room].members
}

#[test]
fn ghost_without_the_link() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        let ghost = scene.account(DORA);
        let (room_id, room) = (scene.id(), scene.relay.only_room());
        // The relay writes a commit of its own making into the log and counts the ghost as a member.
        let bytes: Vec<u8> = match seed % 3 {
            0 => (0..400).map(|_| rng.r#gen()).collect(),
            1 => room.log.iter().find(|e| e.kind == EntryKind::Commit).expect("one").bytes.0.clone(),
            _ => Vec::new(),
        };
        let seq = room.log.len() as u64 + 1;
        let (id, after) = (EntryId([7; 16]), room.last_commit);
        let entry = LogEntry {
            seq,
            kind: EntryKind::Commit,
            after,
            sender: ghost,
            id,
            bytes: Opaque(bytes),
            digest: None,
            received_at_ms: 1,
        };
        room.log.push(entry.clone());
        room.last_commit = seq;
        room.members.insert(ghost, 2);
        for account in [MIRA, JONAS, AICHA].map(|d| scene.account(d)) {
            scene.relay.tell(account, &Event::Entry { room: room_id, entry: entry.clone() });
        }
        scene.world.run();
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(members(&scene, d), 3, "seed {seed}");
            assert_eq!(scene.warnings(d), ["warning refused_commit"], "seed {seed}");
        }
        // People go on past it, and the ghost reads nothing.
        scene.say(MIRA, "not for ghosts");
        scene.world.run();
        assert!(scene.world.devices[JONAS].texts(&scene.room).contains(&"not for ghosts".to_owned()));
        assert!(scene.world.devices[DORA].texts(&scene.room).is_empty(), "seed {seed}");
        scene.nothing_forged();
    }
}

#[test]
fn wrong_join_packages_and_public_states() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let kind = seed % 5;
        let mut old = None;
        scene.world.tamper = Some(Box::new(move |delivery, rng| {
            let mut frame = delivery.frame.clone();
            if let ServerFrame::Response {
                response: Response::JoinInfo { epoch, public_states, packages, .. },
                ..
            } = &mut frame
            {
                let first = old.get_or_insert_with(|| (*epoch, public_states.clone(), packages.clone()));
                match kind {
                    0 => packages.iter_mut().for_each(|bytes| bytes.0[40] ^= 1),
                    1 => public_states.iter_mut().for_each(|bytes| {
                        let at = rng.gen_range(0..bytes.0.len());
                        bytes.0[at] ^= 1;
                    }),
                    2 => packages.clear(),
                    3 => public_states.clear(),
                    _ => {
                        epoch.0[0] ^= 1;
                        *packages = first.2.clone();
                    }
                }
            }
            vec![waxwing_wire::encode(&frame)]
        }));
        let result = scene.dora_joins();
        assert!(result.is_err(), "seed {seed}, kind {kind}");
        scene.nothing_forged();
        scene.world.behave();
        scene.dora_joins().expect("an honest relay lets her in");
        scene.say(DORA, "here I am");
        scene.world.run();
        assert_eq!(members(&scene, MIRA), 4);
        scene.converges();
    }
}

#[test]
fn old_join_package_after_the_link_was_revoked() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        // What the relay and whoever held the link have seen before the link was taken back.
        let before = scene.relay.only_room().clone();
        let revoke = Intent::RevokeInvite { room: scene.room.clone() };
        assert_eq!(scene.world.call(MIRA, revoke), Ok(Reply::Done));
        scene.world.run();
        let newest = scene.relay.only_room().clone();
        // The relay serves Dora the old epoch, and writes her commit where it does not belong.
        let room = scene.relay.only_room();
        room.published = before.published;
        room.methods = before.methods;
        let joined = scene.dora_joins();
        scene.world.run();
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(members(&scene, d), 3, "seed {seed}: {joined:?}");
        }
        let dora = scene.world.relay.account_of("dora");
        let room_now = scene.relay.only_room();
        room_now.members.remove(&dora);
        room_now.methods = newest.methods;
        for published in newest.published {
            if !room_now.published.contains(&published) {
                room_now.published.push(published);
            }
        }
        scene.say(MIRA, "behind a closed door");
        scene.world.run();
        assert!(!scene.world.devices[DORA].texts(&scene.room).contains(&"behind a closed door".to_owned()));
        scene.nothing_forged();
    }
}

/// Brings Dora in by her key package while the relay alters the record that it hands out.
fn add_dora(
    scene: &mut Scene,
    alter: impl Fn(&mut waxwing_wire::frame::KeyPackageRecord) + 'static,
) -> Result<Reply, waxwing_client::api::Failure> {
    scene.world.tamper = Some(Box::new(move |delivery, _| {
        let mut frame = delivery.frame.clone();
        if let ServerFrame::Response { response: Response::KeyPackage(Some(record)), .. } = &mut frame {
            alter(record);
        }
        vec![waxwing_wire::encode(&frame)]
    }));
    let add = Intent::AddMember { room: scene.room.clone(), account: scene.account(DORA).to_string() };
    let result = scene.world.call(MIRA, add);
    scene.world.tamper = None;
    result
}

#[test]
fn key_package_of_somebody_else() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let aicha = scene.relay.accounts["aicha"].clone();
        let kind = seed % 3;
        let result = add_dora(&mut scene, move |record| {
            let package = aicha.key_package.clone().expect("she has one");
            match kind {
                0 => record.bytes = package,
                1 => {
                    record.bytes = package;
                    record.identity_key = aicha.identity_key.clone();
                }
                _ => record.bytes.0[100] ^= 1,
            }
        });
        assert!(result.is_err(), "seed {seed}");
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(members(&scene, d), 3, "seed {seed}");
        }
        // The true one does.
        add_dora(&mut scene, |_| {}).expect("the package is hers");
        scene.world.run();
        assert_eq!(members(&scene, JONAS), 4, "seed {seed}");
        assert!(scene.world.devices[DORA].rooms.contains_key(&scene.room), "seed {seed}");
        scene.converges();
    }
}

#[test]
fn key_package_served_twice() {
    // The same package brings an account into several rooms, and back into one.
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let second = scene.world.room(MIRA, "Second");
        add_dora(&mut scene, |_| {}).expect("the package is hers");
        let dora = scene.account(DORA).to_string();
        let add = Intent::AddMember { room: second.clone(), account: dora.clone() };
        scene.world.call(MIRA, add).expect("the same package again");
        let room = scene.room.clone();
        scene.world.call(MIRA, Intent::RemoveMember { room, account: dora }).expect("an owner may");
        add_dora(&mut scene, |_| {}).expect("the same package again");
        scene.say(DORA, "back again");
        scene.world.run();
        assert_eq!(members(&scene, MIRA), 4, "seed {seed}");
        assert!(
            scene.world.devices[MIRA].texts(&scene.room).contains(&"back again".to_owned()),
            "seed {seed}"
        );
        scene.converges();
    }
}

#[test]
fn removed_member_with_everything_it_saw() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let room = scene.room.clone();
        let aicha = scene.account(AICHA);
        // She goes offline, keeps all her keys, and the relay is hers.
        scene.world.go_away(AICHA);
        let remove = Intent::RemoveMember { room, account: aicha.to_string() };
        scene.world.call(MIRA, remove).expect("an owner may");
        scene.say(MIRA, "said behind her back");
        scene.world.run();
        scene.relay.only_room().members.insert(aicha, 2);
        scene.world.wake_up(AICHA);
        scene.world.crash(AICHA);
        scene.world.run();
        let again = scene.world.log_in("aicha");
        for d in [AICHA, again] {
            assert!(!scene.world.devices[d].texts(&scene.room).contains(&"said behind her back".to_owned()));
            let room = scene.room.clone();
            scene.world.ask(d, Intent::text(room, "am I still here?".into()));
            scene.world.run();
        }
        let invite = scene.invite.clone();
        let back = scene.world.call(AICHA, Intent::JoinRoom { invite });
        scene.world.run();
        for d in [MIRA, JONAS] {
            assert_eq!(members(&scene, d), 2, "seed {seed}: {back:?}");
            assert!(!scene.world.devices[d].texts(&scene.room).contains(&"am I still here?".to_owned()));
        }
        scene.nothing_forged();
    }
}

/// Bytes at the end of what a public state's signature covers: the index of the signer's leaf, and the confirmation tag before it.
const SIGNER: usize = 4;
const TAG: usize = 49;

#[test]
fn public_state_with_a_wrong_tag() {
    for seed in seeds_for(2, ATTACKS) {
        // Aicha publishes a public state that lies, vouches for it, and the relay leads Dora there: what she makes counts, and nobody can
        // follow her.
        let (mut scene, mut insider) = begin(seed);
        let from_end = if seed % 2 == 0 { SIGNER } else { SIGNER + TAG };
        let (state, packages) = insider.lying_public_state(&scene.world, from_end);
        let aicha = insider.account;
        let room = scene.relay.only_room();
        let hers = room.published.iter_mut().rev().find(|one| one.author == aicha && one.link.is_some());
        let hers = hers.expect("she came in last");
        (hers.public_state, hers.packages) = (Some(state), packages);
        let lie = hers.clone();
        scene.world.tamper = Some(Box::new(move |delivery, _| {
            let mut frame = delivery.frame.clone();
            if let ServerFrame::Response {
                response: Response::JoinInfo { epoch: of, public_states, packages, .. },
                ..
            } = &mut frame
                && *of == lie.epoch
            {
                *public_states = lie.public_state.iter().cloned().collect();
                *packages = lie.packages.iter().map(|package| package.bytes.clone()).collect();
            }
            vec![waxwing_wire::encode(&frame)]
        }));
        scene.dora_joins().expect("nobody could tell from outside");
        scene.world.run();
        scene.say(DORA, "alone at first");
        scene.world.run();
        scene.nothing_forged();
        scene.world.behave();
        for d in [MIRA, JONAS] {
            assert_eq!(scene.trouble(d), None, "seed {seed}: device {d} was let in again");
            assert_eq!(members(&scene, d), 4, "seed {seed}: device {d}");
        }
        scene.say(JONAS, "together again");
        scene.world.run();
        scene.converges();
    }
}

/// A world with a second room of Mira's, both rooms with the same password; and the names of the rooms. Setting a password is slow, so it is
/// done once.
fn with_passwords() -> &'static (Saved, [(String, String); 2]) {
    static SET: OnceLock<(Saved, [(String, String); 2])> = OnceLock::new();
    SET.get_or_init(|| {
        let mut scene = Scene::new(1);
        let other = scene.world.room(MIRA, "Other");
        let rooms = [scene.room.clone(), other].map(|room| {
            let set = Intent::SetRoomPassword { room: room.clone(), password: Some(PASSWORD.into()) };
            match scene.world.call(MIRA, set) {
                Ok(Reply::RoomPassword { name, .. }) => (room, name),
                other => panic!("{other:?}"),
            }
        });
        scene.world.run();
        (scene.world.save(), rooms)
    })
}

const PASSWORD: &str = "one password for both of them";

/// The password of a room, as the relay has it.
fn password_of<'a>(world: &'a mut World, room: &str) -> &'a mut RoomPassword {
    let room = world.relay.rooms.get_mut(&room.parse().expect("a room id")).expect("a room");
    room.methods.iter_mut().find_map(|method| method.password.as_mut()).expect("it has one")
}

#[test]
fn room_passwords_mixed_up() {
    for seed in seeds_for(6, ATTACKS) {
        let (saved, [(room, name), (other, _)]) = with_passwords();
        let mut world = saved.open(seed);
        world.run();
        let (intact, foreign) =
            (password_of(&mut world, room).clone(), password_of(&mut world, other).clone());
        let place = other.parse().expect("a room id");
        let served = password_of(&mut world, room);
        let expected = match seed % 6 {
            // What opens the one room beside the record of the other.
            0 => {
                served.sealed = foreign.sealed;
                "damaged"
            }
            1 => {
                served.record = foreign.record;
                "wrong_credentials"
            }
            // Everything of the other room, under this one's name; also where the relay runs the other room's login.
            2 => {
                *served = RoomPassword { handle: intact.handle, ..foreign };
                "wrong_credentials"
            }
            3 => {
                world.relay.instead = Some((intact.handle, foreign.handle));
                "wrong_credentials"
            }
            // Another room beside the right answer.
            4 => {
                world.tamper = Some(Box::new(move |delivery, _| {
                    let mut frame = delivery.frame.clone();
                    if let ServerFrame::Response { response: Response::RoomUnlocked { room, .. }, .. } =
                        &mut frame
                    {
                        *room = place;
                    }
                    vec![waxwing_wire::encode(&frame)]
                }));
                "damaged"
            }
            _ => {
                served.ksf.memory_kib = if seed % 4 == 1 { 8 } else { u32::MAX };
                "damaged"
            }
        };
        let try_it = Intent::JoinByPassword { name: name.clone(), password: PASSWORD.into() };
        let tried = world.call(DORA, try_it.clone());
        assert_eq!(tried.map_err(|failure| failure.code), Err(expected.to_owned()), "seed {seed}");
        assert!(world.devices[DORA].rooms.is_empty(), "seed {seed}");
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(world.devices[d].rooms[room].members, 3, "seed {seed}");
        }
        world.tamper = None;
        world.relay.instead = None;
        *password_of(&mut world, room) = intact;
        assert_eq!(world.call(DORA, try_it), Ok(Reply::Room { room: room.clone() }), "seed {seed}");
    }
}
