//! Commits that act on statements or change a key. openmls draws randomness of its own, so these cases are made once and then kept.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, fixed_bytes, hex, refused, variant};
use crate::account::RootKey;
use crate::identity::IdentityKey;
use crate::ids::{AccountId, RoomId};
use crate::room::{
    Change, Invalid, KeyPackageBundle, LogHead, Newcomer, Outcome, Prepared, Room, RoomState, Stamp,
    hostile::{self, Builder, Forgery},
};
use crate::secret::SymmetricKey;

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    super::group::run(case)
}

const ROOM: RoomId = RoomId([9; 16]);
const NAMES: [&str; 3] = ["mira", "jonas", "carl"];
const ACCOUNTS: [AccountId; 3] = [AccountId([1; 16]), AccountId([2; 16]), AccountId([3; 16])];
const NOW_MS: u64 = 1_700_000_000_000;

/// A room of Mira, who founded it and judges, Jonas, who commits, and Carl, whom it is about.
struct Scene {
    identities: [IdentityKey; 3],
    carls_package: KeyPackageBundle,
    mira: Room,
    public_state: Vec<u8>,
    jonas: Room,
    carl: Room,
    rng: Playback,
}

impl Scene {
    fn new(room: RoomId) -> Result<Self, Failure> {
        let mut rng = Playback::new(fixed_bytes("commits", 65_536));
        let identities = NAMES.map(|name| IdentityKey::from_seed(fixed(name)));
        let [mira, jonas, carl] = &identities;
        let state = RoomState::group("Ops room", ACCOUNTS[0]);
        let founded = Room::found(mira, ACCOUNTS[0], room, &state, NOW_MS, &mut rng).map_err(refused)?;
        let package = |key: &IdentityKey, account| KeyPackageBundle::generate(key, account).map_err(refused);
        let (his, carls) = (package(jonas, ACCOUNTS[1])?, package(carl, ACCOUNTS[2])?);
        let newcomer = |account, key: &IdentityKey, package: &KeyPackageBundle| Newcomer {
            account,
            key: key.public(),
            key_package: package.public().to_vec(),
        };
        let added = vec![newcomer(ACCOUNTS[1], jonas, &his), newcomer(ACCOUNTS[2], carl, &carls)];
        let added = founded.room.commit(mira, Change::AddMany(added), stamp(), &mut rng).map_err(refused)?;
        let welcome = added.welcome.as_ref().ok_or_else(|| broken("no welcome"))?;
        let joined = carls.join(ACCOUNTS[2], room, welcome).map_err(refused)?;
        // Nobody leaves by the leaf of a key package.
        let Prepared { sealed, public_state, room: carls_room, .. } =
            joined.commit(carl, Change::Refresh, stamp(), &mut rng).map_err(refused)?;
        let follow = |room: &Room| match room.process(ACCOUNTS[2], &sealed) {
            Outcome::Applied(room) => Ok(*room),
            other => Err(broken(&format!("{other:?}"))),
        };
        let jonas = follow(&his.join(ACCOUNTS[1], room, welcome).map_err(refused)?)?;
        let mira = follow(&added.room)?;
        let carls_package = package(carl, ACCOUNTS[2])?;
        Ok(Self { carls_package, mira, public_state, jonas, carl: carls_room, identities, rng })
    }

    fn forgery(&self, statements: &[&Vec<u8>]) -> Forgery<'_> {
        let statements = statements.iter().map(|bytes| bytes.to_vec()).collect();
        Forgery { statements, ..Forgery::new(&self.jonas, &self.identities[1], stamp()) }
    }

    fn forge(
        &self,
        forgery: &Forgery<'_>,
        what: impl FnOnce(Builder<'_>) -> Builder<'_>,
    ) -> Result<Prepared, Failure> {
        let mut rng = Playback::new(fixed_bytes("forged", 65_536));
        forgery.commit(what, &mut rng).map_err(refused)
    }

    /// Mira's side of the room, as it is stored.
    fn base(&self) -> Result<Value, Failure> {
        let root = fixed("mira's root");
        let root_key = RootKey::new(0, SymmetricKey::from_bytes(root));
        let mut rng = Playback::new(fixed("snapshot").to_vec());
        let snapshot = self.mira.snapshot(&root_key, &mut rng).map_err(refused)?;
        Ok(json!({
            "op": "process", "room": hex(ROOM.as_bytes()), "epoch": hex(self.mira.epoch().as_bytes()),
            "public_state": hex(&self.public_state), "root": hex(&root),
            "account": hex(ACCOUNTS[0].as_bytes()), "snapshot": hex(&snapshot),
            "sender": hex(ACCOUNTS[1].as_bytes()), "outcome": "applied",
        }))
    }
}

