//! Text from elsewhere may hold terminal commands, line breaks or direction marks. None of them reach a terminal.

use std::borrow::Cow;

use parangon_protocol::id::is_unprintable;

use super::page::PALETTE;

/// One line of foreign text: everything unprintable, line breaks included, becomes `\u{…}`.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// Everything on its way to the terminal once more: only line breaks, tabs and our own colours pass.
pub(super) fn terminal(text: &str, colour: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&escape(&rest[..at], is_layout));
        rest = &rest[at..];
        let own = PALETTE.iter().find(|code| colour && rest.starts_with(**code));
        let (shown, taken) = own.map_or(("\\u{1b}", 1), |code| (code, code.len()));
        out.push_str(shown);
        rest = &rest[taken..];
    }
    out.push_str(&escape(rest, is_layout));
    out
}

fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

fn escape(text: &str, allowed: fn(char) -> bool) -> Cow<'_, str> {
    let bad = |c: char| is_unprintable(c) && !allowed(c);
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if bad(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_its_line_and_commands_nothing() {
        assert_eq!(clean("Céréales Vallée"), "Céréales Vallée");
        assert_eq!(clean("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(clean("a\nok  b\r"), "a\\u{a}ok  b\\u{d}");
        assert_eq!(clean("a\u{202e}b\u{9b}31m"), "a\\u{202e}b\\u{9b}31m");
    }

    #[test]
    fn only_our_own_colours_pass_and_only_when_there_are_any() {
        let painted = format!("{}ok{}\n\tx", PALETTE[0], PALETTE[PALETTE.len() - 1]);
        assert_eq!(terminal(&painted, true), painted);
        assert!(!terminal(&painted, false).contains('\u{1b}'));
        assert_eq!(terminal("\u{1b}]0;title\u{7}", true), "\\u{1b}]0;title\\u{7}");
    }
}
