//! `parangon label object`: what this agency says in public against a label of another one, and that it takes it back.

use clap::ArgGroup;
use clap::builder::PossibleValuesParser;
use parangon_protocol::label::objection::Ground;
use serde_json::{Value, json};

use super::{PATH, cluster_name, find, write};
use crate::client::encode;
use crate::commands::Context;
use crate::failure::Failure;
use crate::fields::{items, short, text};
use crate::output::{Page, clean};
use crate::prompt;

/// Arguments of `parangon label object`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct ObjectArgs {
    /// The label's id, or a unique beginning of it
    id: String,
    /// Why; the code becomes public, and no word besides
    #[arg(long, value_name = "GROUND", value_parser = PossibleValuesParser::new(Ground::CODES), group = "what")]
    ground: Option<String>,
    /// Take this agency's objection back
    #[arg(long, group = "what")]
    lift: bool,
    /// Show the record that would become public, log nothing
    #[arg(long, short = 'n', conflicts_with = "confirm")]
    dry_run: bool,
    /// The cluster's name, instead of typing it when asked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

pub(super) fn object(args: &ObjectArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (id, label) = find(&args.id, context)?;
    let path = format!("{PATH}/{}/objection", encode(&id));
    let query = args.ground.as_ref().map(|ground| format!("?ground={}", encode(ground))).unwrap_or_default();
    // Also where nothing is asked: what would be refused is refused before somebody types a name.
    let preview = context.client.get(&format!("{path}{query}"))?;
    if args.dry_run {
        return context.out.result(&preview, |page| {
            show(&preview, page);
            page.next("the same without --dry-run");
        });
    }
    context.out.preview(|page| show(&preview, page));
    let (name, level) = (cluster_name(&label), text(&label, "level"));
    let (what, done) = match args.ground {
        Some(_) => ("This objects", "is under question"),
        None => ("This takes back the objection", "has one objection less"),
    };
    let question = format!("{what} to the {} label of {}; every member sees it.", clean(&level), clean(name));
    prompt::confirm_name(context.out, &question, name, args.confirm.as_deref())?;
    let answer = match &args.ground {
        Some(ground) => context.client.post(&path, json!({ "ground": ground }))?,
        None => context.client.delete(&path)?,
    };
    context.out.result(&answer, |page| {
        write(&answer, page);
        page.remark(format!("The label {} {done}. Members see it as soon as they are connected.", short(&id)));
        page.remark("It is as valid as before: only its issuer withdraws or suspends it.");
        if args.ground.is_some() {
            page.next(format!("speak with {}; to take it back: parangon label object {} --lift", text(&label, "owner"), short(&id)));
        }
    })
}

fn show(preview: &Value, page: &mut Page) {
    write(&preview["label"], page);
    page.remark("This record becomes public, for good, in this agency's log; its time is that of the moment when it is logged:");
    page.field("record", preview["record"].to_string());
    page.remark("What led to it stays with this agency: a log holds no words about reasons or people.");
}

/// A line for each agency that objects.
pub(super) fn write_questions(label: &Value, page: &mut Page) {
    for objection in items(label, "under_question") {
        let ground = text(objection, "ground").replace('-', " ");
        let wait = if objection["final"] == true { "" } else { ", provisional" };
        let said = format!("objected to by {} ({ground}{wait}) since {}", text(objection, "agency"), text(objection, "since"));
        page.field("under question", said);
    }
}
