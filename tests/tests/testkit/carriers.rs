//! What a label travels in: pictures, documents, a credential alone, a printed code.

use parangon_protocol::carrier::code::Code;
use parangon_protocol::keys::SecretKey;
use parangon_protocol::label::Label;
use parangon_protocol::label::credential::{EndorsementSubject, LabelSubject};
use parangon_protocol::limits;
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::verify::Outcome;
use serde_json::{Value, json};

use crate::charter::ALL_OTHERS;
use crate::kit::{Case, Facet, Family, Kit};
use crate::support::award::{gold, sign_again};
use crate::support::federation::{Federation, key};
use crate::support::scene::{Scene, WITNESSED, another};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The usual label, another one, and what is made of them.
struct Texts {
    label: String,
    credential: String,
    other: String,
    other_credential: String,
}

fn texts() -> Texts {
    let (mut scene, id) = Scene::gold();
    scene.award(&another());
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    let text = |id| String::from_utf8(scene.text(id)).unwrap();
    let credential = |id| scene.credential(&scene.find(id).2);
    let other = another().id();
    Texts { label: text(id), credential: credential(id), other: text(other), other_credential: credential(other) }
}

pub fn add(kit: &mut Kit) {
    let texts = texts();
    png(&mut kit.family("png", "usual"), &texts);
    svg(&mut kit.family("svg", "usual"), &texts);
    pdf(&mut kit.family("pdf", "usual"), &texts);
    credentials(kit);
    codes(kit);
}

fn several(case: Case<'_>) {
    case.unreadable().unsure("several", json!({}));
}

fn not_in_log(case: Case<'_>) {
    case.alone().stops(Outcome::NotEntitled, "not-in-log", json!({ "agency": "stuttgart" }));
}

/// Packed by one library: which one `flate2` uses depends on what else is built, and its bytes with it.
fn zlib(text: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(text, 9)
}

/// Spaces before the last byte of a JSON text, up to a size.
fn padded(text: &str, size: usize) -> String {
    let (head, last) = text.split_at(text.len() - 1);
    format!("{head}{}{last}", " ".repeat(size - text.len()))
}

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

fn itxt(keyword: &str, text: &str) -> Vec<u8> {
    chunk(b"iTXt", &[keyword.as_bytes(), &[0; 5], text.as_bytes()].concat())
}

fn zipped(keyword: &str, zlib: &[u8]) -> Vec<u8> {
    chunk(b"iTXt", &[keyword.as_bytes(), &[0, 1, 0, 0, 0], zlib].concat())
}

/// One grey pixel, and these chunks.
fn picture(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    [PNG, &header, &chunk(b"IDAT", &zlib(&[0, 128])), &chunks.concat(), &chunk(b"IEND", b"")].concat()
}

