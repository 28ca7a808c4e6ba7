//! Identifiers: random or hashed bytes, public, compared as a whole.

use rand_core::CryptoRngCore;

use crate::codec::{cbor_byte_string, short_hex};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(
            #[doc = concat!("The ", stringify!($len), " bytes.")]
            pub [u8; $len],
        );

        impl $name {
            /// A fresh random identifier.
            pub fn random(rng: &mut dyn CryptoRngCore) -> Self {
                let mut bytes = [0; $len];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// The bytes, without their CBOR frame.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), short_hex(&self.0))
            }
        }

        cbor_byte_string!($name, $len);
    };
}

id! {
    /// An account: 16 random bytes chosen by the client that made it. It outlives renaming and key rotation.
    AccountId, 16
}
id! {
    /// A room: 16 random bytes, also the MLS group id (RFC 9420 section 8.1).
    RoomId, 16
}
id! {
    /// A message: 16 random bytes chosen by its sender; unique together with the sender only.
    MessageId, 16
}
id! {
    /// An epoch: 32 bytes of SHA-256 over the serialised GroupContext (RFC 9420 section 8.1), so that two commits
    /// competing for one parent never share an id.
    EpochId, 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_cbor;

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", RoomId([0xab; 16])), "RoomId(abababab…)");
    }

    #[test]
    fn encodes_as_a_byte_string_of_exact_length() {
        let id = MessageId([7; 16]);
        let bytes = minicbor::to_vec(id).unwrap();
        assert_eq!(bytes.len(), 17);
        assert_eq!(bytes[0], 0x50);
        assert_eq!(from_cbor::<MessageId>(&bytes).unwrap(), id);
        assert!(from_cbor::<EpochId>(&bytes).is_err(), "another length");
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(from_cbor::<MessageId>(&longer).is_err(), "trailing byte");
        assert!(from_cbor::<MessageId>(&bytes[..16]).is_err(), "truncated");
    }

    proptest::proptest! {
        #[test]
        fn decodes_what_it_encodes_and_nothing_else(bytes: [u8; 32], noise: Vec<u8>) {
            let encoded = minicbor::to_vec(EpochId(bytes)).unwrap();
            proptest::prop_assert_eq!(from_cbor::<EpochId>(&encoded).unwrap(), EpochId(bytes));
            if let Ok(id) = from_cbor::<MessageId>(&noise) {
                proptest::prop_assert_eq!(minicbor::to_vec(id).unwrap(), noise);
            }
        }
    }
}
