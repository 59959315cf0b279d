//! Everything is signed, logged and cosigned, and the rules do not allow it; and the edges at which they just do.

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Charter, Level, Member, Tie};
use parangon_protocol::id::{ClusterId, Hash};
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::region::Nuts;
use parangon_protocol::verify::Outcome;
use serde_json::json;

use crate::kit::{Facet, Kit};
use crate::support::award::{Award, gold};
use crate::support::federation::{Federation, key, place_under};
use crate::support::scene::{Scene, WITNESSED};
use crate::support::{agency, log, time};

fn usual() -> Award {
    gold("stuttgart", "first", &["lyon", "oslo"])
}

fn bundle(federation: Federation, award: &Award) -> parangon_protocol::label::bundle::Bundle {
    let (scene, id) = Scene::awarded_in(federation, award);
    scene.bundle(id)
}

pub fn add(kit: &mut Kit) {
    panel(kit);
    relations(kit);
    levels(kit);
    months(kit);
    adoption(kit);
    sizes(kit);
}

fn panel(kit: &mut Kit) {
    let mut family = kit.family("rules", "usual");
    for (name, endorsers, flaw, about) in [
        ("own-endorsement", &["oslo", "stuttgart"][..], "panel", "An agency endorses itself."),
        ("own-endorsement-third", &["lyon", "oslo", "stuttgart"], "panel", "The same beside two others."),
        ("no-endorser", &[], "panel", "GOLD without an endorser."),
        ("one-endorser", &["oslo"], "panel", "GOLD with one endorser of two."),
        ("endorsers-out-of-order", &["oslo", "lyon"], "endorsements", "Endorsements are sorted by endorser."),
        ("endorsed-twice", &["lyon", "lyon"], "endorsements", "One endorser twice."),
    ] {
        family.bundle(name, about, &bundle(Federation::default(), &gold("stuttgart", "first", endorsers))).rule(flaw);
    }
    let all = gold("stuttgart", "first", &["lyon", "madrid", "oslo", "porto"]);
    family.bundle("four-endorsers", "More endorsers than the level asks for.", &bundle(Federation::default(), &all)).valid();
    let mut late = usual();
    late.issued = time("2027-02-20T10:00:00Z");
    let as_of = json!({ "as_of": "2026-11-24T06:02:00Z" });
    let about = "Issued in the last second of its endorsements; the status is older than that.";
    let case = family.bundle("endorsement-last-second", about, &bundle(Federation::default(), &late));
    case.at("2027-02-21T00:00:00Z").unsure("stale-status", as_of);
    late.issued = time("2027-02-20T10:00:01Z");
    family.bundle("endorsement-expired", "One second later.", &bundle(Federation::default(), &late)).rule("endorsements");
    let mut early = usual();
    (early.issued, early.common.assessed) = (time("2026-05-03T08:00:00Z"), "2026-04".parse().unwrap());
    early.common.valid_until = "2028-04".parse().unwrap();
    let about = "Back-dated: half a year before any witness saw it. An issuer's date is a claim; the verdict names both.";
    family.bundle("back-dated", about, &bundle(Federation::default(), &early)).valid();
    let mut future = usual();
    future.issued = time("2026-12-24T05:00:00Z");
    let about = "Dated ahead: a month after its witnesses saw it.";
    family.bundle("dated-ahead", about, &bundle(Federation::default(), &future)).stops(Outcome::NotYetValid, "early", json!({}));
}