fn png(family: &mut Family<'_>, texts: &Texts) {
    let Texts { label, credential, other, other_credential } = texts;
    let (ours, badge) = (itxt("parangon-label", label), itxt("openbadgecredential", credential));
    let with = |chunks: &[&Vec<u8>]| picture(&chunks.iter().map(|chunk| (*chunk).clone()).collect::<Vec<_>>());
    let packed = zipped("parangon-label", &zlib(label.as_bytes()));
    family.file("label.png", "A label file in a picture.", with(&[&ours])).valid();
    family.file("packed.png", "Packed.", with(&[&packed])).valid();
    family.file("both.png", "With its credential.", with(&[&badge, &ours])).valid();
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(credential).unwrap()).unwrap();
    let spaced = itxt("openbadgecredential", &pretty);
    family.file("both-spaced.png", "With its credential in another spacing.", with(&[&ours, &spaced])).valid();
    not_in_log(family.file("credential.png", "The credential alone.", with(&[&badge])));
    not_in_log(family.file("credential-twice.png", "The same twice.", with(&[&badge, &badge])));
    family.file("twice.png", "The same label twice, once packed.", with(&[&ours, &packed])).valid();
    several(family.file("two-labels.png", "Two labels.", with(&[&ours, &itxt("parangon-label", other)])));
    let foreign = itxt("openbadgecredential", other_credential);
    several(family.file("foreign-credential.png", "A label and another one's credential.", with(&[&ours, &foreign])));
    several(family.file("two-credentials.png", "Two credentials.", with(&[&badge, &foreign])));
    several(family.file(
        "no-credential.png",
        "A label, and something that is no credential.",
        with(&[&ours, &itxt("openbadgecredential", "{")]),
    ));
    let named = chunk(b"iTXt", &[b"parangon-label\0\0\0de\0Etikett\0", label.as_bytes()].concat());
    family.file("language.png", "With a language and a translated keyword.", with(&[&named])).valid();
    family.file("keyword.png", "Under another keyword.", with(&[&itxt("comment", "nothing of it")])).no_label();
    family.file("keyword-case.png", "Keywords are told apart by case.", with(&[&itxt("Parangon-Label", label)])).damaged();
    family
        .file("text-chunk.png", "In a chunk of another kind.", with(&[&chunk(b"tEXt", &[b"parangon-label\0", label.as_bytes()].concat())]))
        .damaged();
    family.file("no-text.png", "A picture and nothing else.", picture(&[])).no_label();
    family.file("signature.png", "The first bytes of a picture.", PNG).no_label();
    let good = with(&[&ours]);
    let mut bad = good.clone();
    let end = bad.len() - 13;
    bad[end] ^= 1;
    family.file("checksum.png", "A wrong checksum.", bad).damaged();
    let mut bad = good.clone();
    bad[30] ^= 1;
    family.file("checksum-header.png", "A wrong checksum before the label.", bad).damaged();
    let mut bad = with(&[&packed]);
    bad[30] ^= 1;
    family.file("checksum-packed.png", "The same where nothing can be seen of the label.", bad).no_label();
    family.file("no-end.png", "It ends without an end.", good[..good.len() - 12].to_vec()).damaged();
    family.file("cut.png", "Cut through.", good[..good.len() / 2].to_vec()).damaged();
    family.file("cut-packed.png", "Cut through, packed.", with(&[&packed])[..300].to_vec()).no_label();
    let long = [PNG, &[0xff; 4], b"iTXtparangon-label\0\0\0\0\0", label.as_bytes()].concat();
    family.file("length.png", "A chunk of four gigabytes, as it says.", long).damaged();
    family
        .file("behind-end.png", "What stands behind the end is not looked at.", [good.as_slice(), &itxt("parangon-label", other)].concat())
        .valid();
    family.file("only-behind-end.png", "The label stands behind the end.", [picture(&[]), ours.clone()].concat()).damaged();
    for (name, head, about) in
        [("method.png", &[0, 1, 1, 0, 0][..], "Another method of packing."), ("flag.png", &[0, 2, 0, 0, 0], "A flag that is none.")]
    {
        let text = chunk(b"iTXt", &[b"parangon-label", head, &zlib(label.as_bytes())].concat());
        family.file(name, about, with(&[&text])).no_label();
    }
    let more = [zlib(label.as_bytes()), b"more".to_vec()].concat();
    family.file("packed-and-more.png", "Bytes behind the packed text.", with(&[&zipped("parangon-label", &more)])).no_label();
    let mut broken = zlib(label.as_bytes());
    let end = broken.len() - 1;
    broken[end] ^= 1;
    family.file("packed-checksum.png", "A wrong checksum of the packed text.", with(&[&zipped("parangon-label", &broken)])).no_label();
    let largest = zlib(padded(label, limits::DOCUMENT_BYTES).as_bytes());
    family.file("packed-largest.png", "Packed, 4 MiB.", with(&[&zipped("parangon-label", &largest)])).valid();
    let larger = zlib(padded(label, limits::DOCUMENT_BYTES + 1).as_bytes());
    family.file("packed-larger.png", "Packed, a byte more.", with(&[&zipped("parangon-label", &larger)])).no_label();
    let bomb = zlib(&vec![b' '; 64 << 20]);
    family.file("bomb.png", "Packed, 64 MiB.", with(&[&zipped("parangon-label", &bomb)])).no_label();
}

fn element(name: &str, content: &str) -> String {
    format!("<{name} xmlns:{}=\"urn:x\">{content}</{name}>", name.split(':').next().unwrap())
}

fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]\\u003e"))
}

fn drawing(parts: &[String]) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">{}<rect width=\"9\" height=\"9\"/></svg>", parts.concat())
}

