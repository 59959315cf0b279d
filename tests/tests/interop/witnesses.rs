//! Cosignatures against `sigsum`: its verifier reads ours, and ours reads those that the witnesses of a public test log
//! made.

use parangon_protocol::id::Hash;
use parangon_protocol::keys::{PublicKey, Signature};
use parangon_protocol::log::checkpoint::{self, SignedCheckpoint};
use parangon_protocol::log::cosignature::{self, CosignatureError, cosign};
use parangon_protocol::log::note::{Algorithm, NoteSignature, key_id};
use parangon_protocol::log::{Checkpoint, Note, WitnessKey, leaf_hash, merkle};
use parangon_protocol::time::Timestamp;
use sigsum::policy::SIGSUM_TEST_2025_3;
use sigsum::{Policy, SigsumSignature};

use crate::{Ours, SIZES, secret};

const TIME: u64 = 1_800_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("a date")
}

/// A thing logged in a log that our code runs, as the file that sigsum verifies.
struct Logged {
    size: usize,
    cosigners: Vec<u8>,
    /// Adds a line of a key that the policy does not know.
    stranger: bool,
    /// Alters the first cosignature's time.
    late: bool,
}

const SIGNER: u8 = 20;
const LOG: u8 = 1;

impl Logged {
    fn text(&self, message: &[u8; 32]) -> String {
        let checksum = Hash::of(&[message]);
        let signature = secret(SIGNER).sign_raw(&[b"sigsum.org/v1/tree-leaf\0".as_slice(), &checksum.0].concat());
        let leaf = [checksum.0.as_slice(), &signature.0, &secret(SIGNER).public().hash().0].concat();
        let mut records: Vec<Vec<u8>> = (0..self.size).map(|n| n.to_be_bytes().repeat(16)).collect();
        let index = self.size / 2;
        records[index] = leaf;
        let tree = Ours::of(&records);
        let log = secret(LOG).public().hash();
        let checkpoint = tree.checkpoint(&format!("sigsum.org/v1/tree/{log}"));
        let head = SignedCheckpoint::sign(&checkpoint, &secret(LOG)).expect("a checkpoint");
        let own = Note::parse(&head.to_string()).expect("a note").signatures.remove(0);

        let mut cosignatures = String::new();
        for (nth, seed) in self.cosigners.iter().chain(self.stranger.then_some(&99)).enumerate() {
            let line = cosign(&checkpoint, &secret(*seed), "any-name", at(TIME + u64::from(*seed)));
            let (time, signature) = line.bytes.split_first_chunk::<8>().expect("8 bytes of time");
            let time = u64::from_be_bytes(*time) + u64::from(self.late && nth == 0);
            cosignatures += &format!("cosignature={} {time} {}\n", secret(*seed).public().hash(), hex::encode(signature));
        }
        let hashes: String = tree.inclusion(index).iter().map(|hash| format!("node_hash={hash}\n")).collect();
        format!(
            "version=2\nlog={log}\nleaf={} {signature}\n\nsize={}\nroot_hash={}\nsignature={}\n{cosignatures}\nleaf_index={index}\n{hashes}",
            secret(SIGNER).public().hash(),
            self.size,
            tree.root(),
            hex::encode(own.bytes),
        )
    }

    /// What sigsum says to it, with a quorum of three of four witnesses.
    fn verdict(&self) -> Result<(), String> {
        let witnesses: String = (2..=5).map(|seed| format!("witness w{seed} {}\n", secret(seed).public())).collect();
        let policy = format!("log {}\n{witnesses}group all 3 w2 w3 w4 w5\nquorum all\n", secret(LOG).public());
        let policy = Policy::parse(&policy).expect("a policy");
        let message = [7; 32];
        let signed = SigsumSignature::from_ascii(&self.text(&message)).expect("a signature file");
        let signer = sigsum::PublicKey::from(*secret(SIGNER).public().as_bytes());
        sigsum::verify(&message.into(), &signed, &[signer], &policy).map_err(|error| error.to_string())
    }
}

#[test]
fn sigsum_counts_our_cosignatures() {
    for size in SIZES.into_iter().filter(|size| *size > 0) {
        let logged = |cosigners: &[u8]| Logged { size, cosigners: cosigners.to_vec(), stranger: false, late: false };
        assert_eq!(logged(&[2, 3, 5]).verdict(), Ok(()), "size {size}");
        assert_eq!(Logged { stranger: true, ..logged(&[2, 3, 4, 5]) }.verdict(), Ok(()), "an unknown witness, size {size}");
        let few = logged(&[2, 3]).verdict().expect_err("two of three");
        assert!(few.contains("not enough valid cosignatures"), "{few}");
        let late = Logged { late: true, ..logged(&[2, 3, 5]) }.verdict().expect_err("another time");
        assert!(late.contains("bad witness cosignature"), "{late}");
    }
}

