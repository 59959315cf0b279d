//! A node is backed up while it works, its machine is lost, and it comes back from the paper and one file (cases O6, O8, L10).

mod common;

use std::path::PathBuf;
use std::process::Child;

use common::nodes::Nodes;
use common::{Desk, mode};

/// Every file below a directory with its bytes, except what a running node keeps open.
fn tree(desk: &Desk, dir: &str) -> Vec<(String, Vec<u8>)> {
    desk.files(dir).into_iter().map(|name| (name.clone(), std::fs::read(desk.path(&format!("{dir}/{name}"))).unwrap_or_default())).collect()
}

/// Ends a process as a service manager does.
fn stop(mut child: Child) {
    let ended = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("started");
    assert!(ended.success());
    assert_eq!(child.wait().expect("ours").code(), Some(0));
}

/// Makes a backup into `backups/`; returns its path from the desk.
fn backup(desk: &Desk, agency: &str) -> String {
    let made = desk.run(&format!("backup create -o backups --data {agency} --json")).ends(0).json();
    let file = made["file"].as_str().expect("a file").to_owned();
    assert!(file.starts_with(&format!("backups/{agency}-2")) && file.ends_with("Z.pgnbak"), "{file}");
    file
}

#[test]
fn a_lost_node_comes_back_from_the_paper_and_one_file() {
    let mut nodes = Nodes::start();
    std::fs::create_dir(nodes.desk.path("backups")).expect("made");
    nodes.desk.run_words(&["cluster", "add", "Canary Cluster", "--country", "NO", "--data", "oslo"]).ends(0);
    let cluster = nodes.json("cluster list --data oslo --json")[0].clone();
    let size = nodes.json("status --data oslo --json")["node"]["members"][1]["size"].clone();
    let file = backup(&nodes.desk, "oslo");
    assert_eq!(mode(&nodes.desk.path(&file)), 0o600);
    let bytes = std::fs::read(nodes.desk.path(&file)).expect("read");
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    assert!(!bytes.windows(6).any(|window| window == b"Canary" || window == b"Agency"));

    // The words are on paper; the machine with everything on it is lost.
    let words = nodes.desk.sheet("oslo/oslo.recovery.html").join(" ");
    stop(nodes.children.remove(0));
    std::fs::remove_dir_all(nodes.desk.path("oslo")).expect("lost");
    let desk = &nodes.desk;
    let said = desk.run_with(&format!("backup check {file} --sheet - --json"), &words).ends(0).json();
    assert_eq!((&said["manifest"]["agency"], &said["manifest"]["counts"]["logs"]), (&"oslo".into(), &3.into()));
    assert!(said["report"]["heads"].as_u64() > Some(2) && said["report"]["counts"]["private"].as_u64() > Some(0), "{said}");

    let restore = format!("restore {file} --data oslo --sheet -");
    let unsure = desk.run_with(&restore, &words).ends(2);
    assert!(unsure.err().contains("must be off") && unsure.err().contains("--old-node-is-off"), "{}", unsure.err());
    assert!(!desk.path("oslo").exists(), "nothing is made before that is answered");
    let said = desk.run_with(&format!("{restore} --old-node-is-off"), &words).ends(0);
    assert!(said.out().contains("parangon serve --data oslo"), "{}", said.out());
    let files = [
        "backup.recipient",
        "federation.json",
        "identity.sheet",
        "node.key",
        "node.keys",
        "node.keys.made-again",
        "parangon.redb",
        "parangon.toml",
    ];
    assert_eq!(desk.files("oslo"), files, "no identity key, and no high-water file");
    assert_eq!((mode(&desk.path("oslo")), mode(&desk.path("oslo/node.key"))), (0o700, 0o600));
    assert_eq!(mode(&desk.path("oslo/backup.recipient")), 0o644);
    assert!(!desk.files("").iter().any(|name| name.starts_with(".parangon-")), "{:?}", desk.files(""));

    // It serves what it had, and signs nothing while nobody is there to tell it where its log ends.
    nodes.children.drain(..).for_each(stop);
    nodes.serve("oslo");
    let status = nodes.desk.run("status --data oslo").ends(0).out();
    assert!(status.contains("recovering"), "{status}");
    assert_eq!(nodes.json("cluster list --data oslo --json")[0], cluster);
    assert!(nodes.json("status --data oslo --json")["node"]["members"][1]["size"].as_u64() >= size.as_u64());
    // It can be backed up again, and that backup recovers as well.
    nodes.desk.run("backup create -o again.pgnbak --data oslo").ends(0);
    nodes.desk.run_with("backup check again.pgnbak --sheet -", &words).ends(0);
}

