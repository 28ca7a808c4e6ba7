//! Signed messages.
//!
//! ```text
//! envelope = [1, epoch id, Seal(message key of the epoch, ...)]                      what the relay stores
//! inner    = [metadata, body, signature]                                             what is sealed
//! metadata = [sender, id, stream id, position, [n, H_n] seen, sent at (ms), kind, account version]
//! signature = Sign(IK, "Waxwing 1 message", L("Waxwing 1 message", version, suite, room, epoch, H(metadata), H(body)))
//! ```
//! The outer sender and entry id are part of the sealing context, so the relay can move a message neither to another author nor to
//! another id, room or epoch.

use minicbor::{Decode, Encode};
use rand_core::CryptoRngCore;

use super::codec;
use super::{epoch::EpochKeys, history::Roster, log::LogHead};
use crate::{
    identity::{IdentityKey, IdentityPublicKey, Signature},
    ids::{AccountId, EpochId, MessageId, RoomId},
    label::{hash, labelled},
    seal::{OpenError, SealError, SealType, open, seal},
};

const VERSION: u8 = 1;
const SUITE: u8 = 1;
const LABEL: &str = "Waxwing 1 message";

/// Everything about a message but its content.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Metadata {
    /// Author.
    #[n(0)]
    pub sender: AccountId,
    /// 16 random bytes.
    #[n(1)]
    pub id: MessageId,
    /// The run of messages that this belongs to: 16 random bytes, one per session.
    #[n(2)]
    pub stream: MessageId,
    /// Place in the run, from 0 without gaps.
    #[n(3)]
    pub position: u64,
    /// Log position that the author had seen.
    #[n(4)]
    pub seen: LogHead,
    /// When it was written, milliseconds since 1970 by the author's clock.
    #[n(5)]
    pub sent_at_ms: u64,
    /// Kind of the body; meaning is given by the client.
    #[n(6)]
    pub kind: u16,
    /// Newest version of the author's account data that its session knew: a session that is served older data than the account signed
    /// elsewhere notices.
    #[n(7)]
    pub account_version: u64,
}

/// A message whose signature was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Everything about it.
    pub metadata: Metadata,
    /// Content, encoded as its kind says.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { metadata, body } = self;
        write!(f, "Message({metadata:?}, {} bytes)", body.len())
    }
}

/// What proves to somebody outside of the room who wrote a message: what was signed, and the signature. It shows the content and needs no
/// key to be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Room that it was written in.
    pub room: RoomId,
    /// Epoch that it was written in.
    pub epoch: EpochId,
    /// [`Metadata`], encoded.
    pub metadata: Vec<u8>,
    /// Content, encoded as its kind says.
    pub body: Vec<u8>,
    /// The author's signature.
    pub signature: Signature,
    /// The key that it holds under: the author's in the roster of that epoch.
    pub author: IdentityPublicKey,
}

impl Evidence {
    /// The message, if the signature holds under the key that is named. Whose key that is, is for the caller to find out.
    ///
    /// # Errors
    /// [`MessageError::Forged`].
    pub fn verify(&self) -> Result<Message, MessageError> {
        let metadata = codec::decode(&self.metadata).map_err(|_| MessageError::Forged)?;
        let signed = signed(self.room, self.epoch, &self.metadata, &self.body);
        self.author.verify(LABEL, &signed, &self.signature).map_err(|_| MessageError::Forged)?;
        Ok(Message { metadata, body: self.body.clone() })
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { room, epoch, metadata: _, body: _, signature: _, author } = self;
        write!(f, "Evidence({room:?}, {epoch:?}, {author:?})")
    }
}

#[derive(Encode, Decode)]
pub(super) struct Envelope {
    #[n(0)]
    version: u8,
    #[n(1)]
    epoch: EpochId,
    #[cbor(n(2), with = "crate::room::codec::bytes")]
    sealed: Vec<u8>,
}

