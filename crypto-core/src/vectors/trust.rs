//! Safety numbers, contact links, statements of a changed key, published key packages, handles and passwords of rooms.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, hex, refused, variant};
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::ids::AccountId;
use crate::published::{PublishedError, PublishedKeyPackage};
use crate::room::InviteLink;
use crate::room_password::{self, RoomHandle, RoomPassword, Strength};
use crate::seal::OpenError;
use crate::trust::{ContactLink, IdentityChange, IdentityChangeError, NotAContactLink, safety_number};

const MIRA: AccountId = AccountId([0x0a; 16]);
const JONAS: AccountId = AccountId([0x0b; 16]);
/// No error of ours: names that have no handle are just refused.
const NO_NAME: &str = "no name of a room";

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    match case.text("op")? {
        "safety number" => run_safety_number(case),
        "contact link" => run_contact_link(case),
        "identity change" => run_identity_change(case),
        "key package" => run_key_package(case),
        _ => Err(broken("no such op")),
    }
}

fn public(case: &Case<'_>, name: &str) -> Result<IdentityPublicKey, Failure> {
    case.array(name).map(IdentityPublicKey)
}

fn secret(case: &Case<'_>, name: &str) -> Result<IdentityKey, Failure> {
    case.array(name).map(IdentityKey::from_seed)
}

fn expect_text(case: &Case<'_>, name: &str, computed: &str) -> Result<(), Failure> {
    if case.text(name)? == computed {
        Ok(())
    } else {
        Err(Failure::Broken(format!("{name}: computed {computed}")))
    }
}

fn run_safety_number(case: &Case<'_>) -> Result<(), Failure> {
    let one = (case.account("account")?, &public(case, "key")?);
    let other = (case.account("other_account")?, &public(case, "other_key")?);
    expect_text(case, "number", &safety_number(one, other))?;
    expect_text(case, "number", &safety_number(other, one))
}

fn run_contact_link(case: &Case<'_>) -> Result<(), Failure> {
    let link = ContactLink::parse(case.text("link")?).map_err(refused)?;
    let (account, key) = (case.account("account")?, public(case, "key")?);
    if !link.is_of(account, &key) || link != ContactLink::new(account, &key) {
        return Err(broken("the link of somebody else"));
    }
    expect_text(case, "link", &link.to_text())
}

fn run_identity_change(case: &Case<'_>) -> Result<(), Failure> {
    let statement = case.bytes("statement")?;
    let change = IdentityChange::open(&statement).map_err(refused)?;
    let (account, at_ms) = (case.account("account")?, case.number("at_ms")?);
    let (old, new) = (secret(case, "old_seed")?, secret(case, "new_seed")?);
    if change != (IdentityChange { account, old: old.public(), new: new.public(), at_ms }) {
        return Err(broken("another change"));
    }
    case.expect_bytes("statement", &IdentityChange::sign(account, &old, &new, at_ms))
}

fn run_key_package(case: &Case<'_>) -> Result<(), Failure> {
    let (account, key) = (case.account("account")?, public(case, "key")?);
    let opened = PublishedKeyPackage::open(account, &key, &case.bytes("published")?).map_err(refused)?;
    case.expect_bytes("key_package", &opened.key_package)?;
    if opened.made_at_ms != case.number("made_at_ms")? {
        return Err(broken("another date"));
    }
    case.expect_bytes("published", &opened.sign(account, &secret(case, "seed")?))
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let mut cases =
        vec![make_safety_number("a safety number", MIRA), make_safety_number("two of one name", JONAS)];
    cases.extend(make_contact_links());
    cases.extend(make_identity_changes());
    cases.extend(make_key_packages());
    Ok(cases)
}

fn make_safety_number(name: &str, account: AccountId) -> Value {
    let (key, other) = (IdentityKey::from_seed(fixed("mira")), IdentityKey::from_seed(fixed("jonas")));
    let number = safety_number((account, &key.public()), (JONAS, &other.public()));
    json!({
        "name": name, "op": "safety number", "expect": "ok", "number": number,
        "account": hex(account.as_bytes()), "key": hex(key.public().as_bytes()),
        "other_account": hex(JONAS.as_bytes()), "other_key": hex(other.public().as_bytes()),
    })
}

