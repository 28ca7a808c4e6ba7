//! JSON bodies of the account calls: whole or not at all.

use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use waxwing_wire::{
    AccountId, Opaque,
    account::{
        AccountStatus, CredentialsChange, CredentialsStart, Empty, EndSession, KsfParams, LoggedIn,
        LoginFinish, LoginStart, LoginTotp, Proof, RecoverFinish, RecoverStart, RecoveredTotp, RecoveryCodes,
        RegisterConfirm, RegisterFinish, RegisterStart, Registered, SessionInfo, TotpChange,
    },
    admin::{Announce, ChangeSettings, Level, MakeInvite, Reason, Resolve},
    ids::{SessionId, TokenHash},
};

const KSF: KsfParams = KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };

const HASH: TokenHash = TokenHash([8; 32]);

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
fn requests_of_administrators_take_exactly_their_fields() {
    let text = || "text".to_owned();
    check(&Reason { reason: Some(text()) }, &["reason"]);
    check(&MakeInvite { uses: 3, expires_at_ms: Some(5), note: Some(text()) }, &["expires_at_ms", "note"]);
    check(&Announce { text: text(), level: Level::Info, expires_at_ms: Some(5) }, &["expires_at_ms"]);
    check(&Resolve { remove_message: true }, &[]);
    let all = [
        "name",
        "registration",
        "guests",
        "totp",
        "sessions",
        "messages_per_second",
        "session_idle_hours",
        "session_hours",
    ];
    let change = ChangeSettings {
        name: Some(Some(text())),
        registration: Some(None),
        guests: Some(Some(false)),
        totp: Some(None),
        sessions: Some(None),
        messages_per_second: Some(Some(1)),
        session_idle_hours: Some(Some(1)),
        session_hours: Some(None),
    };
    check(&change, &all);
}

#[test]
fn requests_take_exactly_their_fields() {
    let (text, bytes) = (|| "text".to_owned(), opaque);
    let (setup_token, invite, device) = (Some(text()), Some(text()), || Some(text()));
    let start = RegisterStart { username: text(), opaque_request: bytes(), setup_token, invite };
    check(&start, &["setup_token", "invite"]);
    let finish = RegisterFinish {
        registration: text(),
        opaque_upload: bytes(),
        ksf: KSF,
        account: AccountId([1; 16]),
        identity_key: bytes(),
        vault: bytes(),
        wrap_opaque: bytes(),
        wrap_recovery: bytes(),
        recovery_token_hash: HASH,
    };
    check(&finish, &[]);
    let confirm = RegisterConfirm { registration: text(), code: Some(text()), device: device() };
    check(&confirm, &["code", "device"]);
    check(&LoginStart { username: text(), opaque_request: bytes() }, &[]);
    check(&LoginFinish { login: text(), opaque_finalization: bytes() }, &[]);
    check(&LoginTotp { login: text(), code: Some(text()), device: device() }, &["code", "device"]);
    check(&RecoverStart { username: text(), token: bytes(), opaque_request: bytes() }, &[]);
    let finish = RecoverFinish {
        recovery: text(),
        opaque_upload: bytes(),
        ksf: KSF,
        vault: bytes(),
        vault_version: 2,
        wrap_opaque: bytes(),
        wrap_recovery: bytes(),
        recovery_token_hash: HASH,
        totp: RecoveredTotp::New,
        code: Some(text()),
        device: device(),
    };
    check(&finish, &["code", "device"]);
    check(&Proof { proof: bytes() }, &[]);
    check(&TotpChange { proof: bytes(), code: text() }, &[]);
    check(&EndSession { id: SessionId([2; 16]) }, &[]);
    check(&CredentialsStart { proof: bytes(), opaque_request: bytes() }, &[]);
    let change = CredentialsChange {
        proof: bytes(),
        opaque_upload: bytes(),
        ksf: KSF,
        vault: bytes(),
        vault_version: 2,
        wrap_opaque: bytes(),
        wrap_recovery: bytes(),
        recovery_token_hash: HASH,
        identity_key: bytes(),
        statement: Some(bytes()),
        key_package: Some(bytes()),
    };
    check(&change, &["statement", "key_package"]);
    check(&Empty {}, &[]);
    check(&KSF, &[]);
}

#[test]
fn debug_shows_no_codes_and_tokens() {
    let secret = || "secret-word".to_owned();
    let account = AccountId([1; 16]);
    let status = AccountStatus::Active;
    let session = SessionInfo {
        account,
        username: "mira".into(),
        administrator: false,
        status,
        totp: true,
        recovery_codes_left: 10,
        guest: false,
    };
    let (token, recovery_codes) = (Some(secret()), vec![secret()]);
    let registered = Registered { session: session.clone(), recovery_codes, token };
    let logged_in = LoggedIn {
        session,
        vault: opaque(),
        vault_version: 1,
        wrap_opaque: opaque(),
        proof: opaque(),
        recovery_codes: vec![secret()],
        notices: Vec::new(),
        token: Some(secret()),
    };
    let shown = [
        format!("{registered:?}"),
        format!("{logged_in:?}"),
        format!("{:?}", RecoveryCodes { recovery_codes: vec![secret()] }),
        format!("{:?}", RegisterConfirm { registration: "r".into(), code: Some(secret()), device: None }),
        format!("{:?}", LoginTotp { login: "l".into(), code: Some(secret()), device: None }),
        format!(
            "{:?}",
            RegisterStart {
                username: "mira".into(),
                opaque_request: opaque(),
                setup_token: Some(secret()),
                invite: Some(secret())
            }
        ),
        format!("{:?}", TotpChange { proof: opaque(), code: secret() }),
    ];
    assert!(shown.iter().all(|text| !text.is_empty() && !text.contains("secret")), "{shown:?}");
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
            recovery_token_hash: HASH,
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
