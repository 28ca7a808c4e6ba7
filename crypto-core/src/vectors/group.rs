//! A room as it is stored. openmls draws randomness of its own, so these cases are made once and then kept.

use openmls::prelude::GroupContext;
use serde_json::{Value, json};
use tls_codec::{Deserialize as _, Serialize as _};

use super::tools::{Case, Failure, Playback, broken, fixed, fixed_bytes, flipped, hex, refused, variant};
use crate::account::RootKey;
use crate::identity::IdentityKey;
use crate::ids::{AccountId, RoomId};
use crate::room::{
    Change, Doorway, Founded, Invalid, JoinError, JoinKind, JoinSecret, LogHead, Outcome, Prepared,
    PublicState, RestoreError, Room, RoomState, Snapshot, Stamp, epoch_id, hostile, open_handshake,
    seal_handshake, vouched,
};
use crate::secret::SymmetricKey;

const NO_CONTEXT: &str = "not a group context";

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    match case.text("op")? {
        "context" => {
            let context = GroupContext::tls_deserialize_exact(case.bytes("context")?)
                .map_err(|_| Failure::Refused(NO_CONTEXT.into()))?;
            let epoch = epoch_id(&context).ok_or_else(|| broken("no epoch id"))?;
            case.expect_bytes("epoch", epoch.as_bytes())
        }
        "vouched" => {
            let vouched = vouched(&case.bytes("unsigned")?, &case.bytes("tree")?);
            case.expect_bytes("vouched", &vouched)
        }
        "doorway" => run_doorway(case),
        "restore" => expect_room(case, &restore(case)?),
        "process" => run_process(case),
        _ => Err(broken("no such op")),
    }
}

fn expect_room(case: &Case<'_>, room: &Room) -> Result<(), Failure> {
    case.expect_bytes("message_key", room.keys().message_key().expose())?;
    let expected: Vec<&str> = case.list("members")?.iter().filter_map(Value::as_str).collect();
    if members(room.roster()) == expected { Ok(()) } else { Err(broken("other members")) }
}

/// Account and key of every member, in hexadecimal.
pub(super) fn members(roster: &crate::room::Roster) -> Vec<String> {
    roster.iter().map(|(account, key)| hex(account.as_bytes()) + &hex(key.as_bytes())).collect()
}

fn run_doorway(case: &Case<'_>) -> Result<(), Failure> {
    let packages: Vec<Vec<u8>> = case
        .list("packages")?
        .iter()
        .map(|package| super::tools::from_hex(package.as_str().unwrap_or("not a text")))
        .collect::<Result<_, _>>()?;
    let secret = JoinSecret::from_seed(case.key("seed")?);
    let public = [case.bytes("public_state")?];
    let doorway =
        Doorway::open(case.room()?, case.epoch("epoch")?, &secret, &packages, &public).map_err(refused)?;
    case.expect_bytes("vouched_by", doorway.vouched_by.as_bytes())?;
    let keys = doorway.keys().ok_or_else(|| broken("no room key"))?;
    case.expect_bytes("message_key", keys.message_key().expose())?;
    let expected: Vec<&str> = case.list("members")?.iter().filter_map(Value::as_str).collect();
    let same = members(&doorway.roster) == expected
        && doorway.state.name == case.text("room_name")?
        && doorway.sealed_at_ms == case.number("sealed_at_ms")?
        && doorway.seen == LogHead::start(case.room()?);
    if same { Ok(()) } else { Err(broken("another room")) }
}

fn restore(case: &Case<'_>) -> Result<Room, Failure> {
    let root = RootKey::new(0, case.key("root")?);
    let (account, epoch) = (case.account("account")?, case.epoch("epoch")?);
    Snapshot::open(&root, account, case.room()?, epoch, &case.bytes("snapshot")?)
        .and_then(|snapshot| snapshot.restore(&[case.bytes("public_state").unwrap_or_default()]))
        .map_err(refused)
}

