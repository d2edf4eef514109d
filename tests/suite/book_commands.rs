//! Every command of README.md and of the book runs, the small way that `INSTEAD` says, or stands in
//! `NOT_RUN` with the reason. `book.rs` follows the tutorial.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Commands that a test cannot run, by how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("bash scripts/demo.sh", "builds and trains for minutes"),
    ("bash scripts/test.sh", "runs this test"),
    ("scripts/libtorch.sh", "downloads libtorch"),
    ("cargo install", "builds for minutes"),
    (
        "pip install ./netc-VERSION",
        "needs the wheels of a release; scripts/test-release.sh tries it",
    ),
    ("tar xf netc-VERSION", "needs the archive of a release; scripts/test-release.sh tries it"),
    ("bash lib/netc/scripts/libtorch.sh", "the same"),
    ("bin/netc doctor", "the same"),
    ("podman", "needs a container engine"),
    ("scripts/gpu/run.sh", "builds and runs for minutes"),
    ("python3 gpu-kit/scripts/driver.py", "needs a GPU"),
    ("torchrun", "needs PyTorch; RANK=0 and RANK=1 are run"),
    ("netc check --watch", "runs until Ctrl-C; check_formats.rs tries it"),
    ("scripts/pyrefly/run.sh", "needs Pyrefly and PyTorch"),
    ("srun", "needs Slurm"),
    ("sudo apt-get", "installs Slurm; scripts/test-slurm.sh runs what follows"),
    ("eval \"$(scripts/slurm-cluster.sh", "needs Slurm"),
    ("sinfo", "needs Slurm"),
    ("netc search examples/searches/reduced.yaml -o /tmp/search --engine slurm", "needs Slurm"),
    ("netc search status /tmp/search", "needs Slurm"),
    ("scripts/slurm-cluster.sh down", "needs Slurm"),
    ("netc search my.yaml -o /shared/my --engine slurm", "needs Slurm"),
    ("netc search status /shared/my", "needs a search on a cluster"),
    ("netc search cancel /shared/my", "needs a search on a cluster"),
    ("netc report /shared/my", "needs a search on a cluster"),
    ("printf 'one.example", "needs other machines"),
    ("tensorboard", "needs TensorBoard; scripts/test-tensorboard.sh reads such files with it"),
    ("sqlite3", "needs its command line"),
    ("netc check --watch", "goes on until it is interrupted"),
    ("npm ci", "needs Node.js; scripts/test-vscode.sh runs it"),
    ("code --install-extension", "needs VS Code"),
    ("site=", "scripts/test-neovim.sh follows the steps"),
    ("mkdir -p \"$site", "the same"),
    ("cc -O2", "the same"),
    ("cp editors/", "the same, but for Helix"),
    ("hx --grammar", "needs Helix"),
    ("mkdir -p ~/.config/helix", "needs Helix"),
];

/// Twenty images of ten classes.
const SMALL: &str = "--data tiny";

/// What is written in the place of a part of a command so that a test can run it.
const INSTEAD: &[(&str, &str)] = &[
    // It exits with 1 where the nets differ.
    ("-o diff.svg", "-o diff.svg || [ $? = 1 ] && rm diff.svg"),
    ("--epochs 60", "--epochs 1"),
    (
        "--over res,extra --epochs 20,22 --runs 10",
        "--over res=[[1],[3]] --epochs 1 --runs 1 --set width=8 SMALL",
    ),
    ("--epochs 8 --limit-train 8000 --limit-test 2000", "SMALL --epochs 1"),
    ("nets/resnet9.net --epochs 1 --limit-train 5120", "nets/resnet9.net"),
    ("netc train nets/resnet9.net", "netc train nets/resnet9.net SMALL --epochs 1"),
    ("netc train nets/backbone.net", "netc train nets/backbone.net SMALL --epochs 1"),
    ("netc train nets/dawnbench.net", "netc train nets/dawnbench.net SMALL --epochs 1"),
    (
        "netc train nets/backbone_norepeat.net",
        "netc train nets/backbone_norepeat.net SMALL --epochs 1",
    ),
    ("netc train nets/backbone_3x3.net", "netc train nets/backbone_3x3.net SMALL --epochs 1"),
    (
        "netc train nets/backbone_maxpool.net",
        "netc train nets/backbone_maxpool.net SMALL --epochs 1",
    ),
    (
        "netc train nets/backbone_globalmax.net",
        "netc train nets/backbone_globalmax.net SMALL --epochs 1",
    ),
    ("netc train nets/resnet9_fast.net", "netc train nets/resnet9_fast.net SMALL --epochs 1"),
    ("netc train nets/base.net --conv", "netc train nets/base.net SMALL --epochs 1 --conv"),
    ("netc train nets/extra_l1l2l3.net", "netc train nets/extra_l1l2l3.net SMALL"),
    ("netc train my.net --data photos", "netc train my.net --data photos --epochs 1"),
    ("netc reproduce nets/*.net", "netc reproduce nets/backbone.net nets/lib.net SMALL --dry-run"),
    ("searches/reduced.yaml --dry-run", "searches/reduced.yaml SMALL --dry-run"),
    ("searches/reduced.yaml -o", "searches/reduced.yaml SMALL --runs 1 --epochs 1 -o"),
    ("netc profile nets/", "netc profile --batch 2 nets/"),
    ("--batch 128", ""),
    ("--batch 32", ""),
    ("--resume runs/resnet9-0", "--resume runs/resnet9-0 || test $? = 1"),
];

