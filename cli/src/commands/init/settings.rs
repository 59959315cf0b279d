//! The configuration that a new agency starts with.

use std::net::SocketAddr;
use std::path::Path;

/// A commented file of ten lines or so. What is not in it has its default.
pub(super) fn text(listen: &[String], api: SocketAddr, passphrase_file: Option<&Path>, two_people: bool) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let addresses: Vec<String> = listen.iter().map(|address| quoted(address)).collect();
    let unlock = match passphrase_file {
        Some(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            format!("passphrase_file = {}", quoted(&path.to_string_lossy()))
        }
        None => "#passphrase_file = \"/etc/parangon/passphrase\"".to_owned(),
    };
    let remote = if api.ip().is_loopback() { "#allow_remote = false" } else { "allow_remote = true" };
    format!(
        "\
# The node of one agency. Check changes with `parangon config check`, see every setting with `parangon config show`.

[network]
# Addresses on which other members' nodes connect. One inbound port (TCP and UDP) is enough.
listen = [{}]

[api]
# Address of the API. Reachable from elsewhere only behind a proxy that adds TLS.
# The command line needs no token on the socket admin.sock in this directory, unless `socket` names another one.
listen = {}
{remote}

[labels]
# Whether a label takes two people: one decides, another one confirms. An agency of one person says false.
two_people = {two_people}

[keys]
# A file whose first line opens node.keys. Without it the file node.key in this directory does.
{unlock}
",
        addresses.join(", "),
        quoted(&api.to_string()),
    )
}

#[cfg(test)]
mod tests {
    use parangon_node::config::{Config, KeySource};

    use super::*;

    #[test]
    fn the_node_reads_what_is_written() {
        let listen = ["/ip4/192.0.2.1/tcp/1".to_owned(), "/dns/x.example/udp/2/quic-v1".to_owned()];
        for (api, remote) in [("127.0.0.1:7480", false), ("0.0.0.0:1", true)] {
            let text = text(&listen, api.parse().expect("an address"), Some(Path::new("/etc/\"p")), remote);
            let config = Config::parse(&text, "x").expect("a configuration");
            assert_eq!(config.network.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), listen);
            assert_eq!((config.api.listen.to_string().as_str(), config.api.allow_remote), (api, remote));
            assert_eq!(config.policy.two_people, remote);
            assert_eq!(config.keys, KeySource::PassphraseFile("/etc/\"p".into()));
        }
    }
}
