//! `parangon invite`: one string for another agency, and its admission once it has asked.

use std::path::PathBuf;

use clap::Subcommand;
use parangon_protocol::charter::MemberCard;
use parangon_protocol::id::Name;
use serde_json::{Value, json};

use super::Context;
use super::federation::{ProposeArgs, propose};
use super::unlock::Passphrases;
use crate::args::{Global, Noun};
use crate::client::{Client, encode};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{plain, text};
use crate::output::{Output, Page, clean};
use crate::{ids, prompt};

const PATH: &str = "/api/v1/invitations";

/// Characters of an invite's id.
const ID: usize = 12;

/// Verbs of `parangon invite`.
#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// Make an invite: one string, for one agency, to be used once within 14 days
    New(NewArgs),
    /// List the invites, without their strings
    List,
    /// Propose to the members to admit the agency that asks, after comparing the check words
    Accept(AcceptArgs),
    /// Take an invite back at once
    Cancel {
        /// Its id, or a unique beginning of it
        id: String,
        /// Take it back without being asked
        #[arg(long, short)]
        yes: bool,
    },
}

/// Arguments of `parangon invite new`.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The agency's name, or short name, as on its membership card
    #[arg(long, value_name = "NAME")]
    to: Name,
    /// Write the string into a new file of mode 0600 instead of showing it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Arguments of `parangon invite accept`.
#[derive(Debug, clap::Args)]
pub(crate) struct AcceptArgs {
    /// The invite's id, or a unique beginning of it
    id: String,
    /// The four words that the other agency read out; without them they are shown and you are asked
    #[arg(long, value_name = "WORDS")]
    words: Option<String>,
    /// Propose without being asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Runs one verb.
pub(crate) fn run(noun: Noun<InviteCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    let context = Context { client: Client::open(global, &noun.data)?, out };
    match noun.verb {
        InviteCommand::New(args) => new(&args, &context),
        InviteCommand::List => list(&context),
        InviteCommand::Accept(args) => accept(args, &noun.data.path(), &context),
        InviteCommand::Cancel { id, yes } => cancel(&id, yes, &context),
    }
}

fn new(args: &NewArgs, context: &Context<'_>) -> Result<(), Failure> {
    if let Some(path) = args.output.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(Failure::new(Exit::Conflict, format!("{} exists already and is not overwritten", path.display())));
    }
    if args.output.is_none() && context.out.is_quiet() && !context.out.is_json() {
        return Err(Failure::usage("the invite would be shown nowhere").next("add -o FILE, or leave out --quiet"));
    }
    let mut made = context.client.post(PATH, json!({ "to": args.to }))?;
    if let Some(path) = &args.output {
        let made_in_vain = format!("{PATH}/{}", encode(&text(&made, "id")));
        super::keep_secret(path, &mut made, "invite", || drop(context.client.delete(&made_in_vain)))?;
    }
    context.out.result(&made, |page| {
        for name in ["id", "to", "expires", "file"] {
            if !made[name].is_null() {
                page.field(name, text(&made, name));
            }
        }
        if args.output.is_none() {
            page.line(plain(&made, "invite").unwrap_or_default());
            page.remark("Send this line to that agency and to nobody else. It is not shown again.");
        }
        page.remark("There they run `parangon join` with it; then you compare four words by telephone.");
        page.next("`parangon invite list` shows when they have asked");
    })
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let invites = context.client.list(PATH, None)?;
    context.out.result(&invites, |page| {
        if invites.is_empty() {
            page.remark("No invites.");
            page.next("parangon invite new --to NAME");
            return;
        }
        let row = |invite: &Value| {
            let guest = &invite["guest"];
            let asks = if guest.is_null() { String::new() } else { format!("{} ({})", text(guest, "agency"), text(guest, "name")) };
            let words = plain(guest, "check_words").unwrap_or_default().to_owned();
            [text(invite, "id"), text(invite, "to"), text(invite, "state"), text(invite, "expires"), asks, words]
        };
        page.table(["ID", "TO", "STATE", "UNTIL", "ASKS", "CHECK WORDS"], invites.iter().map(row));
        if let Some(asked) = invites.iter().find(|invite| invite["state"] == "asked") {
            page.next(format!("compare the words by telephone, then `parangon invite accept {}`", text(asked, "id")));
        }
    })
}

