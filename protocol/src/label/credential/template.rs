//! The two documents: a label as an Open Badge, an endorsement as an `EndorsementCredential`.
//!
//! Every node has an IRI. `result`, `identifier` and `address` are left out because theirs have none, and
//! `refreshService` because validators call it.

use std::borrow::Cow;

use super::document::{Field, Node, Types};
use super::sheet::{EndorsementSheet, LabelSheet, StatusListSheet};
use super::vocabulary as word;
use crate::charter::Level;
use crate::id::Fingerprint;
use crate::label::Conflicts;
use crate::time::Timestamp;

/// The words that both documents share.
struct Wording {
    /// `urn:parangon:<fingerprint>:`
    prefix: String,
    /// `<scheme> <LEVEL>`
    award: String,
    /// Stands before every name in a demonstration.
    mark: &'static str,
    /// Ends what a demonstration says.
    caveat: &'static str,
}

impl Wording {
    fn new(federation: &Fingerprint, demonstration: bool, scheme: &str, level: Level) -> Self {
        let (mark, caveat) = match demonstration {
            true => (MARK, " This is a demonstration: the scores are made up and nothing was awarded."),
            false => ("", ""),
        };
        Self { prefix: format!("urn:parangon:{federation}:"), award: format!("{scheme} {level}"), mark, caveat }
    }

    fn iri(&self, kind: &str, rest: &str) -> String {
        [&self.prefix, kind, ":", rest].concat()
    }
}

/// Stands before every name in a demonstration.
pub(super) const MARK: &str = "DEMONSTRATION: ";
/// Begins the description, before the month.
pub(super) const ASSESSED: &str = "Assessed in ";
/// Begins the name of an endorsement in the evidence, before the endorser's.
pub(super) const ENDORSED: &str = "Endorsement by ";

/// A label.
pub(super) fn label<'a>(sheet: &LabelSheet<'a>, did: &str) -> Node<'a> {
    let LabelSheet { federation, scheme, level, catalogue, cluster, assessed, .. } = sheet;
    let wording = Wording::new(federation, sheet.demonstration, &sheet.scheme_name, *level);
    let achievement = Node {
        id: wording.iri("level", &format!("{scheme}:{level}")),
        types: Types::List(&[word::ACHIEVEMENT_CLASS]),
        fields: vec![
            (&word::ACHIEVEMENT_TYPE, fixed("QualityAssuranceCredential")),
            (&word::CRITERIA, Field::Node(criteria(&wording, sheet))),
            (&word::DESCRIPTION, text(format!("{}, by the catalogue {catalogue}.{}", wording.award, wording.caveat))),
            (&word::NAME, text(format!("{}{}", wording.mark, wording.award))),
            (&word::VERSION, Field::Text(catalogue.clone())),
        ],
    };
    let holder = Node {
        id: wording.iri("cluster", cluster.as_str()),
        types: Types::List(&[word::ACHIEVEMENT_SUBJECT]),
        fields: vec![(&word::ACHIEVEMENT, Field::Node(achievement)), (&word::NAME, text(sheet.cluster_name.to_string()))],
    };
    let description = format!(
        "{ASSESSED}{assessed}. The signature shows who signed; only the proof from the issuer's log shows that the label counts.{}",
        wording.caveat
    );
    Node {
        id: wording.iri("label", &sheet.label.to_string()),
        types: Types::List(&[word::VERIFIABLE_CREDENTIAL, word::OPEN_BADGE_CREDENTIAL]),
        fields: vec![
            (&word::SCHEMA, schema(word::BADGE_SCHEMA)),
            (&word::STATUS, Field::Node(status(&wording, sheet))),
            (&word::SUBJECT, Field::Node(holder)),
            (&word::DESCRIPTION, text(description)),
            (&word::EVIDENCE, Field::List(evidence(&wording, sheet))),
            (&word::ISSUER, issuer(&sheet.owner_name, did)),
            (&word::NAME, text(format!("{}{}: {}", wording.mark, wording.award, sheet.cluster_name))),
            (&word::VALID_FROM, time(sheet.issued)),
            (&word::VALID_UNTIL, time(sheet.valid_until.last_second())),
        ],
    }
}

