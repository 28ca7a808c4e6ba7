//! Signals: short-lived signs of life such as "is typing", passed on to whoever is there and stored nowhere.
//!
//! ```text
//! signal    = [1, epoch, Seal(signal key of the epoch, type 20, L("Waxwing 1 signal", room, epoch, sender), inner)]
//! inner     = [sender, sent at (ms), kind, body, signature]
//! signature = Sign(IK, "Waxwing 1 signal", L("Waxwing 1 signal", version, room, epoch, sender, sent at u64, kind u16, body))
//! ```
//! Nothing orders signals or stops a relay that repeats one: a receiver compares `sent_at_ms` with the time and with what it had before.

use minicbor::{Decode, Encode};
use rand_core::CryptoRngCore;

use crate::identity::{IdentityKey, Signature};
use crate::ids::{AccountId, EpochId};
use crate::label::labelled;
use crate::room::{EpochKeys, Roster, codec};
use crate::seal::{SealError, SealType, open, seal};

const VERSION: u8 = 1;
const LABEL: &str = "Waxwing 1 signal";
/// Longest body in bytes.
pub const MAX_BODY_BYTES: usize = 1024;

/// A signal whose signature was checked, or that is to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Signal {
    /// Author.
    pub sender: AccountId,
    /// When, milliseconds since 1970 by the author's clock.
    pub sent_at_ms: u64,
    /// Kind of the body; meaning is given by the client.
    pub kind: u16,
    /// Content, encoded as its kind says.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sender, sent_at_ms: _, kind, body } = self;
        write!(f, "Signal({sender:?}, kind {kind}, {} bytes)", body.len())
    }
}

/// The signal is to be ignored: of another epoch, altered, or not what a member signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signal could not be opened")]
pub struct SignalError;

#[derive(Encode, Decode)]
struct Envelope {
    #[n(0)]
    version: u8,
    #[n(1)]
    epoch: EpochId,
    #[cbor(n(2), with = "crate::room::codec::bytes")]
    sealed: Vec<u8>,
}

#[derive(Encode, Decode)]
struct Inner {
    #[n(0)]
    sender: AccountId,
    #[n(1)]
    sent_at_ms: u64,
    #[n(2)]
    kind: u16,
    #[cbor(n(3), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(4)]
    signature: Signature,
}

fn context(keys: &EpochKeys, sender: AccountId) -> Vec<u8> {
    labelled(LABEL, &[keys.room.as_bytes(), keys.epoch.as_bytes(), sender.as_bytes()])
}

impl Signal {
    fn signed(&self, keys: &EpochKeys) -> Vec<u8> {
        let Self { sender, sent_at_ms, kind, body } = self;
        let fields: [&[u8]; 7] = [
            &[VERSION],
            keys.room.as_bytes(),
            keys.epoch.as_bytes(),
            sender.as_bytes(),
            &sent_at_ms.to_be_bytes(),
            &kind.to_be_bytes(),
            body,
        ];
        labelled(LABEL, &fields)
    }

