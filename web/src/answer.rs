//! Questions and their answers.

use std::path::Path;

use netc::check::Checked;
use netc::diag::colour::coloured;
use netc::diag::{Code, Sources};
use netc::graph::op;
use netc::syntax::{self, KEYWORDS, Overlay};
use netc::tools::diff;
use netc::tools::draw::draw_apart;
use netc::{Compilation, compile_over, lsp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::net::{Net, look, picture};
use crate::parameter::parameters;
use crate::problem::List;

/// The nets that the page comes with, by path.
const NETS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/nets.rs"));

/// Values of parameters, as the language writes them.
type Set = Vec<(String, String)>;

/// What a page can ask.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
enum Question {
    /// What there is: nets, words, codes.
    About,
    /// `netc check` and `netc show`.
    Check { files: Overlay, file: String, set: Set, columns: usize },
    /// `netc draw`.
    Draw { files: Overlay, file: String, set: Set, collapse: bool, stacks: Option<usize> },
    /// `netc diff`, as text and as two pictures.
    Diff { files: Overlay, a: String, b: String, set: Set, collapse: bool, stacks: Option<usize> },
    /// What an editor asks the language server, about files at the root: `/resnet9.net`.
    Editor { files: Overlay, method: String, params: Value },
    /// `netc fmt`.
    Format { file: String, text: String },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    About(About),
    Check(Box<Check>),
    Draw { svg: Option<String> },
    Diff(Option<Difference>),
    Format { text: Option<String> },
    Editor { result: Value },
    Refused { refused: String },
}

#[derive(Debug, Serialize)]
struct About {
    version: &'static str,
    nets: &'static [(&'static str, &'static str)],
    keywords: &'static [&'static str],
    ops: Vec<&'static str>,
    /// The page of each code.
    codes: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Serialize)]
struct Check {
    /// The file and all that it imports or extends.
    files: Vec<String>,
    problems: List,
    /// None if anything is wrong, or if the file holds blocks alone.
    net: Option<Net>,
    /// Whether nothing stands in the file but comments.
    empty: bool,
}

#[derive(Debug, Serialize)]
struct Difference {
    /// Like `netc diff`, with the codes of a terminal's colours.
    full: String,
    /// Like `netc diff --summary`.
    summary: String,
    /// Both nets, with what differs marked.
    pictures: [String; 2],
    #[serde(flatten)]
    found: diff::Diff,
}

/// Answers a question. One that makes no sense is refused, in words.
pub fn answer(question: &str) -> String {
    let answer = match serde_json::from_str(question) {
        Ok(question) => about(question),
        Err(error) => Answer::Refused { refused: error.to_string() },
    };
    // Names, numbers and texts always serialise.
    serde_json::to_string(&answer).unwrap_or_default()
}

fn about(question: Question) -> Answer {
    match question {
        Question::About => Answer::About(About {
            version: env!("CARGO_PKG_VERSION"),
            nets: NETS,
            keywords: KEYWORDS,
            ops: op::signatures().map(|s| s.name).collect(),
            codes: Code::ALL.iter().map(|code| (code.as_str(), code.page())).collect(),
        }),
        Question::Check { files, file, set, columns } => {
            let compilation = compile_over(Path::new(&file), &set, &files);
            Answer::Check(Box::new(check(&compilation, &file, &files, columns)))
        }
        Question::Draw { files, file, set, collapse, stacks } => {
            let net = net(&file, &set, &files);
            Answer::Draw { svg: net.map(|net| picture(&net, look(collapse, stacks))) }
        }
        Question::Diff { files, a, b, set, collapse, stacks } => {
            Answer::Diff(net(&a, &[], &files).zip(net(&b, &set, &files)).map(|(a, b)| {
                let found = diff::diff(&a, &b);
                let [full, summary] =
                    [diff::full(&found), diff::summary(&found)].map(|text| coloured(&text));
                let pictures = draw_apart(&a, &b, &look(collapse, stacks));
                Difference { full, summary, pictures, found }
            }))
        }
        Question::Editor { files, method, params } => {
            let texts = files.into_iter().map(|(name, text)| (format!("/{name}"), text)).collect();
            match lsp::ask(texts, &method, params) {
                Ok(result) => Answer::Editor { result },
                Err(refused) => Answer::Refused { refused },
            }
        }
        Question::Format { file, text } => Answer::Format { text: canonical(&file, &text) },
    }
}

fn check(compilation: &Compilation, file: &str, files: &Overlay, columns: usize) -> Check {
    let sources = &compilation.sources;
    let names = sources.ids().map(|id| sources.get(id).name.clone());
    Check {
        files: names.filter(|name| files.contains_key(name)).collect(),
        problems: List::new(&compilation.problems, sources, columns),
        net: compilation
            .net
            .as_ref()
            .map(|net| Net::new(net, sources, parameters(net, file, files))),
        empty: files.get(file).is_some_and(|text| is_empty(text)),
    }
}

/// Whether a text has nothing but comments.
fn is_empty(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

fn net(file: &str, set: &[(String, String)], files: &Overlay) -> Option<Checked> {
    compile_over(Path::new(file), set, files).net
}

fn canonical(file: &str, text: &str) -> Option<String> {
    let mut sources = Sources::default();
    let id = sources.add(file, text);
    syntax::parse(&sources, id).map(|file| syntax::print(&file)).ok()
}
