//! `parangon key card`: the membership card of an identity key that is to take the place of a member's present one.

use std::path::{Path, PathBuf};

use parangon_protocol::charter::{CardBody, Member};
use parangon_protocol::id::AgencyId;
use parangon_protocol::limits;
use serde_json::json;

use super::IdentityPlace;
use crate::commands::new_files::NewFiles;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::pins::read_chain;

/// Arguments of `parangon key card`.
#[derive(Debug, clap::Args)]
pub(crate) struct CardArgs {
    /// The federation's trust file: name, country and addresses are those of the member in it
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The agency's id [default: the member that committed to this key]
    #[arg(long)]
    id: Option<AgencyId>,
    #[command(flatten)]
    place: IdentityPlace,
}

/// Writes the card beside the identity key's directory.
pub(super) fn run(args: &CardArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let chain = read_chain(&files::read(&args.trust, limits::DOCUMENT_BYTES)?)?;
    let charter = chain.newest();
    let keys = args.place.open(data)?;
    let of = |member: &&Member| match &args.id {
        Some(id) => member.id == *id,
        None => member.successor == keys.public().hash() || member.identity == keys.public(),
    };
    let member = charter.members.iter().find(of).ok_or_else(|| match &args.id {
        Some(id) => Failure::new(Exit::NotFound, format!("{id} is no member")).next("parangon federation show lists the members"),
        None => Failure::new(Exit::NotFound, "no member has or committed to this identity key").next("name the agency: --id ID"),
    })?;
    if member.identity == keys.public() {
        let failure = Failure::new(Exit::Conflict, format!("this is the identity key that {} has already", member.id));
        return Err(failure.next("name the directory of the new one with --data: parangon key recover --successor, or --lost, makes it"));
    }
    let body = CardBody {
        id: member.id.clone(),
        name: member.name.clone(),
        country: member.country.clone(),
        parent: member.parent.clone(),
        identity: keys.public(),
        successor: keys.successor_hash(),
        contacts: member.contacts.clone(),
        rights: vec![],
    };
    let committed = member.successor == body.identity.hash();
    let card = body.sign(&keys.identity_key()).map_err(Failure::invalid)?;
    let name = format!("{}.member.json", member.id);
    let mut files = NewFiles::new(data);
    files.add(&name, card.to_text().map_err(Failure::failed)?);
    files.write("there is a card already: delete it, or choose another directory with --data")?;
    let path = data.join(&name);
    let json = json!({ "agency": member.id, "card": path, "identity": card.body().identity, "committed": committed });
    out.result(&json, |page| {
        page.remark(format!("The card of {} is in {}.", member.id, path.display()));
        page.field("identity key", card.body().identity.to_string());
        page.remark(match committed {
            true => "The charter's entry commits to this key: one vote of the members lets it take over.",
            false => {
                "The agency had not committed to this key: the members announce it, and carry it out thirty days later at the earliest."
            }
        });
        page.remark("Tell the other members by telephone what happened, and the key's first digits.");
        page.next(format!("any member runs `parangon federation propose --rekey {name}`"));
    })
}
