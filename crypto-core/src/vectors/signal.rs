//! Signals.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, hex, refused, variant};
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::ids::AccountId;
use crate::label::labelled;
use crate::room::{EpochKeys, Roster};
use crate::seal::{SealType, seal};
use crate::signal::{Signal, SignalError};

const MIRA: AccountId = AccountId([0x0a; 16]);

fn signal_keys(case: &Case<'_>) -> Result<EpochKeys, Failure> {
    Ok(EpochKeys::new(case.room()?, case.epoch("epoch")?, case.key("room_key")?))
}

fn signal(case: &Case<'_>) -> Result<Signal, Failure> {
    let kind = u16::try_from(case.number("kind")?).map_err(refused)?;
    Ok(Signal {
        sender: case.account("sender")?,
        sent_at_ms: case.number("sent_at_ms")?,
        kind,
        body: case.bytes("body")?,
    })
}

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let (keys, sender) = (signal_keys(case)?, case.account("sender")?);
    let roster: Roster = [(case.account("member")?, IdentityPublicKey(case.array("member_key")?))].into();
    let opened = Signal::open(&keys, &roster, sender, &case.bytes("sealed")?).map_err(refused)?;
    if opened != signal(case)? {
        return Err(broken("another signal"));
    }
    let mut rng = case.playback("salt")?;
    let key = IdentityKey::from_seed(case.array("seed")?);
    case.expect_bytes("sealed", &opened.seal(&keys, &key, &mut rng).map_err(refused)?)?;
    rng.finish()
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let key = IdentityKey::from_seed(fixed("mira"));
    let base = json!({
        "name": "a signal", "expect": "ok", "room": hex(&[9; 16]), "epoch": hex(&fixed("epoch")),
        "room_key": hex(&fixed("room key")), "sender": hex(MIRA.as_bytes()), "sent_at_ms": 1_700_000_000_000_u64,
        "kind": 1, "body": hex(b"\x80"), "seed": hex(&fixed("mira")), "salt": hex(&fixed("signal salt")),
        "member": hex(MIRA.as_bytes()), "member_key": hex(key.public().as_bytes()),
    });
    let sealed_by = |key: &IdentityKey| {
        let mut rng = Playback::new(fixed("signal salt").to_vec());
        signal(&Case(&base))?.seal(&signal_keys(&Case(&base))?, key, &mut rng).map_err(refused)
    };
    let sealed = sealed_by(&key)?;
    let other = IdentityKey::from_seed(fixed("other"));
    let keys = signal_keys(&Case(&base))?;
    let context = labelled("Waxwing 1 signal", &[&[9; 16], &fixed("epoch"), MIRA.as_bytes()]);
    let mut rng = Playback::new(fixed("junk").to_vec());
    let junk = seal(&keys.signal_key(), SealType::Signal, &context, b"junk", &mut rng).map_err(refused)?;
    let (head, _) = sealed.split_at_checked(1 + 1 + 34 + 3).ok_or_else(|| broken("a short envelope"))?;
    let last = sealed.len().saturating_sub(1);
    let good = variant(&base, "a signal", "ok", json!({ "sealed": hex(&sealed) }));
    let error = SignalError.to_string();
    let mut cases: Vec<Value> = [
        ("another sender", json!({ "sender": hex(&[3; 16]) })),
        ("another room", json!({ "room": hex(&[3; 16]) })),
        ("another epoch", json!({ "epoch": hex(&[3; 32]) })),
        ("another room key", json!({ "room_key": hex(&fixed("other")) })),
        ("not a member", json!({ "member": hex(&[3; 16]) })),
        ("a member with another key", json!({ "member_key": hex(other.public().as_bytes()) })),
        ("signed by another member", json!({ "sealed": hex(&sealed_by(&other)?) })),
        ("junk inside", json!({ "sealed": hex(&[head, &junk].concat()) })),
        ("of another version", json!({ "sealed": flipped(&sealed, 1) })),
        ("of another epoch in the envelope", json!({ "sealed": flipped(&sealed, 4) })),
        ("a flipped bit", json!({ "sealed": flipped(&sealed, last) })),
        ("a byte more", json!({ "sealed": hex(&[&sealed[..], &[0]].concat()) })),
        ("nothing", json!({ "sealed": "" })),
    ]
    .into_iter()
    .map(|(name, change)| variant(&good, &format!("signal, {name}"), &error, change))
    .collect();
    cases.push(good);
    Ok(cases)
}