    /// Signs and seals the signal for the members of an epoch.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`MAX_BODY_BYTES`].
    pub fn seal(
        &self,
        keys: &EpochKeys,
        identity: &IdentityKey,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, SealError> {
        if self.body.len() > MAX_BODY_BYTES {
            return Err(SealError::TooLong);
        }
        let signature = identity.sign(LABEL, &self.signed(keys));
        let Self { sender, sent_at_ms, kind, body } = self.clone();
        let inner = codec::encode_secret(&Inner { sender, sent_at_ms, kind, body, signature });
        let sealed = seal(&keys.signal_key(), SealType::Signal, &context(keys, sender), &inner, rng)?;
        Ok(codec::encode(&Envelope { version: VERSION, epoch: keys.epoch, sealed }))
    }

    /// The epoch that a signal says it is of; nothing for what is no signal.
    pub fn epoch_of(envelope: &[u8]) -> Option<EpochId> {
        let envelope: Envelope = codec::decode(envelope).ok()?;
        (envelope.version == VERSION).then_some(envelope.epoch)
    }

    /// Opens a signal that the relay says is `sender`'s, and checks the signature against the roster of the epoch.
    ///
    /// # Errors
    /// [`SignalError`]; it is dropped without a word, as a signal of an epoch that is over is.
    pub fn open(
        keys: &EpochKeys,
        roster: &Roster,
        sender: AccountId,
        envelope: &[u8],
    ) -> Result<Self, SignalError> {
        let envelope: Envelope = codec::decode(envelope).map_err(|_| SignalError)?;
        if envelope.version != VERSION || envelope.epoch != keys.epoch {
            return Err(SignalError);
        }
        let plain = open(&keys.signal_key(), SealType::Signal, &context(keys, sender), &envelope.sealed)
            .map_err(|_| SignalError)?;
        let Inner { sender: inner, sent_at_ms, kind, body, signature } =
            codec::decode(&plain).map_err(|_| SignalError)?;
        if inner != sender || body.len() > MAX_BODY_BYTES {
            return Err(SignalError);
        }
        let signal = Self { sender, sent_at_ms, kind, body };
        let key = roster.get(&sender).ok_or(SignalError)?;
        key.verify(LABEL, &signal.signed(keys), &signature).map_err(|_| SignalError)?;
        Ok(signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::altered::altered;
    use crate::{ids::RoomId, secret::SymmetricKey};
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    const MIRA: AccountId = AccountId([1; 16]);
    const JONAS: AccountId = AccountId([2; 16]);

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn keys(epoch: u8) -> EpochKeys {
        EpochKeys::new(RoomId([9; 16]), EpochId([epoch; 32]), SymmetricKey::from_bytes([5; 32]))
    }

    fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed([seed; 32])
    }

    fn roster() -> Roster {
        [(MIRA, key(1).public()), (JONAS, key(2).public())].into()
    }

    fn typing() -> Signal {
        Signal { sender: MIRA, sent_at_ms: 77, kind: 1, body: b"body".to_vec() }
    }

    #[test]
    fn opens_for_its_sender_room_epoch_and_roster_only() {
        let sealed = typing().seal(&keys(1), &key(1), &mut rng()).unwrap();
        assert!(sealed.len() <= 4096, "what the relay passes on");
        assert_eq!(Signal::open(&keys(1), &roster(), MIRA, &sealed), Ok(typing()));
        assert_eq!(Signal::epoch_of(&sealed), Some(EpochId([1; 32])));
        let refused = Err(SignalError);
        assert_eq!(Signal::open(&keys(1), &roster(), JONAS, &sealed), refused);
        assert_eq!(Signal::open(&keys(2), &roster(), MIRA, &sealed), refused);
        let elsewhere = EpochKeys::new(RoomId([8; 16]), EpochId([1; 32]), SymmetricKey::from_bytes([5; 32]));
        assert_eq!(Signal::open(&elsewhere, &roster(), MIRA, &sealed), refused);
        let without: Roster = [(JONAS, key(2).public())].into();
        assert_eq!(Signal::open(&keys(1), &without, MIRA, &sealed), refused);
        let changed: Roster = [(MIRA, key(3).public())].into();
        assert_eq!(Signal::open(&keys(1), &changed, MIRA, &sealed), refused);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(Signal::open(&keys(1), &roster(), MIRA, &altered), refused, "byte {at}");
        }
    }

    #[test]
    fn a_member_cannot_speak_for_another() {
        let forged = typing().seal(&keys(1), &key(2), &mut rng()).unwrap();
        assert_eq!(Signal::open(&keys(1), &roster(), MIRA, &forged), Err(SignalError));
        // Sealed as Jonas's, but naming Mira inside.
        let inner = Inner {
            sender: MIRA,
            sent_at_ms: 77,
            kind: 1,
            body: b"body".to_vec(),
            signature: key(1).sign(LABEL, &typing().signed(&keys(1))),
        };
        let sealed = seal(
            &keys(1).signal_key(),
            SealType::Signal,
            &context(&keys(1), JONAS),
            &codec::encode(&inner),
            &mut rng(),
        );
        let moved = codec::encode(&Envelope { version: 1, epoch: EpochId([1; 32]), sealed: sealed.unwrap() });
        assert_eq!(Signal::open(&keys(1), &roster(), JONAS, &moved), Err(SignalError));
    }

    #[test]
    fn the_limit_is_exact() {
        let of = |len| Signal { body: vec![0; len], ..typing() }.seal(&keys(1), &key(1), &mut rng());
        assert!(Signal::open(&keys(1), &roster(), MIRA, &of(MAX_BODY_BYTES).unwrap()).is_ok());
        assert_eq!(of(MAX_BODY_BYTES + 1), Err(SealError::TooLong));
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", typing()), "Signal(AccountId(01010101…), kind 1, 4 bytes)");
    }

    /// What is inside the seal of [`typing`].
    fn inner() -> Vec<u8> {
        let Signal { sender, sent_at_ms, kind, body } = typing();
        let signature = key(1).sign(LABEL, &typing().signed(&keys(1)));
        codec::encode(&Inner { sender, sent_at_ms, kind, body, signature })
    }

    proptest! {
        #[test]
        fn whatever_is_altered_is_refused(bytes in altered(typing().seal(&keys(1), &key(1), &mut rng()).unwrap())) {
            prop_assert_eq!(Signal::open(&keys(1), &roster(), MIRA, &bytes), Err(SignalError));
        }

        /// Also by who has the key of the epoch, and can seal anything.
        #[test]
        fn whatever_is_altered_inside_the_seal_is_refused(bytes in altered(inner())) {
            let context = context(&keys(1), MIRA);
            let sealed = seal(&keys(1).signal_key(), SealType::Signal, &context, &bytes, &mut rng()).unwrap();
            let sealed = codec::encode(&Envelope { version: 1, epoch: EpochId([1; 32]), sealed });
            prop_assert_eq!(Signal::open(&keys(1), &roster(), MIRA, &sealed), Err(SignalError));
        }

        #[test]
        fn round_trips(sent_at_ms: u64, kind: u16, body in proptest::collection::vec(any::<u8>(), 0..1024)) {
            let signal = Signal { sender: MIRA, sent_at_ms, kind, body };
            let sealed = signal.seal(&keys(1), &key(1), &mut rng()).unwrap();
            prop_assert_eq!(Signal::open(&keys(1), &roster(), MIRA, &sealed), Ok(signal));
        }
    }
}
