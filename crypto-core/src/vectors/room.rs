//! The log, the keys of an epoch and what is sealed under them, invite links.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, hex, refused, variant};
use crate::account::RootKey;
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::ids::{AccountId, EpochId, RoomId};
use crate::room::{
    EntryKind, EpochKeys, EpochStep, HistoryLink, HistoryRule, InviteLink, JoinError, JoinKind, JoinSecret,
    KeyringRecord, LogHead, Role, RoleEntry, Roster, RosterChange, SettingsChange, digest, open_handshake,
    seal_handshake, token_hash,
};
use crate::seal::OpenError;
use crate::secret::SymmetricKey;

const KINDS: [(&str, EntryKind); 5] = [
    ("commit", EntryKind::Commit),
    ("message", EntryKind::Message),
    ("rejoin", EntryKind::Rejoin),
    ("leave", EntryKind::Leave),
    ("successor", EntryKind::Successor),
];

fn entry_digest(case: &Case<'_>) -> Result<[u8; 32], Failure> {
    let kind = case.text("kind")?;
    let (_, kind) =
        KINDS.into_iter().find(|(name, _)| *name == kind).ok_or_else(|| broken("no such kind"))?;
    Ok(digest(kind, case.number("after")?, case.account("sender")?, &case.bytes("bytes")?))
}

pub(super) fn run_log(case: &Case<'_>) -> Result<(), Failure> {
    let mut head = LogHead::start(case.room()?);
    case.expect_bytes("start", &head.hash)?;
    for entry in case.list("entries")? {
        let entry = Case(entry);
        let digest = entry_digest(&entry)?;
        entry.expect_bytes("digest", &digest)?;
        head = head.advance(&digest);
        entry.expect_bytes("chain", &head.hash)?;
        if head.seq != entry.number("seq")? {
            return Err(broken("another number"));
        }
    }
    Ok(())
}

pub(super) fn make_log() -> Result<Vec<Value>, Failure> {
    let room = RoomId([9; 16]);
    let case = |name: &str, kinds: &[(&str, EntryKind)]| {
        let mut head = LogHead::start(room);
        let start = hex(&head.hash);
        let mut entries = Vec::new();
        for (kind_name, kind) in kinds {
            let (sender, bytes) = (AccountId([2; 16]), kind_name.as_bytes());
            let digest = digest(*kind, head.seq, sender, bytes);
            let after = head.seq;
            head = head.advance(&digest);
            entries.push(json!({
                "kind": kind_name, "after": after, "sender": hex(sender.as_bytes()), "bytes": hex(bytes),
                "digest": hex(&digest), "chain": hex(&head.hash), "seq": head.seq,
            }));
        }
        json!({ "name": name, "expect": "ok", "room": hex(room.as_bytes()), "start": start, "entries": entries })
    };
    Ok(vec![case("an empty log", &[]), case("one entry of each kind", &KINDS)])
}

fn step_of(case: &Case<'_>) -> Result<EpochStep, Failure> {
    let key = |name: &str| case.has(name).then(|| case.array(name).map(IdentityPublicKey)).transpose();
    Ok(EpochStep {
        parent: case.has("parent").then(|| case.epoch("parent")).transpose()?,
        made_by: case.array("made_by")?,
        author: case.account("author")?,
        changes: vec![RosterChange {
            account: case.account("author")?,
            before: key("before")?,
            after: key("after_key")?,
        }],
        renamed: case.has("renamed").then(|| case.text("renamed").map(str::to_owned)).transpose()?,
        joins_changed: true,
        seen: case.head()?,
        settings: settings_of(case)?,
    })
}

/// A topic stands for a change of everything that there is in it.
fn settings_of(case: &Case<'_>) -> Result<SettingsChange, Failure> {
    if !case.has("topic") {
        return Ok(SettingsChange::default());
    }
    Ok(SettingsChange {
        topic: Some(case.text("topic")?.to_owned()),
        avatar_changed: true,
        history: Some(HistoryRule::FromJoin),
        retention_s: Some(case.number("retention_s")?),
        roles: vec![RoleEntry { account: case.account("author")?, role: Role::Moderator }],
    })
}

fn same_step(case: &Case<'_>, step: &EpochStep) -> Result<(), Failure> {
    if *step == step_of(case)? { Ok(()) } else { Err(broken("another step")) }
}