#[derive(Encode, Decode)]
pub(super) struct Inner {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    metadata: Vec<u8>,
    #[cbor(n(1), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(2)]
    signature: Signature,
}

/// Why a message is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It does not open: altered, moved, or sealed under another key.
    #[error("the message could not be opened")]
    Unreadable,
    /// It opens, but nobody of this epoch signed it as what it claims to be.
    #[error("the message is not what its author signed")]
    Forged,
}

impl From<OpenError> for MessageError {
    fn from(_: OpenError) -> Self {
        Self::Unreadable
    }
}

fn context(keys: &EpochKeys, sender: AccountId, id: MessageId) -> Vec<u8> {
    labelled(LABEL, &[keys.room.as_bytes(), keys.epoch.as_bytes(), sender.as_bytes(), id.as_bytes()])
}

fn signed(room: RoomId, epoch: EpochId, metadata: &[u8], body: &[u8]) -> Vec<u8> {
    let metadata = hash("Waxwing 1 message metadata", &[metadata]);
    let body = hash("Waxwing 1 message body", &[body]);
    labelled(LABEL, &[&[VERSION], &[SUITE], room.as_bytes(), epoch.as_bytes(), &metadata, &body])
}

impl Message {
    /// Signs and seals the message for the members of an epoch.
    ///
    /// # Errors
    /// [`SealError`] when it is larger than anything that may be sealed.
    pub fn seal(
        &self,
        keys: &EpochKeys,
        identity: &IdentityKey,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, SealError> {
        let metadata = codec::encode(&self.metadata);
        let signature = identity.sign(LABEL, &signed(keys.room, keys.epoch, &metadata, &self.body));
        let inner = codec::encode_secret(&Inner { metadata, body: self.body.clone(), signature });
        let context = context(keys, self.metadata.sender, self.metadata.id);
        let sealed = seal(&keys.message_key(), SealType::Message, &context, &inner, rng)?;
        Ok(codec::encode(&Envelope { version: VERSION, epoch: keys.epoch, sealed }))
    }

    /// The epoch that an envelope says it was sealed in; to be believed only after [`Message::open`].
    pub fn epoch_of(envelope: &[u8]) -> Option<EpochId> {
        let envelope: Envelope = codec::decode(envelope).ok()?;
        (envelope.version == VERSION).then_some(envelope.epoch)
    }

    /// Opens an envelope that the relay says is `sender`'s, under the id `id`, and checks the signature against the roster of its epoch.
    ///
    /// # Errors
    /// [`MessageError`]; whoever calls shows a notice, never the content.
    pub fn open(
        keys: &EpochKeys,
        roster: &Roster,
        sender: AccountId,
        id: MessageId,
        envelope: &[u8],
    ) -> Result<Self, MessageError> {
        Self::open_with_evidence(keys, roster, sender, id, envelope).map(|(message, _)| message)
    }

    /// Like [`Message::open`], with what proves the message to others.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn open_with_evidence(
        keys: &EpochKeys,
        roster: &Roster,
        sender: AccountId,
        id: MessageId,
        envelope: &[u8],
    ) -> Result<(Self, Evidence), MessageError> {
        let envelope: Envelope = codec::decode(envelope).map_err(|_| MessageError::Unreadable)?;
        if envelope.version != VERSION || envelope.epoch != keys.epoch {
            return Err(MessageError::Unreadable);
        }
        let plain =
            open(&keys.message_key(), SealType::Message, &context(keys, sender, id), &envelope.sealed)?;
        let Inner { metadata, body, signature } = codec::decode(&plain).map_err(|_| MessageError::Forged)?;
        let author = *roster.get(&sender).ok_or(MessageError::Forged)?;
        let evidence = Evidence { room: keys.room, epoch: keys.epoch, metadata, body, signature, author };
        let message = evidence.verify()?;
        if message.metadata.sender != sender || message.metadata.id != id {
            return Err(MessageError::Forged);
        }
        Ok((message, evidence))
    }
}
