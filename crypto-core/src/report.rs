//! Reports: a member shows one message to the operator, with the proof of who wrote it.
//!
//! ```text
//! plain  = [1, room, epoch, metadata, body, signature, author's key, note]
//! report = HPKE(operator's public key, label "Waxwing 1 report", aad = empty, padded(plain))
//! ```
//! The signature proves that the holder of that key wrote this in a room and epoch of these ids. Whose key it is, the operator finds out by
//! comparing it with the one the account has; the note is the reporter's word, and nothing proves it. That the message was ever sent, or what was said around it, a report does not prove.

use minicbor::{Decode, Encode};

use crate::hpke::{HpkeError, HpkePrivateKey, HpkePublicKey};
use crate::identity::{IdentityPublicKey, Signature};
use crate::ids::{EpochId, RoomId};
use crate::padding;
use crate::room::{Evidence, Message, codec};

const VERSION: u8 = 1;
const LABEL: &str = "Waxwing 1 report";
const NOTE_BYTES: usize = 4000;

#[derive(Encode, Decode)]
struct Plain {
    #[n(0)]
    version: u8,
    #[n(1)]
    room: RoomId,
    #[n(2)]
    epoch: EpochId,
    #[cbor(n(3), with = "crate::room::codec::bytes")]
    metadata: Vec<u8>,
    #[cbor(n(4), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(5)]
    signature: Signature,
    #[n(6)]
    author: IdentityPublicKey,
    #[n(7)]
    note: String,
}

/// Why a report is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is not sealed to this key, or altered.
    #[error("the report could not be opened")]
    Unreadable,
    /// It opens, but nobody signed what it shows.
    #[error("the report shows what nobody signed")]
    Forged,
}

/// Seals what [`Message::open_with_evidence`] gave to the operator, with a note of at most 4000 bytes. The same evidence gives another report each time.
///
/// # Errors
/// [`HpkeError::TooLong`] for a message above 1 MiB or a longer note; [`HpkeError::Library`].
pub fn seal_report(evidence: &Evidence, note: &str, operator: &HpkePublicKey) -> Result<Vec<u8>, HpkeError> {
    if note.len() > NOTE_BYTES {
        return Err(HpkeError::TooLong);
    }
    let note = note.to_owned();
    let Evidence { room, epoch, metadata, body, signature, author } = evidence.clone();
    let plain = codec::encode_secret(&Plain {
        version: VERSION,
        room,
        epoch,
        metadata,
        body,
        signature,
        author,
        note,
    });
    let capacity = padding::padded_len(plain.len()).ok_or(HpkeError::TooLong)?;
    let mut padded = zeroize::Zeroizing::new(Vec::with_capacity(capacity));
    if !padding::pad_into(&mut padded, &plain) {
        return Err(HpkeError::TooLong);
    }
    operator.seal_to(LABEL, &[], &padded)
}

