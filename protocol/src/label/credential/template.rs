//! The two documents: a label as an Open Badge, an endorsement as an `EndorsementCredential`.
//!
//! Every node has an IRI. `result`, `identifier` and `address` are left out because theirs have none, and
//! `refreshService` because validators call it.

use std::borrow::Cow;

use serde::Serialize;

use super::document::{Field, Node, Types};
use super::vocabulary as word;
use super::{EndorsementSubject, LabelSubject};
use crate::canonical::{self, CanonicalError};
use crate::charter::Charter;
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::label::{Common, Conflicts, HeadRef, Label, LabelId};
use crate::limits;
use crate::time::Timestamp;

/// What a label stands on besides its common fields and endorsements. Its hash is in the credential, so the
/// signature binds these fields too.
#[derive(Serialize)]
struct Basis<'a> {
    adoption: u64,
    heads: &'a [HeadRef],
    keyset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes: &'a Option<LabelId>,
}

impl Basis<'_> {
    fn hash(label: &Label) -> Result<Hash, CanonicalError> {
        let Label { adoption, heads, keyset, supersedes, .. } = label;
        let basis = Basis { adoption: *adoption, heads, keyset: *keyset, supersedes };
        Ok(Hash::of(&[&canonical::encode(&basis, limits::RECORD_BYTES)?]))
    }
}

/// The words that both documents share.
struct Wording<'a> {
    charter: &'a Charter,
    /// `urn:parangon:<fingerprint>:`
    prefix: String,
    /// `<scheme> <LEVEL>`
    award: String,
    /// Stands before every name in a demonstration.
    mark: &'static str,
}

impl<'a> Wording<'a> {
    fn new(federation: &Fingerprint, charter: &'a Charter, common: &Common) -> Self {
        let scheme = charter.schemes.iter().find(|scheme| scheme.id == common.scheme);
        let scheme = scheme.map_or(common.scheme.as_str(), |scheme| scheme.name.as_str());
        let mark = if charter.demonstration { "DEMONSTRATION: " } else { "" };
        Self { charter, prefix: format!("urn:parangon:{federation}:"), award: format!("{scheme} {}", common.level), mark }
    }

    fn iri(&self, kind: &str, rest: &str) -> String {
        [&self.prefix, kind, ":", rest].concat()
    }

    /// Whether an agency or scheme is in the charter is not decided here: one that is not shows its slug.
    fn agency(&self, id: &'a AgencyId) -> &'a str {
        self.charter.member(id).map_or(id.as_str(), |member| member.name.as_str())
    }

    fn caveat(&self) -> &'static str {
        if self.charter.demonstration { " This is a demonstration: the scores are made up and nothing was awarded." } else { "" }
    }
}

/// A label. Names come from `charter`, so it must be the version that the label names.
pub(super) fn label<'a>(subject: &LabelSubject<'a>, did: &str) -> Result<Node<'a>, CanonicalError> {
    let LabelSubject { federation, charter, label, .. } = *subject;
    let common = &label.common;
    let Common { owner, cluster, catalogue, scheme, level, .. } = common;
    let wording = Wording::new(federation, charter, common);
    let id = common.id()?;
    let achievement = Node {
        id: wording.iri("level", &format!("{scheme}:{level}")),
        types: Types::List(&[word::ACHIEVEMENT_CLASS]),
        fields: vec![
            (&word::ACHIEVEMENT_TYPE, fixed("QualityAssuranceCredential")),
            (&word::CRITERIA, Field::Node(criteria(&wording, common))),
            (&word::DESCRIPTION, text(format!("{}, by the catalogue {}.{}", wording.award, catalogue.id, wording.caveat()))),
            (&word::NAME, text(format!("{}{}", wording.mark, wording.award))),
            (&word::VERSION, Field::Text(Cow::Borrowed(catalogue.id.as_str()))),
        ],
    };
    let holder = Node {
        id: wording.iri("cluster", cluster.id.as_str()),
        types: Types::List(&[word::ACHIEVEMENT_SUBJECT]),
        fields: vec![(&word::ACHIEVEMENT, Field::Node(achievement)), (&word::NAME, Field::Text(Cow::Borrowed(cluster.name.as_str())))],
    };
    let description = format!(
        "Assessed in {}. The signature shows who signed; only the proof from the issuer's log shows that the label counts.{}",
        common.assessed,
        wording.caveat()
    );
    Ok(Node {
        id: wording.iri("label", &id.to_string()),
        types: Types::List(&[word::VERIFIABLE_CREDENTIAL, word::OPEN_BADGE_CREDENTIAL]),
        fields: vec![
            (&word::SCHEMA, schema(word::BADGE_SCHEMA)),
            (&word::STATUS, Field::Node(status(&wording, owner, label.status_index))),
            (&word::SUBJECT, Field::Node(holder)),
            (&word::DESCRIPTION, text(description)),
            (&word::EVIDENCE, Field::List(evidence(&wording, label, &id)?)),
            (&word::ISSUER, issuer(&wording, owner, did)),
            (&word::NAME, text(format!("{}{}: {}", wording.mark, wording.award, cluster.name))),
            (&word::VALID_FROM, time(label.issued)),
            (&word::VALID_UNTIL, time(common.valid_until.last_second())),
        ],
    })
}

