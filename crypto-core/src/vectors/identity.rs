//! Signatures and fingerprints.

use serde_json::{Value, json};

use super::tools::{Case, Failure, broken, fixed, flipped, hex, refused, variant};
use crate::identity::{IdentityKey, IdentityPublicKey, Signature, VerifyError, fingerprint};
use crate::ids::AccountId;

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    let public = IdentityPublicKey(case.array("public")?);
    match case.text("op")? {
        "fingerprint" => {
            let account = AccountId(case.array("account")?);
            case.expect_bytes("fingerprint", &fingerprint(&account, &public))
        }
        "sign" => {
            let key = IdentityKey::from_seed(case.array("seed")?);
            case.expect_bytes("public", key.public().as_bytes())?;
            let signature = key.sign(case.text("label")?, &case.bytes("content")?);
            case.expect_bytes("signature", &signature.0)?;
            verify(case, &public)
        }
        "verify" => verify(case, &public),
        _ => Err(broken("no such op")),
    }
}

fn verify(case: &Case<'_>, public: &IdentityPublicKey) -> Result<(), Failure> {
    let signature = Signature(case.array("signature")?);
    public.verify(case.text("label")?, &case.bytes("content")?, &signature).map_err(refused)
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let seed = fixed("identity seed");
    let key = IdentityKey::from_seed(seed);
    let public = key.public();
    let case = |name: &str, content: &[u8]| {
        json!({
            "name": name, "op": "sign", "expect": "ok", "seed": hex(&seed), "public": hex(public.as_bytes()),
            "label": "Waxwing 1 message", "content": hex(content),
            "signature": hex(&key.sign("Waxwing 1 message", content).0),
        })
    };
    let mut cases = vec![
        case("an empty content", b""),
        case("the longest content with a length of one byte", &[1; 63]),
        case("the shortest content with a length of two bytes", &[1; 64]),
        case("the shortest content with a length of four bytes", &[1; 16_384]),
    ];
    let good = case("the one that is changed below", b"content");
    let signature = key.sign("Waxwing 1 message", b"content").0;
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let neutral_signature = [neutral, [0; 32]].concat();
    let other = IdentityKey::from_seed(fixed("another identity")).public();
    // S + L: the same signature to a verifier that does not reduce, RFC 8032 section 5.1.7.
    let malleable = add_group_order(&signature);
    let refusals = [
        ("another key", json!({ "public": hex(other.as_bytes()) })),
        ("another label", json!({ "label": "Waxwing 1 messagf" })),
        ("a label of MLS", json!({ "label": "MLS 1.0 Waxwing 1 message" })),
        (
            "a byte moved from the content to the label",
            json!({ "label": "Waxwing 1 messagec", "content": hex(b"ontent") }),
        ),
        ("another content", json!({ "content": hex(b"contenu") })),
        ("a flipped bit in R", json!({ "signature": flipped(&signature, 0) })),
        ("a flipped bit in S", json!({ "signature": flipped(&signature, 32) })),
        ("a scalar beyond the group order", json!({ "signature": hex(&malleable) })),
        ("a key of small order", json!({ "public": hex(&neutral), "signature": hex(&neutral_signature) })),
        ("a key that is no point", json!({ "public": hex(&[0xff; 32]) })),
    ];
    for (name, changes) in refusals {
        let mut changed = variant(&good, name, &VerifyError.to_string(), changes);
        changed = variant(&changed, name, &VerifyError.to_string(), json!({ "op": "verify", "seed": null }));
        cases.push(changed);
    }
    cases.push(good);
    let account = AccountId([0x0a; 16]);
    cases.push(json!({
        "name": "fingerprint", "op": "fingerprint", "expect": "ok", "account": hex(account.as_bytes()),
        "public": hex(public.as_bytes()), "fingerprint": hex(&fingerprint(&account, &public)),
    }));
    Ok(cases)
}

/// Adds the group order to the scalar of a signature, little-endian.
fn add_group_order(signature: &[u8; 64]) -> [u8; 64] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut changed = *signature;
    let mut carry = 0u16;
    for (byte, order) in changed.iter_mut().skip(32).zip(ORDER) {
        let sum = u16::from(*byte).wrapping_add(u16::from(order)).wrapping_add(carry);
        let [high, low] = sum.to_be_bytes();
        *byte = low;
        carry = u16::from(high);
    }
    changed
}