/// Commands whose output is another each time, by how they begin.
const VARIES: &[&str] = &["netc train nets/", "netc predict", "netc eval"];

/// A command, and what stands below it where it is shown with its output.
struct Shown {
    page: PathBuf,
    command: String,
    output: Option<String>,
}

fn pages() -> Vec<(PathBuf, String)> {
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir("docs").unwrap().map(|e| e.unwrap().path()).collect();
    // The tutorial is followed elsewhere, and the index of errors has texts of its own.
    pages.retain(|p| p.extension().is_some_and(|e| e == "md") && !p.ends_with("tutorial.md"));
    pages.push(PathBuf::from("README.md"));
    pages.sort();
    pages.into_iter().map(|page| (page.clone(), std::fs::read_to_string(page).unwrap())).collect()
}

/// The commands of a page's blocks, and those between back quotes that name a file.
fn commands(page: &Path, text: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut add =
        |command: String, output| found.push(Shown { page: page.to_owned(), command, output });
    for (i, part) in text.split("```").enumerate() {
        let (kind, block) = part.split_once('\n').unwrap_or((part, ""));
        match (i % 2 == 1, kind) {
            (false, _) => {
                let one_line = |code: &str| code.split_whitespace().collect::<Vec<_>>().join(" ");
                let inline = part.split('`').skip(1).step_by(2).map(one_line);
                let whole = inline.filter(|code| code.starts_with("netc "));
                whole
                    .filter(|c| ["nets/", "runs/", "searches/"].iter().any(|w| c.contains(w)))
                    .filter(|c| !c.contains("..."))
                    .for_each(|code| add(code, None));
            }
            (true, "sh" | "bash" | "console" | "shell") => {
                logical_lines(block).into_iter().for_each(|line| add(line, None));
            }
            (true, "") if block.starts_with("$ ") => {
                let (command, output) = block[2..].split_once('\n').unwrap();
                add(command.to_owned(), Some(output.to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// The commands of a block: a line that ends in `\` goes on, a loop is one command, and so are
/// those that run at the same time.
fn logical_lines(block: &str) -> Vec<String> {
    let (mut lines, mut open) = (Vec::new(), String::new());
    for line in block.lines() {
        open += line;
        let in_loop = open.starts_with("for ") && !open.ends_with("done");
        match open.ends_with('\\') || open.ends_with('&') || in_loop {
            true => open.push('\n'),
            false => lines.push(std::mem::take(&mut open)),
        }
    }
    // What runs at the same time is waited for.
    let background = open.trim_end().strip_suffix('&').map(|rest| format!("{rest}& wait"));
    lines.extend(background);
    lines.retain(|line| !line.is_empty() && !line.starts_with('#'));
    lines
}

/// A folder with all that the pages speak of, and a shell in it that knows netc.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        for folder in ["nets", "nets/zoo", "examples/searches", "examples/recipes"] {
            let to = desk.0.path().join(folder);
            std::fs::create_dir_all(&to).unwrap();
            for entry in std::fs::read_dir(folder)
                .unwrap()
                .map(Result::unwrap)
                .filter(|e| e.path().is_file())
            {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
        std::fs::create_dir_all(desk.0.path().join("docs/pictures")).unwrap();
        for (i, image) in
            ["train/cat/1", "train/dog/2", "test/cat/3", "test/dog/4"].iter().enumerate()
        {
            for set in ["photos", "marks"] {
                desk.image(&format!("{set}/{image}.png"), i as u8);
            }
        }
        for i in 0..20 {
            desk.image(
                &format!("tiny/{}/class{}/{i}.png", ["train", "test"][i / 10], i % 10),
                i as u8,
            );
        }
        ["cat.png", "deer.png", "ship.png"].iter().for_each(|name| desk.image(name, 9));
        let net = "net NAME(classes = 2) {\n  input image: [N, 3, 32, 32]\n  \
                   conv(4) -> relu -> globalmaxpool -> flatten -> linear(classes)\n  output logits: [N, classes]\n}\n";
        for name in ["my", "marks"] {
            std::fs::write(
                desk.0.path().join(name).with_extension("net"),
                net.replace("NAME", name),
            )
            .unwrap();
        }
        let wrong = "tests/cases/check_err/shortcut_of_another_shape.net";
        std::fs::copy(wrong, desk.0.path().join("shortcut.net")).unwrap();
        for made in [
            "netc export my.net --format safetensors -o my.safetensors",
            "netc export my.net --format onnx -o model.onnx",
            "netc export nets/zoo/squeezenet1_1.net --format onnx -o resnet18.onnx",
        ] {
            desk.run(made).unwrap();
        }
        desk
    }

    fn image(&self, name: &str, shade: u8) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let pixel = |x: u32, y: u32| image::Rgb([x as u8 * 8, y as u8 * 8, shade]);
        image::RgbImage::from_fn(32, 32, pixel).save(path).unwrap();
    }

    /// What a command prints; the error is what it printed before it failed.
    fn run(&self, command: &str) -> Result<String, String> {
        let programs = Path::new(env!("CARGO_BIN_EXE_netc")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        let shell = shell.args(["-c", command]).current_dir(self.0.path()).env("PATH", path);
        let done = shell.output().unwrap();
        let printed = String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
        if done.status.success() { Ok(printed.into_owned()) } else { Err(printed.into_owned()) }
    }
}

/// Whether an output is what a page shows, in which a line of dots stands for any.
fn as_shown(printed: &str, shown: &str) -> bool {
    let printed: Vec<&str> = printed.trim().lines().map(str::trim_end).collect();
    let mut at = 0;
    for part in format!("\n{}", shown.trim_end()).split("\n  ...") {
        let part: Vec<&str> = part.trim_matches('\n').lines().map(str::trim_end).collect();
        match printed[at..].windows(part.len().max(1)).position(|lines| lines == part) {
            Some(i) => at += i + part.len(),
            None if part.is_empty() => {}
            None => return false,
        }
    }
    true
}

#[test]
fn every_command_runs_or_has_a_reason_not_to() {
    let desk = Desk::new();
    let (mut used, mut seen, mut wrong) = (BTreeSet::new(), 0, Vec::new());
    for (page, text) in pages() {
        for Shown { page, mut command, output } in commands(&page, &text) {
            seen += 1;
            if let Some((begin, _)) = NOT_RUN.iter().find(|(begin, _)| command.starts_with(begin)) {
                used.insert(*begin);
                continue;
            }
            let varies = VARIES.iter().any(|begin| command.starts_with(begin));
            let written = command.clone();
            for (part, other) in INSTEAD.iter().filter(|(part, _)| written.contains(part)) {
                used.insert(*part);
                command = command.replace(part, &other.replace("SMALL", SMALL));
            }
            println!("{}: {command}", page.display());
            let done = desk.run(&command);
            match (done, output) {
                (Ok(printed) | Err(printed), Some(shown)) if !varies => {
                    if !as_shown(&printed, &shown) {
                        wrong.push(format!("{}: {command}\nprints\n{printed}", page.display()));
                    }
                }
                (Ok(_), _) => {}
                (Err(printed), _) => {
                    wrong.push(format!("{}: {command}\nfails\n{printed}", page.display()))
                }
            }
        }
    }
    // What other languages load by name is there by now.
    for (page, text) in pages() {
        for file in text.split('"').filter(|word| word.starts_with("runs/")) {
            if !desk.0.path().join(file).exists() {
                wrong.push(format!("{} loads {file}, which no command writes", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} commands:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 80, "only {seen} commands found");
    let all = NOT_RUN.iter().map(|(begin, _)| begin).chain(INSTEAD.iter().map(|(part, _)| part));
    let left: Vec<_> = all.filter(|one| !used.contains(**one)).collect();
    assert!(left.is_empty(), "no page has {left:?} any more");
}

/// What the pages call `netc SUBCOMMAND --flag` in passing has these names.
#[test]
fn subcommands_and_flags_that_are_mentioned_exist() {
    let netc = |words: [&str; 2]| {
        let out = Command::new(env!("CARGO_BIN_EXE_netc")).args(words).output().unwrap();
        (out.status.success(), String::from_utf8(out.stderr).unwrap())
    };
    let mut seen = 0;
    for (page, text) in pages() {
        let fences = text.split("```").step_by(2).collect::<String>();
        for code in fences.split('`').skip(1).step_by(2) {
            let mut words = code.split_whitespace().skip_while(|word| word.contains('='));
            let (Some("netc"), Some(name)) = (words.next(), words.next()) else { continue };
            // The contenders of a table.
            if ["bf16", "fp32"].contains(&name) || name.starts_with('-') {
                continue;
            }
            assert!(netc([name, "--help"]).0, "{}: there is no `netc {name}`", page.display());
            for flag in words.filter(|word| word.starts_with("--")) {
                let flag = flag.split(['=', ',']).next().unwrap();
                // Some flags are in no help.
                let complaint = netc([name, flag]).1;
                let unknown = format!("unexpected argument '{flag}'");
                assert!(!complaint.contains(&unknown), "{}: `{code}`: {complaint}", page.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} commands found");
}

/// A word between back quotes that looks like a path of this repository is one.
#[test]
fn files_that_are_mentioned_exist() {
    let roots = [
        "src/",
        "tests/",
        "scripts/",
        "docs/",
        "nets/",
        "examples/",
        "bench/",
        "fuzz/",
        "editors/",
        "web/",
    ];
    let mut seen = 0;
    for (page, text) in pages() {
        for code in text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace) {
            let made = code.contains(['*', '$', '<', '{']) || code.starts_with("web/dist");
            if made || !roots.iter().any(|root| code.starts_with(root)) {
                continue;
            }
            let file = code.trim_end_matches([',', '.', ')', ':']);
            assert!(Path::new(file).exists(), "{} names {file}", page.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} files found");
}
