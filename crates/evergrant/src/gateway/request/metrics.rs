//! `/metrics`: what the process has counted, for a Prometheus server.

use std::sync::Arc;

use bytes::Bytes;
use evergrant_driver::{Code, Driver, Failure, Remedy};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};

use crate::gateway::answer::GatewayBody;
use crate::gateway::measures::{Measures, open_metrics, plain};

/// All numbers, in OpenMetrics for who asks for it, else in the older form. Looking changes nothing.
pub(super) fn metrics(
    driver: &Driver,
    measures: &Arc<Measures>,
    headers: &HeaderMap,
) -> Result<Response<GatewayBody>, Failure> {
    let text = open_metrics(driver, measures).map_err(|_| {
        Failure::new(Code::Internal, "the numbers could not be written down").with_remedy(Remedy::Report)
    })?;
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (text, form) = if accepted.any(|value| value.contains("application/openmetrics-text")) {
        (text, OPEN_METRICS)
    } else {
        (plain(&text), PLAIN)
    };
    let mut response = Response::new(GatewayBody::full(Bytes::from(text)));
    let form = HeaderValue::from_static(form);
    response.headers_mut().insert(CONTENT_TYPE, form);
    Ok(response)
}

/// As OpenMetrics has it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// As every scraper understands it.
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
