//! How people make sure that they talk to each other: safety numbers, contact links, and the statement that an account's key changed.

use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use crate::identity::{IdentityKey, IdentityPublicKey, Signature, fingerprint};
use crate::ids::AccountId;
use crate::label::labelled;
use crate::room::codec;

/// Version of every format here.
const VERSION: u8 = 1;
/// How often each side of a safety number is hashed: finding another key with the same 30 digits costs so much more.
const ROUNDS: usize = 5200;
/// Bytes that become 5 digits.
const DIGIT_GROUP_BYTES: usize = 5;
/// Bytes of a hash that become the 30 digits of one side.
const SIDE_BYTES: usize = 30;
const CHANGE: &str = "Waxwing 1 identity change";

/// Digits to be compared aloud: 5 for every 5 bytes (big-endian, modulo 100000), with spaces between. Bytes left over are ignored.
pub(crate) fn digits(bytes: &[u8]) -> String {
    let groups: Vec<String> = bytes
        .chunks_exact(DIGIT_GROUP_BYTES)
        .map(|group| {
            let number = group.iter().fold(0u64, |sum, &byte| (sum << 8) | u64::from(byte));
            format!("{:05}", number % 100_000)
        })
        .collect();
    groups.join(" ")
}

/// The number that two people compare: 60 digits in 12 groups of 5 with spaces between, the same on both sides.
///
/// Each side gives 30 digits: `h = L("Waxwing 1 safety number", version, account, IK)`, then 5200 times `h = SHA-512(h | IK)`, of which the
/// first 30 bytes count. The smaller 30 digits come first. About 5 ms.
pub fn safety_number(
    (account, key): (AccountId, &IdentityPublicKey),
    (other, other_key): (AccountId, &IdentityPublicKey),
) -> String {
    let mut sides = [side(account, key), side(other, other_key)];
    sides.sort();
    sides.join(" ")
}

fn side(account: AccountId, key: &IdentityPublicKey) -> String {
    let mut state = labelled("Waxwing 1 safety number", &[&[VERSION], account.as_bytes(), key.as_bytes()]);
    for _ in 0..ROUNDS {
        state = Sha512::new().chain_update(&state).chain_update(key.as_bytes()).finalize().to_vec();
    }
    digits(state.get(..SIDE_BYTES).unwrap_or_default())
}

/// Who somebody is, to be handed over as a link or QR code: whoever opens it needs no relay's word for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactLink {
    /// The account.
    pub account: AccountId,
    /// [`fingerprint`] of the account and its key.
    pub fingerprint: [u8; 32],
}

/// Bytes of a contact link: version, account, fingerprint.
pub const CONTACT_LINK_BYTES: usize = 1 + 16 + 32;

/// The text is no contact link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a contact link")]
pub struct NotAContactLink;

impl ContactLink {
    /// The link of an account with this key.
    pub fn new(account: AccountId, key: &IdentityPublicKey) -> Self {
        Self { account, fingerprint: fingerprint(&account, key) }
    }

    /// `version | account | fingerprint` in base64url without padding, 66 characters.
    pub fn to_text(&self) -> String {
        let Self { account, fingerprint } = self;
        BASE64URL_NOPAD.encode(&[&[VERSION][..], account.as_bytes(), fingerprint].concat())
    }

    /// Reads [`ContactLink::to_text`].
    ///
    /// # Errors
    /// [`NotAContactLink`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAContactLink> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| NotAContactLink)?;
        let (&[version], rest) = bytes.split_first_chunk::<1>().ok_or(NotAContactLink)?;
        let (account, rest) = rest.split_first_chunk::<16>().ok_or(NotAContactLink)?;
        let fingerprint = <[u8; 32]>::try_from(rest).map_err(|_| NotAContactLink)?;
        if version == VERSION {
            Ok(Self { account: AccountId(*account), fingerprint })
        } else {
            Err(NotAContactLink)
        }
    }

    /// Whether the account has this key.
    pub fn is_of(&self, account: AccountId, key: &IdentityPublicKey) -> bool {
        self.account == account && bool::from(self.fingerprint.ct_eq(&fingerprint(&account, key)))
    }
}

