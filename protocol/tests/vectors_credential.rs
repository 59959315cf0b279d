//! The W3C test vectors of `eddsa-rdfc-2022`, where they were found: `$PARANGON_VECTORS/w3c-vc-di-eddsa`.

use std::path::{Path, PathBuf};

use parangon_protocol::keys::{PublicKey, SecretKey, Signature};
use parangon_protocol::label::credential::proof::ProofOptions;
use parangon_protocol::label::credential::rdf::Quads;
use parangon_protocol::time::Timestamp;
use sha2::{Digest, Sha256};

fn vectors() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PARANGON_VECTORS") else {
        eprintln!("\n*** PARANGON_VECTORS is not set: the W3C vectors of eddsa-rdfc-2022 were NOT checked ***\n");
        return None;
    };
    Some(Path::new(&folder).join("w3c-vc-di-eddsa"))
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json(folder: &Path, name: &str) -> serde_json::Value {
    serde_json::from_str(&text(folder, name)).expect("JSON")
}

fn field<'a>(json: &'a serde_json::Value, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

/// The key pair as Multikey: `z` + base58btc(0x8026 || seed).
fn secret(folder: &Path) -> SecretKey {
    let pair = json(folder, "keyPair.json");
    let bytes = bs58::decode(&field(&pair, "privateKeyMultibase")[1..]).into_vec().expect("base58");
    let seed: [u8; 32] = bytes.strip_prefix(&[0x80, 0x26]).and_then(|seed| seed.try_into().ok()).expect("an Ed25519 seed");
    let secret = SecretKey::from_seed(&seed);
    assert_eq!(secret.public().multikey(), field(&pair, "publicKeyMultibase"));
    secret
}

/// Puts canonical statements in again, in the wrong order.
fn read(canonical: &str) -> Quads {
    let mut quads = Quads::default();
    for line in canonical.lines().rev() {
        let mut parts = line.strip_suffix(" .").expect("a statement").splitn(3, ' ');
        let mut next = || parts.next().expect("three parts");
        let (subject, predicate, object) = (iri(next()), iri(next()), next());
        match object.strip_prefix('"') {
            None => quads.link(subject, predicate, iri(object)),
            Some(literal) => {
                let (value, datatype) = literal.rsplit_once('"').expect("a literal");
                quads.text(subject, predicate, value, datatype.strip_prefix("^^").map(iri));
            }
        }
    }
    quads
}

fn iri(text: &str) -> &str {
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).expect("an IRI")
}

/// The proof of one folder: its options, the two hashes and their order, the signature and its text.
fn check_proof(folder: &Path, secret: &SecretKey, combined: [u8; 64]) {
    let proof = json(folder, "proofConfigDataInt.json");
    let created: Timestamp = field(&proof, "created").parse().expect("a time");
    let options = ProofOptions::new(created, &secret.public());
    assert_eq!(options.method(), field(&proof, "verificationMethod"));
    assert_eq!(options.canonical(), text(folder, "proofCanonDataInt.txt"));
    assert_eq!(hex::encode(Sha256::digest(options.canonical())), text(folder, "proofHashDataInt.txt"));
    assert_eq!(hex::encode(combined), text(folder, "combinedHashDataInt.txt"));

    let signature = Signature::from_multibase(&text(folder, "sigBTC58DataInt.txt")).expect("a signature");
    assert_eq!(signature.to_string(), text(folder, "sigHexDataInt.txt"));
    assert_eq!(signature.to_multibase(), field(&json(folder, "signedDataInt.json")["proof"], "proofValue"));
    assert_eq!(secret.sign_raw(&combined), signature);
    assert_eq!(secret.public().verify_raw(&combined, &signature), Ok(()));
    let mut swapped = combined;
    swapped.rotate_left(32);
    assert!(secret.public().verify_raw(&swapped, &signature).is_err());
}

#[test]
fn the_alumni_credential_gives_the_published_hashes_and_signature() {
    let Some(root) = vectors() else { return };
    let folder = root.join("eddsa-rdfc-2022");
    let canonical = text(&folder, "canonDocDataInt.txt");
    let document = read(&canonical);
    assert_eq!(document.canonical(), canonical);
    assert_eq!(hex::encode(document.hash()), text(&folder, "docHashDataInt.txt"));
    let secret = secret(&root);
    let created = field(&json(&folder, "proofConfigDataInt.json"), "created").parse().expect("a time");
    check_proof(&folder, &secret, ProofOptions::new(created, &secret.public()).hash_to_sign(&document));
}

/// This document has blank nodes, which our renderer never makes: its canonical text is taken as given.
#[test]
fn the_employment_credential_gives_the_published_proof() {
    let Some(root) = vectors() else { return };
    let folder = root.join("eddsa-rdfc-2022").join("employ");
    let document = Sha256::digest(text(&folder, "canonDocDataInt.txt"));
    assert_eq!(hex::encode(document), text(&folder, "docHashDataInt.txt"));
    let options = Sha256::digest(text(&folder, "proofCanonDataInt.txt"));
    let combined: [u8; 64] = [options, document].concat().try_into().expect("64 bytes");
    check_proof(&folder, &secret(&root), combined);
}

#[test]
fn a_published_key_reads_back() {
    let Some(root) = vectors() else { return };
    let public = secret(&root).public();
    assert_eq!(PublicKey::from_did(&public.did()), Ok(public));
}
