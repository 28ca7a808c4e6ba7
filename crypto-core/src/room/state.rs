//! Room state: the GroupContext extension that every member holds alike and every commit signs.

use minicbor::{Decode, Encode};
use openmls::prelude::{
    Capabilities, CredentialType, Extension, ExtensionType, Extensions, GroupContext, ProposalType,
    RequiredCapabilitiesExtension, UnknownExtension,
};

use super::codec;
use super::provider::SUITE;
use super::{history::Roster, log::LogHead};
use crate::{
    hpke::HpkePublicKey,
    ids::{AccountId, EpochId, RoomId},
    label::hash,
};

/// Extension type of the room state, from the private-use range of RFC 9420 section 17.3.
const EXTENSION: u16 = 0xf0a1;

/// Longest room name in characters.
pub const NAME_CHARS: usize = 80;
/// Longest topic in characters.
pub const TOPIC_CHARS: usize = 500;
/// Most join methods: a link and a password.
pub const JOIN_METHODS: usize = 2;

/// What a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RoomKind {
    /// Any number of members.
    #[n(0)]
    Group,
    /// Two people who are named from the start; nobody else ever comes in, and neither puts the other out.
    #[n(1)]
    Direct,
}

/// What newcomers may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum HistoryRule {
    /// Everything.
    #[n(0)]
    All,
    /// From their own joining on.
    #[n(1)]
    FromJoin,
}

/// What a member may do. Whoever has no role of their own is a plain member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Speaks, brings people in.
    #[n(0)]
    Member,
    /// Removes members too.
    #[n(1)]
    Moderator,
    /// Changes everything.
    #[n(2)]
    Owner,
}

/// How a join method's secret travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum JoinKind {
    /// In the fragment of a link.
    #[n(0)]
    Link,
    /// Under the room's password.
    #[n(1)]
    Password,
}

/// A way into the room. Its secret seed is never here, so that taking the method out really excludes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinMethod {
    /// How the secret travels.
    #[n(0)]
    pub kind: JoinKind,
    /// X-Wing public key that join packages are sealed to.
    #[n(1)]
    pub key: HpkePublicKey,
    /// Member who made it.
    #[n(2)]
    pub creator: AccountId,
    /// It opens nothing from this time on, milliseconds since 1970; nothing: it stays until it is taken out. Whether a commit counts never
    /// depends on it: members have no common clock.
    #[n(3)]
    pub expires_ms: Option<u64>,
}

impl JoinMethod {
    /// Whether it opens nothing any more.
    pub fn has_expired(&self, now_ms: u64) -> bool {
        self.expires_ms.is_some_and(|end| end <= now_ms)
    }

    /// Id of the method: SHA-256 over its public key, 32 bytes.
    pub fn id(&self) -> [u8; 32] {
        method_id(&self.key)
    }
}

pub(crate) fn method_id(key: &HpkePublicKey) -> [u8; 32] {
    hash("Waxwing 1 join method", &[key.as_bytes()])
}

/// One role that differs from plain member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RoleEntry {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// What.
    #[n(1)]
    pub role: Role,
}

/// The room that a room takes over from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Predecessor {
    /// The room before.
    #[n(0)]
    pub room: RoomId,
    /// The last epoch there that the founder could follow.
    #[n(1)]
    pub epoch: EpochId,
    /// Log position there that the founder had seen.
    #[n(2)]
    pub head: LogHead,
}

/// The state of a room, the same for all members of an epoch.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct RoomState {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// What the room is.
    #[n(1)]
    pub kind: RoomKind,
    /// Name, at most [`NAME_CHARS`]; empty in a direct room, which is called after its people.
    #[n(2)]
    pub name: String,
    /// Topic, at most [`TOPIC_CHARS`].
    #[n(3)]
    pub topic: String,
    /// Reference to an avatar, opaque here, at most 1 KiB.
    #[cbor(n(4), with = "crate::room::codec::bytes")]
    pub avatar: Vec<u8>,
    /// Who founded it.
    #[n(5)]
    pub founder: AccountId,
    /// Roles above plain member, sorted by account; none in a direct room, where both may change it.
    #[n(6)]
    pub roles: Vec<RoleEntry>,
    /// What newcomers may read.
    #[n(7)]
    pub history: HistoryRule,
    /// Messages disappear after so many seconds; 0 keeps them.
    #[n(8)]
    pub retention_s: u64,
    /// Ways in, at most one of each kind.
    #[n(9)]
    pub joins: Vec<JoinMethod>,
    /// The other one in a direct room.
    #[n(10)]
    pub peer: Option<AccountId>,
    /// The room that this one takes over from.
    #[n(11)]
    pub predecessor: Option<Predecessor>,
}

