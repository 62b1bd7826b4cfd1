//! The page that a Prometheus server reads, in either of its forms.

use std::fmt::Write as _;
use std::sync::Arc;

use evergrant_driver::Driver;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use super::counts::Measures;
use super::exposition::{Exposition, OfProcess};

/// All numbers in OpenMetrics.
pub(in crate::gateway) fn open_metrics(driver: &Driver, measures: &Arc<Measures>) -> Result<String, std::fmt::Error> {
    let mut ours = Registry::with_prefix("evergrant");
    ours.register_collector(Box::new(Exposition {
        readings: driver.readings(),
        measures: Arc::clone(measures),
    }));
    let mut process = Registry::default();
    process.register_collector(Box::new(OfProcess(Arc::clone(measures))));
    let mut text = String::with_capacity(ROOM);
    text::encode_registry(&mut text, &ours)?;
    text::encode_registry(&mut text, &process)?;
    text::encode_eof(&mut text)?;
    Ok(text)
}

/// The same in the older text format, which every scraper reads: there a counter's family has the name of its samples, and units have no line.
pub(in crate::gateway) fn plain(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(told) = line.strip_prefix("# HELP ") {
            help = told.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|told| told.split_once(' ')) {
            let ending = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take() {
                // A string takes whatever is written to it.
                let _ = writeln!(text, "# HELP {name}{ending} {}", help);
            }
            let _ = writeln!(text, "# TYPE {name}{ending} {kind}");
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// 32 KiB: the numbers of a few providers.
const ROOM: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_form_names_counters_by_their_samples() {
        let open_metrics = "# HELP a_x Of x\n# TYPE a_x counter\na_x_total{b=\"c\"} 1\n\
                            # HELP a_y_seconds Of y\n# TYPE a_y_seconds gauge\n# UNIT a_y_seconds seconds\na_y_seconds 2.0\n# EOF\n";
        assert_eq!(
            plain(open_metrics),
            "# HELP a_x_total Of x\n# TYPE a_x_total counter\na_x_total{b=\"c\"} 1\n\
             # HELP a_y_seconds Of y\n# TYPE a_y_seconds gauge\na_y_seconds 2.0\n"
        );
    }
}
