//! Who we are, who the others are, and how things stand. Every state comes with its reason, since when, and a next step.

mod status;
mod witnesses;

use parangon_protocol::charter::Member;
use parangon_protocol::id::LogId;
use parangon_protocol::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

pub use status::{Line, Severity, StatusView, status};
pub use witnesses::{WitnessesView, witnesses};

use super::{Context, Error, LinkState, evidence, witness};

/// A member of the federation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberView {
    /// Its slug.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// Whether it is this node's agency.
    pub me: bool,
    /// Whether there is a connection to it.
    pub connected: bool,
    /// Records of its log held here.
    pub log_size: u64,
    /// Records of them that enough members have confirmed.
    pub final_size: u64,
    /// Its log told two stories.
    pub frozen: bool,
}

/// This node and its federation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodeView {
    /// Whose node.
    pub agency: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// The federation's name.
    pub federation: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Eight words of it.
    pub words: String,
    /// A demonstration: scores are made up, no real node trusts its labels.
    pub demonstration: bool,
    /// The charter's version.
    pub charter: u32,
    /// The program's version.
    pub version: &'static str,
    /// The API's version.
    pub api: &'static str,
    /// The key of our log in C2SP form: what a witness outside the federation has to know of us.
    pub log_key: String,
    /// The key of our cosignatures on heads of logs outside the federation, in C2SP form.
    pub outside_witness_key: String,
    /// The label systems: scheme, and its levels.
    pub schemes: Vec<SchemeView>,
    /// Everybody.
    pub members: Vec<MemberView>,
}

/// A label system of the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemeView {
    /// Its slug.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its levels, each with the reviewers it needs.
    pub levels: Vec<LevelView>,
}

/// A level of a label system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LevelView {
    /// The level.
    pub level: &'static str,
    /// Its catalogue.
    pub catalogue: String,
    /// Agencies that must endorse.
    pub reviewers: u8,
    /// How many of them from abroad.
    pub foreign: u8,
    /// Whether this agency may issue it.
    pub may_issue: bool,
}

/// The connection to a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeerView {
    /// Who.
    pub id: String,
    /// `ok`, `wait` or `fail`.
    pub state: Severity,
    /// Whether there is a connection.
    pub connected: bool,
    /// Since when, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub since: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    /// Messages of ours that wait for it.
    pub outbox: u64,
    /// Where it is dialled.
    pub addresses: Vec<String>,
}

/// This node and its federation.
#[must_use]
pub fn about(context: &Context) -> NodeView {
    let charter = context.charter();
    let overview = context.engine().overview();
    let links = context.carrier().links();
    let me = charter.member(context.me());
    let member = |member: &Member| {
        let log = overview.logs.get(&LogId::first(member.id.clone())).cloned().unwrap_or_default();
        let connected = links.iter().any(|link| link.agency == member.id && link.is_connected());
        MemberView {
            id: member.id.to_string(),
            name: member.name.to_string(),
            country: member.country.to_string(),
            me: member.id == *context.me(),
            connected,
            log_size: log.size,
            final_size: log.final_size,
            frozen: log.frozen,
        }
    };
    let scheme = |scheme: &parangon_protocol::charter::Scheme| SchemeView {
        id: scheme.id.to_string(),
        name: scheme.name.to_string(),
        levels: scheme
            .rules
            .iter()
            .map(|rule| LevelView {
                level: rule.level.as_str(),
                catalogue: rule.catalogue.to_string(),
                reviewers: rule.reviewers,
                foreign: rule.foreign,
                may_issue: me.is_some_and(|me| me.may_issue(&scheme.id, rule.level)),
            })
            .collect(),
    };
    let [log_key, outside_witness_key] = witness::keys(context).map(|key| key.to_string());
    NodeView {
        agency: context.me().to_string(),
        name: me.map_or_else(String::new, |member| member.name.to_string()),
        country: me.map_or_else(String::new, |member| member.country.to_string()),
        federation: charter.name.to_string(),
        fingerprint: context.federation().to_string(),
        words: context.federation().words(),
        demonstration: charter.demonstration,
        charter: charter.version,
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
        log_key,
        outside_witness_key,
        schemes: charter.schemes.iter().map(scheme).collect(),
        members: charter.members.iter().map(member).collect(),
    }
}

/// Every other member's connection.
///
/// # Errors
/// [`Error::Store`].
pub fn peers(context: &Context) -> Result<Vec<PeerView>, Error> {
    let outbox = context.store().read()?.outbox_counts()?;
    let links = context.carrier().links();
    let frozen = evidence::frozen(context)?;
    let charter = context.charter();
    let others = charter.members.iter().filter(|member| member.id != *context.me());
    let view = |member: &Member| {
        let link = links.iter().find(|link| link.agency == member.id);
        let waiting = outbox.iter().find(|(agency, _)| *agency == member.id).map_or(0, |(_, count)| *count);
        let (state, since, reason, next_step) = match link.map(|link| &link.state) {
            Some(LinkState::Connected { seconds }) => {
                let since = Timestamp::from_seconds(context.now().seconds().saturating_sub(*seconds));
                (Severity::Ok, since, "connected".to_owned(), None)
            }
            Some(LinkState::Down { reason: Some(reason), .. }) => {
                let step = "wait: it is tried again by itself; if it lasts, ask its operator whether the node runs and the port is open";
                (Severity::Wait, None, reason.clone(), Some(step.to_owned()))
            }
            Some(LinkState::Down { reason: None, .. }) => {
                let step = "wait: the first connection is being made";
                (Severity::Wait, None, "not connected yet".to_owned(), Some(step.to_owned()))
            }
            None => {
                let step = "wait for it to connect, or ask its operator for its address";
                (Severity::Wait, None, "its transport key or address is not known yet".to_owned(), Some(step.to_owned()))
            }
        };
        let connected = state == Severity::Ok;
        // A log that is frozen is worse than one that is out of reach, and does not end by itself.
        let (state, reason, next_step) = match frozen.iter().find(|log| log.log.agency == member.id) {
            Some(log) => (Severity::Fail, format!("{reason}; its log is {}", log.reason), Some(log.next_step.clone())),
            None => (state, reason, next_step),
        };
        PeerView {
            id: member.id.to_string(),
            state,
            connected,
            since,
            reason,
            next_step,
            outbox: waiting,
            addresses: link.map(|link| link.addresses.clone()).unwrap_or_default(),
        }
    };
    Ok(others.map(view).collect())
}
