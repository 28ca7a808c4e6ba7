//! A member with a client of her own: Aicha has all the keys of the room, and uses them as ours never would.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Intent, Reply};
use waxwing_crypto_core::{
    ids::{self, MessageId},
    room::{Message, Metadata, hostile},
};
use waxwing_tests::sim::Insider;
use waxwing_wire::{
    EntryId,
    frame::{Append, EntryKind, Post, Request},
};

use crate::scene::{AICHA, DORA, JONAS, MIRA, Scene, begin, seeds, upload, view};

/// Attacks of this class.
const ATTACKS: u64 = 11;

#[test]
fn junk_commits_in_a_row() {
    for seed in seeds(ATTACKS) {
        let (mut scene, _) = begin(seed);
        for n in 0..8 {
            let mut insider = Insider::of(&scene.world, AICHA, &scene.room);
            let commit = insider.junk(&scene.world);
            insider.send(&mut scene.world, Request::Commit(Box::new(commit)));
            for _ in 0..n {
                scene.world.step();
            }
        }
        scene.say(MIRA, "all that noise");
        scene.world.run();
        scene.converges_with_warnings();
    }
}

#[test]
fn corrupted_path_against_one_member() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let victim = scene.account(JONAS);
        let poisoned = insider.shuts_out(&scene.world, &[victim]);
        let commit = insider.upload(&poisoned);
        insider.send(&mut scene.world, Request::Commit(Box::new(commit)));
        scene.say(MIRA, "can Jonas hear me?");
        scene.world.run();
        assert_eq!(scene.trouble(JONAS), None, "seed {seed}: he was let in again");
        scene.say(JONAS, "loud and clear");
        scene.world.run();
        scene.converges();
    }
}

#[test]
fn rejoin_request_replayed() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let jonas = scene.account(JONAS);
        let poisoned = insider.shuts_out(&scene.world, &[jonas]);
        let commit = insider.upload(&poisoned);
        upload(&mut scene, &insider, commit);
        let log = scene.relay.only_room().log.clone();
        let asked = log.iter().find(|entry| entry.kind == EntryKind::Rejoin).expect("he asked").clone();
        let commits = |scene: &mut Scene| {
            let log = &scene.relay.only_room().log;
            log.iter().filter(|entry| entry.kind == EntryKind::Commit).count()
        };
        let before = commits(&mut scene);
        // The same request, put into the log again in his name.
        let room = scene.id();
        scene.relay.post_as(
            jonas,
            Post { room, kind: EntryKind::Rejoin, id: EntryId([seed as u8; 16]), bytes: asked.bytes },
        );
        scene.world.run();
        assert_eq!(commits(&mut scene), before, "seed {seed}: nobody acts on it");
        scene.converges();
    }
}

#[test]
fn statements_that_nobody_made() {
    for seed in seeds(ATTACKS) {
        let (mut scene, insider) = begin(seed);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let jonas = scene.account(JONAS);
        let key = insider.vault.identity();
        let statements = [
            insider.room.leave_statement(key, 1).expect("a statement"),
            insider.room.rejoin_request(key, 3, b"no package").expect("a statement"),
            insider.room.successor_statement(key, ids::RoomId([6; 16]), ids::EpochId([6; 32])),
            (0..rng.gen_range(0..300)).map(|_| rng.r#gen()).collect(),
        ];
        let before = view(&scene, MIRA);
        for (n, bytes) in statements.into_iter().enumerate() {
            for kind in [EntryKind::Leave, EntryKind::Rejoin, EntryKind::Successor] {
                let id = EntryId([n as u8 * 3 + kind as u8; 16]);
                // Of Aicha's making, in the name of Jonas.
                let post = Post { room: scene.id(), kind, id, bytes: bytes.clone().into() };
                scene.relay.post_as(jonas, post);
                scene.relay.only_room().members.insert(jonas, 0);
            }
        }
        scene.world.behave();
        assert_eq!(view(&scene, MIRA), before, "seed {seed}");
        assert_eq!(scene.world.devices[MIRA].rooms[&scene.room].successor, None);
        scene.converges();
    }
}

#[test]
fn tags_that_nobody_can_check_but_members() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let before = scene.read(MIRA);
        let spoil = |bytes: &mut Vec<u8>| match seed % 2 {
            0 => hostile::spoil_membership_tag(bytes),
            _ => hostile::spoil_confirmation_tag(bytes, false),
        };
        let commit = insider.spoiled(&scene.world, spoil);
        upload(&mut scene, &insider, commit);
        for d in [MIRA, JONAS] {
            assert!(scene.trouble(d).is_some(), "seed {seed}: device {d} says that it cannot go on");
        }
        assert_eq!(scene.read(MIRA), before, "what was shown stays");
        // A room takes over, without her.
        let aicha = scene.account(AICHA).to_string();
        let open = Intent::OpenSuccessor { room: scene.room.clone(), without: vec![aicha] };
        let next = match scene.world.call(MIRA, open) {
            Ok(Reply::Room { room }) => room,
            other => panic!("seed {seed}: {other:?}"),
        };
        scene.world.run();
        scene.world.send(MIRA, &next, "here we go on");
        scene.world.run();
        assert!(scene.world.devices[JONAS].texts(&next).contains(&"here we go on".to_owned()), "seed {seed}");
        assert!(scene.world.devices[AICHA].texts(&next).is_empty(), "seed {seed}");
    }
}

