//! The storage that openmls writes a group into: a small map in memory that is cheap to copy.
//!
//! A copy shares every value with its original until one of them writes, so trying a commit on a copy costs one pointer
//! per entry. Values are MessagePack: openmls needs a self-describing format, and this one, unlike CBOR through serde, writes its vectors of
//! bytes as byte strings. Tree and context come from the public state, which is
//! checked against the epoch id; all else is kept in the snapshot: also the confirmation tag and the hash over it, which nobody could
//! check in what another member published.

use std::{cell::RefCell, collections::BTreeMap, fmt, sync::Arc};

use minicbor::{Decode, Encode};
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use rmp_serde::config::BytesMode;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// A value could not be written or read. It says no more, because values are secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("group storage is damaged")]
pub struct StorageError;

/// What an entry is. The numbers are part of the snapshot format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Tag {
    Tree = 1,
    Context = 2,
    InterimTranscriptHash = 3,
    Confirmation = 4,
    JoinConfig = 16,
    OwnLeafNodes = 17,
    GroupState = 18,
    MessageSecrets = 19,
    ResumptionPsks = 20,
    OwnLeafIndex = 21,
    EpochSecrets = 22,
    EpochKeyPairs = 23,
    EncryptionKeyPair = 24,
    KeyPackage = 25,
}

impl Tag {
    /// What of a group everybody knows who follows it.
    const PUBLIC: [u8; 4] =
        [Self::Tree as u8, Self::Context as u8, Self::InterimTranscriptHash as u8, Self::Confirmation as u8];
    /// What of a group comes from its public state.
    const PUBLISHED: [u8; 2] = [Self::Tree as u8, Self::Context as u8];
    /// What belongs to a key package, and to no group that was joined with it.
    const OF_KEY_PACKAGE: [u8; 2] = [Self::EncryptionKeyPair as u8, Self::KeyPackage as u8];
}

fn is_one_of(tags: &[u8], key: &[u8]) -> bool {
    key.first().is_some_and(|tag| tags.contains(tag))
}

type Value = Arc<Zeroizing<Vec<u8>>>;

/// State of one MLS group (or of one key package), as openmls wants it.
#[derive(Default, Clone)]
pub(crate) struct GroupStorage {
    entries: RefCell<BTreeMap<Vec<u8>, Value>>,
}

impl fmt::Debug for GroupStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries } = self;
        write!(f, "GroupStorage({} entries)", entries.borrow().len())
    }
}

fn entry_key(tag: Tag, key: &impl Serialize) -> Result<Vec<u8>, StorageError> {
    let mut bytes = vec![tag as u8];
    encode(key, &mut bytes)?;
    Ok(bytes)
}

fn encode(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), StorageError> {
    let mut writer = rmp_serde::Serializer::new(bytes).with_bytes(BytesMode::ForceIterables);
    value.serialize(&mut writer).map_err(|_| StorageError)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StorageError> {
    rmp_serde::from_slice(bytes).map_err(|_| StorageError)
}

/// An entry as snapshots and key packages hold it; wiped on drop.
#[derive(Encode, Decode)]
pub(crate) struct PrivateEntry {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    key: Vec<u8>,
    #[cbor(n(1), with = "crate::room::codec::bytes")]
    value: Vec<u8>,
}

#[cfg(test)]
impl PrivateEntry {
    /// Number of the kind.
    pub(crate) fn kind(&self) -> u8 {
        self.key.first().copied().unwrap_or(0)
    }
}

impl Drop for PrivateEntry {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.value);
    }
}

impl GroupStorage {
    /// The private entries, of a group for its snapshot, or of a key package.
    pub(crate) fn private_entries(&self) -> Vec<PrivateEntry> {
        self.entries
            .borrow()
            .iter()
            .filter(|(key, _)| !is_one_of(&Tag::PUBLISHED, key))
            .map(|(key, value)| PrivateEntry { key: key.clone(), value: value.to_vec() })
            .collect()
    }

    /// Puts the entries of a snapshot back. Tree and context are refused: they come from the public state, which is checked. So is what
    /// belongs to a key package.
    pub(crate) fn import_snapshot(&self, entries: Vec<PrivateEntry>) -> Result<(), StorageError> {
        self.import(entries, |key| !is_one_of(&Tag::PUBLISHED, key) && !is_one_of(&Tag::OF_KEY_PACKAGE, key))
    }

    /// Puts the entries of a key package back.
    pub(crate) fn import_key_package(&self, entries: Vec<PrivateEntry>) -> Result<(), StorageError> {
        self.import(entries, |key| is_one_of(&Tag::OF_KEY_PACKAGE, key))
    }

