//! Root keys, vaults, wraps, account data.

use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed, flipped, hex, refused, variant};
use crate::account::{
    RootKey, Vault, VaultKey, WrapMethod, open_account_data, open_vault, seal_account_data, seal_vault,
    unwrap_vault_key, wrap_vault_key,
};
use crate::identity::IdentityKey;
use crate::ids::{AccountId, RoomId};
use crate::mark::{open_own_mark, seal_own_mark};
use crate::seal::OpenError;
use crate::secret::SymmetricKey;

const ACCOUNT: AccountId = AccountId([0x0a; 16]);

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    match case.text("op")? {
        "root" => run_root(case),
        "vault" => run_vault(case),
        "wrap" => run_wrap(case),
        "data" => run_data(case),
        "mark" => run_mark(case),
        _ => Err(broken("no such op")),
    }
}

fn run_root(case: &Case<'_>) -> Result<(), Failure> {
    let root = RootKey::new(0, case.key("root")?);
    case.expect_bytes("keyring", root.keyring_key().expose())?;
    case.expect_bytes("snapshot", root.snapshot_key().expose())?;
    case.expect_bytes("account_data", root.account_data_key().expose())?;
    case.expect_bytes("key_package", root.key_package_key().expose())?;
    case.expect_bytes("cache", root.cache_key().expose())?;
    case.expect_bytes("own_mark", root.own_mark_key().expose())?;
    case.expect_bytes("data_name", &root.account_data_name(case.text("data")?))
}

fn account(case: &Case<'_>) -> Result<AccountId, Failure> {
    case.array("account").map(AccountId)
}

fn vault(case: &Case<'_>, identity: IdentityKey) -> Result<Vault, Failure> {
    let roots = case.list("roots")?.iter().map(|root| {
        let root = Case(root);
        Ok(RootKey::new(root.number_u32("generation")?, root.key("key")?))
    });
    let retired = case
        .list("retired")
        .unwrap_or_default()
        .iter()
        .map(|key| Case(key).array("seed").map(IdentityKey::from_seed));
    let retired = retired.collect::<Result<_, Failure>>()?;
    Vault::from_parts(identity, roots.collect::<Result<_, Failure>>()?)
        .and_then(|vault| vault.with_earlier_identities(retired))
        .ok_or_else(|| broken("no vault"))
}

fn identity(case: &Case<'_>) -> Result<IdentityKey, Failure> {
    case.array("identity_seed").map(IdentityKey::from_seed)
}

/// Account data depends on the root keys alone.
fn any_identity() -> IdentityKey {
    IdentityKey::from_seed(fixed("any identity"))
}

fn run_vault(case: &Case<'_>) -> Result<(), Failure> {
    let (key, account, version) = (VaultKey::from(case.key("key")?), account(case)?, case.number("version")?);
    let opened = open_vault(&case.bytes("sealed")?, &key, account, version).map_err(refused)?;
    let expected = vault(case, identity(case)?)?;
    let identities = |vault: &Vault| -> Vec<_> {
        vault.earlier_identities().iter().chain([vault.identity()]).map(IdentityKey::public).collect()
    };
    if identities(&opened) != identities(&expected) || !opened.roots().eq(expected.roots()) {
        return Err(broken("another vault was opened"));
    }
    let mut rng = case.playback("salt")?;
    case.expect_bytes("sealed", &seal_vault(&opened, &key, account, version, &mut rng).map_err(refused)?)?;
    rng.finish()
}

fn run_wrap(case: &Case<'_>) -> Result<(), Failure> {
    let (wrapping, account, version) = (case.key("wrapping")?, account(case)?, case.number("version")?);
    let method = match case.text("method")? {
        "opaque" => WrapMethod::Opaque,
        "recovery" => WrapMethod::Recovery,
        "place" => WrapMethod::Place,
        _ => return Err(broken("no such method")),
    };
    let opened =
        unwrap_vault_key(&case.bytes("sealed")?, method, &wrapping, account, version).map_err(refused)?;
    if opened != VaultKey::from(case.key("key")?) {
        return Err(broken("another vault key was unwrapped"));
    }
    let mut rng = case.playback("salt")?;
    let again = wrap_vault_key(&opened, method, &wrapping, account, version, &mut rng).map_err(refused)?;
    case.expect_bytes("sealed", &again)?;
    rng.finish()
}