impl std::fmt::Debug for RoomState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names and topics are content.
        write!(f, "RoomState({:?}, {} roles, {} joins)", self.kind, self.roles.len(), self.joins.len())
    }
}

impl RoomState {
    /// A new group: the founder is its owner, history is open, nobody can join yet.
    pub fn group(name: &str, founder: AccountId) -> Self {
        Self {
            version: 1,
            kind: RoomKind::Group,
            name: name.to_owned(),
            topic: String::new(),
            avatar: Vec::new(),
            founder,
            roles: vec![RoleEntry { account: founder, role: Role::Owner }],
            history: HistoryRule::All,
            retention_s: 0,
            joins: Vec::new(),
            peer: None,
            predecessor: None,
        }
    }

    /// A new direct room of two.
    pub fn direct(founder: AccountId, peer: AccountId) -> Self {
        let group = Self::group("", founder);
        Self { kind: RoomKind::Direct, roles: Vec::new(), peer: Some(peer), ..group }
    }

    /// Whether an account may be a member at all.
    pub(crate) fn admits(&self, account: AccountId) -> bool {
        self.kind == RoomKind::Group || account == self.founder || Some(account) == self.peer
    }

    /// Role of an account, if it is a member. In a direct room both change the state as owners do.
    pub fn role(&self, account: AccountId) -> Role {
        if self.kind == RoomKind::Direct && self.admits(account) {
            return Role::Owner;
        }
        self.roles.iter().find(|entry| entry.account == account).map_or(Role::Member, |entry| entry.role)
    }

    /// The join method with this id.
    pub fn join(&self, id: &[u8; 32]) -> Option<&JoinMethod> {
        self.joins.iter().find(|method| method.id() == *id)
    }

    /// Whether this may be the state of this room with these members.
    pub(crate) fn is_valid(&self, room: RoomId, members: &Roster) -> bool {
        self.version == 1
            && self.predecessor.is_none_or(|before| before.room != room)
            && self.topic.chars().count() <= TOPIC_CHARS
            && self.avatar.len() <= 1024
            && members.keys().all(|account| self.admits(*account))
            && match self.kind {
                RoomKind::Group => self.is_valid_group(members),
                RoomKind::Direct => self.is_valid_direct(),
            }
    }

    /// Roles are sorted, of members only, and one of them owns the room; one way in of each kind at most.
    fn is_valid_group(&self, members: &Roster) -> bool {
        let one_of_each = self.joins.len() <= JOIN_METHODS
            && self
                .joins
                .iter()
                .enumerate()
                .all(|(i, a)| !self.joins.iter().skip(i.saturating_add(1)).any(|b| b.kind == a.kind));
        let of_members =
            self.roles.iter().all(|entry| entry.role != Role::Member && members.contains_key(&entry.account));
        self.peer.is_none()
            && !self.name.trim().is_empty()
            && self.name.chars().count() <= NAME_CHARS
            && self.roles.is_sorted_by(|a, b| a.account < b.account)
            && of_members
            && self.roles.iter().any(|entry| entry.role == Role::Owner)
            && one_of_each
    }

    fn is_valid_direct(&self) -> bool {
        self.peer.is_some_and(|peer| peer != self.founder)
            && self.name.is_empty()
            && self.roles.is_empty()
            && self.joins.is_empty()
    }

