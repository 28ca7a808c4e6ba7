//! Commits that MLS would take and the rules of a room do not: by Aicha, who is a member, and by somebody who comes in.

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use waxwing_crypto_core::{
    account::Vault,
    room::{
        RoomState,
        hostile::{self, leaf_of, mls},
    },
};
use waxwing_tests::sim::Insider;
use waxwing_wire::{AccountId, frame::Commit};

use crate::scene::{DORA, JONAS, MIRA, Scene, begin, seeds_for, upload, view};

/// Attacks of this class.
const ATTACKS: u64 = 2;
/// Ways in which a member breaks the rules.
const FORBIDDEN: u64 = 11;
/// Ways in which somebody who comes in does.
const FORBIDDEN_TO_JOINERS: u64 = 3;

/// Capabilities of a leaf that says more than every leaf does.
fn other_capabilities() -> mls::Capabilities {
    let ours = hostile::capabilities();
    let suites = [mls::Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519];
    mls::Capabilities::builder()
        .ciphersuites(
            ours.ciphersuites().iter().filter_map(|suite| (*suite).try_into().ok()).chain(suites).collect(),
        )
        .extensions(ours.extensions().to_vec())
        .proposals(ours.proposals().to_vec())
        .credentials(ours.credentials().to_vec())
        .build()
}

/// A commit that only breaks the rules of the room: MLS would take it.
fn forbidden(kind: u64, scene: &Scene, insider: &mut Insider) -> Option<Commit> {
    let mut rng = ChaCha20Rng::seed_from_u64(kind);
    let stranger = Vault::generate(&mut rng);
    let room = insider.room.state().clone();
    let me = insider.account.0.into();
    let leaf = |d: usize| leaf_of(&insider.room, scene.account(d).0.into()).expect("a member");
    let (mira, jonas) = (leaf(MIRA), leaf(JONAS));
    let always = mls::Lifetime::init(0, u64::MAX);
    let package_with = |account: AccountId, lifetime, capabilities| {
        let (identity, account) = (stranger.identity(), account.0.into());
        hostile::key_package(identity, account, lifetime, capabilities).expect("a package")
    };
    let package = |account, lifetime| package_with(account, lifetime, hostile::capabilities());
    let world = &scene.world;
    let mut with_state = |state| insider.forged(world, |f| f.state = Some(state), |b| b);
    match kind {
        0 => insider.forged(world, |_| {}, |b| b.propose_removals([mira])),
        1 => with_state(RoomState { name: "Mine now".into(), ..room }),
        2 => with_state(RoomState { founder: me, ..room }),
        3 => with_state(RoomState { joins: Vec::new(), ..room }),
        4 => {
            let double = package(scene.account(MIRA), always);
            insider.forged(world, |_| {}, |b| b.propose_adds([double]))
        }
        5 => {
            let expiring = package(scene.account(DORA), mls::Lifetime::new(1000));
            insider.forged(world, |_| {}, |b| b.propose_adds([expiring]))
        }
        6 => {
            let swapped = package(scene.account(JONAS), always);
            insider.forged(world, |_| {}, |b| b.propose_removals([jonas]).propose_adds([swapped]))
        }
        7 => {
            let statements = vec![vec![0x82, 0x40, 0x40], vec![1; 100]];
            insider.forged(world, |f| f.statements = statements, |b| b.force_self_update(true))
        }
        8 => {
            let ghost = package(scene.account(DORA), always);
            let key = stranger.identity().clone();
            insider.forged_with_key(world, &key, |b| b.propose_adds([ghost]))
        }
        9 => {
            let other = package_with(scene.account(DORA), always, other_capabilities());
            insider.forged(world, |_| {}, |b| b.propose_adds([other]))
        }
        _ => {
            let leaf = mls::LeafNodeParameters::builder().with_capabilities(other_capabilities()).build();
            insider.forged(world, |_| {}, |b| b.leaf_node_parameters(leaf).force_self_update(true))
        }
    }
}

/// A commit by which Aicha comes in once more through the link, as a lost device of hers would, and which breaks the rules.
fn forbidden_to_joiners(kind: u64, scene: &Scene, insider: &mut Insider) -> Option<Commit> {
    let door = insider.doorway(&scene.world, &scene.invite);
    let identity = insider.vault.identity();
    let who = (insider.account.0.into(), identity);
    let (statements, capabilities) = match kind {
        0 => (vec![], other_capabilities()),
        1 => (vec![insider.room.leave_statement(identity, 1)?], hostile::capabilities()),
        _ => (vec![], hostile::capabilities()),
    };
    let mut handshake = hostile::join_handshake(&door, who, statements, capabilities).ok()?;
    if kind == 2 {
        let mira = leaf_of(&insider.room, scene.account(MIRA).0.into())?.u32();
        let own = leaf_of(&insider.room, who.0)?.u32();
        // The Remove by value of her own old leaf (kind of reference, type of proposal, leaf) becomes one of Mira's.
        let removal = |leaf: u32| [&[1, 0, 3][..], &leaf.to_be_bytes()].concat();
        handshake = hostile::resign(&insider.room, identity, &handshake, true, |content| {
            let at = content.windows(7).position(|bytes| bytes == removal(own)).expect("her old leaf goes");
            content[at..at + 7].copy_from_slice(&removal(mira));
        })?;
    }
    Some(insider.sealed(&scene.world, &handshake))
}

/// The commit is refused by everybody, changes nothing, and the room goes on.
fn refused(seed: u64, kind: u64, make: impl Fn(u64, &Scene, &mut Insider) -> Option<Commit>) {
    let (mut scene, mut insider) = begin(seed);
    let before = [MIRA, JONAS].map(|d| view(&scene, d));
    let Some(commit) = make(kind, &scene, &mut insider) else { panic!("openmls builds kind {kind}") };
    upload(&mut scene, &insider, commit);
    for (d, before) in [MIRA, JONAS].into_iter().zip(before) {
        assert_eq!(view(&scene, d), before, "seed {seed}, kind {kind}");
        assert_eq!(scene.warnings(d), ["warning refused_commit"], "seed {seed}, kind {kind}");
    }
    scene.say(JONAS, "we go on");
    scene.world.run();
    scene.converges_with_warnings();
}

#[test]
fn commits_against_the_rules() {
    for seed in seeds_for(FORBIDDEN, ATTACKS) {
        refused(seed, seed % FORBIDDEN, forbidden);
    }
}

#[test]
fn joining_against_the_rules() {
    for seed in seeds_for(FORBIDDEN_TO_JOINERS, ATTACKS) {
        refused(seed, seed % FORBIDDEN_TO_JOINERS, forbidden_to_joiners);
    }
}