fn relations(kit: &mut Kit) {
    let house =
        |ids: &'static [&'static str]| Federation::found(move |charter| ids.iter().for_each(|id| place_under(charter, id, "One house")));
    let third = gold("stuttgart", "first", &["lyon", "oslo", "porto"]);
    for (name, trust, ids, award, about) in [
        ("endorsers-one-parent", "house-lyon-oslo", &["lyon", "oslo"][..], usual(), "Two endorsers under one parent count once."),
        ("endorser-own-parent", "house-lyon-stuttgart", &["lyon", "stuttgart"], usual(), "An endorser under the owner's parent."),
        ("endorsers-one-parent-third", "house-lyon-oslo", &["lyon", "oslo"], third, "Two under one parent and a third."),
    ] {
        let federation = house(ids);
        if !kit.files.contains_key(&format!("trust/{trust}.json")) {
            kit.trust(trust, &federation);
        }
        let bundle = bundle(federation, &award);
        let mut family = kit.family("rules", trust);
        let case = family.bundle(name, about, &bundle);
        if name == "endorsers-one-parent-third" { case.valid() } else { case.rule("panel") }
    }
    // Witnesses under one parent count once, when more than half of them say the same.
    let iberia = house(&["madrid", "porto"]);
    kit.trust("house-madrid-porto", &iberia);
    let mut family = kit.family("rules", "house-madrid-porto");
    let (mut scene, id) = Scene::awarded_in(iberia, &usual());
    family.bundle("witnesses-one-parent", "All cosigned; two of them are one witness.", &scene.bundle(id)).valid();
    for (name, witnesses, have) in
        [("witnesses-one-parent-both", &["lyon", "madrid", "porto"][..], 2), ("witnesses-one-parent-one", &["lyon", "madrid", "oslo"], 2)]
    {
        scene.cosign("stuttgart", witnesses, WITNESSED);
        let about = "Three lines, of two witnesses: a parent counts once, and only with more than half of its agencies.";
        let short = json!({ "agency": "stuttgart", "have": have, "needed": 3 });
        family.bundle(name, about, &scene.bundle(id)).unsure("no-quorum", short);
    }
    let german = |ids: &'static [&'static str]| {
        move |charter: &mut Charter| {
            for member in charter.members.iter_mut().filter(|member| ids.contains(&member.id.as_str())) {
                member.country = "DE".parse().unwrap();
            }
        }
    };
    let (home, abroad) = (Federation::found(german(&["lyon", "oslo"])), Federation::found(german(&["lyon"])));
    kit.trust("german-both", &home);
    kit.trust("german-one", &abroad);
    let mut family = kit.family("rules", "german-both");
    family.bundle("none-from-abroad", "GOLD needs an endorser from abroad.", &bundle(home, &usual())).rule("panel");
    family.bundle("one-from-abroad", "One of two is enough.", &bundle(abroad, &usual())).by("german-one").valid();
    let tie = |to: String, until: Option<&str>| {
        let until = until.map(|month| month.parse().unwrap());
        Federation::found(move |charter| charter.ties = vec![Tie { agency: agency("lyon"), to: to.parse().unwrap(), until }])
    };
    for (name, to, until, flaw, about) in [
        ("tie", "stuttgart".to_owned(), None, true, "An endorser that the charter ties to the owner."),
        ("tie-cluster", format!("stuttgart/{}", "07".repeat(12)), None, true, "A tie to this cluster."),
        ("tie-other-cluster", format!("stuttgart/{}", "08".repeat(12)), None, false, "A tie to another cluster."),
        ("tie-last-month", "stuttgart".to_owned(), Some("2024-10"), true, "24 months after its last month a tie still counts."),
        ("tie-over", "stuttgart".to_owned(), Some("2024-09"), false, "A month later it does not."),
    ] {
        let federation = tie(to, until);
        kit.trust(name, &federation);
        let bundle = bundle(federation, &usual());
        let mut family = kit.family("rules", name);
        let case = family.bundle(name, about, &bundle);
        if flaw { case.rule("panel") } else { case.valid() }
    }
}

fn levels(kit: &mut Kit) {
    let mut family = kit.family("rules", "usual");
    let of = |level, catalogue: &Catalogue, until: &str| {
        let mut award = gold("stuttgart", "first", &["oslo"]);
        (award.common.level, award.common.catalogue) = (level, catalogue.reference());
        award.common.valid_until = until.parse().unwrap();
        award
    };
    let bronze = of(Level::Bronze, Catalogue::ecei_bronze(), "2028-10");
    family.bundle("bronze", "BRONZE with one endorser.", &bundle(Federation::default(), &bronze)).valid();
    let silver = of(Level::Silver, Catalogue::ecei(), "2028-10");
    let about = "SILVER: that a BRONZE label came 18 to 24 months before stands in other records.";
    family.bundle("silver", about, &bundle(Federation::default(), &silver)).valid();
    let mut placed = usual();
    placed.common.cluster.nuts = Some(Nuts::new("DE111", 2024).unwrap());
    family.bundle("nuts", "A cluster with its NUTS region.", &bundle(Federation::default(), &placed)).valid();
    let wrong = of(Level::Bronze, Catalogue::ecei(), "2028-10");
    family.bundle("bronze-other-catalogue", "BRONZE by the catalogue of GOLD.", &bundle(Federation::default(), &wrong)).rule("rule");
    let mut award = usual();
    award.common.catalogue.hash = Hash::of(&[b"another text"]);
    family.bundle("catalogue-hash", "Another text of the catalogue.", &bundle(Federation::default(), &award)).rule("rule");
    let mut award = usual();
    award.common.catalogue.id = "ecei-2027".parse().unwrap();
    family.bundle("catalogue-id", "A catalogue that the charter has not.", &bundle(Federation::default(), &award)).rule("rule");
    let mut award = usual();
    award.common.scheme = "demo".parse().unwrap();
    family.bundle("scheme", "A scheme that the charter has not.", &bundle(Federation::default(), &award)).rule("right");
    let mut award = usual();
    award.common.cluster.id = ClusterId::new(&agency("porto"), [7; 12]);
    family.bundle("cluster-of-another", "Another agency's cluster.", &bundle(Federation::default(), &award)).rule("owner");
    for (name, levels, right) in [
        ("right-gold-only", &[Level::Gold][..], true),
        ("right-not-gold", &[Level::Bronze, Level::Silver], false),
        ("right-none", &[], false),
    ] {
        let federation = Federation::found(|charter| {
            let stuttgart = charter.members.iter_mut().find(|member| member.id == agency("stuttgart")).unwrap();
            stuttgart.rights[0].levels = levels.to_vec();
        });
        kit.trust(name, &federation);
        let bundle = bundle(federation, &usual());
        let mut family = kit.family("rules", name);
        let case = family.bundle(name, "What the charter lets the issuer issue.", &bundle);
        if right { case.valid() } else { case.rule("right") }
    }
}

