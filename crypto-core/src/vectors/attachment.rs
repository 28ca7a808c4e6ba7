//! Files in chunks, and their descriptions.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, fixed_bytes, flipped, hex, refused, variant};
use crate::attachment::{
    Attachment, AttachmentError, BlobId, Decryptor, DescriptorError, Encryptor, FileKey, FileSuite,
    HEADER_BYTES, Thumbnail,
};

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    match case.text("op")? {
        "file" => run_file(case),
        "descriptor" => run_descriptor(case),
        _ => Err(broken("no such op")),
    }
}

fn suite(case: &Case<'_>) -> Result<FileSuite, Failure> {
    let number = u8::try_from(case.number("suite")?).map_err(|_| broken("suite"))?;
    FileSuite::from_number(number).ok_or_else(|| broken("no such suite"))
}

fn file_key(case: &Case<'_>) -> Result<FileKey, Failure> {
    let (key, sha256) = (case.key("key")?, case.array("sha256")?);
    Ok(FileKey { key, suite: suite(case)?, content_bytes: case.number("content_bytes")?, sha256 })
}

/// Byte n of a file is n modulo 251.
fn content(case: &Case<'_>) -> Result<Vec<u8>, Failure> {
    let bytes = usize::try_from(case.number("content_bytes")?).map_err(|_| broken("too long"))?;
    Ok((0u8..251).cycle().take(bytes).collect())
}

fn encrypt(case: &Case<'_>) -> Result<(FileKey, Vec<Vec<u8>>), Failure> {
    let (content, random) = (content(case)?, [case.bytes("key")?, case.bytes("prefix")?].concat());
    let mut rng = Playback::new(random);
    let (mut encryptor, header) =
        Encryptor::new(suite(case)?, case.number("content_bytes")?, &mut rng).map_err(refused)?;
    rng.finish()?;
    let (mut rest, mut parts) = (content.as_slice(), vec![header]);
    while let Some(bytes) = encryptor.next_bytes() {
        let (now, after) = rest.split_at_checked(bytes).ok_or_else(|| broken("too little content"))?;
        parts.push(encryptor.chunk(now).map_err(refused)?);
        rest = after;
    }
    Ok((encryptor.finish().map_err(refused)?, parts))
}

/// A blob is in the case itself, or (when it is long) what encrypting gives, with the parts named in `order`.
fn run_file(case: &Case<'_>) -> Result<(), Failure> {
    let file = file_key(case)?;
    let (made, parts) = encrypt(case)?;
    let blob = if case.has("blob") {
        case.bytes("blob")?
    } else {
        let order = case.list("order")?.iter().filter_map(Value::as_u64);
        let part = |at| usize::try_from(at).ok().and_then(|at| parts.get(at)).cloned();
        order.filter_map(part).collect::<Vec<_>>().concat()
    };
    let header = blob.get(..HEADER_BYTES).unwrap_or(&blob);
    let mut decryptor = Decryptor::new(&file, header).map_err(refused)?;
    let (mut rest, mut plain) = (blob.get(HEADER_BYTES..).unwrap_or_default(), Vec::new());
    while let Some(bytes) = decryptor.next_bytes() {
        // A last chunk that is too short is given as it is, to be refused.
        let (chunk, after) = rest.split_at_checked(bytes).unwrap_or((rest, &[]));
        plain.extend_from_slice(&decryptor.chunk(chunk).map_err(refused)?);
        rest = after;
    }
    if !rest.is_empty() {
        decryptor.chunk(rest).map_err(refused)?;
    }
    decryptor.finish().map_err(refused)?;
    if plain != content(case)? || made != file {
        return Err(broken("another content"));
    }
    if case.has("blob") { case.expect_bytes("blob", &parts.concat()) } else { Ok(()) }
}

fn descriptor(case: &Case<'_>) -> Result<Attachment, Failure> {
    let thumbnail = if case.has("thumbnail") { Some(Thumbnail(case.bytes("thumbnail")?)) } else { None };
    let small = |name: &str| if case.has(name) { case.number_u32(name).map(Some) } else { Ok(None) };
    Ok(Attachment {
        file: file_key(case)?,
        blob: BlobId(case.array("blob_id")?),
        name: case.text("file_name")?.to_owned(),
        media_type: case.text("media_type")?.to_owned(),
        width: small("width")?,
        height: small("height")?,
        duration_ms: if case.has("duration_ms") { Some(case.number("duration_ms")?) } else { None },
        thumbnail,
    })
}

fn run_descriptor(case: &Case<'_>) -> Result<(), Failure> {
    if case.has("encoded") {
        let decoded = Attachment::decode(&case.bytes("encoded")?).map_err(refused)?;
        if decoded != descriptor(case)? {
            return Err(broken("another description"));
        }
        return case.expect_bytes("encoded", &decoded.encode().map_err(refused)?);
    }
    descriptor(case)?.encode().map(|_| ()).map_err(refused)
}

