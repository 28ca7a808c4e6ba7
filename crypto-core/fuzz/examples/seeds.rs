//! Writes the seeds of the fuzz targets: what real clients encode.

use std::fs;

use rand_core::OsRng;
use waxwing_crypto_core::{
    attachment::{Attachment, BlobId, Encryptor, FileSuite, Thumbnail},
    identity::IdentityKey,
    ids::{AccountId, RoomId},
    place::PlaceCode,
    published::PublishedKeyPackage,
    recovery::RecoveryKey,
    room::{InviteLink, JoinSecret, fuzzing::Rooms},
    room_password::RoomPassword,
    trust::{ContactLink, IdentityChange},
};

fn write(target: &str, name: &str, bytes: &[u8]) {
    let directory = format!("{}/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(format!("{directory}/{name}"), bytes).expect("a file");
}

fn main() {
    let rooms = Rooms::new(&mut OsRng).expect("our own client works");
    for (target, name, bytes) in rooms.seeds() {
        write(target, name, bytes);
    }
    let secret = JoinSecret::generate(&mut OsRng);
    let link = InviteLink { room: RoomId([1; 16]), secret, creator: [2; 16] };
    write("texts", "invite", &link.to_bytes());
    write("texts", "recovery", RecoveryKey::random(&mut OsRng).to_text().as_bytes());
    let [old, new] = [1, 2].map(|n| IdentityKey::from_seed([n; 32]));
    write("texts", "contact", ContactLink::new(AccountId([1; 16]), &old.public()).to_text().as_bytes());
    write("texts", "change", &IdentityChange::sign(AccountId([1; 16]), &old, &new, 1));
    write("texts", "place", PlaceCode::random(&mut OsRng).to_text().as_bytes());
    write("texts", "password", RoomPassword::generate(&mut OsRng).expose().as_bytes());
    let published = PublishedKeyPackage { key_package: vec![7; 40], made_at_ms: 1 };
    write(
        "shown",
        "published",
        &[&[4], published.sign(AccountId([1; 16]), &IdentityKey::from_seed([6; 32])).as_slice()].concat(),
    );
    let (mut encryptor, header) = Encryptor::new(FileSuite::Aes256Gcm, 5, &mut OsRng).expect("a short file");
    let chunk = encryptor.chunk(b"hello").expect("all of it");
    write("shown", "blob", &[&[1, 1, 5, 0], header.as_slice(), &chunk].concat());
    let picture = Attachment {
        file: encryptor.finish().expect("all of it"),
        blob: BlobId([1; 16]),
        name: "a.png".to_owned(),
        media_type: "image/png".to_owned(),
        width: Some(1),
        height: Some(1),
        duration_ms: None,
        thumbnail: Some(Thumbnail(vec![1, 2, 3])),
    };
    write("shown", "descriptor", &[&[0], picture.encode().expect("within the limits").as_slice()].concat());
    write("shown", "file", b"\x02some content");
    write("texts", "room_name", "  Ops   Room ".as_bytes());
}
