//! The ratchet tree that a commit makes: whether everybody can go on with it.
//!
//! openmls compares the keys of a commit with those of the leaves only, and looks into no key at all. A tree that it takes from a commit may
//! therefore be one that it refuses to import (a key that is there twice), or one to which nobody can seal (a key that is not
//! valid): the room would go on for those who have it open, and be lost to everybody else.

use std::collections::BTreeSet;

use openmls::prelude::{LeafNode, PublicGroup};
use tls_codec::{Deserialize as _, Serialize, VLBytes};

use super::state;
use crate::hpke::HpkePublicKey;

/// Whether every key of the tree is valid and there once.
pub(crate) fn has_usable_keys(group: &PublicGroup) -> bool {
    let tree = group.treesync();
    let leaves = tree.full_leaves().map(|(_, leaf)| first_vector(leaf.encryption_key()));
    // A parent node begins with its key, RFC 9420 section 7.1.
    let parents = tree.full_parents().map(|(_, parent)| first_vector(parent));
    let mut seen = BTreeSet::new();
    leaves
        .chain(parents)
        .all(|key| key.is_some_and(|key| HpkePublicKey::from_slice(&key).is_ok() && seen.insert(key)))
}

/// The vector that a TLS structure begins with; openmls has no other way to the bytes of these keys.
pub(super) fn first_vector(value: &impl Serialize) -> Option<Vec<u8>> {
    let bytes = value.tls_serialize_detached().ok()?;
    Some(Vec::from(VLBytes::tls_deserialize(&mut bytes.as_slice()).ok()?))
}

/// Whether a new leaf is one as we make them: our capabilities, no extensions. One that can less would keep the others from using
/// what rooms are built on; one that says more only takes space.
pub(crate) fn is_our_leaf(leaf: &LeafNode) -> bool {
    *leaf.capabilities() == state::capabilities() && leaf.extensions().iter().next().is_none()
}