/// Opens a report and checks the signature: the message, what proves it, and the reporter's note. The caller compares [`Evidence::author`] with the key that
/// the account [`crate::room::Metadata::sender`] has or had.
///
/// # Errors
/// [`ReportError`].
pub fn open_report(
    operator: &HpkePrivateKey,
    report: &[u8],
) -> Result<(Message, Evidence, String), ReportError> {
    let padded = operator.open(LABEL, &[], report).map_err(|_| ReportError::Unreadable)?;
    let plain = padding::unpad(&padded).ok_or(ReportError::Forged)?;
    let plain: Plain = codec::decode(plain).map_err(|_| ReportError::Forged)?;
    if plain.version != VERSION || plain.note.len() > NOTE_BYTES {
        return Err(ReportError::Forged);
    }
    let Plain { version: _, room, epoch, metadata, body, signature, author, note } = plain;
    let evidence = Evidence { room, epoch, metadata, body, signature, author };
    let message = evidence.verify().map_err(|_| ReportError::Forged)?;
    Ok((message, evidence, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::IdentityKey,
        ids::{AccountId, MessageId},
        room::{EpochKeys, LogHead, MessageError, Metadata, Roster},
        secret::SymmetricKey,
    };
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    const MIRA: AccountId = AccountId([1; 16]);

    fn operator(seed: u8) -> HpkePrivateKey {
        HpkePrivateKey::from_seed(&SymmetricKey::from_bytes([seed; 32])).unwrap()
    }

    fn message(body: &[u8]) -> Message {
        let seen = LogHead { seq: 4, hash: [3; 32] };
        let (id, stream) = (MessageId([7; 16]), MessageId([8; 16]));
        let metadata = Metadata {
            sender: MIRA,
            id,
            stream,
            position: 0,
            seen,
            sent_at_ms: 77,
            kind: 1,
            account_version: 6,
        };
        Message { metadata, body: body.to_vec() }
    }

    fn evidence() -> Evidence {
        let keys = EpochKeys::new(RoomId([9; 16]), EpochId([2; 32]), SymmetricKey::from_bytes([5; 32]));
        let key = IdentityKey::from_seed([1; 32]);
        let roster: Roster = [(MIRA, key.public())].into();
        let sealed = message(b"rude").seal(&keys, &key, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let opened = Message::open_with_evidence(&keys, &roster, MIRA, MessageId([7; 16]), &sealed);
        opened.unwrap().1
    }

    #[test]
    fn the_operator_reads_and_checks_what_a_member_shows() {
        let report = seal_report(&evidence(), "He is rude.", operator(1).public()).unwrap();
        let (shown, proof, note) = open_report(&operator(1), &report).unwrap();
        assert_eq!((shown, &proof, note.as_str()), (message(b"rude"), &evidence(), "He is rude."));
        let long = "x".repeat(NOTE_BYTES + 1);
        assert!(matches!(seal_report(&evidence(), &long, operator(1).public()), Err(HpkeError::TooLong)));
        assert_eq!(proof.author, IdentityKey::from_seed([1; 32]).public());
        assert_eq!(open_report(&operator(2), &report), Err(ReportError::Unreadable));
        let mut altered = report.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(open_report(&operator(1), &altered), Err(ReportError::Unreadable));
        assert_eq!(open_report(&operator(1), &[]), Err(ReportError::Unreadable));
    }

    #[test]
    fn words_put_into_somebodys_mouth_are_noticed() {
        let real = evidence();
        let other = IdentityKey::from_seed([2; 32]).public();
        let metadata = codec::encode(&Metadata { sent_at_ms: 78, ..message(b"").metadata });
        for forged in [
            Evidence { body: b"ruder".to_vec(), ..real.clone() },
            Evidence { metadata, ..real.clone() },
            Evidence { metadata: b"junk".to_vec(), ..real.clone() },
            Evidence { room: RoomId([8; 16]), ..real.clone() },
            Evidence { epoch: EpochId([8; 32]), ..real.clone() },
            Evidence { author: other, ..real.clone() },
        ] {
            assert_eq!(forged.verify(), Err(MessageError::Forged));
            let report = seal_report(&forged, "", operator(1).public()).unwrap();
            assert_eq!(open_report(&operator(1), &report), Err(ReportError::Forged));
        }
        for junk in [&b""[..], &[0; 512], &[0xff; 512]] {
            let report = operator(1).public().seal_to(LABEL, &[], junk).unwrap();
            assert_eq!(open_report(&operator(1), &report), Err(ReportError::Forged));
        }
    }

    #[test]
    fn length_says_little_and_debug_nothing() {
        let long = Evidence { body: vec![0; 200], ..evidence() };
        let (short, long) = (
            seal_report(&evidence(), "", operator(1).public()),
            seal_report(&long, "", operator(1).public()),
        );
        assert_eq!(short.unwrap().len(), long.unwrap().len());
        let text = format!("{:?}", evidence());
        assert!(
            text.starts_with("Evidence(RoomId(09090909…), EpochId(02020202…), IdentityPublicKey("),
            "{text}"
        );
        assert_eq!(text.matches(',').count(), 2);
    }
}
