//! `parangon key rotate` and `key compromised` against real nodes: while they run, and from every state in which a killed process
//! may have left the files.

mod common;

use std::process::{Command, Stdio};

use common::Desk;
use common::nodes::Nodes;
use parangon_node::keystore::identity::IdentityFile;
use parangon_node::keystore::{Keystore, Replaceable, Unlock, random};
use parangon_protocol::keys::SignedKeySet;
use serde_json::{Value, json};

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("an id in {value}")).to_owned()
}

/// BRONZE for a new cluster of oslo, reviewed by porto; waits until it is valid at lyon.
fn award(nodes: &Nodes, name: &str) -> Value {
    let desk = &nodes.desk;
    let run = |words: &[&str]| desk.run_words(&[words, &["--data", "oslo", "--json"]].concat()).ends(0).json();
    let cluster = id(&run(&["cluster", "add", name, "--country", "NO"]));
    let facts = ["--eccp-listed", "--fte", "1.5", "--members", "48", "--member-types", "3"];
    let assessment = id(&run(&[&["assess", "new", &cluster][..], &facts].concat()));
    let file = format!("{name}.csv");
    if !desk.path(&file).exists() {
        run(&["assess", "export", &assessment, "-o", &file]);
        let empty = std::fs::read_to_string(desk.path(&file)).expect("read");
        let codes = empty.lines().skip(1).filter_map(|line| line.split([',', ';']).next());
        let filled = codes.fold("indicator,level\n".to_owned(), |text, code| format!("{text}{code},3\n"));
        std::fs::write(desk.path(&file), filled).expect("written");
    }
    run(&["assess", "import", &assessment, &file, "--yes"]);
    let offer = id(&run(&["review", "ask", &assessment, "--level", "bronze", "--reviewer", "porto", "--no-comments"]));
    nodes.until("review inbox --data porto --json", |inbox| {
        inbox.as_array().is_some_and(|all| all.iter().any(|entry| entry["offer"] == offer.as_str()))
    });
    desk.run(&format!("review accept {offer} --no-conflicts --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data porto --json"), |entry| entry["state"] == "dossier-sent");
    desk.run(&format!("review submit {offer} {file} --eligible yes --data porto")).ends(0);
    nodes.until(&format!("review show {offer} --data oslo --json"), |offer| offer["ready"] == true);
    let label = run(&["label", "issue", &offer]);
    nodes.until_there(&format!("label show {} --data lyon --json", id(&label)), |label| label["state"] == "valid");
    label
}

/// The numbers of oslo's key sets and which is in force, as `key show` has them.
fn keysets(desk: &Desk) -> Vec<(u64, bool)> {
    let shown = desk.run("key show --data oslo --json").ends(0).json();
    let sets = shown["keysets"].as_array().unwrap_or_else(|| panic!("{shown}"));
    sets.iter().map(|set| (set["number"].as_u64().expect("a number"), set["in_force"] == true)).collect()
}

fn verifies(desk: &Desk, label: &Value) {
    let file = format!("{}.label.json", id(label));
    let _absent = std::fs::remove_file(desk.path(&file));
    desk.run(&format!("label export {} -o {file} --data lyon", id(label))).ends(0);
    assert_eq!(desk.run(&format!("verify {file} --trust net.trust.json --json")).ends(0).json()["verdict"], "valid");
}

