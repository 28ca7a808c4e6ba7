//! What may be changed while the relay runs: flags give the defaults, administrators override them.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use waxwing_wire::account::{RegistrationPolicy, SessionPolicy, TotpPolicy};

use crate::{
    config::Config,
    http::rates::Rate,
    store::{SessionLife, Store, StoreError},
};

/// Row of the table `settings` that holds the [`Overrides`], as JSON.
pub const STORED: &str = "live_settings";

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Who may create an account.
    pub registration: RegistrationPolicy,
    /// Whether accounts need a second factor.
    pub totp: TotpPolicy,
    /// How many sessions of an account may be live at once.
    pub sessions: SessionPolicy,
    /// What people read as the name of this relay.
    pub name: String,
    /// Messages per second that an account may write in the long run.
    pub messages_per_second: u32,
    /// Hours without use after which a session ends.
    pub session_idle_hours: u32,
    /// Hours after which a session ends in any case.
    pub session_hours: u32,
    /// Whether anybody may come as a guest.
    pub guests: bool,
    /// Days after which a guest who did not come back is forgotten.
    pub guest_days: u32,
}

impl Values {
    /// How long sessions live.
    pub fn session_life(&self) -> SessionLife {
        SessionLife {
            idle: HOUR.saturating_mul(self.session_idle_hours),
            absolute: HOUR.saturating_mul(self.session_hours),
        }
    }

    /// How much an account may write.
    pub fn messages(&self) -> Rate {
        let per_second = self.messages_per_second;
        Rate { burst: per_second.saturating_mul(3), per_second }
    }
}

impl From<&Config> for Values {
    fn from(config: &Config) -> Self {
        Self {
            registration: config.registration.into(),
            totp: config.totp.into(),
            sessions: config.sessions.into(),
            name: config.name.clone(),
            messages_per_second: config.messages_per_second,
            session_idle_hours: config.session_idle_hours,
            session_hours: config.session_hours,
            guests: config.guests,
            guest_days: config.guest_days,
        }
    }
}

/// What administrators set; absent where the flag counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// See [`Values::registration`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationPolicy>,
    /// See [`Values::guests`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guests: Option<bool>,
    /// See [`Values::totp`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp: Option<TotpPolicy>,
    /// See [`Values::sessions`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionPolicy>,
    /// See [`Values::name`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`Values::messages_per_second`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_second: Option<u32>,
    /// See [`Values::session_idle_hours`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle_hours: Option<u32>,
    /// See [`Values::session_hours`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_hours: Option<u32>,
}

impl Overrides {
    fn over(&self, usual: &Values) -> Values {
        Values {
            registration: self.registration.unwrap_or(usual.registration),
            totp: self.totp.unwrap_or(usual.totp),
            sessions: self.sessions.unwrap_or(usual.sessions),
            name: self.name.clone().unwrap_or_else(|| usual.name.clone()),
            messages_per_second: self.messages_per_second.unwrap_or(usual.messages_per_second),
            session_idle_hours: self.session_idle_hours.unwrap_or(usual.session_idle_hours),
            session_hours: self.session_hours.unwrap_or(usual.session_hours),
            guests: self.guests.unwrap_or(usual.guests),
            guest_days: usual.guest_days,
        }
    }
}

/// The settings of a running relay. Whoever writes overrides to the store calls [`Self::replace`] once they are durable.
#[derive(Debug)]
pub struct Settings {
    defaults: Values,
    now: RwLock<(Overrides, Arc<Values>)>,
}

impl Settings {
    /// Those of this relay: the flags, and what administrators have set before.
    ///
    /// # Errors
    /// When the store fails, or what it holds is damaged.
    pub async fn load(store: &Store, defaults: Values) -> Result<Self, StoreError> {
        let stored = store.setting(STORED).await?;
        let overrides = stored.map(|bytes| serde_json::from_slice(&bytes)).transpose().map_err(|error| {
            tracing::error!(%error, "the stored settings are damaged");
            StoreError::Internal
        })?;
        let settings = Self::new(defaults);
        settings.replace(overrides.unwrap_or_default());
        Ok(settings)
    }

    fn new(defaults: Values) -> Self {
        let now = RwLock::new((Overrides::default(), Arc::new(defaults.clone())));
        Self { defaults, now }
    }

    /// What counts now.
    pub fn values(&self) -> Arc<Values> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// What the flags say.
    pub fn defaults(&self) -> &Values {
        &self.defaults
    }

    /// What administrators have set.
    pub fn overrides(&self) -> Overrides {
        self.now.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// From now on these count.
    pub fn replace(&self, overrides: Overrides) {
        let values = Arc::new(overrides.over(&self.defaults));
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = (overrides, values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let defaults = Values {
            registration: RegistrationPolicy::Open,
            totp: TotpPolicy::Required,
            sessions: SessionPolicy::Single,
            name: "Waxwing".into(),
            messages_per_second: 20,
            session_idle_hours: 720,
            session_hours: 4320,
            guests: true,
            guest_days: 14,
        };
        Settings::new(defaults)
    }

    #[test]
    fn what_is_set_counts_until_it_is_taken_back() {
        let settings = settings();
        assert_eq!(settings.values().as_ref(), settings.defaults());
        let set = Overrides {
            registration: Some(RegistrationPolicy::Closed),
            name: Some("Harbour".into()),
            messages_per_second: Some(5),
            session_hours: Some(7 * 24),
            ..Overrides::default()
        };
        settings.replace(set);
        let values = settings.values();
        assert_eq!((values.registration, values.name.as_str()), (RegistrationPolicy::Closed, "Harbour"));
        assert_eq!(
            (values.totp, values.messages()),
            (TotpPolicy::Required, Rate { burst: 15, per_second: 5 })
        );
        assert_eq!(values.session_life().absolute, Duration::from_secs(7 * 86_400));
        settings.replace(Overrides::default());
        assert_eq!(settings.values().as_ref(), settings.defaults());
    }

    #[test]
    fn overrides_are_stored_as_json_without_what_is_not_set() {
        let set = Overrides { totp: Some(TotpPolicy::Optional), ..Overrides::default() };
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, r#"{"totp":"optional"}"#);
        assert_eq!(serde_json::from_str::<Overrides>(&text).unwrap(), set);
    }
}
