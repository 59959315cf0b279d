//! `parangon erase`: content, salts and keys go, here and at everybody who was sent something of them.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, access, assess, cluster, review};
use crate::client::encode;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::{Page, State, clean};
use crate::{ids, prompt};

const PATH: &str = "/api/v1/erasures";

/// Characters of an erasure's id.
const ID: usize = 24;

/// Verbs of `parangon erase`.
#[derive(Debug, Subcommand)]
pub(crate) enum EraseCommand {
    /// Erase an assessment with its evidence, its offers, and what was said about them
    Assessment(EraseArgs),
    /// Erase one offer: its copy of the assessment, the reviews, questions and answers. The assessment stays
    Offer(EraseArgs),
    /// Erase a cluster with all its assessments and offers
    Cluster(EraseArgs),
    /// Erase what we hold of another agency's offer, once that is over: the copy of its dossier, our review, and the keys
    Review(EraseArgs),
    /// Put "[erased]" where a name or another text stands in notes, questions and answers that are not signed
    Person(access::PersonArgs),
    /// List what was erased, and how far it is
    List,
    /// Show one erasure: who was asked to do the same, and what they say
    Show {
        /// Its id, or a unique beginning of it
        id: String,
    },
}

/// What is to be erased.
#[derive(Debug, clap::Args)]
pub(crate) struct EraseArgs {
    /// Its id, or a unique beginning of it
    id: String,
    /// Also where a label that is not over stands on it: the label stays, with nothing behind it
    #[arg(long)]
    with_label: bool,
    /// Show what would go and what stays, erase nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// The cluster's name, instead of typing it
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    confirm: Option<String>,
}

/// Runs one verb.
pub(crate) fn run(command: EraseCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        EraseCommand::Assessment(args) => once("assessment", &args, context, assess::resolve),
        EraseCommand::Offer(args) => once("offer", &args, context, review::resolve_offer),
        EraseCommand::Cluster(args) => once("cluster", &args, context, cluster::resolve),
        EraseCommand::Review(args) => once("review", &args, context, review::resolve_request),
        EraseCommand::Person(args) => access::erase(&args, context),
        EraseCommand::List => list(context),
        EraseCommand::Show { id } => show(&id, context),
    }
}