fn run_data(case: &Case<'_>) -> Result<(), Failure> {
    let vault = vault(case, any_identity())?;
    let (account, version) = (account(case)?, case.number("version")?);
    let name = case.text("data")?;
    let opened =
        open_account_data(&vault, account, name, version, &case.bytes("sealed")?).map_err(refused)?;
    case.expect_bytes("plaintext", &opened)?;
    let mut rng = case.playback("salt")?;
    let again = seal_account_data(&vault, account, name, version, &opened, &mut rng).map_err(refused)?;
    case.expect_bytes("sealed", &again)?;
    rng.finish()
}

fn run_mark(case: &Case<'_>) -> Result<(), Failure> {
    let vault = vault(case, any_identity())?;
    let (account, room) = (account(case)?, case.array("room").map(RoomId)?);
    let opened = open_own_mark(&vault, account, room, &case.bytes("sealed")?).map_err(refused)?;
    case.expect_bytes("plaintext", &opened)?;
    let mut rng = case.playback("salt")?;
    case.expect_bytes("sealed", &seal_own_mark(&vault, account, room, &opened, &mut rng).map_err(refused)?)?;
    rng.finish()
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let mut cases = vec![make_root()];
    for (good, other) in [
        (make_vault()?, json!({ "key": hex(&fixed("another")) })),
        (make_wrap("opaque", WrapMethod::Opaque)?, json!({ "method": "recovery" })),
        (make_wrap("recovery", WrapMethod::Recovery)?, json!({ "wrapping": hex(&fixed("another")) })),
        (make_wrap("place", WrapMethod::Place)?, json!({ "method": "recovery" })),
        (make_data()?, json!({ "data": "contact" })),
    ] {
        let closed = OpenError.to_string();
        let (name, sealed) = (Case(&good).text("name")?, Case(&good).bytes("sealed")?);
        let mut refuse = |what: &str, changes: Value| {
            cases.push(variant(&good, &format!("{name}, {what}"), &closed, changes));
        };
        refuse("another key, method or name", other);
        refuse("of another account", json!({ "account": hex(&[0x0b; 16]) }));
        refuse("of the version before", json!({ "version": 6 }));
        refuse("with a flipped bit", json!({ "sealed": flipped(&sealed, 100) }));
        refuse("cut short", json!({ "sealed": hex(sealed.get(..100).unwrap_or_default()) }));
        cases.push(good);
    }
    let mark = make_mark()?;
    let sealed = Case(&mark).bytes("sealed")?;
    for (what, changes) in [
        ("of another account", json!({ "account": hex(&[0x0b; 16]) })),
        ("of another room", json!({ "room": hex(&[0x0b; 16]) })),
        ("with a flipped bit", json!({ "sealed": flipped(&sealed, 100) })),
        ("cut short", json!({ "sealed": hex(sealed.get(..100).unwrap_or_default()) })),
    ] {
        cases.push(variant(&mark, &format!("own mark, {what}"), &OpenError.to_string(), changes));
    }
    cases.push(mark);
    Ok(cases)
}

fn make_root() -> Value {
    let key = fixed("root");
    let root = RootKey::new(0, SymmetricKey::from_bytes(key));
    json!({
        "name": "root key", "op": "root", "expect": "ok", "root": hex(&key),
        "keyring": hex(root.keyring_key().expose()), "snapshot": hex(root.snapshot_key().expose()),
        "account_data": hex(root.account_data_key().expose()),
        "key_package": hex(root.key_package_key().expose()), "cache": hex(root.cache_key().expose()),
        "own_mark": hex(root.own_mark_key().expose()),
        "data": "contacts", "data_name": hex(&root.account_data_name("contacts")),
    })
}