fn months(kit: &mut Kit) {
    let mut family = kit.family("rules", "usual");
    let first = |assessed: &str, issued: &str, until: &str| {
        let mut award = usual();
        (award.common.assessed, award.common.valid_until) = (assessed.parse().unwrap(), until.parse().unwrap());
        award.issued = time(issued);
        award
    };
    for (name, until) in
        [("short", "2028-09"), ("long", "2028-11"), ("renewal-months", "2031-10"), ("9999", "9999-12"), ("1970", "1970-01")]
    {
        let award = first("2026-10", "2026-11-24T05:00:00Z", until);
        let about = "GOLD is valid for 24 months from the month of the assessment.";
        family.bundle(format!("validity-{name}"), about, &bundle(Federation::default(), &award)).rule("validity");
    }
    // At the turn of a year, and where 24 months lead into a leap year.
    for (assessed, issued, until, last) in [
        ("2025-12", "2025-12-31T23:59:59Z", "2027-12", "2027-12-31T23:59:59Z"),
        ("2026-02", "2026-02-28T23:59:59Z", "2028-02", "2028-02-29T23:59:59Z"),
        ("2026-01", "2026-01-01T00:00:00Z", "2028-01", "2028-01-31T23:59:59Z"),
    ] {
        let (mut scene, id) = Scene::awarded(&first(assessed, issued, until));
        scene.cosign_all(&format!("{until}-10T00:00:00Z"));
        let text = scene.text(id);
        let about = format!("Assessed in {assessed}: the last second, and the one behind it.");
        family.file(format!("months-{assessed}-last"), about.clone(), text.clone()).at(last).valid();
        let after = time(last).plus(1).to_string();
        let late = json!({ "until": until, "renewable": true });
        family.file(format!("months-{assessed}-over"), about.clone(), text.clone()).at(&after).stops(Outcome::Expired, "late", late);
        family.file(format!("months-{assessed}-first"), about.clone(), text.clone()).at(issued).valid();
        let before = time(issued).seconds() - 1;
        let before = parangon_protocol::time::Timestamp::from_seconds(before).unwrap().to_string();
        family.file(format!("months-{assessed}-before"), about, text).at(&before).stops(Outcome::NotYetValid, "early", json!({}));
    }
    let same = first("2026-11", "2026-11-24T05:00:00Z", "2028-11");
    family.bundle("assessed-same-month", "Issued in the month of the assessment.", &bundle(Federation::default(), &same)).valid();
    let ahead = first("2026-12", "2026-11-24T05:00:00Z", "2028-12");
    family.bundle("assessed-ahead", "Assessed in the month after it was issued.", &bundle(Federation::default(), &ahead)).rule("validity");
    // A renewal: at most one award of the longer kind and one renewal, 36 + 36 months for GOLD, from the assessment.
    for (name, until, sound) in
        [("renewal-latest", "2032-10", true), ("renewal-beyond", "2032-11", false), ("renewal-early", "2026-12", true)]
    {
        let mut award = first("2026-10", "2026-11-24T05:00:00Z", until);
        award.supersedes = Some(gold("stuttgart", "before", &["lyon", "oslo"]).id());
        let about = "How far a renewal may reach. What it renews stands in another record.";
        let case = family.bundle(name, about, &bundle(Federation::default(), &award));
        if sound { case.valid() } else { case.rule("validity") }
    }
}

