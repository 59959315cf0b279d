//! Vectors that nobody in the project wrote, for notes, checkpoints and Merkle proofs. They are read from the folder
//! that `PARANGON_VECTORS` names; without it the tests say loudly that they were skipped.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parangon_protocol::id::Hash;
use parangon_protocol::log::merkle::{inclusion_proof, slice_proof, verify_consistency, verify_inclusion};
use parangon_protocol::log::{Checkpoint, Frontier, HashReader, Note, NoteError, VerifierKey, leaf_hash};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The folder of one set; `None` when no vectors are there to be read.
fn set(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("PARANGON_VECTORS") else {
        // Written to the stream itself: the test harness would swallow an `eprintln!` of a test that passes.
        let line = format!("\n*** SKIPPED: PARANGON_VECTORS is not set, the vectors of {name} were NOT checked ***\n");
        std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
        return None;
    };
    let folder = Path::new(&root).join(name);
    assert!(folder.is_dir(), "PARANGON_VECTORS has no folder {name}");
    Some(folder)
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every JSON file two levels below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>();
    let mut found: Vec<_> = list(folder).iter().flat_map(|group| list(group)).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    found.sort();
    found
}

#[derive(Deserialize)]
struct NoteCase {
    id: String,
    vkeys: Vec<String>,
    note: String,
    expect: String,
}

fn open(case: &NoteCase) -> Result<(), NoteError> {
    let keys: Vec<VerifierKey> = case.vkeys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let note = Note::parse(&case.note)?;
    let signers = note.verify(&keys)?;
    assert_eq!(signers.len(), keys.len(), "{}: every key given signed", case.id);
    assert_eq!(note.to_string(), case.note, "{}", case.id);
    Ok(())
}

#[test]
fn notes_open_or_are_rejected() {
    let Some(folder) = set("c2sp-notes") else { return };
    let cases: Vec<NoteCase> = read(&folder.join("notes.json"));
    assert!(cases.len() >= 9, "{} cases", cases.len());
    for case in &cases {
        for key in &case.vkeys {
            assert!(key.parse::<VerifierKey>().is_ok_and(|read| read.to_string() == *key), "{}: {key}", case.id);
        }
        let expected = match case.expect.as_str() {
            "ok" => true,
            "reject" => false,
            other => panic!("{}: {other}", case.id),
        };
        let verdict = open(case);
        assert_eq!(verdict.is_ok(), expected, "{}: {verdict:?}", case.id);
    }
}

#[derive(Deserialize)]
struct CheckpointCases {
    good: Vec<String>,
    bad: Vec<String>,
}

#[test]
fn checkpoints_follow_the_grammar() {
    let Some(folder) = set("c2sp-notes") else { return };
    let cases: CheckpointCases = read(&folder.join("checkpoints.json"));
    assert!(!cases.good.is_empty() && !cases.bad.is_empty());
    for body in &cases.good {
        let (checkpoint, extensions) = Checkpoint::parse_foreign(body).unwrap_or_else(|error| panic!("{body:?}: {error}"));
        let lines: String = extensions.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(checkpoint.body() + &lines, *body);
        assert_eq!(Checkpoint::parse(body).is_ok(), extensions.is_empty(), "{body:?}");
    }
    for body in &cases.bad {
        assert!(Checkpoint::parse_foreign(body).is_err(), "{body:?}");
        assert!(Checkpoint::parse(body).is_err(), "{body:?}");
    }
}

/// A hash of the vectors; some have deliberately another length.
fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok().map(Hash)
}

fn hashes(list: Option<&Vec<String>>) -> Option<Vec<Hash>> {
    list.into_iter().flatten().map(|text| hash(text)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InclusionCase {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn inclusion_verdicts() {
    let Some(folder) = set("merkle-rfc6962") else { return };
    let files = files(&folder.join("inclusion"));
    assert!(files.len() >= 40, "{} files", files.len());
    let mut accepted = 0;
    for path in files {
        let case: InclusionCase = read(&path);
        let ok = || {
            let (leaf, root, proof) = (hash(&case.leaf_hash)?, hash(&case.root)?, hashes(case.proof.as_ref())?);
            verify_inclusion(&leaf, case.leaf_idx, case.tree_size, &proof, &root).ok()
        };
        assert_eq!(ok().is_none(), case.want_err, "{}", path.display());
        accepted += u32::from(!case.want_err);
    }
    assert!(accepted > 0, "no case is to be accepted");
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsistencyCase {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn consistency_verdicts() {
    let Some(folder) = set("merkle-rfc6962") else { return };
    let files = files(&folder.join("consistency"));
    assert!(files.len() >= 40, "{} files", files.len());
    let mut accepted = 0;
    for path in files {
        let case: ConsistencyCase = read(&path);
        let ok = || {
            let (old, new, proof) = (hash(&case.root1)?, hash(&case.root2)?, hashes(case.proof.as_ref())?);
            verify_consistency(case.size1, case.size2, &proof, &old, &new).ok()
        };
        assert_eq!(ok().is_none(), case.want_err, "{}", path.display());
        accepted += u32::from(!case.want_err);
    }
    assert!(accepted > 0, "no case is to be accepted");
}

#[derive(Deserialize)]
struct ReferenceTree {
    leaf_inputs_hex: Vec<String>,
    root_by_size_hex: Vec<String>,
}

/// Rows as a store keeps them.
struct Rows(Vec<Vec<Hash>>);

impl HashReader for Rows {
    type Error = ();
    fn hash(&self, level: u8, index: u64) -> Result<Hash, ()> {
        let leaf = ((index + 1) << level) - 1;
        self.0.get(usize::try_from(leaf).map_err(|_| ())?).and_then(|row| row.get(usize::from(level))).copied().ok_or(())
    }
}

#[test]
fn the_reference_tree_has_its_roots() {
    let Some(folder) = set("merkle-rfc6962") else { return };
    let tree: ReferenceTree = read(&folder.join("reference_tree.json"));
    assert_eq!((tree.leaf_inputs_hex.len(), tree.root_by_size_hex.len()), (8, 9));
    let leaves: Vec<Hash> = tree.leaf_inputs_hex.iter().map(|text| leaf_hash(&hex::decode(text).expect("hex"))).collect();
    let (mut frontier, mut rows) = (Frontier::new(), Rows(Vec::new()));
    for (size, root) in tree.root_by_size_hex.iter().enumerate() {
        assert_eq!(frontier.root().to_string(), *root, "size {size}");
        for index in 0..size {
            let (at, count) = (index as u64, size as u64);
            let proof = inclusion_proof(&rows, at, count).expect("all hashes are there");
            assert_eq!(Some(&proof), slice_proof(&leaves[..size], index).as_ref());
            assert_eq!(verify_inclusion(&leaves[index], at, count, &proof, &root.parse().expect("a hash")), Ok(()));
        }
        if let Some(leaf) = leaves.get(size) {
            rows.0.push(frontier.push_leaf(*leaf));
        }
    }
}