#[test]
fn backups_are_made_while_others_write_and_each_is_whole() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    std::fs::create_dir(desk.path("backups")).expect("made");
    let backup = |at: usize| {
        let file = desk.path(&format!("backups/{at}.pgnbak"));
        desk.run_words(&["backup", "create", "--data", "oslo", "-o", &file.to_string_lossy()]).ends(0);
        file
    };
    // What the node keeps for itself from its start on, and the trail, stand in the first one.
    let first = backup(0);
    let made: Vec<PathBuf> = std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            for number in 0..30 {
                desk.run_words(&["cluster", "add", &format!("Cluster {number}"), "--country", "NO", "--data", "oslo"]).ends(0);
                desk.run(&format!("token create t{number} --data oslo")).ends(0);
            }
        });
        let mut made = vec![first];
        while !adding.is_finished() {
            made.push(backup(made.len()));
        }
        made
    });
    let (mut before, mut begin) = ((0, 0), None);
    for (at, file) in (0..).zip(&made) {
        let said = desk.run_words(&["backup", "check", &file.to_string_lossy(), "--data", "oslo", "--json"]).ends(0).json();
        let count = |name: &str| said["report"]["counts"][name].as_u64().expect("a number");
        let now = (count("private"), count("tokens"));
        // The audit trail has two entries more of each backup before: that it was asked for, and how it ended.
        let left = now.0 - (*begin.get_or_insert(now.0) + 2 * at);
        // A round: asked, a cluster (two items in one commit), answered; asked, a token, answered. Half of a commit would be 3.
        let whole = [0, 1, 2, 4, 5, 6].contains(&(left + 1 - 6 * now.1));
        assert!(now >= before && whole, "{now:?} after {before:?}");
        before = now;
    }
    assert!(made.len() > 2 && before > (0, 0), "{} backups, {before:?}", made.len());
}

#[test]
fn a_node_that_does_not_run_is_backed_up_from_its_directory() {
    let mut nodes = Nodes::found();
    let desk = &nodes.desk;
    std::fs::create_dir(desk.path("backups")).expect("made");
    let none = desk.run("backup create -o backups --data oslo").ends(3);
    assert!(none.err().contains("no node answers"), "nothing to back up before the first start: {}", none.err());
    assert_eq!(desk.files("backups"), Vec::<String>::new());
    nodes.serve("oslo");
    let running = nodes.json("backup create -o backups/1.pgnbak --data oslo --json");
    assert_eq!(running["running"], true);
    // The socket is gone, but the node is there: its lock says so.
    std::fs::rename(nodes.desk.path("oslo/admin.sock"), nodes.desk.path("elsewhere.sock")).expect("moved");
    let hidden = nodes.desk.run("backup create -o backups --data oslo").ends(1);
    assert!(hidden.err().contains("in use by") && hidden.err().contains("--node"), "{}", hidden.err());
    stop(nodes.children.remove(0));
    let desk = &nodes.desk;
    assert_eq!(nodes.json("backup create -o backups/2.pgnbak --data oslo --json")["running"], false);
    for number in [1, 2] {
        desk.run(&format!("backup check backups/{number}.pgnbak --data oslo")).ends(0);
    }
    desk.run("backup create -o backups/2.pgnbak --data oslo").ends(6);
    desk.run("backup create -o nowhere/2.pgnbak --data oslo").ends(5);

    let file = backup(desk, "oslo");
    let listed = nodes.json("backup list backups --json");
    let entry = listed.as_array().expect("a list").iter().find(|entry| entry["file"] == *file).expect("listed").clone();
    assert_eq!((&entry["agency"], &entry["sealed"]), (&"oslo".into(), &true.into()));
    assert!(entry["manifest"].is_null() && entry["bytes"].as_u64() > Some(1000));
    let told = nodes.json("backup list backups --identity oslo --json");
    assert!(told.as_array().expect("a list").iter().all(|entry| entry["manifest"]["agency"] == "oslo"), "{told}");
    std::fs::write(desk.path("backups/x.pgnbak"), "not one").expect("written");
    let said = desk.run("backup list backups --identity porto").ends(0).out();
    assert!(said.contains("this is no backup") && said.contains("not sealed to the backup key"), "{said}");

    // A directory from before there were backups.
    std::fs::remove_file(desk.path("oslo/backup.recipient")).expect("there");
    let without = desk.run("backup create -o backups --data oslo").ends(6);
    assert!(without.err().contains("parangon backup recipient"), "{}", without.err());
    assert_eq!(nodes.json("backup recipient --data oslo --json")["changed"], true);
    assert_eq!(nodes.json("backup recipient --data oslo --json")["changed"], false);
    desk.run("backup create -o backups/3.pgnbak --data oslo").ends(0);
}

