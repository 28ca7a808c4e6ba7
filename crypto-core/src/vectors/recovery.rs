//! Written recovery keys and place codes.

use serde_json::{Value, json};

use super::tools::{Case, Failure, broken, fixed, hex, refused, variant};
use crate::place::{PlaceCode, PlaceCodeError};
use crate::recovery::{RecoveryKey, RecoveryKeyError};
use crate::secret::SymmetricKey;

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let read = RecoveryKey::parse(case.text("typed")?).map_err(refused)?;
    if read != RecoveryKey::from(case.key("key")?) {
        return Err(broken("another key was read"));
    }
    if read.to_text().as_str() != case.text("text")? {
        return Err(broken("the written form differs"));
    }
    case.expect_bytes("relay_token", read.relay_token().expose())?;
    case.expect_bytes("wrapping_key", read.wrapping_key().expose())
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let mut cases = Vec::new();
    for (name, key) in [("zeros", [0; 32]), ("ones", [0xff; 32]), ("a key", fixed("recovery key"))] {
        let key = SymmetricKey::from_bytes(key);
        let recovery = RecoveryKey::from(key.clone());
        let text = recovery.to_text().to_string();
        let typings = [
            ("as written", text.clone()),
            ("in lower case with blanks", text.to_lowercase().replace('-', " ")),
            ("without dashes", text.replace('-', "")),
            ("with long dashes and line breaks", text.replace('-', " \u{2013}\n")),
            ("with look-alikes", text.replace('1', "l").replace('0', "O").replace('V', "u")),
        ];
        cases.extend(typings.map(|(how, typed)| {
            json!({
                "name": format!("{name}, {how}"), "expect": "ok", "key": hex(key.expose()), "text": text,
                "typed": typed, "relay_token": hex(recovery.relay_token().expose()),
                "wrapping_key": hex(recovery.wrapping_key().expose()),
            })
        }));
    }
    let text = RecoveryKey::from(SymmetricKey::from_bytes([0; 32])).to_text();
    let refusals = [
        ("one character mistyped", text.replacen('0', "2", 1), RecoveryKeyError::Mistyped),
        ("a character too few", text.replacen('0', "", 1), RecoveryKeyError::WrongLength { found: 55 }),
        ("a character too many", text.replacen('0', "00", 1), RecoveryKeyError::WrongLength { found: 57 }),
        ("nothing", String::new(), RecoveryKeyError::WrongLength { found: 0 }),
        ("a foreign character", text.replacen('0', "?", 1), RecoveryKeyError::BadCharacter('?')),
        ("a letter of another script", text.replacen('0', "О", 1), RecoveryKeyError::BadCharacter('О')),
    ];
    cases
        .extend(refusals.map(
            |(name, typed, error)| json!({ "name": name, "expect": error.to_string(), "typed": typed }),
        ));
    Ok(cases)
}

pub(super) fn run_place(case: &Case<'_>) -> Result<(), Failure> {
    let code = PlaceCode::parse(case.text("text")?).map_err(refused)?;
    if code != PlaceCode::from(case.key("code")?) {
        return Err(broken("another code"));
    }
    case.expect_bytes("relay_token", code.relay_token().expose())?;
    case.expect_bytes("wrapping_key", code.wrapping_key().expose())
}

pub(super) fn make_place() -> Result<Vec<Value>, Failure> {
    let secret = || SymmetricKey::from_bytes(fixed("place"));
    let code = PlaceCode::from(secret());
    let good = json!({
        "name": "a place code", "expect": "ok", "code": hex(&fixed("place")), "text": code.to_text().as_str(),
        "relay_token": hex(code.relay_token().expose()), "wrapping_key": hex(code.wrapping_key().expose()),
    });
    let short = PlaceCodeError::WrongLength { found: 0 }.to_string();
    let recovery = RecoveryKey::from(secret()).to_text();
    Ok(vec![
        variant(&good, "place code, nothing", &short, json!({ "text": "" })),
        variant(
            &good,
            "place code, a recovery key",
            &PlaceCodeError::Mistyped.to_string(),
            json!({ "text": recovery.as_str() }),
        ),
        good,
    ])
}
