//! `parangon key compromised`: a stolen key is replaced, and what it may have signed is disputed.

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::next::{KeyPlaces, Role, Rotation, describe, show_before};
use crate::client::{Client, encode};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{short, text};
use crate::output::{Output, clean};
use crate::prompt;

const LABELS: &str = "/api/v1/labels";

/// Arguments of `parangon key compromised`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompromisedArgs {
    /// Which key was stolen (repeat for several; whoever read node.keys has all of them)
    #[arg(long, value_enum, required = true)]
    role: Vec<Stolen>,
    /// Labels of ours at this index of our log and above are disputed; needed for the issue key
    #[arg(long, value_name = "INDEX")]
    since_index: Option<u64>,
    /// Show what would happen, change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// The agency's id, instead of typing it when asked
    #[arg(long, value_name = "AGENCY")]
    confirm: Option<String>,
    #[command(flatten)]
    places: KeyPlaces,
}

/// A key that can be stolen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stolen {
    /// Signs labels, endorsements and messages
    Issue,
    /// Cosigns the other members' logs
    Witness,
    /// Messages to this agency are sealed to it
    Sealing,
    /// The connection to the other nodes
    Transport,
    /// Signs the heads of this agency's log
    Log,
    /// Signs key sets and votes
    Identity,
}

impl Stolen {
    /// What a rotation can replace.
    fn role(self) -> Option<Role> {
        match self {
            Self::Issue => Some(Role::Issue),
            Self::Witness => Some(Role::Witness),
            Self::Sealing => Some(Role::Sealing),
            Self::Transport => Some(Role::Transport),
            Self::Log => Some(Role::Log),
            Self::Identity => None,
        }
    }
}

/// What the theft of the issue key means for our labels.
struct Damage {
    /// Those that stay as they are.
    kept: usize,
    /// Those that the thief may have signed.
    disputed: Vec<Value>,
    /// Labels of ours that a disputed one replaced.
    replaced: Vec<Value>,
    /// Whether the stolen key was replaced already.
    is_replaced: bool,
}

/// Previews, asks, rotates, withdraws, and lists what has to be issued again.
pub(super) fn run(args: &CompromisedArgs, data: &Path, client: &Client, out: &Output) -> Result<(), Failure> {
    let mut roles = replaceable(&args.role)?;
    let rotation = Rotation::begin(&args.places, data, client)?;
    let damage = match args.since_index {
        _ if !roles.contains(&Role::Issue) => Damage { kept: 0, disputed: vec![], replaced: vec![], is_replaced: false },
        Some(since) => damage(&rotation, client, since)?,
        None => {
            let failure = Failure::usage("from which index on the stolen issue key may have signed is not said");
            return Err(failure.next("add --since-index INDEX; `parangon label list --json` has each label's index, and 0 disputes all"));
        }
    };
    if damage.is_replaced {
        roles.retain(|role| *role != Role::Issue);
    }
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let preview = json!({
        "agency": rotation.agency, "rotate": names, "since_index": args.since_index,
        "kept": damage.kept, "disputed": damage.disputed, "replaced": damage.replaced,
    });
    if args.dry_run {
        return out.result(&preview, |page| {
            plan(&damage, &names).iter().for_each(|line| page.remark(line));
            labels(&damage, page);
            page.next("the same without --dry-run");
        });
    }
    show_before(out, &plan(&damage, &names));
    let what = format!("This replaces keys of {} and withdraws {} labels for good.", rotation.agency, damage.disputed.len());
    prompt::confirm_name(out, &what, rotation.agency.as_str(), args.confirm.as_deref())?;

    let withdrawn;
    let mut waiting = json!([]);
    if !roles.is_empty() {
        if let Some(pending) = rotation.pending()? {
            let failure = Failure::new(Exit::Conflict, format!("key set {} waits to be taken into the log", pending.body.number));
            return Err(failure.next("finish it with `parangon key rotate`, then run this command again"));
        }
        if roles.contains(&Role::Log) {
            // While the node signs, if it still does: once the log key is handed in it signs nothing until the others have answered.
            if roles.contains(&Role::Transport) {
                rotation.hand_in(&rotation.prepare(&[Role::Transport])?)?;
            }
            withdrawn = withdraw(&damage, client);
            let rotation = Rotation::begin(&args.places, data, client)?;
            let together: Vec<Role> = roles.iter().copied().filter(|role| *role != Role::Transport).collect();
            waiting = rotation.hand_in(&rotation.prepare(&together)?)?["waiting"].take();
        } else {
            rotation.hand_in(&rotation.prepare(&roles)?)?;
            withdrawn = withdraw(&damage, client);
        }
    } else {
        withdrawn = withdraw(&damage, client);
    }
    let left = withdrawn;
    let mut done = preview;
    done["left"] = json!(left.iter().map(|(id, _)| id).collect::<Vec<_>>());
    done["waiting"] = waiting;
    done["keysets"] = super::next::stand(client)?["keysets"].take();
    out.result(&done, |page| {
        let verb = if done["waiting"] == json!([]) { "Replaced" } else { "To be replaced" };
        page.remark(format!("{verb}: {}.", if names.is_empty() { "nothing, it was done before".to_owned() } else { names.join(", ") }));
        describe(&done, page);
        page.remark(format!("{} labels are withdrawn, {} stay as they were.", damage.disputed.len() - left.len(), damage.kept));
        labels(&damage, page);
        if damage.disputed.is_empty() {
            return page.next("parangon status");
        }
        page.next("issue these again: an assessment, reviews and an offer each, for one offer carries one label");
    })?;
    match left.into_iter().next() {
        None => Ok(()),
        Some((id, failure)) => {
            Err(Failure::new(failure.exit, format!("label {} and perhaps others were not withdrawn: {failure}", short(&id)))
                .next("run the same command again: what is done already is left out"))
        }
    }
}

