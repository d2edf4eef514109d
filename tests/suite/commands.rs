//! The command line as a user meets it: the programs themselves, their output and exit codes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use netc::compile;
use netc::tools::shipped::SHIPPED;
use serde_json::Value;

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn exit_codes_tell_clean_from_wrong_from_misused() {
    assert_eq!(netc(&["check", "nets/resnet9.net"]).status.code(), Some(0));
    assert_eq!(netc(&["check", "nets/lib.net"]).status.code(), Some(0));
    assert_eq!(netc(&["check", "tests/cases/check_err/unknown_names.net"]).status.code(), Some(1));
    assert_eq!(netc(&["check", "nets/absent.net"]).status.code(), Some(1));
    assert_eq!(netc(&["check", "nets"]).status.code(), Some(0));
    assert_eq!(netc(&["check", "tests/cases/check_err"]).status.code(), Some(1));
    assert_eq!(netc(&["check"]).status.code(), Some(2));
    assert_eq!(netc(&["check", "nets/resnet9.net", "--set", "width"]).status.code(), Some(2));
    assert_eq!(netc(&["chekc"]).status.code(), Some(2));
}

#[test]
fn warnings_are_counted_and_fail_the_check_where_they_are_denied() {
    let odd = "tests/cases/check_warn/bias_before_bn.net";
    let allowed = netc(&["check", odd]);
    assert_eq!(allowed.status.code(), Some(0));
    assert!(
        text(&allowed.stdout).contains(": a is sound, 2 warnings: "),
        "{}",
        text(&allowed.stdout)
    );
    let denied = netc(&["check", "--deny", "warnings", odd]);
    assert_eq!(denied.status.code(), Some(1));
    assert!(text(&denied.stdout).contains(": 2 problems\n"), "{}", text(&denied.stdout));
    let silenced = netc(&["check", "--deny", "warnings", "--allow", "bias-before-bn", odd]);
    assert_eq!((silenced.status.code(), text(&silenced.stderr)), (Some(0), String::new()));
    let misspelt = netc(&["check", "--allow", "bias-befor-bn", odd]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(text(&misspelt.stderr).contains("'bias-before-bn'"), "{}", text(&misspelt.stderr));
    assert_eq!(
        netc(&["check", "--allow", "shape", odd]).status.code(),
        Some(2),
        "an error cannot be allowed"
    );
    assert_eq!(netc(&["check", "--deny", "warnings", "nets/resnet9.net"]).status.code(), Some(0));
    let line = text(&netc(&["check", "--deny", "warnings", "--format", "json", odd]).stdout);
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["ok"], false);
}

#[test]
fn commands_of_other_programs_are_told_by_those_of_netc() {
    for (word, says) in [
        ("compare", "'netc diff'"),
        ("lint", "'netc check'"),
        ("resume", "'netc train --resume RUN'"),
        ("summary", "'netc check'"),
        ("info", "'netc check'"),
        ("test", "'netc eval'"),
        ("chekc", "'check'"),
    ] {
        let said = text(&netc(&[word]).stderr);
        assert!(said.contains("tip: ") && said.contains(says), "{word}: {said}");
    }
    for word in ["logit", "agre"] {
        let said = text(&netc(&[word]).stderr);
        assert!(!said.contains(&format!("'{word}s'")) && !said.contains("'agree'"), "{said}");
    }
}

#[test]
fn words_that_are_no_topics_are_answered_all_the_same() {
    for (word, says) in [
        ("fusion", "`netc profile` shows which ops"),
        ("attention", "netc has no attention yet"),
        ("passes", "`netc passes`"),
        ("dense", "`linear`"),
    ] {
        let said = text(&netc(&["explain", word]).stderr);
        assert!(said.contains(says), "{word}: {said}");
    }
    let said = text(&netc(&["passes", "--for", "training", "nets/backbone.net"]).stdout);
    assert!(said.contains("no pass changes it\nwhich ops a step computes together: "), "{said}");
}

