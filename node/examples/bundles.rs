//! Writes label files, each with its trust file, for `tests/carriers` into a directory: names in many letters, each level, of a demonstration and not.
//! Their federation is that of the tests: its keys come from its agencies' names.
//!
//! `cargo run -p parangon-node --example bundles -- DIR`

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test's tool: what it cannot build stops it

#[path = "../../protocol/tests/support/mod.rs"]
mod support;

use std::path::Path;

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{Chain, Charter, Level};
use parangon_protocol::verify::{Known, TrustFile};
use support::award::gold;
use support::federation::Federation;
use support::scene::Scene;

/// File name, country, region, cluster, level, whether of a demonstration.
type Case = (&'static str, &'static str, &'static str, String, Level, bool);

fn cases() -> Vec<Case> {
    let long = "Interregionales Netzwerk für nachhaltige Lebensmittelverarbeitung, Bioökonomie und Kreislaufwirtschaft ".repeat(2);
    let named = |name: &str| name.to_owned();
    vec![
        ("de", "DE", "Stuttgart", named("BioRegio Südwest e. V."), Level::Gold, false),
        ("pl", "PL", "Łódzkie", named("Łódzki Klaster Żywności i Źródeł Zdrowia „Ćmiełów”"), Level::Silver, false),
        ("cs", "CZ", "Jihočeský kraj", named("Příčný řetězec ďáblů – klastr žlutých koňů, úspěšný"), Level::Bronze, false),
        ("hu", "HU", "Észak-Alföld", named("Győri Hűtőgép- és Szűrőgyártó Klaszter Őrség"), Level::Gold, false),
        ("ro", "RO", "Iași", named("Clusterul Știință și Țesături Brașov – Întreprinderi"), Level::Silver, false),
        ("el", "GR", "Κεντρική Μακεδονία", named("Συστάδα Καινοτομίας Υγείας Θεσσαλονίκης «Ασκληπιός»"), Level::Bronze, false),
        ("bg", "BG", "София", named("Клъстер за щадящи технологии и храни – Пловдив"), Level::Gold, false),
        ("fr", "FR", "Auvergne-Rhône-Alpes", named("Céréales Vallée « Nord » & Cie <œuvre>"), Level::Silver, false),
        ("es", "ES", "Cataluña", named("Clúster de la Energía Fotovoltaica Ibérica Ñandú"), Level::Gold, true),
        ("long", "DE", "Ostwestfalen-Lippe", long.chars().take(199).collect::<String>() + "!", Level::Gold, false),
        ("unbroken", "NO", "Oslo", "Æ".repeat(200), Level::Bronze, true),
        ("cjk", "DE", "東京", named("産業クラスター 素材 \u{645}\u{631}\u{62d}\u{628}\u{627} \u{E000} e\u{301}"), Level::Silver, false),
        ("many", "FI", "Uusimaa", named("Terveysteknologian klusteri ]]> Helsinki"), Level::Gold, true),
    ]
}

fn main() {
    let dir = std::env::args().nth(1).expect("a directory");
    for (name, country, region, cluster, level, demonstration) in cases() {
        let many = name == "many";
        let federation = Federation::found(|charter: &mut Charter| {
            charter.demonstration = demonstration;
            charter.name = "Cluster Excellence Network".parse().unwrap();
            for member in &mut charter.members {
                let long = if many { " for the Promotion of Clusters, Innovation and Regional Development" } else { "" };
                let place = member.id.as_str().to_owned();
                let place = place[..1].to_uppercase() + &place[1..];
                member.name = format!("{place} Cluster Agency{long}").parse().unwrap();
            }
        });
        let endorsers: &[&'static str] = if many { &["lyon", "madrid", "oslo", "porto"] } else { &["lyon", "oslo"] };
        let mut award = gold("stuttgart", name, endorsers);
        award.common.level = level;
        if level == Level::Bronze {
            award.common.catalogue = Catalogue::ecei_bronze().reference();
        }
        award.common.cluster.name = cluster.parse().unwrap();
        award.common.cluster.country = country.parse().unwrap();
        award.common.cluster.region = Some(region.parse().unwrap());
        let (scene, id) = Scene::awarded_in(federation, &award);
        let known = Known::new(Chain::clone(&scene.federation.chain), scene.bundle(id).keysets).unwrap();
        let write = |ending: &str, text: Vec<u8>| std::fs::write(Path::new(&dir).join(format!("{name}.{ending}.json")), text).unwrap();
        write("label", scene.text(id));
        write("trust", TrustFile::of(&known).to_text().unwrap());
    }
}
