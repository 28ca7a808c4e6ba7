//! Room states: their bytes, and which may be the state of a room.

use serde_json::{Value, json};

use super::tools::{Case, Failure, broken, fixed, from_hex, hex, variant};
use crate::hpke::HpkePublicKey;
use crate::identity::IdentityPublicKey;
use crate::ids::{AccountId, EpochId, RoomId};
use crate::room::{
    HistoryRule, Invalid, JoinKind, JoinMethod, JoinSecret, LogHead, Predecessor, Role, RoleEntry, RoomKind,
    RoomState, Roster, codec,
};
use crate::secret::SymmetricKey;

const MALFORMED: &str = "malformed";

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn account(value: Option<&Value>) -> Result<AccountId, Failure> {
    let bytes = from_hex(value.and_then(Value::as_str).unwrap_or("no text"))?;
    bytes.try_into().map(AccountId).map_err(|_| broken("no account"))
}

/// The state that a case describes.
fn described(case: &Case<'_>) -> Result<RoomState, Failure> {
    let fields = case.0;
    let number = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or_default();
    let role = |entry: &Value| {
        let role =
            if entry.get(1).and_then(Value::as_u64) == Some(2) { Role::Owner } else { Role::Moderator };
        Ok(RoleEntry { account: account(entry.get(0))?, role })
    };
    let join = |entry: &Value| {
        let key = from_hex(entry.get(1).and_then(Value::as_str).unwrap_or("no text"))?;
        let key = HpkePublicKey::from_slice(&key).map_err(|_| broken("no key"))?;
        let kind =
            if entry.get(0).and_then(Value::as_u64) == Some(1) { JoinKind::Password } else { JoinKind::Link };
        Ok(JoinMethod {
            kind,
            key,
            creator: account(entry.get(2))?,
            expires_ms: entry.get(3).and_then(Value::as_u64),
        })
    };
    let predecessor = case.has("predecessor").then(|| {
        let head = LogHead { seq: number("seq"), hash: case.array("hash")? };
        Ok(Predecessor { room: RoomId(case.array("predecessor")?), epoch: case.epoch("epoch")?, head })
    });
    Ok(RoomState {
        version: u8::try_from(number("version")).map_err(|_| broken("no version"))?,
        kind: if case.has("peer") { RoomKind::Direct } else { RoomKind::Group },
        name: case.text("room_name")?.to_owned(),
        topic: case.text("topic")?.to_owned(),
        avatar: case.bytes("avatar")?,
        founder: case.account("founder")?,
        roles: list(fields, "roles").iter().map(role).collect::<Result<_, Failure>>()?,
        history: if number("history") == 1 { HistoryRule::FromJoin } else { HistoryRule::All },
        retention_s: number("retention_s"),
        joins: list(fields, "joins").iter().map(join).collect::<Result<_, Failure>>()?,
        peer: case.has("peer").then(|| case.account("peer")).transpose()?,
        predecessor: predecessor.transpose()?,
    })
}

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let state: RoomState =
        codec::decode(&case.bytes("state")?).map_err(|_| Failure::Refused(MALFORMED.into()))?;
    let roster: Roster = case
        .list("members")?
        .iter()
        .map(|member| Ok((account(Some(member))?, IdentityPublicKey([0; 32]))))
        .collect::<Result<_, Failure>>()?;
    if !state.is_valid(RoomId([9; 16]), &roster) {
        return Err(Failure::Refused(Invalid::State.to_string()));
    }
    if state == described(case)? { Ok(()) } else { Err(broken("another state")) }
}

const MIRA: AccountId = AccountId([1; 16]);
const JONAS: AccountId = AccountId([2; 16]);