fn run_process(case: &Case<'_>) -> Result<(), Failure> {
    let room = restore(case)?;
    let outcome = room.process(case.account("sender")?, &case.bytes("commit")?);
    let (name, epoch) = match &outcome {
        Outcome::Applied(room) => ("applied", room.epoch()),
        Outcome::Own { epoch, .. } => ("own", *epoch),
        Outcome::Skipped(reason) => return Err(refused(*reason)),
        other => return Err(broken(&format!("{other:?}"))),
    };
    if case.text("outcome")? != name {
        return Err(broken(name));
    }
    case.expect_bytes("next_epoch", epoch.as_bytes())?;
    match &outcome {
        Outcome::Applied(room) => expect_room(case, room),
        _ => Ok(()),
    }
}

/// Mira's room, and what Jonas made when he came in by its link.
struct Scene {
    secret: JoinSecret,
    founded: Founded,
    joined: Prepared,
    refreshed: Prepared,
}

const ROOM: RoomId = RoomId([9; 16]);
const MIRA: AccountId = AccountId([1; 16]);
const JONAS: AccountId = AccountId([2; 16]);
const NOW_MS: u64 = 1_700_000_000_000;

impl Scene {
    fn new() -> Result<Self, Failure> {
        let mut rng = Playback::new(fixed_bytes("group", 4096));
        let identity = IdentityKey::from_seed(fixed("mira"));
        let secret = JoinSecret::from_seed(SymmetricKey::from_bytes(fixed("group link")));
        let method = secret.method(JoinKind::Link, MIRA).map_err(refused)?;
        let state = RoomState { joins: vec![method], ..RoomState::group("Ops room", MIRA) };
        let founded = Room::found(&identity, MIRA, ROOM, &state, NOW_MS, &mut rng).map_err(refused)?;
        let packages: Vec<Vec<u8>> = founded.packages.iter().map(|(_, bytes)| bytes.clone()).collect();
        let epoch = founded.room.epoch();
        let public_state = std::slice::from_ref(&founded.public_state);
        let doorway = Doorway::open(ROOM, epoch, &secret, &packages, public_state).map_err(refused)?;
        let jonas = IdentityKey::from_seed(fixed("jonas"));
        let joined = doorway.join(&jonas, JONAS, 1, NOW_MS, &mut rng).map_err(refused)?;
        let stamp = Stamp { seen: LogHead::start(ROOM), account_version: 1, now_ms: NOW_MS };
        let refreshed = founded.room.commit(&identity, Change::Refresh, stamp, &mut rng).map_err(refused)?;
        rng.taken()?;
        Ok(Self { secret, founded, joined, refreshed })
    }

    fn place(&self, op: &str) -> Value {
        let room = &self.founded.room;
        json!({
            "op": op, "room": hex(ROOM.as_bytes()), "epoch": hex(room.epoch().as_bytes()),
            "public_state": hex(&self.founded.public_state), "members": members(room.roster()),
            "message_key": hex(room.keys().message_key().expose()),
        })
    }

    fn context(&self) -> Result<Vec<Value>, Failure> {
        let context = self.founded.room.group_context().tls_serialize_detached().map_err(refused)?;
        let good = json!({
            "name": "context", "expect": "ok", "op": "context", "context": hex(&context),
            "epoch": hex(self.founded.room.epoch().as_bytes()),
        });
        let short = context.split_last().map(|(_, rest)| rest).unwrap_or_default();
        let refusals = [
            ("context, a byte too few", hex(short)),
            ("context, a byte too many", hex(&[&context[..], &[0]].concat())),
        ];
        let mut cases: Vec<Value> = refusals
            .into_iter()
            .map(|(name, bytes)| variant(&good, name, NO_CONTEXT, json!({ "context": bytes })))
            .collect();
        cases.push(good);
        Ok(cases)
    }

