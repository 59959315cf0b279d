//! The commented file that `init` writes.

/// The text of a file in which every key stands with its default, commented out.
#[must_use]
pub fn annotated_default() -> &'static str {
    r#"# Parangon. Every line is optional: what is commented out is the default.
# Order: flags, PARANGON_* variables, this file, defaults. See `parangon config show --origin`.

# Store, sealed keys and high-water file. Needs a local disk.
#data_dir = "/var/lib/parangon"

[network]
# Where other members reach this node.
#listen = ["/ip4/0.0.0.0/tcp/7443", "/ip4/0.0.0.0/udp/7443/quic-v1"]
# Announce new records at once. Off is for tests: everything still arrives, later.
#gossip = true

[api]
# The page and the API. Only this machine can reach a loopback address.
#listen = "127.0.0.1:7480"
# Set to true only behind a proxy that adds TLS.
#allow_remote = false
# A Unix socket besides, such as "/run/parangon/api.sock". Unset by default.
#socket = ""
# Host names that are answered besides localhost.
#allowed_hosts = []

[keys]
# What opens the sealed keys: one of these, mode 0600. Without either, the passphrase is asked for.
#passphrase_file = ""
#key_file = ""

[metrics]
# Prometheus metrics, such as "127.0.0.1:7481". Unset by default.
#listen = ""

[log]
# error, warn, info, debug, trace
#level = "info"
# auto, text, json, journald
#format = "auto"
"#
}