fn svg(family: &mut Family<'_>, texts: &Texts) {
    let Texts { label, credential, other, other_credential } = texts;
    let (ours, badge) = (element("parangon:label", &cdata(label)), element("openbadges:credential", &cdata(credential)));
    family.file("label.svg", "A label file in a drawing.", drawing(std::slice::from_ref(&ours))).valid();
    family.file("both.svg", "With its credential.", drawing(&[ours.clone(), badge.clone()])).valid();
    not_in_log(family.file("credential.svg", "The credential alone.", drawing(std::slice::from_ref(&badge))));
    let named = label.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;");
    family.file("references.svg", "Escaped by names.", drawing(&[element("parangon:label", &named)])).valid();
    let numbered = label.replace('"', "&#34;").replace('{', "&#x7B;").replace('é', "&#xe9;");
    family.file("numbers.svg", "Escaped by numbers.", drawing(&[element("parangon:label", &format!("\n  {numbered}\n"))])).valid();
    family.file("bare.svg", "With nothing escaped, where nothing has to be.", drawing(&[element("parangon:label", label)])).valid();
    let script = "<script>alert(document.domain)</script><image href=\"https://tracker.example/x.png\" onerror=\"alert(1)\"/>".to_owned();
    family.file("script.svg", "With a script, which is not looked at.", drawing(&[script, ours.clone()])).valid();
    let laughs = "<!DOCTYPE svg [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    family
        .file(
            "entities.svg",
            "With entities that grow, which nobody resolves.",
            format!("{laughs}{}", drawing(std::slice::from_ref(&ours))),
        )
        .valid();
    let declared = format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- made by hand -->\n{}\n", drawing(std::slice::from_ref(&ours)));
    family.file("declaration.svg", "Behind a byte order mark and a declaration.", declared).valid();
    several(family.file("two-labels.svg", "Two labels.", drawing(&[ours.clone(), element("parangon:label", &cdata(other))])));
    let foreign = element("openbadges:credential", &cdata(other_credential));
    several(family.file("foreign-credential.svg", "A label and another one's credential.", drawing(&[ours.clone(), foreign])));
    family.file("twice.svg", "The same twice.", drawing(&[ours.clone(), ours.clone()])).valid();
    let open = drawing(&[ours.replace("</parangon:label>", "")]);
    family.file("no-end.svg", "An element without an end.", open).damaged();
    let capital = drawing(&[ours.replace("parangon:label", "Parangon:Label")]);
    family.file("case.svg", "Names are told apart by case.", capital).damaged();
    let longer = drawing(&[ours.replace("parangon:label", "parangon:labels")]);
    family.file("longer-name.svg", "An element with a longer name.", longer).damaged();
    family.file("nothing.svg", "A drawing and nothing else.", drawing(&[])).no_label();
    let altered = drawing(&[ours.replace("Food industry", "Good industry")]);
    family.file("altered.svg", "An altered label in it.", altered).proof(Facet::Fails).inclusion(Facet::Fails).altered("label");
    family.file("page.html", "Within a page, which begins like a drawing.", format!("<!doctype html><p>{ours}</p>")).valid();
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    [format!("7 0 obj\n<<{dictionary}>>\nstream\n").as_bytes(), data, b"\nendstream\nendobj\n"].concat()
}

