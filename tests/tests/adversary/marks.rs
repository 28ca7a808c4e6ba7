//! Marks (how far somebody has got) that nobody put, or put elsewhere or earlier; own marks of other times and places.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Intent, Notice, Page, Receipt};
use waxwing_crypto_core::signal::Signal;
use waxwing_wire::{AccountId, Opaque, RoomId, frame::Event};

use crate::scene::{AICHA, JONAS, MIRA, Scene, begin, seeds};

/// Attacks of this class.
const ATTACKS: u64 = 5;

/// The newest that a device was told of somebody: delivered, read.
fn told(scene: &Scene, d: usize, who: AccountId) -> Option<(u64, u64)> {
    let notices = scene.world.devices[d].notices.iter().rev();
    let mut receipts = notices.filter_map(|notice| match notice {
        Notice::Receipts { room, receipts } if *room == scene.room => Some(receipts),
        _ => None,
    });
    let of = |all: &Vec<Receipt>| all.iter().find(|receipt| receipt.account == who.to_string()).cloned();
    receipts.find_map(of).map(|receipt| (receipt.delivered, receipt.read))
}

/// Gives everybody a mark in somebody's name, as an event and as the answer to whoever asks.
fn deliver(scene: &mut Scene, room: RoomId, account: AccountId, shared: &[u8]) {
    let shared = Opaque(shared.to_vec());
    scene.relay.rooms.get_mut(&room).expect("the room exists").marks.entry(account).or_default().0 =
        Some(shared.clone());
    for to in [MIRA, JONAS, AICHA].map(|d| scene.account(d)) {
        scene.relay.tell(to, &Event::Mark { room, account, shared: shared.clone() });
    }
    look(scene);
}

/// Everybody connects again and looks at the room, so that the relay is asked for the marks.
fn look(scene: &mut Scene) {
    let room = scene.room.clone();
    for d in [MIRA, JONAS, AICHA] {
        scene.world.cut(d);
        scene.world.pass(2_000);
        scene.world.ask(d, Intent::Timeline { room: room.clone(), page: Page::Newest, limit: 10 });
    }
    // Long enough for connections to count as steady: the next ones are not put off.
    scene.world.pass(12_000);
}

/// Somebody reads all there is; the mark that the relay then has.
fn reads(scene: &mut Scene, d: usize) -> (u64, Vec<u8>) {
    let (room, id, account) = (scene.room.clone(), scene.id(), scene.account(d));
    let seq = scene.relay.rooms[&id].log.len() as u64;
    scene.world.ask(d, Intent::Read { room, seq });
    scene.world.pass(5_000);
    let shared = scene.relay.rooms[&id].marks[&account].0.clone().expect("it was put");
    (seq, shared.0)
}

fn mark(sender: AccountId, at: u64, kind: u16, delivered: u64, read: u64) -> Signal {
    let body = waxwing_wire::encode(&(delivered, read));
    Signal { sender: sender.0.into(), sent_at_ms: at, kind, body }
}

#[test]
fn marks_in_the_name_of_others() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let (mira, aicha, room, now) = (scene.account(MIRA), scene.account(AICHA), scene.id(), scene.now_ms);
        let before = told(&scene, JONAS, mira);
        let forged = insider.signal(&mark(mira, now, 2, 77, 77));
        let own = insider.signal(&mark(aicha, now, 2, 77, 77));
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut altered = own.clone();
        let at = rng.gen_range(0..altered.len());
        altered[at] ^= 1 << rng.gen_range(0..8);
        for (account, bytes) in [(mira, &forged), (mira, &own), (aicha, &forged), (aicha, &altered)] {
            deliver(&mut scene, room, account, bytes);
        }
        // Signed by herself, but no mark, or one with absurd numbers.
        let strange = [
            mark(aicha, now, 1, 77, 77),
            mark(aicha, now, 3, 77, 77),
            mark(aicha, now, 2, u64::MAX, u64::MAX),
            Signal { body: vec![0x82, 1], ..mark(aicha, now, 2, 0, 0) },
        ];
        for strange in strange {
            let bytes = insider.signal(&strange);
            deliver(&mut scene, room, aicha, &bytes);
        }
        let far = |told: Option<(u64, u64)>| told.is_some_and(|(_, read)| read >= 77);
        assert!(!far(told(&scene, JONAS, aicha)), "seed {seed}: {:?}", told(&scene, JONAS, aicha));
        assert!(!far(told(&scene, JONAS, mira)), "seed {seed}: {before:?}");
        deliver(&mut scene, room, aicha, &own);
        assert_eq!(told(&scene, JONAS, aicha), Some((77, 77)), "seed {seed}: her own word counts");
        scene.converges();
    }
}

#[test]
fn older_marks_again() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let (jonas, room) = (scene.account(JONAS), scene.id());
        let (_, first) = reads(&mut scene, JONAS);
        scene.say(MIRA, "and then");
        scene.world.pass(3_000);
        let (seq, _) = reads(&mut scene, JONAS);
        assert_eq!(told(&scene, MIRA, jonas), Some((seq, seq)), "seed {seed}");
        deliver(&mut scene, room, jonas, &first);
        assert_eq!(told(&scene, MIRA, jonas), Some((seq, seq)), "seed {seed}");
        // Nor after a restart, which forgets nothing.
        scene.world.crash(MIRA);
        scene.world.devices[MIRA].notices.clear();
        scene.world.pass(3_000);
        deliver(&mut scene, room, jonas, &first);
        assert_eq!(told(&scene, MIRA, jonas), Some((seq, seq)), "seed {seed}");
        scene.converges();
    }
}

