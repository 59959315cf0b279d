use parangon_protocol::log::note::Algorithm;

use super::*;

fn nothing(_: &str) -> Option<String> {
    None
}

fn mistake(text: &str) -> String {
    Config::parse(text, "p.toml").expect_err(text).to_string()
}

#[test]
fn an_empty_file_works() {
    let config = Config::parse("", "p.toml").expect("valid");
    assert_eq!(config, Config::default());
    assert!(config.settings().iter().all(|setting| setting.origin == Origin::Default));
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:7480");
    assert_eq!(config.network.listen.len(), 2);
}

#[test]
fn the_documentation_names_every_key_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let text = std::fs::read_to_string(path).expect("read");
    let rows = text.lines().skip_while(|line| !line.starts_with("| key")).skip(2).take_while(|line| line.starts_with('|'));
    let keys: Vec<&str> = rows.map(|row| row.split('`').nth(1).expect("a key")).collect();
    assert_eq!(keys, KEYS);
}

#[test]
fn every_key_is_read_and_keeps_its_line() {
    let key = |name: &str, algorithm| {
        let public = parangon_protocol::keys::SecretKey::from_seed(&[1; 32]).public();
        parangon_protocol::log::VerifierKey::new(name, algorithm, public).expect("a name").to_string()
    };
    let (log, witness) = (key("example.com/log", Algorithm::Ed25519), key("witness.example/w", Algorithm::Cosignature));
    let text = r#"data_dir = "/srv/p"
network = { listen = ["/ip4/1.2.3.4/tcp/1"], gossip = false }
log.level = "debug"
log.format = "json"
labels = { two_people = false, public_url = 'https://labels.example.eu/' }
[api]
listen = "0.0.0.0:80"
allow_remote = true
socket = "/run/p.sock"
allowed_hosts = ["p.example"]
[audit]
retention_days = 30
[keys]
key_file = "/run/key"
[witness]
listen = "127.0.0.1:7490"
"#;
    let text = format!("{text}logs = [{log:?}]\noutside = [{{ key = {witness:?}, url = 'http://witness.example/one/' }}]\n");
    let text = text + "[mirrors]\nurls = ['https://m.example/p/']\nca_file = '/etc/ca.pem'\nevery_seconds = 60\n";
    let text = text.as_str();
    let config = Config::parse(text, "p.toml").expect("valid");
    let shown: Vec<String> =
        config.settings().into_iter().map(|s| format!("{}={} {}", s.key, s.value.unwrap_or_default(), s.origin)).collect();
    assert_eq!(
        shown,
        [
            r#"data_dir="/srv/p" p.toml:1"#,
            r#"network.listen=["/ip4/1.2.3.4/tcp/1"] p.toml:2"#,
            "network.gossip=false p.toml:2",
            r#"api.listen="0.0.0.0:80" p.toml:7"#,
            "api.allow_remote=true p.toml:8",
            r#"api.socket="/run/p.sock" p.toml:9"#,
            r#"api.allowed_hosts=["p.example"] p.toml:10"#,
            r#"witness.listen="127.0.0.1:7490" p.toml:16"#,
            format!(r#"witness.logs=["{log}"] p.toml:17"#).as_str(),
            format!(r#"witness.outside=["{witness} http://witness.example/one"] p.toml:18"#).as_str(),
            r#"mirrors.urls=["https://m.example/p"] p.toml:20"#,
            r#"mirrors.ca_file="/etc/ca.pem" p.toml:21"#,
            "mirrors.every_seconds=60 p.toml:22",
            "labels.two_people=false p.toml:5",
            r#"labels.public_url="https://labels.example.eu" p.toml:5"#,
            "audit.retention_days=30 p.toml:12",
            "keys.passphrase_file= default",
            r#"keys.key_file="/run/key" p.toml:14"#,
            r#"log.level="debug" p.toml:3"#,
            r#"log.format="json" p.toml:4"#,
        ]
    );
    assert_eq!(config.keys, KeySource::KeyFile("/run/key".into()));
}

#[test]
fn a_mistake_names_file_line_and_key() {
    for (text, message) in [
        ("\ndatadir = 'x'", r#"p.toml:2: unknown key "datadir" (did you mean "data_dir"?)"#),
        ("[api]\n\nlissen = 1", r#"p.toml:3: unknown key "api.lissen" (did you mean "api.listen"?)"#),
        ("gossip = true", r#"p.toml:1: unknown key "gossip" (did you mean "network.gossip"?)"#),
        ("[nework]\nlisten = []", r#"p.toml:1: unknown key "nework" (did you mean "network"?)"#),
        ("zzz = 1", r#"p.toml:1: unknown key "zzz""#),
        ("[api]\nlisten.x = 1", "p.toml:2: api.listen: invalid type: map, expected a string"),
        ("\nb", "p.toml:2: key with no value"),
        ("data_dir = ", "p.toml:1: string values must be quoted"),
        ("data_dir = 1", "p.toml:1: data_dir: invalid type: integer `1`, expected path string"),
        ("data_dir = ''", "p.toml:1: data_dir: a directory, not nothing"),
        ("api = 3", "p.toml:1: invalid type: integer `3`, expected a section"),
        ("[api]\nlisten = 'x'", r#"p.toml:2: api.listen: "x" is not an address with a port, such as "127.0.0.1:7480""#),
        ("\n[api]\nlisten = '192.0.2.1:80'", "p.toml:3: api.listen: 192.0.2.1:80 can be reached from elsewhere"),
        ("[labels]\npublic_url = 'http://x.eu'", r#"p.toml:2: labels.public_url: "http://x.eu" is no address for carriers"#),
        ("[api]\nallowed_hosts = ['*']", r#"p.toml:2: api.allowed_hosts: "*" is not a host name"#),
        ("[network]\nlisten = []", "p.toml:2: network.listen: at least one address"),
        ("[network]\nlisten = ['x']", r#"p.toml:2: network.listen: "x" is not a multiaddress"#),
        ("[witness]\nlisten = 'x'", r#"p.toml:2: witness.listen: "x" is not an address"#),
        ("[witness]\nlogs = ['x']", r#"p.toml:2: witness.logs: "x": not a verifier key"#),
        ("[witness]\noutside = [{ key = 'x' }]", "p.toml:2: witness.outside: missing field `url`"),
        ("[witness]\noutside = [{ key = 'x', url = 'https://x' }]", r#"p.toml:2: witness.outside: "https://x" is not of the form"#),
        ("[keys]\nkey_file = 'a'\npassphrase_file = 'b'", "p.toml:2: keys.key_file: either passphrase_file or key_file"),
        ("[log]\nlevel = 'loud'", "p.toml:2: log.level: unknown variant `loud`"),
        ("data_dir = 'a'\ndata_dir = 'b'", "p.toml:2: duplicate key"),
    ] {
        let found = mistake(text);
        assert!(found.starts_with(message), "{text:?}: {found}");
    }
}

#[test]
fn variables_stand_over_the_file() {
    let file = "data_dir = '/a'\n[api]\nlisten = '127.0.0.1:1'";
    let variables = |name: &str| match name {
        "PARANGON_DATA_DIR" => Some("/b".to_owned()),
        "PARANGON_NETWORK_LISTEN" => Some("/ip4/127.0.0.1/tcp/0, /ip6/::1/tcp/0".to_owned()),
        "PARANGON_LOG_LEVEL" => Some("warn".to_owned()),
        _ => None,
    };
    let config = Config::parse(file, "p.toml").expect("valid").with_variables(variables).expect("valid");
    assert_eq!(config.data_dir, Path::new("/b"));
    assert_eq!(config.origin("data_dir"), Origin::Variable("PARANGON_DATA_DIR"));
    assert_eq!(config.network.listen.len(), 2);
    assert_eq!(config.log_level, LogLevel::Warn);
    assert_eq!(config.origin("api.listen").to_string(), "p.toml:3");

    let remote = |name: &str| (name == "PARANGON_API_LISTEN").then(|| "0.0.0.0:1".to_owned());
    let error = Config::default().with_variables(remote).expect_err("not loopback").to_string();
    assert!(error.starts_with("PARANGON_API_LISTEN: api.listen: 0.0.0.0:1 can be reached"), "{error}");
}

#[test]
fn the_data_directory_follows_who_runs_it() {
    let home = |name: &str| (name == "HOME").then(|| "/home/x".to_owned());
    let state = |name: &str| (name == "STATE_DIRECTORY").then(|| "/var/lib/p".to_owned()).or_else(|| home(name));
    let dir = |config: Config| config.data_dir.display().to_string();
    let system = || Config::parse("log.level = 'warn'", SYSTEM_FILE).expect("valid");
    assert_eq!(dir(Config::default().with_variables(nothing).expect("valid")), "/var/lib/parangon");
    assert_eq!(dir(Config::default().with_variables(home).expect("valid")), "/home/x/.local/state/parangon");
    assert_eq!(dir(system().with_variables(home).expect("valid")), "/var/lib/parangon");
    assert_eq!(dir(system().with_variables(state).expect("valid")), "/var/lib/p");
}

#[test]
fn files_are_bounded_and_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("parangon.toml");
    assert!(matches!(Config::load(&path), Err(ConfigError::Unreadable { .. })));
    std::fs::write(&path, "#".repeat(300_000)).expect("written");
    assert!(matches!(Config::load(&path), Err(ConfigError::TooLarge(_))));
    std::fs::write(&path, "x = 1").expect("written");
    let error = Config::load(&path).expect_err("unknown").to_string();
    assert!(error.starts_with(&format!("{}:1: unknown key", path.display())), "{error}");
}

#[test]
fn a_credential_of_systemd_opens_the_keystore() {
    let dir = tempfile::tempdir().expect("a directory");
    let variables = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| dir.path().display().to_string());
    let keys = |text| Config::parse(text, "p.toml").expect("valid").with_variables(variables).expect("valid").keys;
    assert_eq!(keys(""), KeySource::Ask);
    let file = dir.path().join("node-key");
    std::fs::write(&file, "").expect("written");
    assert_eq!(keys(""), KeySource::KeyFile(file));
    assert_eq!(keys("keys.passphrase_file = '/p'"), KeySource::PassphraseFile("/p".into()));
}

#[test]
fn a_witness_is_named_by_a_plain_http_address() {
    let read = |text: &str| text.parse::<HttpUrl>().map(|url| (url.to_string(), url.address()));
    let ok = |text: &str, address: &str| Ok((text.to_owned(), address.to_owned()));
    assert_eq!(read("http://w.example"), ok("http://w.example", "w.example:80"));
    assert_eq!(read("http://w.example:81/a/b/"), ok("http://w.example:81/a/b", "w.example:81"));
    assert_eq!(read("http://[::1]:81/"), ok("http://[::1]:81", "[::1]:81"));
    for bad in
        ["https://w.example", "w.example", "http://", "http:///a", "http://:80", "http://a b", "http://a@b", "http://a/?x", "http://a/\r\n"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}