fn make_contact_links() -> Vec<Value> {
    let key = IdentityKey::from_seed(fixed("mira")).public();
    let link = ContactLink::new(MIRA, &key);
    let text = link.to_text();
    let good = json!({
        "name": "a contact link", "op": "contact link", "expect": "ok", "link": text,
        "account": hex(MIRA.as_bytes()), "key": hex(key.as_bytes()),
    });
    let encode = |version: u8, extra: &[u8]| {
        let bytes = [&[version][..], MIRA.as_bytes(), &link.fingerprint, extra].concat();
        data_encoding::BASE64URL_NOPAD.encode(&bytes)
    };
    let error = NotAContactLink.to_string();
    let mut cases: Vec<Value> = [
        ("of another version", encode(2, b"")),
        ("a byte more", encode(1, b"\0")),
        ("cut short", text.get(..64).unwrap_or_default().to_owned()),
        ("with padding", format!("{text}==")),
        ("in the other alphabet", text.replacen(char::is_alphanumeric, "+", 1)),
        ("with spare bits", text.get(..65).map(|text| format!("{text}_")).unwrap_or_default()),
        ("empty", String::new()),
    ]
    .into_iter()
    .map(|(name, link)| variant(&good, &format!("contact link, {name}"), &error, json!({ "link": link })))
    .collect();
    cases.push(good);
    cases
}

fn make_identity_changes() -> Vec<Value> {
    let (old, new) = (IdentityKey::from_seed(fixed("mira")), IdentityKey::from_seed(fixed("mira, later")));
    let statement = IdentityChange::sign(MIRA, &old, &new, 1_700_000_000_000);
    let good = json!({
        "name": "a changed key", "op": "identity change", "expect": "ok", "account": hex(MIRA.as_bytes()),
        "old_seed": hex(&fixed("mira")), "new_seed": hex(&fixed("mira, later")), "at_ms": 1_700_000_000_000_u64,
        "statement": hex(&statement),
    });
    // [body (2 bytes of head), signature (2), signature (2)]
    let last = statement.len().saturating_sub(1);
    let (head, signatures) = statement.split_at_checked(last.saturating_sub(131)).unwrap_or_default();
    let (by_old, by_new) = signatures.split_at_checked(66).unwrap_or_default();
    let refusals = [
        ("an altered account", flipped(&statement, 6)),
        ("an altered signature of the old key", flipped(&statement, last.saturating_sub(66))),
        ("an altered signature of the new key", flipped(&statement, last)),
        ("signatures the wrong way round", hex(&[head, by_new, by_old].concat())),
        ("signed by the old key only", hex(&[head, by_old, by_old].concat())),
        ("a change to the same key", hex(&IdentityChange::sign(MIRA, &old, &old, 1))),
        ("of another version", flipped(&statement, 4)),
        ("a byte more", hex(&[&statement[..], &[0]].concat())),
        ("cut short", hex(statement.get(..last).unwrap_or_default())),
        ("nothing", String::new()),
    ];
    let error = IdentityChangeError.to_string();
    let mut cases: Vec<Value> = refusals
        .into_iter()
        .map(|(name, bytes)| {
            variant(&good, &format!("changed key, {name}"), &error, json!({ "statement": bytes }))
        })
        .collect();
    cases.push(good);
    cases
}

fn make_key_packages() -> Vec<Value> {
    let key = IdentityKey::from_seed(fixed("mira"));
    let published = PublishedKeyPackage { key_package: vec![7; 100], made_at_ms: 1_700_000_000_000 };
    let bytes = published.sign(MIRA, &key);
    let good = json!({
        "name": "a published key package", "op": "key package", "expect": "ok", "account": hex(MIRA.as_bytes()),
        "seed": hex(&fixed("mira")), "key": hex(key.public().as_bytes()), "key_package": hex(&published.key_package),
        "made_at_ms": published.made_at_ms, "published": hex(&bytes),
    });
    let last = bytes.len().saturating_sub(1);
    let other = IdentityKey::from_seed(fixed("other"));
    let refusals = [
        ("another account", json!({ "account": hex(JONAS.as_bytes()) })),
        ("another key", json!({ "key": hex(other.public().as_bytes()) })),
        ("an altered key package", json!({ "published": flipped(&bytes, 50) })),
        ("another date", json!({ "published": flipped(&bytes, last.saturating_sub(66)) })),
        ("an altered signature", json!({ "published": flipped(&bytes, last) })),
        ("of another version", json!({ "published": flipped(&bytes, 1) })),
        ("a byte more", json!({ "published": hex(&[&bytes[..], &[0]].concat()) })),
        ("nothing", json!({ "published": "" })),
    ];
    let error = PublishedError.to_string();
    let mut cases: Vec<Value> = refusals
        .into_iter()
        .map(|(name, change)| variant(&good, &format!("published key package, {name}"), &error, change))
        .collect();
    cases.push(good);
    cases
}

