//! Joining by a join method: the packages that every commit seals to it, and the external commit.

use minicbor::{Decode, Encode};
use openmls::prelude::{LeafNodeParameters, MlsGroup, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use super::codec;
use super::{
    CommitError, Prepared,
    commit::{Author, Made},
    epoch::{EpochKeys, HandshakeKey},
    follow::PUBLIC_STATES,
    history::Roster,
    invite::JoinSecret,
    log::LogHead,
    policy::{self, CommitAad, Stamp},
    provider::{Provider, credential},
    public_state::PublicState,
    state::{self, JoinMethod, RoomState, method_id},
};
use crate::{
    identity::{IdentityKey, Signature},
    ids::{AccountId, EpochId, RoomId},
    label::labelled,
    padding,
    secret::SymmetricKey,
};

const PACKAGE: &str = "Waxwing 1 join package";
/// Most join packages that are read.
const PACKAGES: usize = 16;

/// Why somebody cannot join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The link is cut short or mistyped.
    #[error("the link is not complete")]
    BadLink,
    /// No join package of the newest epoch is sealed to this link and signed by a member.
    #[error("the room does not answer to this link")]
    NoPackage,
    /// The public state is damaged or not of the package's epoch.
    #[error("the public state of the room is damaged")]
    PublicState,
}

#[derive(Encode, Decode)]
pub(super) struct PackageBody {
    #[n(0)]
    version: u8,
    #[n(1)]
    room: RoomId,
    #[n(2)]
    epoch: EpochId,
    #[n(3)]
    seen: LogHead,
    #[n(4)]
    time_ms: u64,
    #[n(5)]
    handshake_key: SymmetricKey,
    #[n(6)]
    room_key: Option<SymmetricKey>,
    #[n(7)]
    signer: AccountId,
    /// What public state it is about: [`PublicState::vouched`].
    #[cbor(n(8), with = "crate::room::codec::array32")]
    public: [u8; 32],
}

#[derive(Encode, Decode)]
pub(super) struct SignedPackage {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

impl Drop for SignedPackage {
    fn drop(&mut self) {
        self.body.zeroize();
    }
}

/// A package is padded, because it is longer where history is open, and the relay need not know that.
fn padded(package: &SignedPackage) -> Result<Zeroizing<Vec<u8>>, CommitError> {
    let plain = codec::encode_secret(package);
    let size = padding::padded_len(plain.len()).ok_or(CommitError::Internal)?;
    let mut out = Zeroizing::new(Vec::with_capacity(size));
    if padding::pad_into(&mut out, &plain) { Ok(out) } else { Err(CommitError::Internal) }
}

fn package_aad(room: RoomId, epoch: EpochId, method: &[u8; 32]) -> Vec<u8> {
    labelled(PACKAGE, &[room.as_bytes(), epoch.as_bytes(), method])
}

/// The bytes that are signed: the method is named, so that a package for one link does not pass for another's.
fn package_signed(method: &[u8; 32], body: &[u8]) -> Vec<u8> {
    labelled(PACKAGE, &[method, body])
}

/// Seals a join package of the given epoch, with this public state ([`PublicState::vouched`]), to one method.
pub(crate) fn seal_package(
    method: &JoinMethod,
    (keys, public): (&EpochKeys, [u8; 32]),
    open_history: bool,
    stamp: Stamp,
    author: Author<'_>,
) -> Result<Vec<u8>, CommitError> {
    let id = method.id();
    let body = codec::encode_secret(&PackageBody {
        version: 1,
        room: keys.room,
        epoch: keys.epoch,
        seen: stamp.seen,
        time_ms: stamp.now_ms,
        handshake_key: keys.handshake().key,
        room_key: open_history.then(|| keys.room_key().clone()),
        signer: author.account,
        public,
    });
    let signature = author.identity.sign(PACKAGE, &package_signed(&id, &body));
    let package = padded(&SignedPackage { body: body.to_vec(), signature })?;
    let aad = package_aad(keys.room, keys.epoch, &id);
    method.key.seal_to(PACKAGE, &aad, &package).map_err(|_| CommitError::Internal)
}

/// A room seen through a join method: what a person is shown before joining, and what joining starts from.
pub struct Doorway {
    handshake: HandshakeKey,
    keys: Option<EpochKeys>,
    public: PublicState,
    /// Members now.
    pub roster: Roster,
    /// The room.
    pub state: RoomState,
    /// Log position of the commit that made the newest epoch, as its author had seen it.
    pub seen: LogHead,
    /// When the package was sealed, milliseconds since 1970 by its author's clock.
    pub sealed_at_ms: u64,
    /// Who vouches for all this: the creator of the join method, if one of the packages is theirs.
    pub vouched_by: AccountId,
}

impl std::fmt::Debug for Doorway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Doorway({:?}, {:?})", self.handshake.room, self.handshake.epoch)
    }
}

