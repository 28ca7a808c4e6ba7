//! What a member with a client of their own, or a relay that helps one, could try.

use openmls::prelude::{Capabilities, KeyPackage, Lifetime};
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

use super::*;
use crate::hpke::PUBLIC_KEY_BYTES;
use crate::room::{
    commit::{Envelope, open_handshake, seal_handshake},
    epoch::HandshakeKey,
    hostile::{self, Builder, Forgery},
    public_state::PublicState,
};

/// A length of a TLS vector and a signature.
const SIGNATURE: usize = 2 + 64;

/// Commits what our own client would refuse to.
fn force(person: &Person, room: &Room, what: impl FnOnce(Builder<'_>) -> Builder<'_>) -> Vec<u8> {
    let commit = Forgery::new(room, person.identity(), stamp(room)).handshake(what).unwrap();
    seal_handshake(&room.keys.handshake(), person.account, &commit, &mut OsRng).unwrap()
}

fn key_package(person: &Person, account: AccountId, capabilities: Capabilities) -> KeyPackage {
    hostile::key_package(person.identity(), account, Lifetime::init(0, u64::MAX), capabilities).unwrap()
}

/// A key package whose leaf says another encryption key, signed as it should be.
fn with_encryption_key(person: &Person, encryption_key: &[u8]) -> KeyPackage {
    let bytes = KeyPackageBundle::generate(person.identity(), person.account).unwrap().public().to_vec();
    let sign = |label: &str, content: &[u8]| {
        let mut framed = VLBytes::new(label.as_bytes().to_vec()).tls_serialize_detached().unwrap();
        framed.extend(VLBytes::new(content.to_vec()).tls_serialize_detached().unwrap());
        let signature = openmls_traits::signatures::Signer::sign(person.identity(), &framed).unwrap();
        VLBytes::new(signature).tls_serialize_detached().unwrap()
    };
    // version, suite, init key | leaf | extensions (the last-resort one, 4 bytes) | signature
    let (front, rest) = bytes.split_at(4 + 2 + PUBLIC_KEY_BYTES);
    let (leaf, extensions) =
        rest[..rest.len() - SIGNATURE].split_at(rest.len() - 2 * SIGNATURE - 4 + SIGNATURE);
    let mut leaf = leaf[..leaf.len() - SIGNATURE].to_vec();
    leaf[2..2 + PUBLIC_KEY_BYTES].copy_from_slice(encryption_key);
    leaf.extend(sign("MLS 1.0 LeafNodeTBS", &leaf));
    let mut package = [front, &leaf, extensions].concat();
    package.extend(sign("MLS 1.0 KeyPackageTBS", &package));
    validated(&package)
}

/// A room of Mira, its owner, and Jonas, with a parent node in its tree.
fn room_of_two() -> (Person, Person, Room, Room) {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let founded = mira.found(vec![]);
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let added = mira.commit(&founded.room, jonas.added_by(bundle.public()));
    let room = bundle.join(jonas.account, founded.room.id(), added.welcome.as_ref().unwrap()).unwrap();
    let refreshed = mira.commit(&added.room, Change::Refresh);
    let room = applied(room.process(mira.account, &refreshed.sealed));
    (mira, jonas, refreshed.room, room)
}

fn skipped(room: &Room, sender: &Person, sealed: &[u8]) -> Invalid {
    match room.process(sender.account, sealed) {
        Outcome::Skipped(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_owner_cannot_put_an_own_key_under_the_name_of_a_member() {
    let (mira, jonas, hers, his) = room_of_two();
    let double = Person { account: jonas.account, vault: Vault::generate(&mut OsRng) };
    let leaf =
        hers.group.members().find(|m| provider::account_of(&m.credential) == Some(jonas.account)).unwrap();
    let package = key_package(&double, jonas.account, state::capabilities());
    let sealed = force(&mira, &hers, |b| b.propose_removals([leaf.index]).propose_adds([package]));
    assert_eq!(skipped(&his, &mira, &sealed), Invalid::Readmit);
}

#[test]
fn nobody_is_there_twice() {
    let (mira, jonas, hers, his) = room_of_two();
    let double = Person { account: jonas.account, vault: Vault::generate(&mut OsRng) };
    let package = key_package(&double, jonas.account, state::capabilities());
    let sealed = force(&mira, &hers, |b| b.propose_adds([package.clone()]));
    assert_eq!(skipped(&his, &mira, &sealed), Invalid::Duplicate);
    // A made-up public state with such a tree is no room either: which of the two keys counted would be chance.
    let forgery = Forgery::new(&hers, mira.identity(), stamp(&hers));
    let made = forgery.build(|b| b.propose_adds([package])).unwrap();
    assert_eq!(policy::roster(made.group.public_group()), None);
}

#[test]
fn a_leaf_that_can_less_or_more_than_others_is_refused() {
    let (mira, _, hers, his) = room_of_two();
    let carl = Person::new(3);
    let more = Capabilities::builder()
        .ciphersuites(vec![provider::SUITE])
        .extensions(vec![
            openmls::prelude::ExtensionType::Unknown(0xf0a1),
            openmls::prelude::ExtensionType::LastResort,
            openmls::prelude::ExtensionType::Unknown(0xf0a2),
        ])
        .proposals(vec![openmls::prelude::ProposalType::GroupContextExtensions])
        .credentials(vec![openmls::prelude::CredentialType::Basic])
        .build();
    let package = key_package(&carl, carl.account, more);
    let sealed = force(&mira, &hers, |b| b.propose_adds([package]));
    assert_eq!(skipped(&his, &mira, &sealed), Invalid::Leaf);
}

#[test]
fn keys_that_would_spoil_the_tree_for_everybody_are_refused() {
    let (mira, _, hers, his) = room_of_two();
    let carl = Person::new(3);
    // openmls lets a leaf take the key of a parent node, and then refuses to import the tree.
    let parent = hers.group.public_group().treesync().full_parents().next().unwrap().1;
    let parent = VLBytes::tls_deserialize(&mut parent.tls_serialize_detached().unwrap().as_slice()).unwrap();
    let package = with_encryption_key(&carl, parent.as_slice());
    let sealed = force(&mira, &hers, |b| b.propose_adds([package]));
    assert_eq!(skipped(&his, &mira, &sealed), Invalid::Tree);
    // Nobody can seal to a key whose coefficients are beyond the modulus: no commit with a path could be made any more.
    let package = with_encryption_key(&carl, &[0xff; PUBLIC_KEY_BYTES]);
    let sealed = force(&mira, &hers, |b| b.propose_adds([package]));
    assert_eq!(skipped(&his, &mira, &sealed), Invalid::Tree);
    // The forging itself is sound: with a key of its own the leaf is welcome.
    let good = JoinSecret::generate(&mut OsRng).method(JoinKind::Link, carl.account).unwrap();
    let package = with_encryption_key(&carl, good.key.as_bytes());
    let sealed = force(&mira, &hers, |b| b.propose_adds([package]));
    assert!(matches!(his.process(mira.account, &sealed), Outcome::Applied(_)));
}

#[test]
fn join_methods_are_made_in_the_own_name_only() {
    let (mira, jonas, hers, _) = room_of_two();
    let (_, method) = link(&jonas);
    let state = RoomState { joins: vec![method.clone()], ..hers.state().clone() };
    let refused = mira.try_commit(&hers, Change::State(Box::new(state)));
    assert_eq!(refused.unwrap_err(), CommitError::Refused);
    let state = RoomState { joins: vec![method], ..RoomState::group("Ops room", mira.account) };
    let founded = Room::found(mira.identity(), mira.account, RoomId([9; 16]), &state, 1, &mut OsRng);
    assert_eq!(founded.unwrap_err(), CommitError::Refused);
}

#[test]
fn putting_somebody_out_closes_the_ways_in() {
    let (mira, jonas, hers, _) = room_of_two();
    let (_, method) = link(&mira);
    let state = RoomState { joins: vec![method], ..hers.state().clone() };
    let opened = mira.commit(&hers, Change::State(Box::new(state.clone()))).room;
    let kept = Change::Remove(vec![jonas.account], Box::new(state.clone()));
    assert_eq!(mira.try_commit(&opened, kept).unwrap_err(), CommitError::Refused);
    let (_, fresh) = link(&mira);
    let replaced = Change::Remove(vec![jonas.account], Box::new(RoomState { joins: vec![fresh], ..state }));
    assert!(mira.try_commit(&opened, replaced).is_ok());
}

#[test]
fn the_key_package_of_somebody_else_is_noticed() {
    let (mira, _, hers, _) = room_of_two();
    let carl = Person::new(3);
    let package = KeyPackageBundle::generate(carl.identity(), carl.account).unwrap().public().to_vec();
    let double = Person { account: carl.account, vault: Vault::generate(&mut OsRng) };
    let of = |account, key| Change::Add(Newcomer { account, key, key_package: package.clone() });
    let own = carl.identity().public();
    for change in [of(AccountId([4; 16]), own), of(carl.account, double.identity().public())] {
        assert_eq!(mira.try_commit(&hers, change).unwrap_err(), CommitError::KeyPackage);
    }
    assert!(mira.try_commit(&hers, of(carl.account, own)).is_ok());
}

#[test]
fn the_public_state_of_another_group_is_no_state_of_this_room() {
    let mira = Person::new(1);
    let room = mira.found(vec![]).room;
    let state = PublicState::of(&room.group, room.provider.crypto(), mira.identity()).unwrap();
    let own = room.keys.handshake();
    assert!(state.import(&own, &Provider::default()).is_ok());
    let other = HandshakeKey { room: RoomId([8; 16]), ..own };
    assert!(state.import(&other, &Provider::default()).is_err());
}

#[test]
fn somebody_who_is_there_with_another_key_is_told_before_uploading() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let (secret, method) = link(&mira);
    let founded = mira.found(vec![method]);
    let refused = doorway(&founded, &secret).join(jonas.identity(), mira.account, 4, 5, &mut OsRng);
    assert_eq!(refused.unwrap_err(), CommitError::Refused);
}

#[test]
fn a_commit_holds_for_its_sender_parent_and_room() {
    let (mira, jonas, hers, his) = room_of_two();
    let commit =
        open_handshake(&hers.keys.handshake(), mira.account, &mira.commit(&hers, Change::Refresh).sealed)
            .unwrap();
    // A member who knows the handshake key seals the commit of another as their own.
    let stolen = seal_handshake(&his.keys.handshake(), jonas.account, &commit, &mut OsRng).unwrap();
    assert_eq!(skipped(&his, &jonas, &stolen), Invalid::Author);
    // Bytes after the handshake, and after the envelope.
    let longer = [&commit[..], &[0]].concat();
    let longer = seal_handshake(&his.keys.handshake(), mira.account, &longer, &mut OsRng).unwrap();
    assert_eq!(skipped(&his, &mira, &longer), Invalid::NotACommit);
    let envelope = [&stolen[..], &[0]].concat();
    assert_eq!(skipped(&his, &jonas, &envelope), Invalid::NotSealedHere);
    let parsed: Envelope = codec::decode(&stolen).unwrap();
    assert_eq!(parsed.parent, his.epoch());
}

#[test]
fn a_room_has_room_for_so_many() {
    let mira = Person::new(1);
    let room = mira.found(vec![]).room;
    let guests = |count: usize| -> Vec<KeyPackage> {
        (0..count)
            .map(|n| {
                let mut account = [7; 16];
                account[..8].copy_from_slice(&(n as u64).to_be_bytes());
                let guest = Person { account: AccountId(account), vault: Vault::generate(&mut OsRng) };
                key_package(&guest, guest.account, state::capabilities())
            })
            .collect()
    };
    let judge = |count| {
        let forgery = Forgery::new(&room, mira.identity(), stamp(&room));
        let commit = forgery.handshake(|b| b.propose_adds(guests(count))).unwrap();
        let message = policy::parse(&commit).unwrap();
        policy::judge(&room.provider, room.group.group_id(), mira.account, message).map(drop)
    };
    assert_eq!(judge(MEMBERS), Err(Invalid::Full));
    assert_eq!(judge(MEMBERS - 1), Ok(()));
}

#[test]
fn a_package_does_not_show_whether_history_is_open() {
    let mira = Person::new(1);
    let sizes = [HistoryRule::All, HistoryRule::FromJoin].map(|history| {
        let (_, method) = link(&mira);
        let state = RoomState { joins: vec![method], history, ..RoomState::group("Quiet", mira.account) };
        let founded = Room::found(mira.identity(), mira.account, RoomId([9; 16]), &state, 1, &mut OsRng);
        founded.unwrap().packages[0].1.len()
    });
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn the_private_state_does_not_grow_with_the_log() {
    let (mira, _, mut room, _) = room_of_two();
    let entries = |room: &Room| room.provider.storage().private_entries().len();
    let before = entries(&room);
    for _ in 0..5 {
        room = mira.commit(&room, Change::Refresh).room;
    }
    assert_eq!(entries(&room), before);
}

#[test]
fn leaves_that_expire_are_refused() {
    let (mira, _, hers, his) = room_of_two();
    let carl = Person::new(3);
    for lifetime in [Lifetime::init(0, u64::MAX - 1), Lifetime::init(1, u64::MAX), Lifetime::new(3600)] {
        let package = hostile::key_package(carl.identity(), carl.account, lifetime, state::capabilities());
        let sealed = force(&mira, &hers, |b| b.propose_adds([package.unwrap()]));
        assert_eq!(skipped(&his, &mira, &sealed), Invalid::Lifetime);
    }
}

/// A room of Mira and Jonas with a link, the way in by it, and the index of Mira's leaf.
fn open_room() -> ([Person; 2], [Room; 2], Doorway) {
    let people = [1, 2].map(Person::new);
    let (secret, method) = link(&people[0]);
    let state = RoomState { joins: vec![method], ..RoomState::group("Ops room", people[0].account) };
    let rooms = room_of(&people, state, RoomId([9; 16]));
    let own = rooms[0].corrections(people[0].identity(), None, stamp(&rooms[0]), &mut OsRng).unwrap();
    let (id, epoch) = (rooms[0].id(), rooms[0].epoch());
    let door = Doorway::open(id, epoch, &secret, &packages(&own.packages), &[own.public_state]).unwrap();
    (people, rooms, door)
}

#[test]
fn whoever_comes_in_puts_nobody_else_out() {
    let ([_, jonas], rooms, door) = open_room();
    let capabilities = state::capabilities();
    // Coming back takes out the own old leaf, which has the index 1; altered, it would take out Mira's.
    let back =
        hostile::join_handshake(&door, (jonas.account, jonas.identity()), vec![], capabilities).unwrap();
    let judge = |handshake: &[u8]| {
        let sealed = hostile::seal_join(&door, jonas.account, handshake, &mut OsRng).unwrap();
        rooms[0].process(jonas.account, &sealed)
    };
    assert!(matches!(judge(&back), Outcome::Applied(_)));
    let altered = hostile::resign(&rooms[0], jonas.identity(), &back, true, |content| {
        // A Remove by value: kind of reference, type of proposal, leaf.
        let removal = [1, 0, 3, 0, 0, 0, 1];
        let at = content.windows(7).position(|bytes| bytes == removal).unwrap();
        content[at + 6] = 0;
    });
    assert!(matches!(judge(&altered.unwrap()), Outcome::Skipped(_)));
    // Signing anew is sound: without a change it counts, though the tag fits no more.
    let same = hostile::resign(&rooms[0], jonas.identity(), &back, true, |_| {}).unwrap();
    assert!(!matches!(judge(&same), Outcome::Skipped(_)));
}

#[test]
fn whoever_comes_in_acts_on_no_statement_and_has_our_leaf() {
    let ([mira, _], rooms, door) = open_room();
    let said = rooms[0].rejoin_request(mira.identity(), 1, b"a key package").unwrap();
    let dora = Person::new(4);
    let judge = |statements, capabilities| {
        let handshake =
            hostile::join_handshake(&door, (dora.account, dora.identity()), statements, capabilities)
                .unwrap();
        let sealed = hostile::seal_join(&door, dora.account, &handshake, &mut OsRng).unwrap();
        rooms[0].process(dora.account, &sealed)
    };
    let ours = state::capabilities;
    assert!(matches!(judge(vec![], ours()), Outcome::Applied(_)));
    assert!(matches!(judge(vec![said], ours()), Outcome::Skipped(Invalid::Statement)));
    assert!(matches!(judge(vec![vec![]], ours()), Outcome::Skipped(Invalid::Statement)));
    let more = Capabilities::builder()
        .ciphersuites(vec![
            provider::SUITE,
            openmls::prelude::Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        ])
        .extensions(ours().extensions().to_vec())
        .proposals(ours().proposals().to_vec())
        .credentials(ours().credentials().to_vec())
        .build();
    assert!(matches!(judge(vec![], more), Outcome::Skipped(Invalid::Leaf)));
}

#[test]
fn a_leaf_keeps_its_account_and_the_roster_its_keys() {
    let (mira, jonas, hers, his) = room_of_two();
    let renamed = provider::credential(AccountId([4; 16]), mira.identity().public());
    let leaf =
        || hostile::mls::LeafNodeParameters::builder().with_credential_with_key(renamed.clone()).build();
    let sealed = force(&mira, &hers, |b| b.leaf_node_parameters(leaf()));
    assert_eq!(skipped(&his, &mira, &sealed), Invalid::Identity);
    // Whatever way a commit found to give somebody else another key.
    let before = hers.roster();
    let mut next = hers.roster().clone();
    assert_eq!(policy::keeps_identities(before, &next, mira.account), Ok(()));
    next.insert(jonas.account, IdentityKey::generate(&mut OsRng).public());
    assert_eq!(policy::keeps_identities(before, &next, mira.account), Err(Invalid::Identity));
    assert_eq!(policy::keeps_identities(before, &next, jonas.account), Ok(()));
    next.remove(&jonas.account);
    assert_eq!(policy::keeps_identities(before, &next, mira.account), Ok(()));
}