#[test]
fn what_cannot_be_restored_changes_nothing() {
    let mut nodes = Nodes::found();
    nodes.serve("oslo");
    stop(nodes.children.remove(0));
    let desk = &nodes.desk;
    std::fs::create_dir(desk.path("backups")).expect("made");
    let file = backup(desk, "oslo");
    let bytes = std::fs::read(desk.path(&file)).expect("read");
    let write = |name: &str, bytes: &[u8]| std::fs::write(desk.path(name), bytes).expect("written");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    write("short.pgnbak", &bytes[..bytes.len() - 1]);
    write("flipped.pgnbak", &flipped);
    write("longer.pgnbak", &[bytes.as_slice(), b"x"].concat());
    write("other.pgnbak", b"PK\x03\x04");
    write("empty.pgnbak", b"");
    let before = desk.files("");
    for (name, key, code, named) in [
        ("short.pgnbak", "oslo", 7, "damaged or cut short"),
        ("flipped.pgnbak", "oslo", 7, "damaged or cut short"),
        ("longer.pgnbak", "oslo", 7, "damaged or cut short"),
        ("other.pgnbak", "oslo", 7, "no backup"),
        ("empty.pgnbak", "oslo", 7, "damaged or cut short"),
        ("missing.pgnbak", "oslo", 5, "cannot read"),
        (file.as_str(), "porto", 7, "not sealed to the backup key"),
        (file.as_str(), "nowhere", 5, "is not there"),
    ] {
        for line in [format!("backup check {name}"), format!("restore {name} --data new --old-node-is-off")] {
            let run = desk.run(&format!("{line} --identity {key}")).ends(code);
            assert!(run.err().contains(named), "{line}: {}", run.err());
        }
    }
    assert_eq!(desk.files(""), before, "no directory, and no temporary one");

    // Never over something else: a member's directory, its own or another's, or any file.
    std::fs::create_dir(desk.path("full")).expect("made");
    write("full/notes.txt", b"mine");
    for target in ["oslo", "porto", "full", "short.pgnbak"] {
        let there = tree(desk, target);
        let run = desk.run(&format!("restore {file} --data {target} --identity oslo --old-node-is-off")).ends(6);
        assert!(run.err().contains("is there already; nothing was changed"), "{}", run.err());
        assert_eq!(tree(desk, target), there);
    }
    desk.run(&format!("restore {file} --data nowhere/new --identity oslo --old-node-is-off")).ends(5);

    // An empty directory is taken as it is: it may be a mounted volume.
    std::fs::create_dir(desk.path("volume")).expect("made");
    desk.run(&format!("restore {file} --data volume --identity oslo --old-node-is-off")).ends(0);
    assert_eq!(desk.files("volume").len(), 8, "{:?}", desk.files("volume"));
    nodes.serve_in("volume", "oslo");
}
