//! Rooms that a name and a password lead into.
//!
//! ```text
//! handle  = H("Waxwing 1 room handle", normalised name)                                             what the relay knows the room by
//! sealed  = Seal(export key of OPAQUE, reduced, type 8, L("Waxwing 1 room password", handle), invite link)
//! ```
//! The relay holds an OPAQUE record for the handle, and `sealed`. Whoever proves the password gets `sealed` and with the export key the
//! invite link of a join method. The relay can try names against a handle, and passwords against a record: names are no secret, and a
//! generated password has 80 bits.

use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use crate::codec::{cbor_byte_string, short_hex};
use crate::label::{hash, labelled};
use crate::room::{InviteLink, LINK_BYTES};
use crate::seal::{OpenError, SealError, SealType, open, seal};
use crate::secret::SymmetricKey;
use crate::written::{regroup, to_groups};

/// Longest name in characters, once normalised.
pub const NAME_CHARS: usize = 64;
/// Random bytes of a generated password.
const GENERATED_BYTES: usize = 10;
/// Letters and digits of a generated password: 80 bits.
pub const GENERATED_CHARACTERS: usize = 16;
/// Fewer characters than this are called weak.
const FAIR_CHARACTERS: usize = 16;
/// Fewer different characters than this are called weak.
const FAIR_DIFFERENT: usize = 8;

/// What the relay knows a room with a password by: 32 bytes over its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomHandle(
    /// The hash.
    pub [u8; 32],
);

impl RoomHandle {
    /// The handle of a name as somebody types it; `None` when it is no name: see [`normalise`].
    pub fn of(name: &str) -> Option<Self> {
        normalise(name).map(|name| Self(hash("Waxwing 1 room handle", &[name.as_bytes()])))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for RoomHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoomHandle({})", short_hex(&self.0))
    }
}

cbor_byte_string!(RoomHandle, 32);

/// The form of a name that handles are made of: no white space around it, one space for each run inside, and every character in lower case
/// by itself (without rules for its neighbours). `None` when nothing is left, when more than [`NAME_CHARS`] characters are, or when one of
/// them is a control character.
pub fn normalise(name: &str) -> Option<String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let name: String = words.join(" ").chars().flat_map(char::to_lowercase).collect();
    let chars = name.chars().count();
    ((1..=NAME_CHARS).contains(&chars) && !name.chars().any(char::is_control)).then_some(name)
}

/// A password of a room, in the form that goes into OPAQUE.
#[derive(Clone, PartialEq, Eq)]
pub struct RoomPassword(Zeroizing<String>);

/// How hard a password is to guess for somebody who holds the relay's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Short or of few characters: to be shown as weak.
    Weak,
    /// Neither weak nor generated; nobody can say more of what a person chose.
    Chosen,
    /// In the form of a generated one. Whether it is random is for whoever made it to know.
    Generated,
}

impl RoomPassword {
    /// A fresh one of 80 random bits: 4 groups of 4 letters and digits.
    pub fn generate(rng: &mut dyn CryptoRngCore) -> Self {
        let mut bytes = Zeroizing::new([0; GENERATED_BYTES]);
        rng.fill_bytes(&mut bytes[..]);
        Self(to_groups(&bytes[..]))
    }

    /// What somebody typed. If it can be read as a generated one (16 letters and digits of the alphabet, whatever the case, spaces and
    /// dashes), it is taken for that; anything else is taken as it is. White space around it does not count.
    pub fn typed(text: &str) -> Self {
        let chosen = || Zeroizing::new(text.trim().to_owned());
        Self(regroup(text, GENERATED_CHARACTERS).unwrap_or_else(chosen))
    }

    /// Says whether to warn of it.
    pub fn strength(&self) -> Strength {
        if regroup(&self.0, GENERATED_CHARACTERS).is_some() {
            return Strength::Generated;
        }
        let mut characters: Vec<char> = self.0.chars().collect();
        let all = characters.len();
        characters.sort_unstable();
        characters.dedup();
        let weak = all < FAIR_CHARACTERS || characters.len() < FAIR_DIFFERENT;
        characters.zeroize();
        if weak { Strength::Weak } else { Strength::Chosen }
    }

    /// The text to be shown and shared.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What goes into [`crate::login::RegistrationStart::new`] and [`crate::login::LoginStart::new`].
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for RoomPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("RoomPassword(..)")
    }
}

fn context(handle: &RoomHandle) -> Vec<u8> {
    labelled("Waxwing 1 room password", &[handle.as_bytes()])
}

/// Seals the way into a room under the export key that the registration of its password gave.
///
/// # Errors
/// [`SealError`]; a link is never too long.
pub fn seal_link(
    export_key: &SymmetricKey,
    handle: &RoomHandle,
    link: &InviteLink,
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    seal(export_key, SealType::RoomPassword, &context(handle), &link.to_bytes(), rng)
}

