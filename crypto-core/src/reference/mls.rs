//! One MLS group whose members compute with different libraries: our suite, openmls's RustCrypto provider, and libcrux. Each founds,
//! adds, updates and removes in turn; after every commit all must have the same secrets.

use openmls::prelude::{
    BasicCredential, CredentialWithKey, KeyPackage, KeyPackageIn, LeafNodeIndex, LeafNodeParameters,
    MlsGroup, MlsGroupCreateConfig, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider,
    PURE_PLAINTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProtocolVersion, StagedWelcome,
};
use openmls_libcrux_crypto::Provider as Libcrux;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::{identity::IdentityKey, room::TestProvider as Ours, suite::SUITE};

/// One member, whatever it computes with.
trait Member {
    fn key_package(&self) -> Vec<u8>;
    fn found(&mut self);
    /// Commit and Welcome.
    fn add(&mut self, key_packages: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>);
    fn update(&mut self) -> Vec<u8>;
    fn remove(&mut self, leaf: u32) -> Vec<u8>;
    fn join(&mut self, welcome: &[u8]);
    /// Processes a commit, or gives what a message says.
    fn process(&mut self, message: &[u8]) -> Option<Vec<u8>>;
    fn say(&mut self, text: &[u8]) -> Vec<u8>;
    /// Exporter secret, epoch authenticator, and the tree.
    fn secrets(&self) -> [Vec<u8>; 3];
    fn leaf(&self) -> u32;
}

struct With<P: OpenMlsProvider> {
    provider: P,
    key: IdentityKey,
    group: Option<MlsGroup>,
}

impl<P: OpenMlsProvider> With<P> {
    fn boxed(provider: P, seed: u8) -> Box<dyn Member>
    where
        P: 'static,
    {
        Box::new(Self { provider, key: IdentityKey::from_seed([seed; 32]), group: None })
    }

    fn credential(&self) -> CredentialWithKey {
        let key = self.key.public();
        CredentialWithKey {
            credential: BasicCredential::new(key.as_bytes()[..16].to_vec()).into(),
            signature_key: key.as_bytes().to_vec().into(),
        }
    }

    fn group(&mut self) -> (&mut MlsGroup, &P, &IdentityKey) {
        (self.group.as_mut().unwrap(), &self.provider, &self.key)
    }
}

fn config() -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .build()
}

impl<P: OpenMlsProvider> Member for With<P> {
    fn key_package(&self) -> Vec<u8> {
        let bundle =
            KeyPackage::builder().build(SUITE, &self.provider, &self.key, self.credential()).unwrap();
        bundle.key_package().tls_serialize_detached().unwrap()
    }

    fn found(&mut self) {
        let group = MlsGroup::new(&self.provider, &self.key, &config(), self.credential());
        self.group = Some(group.unwrap());
    }

    fn add(&mut self, key_packages: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
        let (group, provider, key) = self.group();
        let read = |bytes: &Vec<u8>| {
            let package = KeyPackageIn::tls_deserialize_exact(bytes).unwrap();
            package.validate(provider.crypto(), ProtocolVersion::Mls10).unwrap()
        };
        let packages: Vec<KeyPackage> = key_packages.iter().map(read).collect();
        let (commit, welcome, _) = group.add_members(provider, key, &packages).unwrap();
        group.merge_pending_commit(provider).unwrap();
        (commit.tls_serialize_detached().unwrap(), welcome.tls_serialize_detached().unwrap())
    }

    fn update(&mut self) -> Vec<u8> {
        let (group, provider, key) = self.group();
        let bundle = group.self_update(provider, key, LeafNodeParameters::default()).unwrap();
        group.merge_pending_commit(provider).unwrap();
        bundle.into_commit().tls_serialize_detached().unwrap()
    }

    fn remove(&mut self, leaf: u32) -> Vec<u8> {
        let (group, provider, key) = self.group();
        let (commit, _, _) = group.remove_members(provider, key, &[LeafNodeIndex::new(leaf)]).unwrap();
        group.merge_pending_commit(provider).unwrap();
        commit.tls_serialize_detached().unwrap()
    }

