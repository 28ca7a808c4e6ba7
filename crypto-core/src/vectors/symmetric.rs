//! Labels, padding, Seal.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, from_hex, hex, refused, variant};
use crate::label::{hash, labelled};
use crate::padding::{MAX_CONTENT_BYTES, pad_into, padded_len, unpad};
use crate::seal::{self, OpenError, SealType, open, seal};
use crate::secret::SymmetricKey;

const NOT_PADDED: &str = "not a padded content";

pub(super) fn run_label(case: &Case<'_>) -> Result<(), Failure> {
    let label = case.text("label")?;
    let fields: Vec<Vec<u8>> = case
        .list("fields")?
        .iter()
        .map(|field| from_hex(field.as_str().unwrap_or("not a text")))
        .collect::<Result<_, _>>()?;
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    case.expect_bytes("labelled", &labelled(label, &fields))?;
    case.expect_bytes("hash", &hash(label, &fields))?;
    case.expect_bytes("derived", case.key("key")?.derive(label, &fields).expose())
}

pub(super) fn make_label() -> Result<Vec<Value>, Failure> {
    let long = [0xee; 300];
    let lists: [(&str, &str, &[&[u8]]); 5] = [
        ("no fields", "Waxwing 1 test", &[]),
        ("one empty field", "Waxwing 1 test", &[b""]),
        ("two fields", "Waxwing 1 test", &[b"ab", b"c"]),
        ("the same bytes, split elsewhere", "Waxwing 1 test", &[b"a", b"bc"]),
        ("an empty label and a long field", "", &[&long]),
    ];
    let key = SymmetricKey::from_bytes(fixed("label key"));
    Ok(lists
        .iter()
        .map(|(name, label, fields)| {
            json!({
                "name": name, "expect": "ok", "label": label, "key": hex(key.expose()),
                "fields": fields.iter().map(|field| hex(field)).collect::<Vec<_>>(),
                "labelled": hex(&labelled(label, fields)),
                "hash": hex(&hash(label, fields)),
                "derived": hex(key.derive(label, fields).expose()),
            })
        })
        .collect())
}

pub(super) fn run_padding(case: &Case<'_>) -> Result<(), Failure> {
    if case.has("content_bytes") {
        let content = usize::try_from(case.number("content_bytes")?).map_err(refused)?;
        let padded = padded_len(content).ok_or(Failure::Refused("too long".into()))?;
        let expected = case.number("padded_bytes")?;
        return if u64::try_from(padded) == Ok(expected) {
            Ok(())
        } else {
            Err(Failure::Broken(format!("padded to {padded} bytes")))
        };
    }
    let padded = case.bytes("padded")?;
    let content = unpad(&padded).ok_or(Failure::Refused(NOT_PADDED.into()))?;
    case.expect_bytes("content", content)?;
    let mut again = Vec::new();
    pad_into(&mut again, content);
    case.expect_bytes("padded", &again)
}

pub(super) fn make_padding() -> Result<Vec<Value>, Failure> {
    let lengths = [
        0,
        508,
        509,
        1020,
        1021,
        2044,
        2045,
        4092,
        4093,
        4348,
        4349,
        8188,
        8189,
        16_380,
        16_381,
        100_000,
        1_048_572,
        1_048_573,
        MAX_CONTENT_BYTES,
    ];
    let mut cases = Vec::new();
    for content in lengths {
        let padded = padded_len(content).ok_or_else(|| broken("a length is too long"))?;
        let name = format!("length of {content} bytes");
        cases.push(json!({ "name": name, "expect": "ok", "content_bytes": content, "padded_bytes": padded }));
    }
    let beyond = MAX_CONTENT_BYTES.saturating_add(1);
    cases.push(json!({ "name": "a length beyond the limit", "expect": "too long", "content_bytes": beyond }));

    let mut padded = Vec::new();
    pad_into(&mut padded, b"waxwing");
    let good = json!({ "name": "a short content", "expect": "ok", "content": hex(b"waxwing"), "padded": hex(&padded) });
    let refusals = [
        ("a byte after the content", flipped(&padded, 11)),
        ("a last byte that is not zero", flipped(&padded, 511)),
        ("a length that runs over the end", flipped(&padded, 0)),
        ("a block too many", hex(&[&padded[..], &[0; 512]].concat())),
        ("a byte too few", hex(padded.split_last().map(|(_, rest)| rest).unwrap_or_default())),
        ("nothing at all", String::new()),
    ];
    cases.extend(
        refusals.map(|(name, bytes)| {
            variant(&good, name, NOT_PADDED, json!({ "padded": bytes, "content": null }))
        }),
    );
    cases.push(good);
    Ok(cases)
}

