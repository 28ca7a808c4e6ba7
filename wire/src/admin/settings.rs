//! Settings that take effect at once.

use serde::{Deserialize, Deserializer, Serialize};

use crate::account::{RegistrationPolicy, SessionPolicy, TotpPolicy};

/// A setting: what counts, what the relay was started with, and whether the former was set here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting<T> {
    /// What counts now.
    pub value: T,
    /// What the relay was started with.
    pub default: T,
    /// Whether an administrator has set it; it then counts until it is set back.
    pub set: bool,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settings {
    /// The operator's name for this relay, at most [`crate::limits::NAME_CHARS`] characters.
    pub name: Setting<String>,
    /// Who may create an account.
    pub registration: Setting<RegistrationPolicy>,
    /// Whether anybody may come as a guest.
    pub guests: Setting<bool>,
    /// Whether accounts need a second factor.
    pub totp: Setting<TotpPolicy>,
    /// Whether an account is live in one session or in several.
    pub sessions: Setting<SessionPolicy>,
    /// Messages per second that an account may write in the long run.
    pub messages_per_second: Setting<u32>,
    /// A session ends after so many hours without use.
    pub session_idle_hours: Setting<u32>,
    /// A session ends after so many hours in any case.
    pub session_hours: Setting<u32>,
}

/// What is to change. A field that is absent stays; `null` goes back to what the relay was started with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// 1 to [`crate::limits::NAME_CHARS`] characters.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub name: Option<Option<String>>,
    /// Who may create an account.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RegistrationPolicy>))]
    pub registration: Option<Option<RegistrationPolicy>>,
    /// Whether anybody may come as a guest. Guests who are there stay.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub guests: Option<Option<bool>>,
    /// Whether accounts need a second factor.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TotpPolicy>))]
    pub totp: Option<Option<TotpPolicy>>,
    /// Whether an account is live in one session or in several.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<SessionPolicy>))]
    pub sessions: Option<Option<SessionPolicy>>,
    /// 1 to 1,000,000.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub messages_per_second: Option<Option<u32>>,
    /// 1 to 8,760.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub session_idle_hours: Option<Option<u32>>,
    /// 1 to 8,760.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub session_hours: Option<Option<u32>>,
}

/// Tells `null` from a field that is absent.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_absent() {
        let change: ChangeSettings = serde_json::from_str(r#"{"name": null, "totp": "optional"}"#).unwrap();
        assert_eq!((change.name, change.totp), (Some(None), Some(Some(TotpPolicy::Optional))));
        assert_eq!(change.sessions, None);
        assert_eq!(serde_json::to_string(&ChangeSettings::default()).unwrap(), "{}");
    }
}