pub(super) fn run_epoch(case: &Case<'_>) -> Result<(), Failure> {
    let (room, epoch) = (case.room()?, case.epoch("epoch")?);
    let keys = || Ok(EpochKeys::new(room, epoch, case.key("room_key")?));
    match case.text("op")? {
        "keys" => {
            let keys: EpochKeys = keys()?;
            case.expect_bytes("message_key", keys.message_key().expose())?;
            case.expect_bytes("link_key", keys.link_key().expose())?;
            case.expect_bytes("signal_key", keys.signal_key().expose())?;
            case.expect_bytes("handshake_key", keys.handshake().key.expose())
        }
        "handshake" => {
            let (keys, sender) = (keys()?, case.account("sender")?);
            let opened =
                open_handshake(&keys.handshake(), sender, &case.bytes("sealed")?).map_err(refused)?;
            case.expect_bytes("handshake", &opened)?;
            let mut rng = case.playback("salt")?;
            let sealed = seal_handshake(&keys.handshake(), sender, &opened, &mut rng).map_err(refused)?;
            rng.finish()?;
            case.expect_bytes("sealed", &sealed)
        }
        "link" => {
            let keys = keys()?;
            let (signer, public) = (case.account("signer")?, IdentityPublicKey(case.array("public")?));
            let roster = Roster::from([(signer, public)]);
            let link = HistoryLink::open(&keys, &roster, &case.bytes("sealed")?).map_err(refused)?;
            same_step(case, &link.step)?;
            let parent = link.parent_keys(room);
            match &parent {
                Some(parent) => case.expect_bytes("parent_key", parent.room_key().expose())?,
                None if case.has("parent_key") => return Err(broken("no key of the parent")),
                None => {}
            }
            let mut rng = case.playback("salt")?;
            let identity = IdentityKey::from_seed(case.array("seed")?);
            let again = HistoryLink::new(parent.as_ref(), link.step, signer);
            let sealed = again.seal(&keys, &identity, &mut rng).map_err(refused)?;
            rng.finish()?;
            case.expect_bytes("sealed", &sealed)
        }
        "keyring" => {
            let (root, account) = (RootKey::new(0, case.key("root")?), case.account("account")?);
            let record =
                KeyringRecord::open(&root, account, room, epoch, &case.bytes("sealed")?).map_err(refused)?;
            same_step(case, &record.step)?;
            case.expect_bytes("room_key", record.keys(room, epoch).room_key().expose())?;
            let mut rng = case.playback("salt")?;
            let sealed = record.seal(&root, account, room, epoch, &mut rng).map_err(refused)?;
            rng.finish()?;
            case.expect_bytes("sealed", &sealed)
        }
        _ => Err(broken("no such op")),
    }
}

fn salt(name: &str) -> ([u8; 32], Playback) {
    (fixed(name), Playback::new(fixed(name).to_vec()))
}

pub(super) fn make_epoch() -> Result<Vec<Value>, Failure> {
    let (room, epoch) = (RoomId([9; 16]), EpochId(fixed("epoch")));
    let keys = EpochKeys::new(room, epoch, SymmetricKey::from_bytes(fixed("room key")));
    let place = json!({
        "room": hex(room.as_bytes()), "epoch": hex(epoch.as_bytes()), "room_key": hex(&fixed("room key")),
    });
    let handshake_key = keys.handshake().key;
    let mut cases = vec![variant(
        &place,
        "keys of an epoch",
        "ok",
        json!({
            "op": "keys", "message_key": hex(keys.message_key().expose()),
            "link_key": hex(keys.link_key().expose()), "signal_key": hex(keys.signal_key().expose()),
            "handshake_key": hex(handshake_key.expose()),
        }),
    )];
    cases.extend(make_handshakes(&keys, &place)?);
    cases.extend(make_links(&keys, &place)?);
    cases.extend(make_keyring(&keys, &place)?);
    Ok(cases)
}

