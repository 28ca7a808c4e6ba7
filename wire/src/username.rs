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
}
