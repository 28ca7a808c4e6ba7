//! A relay that gives out another key than an account's own.

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{AccountIntent, Failure, Identity, Intent, Reply};
use waxwing_crypto_core::{
    account::Vault, published::PublishedKeyPackage, room::KeyPackageBundle, trust::IdentityChange,
};
use waxwing_tests::sim::{
    Insider, NEW_PASSWORD, fingerprint_of, is_changed, password,
    relay::{Account, CODE},
};
use waxwing_wire::{AccountId, Opaque};

use crate::scene::{AICHA, DORA, JONAS, MIRA, Scene, seeds, seeds_for};

/// Attacks of this class.
const ATTACKS: u64 = 4;

/// What the relay says of an account, with keys of its own making.
fn swapped(account: &Account, seed: u64) -> (Account, Vault) {
    let vault = Vault::generate(&mut ChaCha20Rng::seed_from_u64(seed));
    let (id, identity) = (account.id.0.into(), vault.identity());
    let bundle = KeyPackageBundle::generate(identity, id).expect("a key package");
    let published =
        PublishedKeyPackage { key_package: bundle.public().to_vec(), made_at_ms: 1_800_000_000_000 };
    let mut account = account.clone();
    account.key_package = Some(published.sign(id, identity).into());
    account.identity_key = identity.public().as_bytes().to_vec().into();
    (account, vault)
}

fn is_blocked(result: &Result<Reply, Failure>) -> bool {
    matches!(result, Err(failure) if failure.code == "identity_changed")
}

fn says(scene: &mut Scene, d: usize, text: &str) -> Result<Reply, Failure> {
    let room = scene.room.clone();
    scene.world.call(d, Intent::text(room, text.into()))
}

/// What two people compare.
fn number(scene: &mut Scene, d: usize, account: AccountId) -> String {
    match scene.world.call(d, Intent::SafetyNumber { account: account.to_string(), fingerprint: None }) {
        Ok(Reply::SafetyNumber { number, .. }) => number,
        other => panic!("{other:?}"),
    }
}

fn identity_of(scene: &Scene, d: usize, account: AccountId) -> Identity {
    let people = &scene.world.devices[d].rooms[&scene.room].people;
    people
        .iter()
        .find(|person| person.account == account.to_string())
        .expect("somebody of the room")
        .identity
        .clone()
}

fn add(scene: &mut Scene, d: usize, account: AccountId) -> Result<Reply, Failure> {
    let room = scene.room.clone();
    scene.world.call(d, Intent::AddMember { room, account: account.to_string() })
}

#[test]
fn identity_swapped_at_first_contact() {
    for seed in seeds_for(2, ATTACKS) {
        let mut scene = Scene::new(seed);
        let dora = scene.account(DORA);
        let honest = scene.relay.accounts["dora"].clone();
        let (false_one, _) = swapped(&honest, seed);
        scene.relay.accounts.insert("dora".into(), false_one);
        // Nobody has met her, so nobody can tell.
        add(&mut scene, MIRA, dora).expect("there is nothing to compare with");
        scene.world.run();
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(identity_of(&scene, d, dora), Identity::Known, "seed {seed}");
        }
        // The real one cannot read a word, and cannot come in beside the other.
        assert!(scene.world.devices[DORA].texts(&scene.room).is_empty(), "seed {seed}");
        scene.relay.accounts.insert("dora".into(), honest);
        let joined = scene.dora_joins();
        assert!(joined.is_err(), "seed {seed}: {joined:?}");
        // Mira meets the real one: by her contact link, or by her real key in another room.
        if seed % 2 == 0 {
            let Ok(Reply::ContactLink { link }) = scene.world.call(DORA, Intent::ContactLink) else {
                panic!()
            };
            assert!(is_blocked(&scene.world.call(MIRA, Intent::OpenContactLink { link })), "seed {seed}");
            let mira = scene.account(MIRA);
            let (hers, mine) = (number(&mut scene, DORA, mira), number(&mut scene, MIRA, dora));
            assert_ne!(hers, mine, "seed {seed}: what they compare is not the same");
        } else {
            let second = scene.world.room(MIRA, "Second");
            let invite = scene.world.invite(MIRA, &second);
            scene.world.join(DORA, &invite);
            let send = Intent::text(second, "to whom?".into());
            assert!(is_blocked(&scene.world.call(MIRA, send)), "seed {seed}");
            assert_eq!(scene.world.devices[MIRA].changed, [(dora.to_string(), false)], "seed {seed}");
        }
        // Put out, the false one reads nothing more, and the room goes on.
        let remove = Intent::RemoveMember { room: scene.room.clone(), account: dora.to_string() };
        scene.world.call(MIRA, remove).expect("an owner may");
        scene.say(MIRA, "among us again");
        scene.world.run();
        scene.converges();
    }
}

