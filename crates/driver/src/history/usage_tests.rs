//! What was used is added up, and what is long gone is one line a day.

use super::*;

fn slot(at: i64, key: Option<&str>, model: &str) -> UsageSlot {
    UsageSlot {
        hour: UsageSlot::hour_of(Timestamp::from_secs(at)),
        key: key.map(|key| key.parse().unwrap()),
        provider: "acme".into(),
        label: "default".into(),
        model: (!model.is_empty()).then(|| model.into()),
    }
}

const fn sum(input: u64) -> UsageSum {
    UsageSum {
        requests: 1,
        untold: 0,
        input,
        output: 2 * input,
        cached: 1,
    }
}

#[test]
fn what_was_used_is_added_up_by_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path().join("home"));
    assert_eq!(usage(&home, UsageBy::Key).unwrap(), []);
    assert!(!home.root().exists(), "reading makes nothing");
    let history = History::open(&home).unwrap();
    let noon = 1_800_014_400;
    let lines = HashMap::from([
        (slot(noon, Some("ci"), "m"), sum(10)),
        (slot(noon, None, ""), sum(5)),
        (slot(noon - 86_400, Some("ci"), "n"), sum(1)),
    ]);
    history.add_usage(&lines).unwrap();
    history.add_usage(&lines).unwrap();
    let read = |by| -> Vec<(Option<String>, u64)> {
        let rows = usage(&home, by).unwrap();
        rows.into_iter().map(|row| (row.name, row.sum.input)).collect()
    };
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(read(UsageBy::Key), [(None, 10), (named("ci"), 22)]);
    assert_eq!(read(UsageBy::Model), [(None, 10), (named("m"), 20), (named("n"), 2)]);
    assert_eq!(read(UsageBy::Credential), [(named("acme/default"), 32)]);
    assert_eq!(
        read(UsageBy::Day),
        [(named("2027-01-14"), 2), (named("2027-01-15"), 30)]
    );
    let today = (noon - noon % 86_400) * 1_000;
    assert_eq!(
        tokens_by_key(&home, today).unwrap(),
        HashMap::from([("ci".to_owned(), 60)])
    );
}

#[test]
fn days_that_are_long_gone_are_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path().join("home"));
    let history = History::open(&home).unwrap();
    let now = 1_800_014_400;
    let day = |ago: i64| now - ago * 86_400;
    let mut lines = HashMap::new();
    for hour in 0..6 {
        for ago in [61, 63, 64, 1_200] {
            lines.insert(slot(day(ago) + hour * 3_600, None, "m"), sum(1));
        }
    }
    history.add_usage(&lines).unwrap();
    let rows = || -> u32 {
        let count =
            history.with(|connection| Ok(connection.query_row("SELECT count(*) FROM usage", [], |row| row.get(0))?));
        count.unwrap()
    };
    assert_eq!(rows(), 24);
    for _ in 0..2 {
        history.roll_up_usage(Timestamp::from_secs(now)).unwrap();
        assert_eq!(rows(), 6 + 1 + 1, "hours of two months, and a line for each day before");
        let kept: u64 = usage(&home, UsageBy::Day)
            .unwrap()
            .iter()
            .map(|row| row.sum.input)
            .sum();
        assert_eq!(kept, 18, "only what is gone for years is forgotten");
    }
}
