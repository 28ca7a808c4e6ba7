//! What people paste or the relay hands out in the clear: recovery keys, links, names of rooms, public keys, statements, parameters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_core::OsRng;
use waxwing_crypto_core::{
    account::{WrapMethod, open_account_data, open_vault, unwrap_vault_key, VaultKey, Vault},
    hpke::HpkePublicKey,
    identity::IdentityKey,
    ids::{AccountId, EpochId, RoomId},
    login::{KsfParams, LoginStart, Purpose},
    place::PlaceCode,
    recovery::RecoveryKey,
    room::{Doorway, InviteLink, JoinSecret},
    room_password,
    secret::SymmetricKey,
    trust::{ContactLink, IdentityChange},
};

fuzz_target!(|data: &[u8]| {
    if let Ok(link) = InviteLink::from_bytes(data) {
        assert_eq!(link.to_bytes().as_slice(), data);
    }
    let _ = HpkePublicKey::from_slice(data);
    let _ = IdentityChange::open(data);
    let account = AccountId([1; 16]);
    let key = SymmetricKey::from_bytes([2; 32]);
    let method = WrapMethod::Recovery;
    assert!(unwrap_vault_key(data, method, &key, account, 1).is_err());
    assert!(open_vault(data, &VaultKey::from(key), account, 1).is_err());
    let secret = JoinSecret::from_seed(SymmetricKey::from_bytes([3; 32]));
    let own = [data.to_vec()];
    assert!(Doorway::open(RoomId([1; 16]), EpochId([1; 32]), &secret, &own, &own).is_err());
    // Parameters that are allowed would cost seconds; all others are refused before anything is stretched.
    if let (Some(numbers), Ok((login, _))) = (data.first_chunk::<12>(), LoginStart::new(b"password", &mut OsRng)) {
        let number = |at: usize| u32::from_le_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
        let params = KsfParams { memory_kib: number(0), iterations: number(4), parallelism: number(8) };
        let purpose = Purpose::Account { username: "mira" };
        if params.check().is_err() {
            assert!(login.finish(b"password", data, purpose, params, &mut OsRng).is_err());
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = RecoveryKey::parse(text) {
        assert!(RecoveryKey::parse(&key.to_text()).is_ok());
    }
    if let Ok(code) = PlaceCode::parse(text) {
        assert!(PlaceCode::parse(&code.to_text()).is_ok());
    }
    let password = room_password::RoomPassword::typed(text);
    assert_eq!(room_password::RoomPassword::typed(password.expose()), password, "read once, read always");
    let _ = password.strength();
    if let Ok(link) = ContactLink::parse(text) {
        let _ = link.is_of(account, &IdentityKey::from_seed([4; 32]).public());
        assert!(ContactLink::parse(&link.to_text()).is_ok());
    }
    if let Some(name) = room_password::normalise(text) {
        assert_eq!(room_password::normalise(&name), Some(name), "normal once, normal always");
    }
    thread_local!(static VAULT: Vault = Vault::generate(&mut OsRng));
    VAULT.with(|vault| assert!(open_account_data(vault, account, text, 1, data).is_err()));
});
