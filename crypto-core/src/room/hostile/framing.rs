//! Altering handshakes and public states, and signing them anew.

use openmls_traits::signatures::Signer;
use tls_codec::{Serialize as _, VLBytes};

use super::super::Room;
use crate::identity::IdentityKey;

/// Bytes of an Ed25519 signature as a vector.
const SIGNATURE: usize = 2 + 64;
/// Bytes of a confirmation or membership tag (HMAC-SHA-384) as a vector.
const TAG: usize = 1 + 48;
/// Bytes of version and wire format in front of an MLSMessage.
const HEADER: usize = 4;

/// `SignWithLabel` of RFC 9420 section 5.1.2, as a vector.
fn signature(identity: &IdentityKey, label: &str, content: &[u8]) -> Option<Vec<u8>> {
    let mut framed = VLBytes::new(label.as_bytes().to_vec()).tls_serialize_detached().ok()?;
    framed.extend(VLBytes::new(content.to_vec()).tls_serialize_detached().ok()?);
    VLBytes::new(Signer::sign(identity, &framed).ok()?).tls_serialize_detached().ok()
}

/// Splits a PublicMessage into header and FramedContent, signature, and tags: a commit of a member has two, one from outside has one.
fn split(handshake: &[u8], from_outside: bool) -> Option<(&[u8], &[u8])> {
    let tags = if from_outside { TAG } else { TAG.checked_mul(2)? };
    let content = handshake.len().checked_sub(tags)?.checked_sub(SIGNATURE)?;
    let (content, rest) = handshake.split_at_checked(content)?;
    Some((content, rest.get(SIGNATURE..)?))
}

/// A commit that follows the epoch of `room`, with its content altered and signed anew. The tags stay as they were, so nobody can
/// follow it; whether it counts is another question.
///
/// `edit` gets version, wire format and FramedContent (RFC 9420 section 6).
pub fn resign(
    room: &Room,
    identity: &IdentityKey,
    handshake: &[u8],
    from_outside: bool,
    edit: impl FnOnce(&mut Vec<u8>),
) -> Option<Vec<u8>> {
    let (content, tags) = split(handshake, from_outside)?;
    let mut content = content.to_vec();
    edit(&mut content);
    let context = room.group.public_group().group_context().tls_serialize_detached().ok()?;
    let signed = [&content[..], &context].concat();
    let signature = signature(identity, "MLS 1.0 FramedContentTBS", &signed)?;
    Some([content, signature, tags.to_vec()].concat())
}

/// Flips a bit of the membership tag of a member's commit, which no signature covers.
pub fn spoil_membership_tag(handshake: &mut [u8]) {
    if let Some(byte) = handshake.last_mut() {
        *byte ^= 1;
    }
}

/// Flips a bit of the confirmation tag of a commit, which no signature covers.
pub fn spoil_confirmation_tag(handshake: &mut [u8], from_outside: bool) {
    let behind = if from_outside { 0 } else { TAG };
    if let Some(byte) = handshake.iter_mut().rev().nth(behind) {
        *byte ^= 1;
    }
}

/// A GroupInfo (MLSMessage) with its content altered and signed anew. `edit` gets GroupContext, extensions, confirmation tag and the
/// index of the signer's leaf (RFC 9420 section 12.4.3).
pub fn resign_public_state(
    identity: &IdentityKey,
    group_info: &[u8],
    edit: impl FnOnce(&mut Vec<u8>),
) -> Option<Vec<u8>> {
    let (signed, _) = group_info.split_at_checked(group_info.len().checked_sub(SIGNATURE)?)?;
    let (header, content) = signed.split_at_checked(HEADER)?;
    let mut content = content.to_vec();
    edit(&mut content);
    let signature = signature(identity, "MLS 1.0 GroupInfoTBS", &content)?;
    Some([header, &content, &signature].concat())
}
