//! The scenarios that are armed now, and which of them a request hits.

use std::collections::HashSet;

use serde_json::Value;

use super::audience::Audience;
use super::catalogue::{Fault, Strikes};
use super::order::{Order, Parameters};
use crate::failure::SandboxError;

/// The armed scenarios, first armed first.
#[derive(Debug, Default)]
pub(crate) struct Switchboard {
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    order: Order,
    left: Option<u64>,
    to_skip: u64,
    struck: HashSet<String>,
}

/// What is known of a request when a scenario is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Probe<'a> {
    pub(crate) path: &'a str,
    pub(crate) bearer: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) credential: &'a str,
    pub(crate) grant_type: &'a str,
    pub(crate) first_use: bool,
    pub(crate) age_ms: u64,
}

/// A scenario that strikes this request.
#[derive(Debug, Clone)]
pub(crate) struct Hit<F> {
    pub(crate) fault: F,
    pub(crate) name: &'static str,
    pub(crate) parameters: Parameters,
}

impl Switchboard {
    /// Arms a scenario behind those that are armed already.
    pub(crate) fn arm(&mut self, order: Order) -> Result<(), SandboxError> {
        let fault = order.fault()?;
        self.armed.push(Armed {
            fault,
            left: order.times,
            to_skip: order.parameters.get("after").and_then(Value::as_u64).unwrap_or(0),
            struck: HashSet::new(),
            order,
        });
        Ok(())
    }

    /// Removes every scenario of this name; says how many there were.
    pub(crate) fn disarm(&mut self, name: &str) -> usize {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.order.name != name);
        before - self.armed.len()
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// What is armed, with what is left of it.
    pub(crate) fn armed(&self) -> Vec<Order> {
        self.armed
            .iter()
            .map(|armed| Order {
                times: armed.left,
                ..armed.order.clone()
            })
            .collect()
    }

    /// The first armed scenario of a stage that this request matches; it counts as struck.
    pub(crate) fn strike<F: Strikes>(&mut self, probe: &Probe<'_>) -> Option<Hit<F>> {
        let (index, fault) = self.find(probe)?;
        let armed = &mut self.armed[index];
        armed.struck.insert(probe.bearer.to_owned());
        let hit = Hit {
            fault,
            name: armed.fault.name(),
            parameters: Parameters(armed.order.parameters.clone()),
        };
        if let Some(left) = &mut armed.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.armed.remove(index);
            }
        }
        Some(hit)
    }

    fn find<F: Strikes>(&mut self, probe: &Probe<'_>) -> Option<(usize, F)> {
        for (index, armed) in self.armed.iter_mut().enumerate() {
            let Some(fault) = F::find(armed.fault) else {
                continue;
            };
            if !armed.matches(probe) {
                continue;
            }
            if armed.to_skip == 0 {
                return Some((index, fault));
            }
            armed.to_skip -= 1;
        }
        None
    }
}

impl Armed {
    fn matches(&self, probe: &Probe<'_>) -> bool {
        let filter = |name: &str| self.order.parameters.get(name).and_then(Value::as_str);
        filter("path").is_none_or(|prefix| probe.path.starts_with(prefix))
            && filter("subject").is_none_or(|subject| subject == probe.subject)
            && filter("bearer").is_none_or(|bearer| bearer == probe.bearer)
            && filter("credential").is_none_or(|credential| credential == probe.credential)
            && filter("grant_type").is_none_or(|grant_type| grant_type == probe.grant_type)
            && self.applies(probe)
    }

    /// The conditions that belong to the fault itself.
    fn applies(&self, probe: &Probe<'_>) -> bool {
        match self.fault.entry().audience {
            Audience::Anyone => true,
            Audience::Grants => probe.credential == "grant",
            Audience::OnceEach => !self.struck.contains(probe.bearer),
            Audience::Beginnings => probe.grant_type != "refresh_token",
            Audience::FreshGrants => probe.credential == "grant" && self.finds_fresh(probe),
        }
    }

    fn finds_fresh(&self, probe: &Probe<'_>) -> bool {
        match self.order.parameters.get("within_ms").and_then(Value::as_u64) {
            Some(within_ms) => probe.age_ms < within_ms,
            None => probe.first_use && !self.struck.contains(probe.bearer),
        }
    }
}
