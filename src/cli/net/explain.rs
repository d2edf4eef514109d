use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::args::Format;
use crate::cli::markdown::rendered;
use crate::cli::net::args::ExplainArgs;
use crate::cli::net::explain_path;
use crate::cli::out::{misused, print, print_json};
use crate::cli::terminal::width;
use crate::cli::usage::is_part;
use crate::diag::colour::{BOLD, PLAIN};
use crate::diag::elsewhere::{self, Elsewhere};
use crate::diag::{Code, Nearest, did_you_mean};
use crate::graph::op::{Signature, signatures};
use crate::recipe::{KEYS, Key};
use crate::tools::reference::{key_page, op_page};
use crate::tools::std_blocks::{StdBlock, std_blocks};

const SET_WITHOUT_NET: &str = "`--set` is for a net\nhelp: name a file with one";

/// Words that are no topics, and the commands that show what they mean.
const COMMANDS: [(&[&str], &str); 2] = [
    (
        &["fusion", "fused", "fuse", "fusing", "kernel", "kernels"],
        "`netc profile` shows which ops a step computes together, in its column `with it`; \
         `netc passes` what is rewritten",
    ),
    (
        &["pass", "passes", "optimisation", "optimization"],
        "`netc passes` shows what is rewritten, and what that saves",
    ),
];

pub(in crate::cli) fn run(args: &ExplainArgs) -> ExitCode {
    let Some(subject) = &args.subject else {
        if !args.set.set.is_empty() {
            return misused(SET_WITHOUT_NET);
        }
        return match args.format {
            Format::Json => pages(args, &topics()),
            Format::Text => {
                print(&listing());
                ExitCode::SUCCESS
            }
        };
    };
    let word = subject.display().to_string();
    let found = named(&word);
    let is_file = subject.exists() || (found.is_empty() && meant_as_file(subject));
    match found.as_slice() {
        [] if is_file => explain_path::run(args, subject),
        [] => unknown(&word),
        [..] if args.path.is_none() => pages(args, &found),
        [..] if is_file => explain_path::run(args, subject),
        [topic, ..] => misused(&format!(
            "`{}` is {}, which has no paths; name a file",
            topic.name(),
            topic.kind()
        )),
    }
}

/// What a word can mean.
enum Topic {
    Op(&'static Signature),
    Block(&'static StdBlock),
    Key(&'static Key),
    Code(Code),
}

impl Topic {
    fn name(&self) -> &'static str {
        match self {
            Topic::Op(signature) => signature.name,
            Topic::Block(block) => &block.name,
            Topic::Key(key) => key.name,
            Topic::Code(code) => code.as_str(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Topic::Op(_) => "an op",
            Topic::Block(_) => "a block of std",
            Topic::Key(_) => "a recipe key",
            Topic::Code(_) => "a code",
        }
    }

    /// What stands before its name on its page.
    fn title(&self) -> &'static str {
        match self {
            Topic::Op(_) => "op",
            Topic::Block(_) => "block of std",
            Topic::Key(_) => "recipe key",
            Topic::Code(code) => code.severity().as_str(),
        }
    }

    fn summary(&self) -> String {
        match self {
            Topic::Op(signature) => signature.doc.into(),
            Topic::Block(block) => block.doc().into(),
            Topic::Key(key) => key.about(),
            Topic::Code(code) => code.summary().into(),
        }
    }

    fn page(&self) -> String {
        match self {
            Topic::Op(signature) => op_page(signature),
            Topic::Block(block) => block.page(),
            Topic::Key(key) => key_page(key),
            Topic::Code(code) => code.page().into(),
        }
    }
}

fn topics() -> Vec<Topic> {
    let ops = signatures().map(Topic::Op);
    let blocks = std_blocks().iter().map(Topic::Block);
    let (keys, codes) = (KEYS.iter().map(Topic::Key), Code::ALL.iter().copied().map(Topic::Code));
    ops.chain(blocks).chain(keys).chain(codes).collect()
}

/// What a word names; where nothing has this name, the recipe keys that it begins or ends.
fn named(word: &str) -> Vec<Topic> {
    let exact: Vec<Topic> = topics().into_iter().filter(|topic| topic.name() == word).collect();
    let keys = || KEYS.iter().filter(|key| is_part(word, key.name)).map(Topic::Key).collect();
    if exact.is_empty() { keys() } else { exact }
}

/// Whether a word looks like a file name, so that the error is about a file.
fn meant_as_file(subject: &Path) -> bool {
    subject.extension().is_some_and(|e| e == "net") || subject.components().count() > 1
}

fn unknown(word: &str) -> ExitCode {
    let elsewhere = || elsewhere::setting(word).or_else(|| elsewhere::op(word));
    let command = COMMANDS.iter().find(|(words, _)| words.contains(&word));
    let said = match (command, elsewhere()) {
        (Some((_, shown)), _) => Err(*shown),
        (None, Some(Elsewhere::Named(name))) => Ok(Nearest::one(name)),
        (None, Some(Elsewhere::LeftOut(why) | Elsewhere::Otherwise(why))) => Err(why),
        (None, None) => Ok(did_you_mean(word, topics().iter().map(Topic::name))),
    };
    let lists = || "`netc explain` lists all that there is".into();
    let help = said.map_or_else(str::to_string, |near| near.question().unwrap_or_else(lists));
    misused(&format!("`{word}` is not an op, block of std, recipe key, code or file\nhelp: {help}"))
}

fn pages(args: &ExplainArgs, topics: &[Topic]) -> ExitCode {
    if !args.set.set.is_empty() {
        return misused(SET_WITHOUT_NET);
    }
    match args.format {
        Format::Json => topics.iter().for_each(|topic| print_json(&json(topic))),
        Format::Text => {
            let page = |topic: &Topic| {
                let (title, name) = (topic.title(), topic.name());
                let page = rendered(&topic.page());
                format!("{BOLD}{title}: {name}{PLAIN}\n\n{}\n", page.trim_end())
            };
            print(&topics.iter().map(page).collect::<Vec<_>>().join("\n"));
        }
    }
    ExitCode::SUCCESS
}

/// A line for each topic, as wide as the terminal.
fn listing() -> String {
    let (mut out, mut kind) = (String::new(), "");
    let topics = topics();
    let names = topics.iter().map(|topic| topic.name().len()).max().unwrap_or(0);
    for topic in &topics {
        if topic.kind() != kind {
            kind = topic.kind();
            let gap = if out.is_empty() { "" } else { "\n" };
            let heading = match topic {
                Topic::Op(_) => "ops",
                Topic::Block(_) => "blocks of std",
                Topic::Key(_) => "recipe keys",
                Topic::Code(_) => "errors and warnings",
            };
            out += &format!("{gap}{BOLD}{heading}{PLAIN}\n");
        }
        let line = format!("  {:names$}  {}", topic.name(), topic.summary());
        out += &format!("{}\n", shortened(&line, width()));
    }
    out
}

/// A line without its end, where that passes the width.
fn shortened(line: &str, most: usize) -> String {
    match line.chars().count() > most {
        true => line.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        false => line.into(),
    }
}

#[derive(Serialize)]
struct TopicJson {
    kind: &'static str,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    summary: String,
    page: String,
}

fn json(topic: &Topic) -> TopicJson {
    let (kind, severity) = match topic {
        Topic::Op(_) => ("op", None),
        Topic::Block(_) => ("block", None),
        Topic::Key(_) => ("key", None),
        Topic::Code(code) => ("code", Some(code.severity().as_str())),
    };
    TopicJson { kind, name: topic.name(), severity, summary: topic.summary(), page: topic.page() }
}