fn accept(args: AcceptArgs, data: &std::path::Path, context: &Context<'_>) -> Result<(), Failure> {
    let id = ids::resolve(&context.client, PATH, "id", &args.id, ID)?;
    let invite = context.client.get(&format!("{PATH}/{}", encode(&id)))?;
    let guest = &invite["guest"];
    match invite["state"].as_str() {
        Some("asked" | "rejected") => {}
        Some("begun") => {
            let failure = Failure::new(Exit::Conflict, "the agency has begun to ask, and there are no check words yet");
            return Err(failure.next("there they run `parangon join` again"));
        }
        Some("ended") => {
            let failure = Failure::new(Exit::Conflict, "this node has another transport key since: the agency cannot find it any more");
            return Err(failure.next("make a new invite, or: parangon federation propose --admit CARD, and the trust file by mail"));
        }
        Some("open") => {
            let failure = Failure::new(Exit::Conflict, format!("nobody has used the invite to {} yet", clean(&text(&invite, "to"))));
            return Err(failure.next("there they run `parangon join` with it"));
        }
        state => {
            let failure = Failure::new(Exit::Conflict, format!("the invite is {} already", state.unwrap_or("unknown")));
            return Err(failure.next("`parangon invite list`, `parangon federation show --diff`"));
        }
    }
    let card = serde_json::to_vec(&guest["card"]).map_err(Failure::failed)?;
    let card = MemberCard::read(&card).map_err(Failure::invalid)?;
    let words = text(guest, "check_words");
    let other_words = |who: &str| {
        let failure = Failure::new(Exit::Refused, format!("these are not the check words of {who}: somebody may stand in between"));
        failure.next(format!("read them again; if they differ, `parangon invite cancel {id}` and make a new one"))
    };
    let who = format!("{} ({}, {})", card.body().id, clean(card.body().name.as_str()), card.body().country);
    match &args.words {
        Some(given) if same(given, &words) => {}
        Some(_) => return Err(other_words(&who)),
        None => {
            context.out.show(&format!("{who} asks to be admitted. The check words are: {}", words.replace('-', " ")));
            if !prompt::agree(context.out, "Did they read out the same four words?", args.yes)? {
                return Err(other_words(&who));
            }
        }
    }
    let proposed = propose(&ProposeArgs::admitting(card, args.yes, args.passphrases), data, &context.client, context.out);
    proposed.map_err(|failure| match failure.problem.code.as_str() {
        "PGN-0606" => failure.next("this agency is for another text, which is voted on: `parangon federation show --diff`"),
        _ => failure,
    })
}

/// Whether two people read the same words, however they write them down.
pub(super) fn same(given: &str, words: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    split(given) == split(words)
}

fn cancel(id: &str, yes: bool, context: &Context<'_>) -> Result<(), Failure> {
    let id = ids::resolve(&context.client, PATH, "id", id, ID)?;
    prompt::confirm(context.out, &format!("Take back the invite {id}? Who holds it is turned away."), yes)?;
    context.client.delete(&format!("{PATH}/{}", encode(&id)))?;
    context.out.result(&json!({ "id": id, "cancelled": true }), |page: &mut Page| {
        page.remark(format!("The invite {id} lets nobody in any more. What was proposed because of it is still voted on."));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_however_they_are_written() {
        for given in ["able-zoo-cat-art", "able zoo cat art", " Able, zoo, CAT; art "] {
            assert!(same(given, "able-zoo-cat-art"), "{given}");
        }
        for given in ["", "able-zoo-cat", "zoo-able-cat-art", "able-zoo-cat-art-art"] {
            assert!(!same(given, "able-zoo-cat-art"), "{given}");
        }
    }
}
