//! Reports to the operator. Sealing is randomised, so cases are opened only.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, hex, refused, variant};
use crate::hpke::HpkePrivateKey;
use crate::identity::IdentityKey;
use crate::ids::{AccountId, EpochId, RoomId};
use crate::report::{ReportError, open_report, seal_report};
use crate::room::{EpochKeys, Evidence, Message, Roster};
use crate::secret::SymmetricKey;

const MIRA: AccountId = AccountId([0x0a; 16]);

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let operator = HpkePrivateKey::from_seed(&case.key("operator_seed")?).map_err(refused)?;
    let (message, evidence, note) = open_report(&operator, &case.bytes("report")?).map_err(refused)?;
    case.expect_bytes("room", evidence.room.as_bytes())?;
    case.expect_bytes("epoch", evidence.epoch.as_bytes())?;
    case.expect_bytes("metadata", &evidence.metadata)?;
    case.expect_bytes("signature", &evidence.signature.0)?;
    case.expect_bytes("author", evidence.author.as_bytes())?;
    case.expect_bytes("sender", message.metadata.sender.as_bytes())?;
    case.expect_bytes("body", &message.body)?;
    if note == case.text("note")? { Ok(()) } else { Err(broken("another note")) }
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let (room, epoch) = (RoomId([9; 16]), EpochId(fixed("epoch")));
    let keys = EpochKeys::new(room, epoch, SymmetricKey::from_bytes(fixed("room key")));
    let key = IdentityKey::from_seed(fixed("mira"));
    let message = super::message::any_message(MIRA, b"a rude word");
    let id = message.metadata.id;
    let mut rng = Playback::new(fixed("salt").to_vec());
    let sealed = message.seal(&keys, &key, &mut rng).map_err(refused)?;
    let roster: Roster = [(MIRA, key.public())].into();
    let (_, evidence) = Message::open_with_evidence(&keys, &roster, MIRA, id, &sealed).map_err(refused)?;
    let operator =
        HpkePrivateKey::from_seed(&SymmetricKey::from_bytes(fixed("operator"))).map_err(refused)?;
    let report =
        |evidence: &Evidence| seal_report(evidence, "He said it twice.", operator.public()).map_err(refused);
    let bytes = report(&evidence)?;
    let good = json!({
        "name": "a report", "expect": "ok", "operator_seed": hex(&fixed("operator")), "room": hex(room.as_bytes()),
        "epoch": hex(epoch.as_bytes()), "metadata": hex(&evidence.metadata), "body": hex(&evidence.body),
        "signature": hex(&evidence.signature.0), "author": hex(evidence.author.as_bytes()),
        "sender": hex(MIRA.as_bytes()), "report": hex(&bytes), "note": "He said it twice.",
    });
    let other = IdentityKey::from_seed(fixed("other")).public();
    let (closed, forged) = (ReportError::Unreadable.to_string(), ReportError::Forged.to_string());
    let last = bytes.len().saturating_sub(1);
    let words = Evidence { body: b"a ruder word".to_vec(), ..evidence.clone() };
    let elsewhere = Evidence { room: RoomId([8; 16]), ..evidence.clone() };
    let earlier = Evidence { epoch: EpochId([8; 32]), ..evidence.clone() };
    let framed = Evidence { author: other, ..evidence.clone() };
    let refusals = [
        ("to another operator", &closed, json!({ "operator_seed": hex(&fixed("other")) })),
        ("a flipped bit", &closed, json!({ "report": flipped(&bytes, last) })),
        ("nothing", &closed, json!({ "report": "" })),
        ("other words", &forged, json!({ "report": hex(&report(&words)?) })),
        ("another room", &forged, json!({ "report": hex(&report(&elsewhere)?) })),
        ("another epoch", &forged, json!({ "report": hex(&report(&earlier)?) })),
        ("another author", &forged, json!({ "report": hex(&report(&framed)?) })),
    ];
    let mut cases: Vec<Value> = refusals
        .into_iter()
        .map(|(name, error, change)| variant(&good, &format!("report, {name}"), error, change))
        .collect();
    cases.push(good);
    Ok(cases)
}
