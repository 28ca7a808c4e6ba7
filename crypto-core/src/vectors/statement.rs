//! Statements of members, the id of a leaf, and the digits that members compare.

use serde_json::{Value, json};

use super::tools::{Case, Failure, broken, fixed, flipped, hex, variant};
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::ids::{EpochId, RoomId};
use crate::room::{LeaveStatement, RejoinRequest, SuccessorStatement, check_code, leaf_id};

const NOT_SAID: &str = "the statement does not hold";

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let key = || Ok(IdentityPublicKey(case.array("public")?));
    let place = || Ok((case.room()?, case.array("leaf")?));
    let seed = || Ok(IdentityKey::from_seed(case.array("seed")?));
    let epoch = || case.epoch("epoch");
    let refused = || Failure::Refused(NOT_SAID.into());
    let made = match case.text("op")? {
        "rejoin" => {
            let said =
                RejoinRequest::open(&key()?, place()?, &case.bytes("statement")?).ok_or_else(refused)?;
            if !said.names(&case.bytes("key_package")?) {
                return Err(refused());
            }
            let package = case.bytes("key_package")?;
            RejoinRequest::sign(&seed()?, place()?, epoch()?, case.number("failed")?, &package)
        }
        "leave" => {
            LeaveStatement::open(&key()?, place()?, &case.bytes("statement")?).ok_or_else(refused)?;
            LeaveStatement::sign(&seed()?, place()?, epoch()?, case.number("time_ms")?)
        }
        "successor" => {
            let room = case.room()?;
            SuccessorStatement::open(&key()?, room, &case.bytes("statement")?).ok_or_else(refused)?;
            let next = (RoomId(case.array("next")?), case.epoch("first")?);
            SuccessorStatement::sign(&seed()?, (room, epoch()?), next)
        }
        "leaf" => return case.expect_bytes("leaf", &leaf_id(&case.bytes("leaf_node")?)),
        "check code" => {
            let code = check_code(case.room()?, case.epoch("epoch")?, &case.bytes("authenticator")?);
            return if case.text("code")? == code { Ok(()) } else { Err(broken(&code)) };
        }
        _ => return Err(broken("no such op")),
    };
    case.expect_bytes("statement", &made)
}

const ROOM: RoomId = RoomId([9; 16]);

/// A statement, and what does not pass for it.
fn with_refusals(op: &str, statement: &[u8], more: Value, other: (&str, &[u8])) -> Vec<Value> {
    let identity = IdentityKey::from_seed(fixed("signer"));
    let good = json!({
        "op": op, "room": hex(ROOM.as_bytes()), "leaf": hex(&fixed("leaf")), "epoch": hex(&fixed("epoch")),
        "seed": hex(&fixed("signer")), "public": hex(identity.public().as_bytes()), "statement": hex(statement),
    });
    let good = variant(&variant(&good, "", "", more), op, "ok", json!({}));
    let last = statement.len().saturating_sub(1);
    let another = IdentityKey::from_seed(fixed("other")).public();
    let mut changes = vec![
        ("another room".to_owned(), json!({ "room": hex(&[8; 16]) })),
        ("another key".to_owned(), json!({ "public": hex(another.as_bytes()) })),
        ("an altered signature".to_owned(), json!({ "statement": flipped(statement, last) })),
        ("an altered body".to_owned(), json!({ "statement": flipped(statement, 30) })),
        ("a byte more".to_owned(), json!({ "statement": hex(&[statement, &[0]].concat()) })),
        ("nothing".to_owned(), json!({ "statement": "" })),
        (other.0.to_owned(), json!({ "statement": hex(other.1) })),
    ];
    if op != "successor" {
        changes.push(("another leaf".to_owned(), json!({ "leaf": hex(&fixed("other")) })));
    }
    let mut cases: Vec<Value> = changes
        .into_iter()
        .map(|(what, change)| variant(&good, &format!("{op}, {what}"), NOT_SAID, change))
        .collect();
    cases.push(good);
    cases
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let identity = IdentityKey::from_seed(fixed("signer"));
    let (place, epoch) = ((ROOM, fixed("leaf")), EpochId(fixed("epoch")));
    let first = EpochId(fixed("first"));
    let rejoin = RejoinRequest::sign(&identity, place, epoch, 300, b"a key package");
    let leave = LeaveStatement::sign(&identity, place, epoch, 1_700_000_000_000);
    let successor = SuccessorStatement::sign(&identity, (ROOM, epoch), (RoomId([7; 16]), first));
    let itself = SuccessorStatement::sign(&identity, (ROOM, epoch), (ROOM, first));

    let more = json!({ "failed": 300, "key_package": hex(b"a key package") });
    let mut cases = with_refusals("rejoin", &rejoin, more, ("a leave statement", &leave));
    if let Some(good) = cases.last().cloned() {
        let other = json!({ "key_package": hex(b"another key package") });
        cases.push(variant(&good, "rejoin, another key package", NOT_SAID, other));
    }
    let more = json!({ "time_ms": 1_700_000_000_000_u64 });
    cases.extend(with_refusals("leave", &leave, more, ("a rejoin request", &rejoin)));
    let more = json!({ "next": hex(&[7; 16]), "first": hex(first.as_bytes()), "leaf": null });
    cases.extend(with_refusals("successor", &successor, more, ("the room itself", &itself)));
    let leaf_node = b"a leaf node";
    cases.push(json!({
        "op": "leaf", "name": "id of a leaf", "expect": "ok", "leaf_node": hex(leaf_node),
        "leaf": hex(&leaf_id(leaf_node)),
    }));
    let authenticator = [fixed("authenticator").as_slice(), &[7; 16]].concat();
    cases.push(json!({
        "op": "check code", "name": "check code", "expect": "ok", "room": hex(ROOM.as_bytes()),
        "epoch": hex(epoch.as_bytes()), "authenticator": hex(&authenticator),
        "code": check_code(ROOM, epoch, &authenticator),
    }));
    Ok(cases)
}
