//! Mistakes in `config.toml`, and what mends each.

use std::path::Path;

use evergrant_engine::provider::Table;

use super::super::configuration::Configuration;
use super::super::place::Source;
use super::*;

fn told(text: &str) -> (bool, Vec<String>) {
    let path = Path::new("/h/config.toml");
    let table = Table::built_in();
    let names: Vec<&str> = table.rows().map(|row| row.id.as_str()).collect();
    let mended = mend(path, text, &names, |text| {
        Configuration::parse(Source { path, text }, &table)
    });
    let command = |failure: &Failure| failure.remedy.as_ref().and_then(Remedy::command).unwrap_or_default();
    (mended.value.is_some(), mended.mistakes.iter().map(command).collect())
}

#[track_caller]
fn mends(text: &str, commands: &[&str]) {
    let commands: Vec<String> = commands.iter().map(|&command| command.to_owned()).collect();
    assert_eq!(told(text), (true, commands));
}

#[test]
fn a_misspelt_name_is_written_as_it_was_meant() {
    mends(
        "[serve]\nlissten = []\n",
        &["sed -i.bak '2s|lissten|listen|' /h/config.toml"],
    );
    mends("[sserve]\n", &["sed -i.bak '1s|sserve|serve|' /h/config.toml"]);
    mends(
        "[pool.xai-ouath]\nstrategy = \"random\"\n",
        &["sed -i.bak '1s|xai-ouath|xai-oauth|' /h/config.toml"],
    );
}

#[test]
fn what_cannot_be_guessed_becomes_a_comment() {
    mends(
        "[store]\nkey = \"keyfile\"\n",
        &["sed -i.bak '2s/^/# /' /h/config.toml"],
    );
    mends(
        "[route]\n\"x\" = [\"nobody\"]\n",
        &["sed -i.bak '2s/^/# /' /h/config.toml"],
    );
    mends("serve = \n[chat]\n", &["sed -i.bak '1s/^/# /' /h/config.toml"]);
    mends(
        "[chat]\nmodel = \"a\"\nmodel = \"b\"\n",
        &["sed -i.bak '3s/^/# /' /h/config.toml"],
    );
}

#[test]
fn a_value_of_several_lines_becomes_a_comment_as_a_whole() {
    mends(
        "[chat]\nmodel = [\n  \"a\",\n]\n\n[serve]\n",
        &["sed -i.bak '2,4s/^/# /' /h/config.toml"],
    );
}

#[test]
fn several_mistakes_are_told_at_once() {
    mends(
        "[serve]\nlissten = []\n\n[store]\n\nkey = \"keyfile\"\n\n[chat]\nmodell = \"m\"\n",
        &[
            "sed -i.bak '9s|modell|model|' /h/config.toml",
            "sed -i.bak '2s|lissten|listen|' /h/config.toml",
            "sed -i.bak '6s/^/# /' /h/config.toml",
        ],
    );
}

#[test]
fn what_no_line_explains_is_set_aside() {
    let refused = |_: &str| Err::<(), _>(Failure::new(evergrant_engine::failure::Code::RowInvalid, "no"));
    let mended = mend(Path::new("/h/no such.toml"), "", &[], refused);
    assert!(mended.value.is_none());
    let command = mended.mistakes[0].remedy.as_ref().and_then(Remedy::command);
    assert_eq!(command.unwrap(), "mv '/h/no such.toml' '/h/no such.toml.aside'");
}
