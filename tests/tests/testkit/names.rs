//! Names: of the languages of Europe, those that others collected to try programs, and such that are none.

use parangon_protocol::charter::Charter;
use parangon_protocol::id::Name;
use parangon_protocol::label::LabelId;

use crate::kit::{Facet, Kit};
use crate::root;
use crate::support::award::gold;
use crate::support::federation::Federation;
use crate::support::scene::Scene;

/// Language, federation, scheme, cluster, field, region, and the agencies lyon, madrid, oslo, porto and stuttgart.
const LANGUAGES: [(&str, [&str; 10]); 8] = [
    (
        "polish",
        [
            "Federacja Klastrów",
            "Znak Doskonałości",
            "Małopolski Klaster Żywności „Śląsk”",
            "Żywność i rolnictwo",
            "Łódź",
            "Agencja Rozwoju Łódź",
            "Górnośląska Agencja",
            "Źródło Innowacji",
            "Fundacja Świętokrzyska",
            "Urząd Województwa Zażółć Gęślą Jaźń",
        ],
    ),
    (
        "czech",
        [
            "Federace klastrů",
            "Značka jakosti",
            "Moravskoslezský strojírenský klastr",
            "Strojírenství",
            "Třebíč",
            "Agentura Příbram",
            "Žďárská agentura",
            "Úřad Šumperk",
            "Řízení inovací Děčín",
            "Příliš žluťoučký kůň úpěl ďábelské ódy",
        ],
    ),
    (
        "hungarian",
        [
            "Klaszterek Szövetsége",
            "Kiválósági védjegy",
            "Győri Járműipari Klaszter",
            "Járműgyártás",
            "Székesfehérvár",
            "Gyõri Ügynökség",
            "Debreceni Fejlesztési Iroda",
            "Szegedi Központ",
            "Pécsi Ügynökség",
            "Árvíztűrő tükörfúrógép",
        ],
    ),
    (
        "romanian",
        [
            "Federația Clusterelor",
            "Marca de excelență",
            "Clusterul Agroalimentar „Țara Făgărașului”",
            "Agricultură și alimentație",
            "Timișoara",
            "Agenția Iași",
            "Agenția Târgu Mureș",
            "Oficiul Brașov",
            "Agenția Bistrița-Năsăud",
            "Asociația Ținutul Secuiesc",
        ],
    ),
    (
        "greek",
        [
            "Ομοσπονδία Συστάδων",
            "Σήμα αριστείας",
            "Συστάδα Τροφίμων «Θεσσαλία»",
            "Τρόφιμα και ποτά",
            "Θεσσαλονίκη",
            "Οργανισμός Αθηνών",
            "Φορέας Κρήτης",
            "Γραφείο Ηπείρου",
            "Αναπτυξιακή Πελοποννήσου",
            "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
        ],
    ),
    (
        "bulgarian",
        [
            "Федерация на клъстерите",
            "Знак за качество",
            "Клъстер „Розова долина“",
            "Етерични масла",
            "Пловдив",
            "Агенция София",
            "Агенция Варна",
            "Офис Бургас",
            "Агенция Русе",
            "Жълтата дюля беше щастлива",
        ],
    ),
    (
        "punctuation",
        [
            "A \"quoted\" federation",
            "Back\\slash",
            "O'Brien & Söhne <GmbH>",
            "a/b\\c",
            "{\"v\":1}",
            "%s%n",
            "'; DROP TABLE labels; --",
            "<script>alert(1)</script>",
            "&lt;&amp;&quot;",
            "]]>",
        ],
    ),
    ("scripts", ["العنقود", "אשכול", "产业集群", "クラスター", "클러스터", "กลุ่ม", "समूह", "Кластер", "Կլաստեր", "კლასტერი"]),
];

fn named(names: &[&str]) -> (Federation, Scene, LabelId) {
    let name = |at: usize| -> Name { names[at].parse().unwrap_or_else(|error| panic!("{error}")) };
    let change = |charter: &mut Charter| {
        (charter.name, charter.schemes[0].name) = (name(0), name(1));
        for (at, member) in charter.members.iter_mut().enumerate() {
            member.name = name(5 + at);
        }
    };
    let federation = Federation::found(change);
    let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
    award.common.cluster.name = name(2);
    award.common.cluster.field = Some(name(3));
    award.common.cluster.region = Some(name(4));
    let (scene, id) = Scene::awarded_in(federation.clone(), &award);
    (federation, scene, id)
}