/// Opens what [`seal_link`] made, with the export key that a login with the password gave.
///
/// # Errors
/// [`OpenError`] when it was not sealed under this key for this handle, or is no link.
pub fn open_link(
    export_key: &SymmetricKey,
    handle: &RoomHandle,
    sealed: &[u8],
) -> Result<InviteLink, OpenError> {
    let plain = open(export_key, SealType::RoomPassword, &context(handle), sealed)?;
    if plain.len() != LINK_BYTES {
        return Err(OpenError);
    }
    InviteLink::from_bytes(&plain).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::RoomId, room::JoinSecret};
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn link() -> InviteLink {
        InviteLink {
            room: RoomId([3; 16]),
            secret: JoinSecret::from_seed(SymmetricKey::from_bytes([4; 32])),
            creator: [5; 16],
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", RoomPassword::typed("open sesame")), "RoomPassword(..)");
        assert_eq!(format!("{:?}", RoomHandle([0xab; 32])), "RoomHandle(abababab…)");
    }

    #[test]
    fn names_that_look_alike_have_one_handle() {
        let handle = RoomHandle::of("book club").unwrap();
        for name in ["Book Club", "  book\u{a0}\tclub\n", "BOOK   CLUB"] {
            assert_eq!(RoomHandle::of(name), Some(handle), "{name:?}");
        }
        for name in ["bookclub", "book-club", "book club 2"] {
            assert_ne!(RoomHandle::of(name), Some(handle), "{name:?}");
        }
        assert_eq!(normalise("ΟΔΟΣ").as_deref(), Some("οδοσ"), "no rule for the end of a word");
        for name in ["", " \n", "a\0b", "a\u{7f}"] {
            assert_eq!(normalise(name), None, "{name:?}");
        }
        assert!(normalise(&"a".repeat(NAME_CHARS)).is_some());
        assert!(normalise(&"a".repeat(NAME_CHARS + 1)).is_none());
        assert!(normalise(&"\u{130}".repeat(NAME_CHARS / 2 + 1)).is_none(), "two characters in lower case");
    }

    #[test]
    fn a_generated_password_is_read_however_it_is_typed() {
        let password = RoomPassword::generate(&mut rng());
        let text = password.expose();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3));
        assert_eq!(password.strength(), Strength::Generated);
        for typed in
            [text.to_lowercase(), text.replace('-', ""), format!(" {}\n", text.replace('-', " \u{2014} "))]
        {
            assert_eq!(RoomPassword::typed(&typed), password, "{typed}");
        }
        assert_ne!(RoomPassword::generate(&mut ChaCha20Rng::seed_from_u64(2)), password);
    }

    #[test]
    fn a_chosen_password_stays_as_it_is() {
        for chosen in ["open sesame", "OPEN SESAME", "16 characters: ä", "correct horse battery staple", ""]
        {
            assert_eq!(RoomPassword::typed(chosen).expose(), chosen);
        }
        assert_eq!(RoomPassword::typed("  spaces around ").expose(), "spaces around");
        assert_eq!(RoomPassword::typed("open sesame").strength(), Strength::Weak);
        assert_eq!(RoomPassword::typed("abababababababababababababababab").strength(), Strength::Weak);
        assert_eq!(RoomPassword::typed("correct horse battery staple").strength(), Strength::Chosen);
    }

    #[test]
    fn the_link_opens_with_the_same_key_and_handle_only() {
        let (key, handle) = (SymmetricKey::from_bytes([1; 32]), RoomHandle::of("book club").unwrap());
        let sealed = seal_link(&key, &handle, &link(), &mut rng()).unwrap();
        assert_eq!(open_link(&key, &handle, &sealed).unwrap().to_bytes(), link().to_bytes());
        let other = RoomHandle::of("other").unwrap();
        assert_eq!(open_link(&key, &other, &sealed).unwrap_err(), OpenError);
        let wrong = SymmetricKey::from_bytes([2; 32]);
        assert_eq!(open_link(&wrong, &handle, &sealed).unwrap_err(), OpenError);
        for plain in [&b""[..], b"junk", &[9; LINK_BYTES], &[1; LINK_BYTES + 1]] {
            let junk = seal(&key, SealType::RoomPassword, &context(&handle), plain, &mut rng()).unwrap();
            assert_eq!(open_link(&key, &handle, &junk).unwrap_err(), OpenError, "{} bytes", plain.len());
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(name in "\\PC{0,80}") {
            if let Some(once) = normalise(&name) {
                prop_assert_eq!(normalise(&once), Some(once));
            }
        }

        #[test]
        fn typing_twice_changes_nothing(text in "[A-Za-z0-9 -]{0,24}") {
            let once = RoomPassword::typed(&text);
            prop_assert_eq!(RoomPassword::typed(once.expose()), once);
        }
    }
}