fn make_file(name: &str, suite: FileSuite, content_bytes: u64) -> Result<(Value, Vec<Vec<u8>>), Failure> {
    let prefix = fixed("nonce prefix");
    let base = json!({
        "op": "file", "suite": suite as u8, "content_bytes": content_bytes, "key": hex(&fixed("file key")),
        "prefix": hex(prefix.get(..7).unwrap_or_default()),
    });
    let (file, parts) = encrypt(&Case(&base))?;
    Ok((variant(&base, name, "ok", json!({ "sha256": hex(&file.sha256) })), parts))
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let mut cases = Vec::new();
    let altered = AttachmentError::Altered.to_string();
    for (suite, called) in
        [(FileSuite::ChaCha20Poly1305, "ChaCha20-Poly1305"), (FileSuite::Aes256Gcm, "AES-256-GCM")]
    {
        for (bytes, shape) in [(0, "nothing"), (700, "700 bytes")] {
            let (case, parts) = make_file(&format!("{shape}, {called}"), suite, bytes)?;
            cases.push(variant(
                &case,
                &format!("{shape}, {called}"),
                "ok",
                json!({ "blob": hex(&parts.concat()) }),
            ));
        }
        let name = format!("a chunk and a short one, {called}");
        let (long, _) = make_file(&name, suite, 1_048_577)?;
        cases.push(variant(&long, &name, "ok", json!({ "order": [0, 1, 2] })));
    }
    let (long, _) = make_file("long", FileSuite::ChaCha20Poly1305, 1_048_577)?;
    let orders: [(&str, &[u8]); 6] = [
        ("without the last chunk", &[0, 1]),
        ("without the first chunk", &[0, 2]),
        ("in another order", &[0, 2, 1]),
        ("with a chunk twice", &[0, 1, 1, 2]),
        ("with another chunk at the end", &[0, 1, 2, 2]),
        ("without its header", &[1, 2]),
    ];
    cases.extend(orders.map(|(what, order)| variant(&long, what, &altered, json!({ "order": order }))));
    cases.extend(make_altered_files()?);
    cases.extend(make_descriptors()?);
    Ok(cases)
}

fn make_altered_files() -> Result<Vec<Value>, Failure> {
    let (case, parts) = make_file("a file", FileSuite::ChaCha20Poly1305, 700)?;
    let blob = parts.concat();
    let last = blob.len().saturating_sub(1);
    let good = variant(&case, "a file", "ok", json!({ "blob": hex(&blob) }));
    let altered = AttachmentError::Altered.to_string();
    let mut cases: Vec<Value> = [
        ("another key", json!({ "key": hex(&fixed("other")) })),
        ("another suite", json!({ "suite": 2 })),
        ("of another length", json!({ "content_bytes": 699 })),
        ("another hash", json!({ "sha256": hex(&fixed("other")) })),
        ("of another version", json!({ "blob": flipped(&blob, 0) })),
        ("altered in the suite", json!({ "blob": flipped(&blob, 1) })),
        ("altered in the prefix", json!({ "blob": flipped(&blob, 5) })),
        ("altered in the content", json!({ "blob": flipped(&blob, 100) })),
        ("altered in the padding", json!({ "blob": flipped(&blob, 800) })),
        ("altered in the tag", json!({ "blob": flipped(&blob, last) })),
        ("a byte more", json!({ "blob": hex(&[&blob[..], &[0]].concat()) })),
        ("cut short", json!({ "blob": hex(blob.get(..last).unwrap_or_default()) })),
        ("the header only", json!({ "blob": hex(blob.get(..9).unwrap_or_default()) })),
        ("nothing left", json!({ "blob": "" })),
    ]
    .into_iter()
    .map(|(what, change)| variant(&good, &format!("a file, {what}"), &altered, change))
    .collect();
    cases.push(good);
    Ok(cases)
}

fn make_descriptors() -> Result<Vec<Value>, Failure> {
    let base = json!({
        "name": "a description", "op": "descriptor", "expect": "ok", "key": hex(&fixed("file key")), "suite": 2,
        "content_bytes": 700, "sha256": hex(&fixed("blob")), "blob_id": hex(&[7; 16]), "file_name": "Föhr.jpg",
        "media_type": "image/jpeg",
    });
    let film = json!({ "width": 640, "height": 480, "duration_ms": 90_000, "thumbnail": hex(&fixed_bytes("thumbnail", 40)) });
    let mut cases = Vec::new();
    for (name, changes) in [("a short description", json!({})), ("a film", film)] {
        let case = variant(&base, name, "ok", changes);
        let encoded = descriptor(&Case(&case))?.encode().map_err(refused)?;
        cases.push(variant(&case, name, "ok", json!({ "encoded": hex(&encoded) })));
    }
    let error = DescriptorError.to_string();
    for (name, changes) in [
        ("a path", json!({ "file_name": "../x" })),
        ("no name", json!({ "file_name": "" })),
        ("a name turned around", json!({ "file_name": "a\u{202e}gpj.exe" })),
        ("a name of 256 characters", json!({ "file_name": "a".repeat(256) })),
        ("a space in the media type", json!({ "media_type": "image jpeg" })),
        ("a file above 16 GiB", json!({ "content_bytes": 17_179_869_185_u64 })),
        ("a large thumbnail", json!({ "thumbnail": "00".repeat(32_769) })),
    ] {
        cases.push(variant(&base, &format!("description, {name}"), &error, changes));
    }
    let encoded = descriptor(&Case(&base))?.encode().map_err(refused)?;
    for (name, bytes) in [
        ("of another suite", flipped(&encoded, 52)),
        ("cut short", hex(encoded.get(..100).unwrap_or_default())),
        ("a byte more", hex(&[&encoded[..], &[0]].concat())),
        ("nothing", String::new()),
    ] {
        cases.push(variant(&base, &format!("description, {name}"), &error, json!({ "encoded": bytes })));
    }
    Ok(cases)
}