#[test]
fn keys_rotate_while_the_node_runs_and_a_stolen_one_disputes_its_labels() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    desk.run("trust export --data lyon -o net.trust.json").ends(0);
    let first = award(&nodes, "First");

    // The identity key is kept elsewhere, as it should be.
    std::fs::create_dir(desk.path("safe")).expect("made");
    for name in ["identity.keys", "identity.key"] {
        std::fs::rename(desk.path("oslo").join(name), desk.path("safe").join(name)).expect("moved");
    }
    desk.run("key rotate --data oslo --identity safe").ends(2); // nobody is there to say yes
    assert!(desk.run("key rotate --yes --data oslo").ends(5).err().contains("--identity DIR"));
    let other = desk.run("key rotate --yes --data oslo --identity porto").ends(6);
    assert!(other.err().contains("not the identity keys of oslo"), "{}", other.err());
    assert_eq!(keysets(desk), [(1, true)]);
    let before = std::fs::read(desk.path("oslo/node.keys")).expect("read");
    // As under systemd, where what opens node.keys is not beside them.
    std::fs::copy(desk.path("oslo/node.key"), desk.path("safe/credential")).expect("copied");
    let rotated = desk.run("key rotate --yes --data oslo --identity safe --key-file safe/credential --json").ends(0).json();
    assert_eq!((&rotated["number"], &rotated["resumed"], &rotated["waiting"]), (&json!(2), &json!(false), &json!([])), "{rotated}");
    assert_eq!(rotated["rotated"], json!(["issue", "witness", "sealing"]));
    let [old, new] = &rotated["keysets"].as_array().expect("a list")[..] else { panic!("{rotated}") };
    for role in ["issue", "witness", "sealing"] {
        assert_ne!(old[role], new[role], "{role}");
    }
    for role in ["log", "transport", "peer_id"] {
        assert_eq!(old[role], new[role], "{role}");
    }
    assert_eq!(keysets(desk), [(1, false), (2, true)]);
    assert_ne!(std::fs::read(desk.path("oslo/node.keys")).expect("read"), before);
    assert!(!desk.files("oslo").iter().any(|name| name.contains("next")), "{:?}", desk.files("oslo"));
    assert_eq!(common::mode(&desk.path("oslo/node.keys")), 0o600);

    // What was signed before holds, and the new key signs.
    let second = award(&nodes, "Second");
    for label in [&first, &second] {
        verifies(desk, label);
    }

    // A transport key: the node comes back under another PeerId, and the others let it in.
    let moved = desk.run("key rotate --only transport --yes --data oslo --identity safe --json").ends(0).json();
    assert_ne!(moved["keysets"][2]["peer_id"], moved["keysets"][1]["peer_id"]);
    nodes.until("peer list --data oslo --json", |peers| {
        peers.as_array().is_some_and(|peers| peers.len() == 2 && peers.iter().all(|peer| peer["state"] == "ok"))
    });

    // The issue key was stolen before the second label.
    let since = second["index"].as_u64().expect("an index");
    let stolen = |rest: &str| format!("key compromised --role issue --data oslo --identity safe --json {rest}");
    desk.run(&stolen("-n")).ends(2); // since when?
    let preview = desk.run(&stolen(&format!("--since-index {since} -n"))).ends(0).json();
    assert_eq!((&preview["kept"], &preview["rotate"]), (&json!(1), &json!(["issue"])), "{preview}");
    assert_eq!(preview["disputed"].as_array().map(|all| all.iter().map(id).collect::<Vec<_>>()), Some(vec![id(&second)]));
    assert_eq!(keysets(desk).len(), 3, "a preview changes nothing");
    desk.run(&stolen(&format!("--since-index {since}"))).ends(2);
    desk.run(&stolen(&format!("--since-index {since} --confirm porto"))).ends(2);
    assert_eq!(keysets(desk).len(), 3);
    let done = desk.run(&stolen(&format!("--since-index {since} --confirm oslo"))).ends(0).json();
    assert_eq!((&done["left"], done["disputed"][0]["cluster"]["name"].as_str()), (&json!([]), Some("Second")), "{done}");
    assert_eq!(keysets(desk).last(), Some(&(4, true)));
    nodes.until_there(&format!("label show {} --data lyon --json", id(&second)), |label| label["state"] == "withdrawn");
    nodes.until_there(&format!("label show {} --data lyon --json", id(&first)), |label| label["state"] == "valid");
    let again = desk.run(&stolen(&format!("--since-index {since} --confirm oslo"))).ends(0).json();
    assert_eq!((&again["rotate"], &again["disputed"]), (&json!([]), &json!([])), "what is done is left out: {again}");

    // What a key set cannot replace is not pretended to be replaced.
    let identity = desk.run("key compromised --role identity --confirm oslo --data oslo").ends(8);
    assert!(identity.err().contains("recover --successor") && identity.err().contains("--rekey"), "{}", identity.err());
    assert_eq!(keysets(desk).last(), Some(&(4, true)));
}

