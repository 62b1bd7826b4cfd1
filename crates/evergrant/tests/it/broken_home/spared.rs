//! A mistake in the home's files that concerns one provider stops that one, and is told everywhere else.

use super::patient::Patient;

/// A home with two providers, one of them with a login, whose other one's file is at fault.
async fn patient() -> Patient {
    let patient = Patient::sound().await;
    let row = patient.sandbox.provider_row("bad");
    patient
        .scratch
        .write("providers.d/bad.toml", &format!("{row}\ncolour = 3\n"));
    patient
}

#[tokio::test]
async fn a_bad_file_stops_its_own_provider_and_warns_everywhere_else() {
    let patient = patient().await;
    for typed in [
        &["token", "acme"][..],
        &["status"],
        &["list", "--json"],
        &["providers", "--json"],
        &["refresh", "acme/default"],
        &["rename", "acme/default", "work"],
    ] {
        let run = patient.scratch.run(typed).await.expect(0);
        let warnings: Vec<_> = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning: "))
            .collect();
        assert_eq!(warnings.len(), 1, "{run}");
        assert!(
            warnings[0].contains("providers.d/bad.toml:") && warnings[0].contains("`colour`"),
            "{run}"
        );
        assert!(run.stderr.contains("try: sed -i.bak"), "{run}");
    }
    let listed = patient.scratch.run(&["providers", "--json"]).await.json();
    let ids: Vec<_> = listed["providers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"acme") && !ids.contains(&"bad"), "{ids:?}");
    for typed in [
        &["token", "bad", "--json"][..],
        &["status", "bad", "--json"],
        &["login", "bad", "--flow", "device", "--json"],
        &["models", "bad", "--json"],
        &["chat", "--provider", "bad", "--json", "hello"],
        &["serve", "--listen", "127.0.0.1:0", "--json"],
    ] {
        let told = patient.scratch.run(typed).await.expect(2).json();
        let error = &told["error"];
        assert_eq!(error["code"], "row-invalid", "{typed:?}: {told}");
        assert!(
            error["message"].as_str().unwrap().contains("`colour`"),
            "{typed:?}: {told}"
        );
        let command = error["remedy"]["command"].as_str().unwrap();
        assert!(command.starts_with("sed -i.bak '"), "{typed:?}: {told}");
    }
}

#[tokio::test]
async fn what_is_kept_at_a_provider_whose_file_is_at_fault_stands_and_says_why_it_waits() {
    let patient = Patient::sound().await;
    let row = std::fs::read_to_string(patient.path("providers.d/acme.toml")).unwrap();
    patient
        .scratch
        .write("providers.d/acme.toml", &format!("colour = 3\n{row}"));
    let status = patient.scratch.run(&["status", "--json"]).await.expect(0).json();
    let kept = &status["credentials"][0];
    assert!(
        kept["why"].as_str().unwrap().contains("acme.toml:1: `colour`"),
        "{status}"
    );
    let command = kept["remedy"]["command"].as_str().unwrap();
    assert_eq!(patient.shell(command).await.0, Some(0), "{command}");
    patient.scratch.run(&["token", "acme"]).await.expect(0);
}

#[tokio::test]
async fn a_name_in_the_configuration_that_leads_nowhere_stops_nothing_but_what_it_is_for() {
    let patient = Patient::sound().await;
    let text =
        "[route]\n\"x-*\" = [\"gone\", \"acme\"]\n[pool.gone]\nstrategy = \"random\"\n[chat]\nprovider = \"gone\"\n";
    patient.scratch.write("config.toml", text);
    let run = patient.scratch.run(&["token", "acme"]).await.expect(0);
    let warnings = run.stderr.lines().filter(|line| line.starts_with("warning: ")).count();
    assert_eq!(warnings, 3, "{run}");
    let chat = patient.scratch.run(&["chat", "--json", "hello"]).await.expect(2).json();
    assert!(
        chat["error"]["message"]
            .as_str()
            .unwrap()
            .contains("config.toml:6: `chat.provider`"),
        "{chat}"
    );
    patient
        .scratch
        .run(&["chat", "--provider", "acme", "hello"])
        .await
        .expect(0);
    let serve = patient
        .scratch
        .run(&["serve", "--listen", "127.0.0.1:0", "--json"])
        .await
        .expect(2);
    assert!(
        serve.json()["error"]["remedy"]["command"]
            .as_str()
            .unwrap()
            .starts_with("sed "),
        "{serve}"
    );
}

#[tokio::test]
async fn what_cannot_go_on_says_the_command_that_mends_it() {
    let patient = Patient::sound().await;
    patient
        .scratch
        .write("config.toml", "[serve]\nlissten = [\"127.0.0.1:0\"]\n");
    let told = patient.scratch.run(&["status", "--json"]).await.expect(2).json();
    assert!(
        told["error"]["message"]
            .as_str()
            .unwrap()
            .contains("config.toml:2: `serve.lissten`"),
        "{told}"
    );
    let command = told["error"]["remedy"]["command"].as_str().unwrap();
    assert_eq!(patient.shell(command).await.0, Some(0), "{command}");
    patient.scratch.run(&["status"]).await.expect(0);
}