/// An endorsement. It is valid as long as the label; that no label issued after its expiry may carry it is bound
/// by its id.
pub(super) fn endorsement<'a>(subject: &EndorsementSubject<'a>, did: &str) -> Result<Node<'a>, CanonicalError> {
    let EndorsementSubject { federation, charter, label_common: common, label_id, endorsement, .. } = *subject;
    let wording = Wording::new(federation, charter, common);
    let declared = match endorsement.conflicts {
        Conflicts::None => "No expert of ours coached, funds or works for the cluster.",
    };
    let comment = format!("We reviewed the dossier assessed in {} and endorse the label. {declared}{}", common.assessed, wording.caveat());
    let holder = Node {
        id: wording.iri("label", &label_id.to_string()),
        types: Types::List(&[word::ENDORSEMENT_SUBJECT]),
        fields: vec![(&word::COMMENT, text(comment))],
    };
    Ok(Node {
        id: wording.iri("endorsement", &endorsement.id(&label_id)?.to_string()),
        types: Types::List(&[word::VERIFIABLE_CREDENTIAL, word::ENDORSEMENT_CREDENTIAL]),
        fields: vec![
            (&word::SCHEMA, schema(word::ENDORSEMENT_SCHEMA)),
            (&word::SUBJECT, Field::Node(holder)),
            (&word::ISSUER, issuer(&wording, &endorsement.endorser, did)),
            (&word::NAME, text(format!("{}Endorsement of {}: {}", wording.mark, wording.award, common.cluster.name))),
            (&word::VALID_FROM, time(endorsement.created)),
            (&word::VALID_UNTIL, time(common.valid_until.last_second())),
        ],
    })
}

fn criteria<'a>(wording: &Wording<'_>, common: &Common) -> Node<'a> {
    let id = wording.iri("criteria", &format!("{}:{}", common.catalogue.id, common.catalogue.hash));
    Node { id, types: Types::None, fields: vec![] }
}

/// The endorsements by id, then what else the label stands on.
fn evidence<'a>(wording: &Wording<'a>, label: &'a Label, id: &LabelId) -> Result<Vec<Node<'a>>, CanonicalError> {
    let node = |id: String, name: String| Node { id, types: Types::List(&[word::EVIDENCE_CLASS]), fields: vec![(&word::NAME, text(name))] };
    let mut nodes = Vec::with_capacity(label.endorsements.len() + 1);
    for endorsement in &label.endorsements {
        let name = format!("Endorsement by {}", wording.agency(&endorsement.endorser));
        nodes.push(node(wording.iri("endorsement", &endorsement.id(id)?.to_string()), name));
    }
    nodes.push(node(wording.iri("basis", &Basis::hash(label)?.to_string()), "Place in the log".to_owned()));
    Ok(nodes)
}

fn issuer<'a>(wording: &Wording<'a>, agency: &'a AgencyId, did: &str) -> Field<'a> {
    let name = Field::Text(Cow::Borrowed(wording.agency(agency)));
    Field::Node(Node { id: did.to_owned(), types: Types::List(&[word::PROFILE_CLASS]), fields: vec![(&word::NAME, name)] })
}

fn status<'a>(wording: &Wording<'_>, owner: &AgencyId, index: u32) -> Node<'a> {
    let list = wording.iri("status", owner.as_str());
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