/// Erases it, or shows how far it is when that was ordered before.
fn once(
    target: &str,
    args: &EraseArgs,
    context: &Context<'_>,
    resolve: fn(&str, &Context<'_>) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let outcome = resolve(&args.id, context).and_then(|id| erase(target, &id, args, context));
    let Err(failure) = outcome else { return Ok(()) };
    if failure.exit != Exit::NotFound {
        return Err(failure);
    }
    let before = context.client.list(PATH, None)?;
    let is_it = |erasure: &&Value| erasure["target"] == target && plain(erasure, "of").is_some_and(|of| of.starts_with(&args.id));
    let erasure = before.iter().find(is_it).ok_or(failure)?;
    context.out.result(erasure, |page| {
        page.remark("It was erased before:");
        write(erasure, page);
    })
}

fn erase(target: &str, id: &str, args: &EraseArgs, context: &Context<'_>) -> Result<(), Failure> {
    let mut order = json!({ "target": target, "id": id, "with_label": args.with_label });
    let plan = context.client.post(&format!("{PATH}/plan"), order.clone())?;
    if args.dry_run {
        return context.out.result(&plan, |page| {
            write_plan(&plan, page);
            page.next("the same without --dry-run");
        });
    }
    let name = plain(&plan, "name").unwrap_or_default();
    if context.out.is_interactive() && args.confirm.is_none() {
        context.out.say(&said(&plan));
    }
    let reach = if target == "review" { "here" } else { "here and at everybody who was sent something of it" };
    let what = format!("This erases {} for good, {reach}.", of(&plan));
    prompt::confirm_name(context.out, &what, name, args.confirm.as_deref())?;
    order["confirm"] = json!(name);
    let erasure = context.client.post(PATH, order)?;
    context.out.result(&erasure, |page| {
        write(&erasure, page);
        page.remark("It is gone for every command. The store's free pages are cleared now; receipts are in `erase show`.");
        page.next(format!("parangon erase show {}", short(&text(&erasure, "id"))));
    })
}

/// The assessment or cluster, in a few words.
fn of(plan: &Value) -> String {
    format!("the {} {} of \"{}\"", text(plan, "target"), short(&text(plan, "id")), clean(plain(plan, "name").unwrap_or("-")))
}

/// What goes, as a sentence.
fn said(plan: &Value) -> String {
    let count = |name: &str| items(plan, name).len();
    let of_ours =
        || format!("The copy of the dossier, {} reviews of ours, {} questions.\n", text(plan, "reviews"), text(plan, "questions"));
    let of_owner = || {
        format!(
            "{} assessments ({} answers, {} notes, {} files of evidence), {} offers ({} reviews, {} questions).\n",
            count("assessments"),
            text(plan, "answers"),
            text(plan, "notes"),
            text(plan, "files"),
            count("offers"),
            text(plan, "reviews"),
            text(plan, "questions"),
        )
    };
    let mut said = if plan["target"] == "review" { of_ours() } else { of_owner() };
    for stays in items(plan, "stays") {
        said.push_str(&format!("Stays: {}.\n", clean(stays.as_str().unwrap_or("-"))));
    }
    said
}

fn write_plan(plan: &Value, page: &mut Page) {
    page.remark(format!("Would be erased: {}.", of(plan)));
    for name in ["assessments", "answers", "notes", "files", "file_bytes", "offers", "reviews", "questions", "cluster", "messages"] {
        page.field(name, text(plan, name));
    }
    for told in items(plan, "recipients") {
        let copy = if told["copy"] == true { ", which had a copy of the dossier" } else { "" };
        page.field("would be asked", format!("{}{copy} (offer {})", text(told, "agency"), short(&text(told, "offer"))));
    }
    for label in items(plan, "labels") {
        let needed = if label["over"] == true { "" } else { "; needs --with-label" };
        page.field("label", format!("{} is {} and stays{needed}", short(&text(label, "id")), text(label, "state")));
    }
    for open in items(plan, "open") {
        let id = short(open.as_str().unwrap_or("-"));
        let step = if plan["target"] == "review" { "show" } else { "cancel" };
        page.field("under review", format!("{id}: parangon review {step} {id}"));
    }
    for stays in items(plan, "stays") {
        page.field("stays", stays.as_str().unwrap_or("-"));
    }
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let erasures = context.client.list(PATH, None)?;
    context.out.result(&erasures, |page| {
        if erasures.is_empty() {
            page.remark("Nothing was erased.");
            return;
        }
        let ids = page.ids();
        let row = |erasure: &Value| {
            let text = |name| text(erasure, name);
            [ids(&text("id")), text("target"), ids(&text("of")), text("cause"), text("ordered"), text("state"), text("complete_from")]
        };
        page.table(["ID", "WHAT", "OF", "CAUSE", "ORDERED", "STATE", "COMPLETE FROM"], erasures.iter().map(row));
    })
}

fn show(given: &str, context: &Context<'_>) -> Result<(), Failure> {
    let id = ids::resolve(&context.client, PATH, "id", given, ID)?;
    let erasure = context.client.get(&format!("{PATH}/{}", encode(&id)))?;
    context.out.result(&erasure, |page| write(&erasure, page))
}

fn write(erasure: &Value, page: &mut Page) {
    for name in ["id", "target", "of", "cause", "ordered", "state", "assessments", "offers", "labels", "items", "messages", "cleared"] {
        page.field(name, text(erasure, name));
    }
    page.field("our backups", format!("may hold it until {}", text(erasure, "backups_until")));
    for recipient in items(erasure, "recipients") {
        let (state, said) = match plain(recipient, "state") {
            Some("deleted") => (
                State::Ok,
                format!(
                    "says that it deleted everything on {}; its backups may hold it until {}",
                    text(recipient, "deleted"),
                    text(recipient, "complete_from")
                ),
            ),
            Some("asked") => (State::Wait, format!("asked on {}, no receipt yet", text(recipient, "asked"))),
            Some("refused") => (State::Warn, "its node holds nothing of it, or does not know the request".to_owned()),
            _ => (State::Warn, "could not be asked: nothing can be sealed to it".to_owned()),
        };
        let copy = if recipient["copy"].is_null() { "" } else { "; it had a copy of the dossier" };
        page.state(state, &text(recipient, "agency"), &format!("{said}{copy}"));
    }
    if !items(erasure, "recipients").is_empty() {
        page.remark("What other agencies say is their claim.");
    }
    page.field("complete from", text(erasure, "complete_from"));
}
