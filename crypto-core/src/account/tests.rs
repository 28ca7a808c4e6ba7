use super::*;
use crate::altered::altered;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ACCOUNT: AccountId = AccountId([1; 16]);
const OTHER: AccountId = AccountId([2; 16]);

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn vault() -> Vault {
    Vault::generate(&mut rng(1))
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(
        format!(
            "{:?}",
            Vault::from_parts(
                IdentityKey::from_seed([7; 32]),
                vec![RootKey::new(3, SymmetricKey::from_bytes([1; 32]))]
            )
        ),
        "Some(Vault { identity: IdentityKey(public ea4a6c63…), current: RootKey(generation 3), .. })"
    );
    assert_eq!(format!("{:?}", VaultKey::random(&mut rng(2))), "VaultKey(..)");
}

#[test]
fn every_purpose_has_its_own_key() {
    let root = RootKey::new(0, SymmetricKey::from_bytes([1; 32]));
    let keys = [
        root.keyring_key(),
        root.snapshot_key(),
        root.account_data_key(),
        root.key_package_key(),
        root.cache_key(),
    ];
    for (i, a) in keys.iter().enumerate() {
        assert_ne!(a, &root.key);
        assert!(keys.iter().skip(i + 1).all(|b| a != b));
    }
    assert_ne!(root.account_data_name("a"), root.account_data_name("b"));
    assert_ne!(
        root.account_data_name("a"),
        RootKey::new(0, SymmetricKey::from_bytes([2; 32])).account_data_name("a")
    );
}

#[test]
fn a_vault_opens_for_its_account_and_version_only() {
    let key = VaultKey::random(&mut rng(2));
    let sealed = seal_vault(&vault(), &key, ACCOUNT, 7, &mut rng(3)).unwrap();
    let opened = open_vault(&sealed, &key, ACCOUNT, 7).unwrap();
    assert_eq!(opened.identity().public(), vault().identity().public());
    assert_eq!(opened.current_root(), vault().current_root());
    assert_eq!(open_vault(&sealed, &key, ACCOUNT, 6).unwrap_err(), OpenError, "rolled back");
    assert_eq!(open_vault(&sealed, &key, OTHER, 7).unwrap_err(), OpenError);
    assert_eq!(open_vault(&sealed, &VaultKey::random(&mut rng(4)), ACCOUNT, 7).unwrap_err(), OpenError);
}

#[test]
fn a_wrap_opens_for_its_method_only() {
    let (key, wrapping) = (VaultKey::random(&mut rng(2)), SymmetricKey::random(&mut rng(3)));
    let wrapped = wrap_vault_key(&key, WrapMethod::Opaque, &wrapping, ACCOUNT, 1, &mut rng(4)).unwrap();
    let unwrap = |method, account, version| unwrap_vault_key(&wrapped, method, &wrapping, account, version);
    assert_eq!(unwrap(WrapMethod::Opaque, ACCOUNT, 1), Ok(key));
    assert_eq!(unwrap(WrapMethod::Recovery, ACCOUNT, 1), Err(OpenError));
    assert_eq!(unwrap(WrapMethod::Opaque, OTHER, 1), Err(OpenError));
    assert_eq!(unwrap(WrapMethod::Opaque, ACCOUNT, 2), Err(OpenError));
}

#[test]
fn rotation_changes_every_key_and_still_opens_old_data() {
    let old = vault();
    let entry = seal_account_data(&old, ACCOUNT, "contacts", 1, b"Mira", &mut rng(2)).unwrap();
    let new = old.rotate(&mut rng(3)).unwrap();
    assert_ne!(new.identity().public(), old.identity().public());
    assert_eq!(new.current_root().generation(), 1);
    assert_ne!(new.current_root().keyring_key(), old.current_root().keyring_key());
    assert_eq!(open_account_data(&new, ACCOUNT, "contacts", 1, &entry).unwrap().as_slice(), b"Mira");

    let resealed = seal_account_data(&new, ACCOUNT, "contacts", 2, b"Mira", &mut rng(2)).unwrap();
    assert_eq!(resealed[..4], [0, 0, 0, 1]);
    assert!(open_account_data(&old, ACCOUNT, "contacts", 2, &resealed).is_err(), "a thief of the old vault");
}

#[test]
fn a_vault_keeps_its_latest_earlier_identities() {
    let first = vault();
    let second = first.rotate(&mut rng(2)).unwrap();
    let known = |vault: &Vault, of: &Vault| vault.identity_of(&of.identity().public()).is_some();
    assert!(known(&second, &first) && known(&second, &second) && !known(&first, &second));
    let mut last = second;
    for n in 0..MAX_EARLIER_IDENTITIES as u64 {
        last = last.rotate(&mut rng(10 + n)).unwrap();
    }
    assert_eq!(last.earlier_identities().len(), MAX_EARLIER_IDENTITIES);
    assert!(!known(&last, &first), "the oldest goes first");
    let decoded: Vault = from_cbor(&last.encode()).unwrap();
    let publics =
        |vault: &Vault| vault.earlier_identities().iter().map(IdentityKey::public).collect::<Vec<_>>();
    assert_eq!(publics(&decoded), publics(&last));
}

