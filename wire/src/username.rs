//! The one normalisation of usernames, so that no two accounts look alike.

use crate::limits::USERNAME_CHARS;

/// Why a username is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Shorter or longer than allowed.
    #[error("a username has 3 to 32 characters")]
    Length,
    /// Something else than a-z, 0-9, dot, dash and underscore, or it does not begin with a letter or end with a letter or digit.
    #[error("a username uses the letters a to z, digits, and . - _ in between, and begins with a letter")]
    Characters,
}

/// Lower-cases ASCII, trims blanks around, and checks what is left.
///
/// # Errors
/// [`UsernameError`] when the result is not an acceptable username.
pub fn normalise(text: &str) -> Result<String, UsernameError> {
    let name = text.trim().to_ascii_lowercase();
    if !USERNAME_CHARS.contains(&name.chars().count()) {
        return Err(UsernameError::Length);
    }
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let last = name.chars().last().is_some_and(|c| c.is_ascii_alphanumeric());
    if first && last && name.chars().all(inside) { Ok(name) } else { Err(UsernameError::Characters) }
}

/// Names that nobody may have, because people would take them for the relay, its operator or everybody.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "admin",
    "administrator",
    "all",
    "anonymous",
    "api",
    "channel",
    "everybody",
    "everyone",
    "guest",
    "help",
    "here",
    "info",
    "mail",
    "mod",
    "moderator",
    "nobody",
    "null",
    "official",
    "operator",
    "owner",
    "postmaster",
    "relay",
    "root",
    "security",
    "server",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "sysop",
    "system",
    "undefined",
    "waxwing",
    "webmaster",
];

/// What look-alikes have in common: without separators, and with one letter for those that are read as each other. Two
/// accounts never have the same.
pub fn skeleton(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '.' | '-' | '_')).map(|c| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        other => other,
    });
    letters.collect::<String>().replace("rn", "m").replace("vv", "w")
}

/// Whether a normalised name, or one that looks like it, is kept for nobody.
pub fn is_reserved(name: &str) -> bool {
    let looks = skeleton(name);
    RESERVED.iter().any(|reserved| skeleton(reserved) == looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_blanks_do_not_make_another_name() {
        assert_eq!(normalise("  Mira.Stone "), Ok("mira.stone".into()));
    }

    #[test]
    fn refuses_what_looks_alike_or_is_too_short() {
        assert_eq!(normalise("mіra"), Err(UsernameError::Characters), "Cyrillic i");
        assert_eq!(normalise("ab"), Err(UsernameError::Length));
        assert_eq!(normalise(&"a".repeat(33)), Err(UsernameError::Length));
        for bad in ["1abc", ".abc", "abc-", "a b c", "abc\u{202e}", "abc/..", ""] {
            assert!(normalise(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn look_alikes_have_one_skeleton() {
        for (one, other) in [
            ("mira.stone", "mira-stone"),
            ("mirastone", "m1ra_stone"),
            ("corner", "comer"),
            ("vvaldo", "waldo"),
            ("milo0", "mi1oo"),
            ("r-n.x", "mx"),
            ("m-i-l-a", "mlla"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        assert_ne!(skeleton("mira"), skeleton("mara"));
        assert_eq!(skeleton(&skeleton("rrnn-vvv0")), skeleton("rrnn-vvv0"));
    }

    #[test]
    fn names_of_the_relay_are_kept_for_nobody() {
        for name in
            ["admin", "adm1n", "ad.min", "adrnin", "root", "r00t", "vvaxvving", "support", "nu11", "a-l-l"]
        {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["mira", "adminton", "waxwings", "rooty"] {
            assert!(!is_reserved(name), "{name}");
        }
        assert!(RESERVED.iter().all(|name| normalise(name).as_deref() == Ok(*name)));
    }
}