    /// The group context extensions that carry this state and demand that every leaf understands it.
    pub(crate) fn to_extensions(&self) -> Option<Extensions<GroupContext>> {
        let required = RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(EXTENSION)],
            &[ProposalType::GroupContextExtensions],
            &[CredentialType::Basic],
        );
        Extensions::from_vec(vec![
            Extension::RequiredCapabilities(required),
            Extension::Unknown(EXTENSION, UnknownExtension(codec::encode(self))),
        ])
        .ok()
    }

    /// Reads the state back; everything else than exactly our two extensions is refused.
    pub(crate) fn from_extensions(extensions: &Extensions<GroupContext>) -> Option<Self> {
        let state: Self = codec::decode(&extensions.unknown(EXTENSION)?.0).ok()?;
        (state.to_extensions().as_ref() == Some(extensions)).then_some(state)
    }
}

/// Capabilities of every leaf.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![SUITE])
        .extensions(vec![ExtensionType::Unknown(EXTENSION), ExtensionType::LastResort])
        .proposals(vec![ProposalType::GroupContextExtensions])
        .credentials(vec![CredentialType::Basic])
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::IdentityPublicKey;

    fn state() -> RoomState {
        RoomState::group("Ops room", AccountId([1; 16]))
    }

    #[test]
    fn survives_the_extension() {
        let state = state();
        assert_eq!(RoomState::from_extensions(&state.to_extensions().unwrap()), Some(state));
    }

    const ROOM: RoomId = RoomId([9; 16]);
    const FOUNDER: AccountId = AccountId([1; 16]);
    const OTHER: AccountId = AccountId([2; 16]);

    fn roster(accounts: &[AccountId]) -> Roster {
        accounts.iter().map(|account| (*account, IdentityPublicKey([account.0[0]; 32]))).collect()
    }

    fn link(creator: AccountId) -> JoinMethod {
        let key = HpkePublicKey::from_slice(&[0; crate::hpke::PUBLIC_KEY_BYTES]).unwrap();
        JoinMethod { kind: JoinKind::Link, key, creator, expires_ms: None }
    }

    #[test]
    fn refuses_groups_that_break_the_rules() {
        let members = roster(&[FOUNDER]);
        assert!(state().is_valid(ROOM, &members));
        assert!(state().is_valid(ROOM, &roster(&[FOUNDER, OTHER])));
        let before = |room| Predecessor { room, epoch: EpochId([1; 32]), head: LogHead::start(room) };
        let later = RoomState { predecessor: Some(before(RoomId([8; 16]))), ..state() };
        assert!(later.is_valid(ROOM, &members));
        let itself = RoomState { predecessor: Some(before(ROOM)), ..state() };
        assert!(!itself.is_valid(ROOM, &members));
        let broken: [fn(&mut RoomState); 9] = [
            |s| s.version = 2,
            |s| s.kind = RoomKind::Direct,
            |s| s.peer = Some(OTHER),
            |s| s.name = "  ".into(),
            |s| s.name = "x".repeat(NAME_CHARS + 1),
            |s| s.roles.clear(),
            |s| s.roles.push(RoleEntry { account: OTHER, role: Role::Moderator }),
            |s| s.roles.push(RoleEntry { account: FOUNDER, role: Role::Member }),
            |s| s.joins = vec![link(s.founder), link(s.founder)],
        ];
        for change in broken {
            let mut s = state();
            change(&mut s);
            assert!(!s.is_valid(ROOM, &members));
        }
    }

    #[test]
    fn a_direct_room_is_of_two() {
        let direct = || RoomState::direct(FOUNDER, OTHER);
        for members in [&[FOUNDER][..], &[OTHER], &[FOUNDER, OTHER]] {
            assert!(direct().is_valid(ROOM, &roster(members)));
        }
        assert!(!direct().is_valid(ROOM, &roster(&[FOUNDER, OTHER, AccountId([3; 16])])));
        let broken: [fn(&mut RoomState); 6] = [
            |s| s.kind = RoomKind::Group,
            |s| s.peer = None,
            |s| s.peer = Some(s.founder),
            |s| s.name = "Us".into(),
            |s| s.roles.push(RoleEntry { account: FOUNDER, role: Role::Owner }),
            |s| s.joins.push(link(s.founder)),
        ];
        for change in broken {
            let mut s = direct();
            change(&mut s);
            assert!(!s.is_valid(ROOM, &roster(&[FOUNDER])));
        }
    }
}
