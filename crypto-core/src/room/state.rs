//! Room state: the GroupContext extension that every member holds alike and every commit signs.

use minicbor::{Decode, Encode};
use openmls::prelude::{
    Capabilities, CredentialType, Extension, ExtensionType, Extensions, GroupContext, ProposalType,
    RequiredCapabilitiesExtension, UnknownExtension,
};

use super::codec;
use super::provider::SUITE;
use crate::{hpke::HpkePublicKey, ids::AccountId, label::hash};

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
    /// Two members, nobody joins.
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
}

impl JoinMethod {
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

/// The state of a room, the same for all members of an epoch.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct RoomState {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// What the room is.
    #[n(1)]
    pub kind: RoomKind,
    /// Name, at most [`NAME_CHARS`].
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
    /// Roles above plain member, sorted by account.
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
        }
    }

    /// Role of an account, if it is a member.
    pub fn role(&self, account: AccountId) -> Role {
        self.roles.iter().find(|entry| entry.account == account).map_or(Role::Member, |entry| entry.role)
    }

    /// The join method with this id.
    pub fn join(&self, id: &[u8; 32]) -> Option<&JoinMethod> {
        self.joins.iter().find(|method| method.id() == *id)
    }

    /// Whether this may be the state of a room with these members: bounded, sorted, with an owner who is a member.
    pub(crate) fn is_valid(&self, is_member: impl Fn(AccountId) -> bool) -> bool {
        let sorted = self.roles.is_sorted_by(|a, b| a.account < b.account);
        let one_of_each = self.joins.len() <= JOIN_METHODS
            && self
                .joins
                .iter()
                .enumerate()
                .all(|(i, a)| !self.joins.iter().skip(i.saturating_add(1)).any(|b| b.kind == a.kind));
        self.version == 1
            && !self.name.trim().is_empty()
            && self.name.chars().count() <= NAME_CHARS
            && self.topic.chars().count() <= TOPIC_CHARS
            && self.avatar.len() <= 1024
            && sorted
            && self.roles.iter().all(|entry| entry.role != Role::Member && is_member(entry.account))
            && self.roles.iter().any(|entry| entry.role == Role::Owner)
            && one_of_each
            && (self.kind == RoomKind::Group || self.joins.is_empty())
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

    fn state() -> RoomState {
        RoomState::group("Ops room", AccountId([1; 16]))
    }

    #[test]
    fn survives_the_extension() {
        let state = state();
        assert_eq!(RoomState::from_extensions(&state.to_extensions().unwrap()), Some(state));
    }

    #[test]
    fn refuses_states_that_break_the_rules() {
        let member = |account| account == AccountId([1; 16]);
        assert!(state().is_valid(member));
        let broken: [fn(&mut RoomState); 7] = [
            |s| s.version = 2,
            |s| {
                s.kind = RoomKind::Direct;
                let key = HpkePublicKey::from_slice(&[0; crate::hpke::PUBLIC_KEY_BYTES]).unwrap();
                s.joins.push(JoinMethod { kind: JoinKind::Link, key, creator: s.founder });
            },
            |s| s.name = "  ".into(),
            |s| s.name = "x".repeat(NAME_CHARS + 1),
            |s| s.roles.clear(),
            |s| s.roles.push(RoleEntry { account: AccountId([2; 16]), role: Role::Moderator }),
            |s| s.roles.push(RoleEntry { account: AccountId([1; 16]), role: Role::Member }),
        ];
        for change in broken {
            let mut s = state();
            change(&mut s);
            assert!(!s.is_valid(member));
        }
    }
}