fn adoption(kit: &mut Kit) {
    let mut family = kit.family("rules", "usual");
    let issued = |mut scene: Scene, award: &Award| {
        let label = award.sign(&scene.federation);
        scene.issue(label);
        scene.state("stuttgart");
        scene.cosign_all(WITNESSED);
        scene
    };
    let mut award = usual();
    award.common.charter = 2;
    let scene = issued(Scene::founded(Federation::default()), &award);
    let case = family.bundle("charter-unknown", "A version of the charter that nobody knows.", &scene.bundle(award.id()));
    case.proof(Facet::None).rule("charter");
    let mut award = usual();
    award.adoption = 0;
    let scene = issued(Scene::founded(Federation::default()), &award);
    let case = family.bundle("adoption-is-none", "The record that it names is no charter record.", &scene.bundle(award.id()));
    case.stops(Outcome::NotEntitled, "not-adopted", json!({}));
    let hash = Federation::default().charter().hash().unwrap();
    for (name, adoption) in
        [("adopted-2", Adoption { version: 2, hash }), ("adopted-another", Adoption { version: 1, hash: Hash::of(&[b"another"]) })]
    {
        let mut scene = Scene::founded(Federation::default());
        award.adoption = scene.append("stuttgart", &Record::Charter(adoption));
        let scene = issued(scene, &award);
        let case = family.bundle(name, "It adopts another text than the charter.", &scene.bundle(award.id()));
        case.stops(Outcome::NotEntitled, "not-adopted", json!({}));
    }
    let mut scene = Scene::founded(Federation::default());
    let [_, again] = scene.federation.first_records("stuttgart");
    let again = scene.append("stuttgart", &again);
    let scene = issued(scene, &usual());
    let mut elsewhere = scene.bundle(usual().id());
    elsewhere.adoption = scene.proven(&log("stuttgart"), again);
    let case = family.bundle("adoption-elsewhere", "A charter record that the label does not name.", &elsewhere);
    case.stops(Outcome::NotEntitled, "not-adopted", json!({}));
}

/// The first five agencies, or fewer, or more of them.
pub fn of_size(size: usize) -> Federation {
    Federation::found(|charter| {
        let pattern = charter.members[0].clone();
        let order = ["stuttgart", "lyon", "oslo", "madrid", "porto"];
        charter.members.retain(|member| order[..size.min(5)].contains(&member.id.as_str()));
        for at in charter.members.len()..size {
            let id = format!("region-{at:02}");
            charter.members.push(Member {
                id: id.parse().unwrap(),
                name: format!("Agency for clusters of the region {at}").parse().unwrap(),
                identity: key("identity", &id).public(),
                successor: key("successor", &id).public().hash(),
                ..pattern.clone()
            });
        }
        charter.members.sort_by(|a, b| a.id.cmp(&b.id));
        if size == 1 {
            charter.schemes[0].rules.iter_mut().for_each(|rule| (rule.reviewers, rule.foreign) = (0, 0));
        }
    })
}

/// Federations of 1, 3, 4, 5, 7 and 8 members: with as many cosignatures as it takes, and with one fewer.
fn sizes(kit: &mut Kit) {
    let unwitnessed = json!({ "agency": "stuttgart", "have": 0 });
    for (size, needed) in [(1, 0), (3, 2), (4, 3), (7, 5), (8, 5)] {
        let name = format!("members-{size}");
        let federation = of_size(size);
        kit.trust(&name, &federation);
        let endorsers: &[&str] = if size == 1 { &[] } else { &["lyon", "oslo"] };
        let (mut scene, id) = Scene::awarded_in(federation, &gold("stuttgart", "first", endorsers));
        let mut family = kit.family("rules", "usual");
        let case = |family: &mut crate::kit::Family<'_>, name: &str, scene: &Scene, have: Option<usize>| {
            let case = family.bundle(name, format!("{size} members: {needed} cosignatures are needed."), &scene.bundle(id));
            let case = case.by(&format!("members-{size}"));
            match have {
                None => case.valid(),
                Some(0) => case.unsure("no-quorum", unwitnessed.clone()),
                Some(have) => case.unsure("no-quorum", json!({ "agency": "stuttgart", "have": have, "needed": needed })),
            }
        };
        if size == 1 {
            case(&mut family, "members-1-alone", &scene, Some(0));
            continue;
        }
        let others: Vec<String> = scene.federation.ids().iter().map(ToString::to_string).filter(|id| id != "stuttgart").collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        scene.cosign("stuttgart", &others[..needed], WITNESSED);
        case(&mut family, &format!("members-{size}-quorum"), &scene, None);
        scene.cosign("stuttgart", &others[..needed - 1], WITNESSED);
        case(&mut family, &format!("members-{size}-short"), &scene, Some(needed - 1));
    }
    let (scene, id) = crate::hostile::small();
    let about = "The smallest label file; docs/label-files.md walks through it.";
    kit.family("rules", "members-3").bundle("smallest", about, &scene.bundle(id)).valid();
}
