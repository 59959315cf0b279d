//! A small federation and one GOLD offer in it.

#![allow(clippy::unwrap_used)] // a test that cannot build its world fails

mod decision;
mod dictionary;
mod endorse;
mod exchange;
mod history;
mod message;
mod panel;
mod response;
mod statement;

use super::*;
use crate::assessment::{Answer, Assessment, Eligibility, Scores};
use crate::catalogue::Catalogue;
use crate::charter::{CatalogueRef, Charter, ConflictRules, Disclosure, LevelRule, Member, Right, ecei_scheme};
use crate::id::{Fingerprint, Hash};
use crate::keys::SecretKey;
use crate::label::{ClusterFacts, Common, Conflicts};
use crate::time::Timestamp;

/// `(id, country, parent)`, sorted. The owner is stuttgart.
const MEMBERS: [(&str, &str, Option<&str>); 7] = [
    ("freiburg", "DE", Some("Land")),
    ("lyon", "FR", None),
    ("madrid", "ES", Some("Junta")),
    ("munich", "DE", None),
    ("oslo", "NO", None),
    ("sevilla", "ES", Some("Junta")),
    ("stuttgart", "DE", Some("Land")),
];

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn owner() -> AgencyId {
    agency("stuttgart")
}

fn federation() -> Fingerprint {
    Fingerprint(Hash::of(&[b"federation"]))
}

/// The agency's issue key.
fn key(id: &str) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[b"issue", id.as_bytes()]).0)
}

fn charter() -> Charter {
    let rights = vec![Right { scheme: "ecei".parse().unwrap(), levels: vec![Level::Silver, Level::Gold] }];
    let members = MEMBERS.map(|(id, country, parent)| Member {
        id: agency(id),
        name: format!("Agency {id}").parse().unwrap(),
        country: country.parse().unwrap(),
        parent: parent.map(|name| name.parse().unwrap()),
        rights: rights.clone(),
        identity: SecretKey::from_seed(&Hash::of(&[b"identity", id.as_bytes()]).0).public(),
        successor: Hash::of(&[b"successor", id.as_bytes()]),
        contacts: vec![],
    });
    Charter {
        version: 1,
        previous: None,
        name: "Test".parse().unwrap(),
        created: Timestamp::default(),
        review_by: "2030-01".parse().unwrap(),
        demonstration: false,
        members: members.to_vec(),
        schemes: vec![ecei_scheme()],
        catalogues: vec![Catalogue::ecei().reference()],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(5, 2),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    }
}

fn rule(level: Level) -> LevelRule {
    charter().rule(&"ecei".parse().unwrap(), level).unwrap().clone()
}

/// Every indicator at level 3, and these many of those that gain one point at level 4: 119 points and one for each.
fn scores(above_119: usize) -> Scores {
    let catalogue = Catalogue::ecei();
    let level = |level| Answer::of_level(level).unwrap();
    let gains_one = catalogue.indicators.iter().filter(|i| i.levels[4] == i.levels[3] + 1).take(above_119);
    let at_three = catalogue.indicators.iter().map(|i| (i.code.clone(), level(3)));
    let scores: Scores = at_three.chain(gains_one.map(|i| (i.code.clone(), level(4)))).collect();
    assert_eq!(usize::try_from(scores.points(catalogue)).unwrap(), 119 + above_119);
    scores
}

fn offer() -> Offer {
    Offer {
        charter: 1,
        owner: owner(),
        cluster: ClusterFacts {
            id: ClusterId::new(&owner(), [7; 12]),
            name: "Céréales Vallée".parse().unwrap(),
            country: "DE".parse().unwrap(),
            nuts: None,
            region: None,
            field: Some("Food industry".parse().unwrap()),
        },
        scheme: "ecei".parse().unwrap(),
        catalogue: Catalogue::ecei().reference(),
        level: Level::Gold,
        assessed: "2026-10".parse().unwrap(),
        valid_until: "2028-10".parse().unwrap(),
        languages: vec!["de".into(), "pt-BR".into()],
        due: "2026-12-31T00:00:00Z".parse().unwrap(),
        created: "2026-11-24T05:00:00Z".parse().unwrap(),
        salt: Hash::of(&[b"offer salt"]),
        comments: false,
        heads: vec![],
    }
}

fn assessment() -> Assessment {
    let mut assessment = Assessment {
        cluster: offer().cluster.id,
        catalogue: offer().catalogue,
        month: offer().assessed,
        scores: scores(3),
        eligibility: Eligibility { eccp_listed: true, management_fte_hundredths: 150, members: 40, member_types: 3 },
        notes: std::collections::BTreeMap::new(),
        evidence: std::collections::BTreeMap::new(),
        improvements: 3,
    };
    assessment.set_note("4.1.3".parse().unwrap(), "See the plan of 2025").unwrap();
    assessment
}

fn dossier(recipient: &str) -> Dossier {
    Dossier {
        offer: offer().hash().unwrap(),
        recipient: agency(recipient),
        assessment: assessment(),
        salt: Hash::of(&[b"dossier salt"]),
        copy_salt: Hash::of(&[b"copy salt", recipient.as_bytes()]),
    }
}

fn acceptance(reviewer: &str) -> Acceptance {
    // Characters of bech32, another key for each agency.
    let alphabet = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let hash = Hash::of(&[b"fresh", reviewer.as_bytes()]).0;
    let tail: String = hash.iter().cycle().take(58).map(|b| char::from(alphabet[usize::from(b % 32)])).collect();
    Acceptance {
        offer: offer().hash().unwrap(),
        reviewer: agency(reviewer),
        dossier_key: format!("age1{tail}"),
        conflicts: Conflicts::None,
        created: "2026-11-25T05:00:00Z".parse().unwrap(),
    }
}

/// A review that carries GOLD: 120 points and `above`.
fn review(reviewer: &str, above: usize) -> ReviewContent {
    ReviewContent {
        offer: offer().hash().unwrap(),
        reviewer: agency(reviewer),
        dossier: dossier(reviewer).commitment().unwrap(),
        catalogue: Catalogue::ecei().hash(),
        scores: scores(1 + above),
        improvements: 0,
        eligible: true,
        findings: "Strong team".into(),
        created: "2026-12-01T05:00:00Z".parse().unwrap(),
        salt: Hash::of(&[b"review salt", reviewer.as_bytes()]),
        stage: Stage::Only,
        response: None,
    }
}

fn common() -> Common {
    offer().common(dossier("lyon").commitment().unwrap()).unwrap()
}

fn signed<T: Statement>(body: T) -> Signed<T> {
    let key = key(body.author().as_str());
    Signed::sign(body, &federation(), &key).unwrap()
}

/// Verifies with the author's own key.
fn checked<T: Statement>(signed: &Signed<T>) -> Verified<'_, T> {
    signed.verify(&federation(), &key(signed.body.author().as_str()).public()).unwrap()
}
