//! Own marks: how far an account has read in a room and what it is writing there, for its other sessions.
//!
//! ```text
//! mark = generation (u32) | Seal(Derive(ARK, "Waxwing 1 ark own mark"), type 9, L("Waxwing 1 own mark", account, generation u32, room), content)
//! ```
//! A mark has no version: a relay may give back an older one. Whoever reads one merges it with what they know, which never goes back.

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::account::{RootKey, Vault};
use crate::ids::{AccountId, RoomId};
use crate::label::labelled;
use crate::seal::{self, OpenError, SealError, SealType};

fn context(account: AccountId, root: &RootKey, room: RoomId) -> Vec<u8> {
    let generation = root.generation().to_be_bytes();
    labelled("Waxwing 1 own mark", &[account.as_bytes(), &generation, room.as_bytes()])
}

/// Seals an own mark under the current root key.
///
/// # Errors
/// [`SealError::TooLong`].
pub fn seal_own_mark(
    vault: &Vault,
    account: AccountId,
    room: RoomId,
    plaintext: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    let root = vault.current_root();
    let context = context(account, root, room);
    let sealed = seal::seal(&root.own_mark_key(), SealType::OwnMark, &context, plaintext, rng)?;
    Ok([&root.generation().to_be_bytes()[..], &sealed].concat())
}

/// Opens an own mark sealed for this account and room under any root key of the vault.
///
/// # Errors
/// [`OpenError`] for everything else.
pub fn open_own_mark(
    vault: &Vault,
    account: AccountId,
    room: RoomId,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (generation, sealed) = sealed.split_first_chunk::<4>().ok_or(OpenError)?;
    let root = vault.root(u32::from_be_bytes(*generation)).ok_or(OpenError)?;
    seal::open(&root.own_mark_key(), SealType::OwnMark, &context(account, root, room), sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    const MIRA: AccountId = AccountId([1; 16]);
    const ROOM: RoomId = RoomId([9; 16]);

    #[test]
    fn opens_in_its_account_and_room_only_and_after_a_rotation() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let vault = Vault::generate(&mut rng);
        let sealed = seal_own_mark(&vault, MIRA, ROOM, b"mark", &mut rng).unwrap();
        assert_eq!(&open_own_mark(&vault, MIRA, ROOM, &sealed).unwrap()[..], b"mark");
        assert_eq!(open_own_mark(&vault, AccountId([2; 16]), ROOM, &sealed), Err(OpenError));
        assert_eq!(open_own_mark(&vault, MIRA, RoomId([8; 16]), &sealed), Err(OpenError));
        let other = Vault::generate(&mut rng);
        assert_eq!(open_own_mark(&other, MIRA, ROOM, &sealed), Err(OpenError));
        let rotated = vault.rotate(&mut rng).unwrap();
        assert!(open_own_mark(&rotated, MIRA, ROOM, &sealed).is_ok(), "what an earlier root key sealed");
        let new = seal_own_mark(&rotated, MIRA, ROOM, b"mark", &mut rng).unwrap();
        assert_eq!(open_own_mark(&vault, MIRA, ROOM, &new), Err(OpenError));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(open_own_mark(&vault, MIRA, ROOM, &altered), Err(OpenError), "byte {at}");
        }
    }
}