#[test]
fn wrong_publications() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let honest = insider.shuts_out(&scene.world, &[]);
        let mut commit = insider.upload(&honest);
        match seed % 4 {
            0 => commit.parts.link = Some(vec![7; 200].into()),
            1 => commit.parts.public_state = vec![7; 2000].into(),
            2 => commit.parts.packages.iter_mut().for_each(|package| package.bytes.0[50] ^= 1),
            _ => {
                commit.parts.link = None;
                commit.parts.packages.clear();
                commit.parts.public_state.0[60] ^= 1;
            }
        }
        upload(&mut scene, &insider, commit);
        scene.dora_joins().unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
        scene.say(DORA, "in by what others put right");
        scene.world.run();
        scene.converges();
    }
}

fn message(sender: waxwing_wire::AccountId, id: [u8; 16], insider: &Insider, position: u64) -> Message {
    let metadata = Metadata {
        sender: sender.0.into(),
        id: MessageId(id),
        stream: MessageId([3; 16]),
        position,
        seen: insider.seen,
        sent_at_ms: 1_800_000_000_000,
        kind: 1,
        account_version: 0,
    };
    Message { metadata, body: vec![0x81, 0x64, b'f', b'a', b'k', b'e'] }
}

#[test]
fn messages_in_the_name_of_others() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let (mira, aicha) = (scene.account(MIRA), scene.account(AICHA));
        let forged = message(mira, [seed as u8; 16], &insider, 0);
        let bytes = insider.message(&forged);
        let append = |id: [u8; 16]| Append {
            room: scene.id(),
            after: 0,
            id: EntryId(id),
            bytes: bytes.clone().into(),
            lasting: false,
        };
        let (as_mira, as_aicha) = (append([seed as u8; 16]), append([seed as u8; 16]));
        scene.relay.append_as(mira, as_mira);
        scene.relay.append_as(aicha, as_aicha);
        scene.world.run();
        for d in [MIRA, JONAS] {
            assert_eq!(scene.warnings(d), ["warning forged", "warning unreadable"], "seed {seed}");
        }
        scene.nothing_forged();
        scene.converges_with_warnings();
    }
}

#[test]
fn stolen_message_ids() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let mira = scene.account(MIRA);
        let log = scene.relay.only_room().log.clone();
        let hers = log.iter().filter(|entry| entry.sender == mira && entry.kind == EntryKind::Message);
        let id = { hers }.next_back().expect("she spoke").id;
        let stolen = message(insider.account, id.0, &insider, 0);
        let bytes = insider.message(&stolen).into();
        let append = Append { room: scene.id(), after: 0, id, bytes, lasting: false };
        scene.relay.append_as(insider.account, append);
        scene.said.push("fake".into());
        // Signed by Aicha, so shown as hers; what Mira said under that id stays.
        scene.converges();
    }
}

#[test]
fn absurd_claims_inside_a_signed_message() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        for n in 0..6_u8 {
            let mut claim = message(insider.account, [n; 16], &insider, rng.r#gen());
            match rng.gen_range(0..6) {
                0 => claim.metadata.seen.seq = u64::MAX,
                1 => claim.metadata.sent_at_ms = u64::MAX,
                2 => claim.metadata.account_version = u64::MAX,
                3 => claim.metadata.kind = rng.r#gen(),
                4 => claim.body = (0..rng.gen_range(0..2000)).map(|_| rng.r#gen()).collect(),
                _ => claim.metadata.position = u64::MAX,
            }
            let bytes = insider.message(&claim).into();
            let append = Append { room: scene.id(), after: 0, id: EntryId([n; 16]), bytes, lasting: false };
            scene.relay.append_as(insider.account, append);
        }
        scene.said.push("fake".into());
        scene.world.run();
        scene.say(JONAS, "anything else?");
        scene.world.run();
        for d in [MIRA, JONAS] {
            assert_eq!(scene.trouble(d), None, "seed {seed}");
            assert!(scene.read(d).contains(&"anything else?".to_owned()), "seed {seed}");
        }
    }
}

#[test]
fn two_commits_for_one_parent() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        // Sound on its own, but Mira's came first; the relay puts it into the log all the same.
        let late = insider.shuts_out(&scene.world, &[]);
        let mut late = insider.upload(&late);
        let rename = Intent::EditRoom {
            room: scene.room.clone(),
            name: Some("Renamed".into()),
            topic: None,
            history: None,
            avatar: None,
            retention: None,
        };
        scene.world.call(MIRA, rename).expect("an owner may");
        late.after = scene.relay.only_room().last_commit;
        upload(&mut scene, &insider, late);
        for d in [MIRA, JONAS] {
            assert_eq!(view(&scene, d).0, "Renamed", "seed {seed}");
            assert_eq!(scene.warnings(d), ["warning refused_commit"], "seed {seed}");
        }
        scene.say(JONAS, "one history");
        scene.world.run();
        scene.converges_with_warnings();
    }
}

#[test]
fn messages_after_being_put_out() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let aicha = scene.account(AICHA);
        let room = scene.room.clone();
        let remove = Intent::RemoveMember { room, account: aicha.to_string() };
        scene.world.call(MIRA, remove).expect("an owner may");
        let late = message(aicha, [1; 16], &insider, 0);
        let bytes = insider.message(&late).into();
        // With the keys of the old epoch, and a relay that takes it.
        let append = Append { room: scene.id(), after: 0, id: EntryId([1; 16]), bytes, lasting: false };
        scene.relay.append_as(aicha, append);
        scene.world.run();
        for d in [MIRA, JONAS] {
            assert_eq!(scene.warnings(d), ["warning forged"], "seed {seed}");
        }
        scene.nothing_forged();
    }
}