/// A public state of the epoch, imported once for all packages that vouch for it.
struct Seen {
    handshake: HandshakeKey,
    sealed: PublicState,
    vouched: [u8; 32],
    roster: Roster,
    state: RoomState,
}

impl Seen {
    /// Imports a public state, if a package names it: that checks every signature in the tree, and that this is the epoch named.
    fn import(
        room: RoomId,
        epoch: EpochId,
        packages: &[(SignedPackage, PackageBody)],
        sealed: &[u8],
    ) -> Option<Self> {
        let (handshake, public, vouched) = packages.iter().find_map(|(_, body)| {
            let handshake = HandshakeKey { room, epoch, key: body.handshake_key.clone() };
            let public = PublicState::open(&handshake, sealed).ok()?;
            let vouched = public.vouched().filter(|vouched| *vouched == body.public)?;
            Some((handshake, public, vouched))
        })?;
        let group = public.import(&handshake, &Provider::default()).ok()?;
        let roster = policy::roster(&group)?;
        let state = RoomState::from_extensions(group.group_context().extensions())?;
        let valid = state.is_valid(room, &roster);
        valid.then_some(Self { handshake, sealed: public, vouched, roster, state })
    }

    fn is_meant_by(&self, body: &PackageBody) -> bool {
        body.public == self.vouched && body.handshake_key == self.handshake.key
    }

    /// The creator of the method, who need not be the signer, if a member signed the package for it.
    fn vouched_for(
        &self,
        method: &[u8; 32],
        signed: &SignedPackage,
        body: &PackageBody,
    ) -> Option<AccountId> {
        let signer = self.roster.get(&body.signer)?;
        signer.verify(PACKAGE, &package_signed(method, &signed.body), &signed.signature).ok()?;
        Some(self.state.join(method)?.creator)
    }

    fn doorway(&self, body: &PackageBody) -> Option<Doorway> {
        let HandshakeKey { room, epoch, .. } = self.handshake;
        let keys = body.room_key.as_ref().map(|key| EpochKeys::new(room, epoch, key.clone()));
        let consistent = keys.as_ref().is_none_or(|keys| keys.handshake().key == self.handshake.key);
        consistent.then(|| Doorway {
            handshake: self.handshake.clone(),
            keys,
            public: self.sealed.clone(),
            roster: self.roster.clone(),
            state: self.state.clone(),
            seen: body.seen,
            sealed_at_ms: body.time_ms,
            vouched_by: body.signer,
        })
    }
}

impl Doorway {
    /// Opens an epoch with a join secret: looks for a package that is sealed to the secret, signed by a member, and vouches for one of the public
    /// states. One that the creator of the method signed comes before all others, because the link names the creator. Of
    /// packages the first 16 are read, of public states the first 4.
    ///
    /// # Errors
    /// [`JoinError`].
    pub fn open(
        room: RoomId,
        epoch: EpochId,
        secret: &JoinSecret,
        packages: &[Vec<u8>],
        sealed_public_states: &[Vec<u8>],
    ) -> Result<Self, JoinError> {
        let private = secret.private_key()?;
        let method = method_id(private.public());
        let aad = package_aad(room, epoch, &method);
        let package = |sealed: &Vec<u8>| {
            let plain = private.open(PACKAGE, &aad, sealed).ok()?;
            let signed: SignedPackage = codec::decode(padding::unpad(&plain)?).ok()?;
            let body: PackageBody = codec::decode(&signed.body).ok()?;
            (body.version == 1 && body.room == room && body.epoch == epoch).then_some((signed, body))
        };
        let packages: Vec<_> = packages.iter().take(PACKAGES).filter_map(package).collect();
        if packages.is_empty() {
            return Err(JoinError::NoPackage);
        }
        let states = sealed_public_states.iter().take(PUBLIC_STATES);
        let rooms: Vec<_> =
            states.filter_map(|sealed| Seen::import(room, epoch, &packages, sealed)).collect();
        let mut best = Err(if rooms.is_empty() { JoinError::PublicState } else { JoinError::NoPackage });
        for (signed, body) in &packages {
            for seen in rooms.iter().filter(|seen| seen.is_meant_by(body)) {
                let Some(creator) = seen.vouched_for(&method, signed, body) else { continue };
                let Some(doorway) = seen.doorway(body) else { continue };
                if creator == body.signer {
                    return Ok(doorway);
                }
                if best.is_err() {
                    best = Ok(doorway);
                }
            }
        }
        best
    }