#[test]
fn identity_swapped_against_a_pin() {
    for seed in seeds_for(4, ATTACKS) {
        let mut scene = Scene::new(seed);
        let (mira, dora) = (scene.account(MIRA), scene.account(DORA));
        // She is known: by her contact link, or from another room.
        if seed % 2 == 0 {
            let Ok(Reply::ContactLink { link }) = scene.world.call(DORA, Intent::ContactLink) else {
                panic!()
            };
            scene.world.call(MIRA, Intent::OpenContactLink { link }).expect("it is hers");
        } else {
            let second = scene.world.room(MIRA, "Second");
            let invite = scene.world.invite(MIRA, &second);
            scene.world.join(DORA, &invite);
            scene.world.run();
        }
        let honest = scene.relay.accounts["dora"].clone();
        let (mut false_one, vault) = swapped(&honest, seed);
        // With statements that the old key did not sign.
        let known = honest.identity_key.as_bytes().try_into().expect("a key");
        let other = Vault::generate(&mut ChaCha20Rng::seed_from_u64(seed + 1));
        let by = |from: &Vault, account: AccountId| {
            let change = IdentityChange::sign(account.0.into(), from.identity(), vault.identity(), 1);
            Opaque(change)
        };
        false_one.statements = match seed / 2 % 2 {
            0 => vec![by(&other, dora), by(&vault, dora), by(&other, mira)],
            _ => {
                // A statement of another's that names her key as the old one, unsigned by it.
                let mut bytes = by(&other, dora).0;
                let old = other.identity().public();
                let at = bytes.windows(32).position(|bytes| bytes == old.as_bytes()).expect("it names it");
                let known: [u8; 32] = known;
                bytes[at..at + 32].copy_from_slice(&known);
                vec![Opaque(bytes)]
            }
        };
        scene.relay.accounts.insert("dora".into(), false_one);
        assert!(is_blocked(&add(&mut scene, MIRA, dora)), "seed {seed}");
        let direct = scene.world.call(MIRA, Intent::CreateDirect { account: dora.to_string(), note: None });
        assert!(seed % 2 == 1 || is_blocked(&direct), "seed {seed}: {direct:?}");
        scene.world.run();
        assert_eq!(scene.world.devices[MIRA].changed, [(dora.to_string(), false)], "seed {seed}");
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(scene.world.devices[d].rooms[&scene.room].members, 3, "seed {seed}");
        }
        assert!(says(&mut scene, MIRA, "nobody else is here").is_ok(), "seed {seed}");
        scene.said.push("nobody else is here".into());
        // The real one is still welcome.
        scene.relay.accounts.insert("dora".into(), honest);
        add(&mut scene, MIRA, dora).expect("it is she");
        scene.say(DORA, "it is me");
        scene.world.run();
        scene.converges();
    }
}

#[test]
fn identity_swapped_by_a_member() {
    for seed in seeds(ATTACKS) {
        // Jonas's client never compares keys: it brings in whoever the relay names. Mira knows Dora.
        let mut scene = Scene::new(seed);
        let dora = scene.account(DORA);
        let Ok(Reply::ContactLink { link }) = scene.world.call(DORA, Intent::ContactLink) else { panic!() };
        scene.world.call(MIRA, Intent::OpenContactLink { link }).expect("it is hers");
        let honest = scene.relay.accounts["dora"].clone();
        let (false_one, _) = swapped(&honest, seed);
        scene.relay.accounts.insert("dora".into(), false_one);
        let package = Insider::key_package(&scene.world, "dora");
        assert_ne!(package.key.as_bytes(), honest.identity_key.as_bytes());
        add(&mut scene, JONAS, dora).expect("he has never met her");
        scene.world.run();
        assert!(is_changed(&identity_of(&scene, MIRA, dora), false), "seed {seed}");
        assert_eq!(scene.world.devices[MIRA].changed, [(dora.to_string(), false)], "seed {seed}");
        assert!(is_blocked(&says(&mut scene, MIRA, "for her ears only")), "seed {seed}");
        let remove = Intent::RemoveMember { room: scene.room.clone(), account: dora.to_string() };
        scene.world.call(MIRA, remove).expect("an owner may");
        scene.say(MIRA, "among us again");
        scene.world.run();
        scene.relay.accounts.insert("dora".into(), honest);
        scene.converges();
    }
}

