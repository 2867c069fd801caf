//! The Containerfile, without an engine, which `make image-test` builds it by: it takes the steps of `make image`,
//! as its scripts want them to be called, and makes an image with the same settings.

use std::collections::BTreeSet;

use hotseat_tests::kubetools::deploy;

fn file(path: &str) -> String {
    let path = deploy().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a script or a Containerfile without comments, those that go on put together.
fn lines(text: &str) -> Vec<String> {
    let kept: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = kept.join("\n").replace("\\\n", " ");
    joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The words of a shell's command, of which those in double quotes are one.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in command.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The arguments of an instruction, each time that it is there.
fn instructions(name: &str) -> Vec<String> {
    let found = lines(&file("image/Containerfile")).into_iter();
    found.filter_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned)).collect()
}

/// What the image's one build step runs, command by command.
fn commands() -> Vec<Vec<String>> {
    let runs = instructions("RUN");
    assert_eq!(runs.len(), 1, "{runs:?}");
    let unwrapped = runs[0].replace("program=$(", "").replace(')', "");
    unwrapped.split(" && ").map(words).collect()
}

/// The scripts of `deploy/image` that are called, each with how many arguments it gets.
fn scripts(commands: &[Vec<String>]) -> BTreeSet<(String, usize)> {
    let script = |words: &Vec<String>| {
        let at = words.iter().position(|word| word.ends_with(".sh"))?;
        let name = words[at].rsplit('/').next()?.to_owned();
        words[at].contains("deploy/image/").then(|| (name, words.len() - at - 1))
    };
    commands.iter().filter_map(script).collect()
}

/// What `crane mutate` gets in image.sh by this flag, each time.
fn set(flag: &str) -> Vec<String> {
    let all = lines(&file("image/image.sh"));
    let mutate = all.iter().find(|line| line.contains("\"$crane\" mutate")).unwrap();
    let words = words(mutate);
    let pairs = words.windows(2).filter(|pair| pair[0] == flag);
    pairs.map(|pair| pair[1].trim_end_matches(')').to_owned()).collect()
}

#[test]
fn it_calls_the_scripts_of_make_image_as_they_want_to_be_called() {
    let ours = scripts(&commands());
    let image: Vec<Vec<String>> = lines(&file("image/image.sh"))
        .iter()
        .map(|line| words(&line.replace("program=$(", "").replace("\")", "\"")))
        .collect();
    assert_eq!(ours, scripts(&image));
    assert_eq!(ours.len(), 3, "{ours:?}");
    for (name, given) in ours {
        let script = file(&format!("image/{name}"));
        let usage = script.split_once(&format!("usage: {name} ")).unwrap().1;
        let wanted = usage.split('"').next().unwrap().split_whitespace().count();
        assert_eq!(given, wanted, "{name}");
    }
}

/// A layer is a plain tar file, and is unpacked as one, into what the last stage copies.
#[test]
fn what_a_script_leaves_is_what_the_next_step_takes() {
    let commands = commands();
    let of = |name: &str| {
        let found = commands.iter().find(|words| words.iter().any(|word| word.contains(name)));
        found.unwrap_or_else(|| panic!("no {name} in {commands:?}")).clone()
    };
    let (policies, layer, tar) = (of("policies.sh"), of("layer.sh"), of("tar"));
    assert_eq!(policies.last(), layer.get(3), "{layer:?}");
    let tar = if tar[0] == "tar" { tar } else { of("-xf") };
    assert_eq!(tar[..2], ["tar", "-xf"], "a layer is not compressed");
    assert_eq!(layer.last(), tar.get(2));
    let copied = instructions("COPY");
    assert_eq!(copied, [". .".to_owned(), format!("--from=build {}/ /", tar[4])]);
    let stages = instructions("FROM");
    assert_eq!(stages, ["--platform=$BUILDPLATFORM ${BASE} AS build", "scratch"]);
}

#[test]
fn its_image_has_the_settings_of_make_image() {
    let env: Vec<String> = instructions("ENV").iter().flat_map(|line| words(line)).collect();
    assert_eq!(env, set("--env"));
    assert_eq!(instructions("USER"), set("--user"));
    let ports = set("--exposed-ports");
    assert_eq!(
        instructions("EXPOSE"),
        ports.iter().map(|p| p.replace("/tcp", "")).collect::<Vec<_>>()
    );
    let entry = set("--entrypoint");
    assert_eq!(entry.len(), 1, "{entry:?}");
    assert_eq!(instructions("ENTRYPOINT"), [format!("[\"{}\"]", entry[0])]);
}

/// Else the build would fetch another toolchain, or fail.
#[test]
fn its_base_has_the_toolchain_of_the_workspace() {
    let toolchain = file("../rust-toolchain.toml");
    let channel = toolchain.split_once("channel = \"").unwrap().1.split('"').next().unwrap();
    let minor = channel.rsplit_once('.').unwrap().0;
    let base = instructions("ARG");
    assert_eq!(base[0], format!("BASE=docker.io/library/rust:{minor}-bookworm"));
}