/// Withdraws what the thief may have signed. Those that could not be, with the reason.
fn withdraw(damage: &Damage, client: &Client) -> Vec<(String, Failure)> {
    let mut left = Vec::new();
    for label in &damage.disputed {
        let path = format!("{LABELS}/{}/standing", encode(&text(label, "id")));
        if let Err(failure) = client.post(&path, json!({ "action": "withdraw", "reason": "error" })) {
            left.push((text(label, "id"), failure));
        }
    }
    left
}

/// The roles of a rotation; the others have another way, which is said instead.
fn replaceable(stolen: &[Stolen]) -> Result<Vec<Role>, Failure> {
    if stolen.contains(&Stolen::Identity) {
        let failure =
            Failure::new(Exit::Refused, "a stolen identity key cannot be replaced by a key set: it would sign the thief's as well");
        return Err(failure.next(
            "`parangon key recover --successor` makes the successor the identity, then ask a member to propose the change: \
             `parangon federation propose --rekey CARD`; rotate the other keys with the new identity key",
        ));
    }
    let mut roles: Vec<Role> = Vec::new();
    for role in stolen.iter().filter_map(|stolen| stolen.role()) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(roles)
}

/// Sorts our labels by whether the key that was in force at `since` signed them there or further on.
fn damage(rotation: &Rotation<'_>, client: &Client, since: u64) -> Result<Damage, Failure> {
    let place = |set: &Value| set["index"].as_u64().unwrap_or(u64::MAX);
    // A label is by the key set in force at its place: the last one before it.
    let in_force = |index: u64| rotation.keysets.iter().rev().find(|set| place(set) < index).or(rotation.keysets.first());
    let issue = |index: u64| in_force(index).map(|set| &set["issue"]);
    let stolen = issue(since);
    let ours = client.list(&format!("{LABELS}?agency={}&limit=1000", encode(rotation.agency.as_str())), None)?;
    let is_over = |label: &Value| label["state"] == "withdrawn" || label["state"] == "void";
    let index = |label: &Value| label["index"].as_u64().unwrap_or(0);
    let (disputed, kept): (Vec<Value>, Vec<Value>) =
        ours.into_iter().filter(|label| !is_over(label)).partition(|label| index(label) >= since && issue(index(label)) == stolen);
    let is_victim = |label: &Value| disputed.iter().any(|newer| newer["supersedes"] == label["id"]);
    let (replaced, kept): (Vec<Value>, Vec<Value>) = kept.into_iter().partition(is_victim);
    let current = rotation.keysets.last().map(|set| &set["issue"]);
    Ok(Damage { kept: kept.len(), disputed, replaced, is_replaced: stolen != current })
}

fn plan(damage: &Damage, rotate: &[&str]) -> Vec<String> {
    let mut lines = vec![match rotate {
        [] => "No key is replaced: that was done before.".to_owned(),
        names => format!("These keys are replaced: {}. What was signed before the index stays valid.", names.join(", ")),
    }];
    lines.push(format!("{} labels stay as they are; {} are disputed and withdrawn (reason: error).", damage.kept, damage.disputed.len()));
    if !damage.replaced.is_empty() {
        lines.push(format!("{} labels that a disputed one had replaced do not come back by themselves.", damage.replaced.len()));
    }
    lines
}

fn labels(damage: &Damage, page: &mut crate::output::Page) {
    let all: Vec<&Value> = damage.disputed.iter().chain(&damage.replaced).collect();
    if all.is_empty() {
        return;
    }
    page.remark("To be issued again:");
    let ids = page.ids();
    let row = |label: &&Value| {
        [
            ids(&text(label, "id")),
            clean(&text(label, "cluster")).into_owned(),
            text(label, "level"),
            text(label, "index"),
            text(label, "state"),
        ]
    };
    page.table(["ID", "CLUSTER", "LEVEL", "INDEX", "STATE"], all.iter().map(row));
}