    fn join(&mut self, welcome: &[u8]) {
        if let Some(mut removed_from) = self.group.take() {
            removed_from.delete(self.provider.storage()).unwrap();
        }
        let message = MlsMessageIn::tls_deserialize_exact(welcome).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { panic!("no Welcome") };
        let staged =
            StagedWelcome::new_from_welcome(&self.provider, config().join_config(), welcome, None).unwrap();
        self.group = Some(staged.into_group(&self.provider).unwrap());
    }

    fn process(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let (group, provider, _) = self.group();
        let message = MlsMessageIn::tls_deserialize_exact(message).unwrap();
        let message = message.try_into_protocol_message().unwrap();
        match group.process_message(provider, message).unwrap().into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                group.merge_staged_commit(provider, *staged).unwrap();
                None
            }
            ProcessedMessageContent::ApplicationMessage(text) => Some(text.into_bytes()),
            other => panic!("{other:?}"),
        }
    }

    fn say(&mut self, text: &[u8]) -> Vec<u8> {
        let (group, provider, key) = self.group();
        group.create_message(provider, key, text).unwrap().tls_serialize_detached().unwrap()
    }

    fn secrets(&self) -> [Vec<u8>; 3] {
        let group = self.group.as_ref().unwrap();
        let exported = group.export_secret(self.provider.crypto(), "Waxwing 1 room", b"context", 32).unwrap();
        let tree = group.export_ratchet_tree().tls_serialize_detached().unwrap();
        [exported, group.epoch_authenticator().as_slice().to_vec(), tree]
    }

    fn leaf(&self) -> u32 {
        self.group.as_ref().unwrap().own_leaf_index().u32()
    }
}

/// Checks that all have the same secrets, and other ones than before.
fn agree(members: &[Box<dyn Member>], before: &mut Vec<Vec<u8>>) {
    let [exported, authenticator, tree] = members[0].secrets();
    for member in &members[1..] {
        assert_eq!(member.secrets(), [exported.clone(), authenticator.clone(), tree.clone()]);
    }
    assert!(!before.contains(&exported), "every epoch has its own secret");
    before.push(exported);
}

/// The one at `author` has made `commit`; the others process it.
fn all_process(members: &mut [Box<dyn Member>], author: usize, commit: &[u8]) {
    for (at, member) in members.iter_mut().enumerate() {
        if at != author {
            assert_eq!(member.process(commit), None);
        }
    }
}

fn run(mut members: Vec<Box<dyn Member>>) {
    let mut secrets = Vec::new();
    // Founding, and adding one at a time, each by the one added before.
    members[0].found();
    for newcomer in 1..members.len() {
        let package = members[newcomer].key_package();
        let (commit, welcome) = members[newcomer - 1].add(&[package]);
        all_process(&mut members[..newcomer], newcomer - 1, &commit);
        members[newcomer].join(&welcome);
        agree(&members[..=newcomer], &mut secrets);
    }
    // Fresh paths by everybody, twice; messages under MLS's own ratchet in between.
    for author in (0..members.len()).chain(0..members.len()) {
        let commit = members[author].update();
        all_process(&mut members, author, &commit);
        agree(&members, &mut secrets);
        let said = members[author].say(b"hello");
        for (at, member) in members.iter_mut().enumerate() {
            if at != author {
                assert_eq!(member.process(&said).as_deref(), Some(&b"hello"[..]));
            }
        }
    }
    // Removal, and being added again.
    let last = members.len() - 1;
    let leaf = members[last].leaf();
    let commit = members[0].remove(leaf);
    all_process(&mut members[..last], 0, &commit);
    agree(&members[..last], &mut secrets);
    let package = members[last].key_package();
    let (commit, welcome) = members[last - 1].add(&[package]);
    all_process(&mut members[..last], last - 1, &commit);
    members[last].join(&welcome);
    agree(&members, &mut secrets);
    assert_eq!(secrets.len(), 3 * members.len() + 1);
}

#[test]
fn three_libraries_in_one_group() {
    let ours = |seed| With::boxed(Ours::default(), seed);
    let rust_crypto = |seed| With::boxed(OpenMlsRustCrypto::default(), seed);
    let libcrux = |seed| With::boxed(Libcrux::new().unwrap(), seed);
    run(vec![ours(1), libcrux(2), rust_crypto(3), ours(4), libcrux(5)]);
    run(vec![libcrux(1), rust_crypto(2), ours(3)]);
}