/// A case of this state, with the fields that an implementation is to read.
fn case(name: &str, state: &RoomState, members: &[AccountId]) -> Value {
    let hexes = |accounts: &[AccountId]| accounts.iter().map(|a| hex(a.as_bytes())).collect::<Vec<_>>();
    let roles: Vec<Value> =
        state.roles.iter().map(|entry| json!([hex(entry.account.as_bytes()), entry.role as u8])).collect();
    let joins: Vec<Value> = state
        .joins
        .iter()
        .map(|m| {
            let fields =
                [json!(m.kind as u8), json!(hex(m.key.as_bytes())), json!(hex(m.creator.as_bytes()))];
            Value::Array(fields.into_iter().chain(m.expires_ms.map(Value::from)).collect())
        })
        .collect();
    let good = json!({
        "state": hex(&codec::encode(state)), "members": hexes(members), "version": state.version,
        "room_name": state.name, "topic": state.topic, "avatar": hex(&state.avatar),
        "founder": hex(state.founder.as_bytes()), "roles": roles, "history": state.history as u8,
        "retention_s": state.retention_s, "joins": joins,
    });
    let peer = state.peer.map(|peer| hex(peer.as_bytes()));
    let before = state.predecessor.map(|p| (hex(p.room.as_bytes()), hex(p.epoch.as_bytes()), p.head));
    let more = json!({
        "peer": peer, "predecessor": before.as_ref().map(|b| &b.0), "epoch": before.as_ref().map(|b| &b.1),
        "seq": before.as_ref().map(|b| b.2.seq), "hash": before.as_ref().map(|b| hex(&b.2.hash)),
    });
    variant(&good, name, "ok", more)
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let plain = RoomState::group("Ops room", MIRA);
    let secret = JoinSecret::from_seed(SymmetricKey::from_bytes(fixed("join seed")));
    let method = secret.method(JoinKind::Link, JONAS).map_err(super::tools::refused)?;
    let head = LogHead { seq: 300, hash: fixed("head") };
    let predecessor = Predecessor { room: RoomId([8; 16]), epoch: EpochId(fixed("epoch")), head };
    let full = RoomState {
        topic: "Wer ist wach?".into(),
        avatar: vec![1, 2, 3],
        roles: vec![
            RoleEntry { account: MIRA, role: Role::Owner },
            RoleEntry { account: JONAS, role: Role::Moderator },
        ],
        history: HistoryRule::FromJoin,
        retention_s: 86_400,
        joins: vec![method.clone(), JoinMethod { kind: JoinKind::Password, ..method.clone() }],
        predecessor: Some(predecessor),
        ..plain.clone()
    };
    let until = JoinMethod { expires_ms: Some(1_790_000_000_000), ..method.clone() };
    let expiring = RoomState { joins: vec![until], ..plain.clone() };
    let direct = RoomState::direct(MIRA, JONAS);
    let (both, third) = ([MIRA, JONAS], [MIRA, JONAS, AccountId([3; 16])]);
    let mut cases = vec![
        case("a new group", &plain, &[MIRA]),
        case("everything that a group can have", &full, &both),
        case("a group with a link that expires", &expiring, &[MIRA]),
        case("a direct room", &direct, &both),
        case("a direct room that one has left", &direct, &[JONAS]),
    ];
    let owner = |account| RoleEntry { account, role: Role::Owner };
    let refusals = [
        ("another version", RoomState { version: 2, ..plain.clone() }, &[MIRA][..]),
        ("no name", RoomState { name: " ".into(), ..plain.clone() }, &[MIRA]),
        ("a name too long", RoomState { name: "x".repeat(81), ..plain.clone() }, &[MIRA]),
        ("a topic too long", RoomState { topic: "x".repeat(501), ..plain.clone() }, &[MIRA]),
        ("no owner", RoomState { roles: vec![], ..plain.clone() }, &[MIRA]),
        ("an owner who is no member", plain.clone(), &[JONAS]),
        ("roles out of order", RoomState { roles: vec![owner(JONAS), owner(MIRA)], ..plain.clone() }, &both),
        ("a role twice", RoomState { roles: vec![owner(MIRA), owner(MIRA)], ..plain.clone() }, &both),
        ("two links", RoomState { joins: vec![method.clone(), method.clone()], ..plain.clone() }, &both),
        ("a group with a peer", RoomState { peer: Some(JONAS), ..plain }, &both),
        ("a direct room of three", direct.clone(), &third),
        ("a direct room without a peer", RoomState { peer: None, ..direct.clone() }, &both),
        ("a direct room with oneself", RoomState::direct(MIRA, MIRA), &[MIRA]),
        ("a direct room with a name", RoomState { name: "Us".into(), ..direct.clone() }, &both),
        ("a direct room with roles", RoomState { roles: vec![owner(MIRA)], ..direct.clone() }, &both),
        ("a direct room with a link", RoomState { joins: vec![method], ..direct.clone() }, &both),
    ];
    for (name, state, members) in refusals {
        let refused = case(name, &state, members);
        cases.push(variant(&refused, name, &Invalid::State.to_string(), json!({})));
    }
    let bytes = codec::encode(&direct);
    let short = bytes.split_last().map(|(_, rest)| rest).unwrap_or_default();
    for (name, state) in [
        ("a byte too few", hex(short)),
        ("a byte too many", hex(&[&bytes[..], &[0]].concat())),
        (
            "an absent field written out",
            hex(&[&[0x8c], bytes.get(1..).unwrap_or_default(), &[0xf6]].concat()),
        ),
    ] {
        cases.push(variant(&case(name, &direct, &both), name, MALFORMED, json!({ "state": state })));
    }
    Ok(cases)
}