#[test]
fn a_net_that_does_not_fit_is_marked() {
    let args = ["check", "nets/zoo/vgg16.net", "nets/resnet9.net", "--batch", "1048576"];
    let said = text(&netc(&args).stdout);
    assert_eq!(said.lines().filter(|line| line.contains("  ! ")).count(), 2, "{said}");
    assert!(said.contains("with `!` more than this machine has"), "{said}");
    let said =
        text(&netc(&["check", "nets/backbone.net", "nets/resnet9.net", "--batch", "1"]).stdout);
    assert!(!said.contains('!'), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_not_called_unsound() {
    for (command, says) in
        [("train", "no training"), ("profile", "no profile"), ("search", "no search")]
    {
        let said = text(&netc(&[command, "nets/absent.net"]).stderr);
        assert!(said.contains(&format!("{says}: a file cannot be read")), "{said}");
    }
}

#[test]
fn a_piped_report_has_no_colours() {
    let out = netc(&["check", "tests/cases/check_err/unknown_names.net"]);
    assert!(!text(&out.stderr).contains('\u{1b}') && text(&out.stderr).contains("did you mean"));
}

#[test]
fn the_summary_of_a_net() {
    let summary = text(&netc(&["check", "nets/resnet9.net", "--precision", "fp32"]).stdout);
    // How much memory a machine's kernels take is a matter of `memory.rs`.
    let (before, memory) = summary.split_once("step: ").unwrap();
    let summary = format!("{before}step: [bytes] ({}", memory.split_once('(').unwrap().1);
    insta::assert_snapshot!(summary, @r"
    nets/resnet9.net: resnet9 is sound: [N, 3, 32, 32] -> [N, 10], 6,573,120 params, 379.3 M MACs

    stage   output               params     MACs
    image   [N, 3, 32, 32]            0    0.0 M
    prep    [N, 64, 32, 32]       1,856    1.8 M
    layer1  [N, 128, 16, 16]    369,408  151.0 M
    layer2  [N, 256, 8, 8]      295,424   75.5 M
    layer3  [N, 512, 4, 4]    5,901,312  151.0 M
    head    [N, 10]               5,120    0.0 M
    total   [N, 10]           6,573,120  379.3 M

    memory of a training step: [bytes] (512 images in fp32)
    ");
}

#[test]
fn overrides_are_echoed_and_claims_about_the_file_as_written_are_left_out() {
    let out = netc(&["check", "nets/base.net", "--set", "width=32", "--set", "res=[1, 3]"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("with width = 32, res = [1, 3]\n"), "{}", text(&out.stdout));
    let misspelt = netc(&["check", "nets/base.net", "--set", "widht=32"]);
    assert_eq!(misspelt.status.code(), Some(1));
    assert!(text(&misspelt.stderr).contains("did you mean `width`?"));
    let outside = netc(&["check", "nets/base.net", "--set", "res=[4]"]);
    assert!(text(&outside.stderr).contains("expected a list of some of 1, 2, 3"));
}

#[test]
fn json_is_a_line_a_file_with_the_documented_keys() {
    let out = netc(&[
        "check",
        "--format",
        "json",
        "nets/resnet9.net",
        "tests/cases/check_err/shortcut_of_another_shape.net",
    ]);
    let lines: Vec<Value> =
        text(&out.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let [good, bad] = lines.as_slice() else { panic!("two files, two lines") };
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut expected =
        ["file", "net", "ok", "params", "macs", "memory", "output", "nodes", "problems"];
    expected.sort_unstable();
    for line in &lines {
        assert_eq!(keys(line), expected);
    }
    assert_eq!(
        (&good["ok"], &good["params"], &good["macs"]),
        (&true.into(), &6_573_120.into(), &379_261_952.into())
    );
    assert_eq!(good["output"], serde_json::json!([10]));
    assert_eq!(
        good["nodes"][1],
        serde_json::json!({
            "path": "prep.conv", "op": "conv", "inputs": ["image"],
            "shape": [64, 32, 32], "params": 1728, "macs": 1_769_472
        })
    );
    let problem = &bad["problems"][0];
    assert_eq!(
        (&bad["ok"], &problem["severity"], &problem["code"]),
        (&false.into(), &"error".into(), &"shape".into())
    );
    assert_eq!((&problem["line"], &problem["column"]), (&3.into(), &3.into()));
    assert!(problem["help"].as_str().unwrap().contains("conv(c, k = 1, stride = 2)"));
}

#[test]
fn fmt_rewrites_in_place_and_check_only_tells() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ugly.net");
    std::fs::write(&file, "net a{input x:[N,3,4,4]\n\n\n  relu->conv( 4 )\noutput y:[N,4,4,4]}")
        .unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(netc(&["fmt", "--check", path]).status.code(), Some(1));
    assert_eq!(netc(&["fmt", path]).status.code(), Some(0));
    let canonical = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        canonical,
        "net a {\n  input x: [N, 3, 4, 4]\n\n  relu -> conv(4)\n  output y: [N, 4, 4, 4]\n}\n"
    );
    assert_eq!(netc(&["fmt", "--check", path]).status.code(), Some(0));
    std::fs::write(&file, "net a {").unwrap();
    assert_eq!(netc(&["fmt", path]).status.code(), Some(1));
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "net a {",
        "a file with errors is left alone"
    );
}

#[test]
fn expand_says_where_each_op_comes_from() {
    let out = text(&netc(&["expand", "nets/extra_l1.net"]).stdout);
    assert!(out.contains("layer1.conv_bn_2.conv: conv(128)"), "{out}");
    assert!(
        out.contains(
            "# nets/lib.net:4, in conv_bn(c = 128, k = 3, stride = 1), in stage(i = 1, c = 128)"
        ),
        "{out}"
    );
}

#[test]
fn every_command_has_help_with_examples() {
    for command in [
        "new",
        "check",
        "fmt",
        "expand",
        "show",
        "diff",
        "derive",
        "train",
        "eval",
        "completions",
        "man",
    ] {
        let out = netc(&[command, "--help"]);
        assert_eq!(out.status.code(), Some(0));
        assert!(text(&out.stdout).contains("Examples:"), "{command}");
    }
}

#[test]
fn a_file_starts_from_a_net_that_comes_with_netc() {
    let folder = tempfile::tempdir().unwrap();
    let new = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
        command.arg("new").args(args).current_dir(folder.path()).output().unwrap()
    };
    let listed = text(&new(&[]).stdout);
    for net in SHIPPED {
        assert!(listed.contains(&format!("{}  ", net.name)), "{listed}");
        assert_eq!(new(&[net.name]).status.code(), Some(0), "{}", net.name);
        let written = folder.path().join(format!("{}.net", net.name));
        let theirs = compile(&written, &[]);
        assert!(theirs.problems.is_empty(), "{}", net.name);
        let ours = ["nets", "nets/zoo"].map(|at| Path::new(at).join(format!("{}.net", net.name)));
        let ours = ours.iter().find(|path| path.exists()).unwrap();
        let [theirs, ours] = [theirs, compile(ours, &[])]
            .map(|compilation| compilation.net.unwrap().flat_text(None));
        assert_eq!(theirs, ours);
    }
    let again = new(&["resnet9", "base.net"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("base.net exists"), "{}", text(&again.stderr));
    assert!(compile(&folder.path().join("base.net"), &[]).net.unwrap().graph().name == "base");
    let unknown = new(&["resnet-9", "my.net"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("did you mean `resnet9`?"));
    assert!(!folder.path().join("my.net").exists());
}

#[test]
fn the_nets_are_found_from_anywhere() {
    let nets = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets/extra_l1l2l3.net");
    let out = Command::new(env!("CARGO_BIN_EXE_netc"))
        .arg("check")
        .arg(nets)
        .current_dir("/")
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(0));
}

/// One short training from the command line, and the evaluation of what it wrote.
fn trains(data: &str) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let out = out.to_str().unwrap();
    let net = "nets/backbone_norepeat.net";
    let small = ["--set", "width=16", "--limit-train", "768", "--limit-test", "200"];
    let mut args =
        vec!["train", net, "--data", data, "--epochs", "2", "--seed", "3", "--output", out];
    args.extend(small);
    let trained = netc(&args);
    let report = text(&trained.stdout);
    assert_eq!(trained.status.code(), Some(0), "{report}{}", text(&trained.stderr));
    assert!(
        report.contains("finished 2 epochs: test accuracy") && report.contains("written to"),
        "{report}"
    );
    for file in
        ["net.net", "recipe.yaml", "run.json", "checkpoint.safetensors", "log.jsonl", "log.tsv"]
    {
        assert!(Path::new(out).join(file).is_file(), "{file} is not written");
    }
    let tsv = std::fs::read_to_string(Path::new(out).join("log.tsv")).unwrap();
    assert_eq!(tsv.lines().count(), 3, "{tsv}");

    let again = netc(&args);
    assert_eq!(again.status.code(), Some(1), "a finished run is not overwritten");
    assert!(text(&again.stderr).contains("--output"), "{}", text(&again.stderr));

    let evaluated = netc(&["eval", out, "--data", data]);
    assert_eq!(evaluated.status.code(), Some(0), "{}", text(&evaluated.stderr));
}

#[test]
fn a_net_trains_on_generated_images() {
    trains("synthetic");
}

/// On the real CIFAR-10, where `NETC_DATA` says where it is.
#[test]
fn a_net_trains_on_real_images() {
    match std::env::var("NETC_DATA") {
        Ok(folder) => trains(&folder),
        Err(_) => {
            crate::unable::note("commands::a_net_trains_on_real_images", "NETC_DATA is not set")
        }
    }
}

fn refused(args: &[&str], code: i32, words: &str) {
    let out = netc(args);
    assert_eq!(out.status.code(), Some(code), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains(words), "{}", text(&out.stderr));
}

#[test]
fn a_training_that_cannot_start_says_why() {
    refused(&["train", "nets/resnet9.net", "--data", "/nonexistent"], 1, "/nonexistent");
    refused(&["train", "nets/lib.net", "--data", "synthetic"], 1, "no net");
    refused(&["train", "nets/resnet9.net", "--precision", "fp12"], 2, "bf16");
    refused(
        &["train", "nets/resnet9.net", "--device", "cuda:7", "--data", "synthetic"],
        1,
        "cuda:7",
    );
    refused(&["eval", "nets"], 1, "holds no run: run.json: no such file");
    let a_file = "holds no run: it is a file, and a run is a folder";
    refused(&["predict", "nets/resnet9.net", "cat.png"], 1, a_file);
    refused(&["report", "README.md"], 1, "holds no search: it is a file");
    let taken = "README.md: a file, where a folder belongs";
    let small = ["nets/backbone.net", "--data", "synthetic", "--epochs", "1"];
    let there = ["--output", "README.md"];
    refused(&[&["train"], &small[..], &there].concat(), 1, taken);
    refused(&[&["search", "--runs", "1"], &small[..], &there].concat(), 1, taken);
    refused(&["search", "cancel", "README.md"], 1, "README.md holds no search: it is a file");
    refused(&["search", "cancel", "nosuch"], 1, "nosuch holds no search: there is no plan.json");
    let weights = ["--weights", "nets", "--data", "synthetic"];
    refused(&[&["train", "nets/resnet9.net"], &weights[..]].concat(), 1, "nets holds no run");
    let export = ["export", "nets/backbone.net", "--format", "onnx", "--output", "a.onnx"];
    refused(&[&export[..], &["--weights", "nets"]].concat(), 1, "nets holds no run");
    refused(&["fmt", "nets"], 1, "cannot read nets: a folder");
}

#[test]
fn a_profile_that_cannot_be_written_is_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone/step.svg").display().to_string();
    let here = folder.path().join("step.svg").display().to_string();
    // No machine has the memory for such a step.
    let profile = ["profile", "nets/resnet9.net", "--batch", "1000000", "--device", "cpu"];
    for out in ["-o", "--trace"] {
        refused(&[&profile[..], &[out, gone.as_str()]].concat(), 1, "cannot write");
    }
    refused(&[&profile[..], &["-o", &here, "--trace", &here]].concat(), 1, "another output");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_profile_says_where_the_time_goes() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("step.svg");
    let output = Command::new(env!("CARGO_BIN_EXE_netc"))
        .args([
            "profile",
            "nets/resnet9.net",
            "--set",
            "width=16",
            "--batch",
            "8",
            "--steps",
            "1",
            "--device",
            "cpu",
        ])
        .args(["--precision", "fp32", "-o", svg.to_str().unwrap()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let nodes = ["prep.conv", "prep.bn", "layer3.residual.conv_bn_2.bn", "head.linear"];
    for node in nodes {
        let line = text
            .lines()
            .find(|line| line.starts_with(node))
            .unwrap_or_else(|| panic!("{node} in {text}"));
        let times: Vec<f64> =
            line.split_whitespace().skip(1).take(2).map(|ms| ms.parse().unwrap()).collect();
        assert!(times[0] > 0.0 && times[1] > 0.0, "{line}");
    }
    assert!(text.contains("images/s") && text.contains("GMAC/s"));
    let svg = std::fs::read_to_string(svg).unwrap();
    for node in nodes {
        assert!(svg.contains(&format!("<title>{node}: ")), "{node}");
    }
    assert!(svg.contains("<title>layer3.residual: "), "blocks hold their nodes");
}

#[test]
fn an_option_that_is_a_key_of_the_recipe_is_told_so() {
    for (option, key) in [("--lr", "peak_lr"), ("--batch-size", "batch_size")] {
        let out = netc(&["train", "nets/base.net", option, "0.2"]);
        assert_eq!(out.status.code(), Some(2));
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(said.contains(&format!("'--recipe {key}=VALUE'")), "{said}");
    }
    let out = netc(&["check", "nets/base.net", "--lr", "0.2"]);
    assert!(!String::from_utf8_lossy(&out.stderr).contains("--recipe"));
}

#[test]
fn a_number_below_0_is_told_to_be_none_for_its_option() {
    let output = netc(&["train", "--seed", "-1", "nets/resnet9.net"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'--seed' takes no number below 0") && !said.contains("-- -1"), "{said}");
}
