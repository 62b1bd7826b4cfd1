//! The list of scenarios that users read, and the parameters they may set.

use serde::Serialize;
use serde_json::Value;

use super::catalogue::Fault;
use super::wording::Wording;

/// One scenario as `sandbox scenarios` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioInfo {
    /// The name under which it is armed.
    pub name: &'static str,
    /// Where it strikes: `inference`, `stream`, `token`, `discovery` or `any`.
    pub area: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// The parameters that are its own.
    pub parameters: Vec<ParameterInfo>,
}

/// One parameter of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ParameterInfo {
    /// Its name in the order.
    pub name: &'static str,
    /// What it does, with its default.
    pub description: &'static str,
}

/// Every scenario, in reading order. All of them also take the filters `path` (prefix),
/// `subject`, `bearer` (the literal token or key), `credential` (`grant` or `api-key`),
/// `grant_type` (token endpoint) and `after` (matching requests that are let through first).
pub fn scenarios() -> Vec<ScenarioInfo> {
    Fault::ALL.iter().copied().map(info).collect()
}

/// Whether a fault takes this parameter with this value; the reason if not.
pub(super) fn check(fault: Fault, name: &str, value: &Value) -> Result<(), String> {
    let own = fault.entry().parameters;
    if !FILTERS.contains(&name) && !own.iter().any(|(known, _)| *known == name) {
        return Err(String::from("no such parameter"));
    }
    let fits = match name {
        "headers" => value.is_object(),
        "body" => true,
        "status" => value.as_u64().is_some_and(|status| (200..600).contains(&status)),
        "wording" => value.as_str().and_then(Wording::from_name).is_some(),
        "shape" => value.as_str().is_some_and(|shape| SHAPES.contains(&shape)),
        "clean" => matches!(value.as_str(), Some("true" | "false")),
        name if NUMBERS.contains(&name) => value.is_u64(),
        _ => value.is_string(),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("not a value for it: `{value}`"))
    }
}

fn info(fault: Fault) -> ScenarioInfo {
    let entry = fault.entry();
    ScenarioInfo {
        name: entry.name,
        area: entry.area,
        description: entry.line,
        parameters: entry
            .parameters
            .iter()
            .map(|(name, description)| ParameterInfo { name, description })
            .collect(),
    }
}

/// Filters that every scenario takes.
const FILTERS: [&str; 6] = ["path", "subject", "bearer", "credential", "grant_type", "after"];
/// The parameters whose value is a whole number.
const NUMBERS: [&str; 8] = [
    "after",
    "delay_ms",
    "events",
    "pings",
    "resets_in_secs",
    "retry_after_secs",
    "secs",
    "within_ms",
];
/// The forms in which a stream tells its error.
const SHAPES: [&str; 7] = ["flat", "nested", "failed", "incomplete", "chunk", "finish", "array"];