/// A stolen log key ends in a new epoch: the node asks the others what it had signed, and goes on with another one.
#[test]
fn a_stolen_log_key_is_replaced_and_the_log_goes_on() {
    let nodes = Nodes::start();
    let desk = &nodes.desk;
    desk.run("trust export --data lyon -o net.trust.json").ends(0);
    let first = award(&nodes, "First");
    let mixed = desk.run("key rotate --only log --only transport --yes --data oslo").ends(2);
    assert!(mixed.err().contains("not replaced together"), "{}", mixed.err());
    let before = desk.run("key show --data oslo --json").ends(0).json()["keysets"][0]["log"].clone();
    let done = desk.run("key compromised --role log --role issue --since-index 999 --confirm oslo --data oslo --json").ends(0).json();
    assert_eq!(done["rotate"], json!(["log", "issue"]), "{done}");
    let shown = nodes.until("key show --data oslo --json", |shown| shown["keysets"][1]["in_force"] == true);
    let logs: Vec<&Value> = shown["keysets"].as_array().expect("a list").iter().map(|set| &set["log"]).collect();
    assert!(logs.len() == 2 && logs[0] == &before && logs[1] != &before, "one key set replaces both: {shown}");
    assert_ne!(shown["keysets"][0]["issue"], shown["keysets"][1]["issue"], "{shown}");
    assert!(!desk.files("oslo").iter().any(|name| name.contains("next")), "{:?}", desk.files("oslo"));
    nodes.until("status --data oslo --json", |status| status["node"]["members"].to_string().contains("final_size"));
    let second = award(&nodes, "Second");
    for label in [&first, &second] {
        verifies(desk, label);
    }
    // The others know its heads by the new key, and a backup of it is whole.
    nodes.until("peer witnesses --data porto --json", |logs| {
        let oslo = logs.as_array().expect("a list").iter().find(|log| log["agency"] == "oslo").expect("its log");
        oslo["words"].as_str().is_some_and(|words| words.ends_with("everything is confirmed"))
    });
    let backup = desk.run("backup create --data oslo -o oslo.pgnbak --json").ends(0).json();
    assert!(backup["file"].is_string() || backup["path"].is_string(), "{backup}");
    desk.run("backup check oslo.pgnbak --identity oslo").ends(0);
    let again = desk.run("key compromised --role log --confirm oslo --data oslo --json").ends(0).json();
    assert_eq!(again["rotate"], json!(["log"]), "{again}");
    nodes.until("key show --data oslo --json", |shown| shown["keysets"][2]["in_force"] == true);
}

/// The next keys and their signed key set, as the command line makes them.
fn next(desk: &Desk, number: u32) -> (Vec<u8>, SignedKeySet) {
    let key = |name: &str| Unlock::read_key_file(&desk.path("oslo").join(name)).expect("a key file");
    let file = |name: &str| std::fs::read(desk.path("oslo").join(name)).expect("read");
    let keys = Keystore::open(&file("node.keys"), &key("node.key")).expect("opened");
    let identity = IdentityFile::open(&file("identity.keys"), &key("identity.key")).expect("opened");
    let keys = keys.rotated(&[Replaceable::Issue, Replaceable::Witness], random::system).expect("drawn");
    let shown = desk.run("federation show --data oslo --json").ends(0).json();
    let fingerprint = shown["fingerprint"].as_str().expect("a fingerprint").parse().expect("a fingerprint");
    let set = keys.key_set("oslo".parse().expect("a slug"), number).sign(&fingerprint, &identity.identity_key()).expect("signed");
    (keys.seal(&key("node.key"), random::system).expect("sealed"), set)
}

