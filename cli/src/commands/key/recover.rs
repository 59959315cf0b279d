//! `parangon key recover`: from the words on paper to the identity key; or, where they are lost, a new one.

use std::fs::File;
use std::io::{BufRead, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::random;
use parangon_node::keystore::sheet::{self, Half, Sheet, SheetError, TEXT_BYTES, Typed};
use parangon_protocol::id::{AgencyId, Name};
use serde_json::json;
use zeroize::Zeroizing;

use super::drill::{confirm_printed, line};
use super::{NewPage, SheetRecord, agency, now, page, page_path};
use crate::commands::new_files::NewFiles;
use crate::commands::unlock::{IDENTITY_KEY, IDENTITY_KEYS, IdentityPassphrase};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt;

/// Arguments of `parangon key recover`.
#[derive(Debug, clap::Args)]
pub(crate) struct RecoverArgs {
    /// File with the 48 words, mode 0600, or - for stdin [default: they are asked for]
    #[arg(long, value_name = "FILE|-")]
    sheet: Option<PathBuf>,
    /// The identity key was stolen: its successor takes over, and a new sheet is made
    #[arg(long, group = "another", requires = "id", requires = "name")]
    successor: bool,
    /// Both keys are lost, the sheet too: draw new ones with a new sheet, which the members have to agree to
    #[arg(long, group = "another", requires = "id", requires = "name", conflicts_with_all = ["successor", "sheet"])]
    lost: bool,
    /// The agency's id, for the new sheet
    #[arg(long, requires = "another")]
    id: Option<AgencyId>,
    /// The agency's name, for the new sheet
    #[arg(long, requires = "another")]
    name: Option<Name>,
    /// Where the new sheet goes, a new file [default: <agency>.recovery.html in the data directory]
    #[arg(long, short, value_name = "FILE", requires = "another")]
    output: Option<PathBuf>,
    #[command(flatten)]
    passphrase: IdentityPassphrase,
}

/// Reads the words, writes the keys, and says which public key to compare.
pub(super) fn run(args: &RecoverArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    if let Some(there) = [IDENTITY_KEYS, IDENTITY_KEY].map(|name| data.join(name)).iter().find(|path| path.symlink_metadata().is_ok()) {
        let failure = Failure::new(Exit::Conflict, format!("{} exists already; nothing was written", there.display()));
        return Err(failure.next("recover into a new directory: --data DIR"));
    }
    let before = SheetRecord::read(data)?;
    let another = args.id.as_ref().zip(args.name.as_ref());
    let page = another.map(|(id, _)| page_path(args.output.as_deref(), id)).transpose()?;
    let mut files = NewFiles::new(data);
    let unlock = args.passphrase.fresh(&mut files)?;
    let given = match args.lost {
        true => IdentityFile::generate(random::system).map_err(Failure::failed)?,
        false => words(args.sheet.as_deref(), "--sheet", out)?,
    };
    if before.as_ref().is_some_and(|record| !record.is_of(&given)) {
        let failure = Failure::new(Exit::Conflict, format!("{} belongs to another identity key; nothing was written", data.display()));
        let step = match args.lost {
            true => "draw the new keys into a new directory: --data DIR",
            false => "look whether this is the agency's newest sheet, or recover into a new directory: --data DIR",
        };
        return Err(failure.next(step));
    }
    let keys = if args.successor { given.succeed(random::system).map_err(Failure::failed)? } else { given };
    files.add(IDENTITY_KEYS, keys.seal(&unlock, random::system).map_err(Failure::failed)?);
    let at = now();
    if let Some(((id, name), path)) = another.zip(page.as_ref()) {
        files.add(path, NewPage { id, name, keys: &keys, made: at }.html().as_bytes());
    }
    files.write("recover into a new directory: --data DIR")?;
    let mut record = before.filter(|record| record.is_of(&keys)).unwrap_or_else(|| SheetRecord::of(&keys));
    if another.is_some() {
        record.made = Some(at);
    } else {
        record.confirmed = Some(at); // all its words were right
    }
    record.write(data)?;
    let page = page.map(|path| data.join(path));
    if let Some(path) = &page
        && confirm_printed(&Sheet::of(&keys), path, out)?
    {
        record.confirmed = Some(now());
        record.write(data)?;
    }
    report(&record, data, &files, Made { sheet: page, lost: args.lost }, out)
}

/// What was made beside the identity key.
struct Made {
    sheet: Option<PathBuf>,
    /// The keys are new: nobody had committed to them.
    lost: bool,
}

fn report(record: &SheetRecord, data: &Path, files: &NewFiles, made: Made, out: &Output) -> Result<(), Failure> {
    let member = agency::from_charter(data, &record.identity)?.map(|(id, _)| id);
    let json = json!({
        "data": data, "files": files.names(), "identity": record.identity, "successor": record.successor, "member": member,
        "succeeded": made.sheet.is_some() && !made.lost, "lost": made.lost, "sheet": made.sheet, "confirmed": record.confirmed,
    });
    out.result(&json, |page| {
        page.remark(format!("The identity key is in {}.", data.display()));
        page.field("identity key", record.identity.to_string());
        page.field("in groups", page::grouped(&record.identity.to_string()));
        page.field("successor hash", record.successor.to_string());
        if let Some(member) = &member {
            page.field("member", member.as_str());
        }
        let Some(path) = &made.sheet else {
            page.remark("Compare the identity key with the sheet and with the charter: a wrong word can make another key.");
            return page.next("parangon federation show --json names each member's identity key");
        };
        page.field("new sheet", path.to_string_lossy());
        page.remark(match made.lost {
            true => "Nobody had committed to this key: the members decide on it, and wait thirty days in which the lost one could object.",
            false => "This is the former successor. The charter still lists the old identity key and must be amended.",
        });
        page.remark("Print the new sheet, delete its file, and destroy the old sheet once the charter is amended and no backup needs it.");
        page.remark("The node still encrypts backups to the old key: run `parangon backup recipient` there with the new one.");
        if record.confirmed.is_none() {
            page.next(format!("parangon key drill --data {}", data.display()));
        }
        page.next(format!("parangon key card --trust TRUSTFILE --data {}", data.display()));
    })
}

/// The keys of the words from a file, from stdin, or from somebody who is there.
pub(crate) fn words(sheet: Option<&Path>, option: &str, out: &Output) -> Result<IdentityFile, Failure> {
    let text = match sheet {
        Some(path) if path == Path::new("-") => read(std::io::stdin().lock(), path)?,
        Some(path) => read(private(path)?, path)?,
        None if out.is_interactive() => return ask(&mut std::io::stdin().lock(), &mut std::io::stderr()),
        None => {
            let failure = Failure::usage("nobody is there to type the words of the recovery sheet");
            return Err(failure.next(format!("add {option} FILE, or {option} - and give them on stdin")));
        }
    };
    let text = std::str::from_utf8(&text).map_err(|_| Failure::invalid("the words are not text"))?;
    sheet::read(text).map_err(refused)
}

fn refused(error: SheetError) -> Failure {
    Failure::invalid(error).next("compare with the sheet; words may be numbered, in any case, on one line or many")
}

/// A file that its owner alone can read.
fn private(path: &Path) -> Result<File, Failure> {
    let failed = |error: std::io::Error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, format!("cannot read {}: {error}", path.display()))
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if matches!(mode, 0o600 | 0o400) {
        return Ok(file);
    }
    Err(Failure::failed(format!("{} has mode {mode:04o}: it must be readable by its owner alone (chmod 0600)", path.display())))
}

