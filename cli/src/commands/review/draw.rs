//! For those who ask: the draw that says whom to ask.

use parangon_protocol::charter::Level;
use parangon_protocol::id::SchemeId;
use serde_json::{Value, json};

use crate::client::encode;
use crate::commands::{Context, assess};
use crate::failure::Failure;
use crate::fields::{items, short, text};
use crate::ids;
use crate::output::{Page, State};

const PATH: &str = "/api/v1/draws";

/// Arguments of `parangon review draw`.
#[derive(Debug, clap::Args)]
pub(crate) struct DrawArgs {
    /// The assessment's id, or a unique beginning of it
    assessment: String,
    /// The level sought
    #[arg(long)]
    level: Level,
    /// The label system, when the charter has several
    #[arg(long)]
    scheme: Option<SchemeId>,
}

pub(super) fn call(args: &DrawArgs, context: &Context<'_>) -> Result<(), Failure> {
    let assessment = assess::resolve(&args.assessment, context)?;
    let mut body = json!({ "assessment": assessment, "level": args.level });
    if let Some(scheme) = &args.scheme {
        body["scheme"] = json!(scheme);
    }
    let draw = context.client.post(PATH, body)?;
    context.out.result(&draw, |page| {
        page.remark("A draw is called for. There is one for each label of a cluster: it cannot be repeated.");
        write(&draw, page);
    })
}

pub(super) fn list(context: &Context<'_>) -> Result<(), Failure> {
    let draws = context.client.list(PATH, None)?;
    context.out.result(&draws, |page| {
        if draws.is_empty() {
            page.remark("No reviewers were drawn yet.");
            page.next("parangon review draw ASSESSMENT --level LEVEL");
            return;
        }
        let ids = page.ids();
        let row = |draw: &Value| [ids(&text(draw, "id")), text(draw, "level"), text(draw, "assessed"), text(draw, "state"), asked(draw)];
        page.table(["DRAW", "LEVEL", "ASSESSED", "STATE", "ASK"], draws.iter().map(row));
    })
}

pub(super) fn show(given: &str, context: &Context<'_>) -> Result<(), Failure> {
    let id = ids::resolve(&context.client, PATH, "id", given, usize::MAX)?;
    let draw = context.client.get(&format!("{PATH}/{}", encode(&id)))?;
    context.out.result(&draw, |page| write(&draw, page))
}

fn asked(draw: &Value) -> String {
    items(draw, "ask").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn write(draw: &Value, page: &mut Page) {
    for name in ["id", "assessment", "cluster", "scheme", "level", "assessed", "state", "until"] {
        page.field(name, text(draw, name));
    }
    for part in items(draw, "contributors") {
        page.field(&format!("  {}", text(part, "agency")), text(part, "state"));
    }
    let ask = items(draw, "ask");
    for (at, agency) in items(draw, "ranking").iter().enumerate() {
        let (state, said) = if ask.contains(agency) { (State::Ok, "to be asked now") } else { (State::Wait, "later, or gone") };
        page.state(state, &format!("{:>3}. {:<16}", at + 1, agency.as_str().unwrap_or("-")), said);
    }
    match draw["state"] == "drawn" {
        true => {
            page.next(format!("parangon review ask {} --level {}", short(&text(draw, "assessment")), text(draw, "level").to_lowercase()))
        }
        false => page.next(format!("{}: parangon review draws {}", text(draw, "next_step"), short(&text(draw, "id")))),
    }
}
