//! What the account knows of others' identities: a fingerprint each, kept as account objects.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{
    identity::{IdentityPublicKey, fingerprint},
    ids,
};
use waxwing_wire::AccountId;
use zeroize::Zeroizing;

/// For so long after a new identity was accepted, rooms that still list the one before are not held against an account: its
/// rotation may not have reached them. 30 days.
const GRACE_MS: u64 = 30 * 24 * 3600 * 1000;

/// What is known of one account's identity.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Pin {
    #[n(0)]
    pub(crate) account: AccountId,
    /// Fingerprint of the identity key: all that a contact link tells.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) fingerprint: [u8; 32],
    /// It was compared by another way than the relay.
    #[n(2)]
    pub(crate) verified: bool,
    /// The one before that.
    #[n(3)]
    pub(crate) before: Option<Before>,
}

/// An identity that was replaced by an accepted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Before {
    #[cbor(n(0), with = "minicbor::bytes")]
    fingerprint: [u8; 32],
    /// When the newer one was accepted, milliseconds since 1970.
    #[n(1)]
    accepted_at_ms: u64,
}

/// How a key that an account shows relates to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is known of the account yet.
    New,
    /// It is the known key.
    Known { verified: bool },
    /// It is the one before the known one, not long after that was accepted.
    Before,
    /// It is another key.
    Changed,
}

/// Pins by account.
#[derive(Debug, Default)]
pub(crate) struct Pins(BTreeMap<AccountId, Pin>);

pub(crate) fn fingerprint_of(account: AccountId, key: &IdentityPublicKey) -> [u8; 32] {
    fingerprint(&ids::AccountId(account.0), key)
}

impl Pins {
    pub(crate) fn get(&self, account: &AccountId) -> Option<&Pin> {
        self.0.get(account)
    }

    pub(crate) fn set(&mut self, pin: Pin) {
        self.0.insert(pin.account, pin);
    }

    pub(crate) fn standing(&self, account: AccountId, key: &IdentityPublicKey, now_ms: u64) -> Standing {
        let Some(pin) = self.0.get(&account) else { return Standing::New };
        let shown = fingerprint_of(account, key);
        if pin.fingerprint == shown {
            return Standing::Known { verified: pin.verified };
        }
        let before = pin.before.as_ref().filter(|before| before.fingerprint == shown);
        match before {
            Some(before) if now_ms < before.accepted_at_ms.saturating_add(GRACE_MS) => Standing::Before,
            _ => Standing::Changed,
        }
    }

    /// The pin after a new key was accepted at this time.
    pub(crate) fn accepted(&self, account: AccountId, key: &IdentityPublicKey, now_ms: u64) -> Pin {
        let before = self.0.get(&account);
        Pin {
            account,
            fingerprint: fingerprint_of(account, key),
            verified: false,
            before: before.map(|pin| Before { fingerprint: pin.fingerprint, accepted_at_ms: now_ms }),
        }
    }
}

/// Pins of one account object; none if it is damaged, which the reader of the objects has noticed.
pub(crate) fn read(plain: &[u8]) -> Vec<Pin> {
    waxwing_wire::decode(plain).unwrap_or_default()
}

/// An account object with these pins in it.
pub(crate) fn merge(before: &[u8], pins: &[Pin]) -> Zeroizing<Vec<u8>> {
    let mut all: BTreeMap<AccountId, Pin> = read(before).into_iter().map(|pin| (pin.account, pin)).collect();
    all.extend(pins.iter().map(|pin| (pin.account, pin.clone())));
    Zeroizing::new(waxwing_wire::encode(&all.into_values().collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRA: AccountId = AccountId([7; 16]);

    fn key(n: u8) -> IdentityPublicKey {
        IdentityPublicKey([n; 32])
    }

    #[test]
    fn a_key_is_new_then_known_then_replaced_by_an_accepted_one() {
        let mut pins = Pins::default();
        assert_eq!(pins.standing(MIRA, &key(1), 0), Standing::New);
        pins.set(pins.accepted(MIRA, &key(1), 0));
        assert_eq!(pins.standing(MIRA, &key(1), 0), Standing::Known { verified: false });
        assert_eq!(pins.standing(MIRA, &key(2), 0), Standing::Changed);
        pins.set(pins.accepted(MIRA, &key(2), 10));
        assert_eq!(pins.standing(MIRA, &key(2), 10), Standing::Known { verified: false });
        assert_eq!(pins.standing(MIRA, &key(1), 10), Standing::Before);
        assert_eq!(pins.standing(MIRA, &key(1), 10 + GRACE_MS), Standing::Changed, "no longer");
        assert_eq!(pins.standing(AccountId([8; 16]), &key(1), 0), Standing::New);
    }

    #[test]
    fn what_two_sessions_learn_adds_up() {
        let pin = |n: u8, key: u8| Pin {
            account: AccountId([n; 16]),
            fingerprint: [key; 32],
            verified: key > 5,
            before: None,
        };
        let first = merge(&[], &[pin(2, 1), pin(1, 1)]);
        let both = merge(&first, &[pin(3, 1), pin(1, 9)]);
        assert_eq!(read(&both), [pin(1, 9), pin(2, 1), pin(3, 1)]);
        assert_eq!(merge(&both, &[pin(1, 9)]), both, "the same again changes nothing");
        assert!(read(b"damaged").is_empty());
    }
}
