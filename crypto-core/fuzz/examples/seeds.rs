//! Writes the seeds of the fuzz targets: what real clients encode.

use std::fs;

use rand_core::OsRng;
use waxwing_crypto_core::{
    ids::{AccountId, RoomId},
    identity::IdentityKey,
    recovery::RecoveryKey,
    room::{InviteLink, JoinSecret, fuzzing::Rooms},
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
    write("texts", "room_name", "  Ops   Room ".as_bytes());
}
