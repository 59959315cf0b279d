//! The recovery sheet as a page to print: one HTML file, black on white, that loads and runs nothing.

use std::fmt::Write;

use parangon_node::keystore::sheet::{HALF, Sheet};
use parangon_protocol::id::{AgencyId, Name};
use zeroize::Zeroizing;

use super::NewPage;
use crate::html::escaped;

/// Bytes of a page at most: some 6 KiB of ours, and a name of 200 characters, escaped, four times.
const PAGE_BYTES: usize = 32 * 1024;

const STYLE: &str = "\
@page { size: A4; margin: 16mm 18mm; }
body { color: #000; background: #fff; font: 10.5pt/1.35 sans-serif; max-width: 174mm; margin: 0 auto; }
h1 { font-size: 17pt; margin: 0 0 1mm; }
h2 { font-size: 12pt; margin: 5mm 0 1.5mm; border-bottom: 0.3mm solid #000; break-after: avoid; }
p, ul, ol { margin: 1.5mm 0; }
ol, ul { padding-left: 8mm; }
code, .words { font-family: monospace; }
code { overflow-wrap: anywhere; }
.words { columns: 4; font-size: 12pt; line-height: 1.5; padding-left: 10mm; break-inside: avoid; }
li { break-inside: avoid; }
";

/// What to type, in order, to have the identity key back; then what to type instead when it was stolen.
pub(super) fn commands(id: &AgencyId, name: &Name) -> [(String, &'static str); 3] {
    let name = name.as_str().replace('\'', "'\\''");
    [
        ("parangon key recover --data recovered".to_owned(), "asks for the 48 words and makes identity.keys in a new directory"),
        ("parangon key show --data recovered".to_owned(), "shows the public identity key: compare it with this page and the charter"),
        (
            format!("parangon key recover --successor --id {id} --name '{name}' --data recovered"),
            "instead of the first, when words 1 to 24 or identity.keys were stolen: the successor takes over, with a sheet of its own",
        ),
    ]
}

/// The page. Allocated once, so that nothing is left behind by growing.
pub(super) fn html(of: &NewPage<'_>, sheet: &Sheet) -> Zeroizing<String> {
    let mut page = Zeroizing::new(String::with_capacity(PAGE_BYTES));
    write(of, sheet, &mut page).expect("a String takes everything");
    page
}

fn write(of: &NewPage<'_>, sheet: &Sheet, page: &mut String) -> std::fmt::Result {
    let NewPage { id, name, keys, made } = of;
    let (title, date) = (escaped(name.as_str()), made.to_string());
    let date = date.split_once('T').map_or(date.as_str(), |(date, _)| date);
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Recovery sheet of {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>Recovery sheet of {title}</h1>\n\
         <p>Agency <b>{id}</b> · made {date} · Parangon {}</p>\n<p>Public identity key: <code>{}</code></p>\n",
        env!("CARGO_PKG_VERSION"),
        grouped(&keys.public().to_string()),
    )?;
    page.write_str(
        "<p>The 48 words are this agency's identity key and the successor that the charter knows in advance. <b>Whoever reads \
         them can speak for the agency.</b> Without them and without the file identity.keys only the other members, by a vote, can \
         give the agency a new key.</p>\n\
         <h2>Now</h2>\n<ul>\n<li>Print this page. Write nothing else on it.</li>\n\
         <li>Close it in an envelope and keep it where the agency keeps what must not be lost, away from the node.</li>\n\
         <li>Delete this file, also from the printer's queue and from where files go when they are deleted.</li>\n\
         <li>Type one word from the paper, now and once a year: <code>parangon key drill</code></li>\n</ul>\n",
    )?;
    let mut words = sheet.words();
    for (heading, first) in [("Identity key: words 1 to 24", 1), ("Successor: words 25 to 48", HALF + 1)] {
        write!(page, "<h2>{heading}</h2>\n<ol class=\"words\" start=\"{first}\">\n")?;
        for word in words.by_ref().take(HALF) {
            writeln!(page, "<li>{word}</li>")?;
        }
        page.write_str("</ol>\n")?;
    }
    page.write_str("<h2>After a loss</h2>\n<p>On a computer that you trust, with the program <code>parangon</code>:</p>\n<ol>\n")?;
    for (command, meaning) in commands(id, name) {
        writeln!(page, "<li><code>{}</code><br>{meaning}.</li>", escaped(&command))?;
    }
    page.write_str(
        "</ol>\n<p>After the third command ask the other members to amend the charter: it still lists the old key.</p>\n</body>\n</html>\n",
    )
}

/// Hex digits in groups of eight, as people compare them.
pub(super) fn grouped(hex: &str) -> String {
    let groups: Vec<&str> = hex.as_bytes().chunks(8).map(|group| str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use parangon_node::keystore::identity::IdentityFile;
    use parangon_protocol::time::Timestamp;

    use super::*;
    use crate::args::Cli;

    fn page(name: &str) -> String {
        let keys = IdentityFile::from_seeds([0; 32], [0xff; 32]).expect("two keys");
        let (id, name) = ("oslo".parse().expect("slug"), name.parse().expect("name"));
        let made = Timestamp::from_seconds(1_795_000_000).expect("in range");
        NewPage { id: &id, name: &name, keys: &keys, made }.html().to_string()
    }

    #[test]
    fn it_has_the_words_in_order_and_loads_nothing() {
        let page = page("Klynge Oslo");
        let words: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("<li>")?.strip_suffix("</li>")).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| word.bytes().all(|b| b.is_ascii_lowercase())).collect();
        assert_eq!((words.len(), words[0], words[23], words[24], words[47]), (48, "abandon", "art", "zoo", "vote"));
        assert!(page.contains("made 2026-11-18") && page.contains("<b>oslo</b>") && page.contains("Klynge Oslo"), "{page}");
        let key = IdentityFile::from_seeds([0; 32], [0xff; 32]).expect("two keys").public().to_string();
        assert!(page.contains(&grouped(&key)) && grouped(&key).replace(' ', "") == key);
        for outside in ["http:", "https:", "//", "<script", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_name_is_text_and_never_moves_the_page() {
        let long = "<".repeat(200);
        for name in ["<script>alert(1)</script> & \"x\"", long.as_str()] {
            let page = page(name);
            assert!(!page.contains("<script") && !page.contains("<<") && page.len() < PAGE_BYTES, "{page}");
        }
        assert!(page("A & B").contains("A &amp; B"));
    }

    #[test]
    fn its_commands_are_commands_of_this_program() {
        let (id, name) = ("oslo".parse().expect("slug"), "L'Agence $HOME".parse().expect("name"));
        let commands = commands(&id, &name);
        assert!(commands.len() <= 5);
        assert!(commands[2].0.contains(r"--name 'L'\''Agence $HOME' "), "{}", commands[2].0);
        for (command, _) in &commands {
            let words = command.replace(r"'L'\''Agence $HOME'", "NAME");
            assert!(Cli::try_parse_from(words.split(' ')).is_ok(), "{command}");
        }
    }
}