#[derive(Encode, Decode)]
struct Body {
    #[n(0)]
    version: u8,
    #[n(1)]
    account: AccountId,
    #[n(2)]
    old: IdentityPublicKey,
    #[n(3)]
    new: IdentityPublicKey,
    #[n(4)]
    at_ms: u64,
}

#[derive(Encode, Decode)]
struct Signed {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(1)]
    by_old: Signature,
    #[n(2)]
    by_new: Signature,
}

/// An account says that its key changed, with both keys.
///
/// It proves that the holder of the old key wanted this and the holder of the new one took part. A thief of the old key can make one too:
/// people are told of the change either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityChange {
    /// Whose.
    pub account: AccountId,
    /// The key until then.
    pub old: IdentityPublicKey,
    /// The key from then on.
    pub new: IdentityPublicKey,
    /// When, milliseconds since 1970 by the account's clock.
    pub at_ms: u64,
}

/// The statement does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the statement about a changed key does not hold")]
pub struct IdentityChangeError;

impl IdentityChange {
    /// Signs the statement with both keys: `[body, signature by the old key, signature by the new key]`, about 250 bytes.
    pub fn sign(account: AccountId, old: &IdentityKey, new: &IdentityKey, at_ms: u64) -> Vec<u8> {
        let body = Body { version: VERSION, account, old: old.public(), new: new.public(), at_ms };
        let body = codec::encode(&body);
        let (by_old, by_new) = (old.sign(CHANGE, &body), new.sign(CHANGE, &body));
        codec::encode(&Signed { body, by_old, by_new })
    }

    /// Reads a statement and checks both signatures.
    ///
    /// # Errors
    /// [`IdentityChangeError`], also when nothing changes.
    pub fn open(bytes: &[u8]) -> Result<Self, IdentityChangeError> {
        let signed: Signed = codec::decode(bytes).map_err(|_| IdentityChangeError)?;
        let body: Body = codec::decode(&signed.body).map_err(|_| IdentityChangeError)?;
        let Body { version, account, old, new, at_ms } = body;
        if version != VERSION || old == new {
            return Err(IdentityChangeError);
        }
        for (key, signature) in [(old, signed.by_old), (new, signed.by_new)] {
            key.verify(CHANGE, &signed.body, &signature).map_err(|_| IdentityChangeError)?;
        }
        Ok(Self { account, old, new, at_ms })
    }

    /// Whether statements of `account`, oldest first, lead from one key to another. What does not hold or belongs elsewhere is passed over.
    pub fn lead(
        account: AccountId,
        from: &IdentityPublicKey,
        to: &IdentityPublicKey,
        statements: &[Vec<u8>],
    ) -> bool {
        let changes = statements.iter().filter_map(|bytes| Self::open(bytes).ok());
        let reached = changes
            .filter(|change| change.account == account)
            .fold(*from, |at, change| if change.old == at { change.new } else { at });
        reached == *to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIRA: AccountId = AccountId([1; 16]);
    const JONAS: AccountId = AccountId([2; 16]);

    fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed([seed; 32])
    }

    #[test]
    fn digits_are_five_for_five_bytes() {
        assert_eq!(digits(&[0, 0, 0, 0, 7, 0, 0, 1, 0x86, 0xa0]), "00007 00000");
        assert_eq!(digits(&[0xff; 5]), "27775");
        assert_eq!(digits(&[0, 0, 0, 0, 9, 1, 1]), "00009");
        assert_eq!(digits(&[]), "");
    }

    #[test]
    fn both_sides_see_one_number_and_everything_in_it_matters() {
        let (a, b) = (key(1).public(), key(2).public());
        let number = safety_number((MIRA, &a), (JONAS, &b));
        assert_eq!(number, safety_number((JONAS, &b), (MIRA, &a)));
        assert_eq!(number.split(' ').map(str::len).collect::<Vec<_>>(), [5; 12]);
        assert!(number.chars().all(|c| c == ' ' || c.is_ascii_digit()));
        let c = key(3).public();
        for other in [((MIRA, &c), (JONAS, &b)), ((MIRA, &a), (JONAS, &c)), ((JONAS, &a), (MIRA, &b))] {
            assert_ne!(number, safety_number(other.0, other.1));
        }
    }

