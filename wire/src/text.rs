//! What short texts may hold that people read in lists: names of relays and devices, reasons, notes, announcements.

/// Whether a character shows nothing by itself but changes how others are shown or read: control characters, marks of
/// writing direction, blanks without width, tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The flag that tags turn into the flag of a part of a country (Unicode Technical Standard #51, emoji tag sequences).
const BLACK_FLAG: char = '\u{1f3f4}';
/// The tag that ends such a sequence.
const CANCEL_TAG: char = '\u{e007f}';
/// Characters of the code of a part of a country: two letters for the country, then one to four letters or digits.
const SUBDIVISION: core::ops::RangeInclusive<usize> = 3..=6;

/// Whether a text is one line in which nothing is hidden. Joiners (U+200C and U+200D) may follow characters beyond
/// ASCII: emoji and some scripts are written with them. Tags may follow a black flag when they are the code of a part of
/// a country and are ended, as in the flags of England, Scotland and Wales.
pub fn is_line(text: &str) -> bool {
    let mut joins = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if is_hidden(c) && !(joins && matches!(c, '\u{200c}' | '\u{200d}')) {
            return false;
        }
        joins = !c.is_ascii() && !is_hidden(c);
        if c == BLACK_FLAG {
            let tags = subdivision_tags(rest.as_str());
            rest = rest.as_str().get(tags..).unwrap_or_default().chars();
        }
    }
    true
}

/// How many bytes at the beginning of a text are the tags of a part of a country; 0 when they are not well-formed.
fn subdivision_tags(text: &str) -> usize {
    let mut count = 0_usize;
    for (at, c) in text.char_indices() {
        let is_letter = matches!(c, '\u{e0061}'..='\u{e007a}');
        let is_digit = matches!(c, '\u{e0030}'..='\u{e0039}');
        if c == CANCEL_TAG && SUBDIVISION.contains(&count) {
            return at.saturating_add(c.len_utf8());
        }
        if count == *SUBDIVISION.end() || !(is_letter || is_digit && count >= 2) {
            return 0;
        }
        count = count.saturating_add(1);
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_how_a_line_reads_is_refused() {
        for fine in [
            "",
            "Firefox on Linux",
            "Größe",
            "日本語",
            "می\u{200c}خواهم",
            "👩\u{200d}👧",
            "🏳\u{fe0f}\u{200d}🌈",
            "🏴",
            "🏴\u{200d}☠\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} wins",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
            "🏴\u{e0066}\u{e0072}\u{e0039}\u{e0037}\u{e0033}\u{e007f}",
        ] {
            assert!(is_line(fine), "{fine:?}");
        }
        for bad in [
            "two\nlines",
            "a\tb",
            "\u{7f}",
            "\u{85}",
            "user\u{202e}gpj.exe",
            "a\u{2066}b",
            "a\u{200e}b",
            "a\u{61c}b",
            "ad\u{200d}min",
            "ad\u{200b}min",
            "ad\u{ad}min",
            "\u{feff}a",
            "a\u{2028}b",
            "a\u{e0041}",
            "é\u{200d}\u{200d}",
            // Tags that are not ended, that follow something else, too few, too many, or no code of a country.
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067} \u{e007f}",
            "🏳\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏴\u{fe0f}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏴\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e0067}\u{e0067}\u{e007f}",
            "🏴\u{e0031}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0045}\u{e004e}\u{e0047}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}\u{e0067}\u{e0062}\u{e0065}\u{e007f}",
        ] {
            assert!(!is_line(bad), "{bad:?}");
        }
    }
}