/// The case, and variants of it that are refused.
fn refusals(good: Value, error: &str, changes: &[(&str, Value)]) -> Vec<Value> {
    let name = Case(&good).text("op").unwrap_or_default().to_owned();
    let mut cases: Vec<Value> = changes
        .iter()
        .map(|(what, change)| {
            let stripped = variant(&good, "", "", json!({ "salt": null }));
            variant(&stripped, &format!("{name}, {what}"), error, change.clone())
        })
        .collect();
    cases.push(good);
    cases
}

fn make_handshakes(keys: &EpochKeys, place: &Value) -> Result<Vec<Value>, Failure> {
    let (salt, mut rng) = salt("handshake");
    let sender = AccountId([2; 16]);
    let sealed = seal_handshake(&keys.handshake(), sender, b"an MLS message", &mut rng).map_err(refused)?;
    let good = json!({
        "op": "handshake", "sender": hex(sender.as_bytes()), "handshake": hex(b"an MLS message"),
        "salt": hex(&salt), "sealed": hex(&sealed),
    });
    let good = variant(&variant(place, "", "", good), "handshake", "ok", json!({}));
    let last = sealed.len().saturating_sub(1);
    let changes = [
        ("another sender", json!({ "sender": hex(&[3; 16]) })),
        ("another room", json!({ "room": hex(&[8; 16]) })),
        ("another epoch", json!({ "epoch": hex(&[8; 32]) })),
        ("another version", json!({ "sealed": flipped(&sealed, 1) })),
        ("another parent in the envelope", json!({ "sealed": flipped(&sealed, 4) })),
        ("a flipped bit", json!({ "sealed": flipped(&sealed, last) })),
        ("a byte after the envelope", json!({ "sealed": hex(&[&sealed[..], &[0]].concat()) })),
        ("nothing", json!({ "sealed": "" })),
    ];
    Ok(refusals(good, &crate::room::Invalid::NotSealedHere.to_string(), &changes))
}

fn step_json() -> Value {
    let key = |name| IdentityKey::from_seed(fixed(name)).public();
    json!({
        "parent": hex(&fixed("parent epoch")), "made_by": hex(&fixed("commit")), "author": hex(&[2; 16]),
        "before": hex(key("before").as_bytes()), "after_key": hex(key("after").as_bytes()),
        "renamed": "Ops room", "topic": "Boats", "retention_s": 86_400, "seq": 300, "hash": hex(&fixed("head")),
    })
}

fn make_links(keys: &EpochKeys, place: &Value) -> Result<Vec<Value>, Failure> {
    let base = variant(place, "", "", step_json());
    let step = step_of(&Case(&base))?;
    let (parent_epoch, parent_key) = (EpochId(fixed("parent epoch")), fixed("parent key"));
    let parent = EpochKeys::new(keys.room, parent_epoch, SymmetricKey::from_bytes(parent_key));
    let (signer, identity) = (AccountId([7; 16]), IdentityKey::from_seed(fixed("signer")));
    let make = |name: &str, parent: Option<&EpochKeys>| -> Result<(Value, Vec<u8>), Failure> {
        let (salt, mut rng) = salt(name);
        let link = HistoryLink::new(parent, step.clone(), signer);
        let sealed = link.seal(keys, &identity, &mut rng).map_err(refused)?;
        let case = json!({
            "op": "link", "salt": hex(&salt), "sealed": hex(&sealed), "signer": hex(signer.as_bytes()),
            "seed": hex(&fixed("signer")), "public": hex(identity.public().as_bytes()),
        });
        let case = variant(&base, name, "ok", case);
        let given = parent.map(|_| hex(&parent_key));
        Ok((variant(&case, name, "ok", json!({ "parent_key": given })), sealed))
    };
    let mut cases = vec![make("link without the parent's key", None)?.0];
    let (good, sealed) = make("link", Some(&parent))?;
    let other = IdentityKey::from_seed(fixed("other"));
    let last = sealed.len().saturating_sub(1);
    let changes = [
        ("another room key", json!({ "room_key": hex(&fixed("other")) })),
        ("another room", json!({ "room": hex(&[8; 16]) })),
        ("another epoch", json!({ "epoch": hex(&[8; 32]) })),
        ("a flipped bit", json!({ "sealed": flipped(&sealed, last) })),
        ("a byte more", json!({ "sealed": hex(&[&sealed[..], &[0]].concat()) })),
        ("signed by nobody of the roster", json!({ "signer": hex(&[6; 16]) })),
        ("signed with another key", json!({ "public": hex(other.public().as_bytes()) })),
    ];
    cases.extend(refusals(good, &OpenError.to_string(), &changes));
    Ok(cases)
}

