//! Proxies and certificates, as the environment has them.

use std::path::Path;

use evergrant_engine::failure::{Code, Failure};

use super::finding::Finding;
use super::shell::run;
use crate::http::{Network, NetworkSettings};
use crate::plain_file;
use crate::settings::Settings;

/// Each variable that cannot be used, or what is honoured. Their values stay unsaid: a proxy's address can carry a password.
pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let NetworkSettings {
        https_proxy,
        http_proxy,
        no_proxy,
        ca_file,
    } = settings.network.clone();
    let alone = NetworkSettings::default;
    let mut findings = Vec::new();
    let mut set = Vec::new();
    for (name, value, settings) in [
        (
            "HTTPS_PROXY",
            &https_proxy,
            NetworkSettings {
                https_proxy: https_proxy.clone(),
                ..alone()
            },
        ),
        (
            "HTTP_PROXY",
            &http_proxy,
            NetworkSettings {
                http_proxy: http_proxy.clone(),
                ..alone()
            },
        ),
        (
            "NO_PROXY",
            &no_proxy,
            NetworkSettings {
                no_proxy: no_proxy.clone(),
                ..alone()
            },
        ),
        (
            "SSL_CERT_FILE",
            &ca_file,
            NetworkSettings {
                ca_file: ca_file.clone(),
                ..alone()
            },
        ),
    ] {
        if value.is_none() {
            continue;
        }
        match usable(&settings) {
            Ok(()) => set.push(name),
            Err(failure) => findings.push(Finding::of(CHECK, failure.with_remedy(unset(name)))),
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            if set.is_empty() {
                "connections are made directly, with the platform's certificates".to_owned()
            } else {
                format!("honoured for every connection: {}", set.join(", "))
            },
        ));
    }
    findings
}

fn usable(settings: &NetworkSettings) -> Result<(), Failure> {
    if let Some(file) = &settings.ca_file {
        // A pipe would keep whoever reads it waiting.
        plain_file::read(Path::new(file), CERTIFICATES_MAX).map_err(|error| {
            let message = format!("`SSL_CERT_FILE` cannot be used, {error}: `{file}`");
            Failure::new(Code::ConfigInvalid, message)
        })?;
    }
    Network::new(settings).map(drop)
}

fn unset(name: &str) -> evergrant_engine::remedy::Remedy {
    let lower = name.to_ascii_lowercase();
    let (names, why) = if name == "SSL_CERT_FILE" {
        (
            name.to_owned(),
            "name a file of certificates (PEM), or unset it: the platform's are trusted then",
        )
    } else {
        (
            format!("{name} {lower}"),
            "write it as `http://HOST:PORT`, or unset it: connections are made directly then",
        )
    };
    run(format!("unset {names}"), why)
}

const CHECK: &str = "network";

/// 64 MiB: a hundred times the bundle of a system.
const CERTIFICATES_MAX: u64 = 64 * 1024 * 1024;