/// An endorsement. It is valid as long as the label; that no label issued after its expiry may carry it is bound
/// by its id.
pub(super) fn endorsement<'a>(sheet: &EndorsementSheet<'a>, did: &str) -> Node<'a> {
    let wording = Wording::new(&sheet.federation, sheet.demonstration, &sheet.scheme_name, sheet.level);
    let declared = match sheet.conflicts {
        Conflicts::None => "No expert of ours coached, funds or works for the cluster.",
    };
    let comment = format!("We reviewed the dossier assessed in {} and endorse the label. {declared}{}", sheet.assessed, wording.caveat);
    let holder = Node {
        id: wording.iri("label", &sheet.label.to_string()),
        types: Types::List(&[word::ENDORSEMENT_SUBJECT]),
        fields: vec![(&word::COMMENT, text(comment))],
    };
    Node {
        id: wording.iri("endorsement", &sheet.endorsement.to_string()),
        types: Types::List(&[word::VERIFIABLE_CREDENTIAL, word::ENDORSEMENT_CREDENTIAL]),
        fields: vec![
            (&word::SCHEMA, schema(word::ENDORSEMENT_SCHEMA)),
            (&word::SUBJECT, Field::Node(holder)),
            (&word::ISSUER, issuer(&sheet.endorser_name, did)),
            (&word::NAME, text(format!("{}Endorsement of {}: {}", wording.mark, wording.award, sheet.cluster_name))),
            (&word::VALID_FROM, time(sheet.created)),
            (&word::VALID_UNTIL, time(sheet.valid_until.last_second())),
        ],
    }
}

/// An agency's list of what it took back.
pub(super) fn status_list<'a>(sheet: &StatusListSheet<'a>, did: &str) -> Node<'a> {
    let prefix = format!("urn:parangon:{}:status:{}", sheet.federation, sheet.owner);
    let mark = if sheet.demonstration { MARK } else { "" };
    let list = Node {
        id: format!("{prefix}#list"),
        types: Types::One(word::STATUS_LIST_CLASS),
        fields: vec![(&word::ENCODED_LIST, text(sheet.list.encoded())), (&word::STATUS_PURPOSE, fixed("revocation"))],
    };
    Node {
        id: prefix,
        types: Types::List(&[word::VERIFIABLE_CREDENTIAL, word::STATUS_LIST_CREDENTIAL]),
        fields: vec![
            (&word::SUBJECT, Field::Node(list)),
            (&word::ISSUER, issuer(&sheet.owner_name, did)),
            (&word::NAME, text(format!("{mark}Labels taken back by {}", sheet.owner_name))),
            (&word::VALID_FROM, time(sheet.stated)),
        ],
    }
}

fn criteria<'a>(wording: &Wording, sheet: &LabelSheet<'_>) -> Node<'a> {
    let id = wording.iri("criteria", &format!("{}:{}", sheet.catalogue, sheet.catalogue_hash));
    Node { id, types: Types::None, fields: vec![] }
}

/// The endorsements by id, then what else the label stands on.
fn evidence<'a>(wording: &Wording, sheet: &LabelSheet<'_>) -> Vec<Node<'a>> {
    let node = |id: String, name: String| Node { id, types: Types::List(&[word::EVIDENCE_CLASS]), fields: vec![(&word::NAME, text(name))] };
    let endorsed =
        |(id, name): &(crate::id::Hash, Cow<'_, str>)| node(wording.iri("endorsement", &id.to_string()), format!("{ENDORSED}{name}"));
    let mut nodes = Vec::with_capacity(sheet.endorsements.len() + 1);
    nodes.extend(sheet.endorsements.iter().map(endorsed));
    nodes.push(node(wording.iri("basis", &sheet.basis.to_string()), "Place in the log".to_owned()));
    nodes
}

fn issuer<'a>(name: &Cow<'a, str>, did: &str) -> Field<'a> {
    let name = Field::Text(name.clone());
    Field::Node(Node { id: did.to_owned(), types: Types::List(&[word::PROFILE_CLASS]), fields: vec![(&word::NAME, name)] })
}

fn status<'a>(wording: &Wording, sheet: &LabelSheet<'_>) -> Node<'a> {
    let list = wording.iri("status", sheet.owner.as_str());
    let index = sheet.status_index;
    Node {
        id: format!("{list}#{index}"),
        types: Types::One(word::STATUS_ENTRY),
        fields: vec![
            (&word::STATUS_LIST, Field::Iri(list)),
            (&word::STATUS_INDEX, text(index.to_string())),
            (&word::STATUS_PURPOSE, fixed("revocation")),
        ],
    }
}

fn schema<'a>(iri: &str) -> Field<'a> {
    Field::List(vec![Node { id: iri.to_owned(), types: Types::One(word::SCHEMA_VALIDATOR), fields: vec![] }])
}

fn time<'a>(time: Timestamp) -> Field<'a> {
    text(time.to_string())
}

fn text<'a>(text: String) -> Field<'a> {
    Field::Text(Cow::Owned(text))
}

fn fixed<'a>(text: &'static str) -> Field<'a> {
    Field::Text(Cow::Borrowed(text))
}
