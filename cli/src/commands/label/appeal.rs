//! `parangon label refuse` and `appeal`: a level that is not awarded, and what the cluster says to that.

use std::path::PathBuf;

use clap::ArgGroup;
use serde_json::{Value, json};

use super::super::{Context, review};
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::{short, text};
use crate::output::Page;
use crate::prompt;

/// Arguments of `parangon label refuse`.
#[derive(Debug, clap::Args)]
pub(crate) struct RefuseArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Refuse without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Arguments of `parangon label appeal`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct AppealArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// The cluster appeals: what it says, a file, or - for stdin. It stays with this agency
    #[arg(long, value_name = "FILE", group = "what")]
    note: Option<PathBuf>,
    /// Uphold the appeal: the assessment is thawed, and other agencies review it
    #[arg(long, group = "what")]
    uphold: bool,
    /// Dismiss the appeal: the level is not awarded, for good
    #[arg(long, group = "what")]
    dismiss: bool,
    /// Decide without being asked
    #[arg(long, short)]
    yes: bool,
}

fn path(offer: &str, end: &str) -> String {
    format!("/api/v1/offers/{}/{end}", encode(offer))
}

pub(super) fn refuse(args: &RefuseArgs, context: &Context<'_>) -> Result<(), Failure> {
    let offer = review::resolve_offer(&args.offer, context)?;
    let question = format!("Do not award the level of the offer {}? Its exchange is over then; nothing becomes public.", short(&offer));
    prompt::confirm(context.out, &question, args.yes)?;
    let refused = context.client.post(&path(&offer, "refuse"), json!({}))?;
    context.out.result(&refused, |page| {
        write(&refused, page);
        page.remark("Nothing is public. The reviewers' nodes hear that the exchange is over, delete their copies and send receipts.");
        page.next(format!("tell the cluster; when it appeals: parangon label appeal {} --note FILE", short(&offer)));
    })
}

pub(super) fn appeal(args: &AppealArgs, context: &Context<'_>) -> Result<(), Failure> {
    let offer = review::resolve_offer(&args.offer, context)?;
    let Some(note) = &args.note else { return rule(&offer, args, context) };
    let note = review::text_of(note)?;
    let appealed = context.client.post(&path(&offer, "appeal"), json!({ "note": note }))?;
    context.out.result(&appealed, |page| {
        write(&appealed, page);
        page.remark("The appeal stays with this agency.");
        page.next(format!("decide on it: parangon label appeal {} --uphold, or --dismiss", short(&offer)));
    })
}

fn rule(offer: &str, args: &AppealArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (decision, question) = match args.uphold {
        true => ("uphold", "Uphold the appeal? The assessment is thawed; who reviewed it is not asked again."),
        false => ("dismiss", "Dismiss the appeal? The level is then not awarded, for good."),
    };
    if context.out.is_interactive() && !args.yes {
        let shown = context.client.get(&format!("/api/v1/offers/{}", encode(offer)))?;
        context.out.preview(|page| write(&shown, page));
    }
    prompt::confirm(context.out, question, args.yes)?;
    let ruled = context.client.post(&path(offer, "appeal/decision"), json!({ "decision": decision }))?;
    context.out.result(&ruled, |page| {
        write(&ruled, page);
        if !ruled["decision"].is_null() {
            return page.next(format!("another person of this agency: parangon label appeal {} --{decision}", short(offer)));
        }
        page.next(text(&ruled["verdict"], "next_step"));
    })
}

/// How a refusal stands.
fn write(offer: &Value, page: &mut Page) {
    for name in ["id", "cluster", "level", "state"] {
        page.field(name, text(offer, name));
    }
    review::write_verdict(offer, page);
}