    #[test]
    fn a_contact_link_is_of_one_account_with_one_key() {
        let link = ContactLink::new(MIRA, &key(1).public());
        let text = link.to_text();
        assert_eq!(text.len(), 66);
        assert_eq!(ContactLink::parse(&text), Ok(link));
        assert!(link.is_of(MIRA, &key(1).public()));
        assert!(!link.is_of(MIRA, &key(2).public()));
        assert!(!link.is_of(JONAS, &key(1).public()));
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let another_version = [&[2], &bytes[1..]].concat();
        for wrong in
            [&bytes[..48], &[&bytes[..], &[0]].concat(), &another_version, &[], &bytes[..1], &bytes[..17]]
        {
            assert_eq!(ContactLink::parse(&BASE64URL_NOPAD.encode(wrong)), Err(NotAContactLink));
        }
        for wrong in [format!("{text}="), format!(" {text}"), text.replacen('A', "+", 1), "ö".into()] {
            assert_eq!(ContactLink::parse(&wrong), Err(NotAContactLink), "{wrong}");
        }
    }

    #[test]
    fn a_change_holds_with_both_signatures_only() {
        let bytes = IdentityChange::sign(MIRA, &key(1), &key(2), 77);
        let change = IdentityChange { account: MIRA, old: key(1).public(), new: key(2).public(), at_ms: 77 };
        assert_eq!(IdentityChange::open(&bytes), Ok(change));
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert_eq!(IdentityChange::open(&altered), Err(IdentityChangeError), "byte {at}");
            assert_eq!(IdentityChange::open(&bytes[..at]), Err(IdentityChangeError), "{at} bytes");
        }
        assert_eq!(IdentityChange::open(&[&bytes[..], &[0]].concat()), Err(IdentityChangeError));
        let nothing = IdentityChange::sign(MIRA, &key(1), &key(1), 77);
        assert_eq!(IdentityChange::open(&nothing), Err(IdentityChangeError), "no change");
        let Signed { body, by_old, by_new } = codec::decode(&bytes).unwrap();
        let swapped = codec::encode(&Signed { body: body.clone(), by_old: by_new, by_new: by_old });
        assert_eq!(IdentityChange::open(&swapped), Err(IdentityChangeError));
        let once = codec::encode(&Signed { body, by_old, by_new: by_old });
        assert_eq!(IdentityChange::open(&once), Err(IdentityChangeError), "the old key only");
    }

    #[test]
    fn statements_lead_from_key_to_key_in_their_order() {
        let (one, two) = (
            IdentityChange::sign(MIRA, &key(1), &key(2), 1),
            IdentityChange::sign(MIRA, &key(2), &key(3), 2),
        );
        let (a, b, c) = (key(1).public(), key(2).public(), key(3).public());
        let both = [one.clone(), b"junk".to_vec(), two.clone()];
        assert!(IdentityChange::lead(MIRA, &a, &c, &both));
        assert!(IdentityChange::lead(MIRA, &b, &c, &both));
        assert!(IdentityChange::lead(MIRA, &a, &a, &[]));
        assert!(!IdentityChange::lead(MIRA, &a, &b, &both), "the account went on");
        assert!(!IdentityChange::lead(JONAS, &a, &c, &both));
        assert!(!IdentityChange::lead(MIRA, &a, &c, &[two, one]), "the other way round");
        assert!(!IdentityChange::lead(MIRA, &c, &a, &both), "back");
    }

    proptest! {
        #[test]
        fn any_input_is_refused_or_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,80}") {
            prop_assert!(IdentityChange::open(&bytes).is_err());
            if let Ok(link) = ContactLink::parse(&text) {
                prop_assert_eq!(link.to_text(), text);
            }
        }

        #[test]
        fn contact_links_round_trip(account: [u8; 16], fingerprint: [u8; 32]) {
            let link = ContactLink { account: AccountId(account), fingerprint };
            prop_assert_eq!(ContactLink::parse(&link.to_text()), Ok(link));
        }
    }
}
