//! `parangon access`, and `parangon erase person`: what is stored about somebody, and taking the name out.

use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::files;
use crate::output::{Page, clean};
use crate::prompt;

const PATH: &str = "/api/v1/access";

/// Bytes of a name from stdin.
const NAME_BYTES: usize = 1024;

/// Arguments of `parangon access`.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    #[command(flatten)]
    pub(crate) data: crate::args::DataDir,
    /// A name or another text, or - for stdin: an argument stands in the shell's history
    #[arg(value_name = "TEXT|-")]
    text: String,
}

/// Arguments of `parangon erase person`.
#[derive(Debug, clap::Args)]
pub(crate) struct PersonArgs {
    /// A name or another text, or - for stdin: an argument stands in the shell's history
    #[arg(value_name = "TEXT|-")]
    text: String,
    /// Show what would be changed and what goes only as a whole, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// The same text, instead of typing it
    #[arg(long, value_name = "TEXT", conflicts_with = "dry_run")]
    confirm: Option<String>,
}

fn given(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.trim().to_owned());
    }
    let text = String::from_utf8(files::read(Path::new("-"), NAME_BYTES)?);
    text.map(|text| text.trim().to_owned()).map_err(|_| Failure::invalid("stdin is not UTF-8"))
}

/// Shows everything that is stored about somebody.
pub(crate) fn run(args: &AccessArgs, context: &Context<'_>) -> Result<(), Failure> {
    let report = context.client.post(PATH, json!({ "text": given(&args.text)? }))?;
    context.out.result(&report, |page| {
        let places = items(&report, "places");
        if places.is_empty() {
            page.remark("It stands nowhere in this node's private items.");
        } else {
            write_places(places, page);
        }
        for unsearched in items(&report, "unsearched") {
            page.field("not looked into", unsearched.as_str().unwrap_or("-"));
        }
        page.remark("");
        page.remark("What is kept, what for, and how long:");
        page.table(
            ["KIND", "WHAT FOR", "HOW LONG"],
            items(&report, "kept").iter().map(|kept| ["what", "why", "how_long"].map(|name| text(kept, name))),
        );
    })
}

fn write_places(places: &[Value], page: &mut Page) {
    let ids = page.ids();
    page.table(
        ["KIND", "ID", "FIELD", "TEXT", "GOES"],
        places.iter().map(|place| {
            let goes = if place["free"] == true { "alone" } else { "as a whole" };
            [text(place, "what"), ids(&text(place, "id")), text(place, "field"), text(place, "excerpt"), goes.to_owned()]
        }),
    );
}

/// Takes a name out of free texts.
pub(super) fn erase(args: &PersonArgs, context: &Context<'_>) -> Result<(), Failure> {
    let name = given(&args.text)?;
    let path = format!("{PATH}/erase");
    let plan = context.client.post(&path, json!({ "text": name, "dry_run": true }))?;
    if args.dry_run {
        return context.out.result(&plan, |page| write(&plan, page));
    }
    let count = items(&plan, "erased").len();
    let what = format!("This puts \"[erased]\" into {count} texts for good.");
    prompt::confirm_name(context.out, &what, &name, args.confirm.as_deref())?;
    let done = context.client.post(&path, json!({ "text": name, "confirm": name }))?;
    context.out.result(&done, |page| write(&done, page))
}

fn write(done: &Value, page: &mut Page) {
    let verb = if done["dry_run"] == true { "Would be taken out of" } else { "Taken out of" };
    page.remark(format!("{verb} {} texts.", items(done, "erased").len()));
    if !items(done, "erased").is_empty() {
        write_places(items(done, "erased"), page);
    }
    for place in items(done, "left") {
        let whole = plain(place, "whole").unwrap_or("-");
        page.field("stays", format!("{} {} {}: {}", text(place, "what"), short(&text(place, "id")), text(place, "field"), clean(whole)));
    }
    if items(done, "left").is_empty() {
        page.remark("Nothing is left of it that this node can look into.");
    } else {
        page.remark("What is signed or committed to goes only as a whole.");
    }
}