#[test]
fn account_data_opens_under_its_name_version_and_generation_only() {
    let vault = vault().rotate(&mut rng(2)).unwrap();
    let sealed = seal_account_data(&vault, ACCOUNT, "name", 5, b"x", &mut rng(3)).unwrap();
    assert!(open_account_data(&vault, ACCOUNT, "name", 5, &sealed).is_ok());
    assert!(open_account_data(&vault, ACCOUNT, "nam", 5, &sealed).is_err());
    assert!(open_account_data(&vault, ACCOUNT, "name", 4, &sealed).is_err());
    assert!(open_account_data(&vault, OTHER, "name", 5, &sealed).is_err());
    for generation in [0, 2, u32::MAX] {
        let mut changed = sealed.clone();
        changed[..4].copy_from_slice(&u32::to_be_bytes(generation));
        assert!(open_account_data(&vault, ACCOUNT, "name", 5, &changed).is_err(), "{generation}");
    }
    assert!(open_account_data(&vault, ACCOUNT, "name", 5, &[0; 3]).is_err());
}

#[test]
fn decoding_refuses_what_no_vault_is() {
    let good = vault().encode();
    assert!(from_cbor::<Vault>(&good).is_ok());
    for len in 0..good.len() {
        assert!(from_cbor::<Vault>(&good[..len]).is_err(), "{len}");
    }
    assert!(from_cbor::<Vault>(&[&good[..], &[0]].concat()).is_err(), "trailing byte");
    let mut format = good.to_vec();
    format[1] = 2;
    assert!(from_cbor::<Vault>(&format).is_err(), "unknown format");

    let head = [&[0x84, 1, 0x58, 32][..], &[7; 32]].concat();
    let root = |generation: u8| [&[0x82, generation, 0x58, 32][..], &[9; 32]].concat();
    let with = |roots: &[u8]| from_cbor::<Vault>(&[&head[..], roots, &[0x80]].concat());
    assert!(with(&[&[0x81][..], &root(0)].concat()).is_ok());
    assert!(with(&[0x80]).is_err(), "no root key");
    assert!(with(&[&[0x82][..], &root(1), &root(1)].concat()).is_err(), "one generation twice");
    assert!(with(&[&[0x82][..], &root(2), &root(1)].concat()).is_err(), "descending");
    assert!(with(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err(), "a count beyond memory");
    assert!(with(&[0x9f, 0xff]).is_err(), "indefinite length");

    let retired = |keys: &[u8]| from_cbor::<Vault>(&[&head[..], &[0x81], &root(0), keys].concat());
    let seed = [&[0x58, 32][..], &[5; 32]].concat();
    assert_eq!(retired(&[&[0x81][..], &seed].concat()).unwrap().earlier_identities().len(), 1);
    assert!(retired(&[&[0x82][..], &seed].concat()).is_err(), "one key too few");
    assert!(retired(&[&[0x91][..], &seed.repeat(17)].concat()).is_err(), "one key too many");
    assert!(retired(&[]).is_err(), "no list");
}

#[test]
fn a_full_vault_does_not_rotate() {
    let roots = (0..MAX_ROOTS).map(|n| RootKey::new(n as u32, SymmetricKey::from_bytes([1; 32]))).collect();
    let vault = Vault::from_parts(IdentityKey::from_seed([1; 32]), roots).unwrap();
    assert_eq!(vault.rotate(&mut rng(1)).unwrap_err(), VaultFull);
    let decoded: Vault = from_cbor(&vault.encode()).unwrap();
    assert_eq!(decoded.roots().count(), MAX_ROOTS);
    let last = RootKey::new(u32::MAX, SymmetricKey::from_bytes([1; 32]));
    let vault = Vault::from_parts(IdentityKey::from_seed([1; 32]), vec![last]).unwrap();
    assert_eq!(vault.rotate(&mut rng(1)).unwrap_err(), VaultFull);
}

proptest! {
    #[test]
    fn vaults_round_trip(seed in any::<u64>(), rotations in 0usize..6) {
        let mut rng = rng(seed);
        let mut vault = Vault::generate(&mut rng);
        for _ in 0..rotations {
            vault = vault.rotate(&mut rng).unwrap();
        }
        let encoded = vault.encode();
        let decoded: Vault = from_cbor(&encoded).unwrap();
        prop_assert_eq!(decoded.encode(), encoded);
        prop_assert_eq!(decoded.roots().count(), rotations + 1);
    }

    #[test]
    fn whatever_is_altered_is_refused_or_a_vault(bytes in altered(vault().encode().to_vec())) {
        if let Ok(vault) = from_cbor::<Vault>(&bytes) {
            let generations: Vec<u32> = vault.roots().map(RootKey::generation).collect();
            prop_assert!(!generations.is_empty() && generations.is_sorted_by(|a, b| a < b));
            prop_assert!(generations.len() <= MAX_ROOTS);
            let encoded = vault.encode();
            prop_assert_eq!(from_cbor::<Vault>(&encoded).unwrap().encode(), encoded);
        }
    }
}
