//! HPKE. Sealing is randomised, so cases are opened only.

use serde_json::{Value, json};

use super::tools::{Case, Failure, fixed, flipped, hex, refused, variant};
use crate::hpke::{HpkeError, HpkePrivateKey};
use crate::secret::SymmetricKey;

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let key = HpkePrivateKey::from_seed(&case.key("seed")?).map_err(refused)?;
    case.expect_bytes("public", key.public().as_bytes())?;
    let opened =
        key.open(case.text("label")?, &case.bytes("aad")?, &case.bytes("sealed")?).map_err(refused)?;
    case.expect_bytes("plaintext", &opened)
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let seed = fixed("hpke seed");
    let key = HpkePrivateKey::from_seed(&SymmetricKey::from_bytes(seed)).map_err(refused)?;
    let case = |name: &str, plaintext: &[u8]| -> Result<(Value, Vec<u8>), Failure> {
        let sealed = key.public().seal_to("Waxwing 1 test", b"aad", plaintext).map_err(refused)?;
        let case = json!({
            "name": name, "expect": "ok", "seed": hex(&seed), "public": hex(key.public().as_bytes()),
            "label": "Waxwing 1 test", "aad": hex(b"aad"), "plaintext": hex(plaintext), "sealed": hex(&sealed),
        });
        Ok((case, sealed))
    };
    let mut cases = vec![case("an empty plaintext", b"")?.0];
    let (good, sealed) = case("the one that is changed below", b"plaintext")?;
    let other = fixed("another hpke seed");
    let other_key = HpkePrivateKey::from_seed(&SymmetricKey::from_bytes(other)).map_err(refused)?;
    let last = sealed.len().saturating_sub(1);
    let refusals = [
        ("another key", json!({ "seed": hex(&other), "public": hex(other_key.public().as_bytes()) })),
        ("another label", json!({ "label": "Waxwing 1 tesu" })),
        ("other associated data", json!({ "aad": "" })),
        ("another length of the encapsulation", json!({ "sealed": flipped(&sealed, 1) })),
        ("a flipped bit in the ML-KEM part", json!({ "sealed": flipped(&sealed, 2) })),
        ("a flipped bit in the X25519 part", json!({ "sealed": flipped(&sealed, 1090) })),
        ("a flipped bit in the ciphertext", json!({ "sealed": flipped(&sealed, 1122) })),
        ("a flipped bit in the tag", json!({ "sealed": flipped(&sealed, last) })),
        ("without its last byte", json!({ "sealed": hex(sealed.get(..last).unwrap_or_default()) })),
        ("the encapsulation only", json!({ "sealed": hex(sealed.get(..1122).unwrap_or_default()) })),
        ("nothing", json!({ "sealed": "" })),
    ];
    let closed = HpkeError::Open.to_string();
    cases.extend(refusals.map(|(name, changes)| variant(&good, name, &closed, changes)));
    cases.push(good);
    Ok(cases)
}