    /// Keys of the epoch before joining, when the room's history is open.
    pub fn keys(&self) -> Option<&EpochKeys> {
        self.keys.as_ref()
    }

    /// Builds the external commit that joins; what it says to have seen is what the package's author had. Nothing is changed until the
    /// relay takes it.
    ///
    /// # Errors
    /// [`CommitError`].
    pub fn join(
        &self,
        identity: &IdentityKey,
        account: AccountId,
        account_version: u64,
        now_ms: u64,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Prepared, CommitError> {
        let provider = Provider::default();
        let (info, tree) = self.public.parts().map_err(|_| CommitError::Internal)?;
        let stamp = Stamp { seen: self.seen, account_version, now_ms };
        let aad = codec::encode(&CommitAad::new(stamp, Vec::new()));
        let leaf = LeafNodeParameters::builder().with_capabilities(state::capabilities()).build();
        let (group, bundle) = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(join_config())
            .with_aad(aad)
            .build_group(&provider, info, credential(account, identity.public()))
            .map_err(|_| CommitError::Refused)?
            .leaf_node_parameters(leaf)
            .load_psks(provider.storage())
            .map_err(|_| CommitError::Internal)?
            .build(provider.rand(), provider.crypto(), identity, |_| true)
            .map_err(|_| CommitError::Refused)?
            .finalize(&provider)
            .map_err(|_| CommitError::Refused)?;
        let commit = bundle.commit().to_bytes().map_err(|_| CommitError::Internal)?;
        self.judge(account, &commit)?;
        let parent = Parent {
            handshake: &self.handshake,
            keys: self.keys.as_ref(),
            roster: &self.roster,
            state: &self.state,
        };
        let made = Made { provider, group, commit, welcome: None };
        Prepared::assemble(made, parent, stamp, Author { account, identity }, rng)
    }

    /// The public state as openmls takes it.
    #[cfg(any(test, feature = "hostile"))]
    pub(super) fn public_parts(
        &self,
    ) -> Option<(openmls::prelude::group_info::VerifiableGroupInfo, openmls::prelude::RatchetTreeIn)> {
        self.public.parts().ok()
    }

    #[cfg(any(test, feature = "hostile"))]
    pub(super) fn handshake_key(&self) -> &HandshakeKey {
        &self.handshake
    }

    /// What the members would skip must not be uploaded: judges the own commit as they will.
    fn judge(&self, account: AccountId, commit: &[u8]) -> Result<(), CommitError> {
        let provider = Provider::default();
        let group = self.public.import(&self.handshake, &provider).map_err(|_| CommitError::Internal)?;
        let judged = policy::parse(commit)
            .and_then(|message| policy::judge(&provider, group.group_id(), account, message));
        judged.map(drop).map_err(|_| CommitError::Refused)
    }
}

/// What a commit follows.
pub(crate) struct Parent<'a> {
    pub(crate) handshake: &'a HandshakeKey,
    pub(crate) keys: Option<&'a EpochKeys>,
    pub(crate) roster: &'a Roster,
    pub(crate) state: &'a RoomState,
}

/// How every member joins: handshakes are PublicMessages, sealed by us as a whole.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(0)
        .use_ratchet_tree_extension(false)
        .build()
}
