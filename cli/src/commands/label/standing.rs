//! What happens to a label after it was issued. Reasons are codes: a log holds no free text.

use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::{PATH, cluster_name, find};
use crate::client::encode;
use crate::commands::Context;
use crate::failure::Failure;
use crate::fields::{short, text};
use crate::output::clean;
use crate::prompt;

const REASONS: [&str; 6] = ["at-request", "no-longer-met", "error", "misrepresentation", "dissolved", "under-review"];

fn reason() -> PossibleValuesParser {
    PossibleValuesParser::new(REASONS)
}

/// Arguments of `parangon label withdraw`.
#[derive(Debug, clap::Args)]
pub(crate) struct WithdrawArgs {
    /// The label's id, or a unique beginning of it
    id: String,
    /// Why; it becomes public
    #[arg(long, value_parser = reason())]
    reason: String,
    /// The cluster's name, instead of typing it when asked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

/// Arguments of `parangon label suspend`.
#[derive(Debug, clap::Args)]
pub(crate) struct SuspendArgs {
    /// The label's id, or a unique beginning of it
    id: String,
    /// Why; it becomes public
    #[arg(long, value_parser = reason(), default_value = "under-review")]
    reason: String,
    /// Suspend without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Arguments of `parangon label reinstate`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReinstateArgs {
    /// The label's id, or a unique beginning of it
    id: String,
    /// Why; it becomes public
    #[arg(long, value_parser = reason(), default_value = "under-review")]
    reason: String,
    /// Reinstate without being asked
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn withdraw(args: &WithdrawArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (id, label) = find(&args.id, context)?;
    let name = cluster_name(&label);
    let what = format!("This withdraws the {} label of {} for good; every member sees it.", clean(&text(&label, "level")), clean(name));
    prompt::confirm_name(context.out, &what, name, args.confirm.as_deref())?;
    change(&id, "withdraw", &args.reason, context, "is withdrawn", "It cannot be undone; a new label needs a new review.")
}

pub(super) fn suspend(args: &SuspendArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (id, label) = find(&args.id, context)?;
    prompt::confirm(context.out, &format!("Suspend the label of {}? Every member sees it.", clean(cluster_name(&label))), args.yes)?;
    let undo = format!("To undo it: parangon label reinstate {}", short(&id));
    change(&id, "suspend", &args.reason, context, "is suspended", &undo)
}

pub(super) fn reinstate(args: &ReinstateArgs, context: &Context<'_>) -> Result<(), Failure> {
    let (id, label) = find(&args.id, context)?;
    prompt::confirm(context.out, &format!("Reinstate the label of {}?", clean(cluster_name(&label))), args.yes)?;
    change(&id, "reinstate", &args.reason, context, "is reinstated", "It counts once enough members have confirmed it.")
}

fn change(id: &str, action: &str, reason: &str, context: &Context<'_>, done: &str, undo: &str) -> Result<(), Failure> {
    let body = json!({ "action": action, "reason": reason });
    let answer = context.client.post(&format!("{PATH}/{}/standing", encode(id)), body)?;
    context.out.result(&answer, |page| {
        page.remark(format!("The label {} {done} ({reason}). Members see it as soon as they are connected.", short(id)));
        page.remark(undo);
        page.next("files exported before say nothing of it: give out new ones with `parangon label export`");
    })
}