fn document(parts: &[Vec<u8>]) -> Vec<u8> {
    [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", &parts.concat()[..], b"trailer\n<</Root 1 0 R>>\n%%EOF\n"].concat()
}

fn pdf(family: &mut Family<'_>, texts: &Texts) {
    let Texts { label, credential, other, .. } = texts;
    let packed = zlib(label.as_bytes());
    let ours = stream("/Type/EmbeddedFile", label.as_bytes());
    family.file("label.pdf", "A label file attached to a document.", document(std::slice::from_ref(&ours))).valid();
    for (name, filter) in [
        ("packed.pdf", "/Filter/FlateDecode"),
        ("packed-list.pdf", "/Filter [ /FlateDecode ]"),
        ("packed-space.pdf", "/Filter /FlateDecode"),
    ] {
        family.file(name, "Packed.", document(&[stream(&format!("/Type/EmbeddedFile{filter}/Length 1"), &packed)])).valid();
    }
    for (name, filter) in [("filter-lzw.pdf", "/Filter/LZWDecode"), ("filter-two.pdf", "/Filter[/ASCII85Decode/FlateDecode]")] {
        family.file(name, "Another filter: skipped.", document(&[stream(&format!("/Type/EmbeddedFile{filter}"), &packed)])).no_label();
    }
    let crypt = stream("/Type/EmbeddedFile/Filter/Crypt", label.as_bytes());
    family.file("filter-crypt.pdf", "Another filter over what can be seen.", document(&[crypt])).damaged();
    let lines = [b"7 0 obj\r\n<</Type/EmbeddedFile>>\r\nstream\r\n", label.as_bytes(), b"\r\nendstream\r\n"].concat();
    family.file("crlf.pdf", "With the line ends of another system.", document(&[lines])).valid();
    let action = b"2 0 obj\n<</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>\nendobj\n".to_vec();
    family.file("script.pdf", "With a script, which is not looked at.", document(&[action, ours.clone()])).valid();
    let behind = [b" ".repeat(1000), document(std::slice::from_ref(&ours))].concat();
    family.file("header-1000.pdf", "It begins behind a thousand bytes.", behind).valid();
    let behind = [b"x".repeat(1024), document(std::slice::from_ref(&ours))].concat();
    family.file("header-1024.pdf", "It begins too late.", behind).damaged();
    several(family.file("two-labels.pdf", "Two labels.", document(&[ours.clone(), stream("/Type/EmbeddedFile", other.as_bytes())])));
    family
        .file(
            "twice.pdf",
            "The same twice, once packed.",
            document(&[ours.clone(), stream("/Type/EmbeddedFile/Filter/FlateDecode", &packed)]),
        )
        .valid();
    let badge = stream("/Type/EmbeddedFile", credential.as_bytes());
    not_in_log(family.file("credential.pdf", "The credential alone.", document(std::slice::from_ref(&badge))));
    family.file("both.pdf", "With its credential.", document(&[badge, ours.clone()])).valid();
    let invoice = stream("/Type/EmbeddedFile", b"{\"invoice\":4711}");
    let xml = stream("/Type/EmbeddedFile", b"<?xml version=\"1.0\"?><invoice/>");
    family.file("others.pdf", "Beside other attachments.", document(&[invoice.clone(), xml.clone(), ours.clone()])).valid();
    family.file("no-label.pdf", "Other attachments and no label.", document(&[invoice, xml])).no_label();
    family.file("no-end.pdf", "A stream without an end.", document(&[ours[..ours.len() - 18].to_vec()])).damaged();
    family.file("names.pdf", "A tree of attachments is none.", document(&[stream("/EmbeddedFiles 3 0 R", label.as_bytes())])).damaged();
    let far = stream(&format!("/Type/EmbeddedFile{}", " ".repeat(4096)), label.as_bytes());
    family.file("dictionary.pdf", "A dictionary of more than 4,096 bytes.", document(&[far])).damaged();
    let many: Vec<Vec<u8>> = (0..8).map(|at| stream("/Type/EmbeddedFile", format!("{{\"page\":{at}}}").as_bytes())).collect();
    family.file("attachment-9.pdf", "The ninth attachment is not looked at.", document(&[many.concat(), ours.clone()])).damaged();
    family.file("attachment-8.pdf", "The eighth is.", document(&[many[1..].concat(), ours.clone()])).valid();
    let bomb = stream("/Type/EmbeddedFile/Filter/FlateDecode", &zlib(&vec![b' '; 64 << 20]));
    family.file("bomb.pdf", "Packed, 64 MiB: skipped.", document(std::slice::from_ref(&bomb))).no_label();
    family.file("bomb-and-label.pdf", "And a label behind it.", document(&[bomb, ours])).valid();
}

fn credentials(kit: &mut Kit) {
    let (scene, id) = Scene::gold();
    let (federation, label) = (scene.federation.clone(), scene.find(id).2);
    let credential = scene.credential(&label);
    let mut family = kit.family("credential-alone", "usual");
    not_in_log(family.file("signed.json", "Signed by the issuer; no log is shown.", credential.clone()));
    not_in_log(family.file("signed-expired.json", "No date changes that.", credential.clone()).at("2040-01-01T00:00:00Z"));
    let words = json!({ "words": federation.fingerprint().words() });
    family.file("unpinned.json", "Nothing is pinned.", credential.clone()).unpinned().alone().unsure("unpinned", words);
    let case = family.file("other-federation.json", "Another federation's.", credential.clone()).by("demonstration").alone();
    case.stops(Outcome::UnknownSigner, "other-federation", json!({}));
    let own = SecretKey::from_seed(&[7; 32]);
    let (charter, issuer_key) = (federation.charter_of(&label.common), own.public());
    let subject = |label: &Label| -> String {
        let subject = LabelSubject { federation: federation.fingerprint(), charter, label, issuer_key: &issuer_key };
        let signed = Label { proof: subject.sign(&own).unwrap(), ..label.clone() };
        LabelSubject { federation: federation.fingerprint(), charter, label: &signed, issuer_key: &issuer_key }.to_json().unwrap()
    };
    let case = family.file("unknown-key.json", "Signed by a key that the issuer never stated.", subject(&label)).alone();
    case.stops(Outcome::UnknownSigner, "unknown-key", json!({ "agency": "stuttgart" }));
    let value: Value = serde_json::from_str(&credential).unwrap();
    for (name, place, new, part) in [
        ("name", "/name", json!("Other"), "credential"),
        ("level", "/credentialSubject/achievement/name", json!("ECEI SILVER"), "credential"),
        ("valid-until", "/validUntil", json!("2038-10-31T23:59:59Z"), "signature"),
        ("valid-from", "/validFrom", json!("2026-11-23T05:00:00Z"), "credential"),
        ("proof-created", "/proof/created", json!("2026-11-23T05:00:00Z"), "credential"),
        ("status-index", "/credentialStatus/statusListIndex", json!("4712"), "credential"),
        ("cluster", "/credentialSubject/name", json!("Other"), "credential"),
        ("purpose", "/proof/proofPurpose", json!("authentication"), "credential"),
    ] {
        let mut bad = value.clone();
        *bad.pointer_mut(place).unwrap() = new;
        family.file(format!("altered-{name}.json"), "One field is another.", bad.to_string()).alone().proof(Facet::Fails).altered(part);
    }
    let mut bad = value.clone();
    bad["@context"].as_array_mut().unwrap().push("https://example.org/more".into());
    family.file("context.json", "A context more.", bad.to_string()).alone().proof(Facet::Fails).altered("credential");
    let mut bad = value.clone();
    bad.as_object_mut().unwrap().remove("proof");
    family.file("no-proof.json", "Without a proof.", bad.to_string()).unreadable().altered("credential");
    let mut bad = value;
    bad["type"] = json!(["VerifiableCredential", "EndorsementCredential"]);
    family.file("type.json", "An endorsement is no label.", bad.to_string()).no_label();
    let endorsement = &label.endorsements[0];
    let common = &label.common;
    let key = key("issue", "lyon").public();
    let subject =
        EndorsementSubject { federation: federation.fingerprint(), charter, label_common: common, label_id: id, endorsement, key: &key };
    family.file("endorsement.json", "An endorsement as it is signed.", subject.to_json().unwrap()).no_label();
    let proof = scene.bundle(id).label.proof.join("\n");
    family.file("proof-alone.txt", "A proof without its record.", proof).unreadable().unsure("proof-alone", json!({}));
}

/// A code's bytes, and back.
fn bytes(digits: &str) -> Vec<u8> {
    let group = |group: &[u8]| {
        let width = [0, 3, 5, 8, 10, 13, 15, 17].iter().position(|width| *width == group.len()).unwrap();
        std::str::from_utf8(group).unwrap().parse::<u64>().unwrap().to_be_bytes()[8 - width..].to_vec()
    };
    digits.as_bytes().chunks(17).flat_map(group).collect()
}

fn digits(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let number = group.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{number:0width$}", width = [0, 3, 5, 8, 10, 13, 15, 17][group.len()])
    };
    bytes.chunks(7).map(group).collect()
}

