//! The page that checks labels on its reader's device: one HTML file that needs nobody, put together from `verify/`.
//!
//! It is a second implementation of [`parangon_protocol::verify`], in JavaScript on the browser's own Ed25519 and SHA-256. `tests/page`
//! holds the two to the same verdicts.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The parts of the script, in the order of what they need.
const SCRIPTS: [&str; 20] = [
    include_str!("verify/bytes.js"),
    include_str!("verify/json.js"),
    include_str!("verify/time.js"),
    include_str!("verify/keys.js"),
    include_str!("verify/shape.js"),
    include_str!("verify/log.js"),
    include_str!("verify/charter.js"),
    include_str!("verify/chain.js"),
    include_str!("verify/book.js"),
    include_str!("verify/label.js"),
    include_str!("verify/credential.js"),
    include_str!("verify/held.js"),
    include_str!("verify/trust.js"),
    include_str!("verify/steps.js"),
    include_str!("verify/carrier.js"),
    include_str!("verify/code.js"),
    include_str!("verify/verdict.js"),
    include_str!("verify/seal.js"),
    include_str!("verify/view.js"),
    include_str!("verify/ui.js"),
];

/// The texts of the page, by language.
const TEXTS: [(&str, &str); 4] = [
    ("en", include_str!("verify/texts/en.json")),
    ("de", include_str!("verify/texts/de.json")),
    ("es", include_str!("verify/texts/es.json")),
    ("fr", include_str!("verify/texts/fr.json")),
];

const PAGE: &str = include_str!("verify/page.html");
const STYLE: &str = include_str!("verify/style.css");

static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let texts: Vec<String> = TEXTS.iter().map(|(language, texts)| format!("\"{language}\":{}", in_script(texts.trim_end()))).collect();
    let words = bip39::Language::English.word_list().join(" ");
    let constants = format!("const TEXTS = {{{}}};\nconst WORDS = \"{words}\".split(\" \");\n", texts.join(","));
    format!("\"use strict\";\n(() => {{\n{constants}{}}})();\n", SCRIPTS.concat())
});

/// Nothing but the page's own script and style, and no connection to anywhere.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let (script, style) = (hash(&SCRIPT), hash(STYLE));
    format!("default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
});

/// The page. It trusts the federation of the trust file `trust` (its JSON text); without one its readers drop theirs.
#[must_use]
pub fn verify_page(trust: Option<&str>) -> String {
    let trust = trust.map_or_else(|| "null".to_owned(), in_script);
    let parts = [("@@POLICY@@", POLICY.as_str()), ("@@STYLE@@", STYLE), ("@@TRUST@@", &trust), ("@@SCRIPT@@", &SCRIPT)];
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + trust.len() + 512);
    let mut rest = PAGE;
    for (mark, part) in parts {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        page.push_str(before);
        page.push_str(part);
        rest = after;
    }
    page.push_str(rest);
    page
}

/// The policy that the page states of itself, for whoever serves it.
#[must_use]
pub fn verify_page_policy() -> &'static str {
    &POLICY
}

/// JSON that cannot end the element it stands in: `<` stands only in texts there, where the escape says the same.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn texts() -> Vec<(&'static str, BTreeMap<String, String>)> {
        TEXTS.iter().map(|(language, texts)| (*language, serde_json::from_str(texts).expect("texts by key"))).collect()
    }

    #[test]
    fn every_language_says_everything() {
        let all = texts();
        let placeholders = |text: &str| {
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>()
        };
        let (_, first) = &all[0];
        for (language, texts) in &all {
            assert_eq!(texts.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>(), "{language}");
            for (key, text) in texts {
                assert!(!text.trim().is_empty(), "{language}: {key}");
                assert_eq!(placeholders(text), placeholders(&first[key]), "{language}: {key}");
            }
        }
    }

    #[test]
    fn every_text_is_used() {
        let code = SCRIPTS.concat() + PAGE;
        // Keys that are put together: their beginning stands in the script.
        let built = ["verdict.", "cause.", "flaw.", "level.", "facts.", "checked.", "unchecked."];
        for key in texts()[0].1.keys().filter(|key| *key != "language") {
            let used = code.contains(&format!("\"{key}\"")) || built.iter().any(|begin| key.starts_with(begin));
            assert!(used, "{key} is not used");
        }
        // And each word that is put in there has its text: causes, flaws, checks.
        let first = &texts()[0].1;
        for (begin, word) in [("cause", "stop("), ("flaw", "notEntitled("), ("checked", "this.note(")] {
            for call in code.split(word).skip(1) {
                let words: Vec<_> = call.split([')', ';']).next().unwrap_or_default().split('"').skip(1).step_by(2).collect();
                let named = if begin == "cause" { words.get(1) } else { words.first() };
                if let Some(named) = named {
                    assert!(first.contains_key(&format!("{begin}.{named}")), "{begin}.{named} has no text");
                }
            }
        }
    }

    #[test]
    fn the_page_fits_and_asks_for_nothing() {
        let page = verify_page(None);
        assert!(page.len() <= 300 * 1000, "{} bytes", page.len());
        assert!(!page.contains("@@"), "a part is missing");
        for outside in ["<link", "<img", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "import("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
    }

    #[test]
    fn a_trust_file_cannot_end_its_element() {
        let page = verify_page(Some(r#"{"name":"</script><script>alert(1)</script>"}"#));
        assert_eq!(page.matches("</script").count(), 2);
        assert!(page.contains(r#"{"name":"\u003c/script>\u003cscript>alert(1)\u003c/script>"}"#));
    }

    #[test]
    fn the_policy_has_the_hashes_of_what_stands_in_the_page() {
        let page = verify_page(None);
        let inside =
            |begin: &str, end: &str| page.rsplit_once(begin).and_then(|(_, rest)| rest.split_once(end)).map(|(text, _)| text.to_owned());
        for (directive, text) in [("script-src", inside("<script>", "</script>")), ("style-src", inside("<style>", "</style>"))] {
            let hash = STANDARD.encode(Sha256::digest(text.expect("it stands there")));
            assert!(page.contains(&format!("{directive} 'sha256-{hash}'")), "{directive}");
        }
        assert!(verify_page_policy().starts_with("default-src 'none';"));
    }
}