pub(super) fn run_room_password(case: &Case<'_>) -> Result<(), Failure> {
    match case.text("op")? {
        "handle" => {
            let handle =
                RoomHandle::of(case.text("typed")?).ok_or_else(|| Failure::Refused(NO_NAME.into()))?;
            let normal = room_password::normalise(case.text("typed")?).unwrap_or_default();
            expect_text(case, "normal", &normal)?;
            case.expect_bytes("handle", handle.as_bytes())
        }
        "password" => {
            let password = RoomPassword::typed(case.text("typed")?);
            let strength = match password.strength() {
                Strength::Weak => "weak",
                Strength::Chosen => "chosen",
                Strength::Generated => "generated",
            };
            expect_text(case, "strength", strength)?;
            expect_text(case, "password", password.expose())
        }
        "generated" => {
            let mut rng = case.playback("random")?;
            expect_text(case, "password", RoomPassword::generate(&mut rng).expose())?;
            rng.finish()
        }
        "link" => run_link(case),
        _ => Err(broken("no such op")),
    }
}

fn run_link(case: &Case<'_>) -> Result<(), Failure> {
    let (key, handle) = (case.key("export_key")?, RoomHandle(case.array("handle")?));
    let link = room_password::open_link(&key, &handle, &case.bytes("sealed")?).map_err(refused)?;
    case.expect_bytes("link", &link.to_bytes())?;
    let mut rng = case.playback("salt")?;
    case.expect_bytes("sealed", &room_password::seal_link(&key, &handle, &link, &mut rng).map_err(refused)?)?;
    rng.finish()
}

pub(super) fn make_room_password() -> Result<Vec<Value>, Failure> {
    let mut cases: Vec<Value> = ["Book Club", "  two\u{a0} \tspaces\n", "ÄÖÜ ΟΔΟΣ \u{130}", "日本語"]
        .iter()
        .filter_map(|typed| {
            let (normal, handle) = (room_password::normalise(typed)?, RoomHandle::of(typed)?);
            let name = format!("the handle of {normal}");
            Some(json!({
                "name": name, "op": "handle", "expect": "ok", "typed": typed, "normal": normal,
                "handle": hex(handle.as_bytes()),
            }))
        })
        .collect();
    let refused_names = [
        ("an empty name", String::new()),
        ("white space", " \t\n".into()),
        ("a control character", "a\u{7}b".into()),
        ("65 characters", "a".repeat(65)),
    ];
    cases.extend(
        refused_names
            .map(|(name, typed)| json!({ "name": name, "op": "handle", "expect": NO_NAME, "typed": typed })),
    );
    let random = fixed("room password");
    let random = random.get(..10).unwrap_or_default();
    let generated = RoomPassword::generate(&mut Playback::new(random.to_vec()));
    cases.push(json!({
        "name": "a generated password", "op": "generated", "expect": "ok", "random": hex(random),
        "password": generated.expose(),
    }));
    for (name, typed, password, strength) in [
        (
            "typed by hand",
            generated.expose().to_lowercase().replace('-', " "),
            generated.expose(),
            "generated",
        ),
        ("a weak one", " open sesame ".into(), "open sesame", "weak"),
        ("weak for its few characters", "ab".repeat(20), &"ab".repeat(20), "weak"),
        ("a chosen one", "Correct Horse Battery".into(), "Correct Horse Battery", "chosen"),
    ] {
        let name = format!("password, {name}");
        cases.push(json!({
            "name": name, "op": "password", "expect": "ok", "typed": typed, "password": password,
            "strength": strength,
        }));
    }
    cases.extend(make_links()?);
    Ok(cases)
}

fn make_links() -> Result<Vec<Value>, Failure> {
    let key = crate::secret::SymmetricKey::from_bytes(fixed("export key"));
    let (handle, salt) = (RoomHandle(fixed("handle")), fixed("link salt"));
    let plain = [&[1][..], &[9; 16], &fixed("join seed"), &[8; 16]].concat();
    let link = InviteLink::from_bytes(&plain).map_err(refused)?;
    let mut rng = Playback::new(salt.to_vec());
    let sealed = room_password::seal_link(&key, &handle, &link, &mut rng).map_err(refused)?;
    let good = json!({
        "name": "a sealed link", "op": "link", "expect": "ok", "export_key": hex(&fixed("export key")),
        "handle": hex(handle.as_bytes()), "link": hex(&plain), "salt": hex(&salt), "sealed": hex(&sealed),
    });
    let error = OpenError.to_string();
    let refusals = [
        ("another key", json!({ "export_key": hex(&fixed("other")) })),
        ("another handle", json!({ "handle": hex(&fixed("other")) })),
        ("a flipped bit", json!({ "sealed": flipped(&sealed, 100) })),
        ("cut short", json!({ "sealed": hex(sealed.get(..100).unwrap_or_default()) })),
    ];
    let mut cases: Vec<Value> = refusals
        .into_iter()
        .map(|(name, change)| variant(&good, &format!("sealed link, {name}"), &error, change))
        .collect();
    cases.push(good);
    Ok(cases)
}
