//! Advice: for every verdict, channel and kind of credential what is said, and what would really help.

use std::fmt::Write;

use evergrant_engine::credential::{Kind, Label};
use evergrant_engine::provider::{Origin, Row, Table};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Place, Situation, Verdict, advise, code, message};

const CHANNELS: [Channel; 4] = [Channel::Inference, Channel::Stream, Channel::Token, Channel::Device];
const KINDS: [Kind; 3] = [Kind::Grant, Kind::ApiKey, Kind::Borrowed];

/// Where each kind of credential is at home.
fn place(kind: Kind) -> Place {
    let id = match kind {
        Kind::Grant | Kind::Borrowed => "xai-oauth",
        Kind::ApiKey => "xai",
    };
    Place::of(Table::built_in().row(&id.into()).unwrap())
}

fn situation<'a>(place: &'a Place, channel: Channel, kind: Kind, label: Option<&'a Label>) -> Situation<'a> {
    Situation {
        place,
        channel,
        kind,
        label,
        owner: (kind == Kind::Borrowed).then_some("grok"),
        variable: None,
        reset: Some(Timestamp::from_secs(1_800_000_000)),
    }
}

/// Every verdict where it can be read, with every kind of credential, with and without a label, a row of the user's, a
/// row that knows no page, a key in a variable.
fn everywhere(mut told: impl FnMut(Verdict, &Situation<'_>, Option<&Remedy>)) {
    let label = Label::from("my key");
    for verdict in Verdict::ALL {
        for channel in CHANNELS.into_iter().filter(|channel| verdict.is_read_on(*channel)) {
            for kind in KINDS {
                let known = place(kind);
                let own = Place {
                    origin: Some(Origin::File("/home/ada/.evergrant/providers.d/own.toml".to_owned())),
                    plan_page: None,
                    billing_page: None,
                    keys_page: None,
                    key_provider: None,
                    ..known.clone()
                };
                let unknown = Place::without_row("gone".into());
                for place in [&known, &own, &unknown] {
                    for label in [Some(&label), None] {
                        for variable in [None, Some("XAI_API_KEY")] {
                            let situation = Situation {
                                variable: variable.filter(|_| kind == Kind::ApiKey),
                                ..situation(place, channel, kind, label)
                            };
                            told(*verdict, &situation, advise(*verdict, &situation).as_ref());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_verdict_has_its_words() {
    let label = Label::from("work");
    let mut count = 0;
    for verdict in Verdict::ALL {
        let mut words = String::new();
        for channel in CHANNELS.into_iter().filter(|channel| verdict.is_read_on(*channel)) {
            writeln!(words, "{}", channel.as_str()).unwrap();
            writeln!(words, "  {}", message(*verdict, channel, "xAI", Some(&label))).unwrap();
            for kind in KINDS {
                let place = place(kind);
                let remedy = advise(*verdict, &situation(&place, channel, kind, Some(&label)));
                let code = code(*verdict, kind);
                writeln!(words, "  {}: {}, exit {}", kind.as_str(), code.as_str(), code.exit()).unwrap();
                if let Some(remedy) = remedy {
                    writeln!(words, "    {}: {}", remedy.kind(), remedy.sentence()).unwrap();
                    if let Some(command) = remedy.command() {
                        writeln!(words, "    $ {command}").unwrap();
                    }
                }
                count += 1;
            }
        }
        insta::assert_snapshot!(format!("advice_{}", verdict.as_str()), words);
    }
    println!("{count} remedies are pinned: one for each verdict, channel and kind of credential");
}

#[test]
fn remedies_are_never_a_login_where_a_renewal_or_a_wait_would_do() {
    everywhere(|verdict, situation, remedy| {
        let told = format!("{verdict:?} {situation:?} {remedy:?}");
        let kind = remedy.map_or("none", Remedy::kind);
        let ended = [Verdict::GrantDead, Verdict::DeviceCodeExpired, Verdict::AccessDenied].contains(&verdict);
        let scope = verdict == Verdict::InsufficientScope;
        assert!(!matches!(kind, "login" | "login-elsewhere") || ended || scope, "{told}");
        assert!(kind != "grant-scope" || scope, "{told}");
        let says_login = remedy.is_some_and(|remedy| remedy.sentence().to_lowercase().contains("log in"));
        assert!(!says_login || ended || scope, "{told}");
        if ended && situation.kind == Kind::Grant && situation.place.logs_in {
            assert_eq!(kind, "login", "{told}");
        }
    });
}

#[test]
fn remedies_never_name_a_plan_for_a_token_that_is_stale() {
    everywhere(|verdict, _, remedy| {
        let kind = remedy.map_or("none", Remedy::kind);
        assert_eq!(
            kind == "change-plan",
            verdict == Verdict::NotEntitled,
            "{verdict:?} {remedy:?}"
        );
        assert_eq!(
            kind == "add-credit",
            verdict == Verdict::OutOfCredit,
            "{verdict:?} {remedy:?}"
        );
        let sentence = remedy.map(Remedy::sentence).unwrap_or_default();
        for word in ["plan", "subscription"] {
            assert!(
                !sentence.contains(word) || verdict == Verdict::NotEntitled,
                "{verdict:?} {sentence}"
            );
        }
    });
}

#[test]
fn remedies_suit_the_kind_of_credential() {
    everywhere(|verdict, situation, remedy| {
        let told = format!("{verdict:?} {situation:?} {remedy:?}");
        let Some(remedy) = remedy else { return };
        let command = remedy.command().unwrap_or_default();
        let sentence = remedy.sentence();
        match situation.kind {
            Kind::ApiKey => {
                assert!(!sentence.contains("log in") && !command.contains(" login "), "{told}");
                assert!(!command.contains("refresh") && !command.contains("import"), "{told}");
            }
            Kind::Borrowed => {
                assert!(
                    !command.contains(" login ") || situation.channel == Channel::Device,
                    "{told}"
                );
                let denied = matches!(
                    verdict,
                    Verdict::Unauthenticated | Verdict::UnknownDenial | Verdict::InsufficientScope | Verdict::GrantDead
                );
                assert!(
                    !denied || sentence.contains("grok") || situation.channel == Channel::Device,
                    "{told}"
                );
            }
            Kind::Grant => assert!(!command.contains("import"), "{told}"),
        }
        // Keys are added where keys are taken, and logins are made where there are any.
        let provider = command.split(' ').nth(2).unwrap_or_default();
        if command.starts_with("evergrant add ") {
            assert!(
                situation.place.keys_go_to().is_some_and(|id| id.as_str() == provider),
                "{told}"
            );
        }
        if command.starts_with("evergrant login ") {
            assert!(
                situation.place.logs_in && situation.place.provider.as_str() == provider,
                "{told}"
            );
        }
        // The label is told where there is one to be replaced, as one word of a shell.
        if let ("login" | "replace-key", Some(_)) = (remedy.kind(), situation.label) {
            assert!(command.ends_with(" --label 'my key'"), "{told}");
        }
    });
}

#[test]
fn remedies_tell_the_time_in_words_and_the_page_by_its_address() {
    everywhere(|verdict, situation, remedy| {
        let told = format!("{verdict:?} {situation:?} {remedy:?}");
        let Some(remedy) = remedy else { return };
        let sentence = remedy.sentence();
        if remedy.kind() == "wait" {
            assert!(sentence.contains("until 08:00:00 UTC on 15 January 2027"), "{told}");
        }
        if let Some(page) = remedy.page() {
            assert!(sentence.contains(page), "{told}");
        }
        let named = match remedy.kind() {
            "change-plan" => &situation.place.plan_page,
            "add-credit" => &situation.place.billing_page,
            "replace-key" | "check-key" | "widen-key" => &situation.place.keys_page,
            _ => &None,
        };
        assert_eq!(remedy.page(), named.as_deref(), "{told}");
        assert!(!sentence.ends_with('.') && !sentence.contains('\n'), "{told}");
        assert_eq!(sentence.trim(), sentence, "{told}");
    });
    let place = place(Kind::Grant);
    let reset = Situation {
        reset: None,
        ..situation(&place, Channel::Inference, Kind::Grant, None)
    };
    let remedy = advise(Verdict::UsageLimited, &reset).unwrap();
    assert_eq!(remedy.sentence(), "try again later: it comes back by itself");
}

#[test]
fn a_key_in_a_variable_is_replaced_in_the_variable() {
    let (place, label) = (place(Kind::ApiKey), Label::from("work"));
    let situation = Situation {
        variable: Some("XAI_API_KEY"),
        ..situation(&place, Channel::Inference, Kind::ApiKey, Some(&label))
    };
    let remedy = advise(Verdict::Unauthenticated, &situation).unwrap();
    assert_eq!((remedy.kind(), remedy.command()), ("set-variable", None));
    assert!(remedy.sentence().contains("`XAI_API_KEY`"));
}

#[test]
fn a_rows_pages_are_its_own() {
    let text = "id = \"acme\"\nbase_url = \"https://api.acme.example/v1\"\nauth = \"api-key\"\n\
                billing_page = \"https://acme.example/billing\"\n";
    let row = Row::parse("acme.toml", text, Origin::File("acme.toml".to_owned())).unwrap();
    let place = Place::of(&row);
    let remedy = advise(
        Verdict::OutOfCredit,
        &situation(&place, Channel::Inference, Kind::ApiKey, None),
    )
    .unwrap();
    assert_eq!(remedy.page(), Some("https://acme.example/billing"));
    let plain = text.replace("https://acme", "http://acme");
    let fault = Row::parse("acme.toml", &plain, Origin::File("acme.toml".to_owned())).unwrap_err();
    assert!(fault.to_string().contains("acme.toml:4: `billing_page`"), "{fault}");
}

#[test]
fn built_in_pages_are_on_their_providers_sites() {
    for row in Table::built_in().rows() {
        for page in [&row.plan_page, &row.billing_page, &row.keys_page]
            .into_iter()
            .flatten()
        {
            assert!(
                page.starts_with("https://") && !page.contains('?'),
                "{}: {page}",
                row.id
            );
        }
    }
    let remedy = Remedy::Meanwhile {
        serves: "home".into(),
        then: Box::new(Remedy::Wait { until: None }),
    };
    assert_eq!(remedy.kind(), "wait");
    assert!(remedy.sentence().ends_with("; `home` serves meanwhile"));
}
