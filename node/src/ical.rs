//! Values and lines of calendar files (RFC 5545).

/// Octets of a line at most, without its end.
const LINE: usize = 75;

/// A text value: what has a meaning there is escaped, other control characters are left out.
#[must_use]
pub fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for c in value.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Appends a line, folded after 75 octets, never within a character.
pub fn line(file: &mut String, content: &str) {
    let mut octets = 0;
    for c in content.chars() {
        if octets + c.len_utf8() > LINE {
            file.push_str("\r\n ");
            octets = 1;
        }
        file.push(c);
        octets += c.len_utf8();
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters_and_texts_escaped() {
        let mut file = String::new();
        let long = "ü".repeat(80);
        line(&mut file, &long);
        assert!(file.split_terminator("\r\n").all(|line| line.len() <= LINE), "{file}");
        assert_eq!(file.replace("\r\n ", ""), format!("{long}\r\n"));
        let mut exact = String::new();
        line(&mut exact, &"x".repeat(LINE));
        assert_eq!(exact, format!("{}\r\n", "x".repeat(LINE)), "no fold at the limit");
        assert_eq!(escaped("a;b,c\\d\ne\r\u{7}"), "a\\;b\\,c\\\\d\\ne");
    }
}