    fn import(
        &self,
        entries: Vec<PrivateEntry>,
        belongs: impl Fn(&[u8]) -> bool,
    ) -> Result<(), StorageError> {
        let mut map = self.entries.borrow_mut();
        for mut entry in entries {
            if !belongs(&entry.key) {
                return Err(StorageError);
            }
            let value = Zeroizing::new(std::mem::take(&mut entry.value));
            map.insert(std::mem::take(&mut entry.key), Arc::new(value));
        }
        Ok(())
    }

    /// Forgets the key package that a group was joined with. It may serve again, for other rooms, so openmls leaves its keys where they
    /// are; but whoever takes this room later must not find them.
    pub(crate) fn forget_key_package(&self) {
        self.entries.borrow_mut().retain(|key, _| !is_one_of(&Tag::OF_KEY_PACKAGE, key));
    }

    /// A copy of what everybody knows who follows the group.
    pub(crate) fn public_part(&self) -> Self {
        let entries = self.entries.borrow();
        let public = entries.iter().filter(|(key, _)| is_one_of(&Tag::PUBLIC, key));
        Self { entries: RefCell::new(public.map(|(key, value)| (key.clone(), value.clone())).collect()) }
    }

    /// The interim transcript hash of the one group in here: over all commits, and all confirmation tags.
    pub(crate) fn transcript(&self) -> Option<Vec<u8>> {
        let entries = self.entries.borrow();
        let tag = [Tag::InterimTranscriptHash as u8];
        entries.iter().find(|(key, _)| is_one_of(&tag, key)).map(|(_, value)| value.to_vec())
    }

    fn put(&self, tag: Tag, key: &impl Serialize, value: &impl Serialize) -> Result<(), StorageError> {
        let mut bytes = Zeroizing::new(Vec::new());
        encode(value, &mut bytes)?;
        self.entries.borrow_mut().insert(entry_key(tag, key)?, Arc::new(bytes));
        Ok(())
    }

    fn take<T: DeserializeOwned>(&self, tag: Tag, key: &impl Serialize) -> Result<Option<T>, StorageError> {
        let key = entry_key(tag, key)?;
        match self.entries.borrow().get(&key) {
            None => Ok(None),
            Some(value) => decode(value).map(Some),
        }
    }

    fn delete(&self, tag: Tag, key: &impl Serialize) -> Result<(), StorageError> {
        self.entries.borrow_mut().remove(&entry_key(tag, key)?);
        Ok(())
    }
}

/// Setter and getter of a value that exists once per group.
macro_rules! per_group {
    ($($tag:ident: $write:ident / $read:ident / $delete:ident, $type:ident;)+) => {$(
        fn $write<GroupId: traits::GroupId<CURRENT_VERSION>, T: traits::$type<CURRENT_VERSION>>(
            &self, group_id: &GroupId, value: &T,
        ) -> Result<(), Self::Error> {
            self.put(Tag::$tag, group_id, value)
        }
        fn $read<GroupId: traits::GroupId<CURRENT_VERSION>, T: traits::$type<CURRENT_VERSION>>(
            &self, group_id: &GroupId,
        ) -> Result<Option<T>, Self::Error> {
            self.take(Tag::$tag, group_id)
        }
        fn $delete<GroupId: traits::GroupId<CURRENT_VERSION>>(&self, group_id: &GroupId) -> Result<(), Self::Error> {
            self.delete(Tag::$tag, group_id)
        }
    )+};
}

impl StorageProvider<CURRENT_VERSION> for GroupStorage {
    type Error = StorageError;

    per_group! {
        JoinConfig: write_mls_join_config / mls_group_join_config / delete_group_config, MlsGroupJoinConfig;
        Tree: write_tree / tree / delete_tree, TreeSync;
        InterimTranscriptHash: write_interim_transcript_hash / interim_transcript_hash / delete_interim_transcript_hash, InterimTranscriptHash;
        Context: write_context / group_context / delete_context, GroupContext;
        Confirmation: write_confirmation_tag / confirmation_tag / delete_confirmation_tag, ConfirmationTag;
        MessageSecrets: write_message_secrets / message_secrets / delete_message_secrets, MessageSecrets;
        ResumptionPsks: write_resumption_psk_store / resumption_psk_store / delete_all_resumption_psk_secrets, ResumptionPskStore;
        OwnLeafIndex: write_own_leaf_index / own_leaf_index / delete_own_leaf_index, LeafNodeIndex;
        EpochSecrets: write_group_epoch_secrets / group_epoch_secrets / delete_group_epoch_secrets, GroupEpochSecrets;
    }