#[test]
fn a_rotation_survives_a_kill_at_every_step() {
    let mut nodes = Nodes::start();
    let kill = |nodes: &mut Nodes| {
        let mut child = nodes.children.remove(0);
        child.kill().expect("running");
        child.wait().expect("ours");
    };
    let file = |nodes: &Nodes, name: &str| nodes.desk.path("oslo").join(name);
    let has = |nodes: &Nodes, name: &str| file(nodes, name).exists();

    // Without a node nothing is drawn.
    kill(&mut nodes);
    nodes.desk.run("key rotate --yes --data oslo").ends(3);
    assert!(!has(&nodes, "node.keys.next") && !has(&nodes, "keyset.next.json"));

    // Killed when the keys were written and their key set was not.
    let (keys, set) = next(&nodes.desk, 2);
    std::fs::write(file(&nodes, "node.keys.next"), &keys).expect("written");
    nodes.serve("oslo");
    nodes.children.rotate_right(1);
    let alone = nodes.desk.run("key rotate --yes --data oslo").ends(6);
    assert!(alone.err().contains("without its key set") && alone.err().contains("delete it"), "{}", alone.err());

    // Killed when both were written: the same command goes on with them.
    std::fs::write(file(&nodes, "keyset.next.json"), canonical(&set)).expect("written");
    kill(&mut nodes);
    nodes.serve("oslo");
    nodes.children.rotate_right(1);
    assert_eq!(keysets(&nodes.desk), [(1, true)]);
    let old = std::fs::read(file(&nodes, "node.keys")).expect("read");
    let done = nodes.desk.run("key rotate --yes --data oslo --json").ends(0).json();
    assert_eq!((&done["number"], &done["resumed"]), (&json!(2), &json!(true)));
    assert_eq!(std::fs::read(file(&nodes, "node.keys")).expect("read"), keys);
    assert!(!has(&nodes, "node.keys.next") && !has(&nodes, "keyset.next.json"));

    // Killed when the key set was in the log and the files were as before: the start finishes it.
    kill(&mut nodes);
    std::fs::write(file(&nodes, "node.keys"), &old).expect("written");
    std::fs::write(file(&nodes, "node.keys.next"), &keys).expect("written");
    std::fs::write(file(&nodes, "keyset.next.json"), canonical(&set)).expect("written");
    nodes.serve("oslo");
    nodes.children.rotate_right(1);
    assert_eq!(keysets(&nodes.desk), [(1, false), (2, true)]);
    assert_eq!(std::fs::read(file(&nodes, "node.keys")).expect("read"), keys);
    assert!(!has(&nodes, "node.keys.next") && !has(&nodes, "keyset.next.json"));

    // Killed when only the key set's file was left over: it is nothing any more.
    std::fs::write(file(&nodes, "keyset.next.json"), canonical(&set)).expect("written");
    let third = nodes.desk.run("key rotate --yes --data oslo --json").ends(0).json();
    assert_eq!((&third["number"], &third["resumed"]), (&json!(3), &json!(false)));

    // An old copy of the keys does not start the node.
    kill(&mut nodes);
    std::fs::write(file(&nodes, "node.keys"), &old).expect("written");
    let refused = nodes.desk.run("serve --data oslo").ends(1);
    assert!(refused.err().contains("key set 3") && refused.err().contains("Next: put the node.keys"), "{}", refused.err());
}

/// Others let a node in by the newest key set that they hold, so a transport key takes over once one of them has its key set.
#[test]
fn a_new_transport_key_waits_until_another_member_knows_of_it() {
    let mut nodes = Nodes::start();
    let signal = |nodes: &Nodes, name: &str| {
        for child in &nodes.children[1..] {
            assert!(Command::new("kill").args([name, &child.id().to_string()]).status().expect("a shell's kill").success());
        }
    };
    let before = nodes.json("key show --data oslo --json")["keysets"][0]["peer_id"].clone();

    // The others are connected, and stand still: nobody takes the key set.
    signal(&nodes, "-STOP");
    let mut rotate = Command::new(env!("CARGO_BIN_EXE_parangon"));
    rotate.current_dir(nodes.desk.path("")).args("key rotate --only transport --yes --data oslo --json".split(' '));
    let rotate = rotate.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    let shown = nodes.until("key show --data oslo --json", |shown| shown["keysets"][1]["in_force"] == true);
    assert_eq!(shown["node"]["peer_id"], before, "{shown}");
    assert!(nodes.desk.files("oslo").contains(&"node.keys.next".to_owned()), "{:?}", nodes.desk.files("oslo"));
    for mut child in [rotate, nodes.children.remove(0)] {
        child.kill().expect("ours");
        child.wait().expect("ours");
    }

    // Killed there, it comes back as who the others know, and changes once they have learnt the other key.
    nodes.serve("oslo");
    nodes.children.rotate_right(1);
    let shown = nodes.json("key show --data oslo --json");
    assert_eq!(shown["node"]["peer_id"], before, "{shown}");
    signal(&nodes, "-CONT");
    // It starts again with the other key.
    let shown = nodes.until_again("key show --data oslo --json", |shown| shown["node"]["peer_id"] == shown["keysets"][1]["peer_id"]);
    assert_ne!(shown["node"]["peer_id"], before);
    assert!(!nodes.desk.files("oslo").iter().any(|name| name.contains("next")), "{:?}", nodes.desk.files("oslo"));
    for agency in ["oslo", "lyon", "porto"] {
        nodes.until(&format!("peer list --data {agency} --json"), |peers| {
            peers.as_array().is_some_and(|peers| peers.len() == 2 && peers.iter().all(|peer| peer["state"] == "ok"))
        });
    }
}

fn canonical(set: &SignedKeySet) -> Vec<u8> {
    parangon_protocol::canonical::encode(set, 1 << 16).expect("canonical text")
}
