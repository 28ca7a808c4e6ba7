//! JSON bodies of the account calls: whole or not at all.

use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use waxwing_wire::{
    AccountId, Opaque,
    account::{
        CredentialsChange, CredentialsStart, Empty, KsfParams, LoginFinish, LoginStart, LoginTotp,
        RegisterConfirm, RegisterFinish, RegisterStart,
    },
};

const KSF: KsfParams = KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };

fn opaque() -> Opaque {
    Opaque(vec![0xfb, 0xff, 0])
}

/// Survives, loses no field, and takes no other.
fn check<T: Serialize + DeserializeOwned>(body: &T, optional: &[&str]) {
    let whole = serde_json::to_value(body).unwrap();
    let again: T = serde_json::from_value(whole.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), whole);
    let fields = whole.as_object().unwrap();
    for name in fields.keys() {
        let mut less = fields.clone();
        less.remove(name);
        let taken = serde_json::from_value::<T>(Value::Object(less)).is_ok();
        assert_eq!(taken, optional.contains(&name.as_str()), "without {name}");
    }
    let mut more = fields.clone();
    more.insert("admin".into(), json!(true));
    assert!(serde_json::from_value::<T>(Value::Object(more)).is_err());
}

#[test]
fn requests_take_exactly_their_fields() {
    let (text, bytes) = (|| "text".to_owned(), opaque);
    let setup_token = Some(text());
    check(&RegisterStart { username: text(), opaque_request: bytes(), setup_token }, &["setup_token"]);
    let finish = RegisterFinish {
        registration: text(),
        opaque_upload: bytes(),
        ksf: KSF,
        account: AccountId([1; 16]),
        identity_key: bytes(),
        vault: bytes(),
        wrap_opaque: bytes(),
        wrap_recovery: bytes(),
    };
    check(&finish, &[]);
    check(&RegisterConfirm { registration: text(), code: text() }, &[]);
    check(&LoginStart { username: text(), opaque_request: bytes() }, &[]);
    check(&LoginFinish { login: text(), opaque_finalization: bytes() }, &[]);
    check(&LoginTotp { login: text(), code: text() }, &[]);
    check(&CredentialsStart { proof: bytes(), opaque_request: bytes() }, &[]);
    let change = CredentialsChange {
        proof: bytes(),
        opaque_upload: bytes(),
        ksf: KSF,
        vault: bytes(),
        vault_version: 2,
        wrap_opaque: bytes(),
        wrap_recovery: bytes(),
        identity_key: bytes(),
        statement: Some(bytes()),
        key_package: Some(bytes()),
    };
    check(&change, &["statement", "key_package"]);
    check(&Empty {}, &[]);
    check(&KSF, &[]);
}

proptest! {
    #[test]
    fn a_change_of_credentials_survives(
        bytes in vec(vec(any::<u8>(), 0..40), 6),
        version: u64,
        statement in option::of(vec(any::<u8>(), 0..40)),
    ) {
        let part = |number: usize| Opaque(bytes[number].clone());
        let change = CredentialsChange {
            proof: part(0),
            opaque_upload: part(1),
            ksf: KSF,
            vault: part(2),
            vault_version: version,
            wrap_opaque: part(3),
            wrap_recovery: part(4),
            identity_key: part(5),
            statement: statement.map(Opaque),
            key_package: None,
        };
        let text = serde_json::to_string(&change).unwrap();
        let again: CredentialsChange = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
        prop_assert_eq!(again.vault_version, version);
        prop_assert_eq!(again.statement, change.statement);
    }

    #[test]
    fn noise_is_refused(text in ".{0,60}") {
        prop_assert!(serde_json::from_str::<CredentialsChange>(&text).is_err());
        prop_assert!(serde_json::from_str::<RegisterFinish>(&text).is_err());
    }
}