#[test]
fn marks_swapped_between_members_and_rooms() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let (mira, jonas, aicha, room) =
            (scene.account(MIRA), scene.account(JONAS), scene.account(AICHA), scene.id());
        let elsewhere = scene.world.room(MIRA, "Elsewhere");
        let add = Intent::AddMember { room: elsewhere.clone(), account: jonas.to_string() };
        scene.world.call(MIRA, add).expect("an owner may");
        for n in 0..30 {
            scene.world.send(MIRA, &elsewhere, &format!("elsewhere {n}"));
        }
        scene.world.ask(JONAS, Intent::Read { room: elsewhere.clone(), seq: 30 });
        scene.world.pass(5_000);
        let there: RoomId = elsewhere.parse().expect("a room id");
        let kept = scene.relay.rooms[&there].marks[&jonas].0.clone().expect("it was put");
        deliver(&mut scene, room, jonas, &kept.0);
        let told_jonas = told(&scene, MIRA, jonas);
        assert!(told_jonas.is_none_or(|(_, read)| read < 30), "seed {seed}: {told_jonas:?}");
        let (seq, own) = reads(&mut scene, JONAS);
        deliver(&mut scene, room, aicha, &own);
        deliver(&mut scene, room, mira, &own);
        assert_eq!(told(&scene, MIRA, jonas), Some((seq, seq)), "seed {seed}");
        assert!(told(&scene, JONAS, aicha).is_none_or(|(_, read)| read < seq), "seed {seed}");
        assert!(told(&scene, JONAS, mira).is_none_or(|(_, read)| read < seq), "seed {seed}");
    }
}

#[test]
fn marks_after_being_put_out() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let (mira, aicha, room) = (scene.account(MIRA), scene.account(AICHA), scene.id());
        let remove = Intent::RemoveMember { room: scene.room.clone(), account: aicha.to_string() };
        scene.world.call(MIRA, remove).expect("an owner may");
        scene.world.run();
        let before = told(&scene, JONAS, aicha);
        let late = insider.signal(&mark(aicha, scene.now_ms, 2, 77, 77));
        let as_mira = insider.signal(&mark(mira, scene.now_ms, 2, 77, 77));
        deliver(&mut scene, room, aicha, &late);
        deliver(&mut scene, room, mira, &as_mira);
        assert_eq!(told(&scene, JONAS, aicha), before, "seed {seed}: she is no member any more");
        assert!(told(&scene, JONAS, mira).is_none_or(|(_, read)| read < 77), "seed {seed}");
        // What members put now she cannot open, though the relay gives it to her.
        scene.relay.rooms.get_mut(&room).expect("the room exists").members.insert(aicha, 0);
        let heard = told(&scene, AICHA, mira);
        scene.say(JONAS, "without her");
        scene.world.pass(3_000);
        let (seq, _) = reads(&mut scene, MIRA);
        assert_eq!(told(&scene, JONAS, mira), Some((seq, seq)), "seed {seed}");
        assert_eq!(told(&scene, AICHA, mira), heard, "seed {seed}");
    }
}

#[test]
fn own_marks_of_other_times_rooms_and_accounts() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let (jonas, id, room) = (scene.account(JONAS), scene.id(), scene.room.clone());
        let own = |scene: &Scene, room: RoomId, account: AccountId| {
            scene.relay.rooms[&room].marks[&account].1.clone().expect("it was put")
        };
        let draft = |scene: &mut Scene, room: &str, text: &str| {
            let intent = Intent::SetDraft { room: room.into(), text: text.into(), done: true };
            scene.world.call(JONAS, intent).expect("it is kept");
            scene.world.pass(5_000);
        };
        let elsewhere = scene.world.room(JONAS, "Elsewhere");
        draft(&mut scene, &elsewhere, "for another room");
        draft(&mut scene, &room, "older");
        let older = own(&scene, id, jonas);
        let (seq, _) = reads(&mut scene, JONAS);
        draft(&mut scene, &room, "newer");
        let newer = own(&scene, id, jonas);
        reads(&mut scene, MIRA);
        let foreign = own(&scene, id, scene.account(MIRA));
        let swapped = own(&scene, elsewhere.parse().expect("a room id"), jonas);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut altered = newer.clone();
        let at = rng.gen_range(0..altered.0.len());
        altered.0[at] ^= 1 << rng.gen_range(0..8);
        for wrong in [older.clone(), foreign, swapped, altered, Opaque(Vec::new())] {
            let marks = &mut scene.relay.rooms.get_mut(&id).expect("the room exists").marks;
            marks.entry(jonas).or_default().1 = Some(wrong.clone());
            scene.relay.tell(jonas, &Event::OwnMark { room: id, own: wrong });
            look(&mut scene);
            let shown = &scene.world.devices[JONAS].rooms[&room];
            assert_eq!((shown.draft.as_str(), shown.read), ("newer", seq), "seed {seed}");
        }
        // The device knew better than the relay, and has put it right.
        let fresh = scene.world.log_in("jonas");
        let shown = &scene.world.devices[fresh].rooms[&room];
        assert_eq!((shown.draft.as_str(), shown.read), ("newer", seq), "seed {seed}");
        scene.converges();
    }
}