    /// What a join package vouches for; and a public state of the epoch that says something else, signed by a member.
    fn vouched(&self) -> Result<(Value, Vec<u8>), Failure> {
        let damaged = || broken("no public state");
        let keys = self.founded.room.keys();
        let state = PublicState::open(&keys.handshake(), &self.founded.public_state).map_err(refused)?;
        let (unsigned, tree) = state.vouched_parts().ok_or_else(damaged)?;
        let case = json!({
            "op": "vouched", "name": "vouched", "expect": "ok", "unsigned": hex(unsigned), "tree": hex(tree),
            "vouched": hex(&vouched(unsigned, tree)),
        });
        let (info, tree) =
            hostile::open_public_state(keys, &self.founded.public_state).ok_or_else(damaged)?;
        let mira = IdentityKey::from_seed(fixed("mira"));
        let lie = hostile::resign_public_state(&mira, &info, |content| {
            // The last byte of the confirmation tag.
            if let Some(byte) = content.iter_mut().rev().nth(4) {
                *byte ^= 1;
            }
        });
        let mut rng = Playback::new(fixed("lie").to_vec());
        let lie = hostile::seal_public_state(keys, (lie.ok_or_else(damaged)?, tree), &mut rng);
        Ok((case, lie.map_err(refused)?))
    }

    fn doorway(&self, lie: &[u8]) -> Vec<Value> {
        let packages: Vec<&Vec<u8>> = self.founded.packages.iter().map(|(_, bytes)| bytes).collect();
        let package = packages.first().map(|bytes| bytes.as_slice()).unwrap_or_default();
        let good = json!({
            "seed": hex(self.secret.seed().expose()), "packages": [hex(package)],
            "vouched_by": hex(MIRA.as_bytes()), "room_name": "Ops room", "sealed_at_ms": NOW_MS,
        });
        let good = variant(&variant(&self.place("doorway"), "", "", good), "doorway", "ok", json!({}));
        let later = hex(self.joined.room.epoch().as_bytes());
        let later_public = hex(&self.joined.public_state);
        let later_package: Vec<String> = self.joined.packages.iter().map(|(_, b)| hex(b)).collect();
        let public = &self.founded.public_state;
        let (no_package, damaged) = (JoinError::NoPackage.to_string(), JoinError::PublicState.to_string());
        let last = package.len().saturating_sub(1);
        let refusals = [
            ("another secret", &no_package, json!({ "seed": hex(&fixed("other")) })),
            ("another room", &no_package, json!({ "room": hex(&[8; 16]) })),
            ("another epoch", &no_package, json!({ "epoch": later })),
            ("no package", &no_package, json!({ "packages": [] })),
            ("an altered encapsulation", &no_package, json!({ "packages": [flipped(package, 100)] })),
            ("an altered package", &no_package, json!({ "packages": [flipped(package, last)] })),
            ("the package of the next epoch", &no_package, json!({ "packages": later_package })),
            ("the public state of the next epoch", &damaged, json!({ "public_state": later_public })),
            ("an altered public state", &damaged, json!({ "public_state": flipped(public, 200) })),
            (
                "a public state that the package does not vouch for",
                &damaged,
                json!({ "public_state": hex(lie) }),
            ),
            ("no public state", &damaged, json!({ "public_state": "" })),
        ];
        let mut cases: Vec<Value> = refusals
            .into_iter()
            .map(|(name, error, change)| variant(&good, &format!("doorway, {name}"), error, change))
            .collect();
        cases.push(good);
        cases
    }

    fn snapshot(&self) -> Result<(Value, Vec<u8>), Failure> {
        let root = fixed("mira's root");
        let root_key = RootKey::new(0, SymmetricKey::from_bytes(root));
        let mut rng = Playback::new(fixed("snapshot").to_vec());
        let snapshot = self.founded.room.snapshot(&root_key, &mut rng).map_err(refused)?;
        let case = json!({ "root": hex(&root), "account": hex(MIRA.as_bytes()), "snapshot": hex(&snapshot) });
        Ok((case, snapshot))
    }