/// Root keys after one rotation, as the members of a case.
fn fixed_roots() -> Value {
    json!({
        "roots": [
            { "generation": 0, "key": hex(&fixed("root")) },
            { "generation": 1, "key": hex(&fixed("second root")) },
        ],
        "retired": [{ "seed": hex(&fixed("first identity seed")) }],
    })
}

fn make_vault() -> Result<Value, Failure> {
    let (members, salt) = (fixed_roots(), fixed("vault salt"));
    let seed = fixed("identity seed");
    let vault = vault(&Case(&members), IdentityKey::from_seed(seed))?;
    let key = VaultKey::from(SymmetricKey::from_bytes(fixed("vault key")));
    let sealed = seal_vault(&vault, &key, ACCOUNT, 7, &mut Playback::new(salt.to_vec())).map_err(refused)?;
    let changes = json!({
        "op": "vault", "key": hex(&fixed("vault key")), "account": hex(&ACCOUNT.0), "version": 7,
        "identity_seed": hex(&seed), "salt": hex(&salt), "sealed": hex(&sealed),
    });
    Ok(variant(&members, "a vault", "ok", changes))
}

fn make_wrap(name: &str, method: WrapMethod) -> Result<Value, Failure> {
    let (key, wrapping) = (fixed("vault key"), SymmetricKey::from_bytes(fixed("wrapping key")));
    let salt = fixed(name);
    let vault_key = VaultKey::from(SymmetricKey::from_bytes(key));
    let mut rng = Playback::new(salt.to_vec());
    let sealed = wrap_vault_key(&vault_key, method, &wrapping, ACCOUNT, 7, &mut rng).map_err(refused)?;
    Ok(json!({
        "name": format!("a wrap for {name}"), "op": "wrap", "expect": "ok", "key": hex(&key), "method": name,
        "wrapping": hex(wrapping.expose()), "account": hex(&ACCOUNT.0), "version": 7,
        "salt": hex(&salt), "sealed": hex(&sealed),
    }))
}

fn make_data() -> Result<Value, Failure> {
    let members = json!({ "roots": [{ "generation": 1, "key": hex(&fixed("second root")) }] });
    let salt = fixed("data salt");
    let vault = vault(&Case(&members), any_identity())?;
    let mut rng = Playback::new(salt.to_vec());
    let sealed = seal_account_data(&vault, ACCOUNT, "contacts", 7, b"Mira", &mut rng).map_err(refused)?;
    let changes = json!({
        "op": "data", "account": hex(&ACCOUNT.0), "version": 7, "data": "contacts",
        "plaintext": hex(b"Mira"), "salt": hex(&salt), "sealed": hex(&sealed),
    });
    Ok(variant(&members, "account data", "ok", changes))
}

fn make_mark() -> Result<Value, Failure> {
    let members = json!({ "roots": [{ "generation": 1, "key": hex(&fixed("second root")) }] });
    let (salt, room) = (fixed("mark salt"), RoomId([0x0c; 16]));
    let vault = vault(&Case(&members), any_identity())?;
    // [7, false, "hello", 1000, 900]
    let plaintext: &[u8] = &[0x85, 7, 0xf4, 0x65, b'h', b'e', b'l', b'l', b'o', 0x19, 3, 232, 0x19, 3, 132];
    let mut rng = Playback::new(salt.to_vec());
    let sealed = seal_own_mark(&vault, ACCOUNT, room, plaintext, &mut rng).map_err(refused)?;
    let changes = json!({
        "op": "mark", "account": hex(&ACCOUNT.0), "room": hex(&room.0), "plaintext": hex(plaintext),
        "salt": hex(&salt), "sealed": hex(&sealed),
    });
    Ok(variant(&members, "own mark", "ok", changes))
}
