//! Strings that break programs, as names of clusters: by command line, spreadsheet and API each is taken whole or
//! refused by name, and nothing in between (case A10).

mod common;

use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::Path;

use common::Desk;
use common::nodes::Nodes;
use parangon_protocol::id::Name;
use serde_json::{Value, json};

/// The strings of `naughty-strings` where they are, beside some of our own.
fn naughty() -> BTreeSet<String> {
    let own = ["", " ", "BioRegio Süd", "-rf", "--help", "=1+1", "'; DROP TABLE clusters; --", "a\0b", "a\u{202E}b", "a\nb", "\u{1b}[31m"];
    let mut all: BTreeSet<String> = own.iter().map(|text| (*text).to_owned()).collect();
    all.extend(["x".repeat(200), "x".repeat(201), "\u{1F9EC}".repeat(200), "quote \" comma , semicolon ;".to_owned()]);
    if let Some(vectors) = std::env::var_os("PARANGON_VECTORS") {
        let text = std::fs::read(Path::new(&vectors).join("naughty-strings/blns.json")).expect("the vectors are whole");
        all.extend(serde_json::from_slice::<Vec<String>>(&text).expect("a list of strings"));
    } else {
        // Written to the stream itself: the test harness would swallow an `eprintln!` of a test that passes.
        let line = b"\n*** PARANGON_VECTORS is not set: the naughty strings of others were NOT tried ***\n";
        std::io::stderr().write_all(line).expect("stderr is open");
    }
    all
}

fn is_name(text: &str) -> bool {
    text.parse::<Name>().is_ok()
}

/// The names that the node holds for one country.
fn held(desk: &Desk, country: &str) -> BTreeSet<String> {
    let list = desk.run("cluster list --data oslo --json").ends(0).json();
    let of = list.as_array().expect("a list").iter().filter(|cluster| cluster["country"] == country);
    of.map(|cluster| cluster["name"].as_str().expect("a name").to_owned()).collect()
}

/// A POST over TCP as a program would send it: status and body.
fn post(api: &str, token: &str, body: &Value) -> (u16, Value) {
    let address = api.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("connected");
    let body = body.to_string();
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/clusters HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
}

#[test]
fn a_name_is_taken_whole_or_refused_by_name() {
    let mut nodes = Nodes::found();
    let api = nodes.serve("oslo")["api"].as_str().expect("an address").to_owned();
    let desk = &nodes.desk;
    let names = naughty();
    let good: BTreeSet<String> = names.iter().filter(|name| is_name(name)).cloned().collect();
    assert!(!good.is_empty() && good.len() < names.len());

    // As a word of a command line, where the system can hand it over at all.
    for name in names.iter().filter(|name| !name.contains('\0')) {
        let run = desk.run_words(&["cluster", "add", "--data", "oslo", "--json", "--country", "NO", "--", name]);
        if is_name(name) {
            assert_eq!(run.ends(0).json()["name"], *name);
        } else {
            run.ends(2);
        }
    }
    assert_eq!(held(desk, "NO"), good);

    // As a spreadsheet: all rows or none, and each bad one is listed.
    let sheet = |names: &BTreeSet<String>| {
        let quoted = names.iter().map(|name| format!("\"{}\",PT\n", name.replace('"', "\"\"")));
        format!("name,country\n{}", quoted.collect::<String>())
    };
    std::fs::write(desk.path("all.csv"), sheet(&names)).expect("written");
    let refused = desk.run("cluster import all.csv --yes --data oslo --json").ends(7);
    assert!(!refused.err().contains('\u{1b}') && !refused.err().contains('\u{202E}'), "nothing foreign reaches the terminal");
    assert_eq!(held(desk, "PT"), BTreeSet::new());
    std::fs::write(desk.path("good.csv"), sheet(&good)).expect("written");
    let taken = desk.run("cluster import good.csv --yes --data oslo --json").ends(0).json();
    assert_eq!(taken["added"], good.len());
    assert_eq!(held(desk, "PT"), good);

    // Over the API, which takes outer spaces off as spreadsheets do.
    desk.run("token create test --role admin -o test.token --data oslo").ends(0);
    let token = std::fs::read_to_string(desk.path("test.token")).expect("written");
    for name in &names {
        let (status, body) = post(&api, token.trim(), &json!({ "name": name, "country": "FR" }));
        let name = name.trim();
        if is_name(name) {
            assert!(status == 201 || (status == 409 && !good.contains(name)), "{status} {body}");
            assert!(status == 409 || body["name"] == name, "{body}");
        } else {
            assert!(status == 422 || status == 400, "{status} {body}");
            assert!(body["code"].as_str().is_some_and(|code| code.starts_with("PGN-")), "{body}");
        }
    }
    let trimmed: BTreeSet<String> = names.iter().map(|name| name.trim().to_owned()).filter(|name| is_name(name)).collect();
    assert_eq!(held(desk, "FR"), trimmed);

    // For people: nothing that moves a cursor or turns a line around.
    let table = desk.run("cluster list --data oslo").ends(0).out();
    let foreign = |c: char| c != '\n' && parangon_protocol::id::is_unprintable(c);
    assert!(!table.chars().any(foreign), "{:?}", table.chars().find(|c| foreign(*c)));
}