fn make_keyring(keys: &EpochKeys, place: &Value) -> Result<Vec<Value>, Failure> {
    let base = variant(place, "", "", step_json());
    let (account, root) = (AccountId([1; 16]), fixed("root"));
    let root_key = RootKey::new(0, SymmetricKey::from_bytes(root));
    let make = |name: &str, absent: Value| -> Result<(Value, Vec<u8>), Failure> {
        let base = variant(&base, name, "ok", absent);
        let record = KeyringRecord::new(keys, step_of(&Case(&base))?);
        let (salt, mut rng) = salt(name);
        let sealed = record.seal(&root_key, account, keys.room, keys.epoch, &mut rng).map_err(refused)?;
        let case = json!({
            "op": "keyring", "root": hex(&root), "account": hex(account.as_bytes()), "salt": hex(&salt),
            "sealed": hex(&sealed),
        });
        Ok((variant(&base, name, "ok", case), sealed))
    };
    let first = json!({ "parent": null, "before": null, "renamed": null, "topic": null });
    let mut cases = vec![
        make("keyring, the first epoch of a room", first)?.0,
        make("keyring, an epoch that somebody left", json!({ "after_key": null }))?.0,
    ];
    let (good, sealed) = make("keyring", json!({}))?;
    let last = sealed.len().saturating_sub(1);
    let changes = [
        ("another root key", json!({ "root": hex(&fixed("other")) })),
        ("another account", json!({ "account": hex(&[2; 16]) })),
        ("another room", json!({ "room": hex(&[8; 16]) })),
        ("another epoch", json!({ "epoch": hex(&[8; 32]) })),
        ("a flipped bit", json!({ "sealed": flipped(&sealed, last) })),
    ];
    cases.extend(refusals(good, &OpenError.to_string(), &changes));
    Ok(cases)
}

pub(super) fn run_invite(case: &Case<'_>) -> Result<(), Failure> {
    let link = InviteLink::from_bytes(&case.bytes("link")?).map_err(refused)?;
    case.expect_bytes("room", link.room.as_bytes())?;
    case.expect_bytes("seed", link.secret.seed().expose())?;
    case.expect_bytes("creator", &link.creator)?;
    case.expect_bytes("link", &link.to_bytes())?;
    let method = link.secret.method(JoinKind::Link, AccountId([1; 16])).map_err(refused)?;
    case.expect_bytes("public", method.key.as_bytes())?;
    case.expect_bytes("method", &method.id())?;
    let token = link.secret.relay_token();
    case.expect_bytes("token", token.expose())?;
    case.expect_bytes("token_hash", &token_hash(&token))
}

pub(super) fn make_invite() -> Result<Vec<Value>, Failure> {
    let secret = JoinSecret::from_seed(SymmetricKey::from_bytes(fixed("join seed")));
    let link = InviteLink { room: RoomId([9; 16]), secret, creator: [5; 16] };
    let bytes = link.to_bytes();
    let method = link.secret.method(JoinKind::Link, AccountId([1; 16])).map_err(refused)?;
    let token = link.secret.relay_token();
    let good = json!({
        "name": "a link", "expect": "ok", "link": hex(&bytes), "room": hex(link.room.as_bytes()),
        "seed": hex(link.secret.seed().expose()), "creator": hex(&link.creator),
        "public": hex(method.key.as_bytes()), "method": hex(&method.id()), "token": hex(token.expose()),
        "token_hash": hex(&token_hash(&token)),
    });
    let short = bytes.split_last().map(|(_, rest)| rest).unwrap_or_default();
    let changes = [
        ("another version", flipped(&bytes, 0)),
        ("a byte too few", hex(short)),
        ("a byte too many", hex(&[&bytes[..], &[0]].concat())),
        ("nothing", String::new()),
    ];
    let error = JoinError::BadLink.to_string();
    let mut cases: Vec<Value> = changes
        .into_iter()
        .map(|(name, link)| variant(&good, name, &error, json!({ "link": link })))
        .collect();
    cases.push(good);
    Ok(cases)
}