fn stamp() -> Stamp {
    Stamp { seen: LogHead::start(ROOM), account_version: 1, now_ms: NOW_MS }
}

fn good(base: &Value, name: &str, made: &Prepared) -> Value {
    let room = &made.room;
    let next = json!({
        "commit": hex(&made.sealed), "next_epoch": hex(room.epoch().as_bytes()),
        "members": super::group::members(room.roster()), "message_key": hex(room.keys().message_key().expose()),
    });
    variant(base, name, "ok", next)
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let mut scene = Scene::new(ROOM)?;
    let elsewhere = Scene::new(RoomId([8; 16]))?;
    let base = scene.base()?;
    let damaged = || broken("no statement");
    let (package, carl) = (scene.carls_package.public().to_vec(), scene.identities[2].clone());
    let asked = scene.carl.rejoin_request(&carl, 300, &package).ok_or_else(damaged)?;
    let asked_elsewhere = elsewhere.carl.rejoin_request(&carl, 300, &package).ok_or_else(damaged)?;
    let said = scene.carl.leave_statement(&carl, NOW_MS).ok_or_else(damaged)?;
    let said_elsewhere = elsewhere.carl.leave_statement(&carl, NOW_MS).ok_or_else(damaged)?;
    let fresh = IdentityKey::from_seed(fixed("fresh"));
    let leaf = hostile::leaf_of(&scene.jonas, ACCOUNTS[2]).ok_or_else(damaged)?;

    let readmit =
        Change::Readmit { account: ACCOUNTS[2], key_package: package.clone(), request: asked.clone() };
    let departed = Change::Departed(vec![(ACCOUNTS[2], said.clone())]);
    let mut cases = Vec::new();
    for (name, change) in [
        ("a member is let in again", readmit),
        ("a member who left is put out", departed),
        ("a member has another key", Change::Rotate(fresh.clone())),
    ] {
        let made = scene.jonas.commit(&scene.identities[1], change, stamp(), &mut scene.rng);
        cases.push(good(&base, name, &made.map_err(refused)?));
    }
    let again = |package: &[u8]| hostile::read_key_package(package).map_err(refused);
    let (same, other) =
        (again(&package)?, again(KeyPackageBundle::generate(&carl, ACCOUNTS[2]).map_err(refused)?.public())?);
    let rotating = Forgery { new_key: Some(&fresh), ..scene.forgery(&[]) };
    let forged = [
        (
            "let in again without asking",
            Invalid::Readmit,
            scene.forge(&scene.forgery(&[]), |b| b.propose_removals([leaf]).propose_adds([same.clone()]))?,
        ),
        (
            "let in again on another key package",
            Invalid::Readmit,
            scene.forge(&scene.forgery(&[&asked]), |b| {
                b.propose_removals([leaf]).propose_adds([other.clone()])
            })?,
        ),
        (
            "let in again on a request of another room",
            Invalid::Statement,
            scene.forge(&scene.forgery(&[&asked_elsewhere]), |b| {
                b.propose_removals([leaf]).propose_adds([same.clone()])
            })?,
        ),
        (
            "put out without having left",
            Invalid::Role,
            scene.forge(&scene.forgery(&[]), |b| b.propose_removals([leaf]))?,
        ),
        (
            "put out for leaving another room",
            Invalid::Role,
            scene.forge(&scene.forgery(&[&said_elsewhere]), |b| b.propose_removals([leaf]))?,
        ),
        (
            "a statement that nothing follows from",
            Invalid::Statement,
            scene.forge(&scene.forgery(&[&said]), |b| b.force_self_update(true))?,
        ),
        (
            "another key and a removal",
            Invalid::Rotation,
            scene.forge(&rotating, |b| b.propose_removals([leaf]))?,
        ),
    ];
    for (name, reason, made) in &forged {
        let refusal = json!({ "commit": hex(&made.sealed), "outcome": null });
        cases.push(variant(&base, name, &reason.to_string(), refusal));
    }
    Ok(cases)
}