fn read(from: impl Read, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(Vec::with_capacity(2 * TEXT_BYTES)); // never grows, so no copy is left behind
    from.take(TEXT_BYTES as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    if text.len() > TEXT_BYTES {
        return Err(Failure::invalid(format!("{} is larger than {TEXT_BYTES} bytes: no sheet has so many", path.display())));
    }
    Ok(text)
}

/// Asks for the words of one key and then of the other, until each fits together.
fn ask(input: &mut impl BufRead, talk: &mut impl Write) -> Result<IdentityFile, Failure> {
    let mut say = |text: &str| {
        let _ = write!(talk, "{text}").and_then(|()| talk.flush());
    };
    say("Type the words of the recovery sheet in order, as many on a line as you like. They are shown while you type:\n\
         clear the screen afterwards. Ctrl-D ends this without writing anything.\n");
    let mut typed = Typed::default();
    for half in [Half::Identity, Half::Successor] {
        loop {
            while typed.count() < half.end() {
                say(&format!("From word {}: ", typed.count() + 1));
                let text = line(input).ok_or_else(prompt::cancelled)?;
                let Err(error) = typed.add(&text) else { continue };
                let meant = sheet::nearest(&text).filter(|_| matches!(error, SheetError::Unknown { .. }));
                let meant = Zeroizing::new(meant.map(|word| format!("; is it \"{word}\"?")).unwrap_or_default());
                say(&format!("{error}{}\nWhat stands before it is taken.\n", *meant));
            }
            match typed.seed(half) {
                Ok(_) => break,
                Err(error) => say(&format!("{error}. Type them again.\n")),
            }
            typed.forget(half);
        }
    }
    typed.keys().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(keys: &IdentityFile) -> Vec<String> {
        Sheet::of(keys).words().enumerate().map(|(at, word)| format!("{}. {word}", at + 1)).collect()
    }

    #[test]
    fn words_are_asked_for_until_they_fit() {
        let keys = IdentityFile::from_seeds([1; 32], [2; 32]).expect("two keys");
        let words = numbered(&keys);
        let mut first = words[..24].to_vec();
        first[3] = "4. zoo".to_owned(); // in the list, and not the right one
        let typed =
            format!("{}\n{}\nabandonn\n{}\n{}\n", first.join(" "), words[..10].join("\n"), words[10..24].join(" "), words[24..].join("\n"));
        let mut talk = Vec::new();
        let asked = ask(&mut typed.as_bytes(), &mut talk).expect("the keys");
        assert_eq!(asked.seeds(), keys.seeds());
        let talk = String::from_utf8(talk).expect("text");
        assert!(talk.contains("words 1 to 24") && talk.contains("word 11 is not") && talk.contains("is it \"abandon\"?"), "{talk}");
    }

    #[test]
    fn whoever_stops_gets_nothing() {
        let words = numbered(&IdentityFile::from_seeds([1; 32], [2; 32]).expect("two keys"));
        let error = ask(&mut words[..47].join(" ").as_bytes(), &mut Vec::new()).expect_err("cancelled");
        assert_eq!(error.exit, Exit::Usage);
        let more = format!("{} zoo", words.join(" "));
        assert_eq!(ask(&mut more.as_bytes(), &mut Vec::new()).expect_err("49 words").exit, Exit::Invalid);
    }
}
