//! Answers of token and device endpoints: what they say of the grant, and whether the rotation happened.

use super::decided::{Decided, of_provider, of_user};
use super::evidence::Evidence;
use super::found::{Role, Shape};
use super::matching::{Hit, Setting};
use super::status;
use super::tables::Tables;
use super::ties::stronger;
use crate::provider::{Pattern, Row, Signal, Tier};
use crate::vocabulary::{Channel, Verdict};

/// Decides tier by tier. Death needs proof: only a well-formed `invalid_grant`, or a code that the row calls terminal;
/// where the row names none, the equivalents of the known authorization servers.
pub(super) fn decide<'s>(
    tables: &'s Tables,
    row: Option<&'s Row>,
    channel: Channel,
    evidence: &Evidence<'_>,
) -> Decided<'s> {
    let marks = evidence.found.marks;
    // A token that breaks off is one that was minted and is lost.
    let broken = evidence.shape() == Shape::Json && !marks.whole;
    if evidence.is_2xx() && !broken && (marks.access_token || (channel == Channel::Device && marks.code)) {
        return Decided::Rule(Verdict::Success, "tokens-in-2xx", Tier::Standard);
    }
    let setting = Setting {
        channel,
        status: Some(evidence.status()),
    };
    let proof = can_prove_death(evidence);
    let counts = |hit: &Hit<'_>| hit.signal.verdict != Verdict::GrantDead || proof;
    if let Some(hit) = of_user(row, setting, evidence, false).filter(counts) {
        return Decided::Signal(hit.signal);
    }
    let of_row = of_provider(row, setting, evidence, None).filter(counts);
    if let Some(hit) = of_row.filter(|hit| !is_by_status_alone(hit.signal)) {
        return Decided::Signal(hit.signal);
    }
    let names_its_own = row.and_then(Row::oauth).is_some_and(|oauth| !oauth.terminal.is_empty());
    let (mut server, mut equivalent, mut standard) = (None, None, None);
    tables.of_tokens(setting, evidence, |hit| match (hit.signal.tier, hit.signal.verdict) {
        (_, verdict) if evidence.status() >= 500 && !holds_behind_a_fault(verdict) => {}
        (Tier::Standard, _) if counts(&hit) => standard = stronger(standard.take(), hit),
        (Tier::Standard, _) => {}
        (_, Verdict::GrantDead) => equivalent = Some(hit).filter(|_| proof && !names_its_own),
        _ => server = stronger(server.take(), hit),
    });
    // What a row says of a status alone gives way to words, and it is not said of a page.
    let of_row = of_row.filter(|_| evidence.shape() != Shape::Html);
    if let Some(hit) = server.or(of_row) {
        return Decided::Signal(hit.signal);
    }
    // `invalid_request` says that something was wrong, not what.
    let class = standard
        .map(|hit| hit.signal.verdict)
        .filter(|verdict| *verdict != Verdict::RequestRejected);
    let words = speaks(evidence)
        .then(|| tables.of_token_words(setting, evidence, class))
        .flatten();
    // Another reason under the code of death, such as the place that the request came from.
    if let Some(hit) = words.filter(|hit| class == Some(Verdict::GrantDead) && hit.signal.verdict != Verdict::GrantDead)
    {
        return Decided::Signal(hit.signal);
    }
    if proof && is_terminal(row, evidence) {
        return Decided::Rule(Verdict::GrantDead, "terminal", Tier::Provider);
    }
    if let Some(hit) = equivalent {
        return Decided::Signal(hit.signal);
    }
    let is_equivalent = |hit: &Hit<'_>| hit.signal.verdict != Verdict::GrantDead || (proof && !names_its_own);
    match words.filter(is_equivalent).or(standard) {
        Some(hit) => Decided::Signal(hit.signal),
        None => {
            let (verdict, rule) = status::of_token(evidence);
            Decided::Rule(verdict, rule, Tier::Status)
        }
    }
}

/// Whether sentences of this answer are the server's own: not those of a page, nor those around a fault.
fn speaks(evidence: &Evidence<'_>) -> bool {
    evidence.status() < 500 && matches!(evidence.shape(), Shape::Json | Shape::Form | Shape::Text)
}

/// Whether a built-in row looks at nothing but the status there.
fn is_by_status_alone(signal: &Signal) -> bool {
    signal.tier == Tier::Provider && signal.pattern == Pattern::Present && signal.all.is_empty()
}

/// Whether a 5xx can be believed to say so: a gateway's fault may stand around any other word, with the token spent.
const fn holds_behind_a_fault(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Transient | Verdict::EdgeBlocked | Verdict::Pending | Verdict::SlowDown
    )
}

/// Whether an answer of this status and shape can be the token endpoint's word on a grant.
fn can_prove_death(evidence: &Evidence<'_>) -> bool {
    let marks = evidence.found.marks;
    let well_formed = matches!(evidence.shape(), Shape::Json | Shape::Form) && marks.object && marks.whole;
    let status = evidence.status();
    let refused = (400..500).contains(&status) && !status::is_unreached(status) && !status::is_unhandled(status);
    well_formed && (refused || evidence.is_2xx())
}

/// Whether the answer's code is one that the row calls terminal.
fn is_terminal(row: Option<&Row>, evidence: &Evidence<'_>) -> bool {
    let Some(oauth) = row.and_then(Row::oauth) else {
        return false;
    };
    evidence.fields().any(|(role, text)| {
        matches!(role, Role::Code | Role::Type | Role::Error)
            && oauth.terminal.iter().any(|code| code.eq_ignore_ascii_case(text))
    })
}
