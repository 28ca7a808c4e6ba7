//! What may be a reaction: one emoji.

use waxwing_wire::text::is_line;

/// Longest reaction, UTF-8 bytes.
const BYTES: usize = 32;
const JOINER: char = '\u{200d}';
const PICTURE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

fn is_flag_letter(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// What changes the emoji before it: presentation, skin, keycap, the tags of a flag.
fn modifies(c: char) -> bool {
    matches!(c, PICTURE | KEYCAP | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// What may begin an emoji: the blocks of symbols and pictures of Unicode.
fn begins(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}' | '\u{2934}' | '\u{2935}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1f1e5}' | '\u{1f200}'..='\u{1faff}')
}

/// Whether a text is one emoji, as far as its form tells (Unicode Technical Standard #51, sequences): a picture or keycap with
/// modifiers, several of them with joiners between, or a flag of two letters. Which of them a font can draw is not known here.
pub(crate) fn is_emoji(text: &str) -> bool {
    if text.is_empty() || text.len() > BYTES || !is_line(text) {
        return false;
    }
    let mut chars = text.chars();
    if chars.by_ref().take(2).filter(|c| is_flag_letter(*c)).count() == 2 {
        return chars.next().is_none();
    }
    let is_keycap = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| matches!(c, '0'..='9' | '#' | '*'))
            && matches!(chars.as_str(), "\u{fe0f}\u{20e3}" | "\u{20e3}")
    };
    let is_part = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(begins) && chars.all(modifies)
    };
    is_keycap(text) || text.split(JOINER).all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_and_nothing_else_is_a_reaction() {
        for fine in ["👍", "👍🏽", "❤️", "❤", "🏳️‍🌈", "👩‍👩‍👧", "🇩🇪", "1️⃣", "#⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☕", "↩️", "™"]
        {
            assert!(is_emoji(fine), "{fine}");
        }
        for wrong in [
            "",
            "a",
            "ab",
            " 👍",
            "👍👍",
            "🇩",
            "🇩🇪🇩🇪",
            "🇩🇪👍",
            "1",
            "é",
            "日",
            "<b>",
            "\u{202e}",
            "👍\u{202e}",
            "\u{200d}",
            "👍\u{200d}",
            "\u{fe0f}",
            "👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
            "👍\u{301}",
        ] {
            assert!(!is_emoji(wrong), "{wrong:?}");
        }
        assert!(!is_emoji(&"👍🏽".repeat(5)));
    }
}