    fn restoring(&self) -> Result<Vec<Value>, Failure> {
        let (case, snapshot) = self.snapshot()?;
        let good = variant(&variant(&self.place("restore"), "", "", case), "restore", "ok", json!({}));
        let later_public = hex(&self.joined.public_state);
        let (closed, damaged) = (RestoreError::Snapshot.to_string(), RestoreError::PublicState.to_string());
        let public = &self.founded.public_state;
        let refusals = [
            ("another root key", &closed, json!({ "root": hex(&fixed("other")) })),
            ("another account", &closed, json!({ "account": hex(JONAS.as_bytes()) })),
            ("another room", &closed, json!({ "room": hex(&[8; 16]) })),
            ("another epoch", &closed, json!({ "epoch": hex(&[8; 32]) })),
            ("an altered snapshot", &closed, json!({ "snapshot": flipped(&snapshot, 300) })),
            ("the public state of another epoch", &damaged, json!({ "public_state": later_public })),
            ("an altered public state", &damaged, json!({ "public_state": flipped(public, 200) })),
        ];
        let mut cases: Vec<Value> = refusals
            .into_iter()
            .map(|(name, error, change)| variant(&good, &format!("restore, {name}"), error, change))
            .collect();
        cases.push(good);
        Ok(cases)
    }

    fn processing(&self) -> Result<Vec<Value>, Failure> {
        let base = variant(&self.place("process"), "", "", self.snapshot()?.0);
        let (joined, sealed) = (&self.joined.room, &self.joined.sealed);
        let good = json!({
            "sender": hex(JONAS.as_bytes()), "commit": hex(sealed), "outcome": "applied",
            "next_epoch": hex(joined.epoch().as_bytes()), "members": members(joined.roster()),
            "message_key": hex(joined.keys().message_key().expose()),
        });
        let good = variant(&base, "process, somebody joins by the link", "ok", good);
        let own = json!({
            "sender": hex(MIRA.as_bytes()), "commit": hex(&self.refreshed.sealed), "outcome": "own",
            "next_epoch": hex(self.refreshed.room.epoch().as_bytes()), "members": null, "message_key": null,
        });
        let own = variant(&base, "process, a commit of another session", "ok", own);

        let key = self.founded.room.keys().handshake();
        let handshake = open_handshake(&key, JONAS, sealed).map_err(refused)?;
        let reseal = |sender: AccountId, handshake: &[u8]| {
            let mut rng = Playback::new(fixed("resealed").to_vec());
            seal_handshake(&key, sender, handshake, &mut rng).map(|bytes| hex(&bytes)).map_err(refused)
        };
        let other = AccountId([3; 16]);
        let (closed, mls) = (Invalid::NotSealedHere, Invalid::Mls);
        let last = sealed.len().saturating_sub(1);
        let middle = handshake.len().checked_div(2).unwrap_or_default();
        let mut altered = handshake.clone();
        if let Some(byte) = altered.get_mut(middle) {
            *byte ^= 1;
        }
        let longer = [&handshake[..], &[0]].concat();
        let refusals = [
            ("another sender", closed, json!({ "sender": hex(other.as_bytes()) })),
            ("an altered byte", closed, json!({ "commit": flipped(sealed, last) })),
            ("nothing", closed, json!({ "commit": "" })),
            (
                "resealed under another name",
                Invalid::Author,
                json!({ "sender": hex(other.as_bytes()), "commit": reseal(other, &handshake)? }),
            ),
            ("resealed with an altered byte", mls, json!({ "commit": reseal(JONAS, &altered)? })),
            ("resealed with a byte more", Invalid::NotACommit, json!({ "commit": reseal(JONAS, &longer)? })),
            ("no handshake at all", Invalid::NotACommit, json!({ "commit": reseal(JONAS, b"junk")? })),
        ];
        let mut cases: Vec<Value> = refusals
            .into_iter()
            .map(|(name, error, change)| {
                variant(&good, &format!("process, {name}"), &error.to_string(), change)
            })
            .collect();
        cases.extend([own, good]);
        Ok(cases)
    }
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let scene = Scene::new()?;
    let mut cases = scene.context()?;
    let (vouched, lie) = scene.vouched()?;
    cases.push(vouched);
    cases.extend(scene.doorway(&lie));
    cases.extend(scene.restoring()?);
    cases.extend(scene.processing()?);
    Ok(cases)
}