pub(super) fn run_seal(case: &Case<'_>) -> Result<(), Failure> {
    let (key, kind, context) = (case.key("key")?, seal_type(case)?, case.bytes("context")?);
    let opened = open(&key, kind, &context, &case.bytes("sealed")?).map_err(refused)?;
    case.expect_bytes("plaintext", &opened)?;
    let mut rng = case.playback("salt")?;
    let sealed = seal(&key, kind, &context, &opened, &mut rng).map_err(refused)?;
    rng.finish()?;
    case.expect_bytes("sealed", &sealed)
}

fn seal_type(case: &Case<'_>) -> Result<SealType, Failure> {
    let number = case.number("type")?;
    SealType::ALL
        .into_iter()
        .find(|kind| u64::from(*kind as u8) == number)
        .ok_or_else(|| broken("no such type"))
}

fn sealed_case(name: &str, kind: SealType, plaintext: &[u8]) -> Result<(Value, Vec<u8>), Failure> {
    let (key, context, salt) = (fixed("seal key"), b"account, object, version", fixed(name));
    let mut rng = Playback::new(salt.to_vec());
    let sealed = seal(&SymmetricKey::from_bytes(key), kind, context, plaintext, &mut rng).map_err(refused)?;
    let case = json!({
        "name": name, "expect": "ok", "key": hex(&key), "type": kind as u8, "context": hex(context),
        "salt": hex(&salt), "plaintext": hex(plaintext), "sealed": hex(&sealed),
    });
    Ok((case, sealed))
}

pub(super) fn make_seal() -> Result<Vec<Value>, Failure> {
    let mut cases = Vec::new();
    for kind in SealType::ALL {
        cases.push(sealed_case(&format!("type {}", kind as u8), kind, b"plaintext")?.0);
    }
    cases.push(sealed_case("an empty plaintext", SealType::Message, b"")?.0);
    cases.push(sealed_case("a plaintext of two blocks", SealType::Message, &[0x5a; 600])?.0);

    let (good, sealed) = sealed_case("the one that is changed below", SealType::Message, b"plaintext")?;
    let closed = OpenError.to_string();
    let mut refuse = |name: &str, changes: Value| {
        let mut case = variant(&good, name, &closed, changes);
        if let Some(members) = case.as_object_mut() {
            members.remove("salt");
            members.remove("plaintext");
        }
        cases.push(case);
    };
    refuse("another key", json!({ "key": hex(&fixed("another key")) }));
    refuse("another type", json!({ "type": SealType::Handshake as u8 }));
    refuse("another context", json!({ "context": hex(b"account, object, versioN") }));
    refuse("an empty context", json!({ "context": "" }));
    let last = sealed.len().saturating_sub(1);
    for (field, at) in
        [("version", 0), ("suite", 1), ("salt", 2), ("commitment", 34), ("ciphertext", 66), ("tag", last)]
    {
        refuse(&format!("a flipped bit in the {field}"), json!({ "sealed": flipped(&sealed, at) }));
    }
    let mut reserved = sealed.clone();
    if let Some(suite) = reserved.get_mut(1) {
        *suite = 2;
    }
    refuse("the reserved suite", json!({ "sealed": hex(&reserved) }));
    for len in [0, 1, 2, 34, 66, seal::OVERHEAD_BYTES, last] {
        let short = sealed.get(..len).unwrap_or_default();
        refuse(&format!("truncated to {len} bytes"), json!({ "sealed": hex(short) }));
    }
    refuse("a byte more", json!({ "sealed": hex(&[&sealed[..], &[0]].concat()) }));
    cases.push(good);
    Ok(cases)
}
