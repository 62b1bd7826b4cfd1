//! Advice: for every verdict and kind of credential what is said, and what would really help.

use std::fmt::Write;

use evergrant_engine::credential::{Kind, Label, ProviderId};
use evergrant_engine::provider::Table;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Situation, Verdict, advise, code, message};

#[test]
fn every_verdict_has_its_words() {
    let table = Table::built_in();
    let label = Label::from("work");
    let key_provider = ProviderId::from("xai");
    let mut words = String::new();
    for verdict in Verdict::ALL {
        let channels = [Channel::Inference, Channel::Stream, Channel::Token, Channel::Device];
        let channels: Vec<_> = channels
            .into_iter()
            .filter(|channel| verdict.is_read_on(*channel))
            .collect();
        let channels: Vec<_> = channels.into_iter().map(Channel::as_str).collect();
        let said = message(*verdict, "xAI", Some(&label));
        writeln!(words, "{} ({}): {said}", verdict.as_str(), channels.join(", ")).unwrap();
        for (kind, id) in [
            (Kind::Grant, "xai-oauth"),
            (Kind::ApiKey, "xai"),
            (Kind::Borrowed, "xai-oauth"),
        ] {
            let situation = Situation {
                row: table.row(&id.into()).unwrap(),
                kind,
                label: Some(&label),
                owner: (kind == Kind::Borrowed).then_some("grok"),
                key_provider: Some(&key_provider),
                reset: Some(Timestamp::from_secs(1_800_000_000)),
            };
            let code = code(*verdict, kind);
            let remedy = advise(*verdict, &situation);
            let sentence = remedy
                .as_ref()
                .map_or_else(|| "-".to_owned(), |remedy| remedy.sentence());
            let command = remedy.and_then(|remedy| remedy.command()).unwrap_or_default();
            writeln!(
                words,
                "  {:8} {} {} | {sentence} | {command}",
                kind.as_str(),
                code.exit(),
                code.as_str()
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(words);
}

#[test]
fn no_login_is_advised_where_a_renewal_or_a_wait_would_do() {
    let table = Table::built_in();
    let row = table.row(&"xai-oauth".into()).unwrap();
    for verdict in Verdict::ALL {
        let situation = Situation {
            row,
            kind: Kind::Grant,
            label: None,
            owner: None,
            key_provider: None,
            reset: None,
        };
        let kind = advise(*verdict, &situation).map(|remedy| remedy.kind());
        let ended = [Verdict::GrantDead, Verdict::DeviceCodeExpired, Verdict::AccessDenied].contains(verdict);
        assert_eq!(kind == Some("login"), ended, "{verdict:?}");
        assert_eq!(
            kind == Some("change-plan"),
            *verdict == Verdict::NotEntitled,
            "{verdict:?}"
        );
    }
}