pub fn add(kit: &mut Kit) {
    for (language, names) in LANGUAGES {
        let (federation, scene, id) = named(&names);
        let trust = format!("names-{language}");
        kit.trust(&trust, &federation);
        kit.family("names", "usual").bundle(language, "Names as they are.", &scene.bundle(id)).by(&trust).valid();
    }
    let collected: Vec<String> = serde_json::from_slice(&std::fs::read(root().join("names/blns.json")).unwrap()).unwrap();
    let (legal, illegal): (Vec<&String>, Vec<&String>) = collected.iter().partition(|text| is_legal(text));
    assert!(legal.len() > 200 && illegal.len() > 5, "{} and {}", legal.len(), illegal.len());
    for (at, names) in legal.chunks(10).enumerate() {
        let mut names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        names.resize(10, "Nothing more");
        let (federation, scene, id) = named(&names);
        let trust = format!("names-collected-{at:02}");
        kit.trust(&trust, &federation);
        let mut family = kit.family("names", "usual");
        family.bundle(format!("collected-{at:02}"), "Ten of the naughty strings as names.", &scene.bundle(id)).by(&trust).valid();
    }
    let (scene, id) = Scene::gold();
    let text = String::from_utf8(scene.text(id)).unwrap();
    let mut refuse = |name: String, about: &str, bad: &str| {
        let altered = text.replace("\"Food industry\"", &serde_json::to_string(bad).unwrap());
        // The record is read when it is opened: it is none. Its signatures were made for another text.
        let (mut family, control) = (kit.family("names", "usual"), bad.chars().any(char::is_control));
        let case = family.file(name, about, altered);
        if control { case.damaged() } else { case.proof(Facet::Fails).inclusion(Facet::Fails).altered("label") }
    };
    for (at, bad) in illegal.iter().enumerate() {
        refuse(format!("refused-collected-{at:02}"), "A naughty string that is no name.", bad);
    }
    for (name, bad) in [
        ("empty", String::new()),
        ("space-before", " Food".into()),
        ("space-behind", "Food ".into()),
        ("no-break-space-behind", "Food\u{a0}".into()),
        ("ideographic-space", "\u{3000}Food".into()),
        ("bidi-override", "Food\u{202e}dooF".into()),
        ("bidi-isolate", "Food\u{2066}x\u{2069}".into()),
        ("left-to-right-mark", "Food\u{200e}".into()),
        ("zero-width-space", "Fo\u{200b}od".into()),
        ("word-joiner", "Fo\u{2060}od".into()),
        ("byte-order-mark", "Fo\u{feff}od".into()),
        ("line-separator", "Fo\u{2028}od".into()),
        ("annotation", "Fo\u{fffa}od".into()),
        ("non-character", "Fo\u{fdd0}od".into()),
        ("non-character-plane-1", "Fo\u{1ffff}od".into()),
        ("tab", "Fo\tod".into()),
        ("delete", "Fo\u{7f}od".into()),
        ("201-characters", "é".repeat(201)),
    ] {
        refuse(format!("refused-{name}"), "A field of technology whose name is none.", &bad);
    }
    for (name, good) in [
        ("200-characters", "é".repeat(200)),
        ("zero-width-joiner", "क्‍ष".to_owned()),
        ("combining", "Cafe\u{301}".to_owned()),
        ("emoji", "🏳️‍🌈 cluster".to_owned()),
        ("no-break-space-inside", "Food\u{a0}industry".to_owned()),
        ("soft-hyphen", "Food\u{ad}industry".to_owned()),
    ] {
        let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
        award.common.cluster.field = Some(good.parse().unwrap());
        let (scene, id) = Scene::awarded(&award);
        kit.family("names", "usual").bundle(format!("legal-{name}"), "An unusual name, and legal.", &scene.bundle(id)).valid();
    }
}

/// As docs/protocol.md says it ("Charter"), not as the code does.
fn is_legal(text: &str) -> bool {
    let refused = |c: char| {
        let code = u32::from(c);
        let ranges = [(0, 0x1f), (0x7f, 0x9f), (0x200b, 0x200b), (0x200e, 0x200f), (0x2028, 0x202e), (0x2060, 0x2069), (0xfdd0, 0xfdef)];
        let more = [(0xfeff, 0xfeff), (0xfff9, 0xfffb)];
        ranges.iter().chain(&more).any(|(from, to)| (*from..=*to).contains(&code)) || code & 0xfffe == 0xfffe
    };
    let outer = [text.chars().next(), text.chars().last()];
    let spaced = outer.into_iter().flatten().any(char::is_whitespace);
    (1..=200).contains(&text.chars().count()) && !spaced && !text.chars().any(refused)
}
