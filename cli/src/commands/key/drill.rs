//! `parangon key drill`: one word of the recovery sheet, read from the paper.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::Path;

use parangon_node::keystore::random;
use parangon_node::keystore::sheet::{self, Sheet, TEXT_BYTES, WORDS};
use serde_json::json;
use zeroize::Zeroizing;

use super::{IdentityPlace, SheetRecord, now};
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt;

/// How often somebody at a terminal may try.
const TRIES: usize = 3;

/// Arguments of `parangon key drill`.
#[derive(Debug, clap::Args)]
pub(crate) struct DrillArgs {
    /// Ask for this word, 1 to 48, instead of a random one; without a terminal the word itself is read from stdin
    #[arg(long, value_name = "N")]
    word: Option<String>, // text: what is wrong here may be a word of the sheet, and clap would show it
    #[command(flatten)]
    place: IdentityPlace,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Right,
    Wrong,
    /// The input ended.
    Nothing,
}

/// Asks, and records the date when the word is right.
pub(super) fn run(args: &DrillArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let chosen = args.word.as_deref().map(position).transpose()?;
    let stdin = std::io::stdin();
    let position = match chosen {
        Some(position) if out.is_interactive() || !stdin.is_terminal() => position,
        None if out.is_interactive() => sheet::position(random::system).map_err(Failure::failed)?,
        _ => {
            let failure = Failure::usage("nobody is there to type a word of the recovery sheet");
            return Err(failure.next("choose its number with --word N and give the word on stdin"));
        }
    };
    let keys = args.place.open(data)?;
    let words = Sheet::of(&keys);
    let answer = if out.is_interactive() {
        ask(&words, position, TRIES, &mut stdin.lock(), &mut std::io::stderr())
    } else {
        ask(&words, position, 1, &mut stdin.lock(), &mut std::io::sink())
    };
    match answer {
        Answer::Right => {}
        Answer::Nothing => return Err(prompt::cancelled()),
        Answer::Wrong => {
            let failure = Failure::invalid(format!("that is not word {position} of the recovery sheet; nothing was recorded"));
            return Err(failure.next("look for the right sheet; `parangon key sheet` makes a new page while identity.keys exist"));
        }
    }
    let home = if data.is_dir() { data } else { args.place.dir(data) };
    let mut record = SheetRecord::of_keys(home, &keys)?;
    record.confirmed = Some(now());
    record.write(home)?;
    let json = json!({ "identity": record.identity, "word": position, "confirmed": record.confirmed });
    out.result(&json, |page| {
        page.remark(format!("That is word {position}. The recovery sheet is at hand."));
        page.field("identity key", record.identity.to_string());
        page.field("confirmed", record.confirmed.map(|time| time.to_string()).unwrap_or_default());
        page.remark("Put it back into its place. Repeat this once a year.");
    })
}

/// After a page was made: whether somebody who is there typed a word of it. Never asks anybody else.
pub(crate) fn confirm_printed(words: &Sheet, page: &Path, out: &Output) -> Result<bool, Failure> {
    if !out.is_interactive() || out.is_quiet() {
        return Ok(false);
    }
    out.say(&format!(
        "The recovery sheet is {}. Print it now (a web browser opens it), then type the word asked for from the paper.\n\
         Ctrl-D leaves that to `parangon key drill`.",
        page.display()
    ));
    let position = sheet::position(random::system).map_err(Failure::failed)?;
    Ok(ask(words, position, TRIES, &mut std::io::stdin().lock(), &mut std::io::stderr()) == Answer::Right)
}

fn ask(words: &Sheet, position: usize, tries: usize, input: &mut impl BufRead, talk: &mut impl Write) -> Answer {
    for left in (0..tries).rev() {
        let _ = write!(talk, "Word {position} of the recovery sheet: ").and_then(|()| talk.flush());
        let Some(typed) = line(input) else { return Answer::Nothing };
        if words.has(position, &typed) {
            return Answer::Right;
        }
        if left > 0 {
            let _ = writeln!(talk, "That is not word {position}.");
        }
    }
    Answer::Wrong
}

/// One line of a person, bounded and wiped; `None` at the end of the input.
pub(super) fn line(input: &mut impl BufRead) -> Option<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(TEXT_BYTES + 1)); // never grows, so no copy is left behind
    match input.by_ref().take(TEXT_BYTES as u64).read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line),
    }
}

fn position(text: &str) -> Result<usize, Failure> {
    let wrong = || Failure::usage(format!("--word takes the number of a word, 1 to {WORDS}; the word itself is read from stdin"));
    text.parse().ok().filter(|position| (1..=WORDS).contains(position)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use parangon_node::keystore::identity::IdentityFile;

    use super::*;

    /// Word 24 is `art`, word 48 is `vote` (the test vectors of BIP 39).
    fn asked(position: usize, typed: &str) -> (Answer, String) {
        let words = Sheet::of(&IdentityFile::from_seeds([0; 32], [0xff; 32]).expect("two keys"));
        let mut talk = Vec::new();
        let answer = ask(&words, position, TRIES, &mut typed.as_bytes(), &mut talk);
        (answer, String::from_utf8(talk).expect("text"))
    }

    #[test]
    fn three_tries_and_no_more() {
        assert_eq!(asked(24, "Art\n").0, Answer::Right);
        assert_eq!(asked(24, "zoo\n\n24. art\n").0, Answer::Right);
        let (answer, talk) = asked(24, "zoo\nart art\n25 art\nart\n");
        assert_eq!((answer, talk.matches("Word 24 of").count()), (Answer::Wrong, TRIES));
        assert!(!talk.contains("art"), "{talk}");
        assert_eq!(asked(24, "").0, Answer::Nothing);
        assert_eq!(asked(24, "zoo\n").0, Answer::Nothing);
        assert_eq!(asked(48, "vote").0, Answer::Right, "the last line may have no end");
    }

    #[test]
    fn a_line_is_bounded() {
        let long = "x".repeat(TEXT_BYTES * 3);
        assert_eq!(line(&mut long.as_bytes()).expect("a line").len(), TEXT_BYTES);
    }

    #[test]
    fn a_word_in_the_place_of_its_number_is_not_repeated() {
        assert_eq!(position("48"), Ok(48));
        for wrong in ["0", "49", "-1", "abandon", "7=abandon"] {
            assert!(!position(wrong).expect_err("no position").problem.detail.contains("abandon"));
        }
    }
}