#[test]
fn identity_accepted_while_another_is_brought_in() {
    for seed in seeds_for(2, ATTACKS) {
        // Dora, whom Mira knows from another room, replaces her keys, and Mira looks at that.
        let mut scene = Scene::new(seed);
        let (mira, dora) = (scene.account(MIRA), scene.account(DORA).to_string());
        let second = scene.world.room(MIRA, "Second");
        let invite = scene.world.invite(MIRA, &second);
        scene.world.join(DORA, &invite);
        let rotate = AccountIntent::Rotate {
            password: password("dora"),
            new_password: NEW_PASSWORD.into(),
            code: Some(CODE.into()),
        };
        scene.world.call(DORA, rotate).expect("it is her account");
        scene.world.run();
        let shown = scene.world.person(MIRA, &second, &dora).identity;
        assert!(is_changed(&shown, true), "seed {seed}: {shown:?}");
        let fingerprint = fingerprint_of(&shown).expect("it changed");
        let looked = Intent::SafetyNumber { account: dora.clone(), fingerprint: Some(fingerprint.clone()) };
        let seen = scene.world.call(MIRA, looked.clone());

        // Meanwhile a member brings a false one into a room of all three.
        let honest = scene.relay.accounts["dora"].clone();
        let (false_one, _) = swapped(&honest, seed);
        scene.relay.accounts.insert("dora".into(), false_one);
        add(&mut scene, JONAS, dora.parse().expect("an id")).expect("he has never met her");
        scene.world.run();
        scene.relay.accounts.insert("dora".into(), honest);
        let other = scene.world.person(MIRA, &scene.room, &dora).identity;
        assert!(is_changed(&other, false), "seed {seed}: {other:?}");
        assert_ne!(fingerprint_of(&other), Some(fingerprint.clone()), "seed {seed}");

        // What she looked at is what she gets: compared or accepted, and nothing else.
        assert_eq!(scene.world.call(MIRA, looked), seen, "seed {seed}");
        let Ok(Reply::SafetyNumber { number: hers, .. }) = &seen else { panic!("{seen:?}") };
        assert_eq!(number(&mut scene, DORA, mira), *hers, "seed {seed}");
        let (account, verified) = (dora.clone(), seed % 2 == 0);
        let done = scene.world.call(
            MIRA,
            match verified {
                true => Intent::MarkVerified { account, fingerprint: fingerprint.clone() },
                false => Intent::AcceptIdentity { account, fingerprint: fingerprint.clone() },
            },
        );
        assert_eq!(done, Ok(Reply::Done), "seed {seed}");
        let now = scene.world.person(MIRA, &second, &dora).identity;
        assert_eq!(now, if verified { Identity::Verified } else { Identity::Known }, "seed {seed}");
        let now = scene.world.person(MIRA, &scene.room, &dora).identity;
        assert_eq!(now, other, "seed {seed}: the false one is as strange as before");
        assert!(is_blocked(&says(&mut scene, MIRA, "for her ears only")), "seed {seed}");
        let again = Intent::AcceptIdentity { account: dora.clone(), fingerprint };
        let refused = scene.world.call(MIRA, again).expect_err("there is nothing more to accept");
        assert_eq!(refused.code, "identity_not_shown", "seed {seed}");

        let remove = Intent::RemoveMember { room: scene.room.clone(), account: dora };
        scene.world.call(MIRA, remove).expect("an owner may");
        scene.say(MIRA, "among us again");
        scene.world.run();
        scene.converges();
    }
}