fn codes(kit: &mut Kit) {
    let (scene, id) = Scene::gold();
    let label = scene.find(id).2;
    let code = Code::of(&scene.federation.chain, &label, usize::MAX).unwrap().to_digits();
    let good = bytes(&code);
    assert_eq!(digits(&good), code);
    kit.trust("no-keys", &Federation::found(|_| ()));
    let mut family = kit.family("code", "usual");
    let signed = |case: Case<'_>, signed| case.unreadable().unsure("code-alone", json!({ "signed": signed, "endorsers": 2 }));
    signed(family.file("digits.txt", "A code with all signatures.", code.clone()), 2);
    let address = format!("https://stuttgart.example/verify#{code}");
    signed(family.file("address.txt", "Behind an address.", address), 2);
    signed(family.file("spaces.txt", "White space around it.", format!("\u{feff} \t{code}\r\n")), 2);
    let one = Code::of(&scene.federation.chain, &label, code.len() - 1).unwrap().to_digits();
    let none = Code::of(&scene.federation.chain, &label, one.len() - 1).unwrap().to_digits();
    signed(family.file("one-endorser.txt", "With one endorser's signature.", one), 1);
    signed(family.file("no-endorser.txt", "With the issuer's signature only.", none), 0);
    let late = json!({ "until": "2028-10", "renewable": false });
    family.file("expired.txt", "Expired is certain.", code.clone()).at("2030-01-01T00:00:00Z").unreadable().stops(
        Outcome::Expired,
        "late",
        late,
    );
    let early = family.file("early.txt", "So is not yet valid.", code.clone()).at("2020-01-01T00:00:00Z");
    early.unreadable().stops(Outcome::NotYetValid, "early", json!({}));
    let words = json!({ "words": scene.federation.fingerprint().words() });
    family.file("unpinned.txt", "Nothing is pinned.", code.clone()).unpinned().unreadable().unsure("unpinned", words);
    let case = family.file("other-federation.txt", "Of another federation.", code.clone()).by("demonstration").unreadable();
    case.stops(Outcome::UnknownSigner, "other-federation", json!({}));
    let case = family.file("no-keys.txt", "The trust file has no key sets.", code.clone()).by("no-keys").unreadable();
    case.unsure("missing-keys", json!({ "agency": "stuttgart" }));
    let mut altered = |name: &str, about: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bad = good.clone();
        change(&mut bad);
        family.file(format!("{name}.txt"), about, digits(&bad)).unreadable().altered("signature");
    };
    // 1, 11, 1, 1, 1, 1, 1, then the cluster's id.
    altered("level", "SILVER in place of GOLD.", &|code| code[14] = 1);
    altered("owner", "Another owner.", &|code| code[16] = 3);
    altered("cluster", "Another cluster.", &|code| code[20] ^= 1);
    altered("valid-until", "A month more.", &|code| code[32] += 1);
    altered("issued", "A second later.", &|code| code[36] ^= 1);
    altered("status-index", "Another status index.", &|code| code[39] ^= 1);
    altered("label-id", "Another label.", &|code| code[40] ^= 1);
    altered("basis", "Another basis.", &|code| code[72] ^= 1);
    altered("endorser", "Another endorser.", &|code| code[105] = 1);
    altered("cluster-name", "Another name.", &|code| code[172] = b'c');
    altered("signature-last", "The last bit of the last signature.", &|code| *code.last_mut().unwrap() ^= 1);
    let mut damaged = |name: &str, about: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bad = good.clone();
        change(&mut bad);
        family.file(format!("{name}.txt"), about, digits(&bad)).damaged();
    };
    damaged("no-such-level", "A fourth level.", &|code| code[14] = 3);
    damaged("no-such-owner", "The sixth of five members.", &|code| code[16] = 5);
    damaged("varint", "A number in more bytes than it takes.", &|code| drop(code.splice(16..17, [0x84, 0])));
    damaged("signatures", "More signatures than endorsements.", &|code| code[104] = 0x23);
    damaged("endorsements", "Nine endorsements.", &|code| code[104] = 0x92);
    damaged("name", "A name with a line feed.", &|code| code[172] = b'\n');
    damaged("short", "Some bytes are missing.", &|code| code.truncate(300));
    damaged("and-more", "A byte too many.", &|code| code.push(0));
    family.file("version.txt", "Another version of codes.", digits(&[&[2], &good[1..]].concat())).no_label();
    family.file("group.txt", "A group that is too large for its bytes.", format!("{}{}", "9".repeat(17), &code[17..])).no_label();
    family.file("group-width.txt", "A last group of a width that none has.", format!("{code}1")).no_label();
    family.file("letters.txt", "Something else than digits.", code.replace('7', "seven")).no_label();
    family.file("other-fragment.txt", "An address with another fragment.", format!("https://stuttgart.example/#{code}#top")).no_label();
    family.file("no-digits.txt", "An address without digits.", "https://stuttgart.example/verify#").no_label();
    family.file("many-digits.txt", "More digits than a code has.", "1".repeat(5_001)).no_label();

    let mut scene = Scene::founded(Federation::default());
    scene.federation = scene.federation.amended(|charter| charter.status_max_age_days = 50, &ALL_OTHERS, 0).unwrap();
    let charter = scene.federation.charter();
    let adoption = scene.append("stuttgart", &Record::Charter(Adoption { version: 2, hash: charter.hash().unwrap() }));
    let mut award = gold("stuttgart", "first", &["lyon", "oslo"]);
    (award.common.charter, award.adoption) = (2, adoption);
    let label = sign_again(&scene.federation, award.sign(&scene.federation));
    let code = Code::of(&scene.federation.chain, &label, usize::MAX).unwrap().to_digits();
    let case = family.file("charter-unknown.txt", "It names a version that the reader does not know.", code).unreadable();
    case.unsure("charter-unknown", json!({ "version": 2 }));
}
