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

/// Whether a text is one line in which nothing is hidden. Joiners (U+200C and U+200D) may follow characters beyond
/// ASCII: emoji and some scripts are written with them.
pub fn is_line(text: &str) -> bool {
    let mut joins = false;
    text.chars().all(|c| {
        let fine = !is_hidden(c) || (joins && matches!(c, '\u{200c}' | '\u{200d}'));
        joins = !c.is_ascii() && !is_hidden(c);
        fine
    })
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
        ] {
            assert!(!is_line(bad), "{bad:?}");
        }
    }
}
