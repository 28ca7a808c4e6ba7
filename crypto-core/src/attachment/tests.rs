use super::*;
use crate::altered::altered;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Header and chunks of an encrypted file.
fn encrypt(suite: FileSuite, content: &[u8]) -> (FileKey, Vec<u8>, Vec<Vec<u8>>) {
    let (mut encryptor, header) = Encryptor::new(suite, content.len() as u64, &mut rng(1)).unwrap();
    let (mut rest, mut chunks) = (content, Vec::new());
    while let Some(bytes) = encryptor.next_bytes() {
        let (now, after) = rest.split_at(bytes);
        chunks.push(encryptor.chunk(now).unwrap());
        rest = after;
    }
    assert!(rest.is_empty());
    (encryptor.finish().unwrap(), header, chunks)
}

fn decrypt(file: &FileKey, header: &[u8], chunks: &[Vec<u8>]) -> Result<Vec<u8>, AttachmentError> {
    let mut decryptor = Decryptor::new(file, header)?;
    let mut content = Vec::new();
    for chunk in chunks {
        content.extend_from_slice(&decryptor.chunk(chunk)?);
    }
    decryptor.finish().map(|()| content)
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

const SUITES: [FileSuite; 2] = [FileSuite::ChaCha20Poly1305, FileSuite::Aes256Gcm];
const ALTERED: Result<Vec<u8>, AttachmentError> = Err(AttachmentError::Altered);

#[test]
fn files_of_every_shape_come_back() {
    for suite in SUITES {
        for bytes in [0, 1, 511, 512, 513, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1] {
            let (file, header, chunks) = encrypt(suite, &content(bytes));
            assert_eq!(decrypt(&file, &header, &chunks).unwrap(), content(bytes), "{bytes}");
            let all: usize = header.len() + chunks.iter().map(Vec::len).sum::<usize>();
            assert_eq!(blob_bytes(bytes as u64), Some(all as u64), "{bytes}");
            assert!(chunks.iter().all(|chunk| chunk.len() <= CHUNK_BYTES + TAG_BYTES));
        }
    }
}

#[test]
fn chunks_of_padding_alone_are_part_of_the_file() {
    // Exponent 26 keeps 5 bits: steps of 2 MiB; exponent 27 keeps 5 too: steps of 4 MiB.
    let layout = Layout::of(65 * CHUNK + 1).unwrap();
    assert_eq!((layout.padded, layout.chunks), (66 * CHUNK, 66));
    let layout = Layout::of(130 * CHUNK + 1).unwrap();
    assert_eq!((layout.padded, layout.chunks), (132 * CHUNK, 132));
    assert_eq!(layout.chunk(130), Some((1, CHUNK_BYTES - 1)));
    assert_eq!(layout.chunk(131), Some((0, CHUNK_BYTES)));
    assert_eq!(layout.chunk(132), None);
}

#[test]
fn what_is_missing_repeated_moved_or_added_is_refused() {
    for suite in SUITES {
        // Two whole chunks and a short one.
        let (file, header, chunks) = encrypt(suite, &content(2 * CHUNK_BYTES + 1));
        let [a, b, c] = chunks.try_into().unwrap();
        let mut more: Vec<Vec<Vec<u8>>> = vec![
            vec![],
            vec![a.clone(), c.clone()],
            vec![b.clone(), a.clone(), c.clone()],
            vec![a.clone(), b.clone(), c[..c.len() - 1].to_vec()],
            vec![[&a[..], &[0]].concat(), b.clone(), c.clone()],
        ];
        if suite == FileSuite::ChaCha20Poly1305 {
            more.push(vec![a.clone(), b.clone()]);
            more.push(vec![a.clone(), a.clone(), c.clone()]);
            more.push(vec![a.clone(), b.clone(), b.clone()]);
            more.push(vec![a.clone(), b.clone(), c.clone(), c.clone()]);
            more.push(vec![a.clone(), b.clone(), c.clone(), vec![]]);
        }
        for wrong in more {
            assert_eq!(decrypt(&file, &header, &wrong), ALTERED);
        }
        // A whole chunk fewer in the description too: the chunk that is last now was not made as the last.
        let shorter = FileKey { content_bytes: 2 * CHUNK, ..file.clone() };
        assert_eq!(decrypt(&shorter, &header, &[a.clone(), b.clone()]), ALTERED);
        for at in [0, 1000, CHUNK_BYTES, CHUNK_BYTES + 15] {
            let mut altered = a.clone();
            altered[at] ^= 1;
            assert_eq!(decrypt(&file, &header, &[altered]), ALTERED, "byte {at}");
        }
    }
}

#[test]
fn header_key_suite_length_and_hash_must_fit() {
    let (file, header, chunks) = encrypt(FileSuite::Aes256Gcm, &content(1000));
    for at in 0..HEADER_BYTES {
        let mut altered = header.clone();
        altered[at] ^= 1;
        assert_eq!(decrypt(&file, &altered, &chunks), ALTERED, "byte {at}");
        assert_eq!(decrypt(&file, &header[..at], &chunks), ALTERED);
    }
    assert_eq!(decrypt(&file, &[&header[..], &[0]].concat(), &chunks), ALTERED);
    let other = SymmetricKey::from_bytes([1; 32]);
    for wrong in [
        FileKey { key: other, ..file.clone() },
        FileKey { suite: FileSuite::ChaCha20Poly1305, ..file.clone() },
        FileKey { content_bytes: 999, ..file.clone() },
        FileKey { content_bytes: 1025, ..file.clone() },
        FileKey { sha256: [0; 32], ..file.clone() },
    ] {
        assert_eq!(decrypt(&wrong, &header, &chunks), ALTERED, "{wrong:?}");
    }
    // More content than there is, of the same padded length, would show padding as content: the message that says so is signed.
    let longer = FileKey { content_bytes: 1010, ..file };
    assert_eq!(decrypt(&longer, &header, &chunks).unwrap()[1000..], [0; 10]);
}

#[test]
fn a_refused_chunk_can_be_fetched_again() {
    let (file, header, chunks) = encrypt(FileSuite::ChaCha20Poly1305, &content(CHUNK_BYTES + 5));
    let mut decryptor = Decryptor::new(&file, &header).unwrap();
    decryptor.chunk(&chunks[0]).unwrap();
    let mut damaged = chunks[1].clone();
    damaged[0] ^= 1;
    assert!(decryptor.chunk(&damaged).is_err());
    assert_eq!(decryptor.chunk(&chunks[1]).unwrap().as_slice(), &content(CHUNK_BYTES + 5)[CHUNK_BYTES..]);
    assert_eq!((decryptor.next_bytes(), decryptor.finish()), (None, Ok(())));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_sent() {
    let new = || Encryptor::new(FileSuite::Aes256Gcm, 10, &mut rng(1)).unwrap().0;
    assert_eq!(new().chunk(&[0; 9]), Err(AttachmentError::Length));
    assert_eq!(new().chunk(&[0; 11]), Err(AttachmentError::Length));
    assert_eq!(new().finish(), Err(AttachmentError::Length));
    let mut whole = new();
    whole.chunk(&[0; 10]).unwrap();
    assert_eq!(whole.chunk(&[]), Err(AttachmentError::Length));
}

#[test]
fn the_limit_is_exact() {
    assert!(Encryptor::new(FileSuite::Aes256Gcm, MAX_FILE_BYTES, &mut rng(1)).is_ok());
    let longer = Encryptor::new(FileSuite::Aes256Gcm, MAX_FILE_BYTES + 1, &mut rng(1));
    assert_eq!(longer.unwrap_err(), AttachmentError::TooLong);
    assert_eq!(blob_bytes(MAX_FILE_BYTES + 1), None);
    assert_eq!(Layout::of(u64::MAX).map(|layout| layout.chunks), None);
}

#[test]
fn each_file_has_its_own_key() {
    let key = |seed| {
        let (mut encryptor, _) = Encryptor::new(FileSuite::Aes256Gcm, 0, &mut rng(seed)).unwrap();
        encryptor.chunk(&[]).unwrap();
        encryptor.finish().unwrap().key
    };
    assert_ne!(key(1), key(2));
}

fn attachment() -> Attachment {
    Attachment {
        file: encrypt(FileSuite::ChaCha20Poly1305, b"hello").0,
        blob: BlobId([7; 16]),
        name: "Holiday.jpg".into(),
        media_type: "image/jpeg".into(),
        width: Some(640),
        height: Some(480),
        duration_ms: None,
        thumbnail: Some(Thumbnail(vec![1, 2, 3])),
    }
}

#[test]
fn debug_shows_neither_keys_nor_names() {
    let attachment = attachment();
    assert_eq!(format!("{:?}", attachment.file), "FileKey(ChaCha20Poly1305, 5 bytes)");
    assert_eq!(
        format!("{attachment:?}"),
        "Attachment(BlobId(07070707…), FileKey(ChaCha20Poly1305, 5 bytes))"
    );
    assert_eq!(format!("{:?}", Thumbnail(vec![9; 3])), "Thumbnail(3 bytes)");
    let (encryptor, header) = Encryptor::new(FileSuite::Aes256Gcm, 0, &mut rng(1)).unwrap();
    assert_eq!(format!("{encryptor:?}"), "Encryptor(chunk 0 of 1)");
    let file = FileKey { suite: FileSuite::Aes256Gcm, ..attachment.file };
    assert_eq!(format!("{:?}", Decryptor::new(&file, &header).unwrap()), "Decryptor(chunk 0 of 1)");
}

#[test]
fn descriptions_come_back_and_their_limits_hold() {
    let good = attachment();
    let bytes = good.encode().unwrap();
    assert_eq!(Attachment::decode(&bytes), Ok(good.clone()));
    for len in 0..bytes.len() {
        assert_eq!(Attachment::decode(&bytes[..len]), Err(DescriptorError));
    }
    assert_eq!(Attachment::decode(&[&bytes[..], &[0]].concat()), Err(DescriptorError));
    let named = |name: &str| Attachment { name: name.into(), ..good.clone() };
    for name in ["a", "Ä ö.txt", "..x", &"ä".repeat(NAME_CHARS)] {
        let bytes = named(name).encode().unwrap();
        assert_eq!(Attachment::decode(&bytes), Ok(named(name)));
    }
    for name in
        ["", ".", "..", "../a", "a\\b", "a\0", "a\nb", "a\u{202e}gpj.exe", &"a".repeat(NAME_CHARS + 1)]
    {
        assert_eq!(named(name).encode(), Err(DescriptorError), "{name:?}");
    }
    for media_type in ["a".repeat(MEDIA_TYPE_BYTES + 1), "image png".into(), "ä/b".into()] {
        assert!(Attachment { media_type, ..good.clone() }.encode().is_err());
    }
    let picture = |len| Attachment { thumbnail: Some(Thumbnail(vec![0; len])), ..good.clone() };
    assert!(picture(THUMBNAIL_BYTES).encode().is_ok());
    assert!(picture(THUMBNAIL_BYTES + 1).encode().is_err());
    let long = FileKey { content_bytes: MAX_FILE_BYTES + 1, ..good.file.clone() };
    assert!(Attachment { file: long, ..good.clone() }.encode().is_err());
    // The suite: behind the key (34 bytes), the blob (17) and the head of the array.
    let mut other_suite = bytes.to_vec();
    assert_eq!(other_suite[1 + 34 + 17], 1);
    other_suite[1 + 34 + 17] = 3;
    assert_eq!(Attachment::decode(&other_suite), Err(DescriptorError));
}

proptest! {
    #[test]
    fn any_description_is_refused_or_canonical(bytes in altered(attachment().encode().unwrap().to_vec())) {
        if let Ok(attachment) = Attachment::decode(&bytes) {
            prop_assert_eq!(attachment.encode().unwrap().to_vec(), bytes);
        }
    }

    #[test]
    fn layouts_add_up(content in 0..=MAX_FILE_BYTES) {
        let layout = Layout::of(content).unwrap();
        prop_assert!(layout.padded >= content && layout.padded <= content.saturating_mul(112) / 100 + 4096);
        let (last_content, last_zeros) = layout.chunk(layout.chunks - 1).unwrap();
        let before = u64::from(layout.chunks - 1) * CHUNK;
        prop_assert_eq!(before + (last_content + last_zeros) as u64, layout.padded);
        prop_assert!(last_content + last_zeros > 0);
        prop_assert_eq!(layout.chunk(layout.chunks), None);
    }

    #[test]
    fn small_files_round_trip(content in proptest::collection::vec(any::<u8>(), 0..5000), aes: bool) {
        let suite = if aes { FileSuite::Aes256Gcm } else { FileSuite::ChaCha20Poly1305 };
        let (file, header, chunks) = encrypt(suite, &content);
        prop_assert_eq!(decrypt(&file, &header, &chunks).unwrap(), content);
    }
}