#[test]
fn a_cosignature_has_the_bytes_of_the_specification() {
    let checkpoint = Ours::of(&crate::records(7)).checkpoint(&crate::origin());
    let (name, key) = ("parangon/witness", secret(2).public());
    let line = cosign(&checkpoint, &secret(2), name, at(TIME));
    let id = signed_note::key_id(name, &[&[0x04], key.as_bytes().as_slice()].concat());
    assert_eq!(u32::from_be_bytes(line.id), id, "type 0x04 is part of the key id");
    assert_eq!((line.bytes.len(), &line.bytes[..8]), (72, TIME.to_be_bytes().as_slice()));
    let signature = sigsum::Signature::from(<[u8; 64]>::try_from(&line.bytes[8..]).expect("64 bytes"));
    let message = format!("cosignature/v1\ntime {TIME}\n{}", checkpoint.body());
    assert!(sigsum::PublicKey::from(*key.as_bytes()).verify_signature(message, &signature));
    let plain = NoteSignature { id: key_id(name, Algorithm::Ed25519, &key), ..line };
    assert_eq!(cosignature::verify(&checkpoint, name, &key, &plain), Err(CosignatureError::OtherKey), "the id of type 0x01");
}

/// A head of a public test log with the cosignatures of eight witnesses that have nothing to do with us: the example
/// printed in the documentation of the crate `sigsum` 0.3.0 (MIT). The keys are those of its built-in policy.
const PUBLIC: &str = include_str!("sigsum-example.txt");

/// Who signed what was logged.
const PUBLIC_SIGNER: &str = "99ed58583e8750b20548e69df4a4e1a592379a9a66c51cd32e42fbe4e1bde78a";

/// The values of every line of that name.
fn fields(name: &str) -> Vec<&'static str> {
    PUBLIC.lines().filter_map(|line| line.split_once('=')).filter(|(field, _)| *field == name).map(|(_, value)| value).collect()
}

#[test]
fn we_count_the_cosignatures_of_a_public_log() {
    let one = |name: &str| fields(name).into_iter().next().unwrap_or_else(|| panic!("a field {name}"));
    let hash = |text: &str| text.parse::<Hash>().expect("a hash");
    let signature = |text: &str| -> Signature { serde_json::from_value(text.into()).expect("a signature") };
    // The example is good as a whole, says the crate itself.
    let parsed = SigsumSignature::from_ascii(PUBLIC).expect("a signature file");
    let message = sigsum::Hash::new(b"Hello, Sigsum!\n");
    let signer: PublicKey = PUBLIC_SIGNER.parse().expect("a key");
    assert!(sigsum::verify(&message, &parsed, &[sigsum::PublicKey::from(*signer.as_bytes())], &SIGSUM_TEST_2025_3).is_ok());

    let log = SIGSUM_TEST_2025_3
        .logs()
        .map(|log| PublicKey::from_bytes(&log.pubkey.into()).expect("a key"))
        .find(|key| key.hash() == hash(one("log")))
        .expect("the policy knows the log");
    let origin = format!("sigsum.org/v1/tree/{}", log.hash());
    let size = one("size").parse().expect("a size");
    let head = Checkpoint { origin: origin.clone(), size, root: hash(one("root_hash")) };
    let id = key_id(&origin, Algorithm::Ed25519, &log);
    let own = NoteSignature { name: origin.clone(), id, bytes: signature(one("signature")).0.to_vec() };
    let note = Note { text: head.body(), signatures: vec![own] }.to_string();
    let mut signed = checkpoint::open(&note, &log, &origin).expect("signed by the log");

    let mut witnesses = Vec::new();
    for line in fields("cosignature") {
        let parts: Vec<&str> = line.split(' ').collect();
        let [keyhash, time, made] = parts[..] else { panic!("{line}") };
        let known = SIGSUM_TEST_2025_3.get_witness_by_keyhash(&hash(keyhash).0.into());
        let Some(known) = known else { continue };
        let witness = WitnessKey {
            agency: format!("witness-{}", witnesses.len()).parse().expect("a slug"),
            key: PublicKey::from_bytes(&known.pubkey.into()).expect("a key"),
            name: known.name,
        };
        let time: u64 = time.parse().expect("a time");
        let bytes = [time.to_be_bytes().as_slice(), &signature(made).0].concat();
        signed
            .add([NoteSignature { id: key_id(&witness.name, Algorithm::Cosignature, &witness.key), name: witness.name.clone(), bytes }])
            .expect("a line");
        witnesses.push((witness, at(time)));
    }
    assert!(witnesses.len() >= 3, "{} witnesses are known to the policy", witnesses.len());
    let keys: Vec<WitnessKey> = witnesses.iter().map(|(witness, _)| witness.clone()).collect();
    let expected: Vec<_> = witnesses.into_iter().map(|(witness, time)| (witness.agency, time)).collect();
    assert_eq!(signed.cosignatures(&keys), Ok(expected));

    let checksum = Hash::of(&[message.as_ref()]);
    let leaf = one("leaf");
    let (keyhash, made) = leaf.split_once(' ').expect("two parts");
    let record = [checksum.0.as_slice(), &signature(made).0, &hash(keyhash).0].concat();
    let proof: Vec<Hash> = fields("node_hash").into_iter().map(hash).collect();
    let index = one("leaf_index").parse().expect("an index");
    assert_eq!(merkle::verify_inclusion(&leaf_hash(&record), index, size, &proof, &head.root), Ok(()));
    let next = merkle::verify_inclusion(&leaf_hash(&record), index + 1, size, &proof, &head.root);
    assert!(next.is_err(), "{next:?}");
}
