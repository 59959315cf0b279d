//! A federation made the way `init` and `federation` make one: keys, cards, charter, signatures, one directory each.

use std::path::{Path, PathBuf};

use parangon_node::clock::{Clock, SystemClock};
use parangon_node::config::{Config, KeySource};
use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::{Keystore, Unlock, file, random};
use parangon_node::{NodeConfig, NodeFiles};
use parangon_protocol::charter::{
    CardBody, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, MemberCard, Retention, bundled_catalogues, demo_scheme,
    peer_id,
};
use parangon_protocol::replica::Settings;
use parangon_protocol::time::Timestamp;
use zeroize::Zeroizing;

use super::plan::AgencyPlan;
use super::{home, ports};
use crate::commands::init::CONFIG;
use crate::commands::unlock::{NODE_KEY, NODE_KEYS};
use crate::failure::Failure;

/// What each agency has before the charter exists.
struct Founder {
    plan_id: parangon_protocol::id::AgencyId,
    dir: PathBuf,
    keys: Keystore,
    identity: IdentityFile,
    card: MemberCard,
    port: u16,
}

/// Seconds between two rounds of pulling: a demonstration converges while somebody watches.
const POLL_SECONDS: u64 = 1;

/// Makes the agencies' directories below `root` and founds the federation.
pub(super) fn federation(root: &Path, plans: &[AgencyPlan]) -> Result<Vec<NodeConfig>, Failure> {
    // Held until every agency has its own, so that none is given twice; free again when the nodes start.
    let listeners = ports::free(plans.len())?;
    let found = |(plan, listener): (&AgencyPlan, &std::net::TcpListener)| {
        let port = listener.local_addr().map_err(Failure::failed)?.port();
        founder(root, plan, port)
    };
    let founders = plans.iter().zip(&listeners).map(found).collect::<Result<Vec<_>, _>>()?;
    let charter = charter(&founders)?;
    let sign = |founder: &Founder| {
        let signature = charter.sign(&founder.identity.identity_key()).map_err(Failure::failed)?;
        Ok(FoundingSignature { agency: founder.plan_id.clone(), signature })
    };
    let mut signatures = founders.iter().map(sign).collect::<Result<Vec<_>, Failure>>()?;
    signatures.sort_by(|a, b| a.agency.cmp(&b.agency));
    let fingerprint = parangon_protocol::id::Fingerprint(charter.hash().map_err(Failure::failed)?);
    let founding = Founding { charter, signatures };
    founders.into_iter().map(|founder| node(founder, &founding, &fingerprint)).collect()
}

fn founder(root: &Path, plan: &AgencyPlan, port: u16) -> Result<Founder, Failure> {
    let dir = root.join(plan.id.as_str());
    home::private(&dir)?;
    let keys = Keystore::generate(random::system).map_err(Failure::failed)?;
    let identity = IdentityFile::generate(random::system).map_err(Failure::failed)?;
    let peer = peer_id(&keys.key_set(plan.id.clone(), 1).transport);
    let body = CardBody {
        id: plan.id.clone(),
        name: plan.name.clone(),
        country: plan.country.clone(),
        parent: None,
        identity: identity.public(),
        successor: identity.successor_hash(),
        contacts: vec![format!("/ip4/127.0.0.1/tcp/{port}/p2p/{peer}")],
        rights: vec![],
    };
    let card = body.sign(&identity.identity_key()).map_err(Failure::failed)?;
    Ok(Founder { plan_id: plan.id.clone(), dir, keys, identity, card, port })
}

fn charter(founders: &[Founder]) -> Result<Charter, Failure> {
    let now = SystemClock::new(Timestamp::default()).now();
    let schemes = vec![demo_scheme()];
    let mut members: Vec<_> = founders.iter().map(|founder| founder.card.clone().into_member(&schemes)).collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Charter {
        version: 1,
        previous: None,
        name: "Demonstration (scores are made up)".parse().map_err(Failure::failed)?,
        created: now,
        review_by: now.month().plus(24),
        demonstration: true,
        members,
        schemes,
        catalogues: bundled_catalogues(&demo_scheme()),
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(3, 2).with_every_table(),
        retention: Some(Retention::assumed()),
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    })
}

/// Writes what `parangon serve --data` needs to start a kept directory again. The identity key, which only new members or
/// keys would need, is forgotten.
fn node(founder: Founder, founding: &Founding, fingerprint: &parangon_protocol::id::Fingerprint) -> Result<NodeConfig, Failure> {
    let Founder { plan_id, dir, keys, identity, port, .. } = founder;
    let keyset = keys.key_set(plan_id, 1).sign(fingerprint, &identity.identity_key()).map_err(Failure::failed)?;
    let files = NodeFiles { founding: founding.clone(), amendments: vec![], keyset, epoch_keyset: None };
    let mut key = Zeroizing::new([0u8; 32]);
    random::system(&mut key[..]).map_err(Failure::failed)?;
    let unlock = Unlock::KeyFile(key.clone());
    let write = |name: &str, bytes: &[u8]| file::write_new(&dir.join(name), bytes).map_err(Failure::failed);
    write(NODE_KEY, Zeroizing::new(hex::encode(&key[..])).as_bytes())?;
    write(NODE_KEYS, &keys.seal(&unlock, random::system).map_err(Failure::failed)?)?;
    write(NodeFiles::NAME, &serde_json::to_vec(&files).map_err(Failure::failed)?)?;
    let text = settings(port);
    write(CONFIG, text.as_bytes())?;
    let mut config = Config::parse(&text, CONFIG).map_err(Failure::failed)?;
    config.api.socket = Some(dir.join("admin.sock"));
    config.keys = KeySource::KeyFile(dir.join(NODE_KEY));
    config.data_dir = dir;
    let settings = Settings { poll_seconds: POLL_SECONDS, ..Settings::default() };
    Ok(NodeConfig { config, keystore: keys, files, settings })
}

/// The configuration of one agency. The key file and the socket are found in its directory.
fn settings(port: u16) -> String {
    format!(
        "\
# An agency of a demonstration: scores are made up.
[network]
listen = [\"/ip4/127.0.0.1/tcp/{port}\"]

[api]
listen = \"127.0.0.1:0\"
"
    )
}