    // These three differ from the rest only in the order of their type parameters.
    fn write_group_state<S: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        group_state: &S,
    ) -> Result<(), Self::Error> {
        self.put(Tag::GroupState, group_id, group_state)
    }
    fn group_state<S: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Option<S>, Self::Error> {
        self.take(Tag::GroupState, group_id)
    }
    fn delete_group_state<G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<(), Self::Error> {
        self.delete(Tag::GroupState, group_id)
    }

    fn append_own_leaf_node<G: traits::GroupId<CURRENT_VERSION>, L: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
        leaf_node: &L,
    ) -> Result<(), Self::Error> {
        let mut leaves: Vec<Vec<u8>> = self.take(Tag::OwnLeafNodes, group_id)?.unwrap_or_default();
        let mut leaf = Vec::new();
        encode(leaf_node, &mut leaf)?;
        leaves.push(leaf);
        self.put(Tag::OwnLeafNodes, group_id, &leaves)
    }
    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, L: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<L>, Self::Error> {
        let leaves: Vec<Vec<u8>> = self.take(Tag::OwnLeafNodes, group_id)?.unwrap_or_default();
        leaves.iter().map(|leaf| decode(leaf)).collect()
    }
    fn delete_own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<(), Self::Error> {
        self.delete(Tag::OwnLeafNodes, group_id)
    }

    fn write_encryption_key_pair<
        E: traits::EncryptionKey<CURRENT_VERSION>,
        H: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        public_key: &E,
        key_pair: &H,
    ) -> Result<(), Self::Error> {
        self.put(Tag::EncryptionKeyPair, public_key, key_pair)
    }
    fn encryption_key_pair<
        H: traits::HpkeKeyPair<CURRENT_VERSION>,
        E: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        public_key: &E,
    ) -> Result<Option<H>, Self::Error> {
        self.take(Tag::EncryptionKeyPair, public_key)
    }
    fn delete_encryption_key_pair<E: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        public_key: &E,
    ) -> Result<(), Self::Error> {
        self.delete(Tag::EncryptionKeyPair, public_key)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        H: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[H],
    ) -> Result<(), Self::Error> {
        self.put(Tag::EpochKeyPairs, &(group_id, epoch, leaf_index), &key_pairs)
    }
    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        H: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<H>, Self::Error> {
        Ok(self.take(Tag::EpochKeyPairs, &(group_id, epoch, leaf_index))?.unwrap_or_default())
    }
    fn delete_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), Self::Error> {
        self.delete(Tag::EpochKeyPairs, &(group_id, epoch, leaf_index))
    }

    fn write_key_package<
        H: traits::HashReference<CURRENT_VERSION>,
        K: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &H,
        key_package: &K,
    ) -> Result<(), Self::Error> {
        self.put(Tag::KeyPackage, hash_ref, key_package)
    }
    fn key_package<H: traits::HashReference<CURRENT_VERSION>, K: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        hash_ref: &H,
    ) -> Result<Option<K>, Self::Error> {
        self.take(Tag::KeyPackage, hash_ref)
    }
    fn delete_key_package<H: traits::HashReference<CURRENT_VERSION>>(
        &self,
        hash_ref: &H,
    ) -> Result<(), Self::Error> {
        self.delete(Tag::KeyPackage, hash_ref)
    }

    // Waxwing commits proposals by value only, keeps the signature key in the vault and uses no pre-shared keys, so
    // the queue is always empty and the other two are never stored.
    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
        _: &R,
        _: &Q,
    ) -> Result<(), Self::Error> {
        Err(StorageError)
    }
    fn queued_proposal_refs<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<Vec<R>, Self::Error> {
        Ok(Vec::new())
    }
    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
    ) -> Result<Vec<(R, Q)>, Self::Error> {
        Ok(Vec::new())
    }
    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
        _: &R,
    ) -> Result<(), Self::Error> {
        Ok(())
    }
    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<(), Self::Error> {
        Ok(())
    }
    fn write_signature_key_pair<
        P: traits::SignaturePublicKey<CURRENT_VERSION>,
        S: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        _: &P,
        _: &S,
    ) -> Result<(), Self::Error> {
        Err(StorageError)
    }
    fn signature_key_pair<
        P: traits::SignaturePublicKey<CURRENT_VERSION>,
        S: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        _: &P,
    ) -> Result<Option<S>, Self::Error> {
        Ok(None)
    }
    fn delete_signature_key_pair<P: traits::SignaturePublicKey<CURRENT_VERSION>>(
        &self,
        _: &P,
    ) -> Result<(), Self::Error> {
        Ok(())
    }
    fn write_psk<P: traits::PskId<CURRENT_VERSION>, B: traits::PskBundle<CURRENT_VERSION>>(
        &self,
        _: &P,
        _: &B,
    ) -> Result<(), Self::Error> {
        Err(StorageError)
    }
    fn psk<B: traits::PskBundle<CURRENT_VERSION>, P: traits::PskId<CURRENT_VERSION>>(
        &self,
        _: &P,
    ) -> Result<Option<B>, Self::Error> {
        Ok(None)
    }
    fn delete_psk<P: traits::PskId<CURRENT_VERSION>>(&self, _: &P) -> Result<(), Self::Error> {
        Ok(())
    }
}
