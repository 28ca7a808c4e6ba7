//! Messages.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, hex, refused, variant};
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::ids::{AccountId, EpochId, MessageId, RoomId};
use crate::label::labelled;
use crate::room::{EpochKeys, LogHead, Message, MessageError, Metadata, Roster};
use crate::seal::{SealType, open, seal};
use crate::secret::SymmetricKey;

fn message(case: &Case<'_>) -> Result<Message, Failure> {
    let metadata = Metadata {
        sender: case.account("sender")?,
        id: MessageId(case.array("id")?),
        stream: MessageId(case.array("stream")?),
        position: case.number("position")?,
        seen: case.head()?,
        sent_at_ms: case.number("sent_at_ms")?,
        kind: u16::try_from(case.number("kind")?).map_err(refused)?,
        account_version: case.number("account_version")?,
    };
    Ok(Message { metadata, body: case.bytes("body")? })
}

fn keys(case: &Case<'_>) -> Result<EpochKeys, Failure> {
    Ok(EpochKeys::new(case.room()?, case.epoch("epoch")?, case.key("room_key")?))
}

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let (keys, sealed) = (keys(case)?, case.bytes("sealed")?);
    let (sender, id) = (case.account("sender")?, MessageId(case.array("id")?));
    let roster: Roster = case
        .list("roster")?
        .iter()
        .map(|member| Ok((Case(member).account("account")?, IdentityPublicKey(Case(member).array("key")?))))
        .collect::<Result<_, Failure>>()?;
    let opened = Message::open(&keys, &roster, sender, id, &sealed).map_err(refused)?;
    if opened != message(case)? || Message::epoch_of(&sealed) != Some(keys.epoch()) {
        return Err(broken("another message"));
    }
    let mut rng = case.playback("salt")?;
    let again =
        opened.seal(&keys, &IdentityKey::from_seed(case.array("seed")?), &mut rng).map_err(refused)?;
    rng.finish()?;
    case.expect_bytes("sealed", &again)
}

/// A message with fixed metadata.
pub(super) fn any_message(sender: AccountId, body: &[u8]) -> Message {
    let metadata = Metadata {
        sender,
        id: MessageId([4; 16]),
        stream: MessageId([5; 16]),
        position: 300,
        seen: LogHead { seq: 7, hash: fixed("head") },
        sent_at_ms: 1_700_000_000_000,
        kind: 1,
        account_version: 700,
    };
    Message { metadata, body: body.to_vec() }
}

fn base() -> (Value, IdentityKey) {
    let key = IdentityKey::from_seed(fixed("message author"));
    let (sender, epoch) = (AccountId([2; 16]), EpochId(fixed("epoch")));
    let head = LogHead::start(RoomId([9; 16]));
    let case = json!({
        "room": hex(&[9; 16]), "epoch": hex(epoch.as_bytes()), "room_key": hex(&fixed("room key")),
        "seed": hex(&fixed("message author")), "sender": hex(sender.as_bytes()), "id": hex(&[4; 16]),
        "stream": hex(&[5; 16]), "position": 300, "seq": head.seq, "hash": hex(&head.hash),
        "sent_at_ms": 1_700_000_000_000_u64, "kind": 1, "account_version": 700,
        "roster": [{ "account": hex(sender.as_bytes()), "key": hex(key.public().as_bytes()) }],
    });
    (case, key)
}

fn sealed_case(name: &str, body: &[u8]) -> Result<(Value, Vec<u8>), Failure> {
    let (case, key) = base();
    let case = variant(&case, name, "ok", json!({ "body": hex(body), "salt": hex(&fixed(name)) }));
    let mut rng = Playback::new(fixed(name).to_vec());
    let sealed = message(&Case(&case))?.seal(&keys(&Case(&case))?, &key, &mut rng).map_err(refused)?;
    Ok((variant(&case, name, "ok", json!({ "sealed": hex(&sealed) })), sealed))
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let text = [&[0x81, 0x65][..], b"hello"].concat();
    let mut cases =
        vec![sealed_case("an empty body", b"")?.0, sealed_case("a body of 1000 bytes", &[7; 1000])?.0];
    let (good, sealed) = sealed_case("a text", &text)?;
    let last = sealed.len().saturating_sub(1);
    let other = hex(IdentityKey::from_seed(fixed("other")).public().as_bytes());
    let unreadable = [
        ("another sender", json!({ "sender": hex(&[3; 16]) })),
        ("another id", json!({ "id": hex(&[3; 16]) })),
        ("another room", json!({ "room": hex(&[3; 16]) })),
        ("another epoch", json!({ "epoch": hex(&[3; 32]) })),
        ("another room key", json!({ "room_key": hex(&fixed("other")) })),
        ("another version", json!({ "sealed": flipped(&sealed, 1) })),
        ("another epoch in the envelope", json!({ "sealed": flipped(&sealed, 4) })),
        ("a flipped bit", json!({ "sealed": flipped(&sealed, last) })),
        ("a byte after the envelope", json!({ "sealed": hex(&[&sealed[..], &[0]].concat()) })),
        ("cut short", json!({ "sealed": hex(sealed.get(..last).unwrap_or_default()) })),
        ("nothing", json!({ "sealed": "" })),
    ];
    let (longer, impostor) = forgeries(&good, &sealed)?;
    let forged = [
        (
            "an author who is not in the roster",
            json!({ "roster": [{ "account": hex(&[3; 16]), "key": other }] }),
        ),
        ("nobody in the roster", json!({ "roster": [] })),
        ("another key in the roster", json!({ "roster": [{ "account": hex(&[2; 16]), "key": other }] })),
        ("signed by another member", json!({ "sealed": hex(&impostor) })),
        ("a byte after what is sealed", json!({ "sealed": hex(&longer) })),
    ];
    let closed = variant(&good, "", "", json!({ "salt": null, "seed": null }));
    for (error, changes) in [(MessageError::Unreadable, &unreadable[..]), (MessageError::Forged, &forged[..])]
    {
        cases.extend(
            changes.iter().map(|(name, change)| variant(&closed, name, &error.to_string(), change.clone())),
        );
    }
    cases.push(good);
    Ok(cases)
}

/// What only somebody with the room key can make: bytes after what is sealed, and the signature of another.
fn forgeries(good: &Value, sealed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let case = Case(good);
    let keys = keys(&case)?;
    let fields = [case.bytes("room")?, case.bytes("epoch")?, case.bytes("sender")?, case.bytes("id")?];
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    let context = labelled("Waxwing 1 message", &fields);
    // [1, epoch (34 bytes), sealed], with a length of two bytes.
    let (head, inner) = sealed.split_at_checked(1 + 1 + 34 + 3).ok_or_else(|| broken("a short envelope"))?;
    let key: SymmetricKey = keys.message_key();
    let plain = open(&key, SealType::Message, &context, inner).map_err(refused)?;
    let mut rng = Playback::new(fixed("longer").to_vec());
    let longer = [&plain[..], &[0]].concat();
    let longer = seal(&key, SealType::Message, &context, &longer, &mut rng).map_err(refused)?;
    let mut rng = Playback::new(fixed("impostor").to_vec());
    let impostor = IdentityKey::from_seed(fixed("other"));
    let impostor = message(&case)?.seal(&keys, &impostor, &mut rng).map_err(refused)?;
    Ok(([head, &longer].concat(), impostor))
}
