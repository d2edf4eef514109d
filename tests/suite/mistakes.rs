//! Single mistakes in every net that netc ships: each is reported, at its line or where it
//! conflicts.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use netc::diag::{Problem, Severity, Sources};
use netc::{Compilation, compile};

/// What the report of a mistake must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    /// It stands at the mistake's line and suggests this word.
    Suggest(&'static str),
    /// It stands at the mistake's line.
    PointAt,
    /// It is about shapes and names two of them.
    NameShapes,
    /// It stands at the line that claims otherwise and names both numbers, or is about shapes.
    Contradict,
    /// It says what is missing.
    Miss(&'static str),
}

use Must::{Contradict, Miss, NameShapes, PointAt, Suggest};

/// What is done wrong; the texts of which the first that is there is replaced; the replacement.
type Mistake = (&'static str, &'static str, &'static str, Must);

const MISTAKES: &[Mistake] = &[
    // Wrong names.
    ("op misspelt", "conv(", "cnov(", Suggest("conv")),
    ("op misspelt", "-> maxpool(", "-> maxpol(", Suggest("maxpool")),
    ("op misspelt", "globalmaxpool", "globalmaxpol", Suggest("globalmaxpool")),
    ("op misspelt", "avgpool(", "avgpol(", Suggest("avgpool")),
    ("op misspelt", "flatten", "flaten", Suggest("flatten")),
    ("op misspelt", "linear(", "linaer(", Suggest("linear")),
    ("op misspelt", "-> relu", "-> rellu", Suggest("relu")),
    ("op misspelt", "bn ->", "bnn ->", Suggest("bn")),
    ("op misspelt", "concat(", "concta(", Suggest("concat")),
    ("op misspelt", "add(", "ad(", Suggest("add")),
    ("op misspelt", "mul(", "mull(", Suggest("mul")),
    ("op in capitals", "linear(", "Linear(", Suggest("linear")),
    ("block misspelt", ": conv_bn(", ": convbn(", Suggest("conv_bn")),
    ("block misspelt", ": preact(", ": praect(", Suggest("preact")),
    ("block misspelt", "-> residual", "-> residaul", Suggest("residual")),
    ("block misspelt", ": stage(", ": staeg(", Suggest("stage")),
    ("imported name misspelt", "net\": conv_bn", "net\": conv_bm", Suggest("conv_bn")),
    ("imported name misspelt", "net\": preact", "net\": praect", Suggest("preact")),
    ("imported file misspelt", "\"lib.net\"", "\"lbi.net\"", Suggest("lib.net")),
    ("parent misspelt", "\"base.net\"", "\"bsae.net\"", Suggest("base.net")),
    (
        "parent misspelt",
        "\"backbone_norepeat.net\"",
        "\"backbone_norepat.net\"",
        Suggest("backbone_norepeat.net"),
    ),
    ("argument misspelt", "stride = 2", "strid = 2", Suggest("stride")),
    ("argument misspelt", "bias =", "bais =", Suggest("bias")),
    ("argument misspelt", "(gamma", "(gama", Suggest("gamma")),
    ("distribution misspelt", "uniform(", "unifrom(", Suggest("uniform")),
    ("parent's parameter misspelt", "(extra =", "(extar =", Suggest("extra")),
    ("parent's parameter misspelt", "(res =", "(rse =", Suggest("res")),
    ("parent's parameter misspelt", "(width = 128", "(widht = 128", Suggest("width")),
    ("parameter misspelt", "*width", "*widht", Suggest("width")),
    ("parameter misspelt", "mul(scale", "mul(sclae", Suggest("scale")),
    ("parameter misspelt", "if extra", "if exta", Suggest("extra")),
    ("stage misspelt", "= layer", "= layr", Suggest("layer")),
    ("branch misspelt", "(avg)", "(agv)", Suggest("avg")),
    ("branch misspelt", "add(short)", "add(shrot)", Suggest("short")),
    ("recipe key misspelt", "epochs =", "epohcs =", Suggest("epochs")),
    ("recipe key misspelt", "accuracy =", "acuracy =", Suggest("accuracy")),
    ("claim misspelt", "expect params", "expect parms", Suggest("params")),
    ("keyword misspelt", "\nnet ", "\nnte ", Suggest("net")),
    ("keyword misspelt", "import", "imprt", Suggest("import")),
    ("keyword misspelt", "  input", "  inptu", Suggest("input")),
    ("keyword misspelt", "  output", "  ouput", Suggest("output")),
    ("keyword misspelt", "  expect", "  exepct", Suggest("expect")),
    ("keyword misspelt", "  recipe", "  recpie", Suggest("recipe")),
    ("keyword misspelt", "  default", "  defualt", Suggest("default")),
    ("keyword misspelt", "block", "blokc", Suggest("block")),
    ("keyword misspelt", "extends", "extneds", Suggest("extends")),
    ("keyword misspelt", " if ", " fi ", Suggest("if")),
    ("type misspelt", "subset(", "subst(", Suggest("subset")),
    ("type misspelt", "int(", "itn(", Suggest("int")),
    ("Python's word", "\nblock", "\ndef", Suggest("block")),
    // Slips of the pen.
    (": for =", "stride = 2", "stride: 2", Suggest("=")),
    (": for =", "bias = ", "bias: ", Suggest("=")),
    ("// for #", "# ", "// ", Suggest("#")),
    ("arrow lost", " -> ", " ", PointAt),
    ("closing ) lost", "(10", "(10 ->", PointAt),
    ("closing ] lost", "32]", "32", PointAt),
    ("opening { lost", ") {", ")", PointAt),
    ("closing } of the net lost", "\n}\n", "\n", Miss("}")),
    ("closing quote lost", ".net\"", ".net", PointAt),
    ("comma lost", "bias = false)", "bias = false bias)", PointAt),
    ("value lost", "= 64", "=", PointAt),
    // Wrong numbers and types.
    ("a word for a number", "linear(10", "linear(\"ten\"", PointAt),
    ("a number for a word", "bias = false", "bias = 3", PointAt),
    ("a window of 0", "maxpool(2)", "maxpool(0)", PointAt),
    ("a window of 2.5", "maxpool(2)", "maxpool(2.5)", PointAt),
    ("a negative width", "2*width", "-2*width", PointAt),
    ("outside the domain", "[1, 3])", "[1, 4])", PointAt),
    ("outside the domain", "(width = 128", "(width = 4", PointAt),
    ("one for a list", "= [1])", "= 1)", PointAt),
    ("a list for one", "(k = 3)", "(k = [])", PointAt),
    ("text for a number of epochs", "epochs = 20", "epochs = \"many\"", PointAt),
    ("an accuracy above 100", "accuracy = ", "accuracy = 1", PointAt),
    ("an argument too many", "flatten", "flatten(2)", PointAt),
    ("an argument twice", "bias = false", "bias = false, bias = true", PointAt),
    ("a label twice", "layer3:", "layer2:", PointAt),
    ("a claim of another number", "expect params == ", "expect params == 1", PointAt),
    // Wrong shapes.
    ("no stride", "stride = 2)", "stride = 1)", Contradict),
    ("another stride in a block", "stride = stride) ->", "stride = 2) ->", Contradict),
    ("flatten left out", "flatten -> ", "", NameShapes),
    ("another window on one branch", "avgpool(4)", "avgpool(2)", NameShapes),
    ("a window too large", "maxpool(4)", "maxpool(5)", NameShapes),
    ("too many classes", "linear(10", "linear(11", NameShapes),
    ("another output", "[N, 10]", "[N, 100]", NameShapes),
    ("smaller images", "32, 32]", "2, 2]", NameShapes),
    ("another shape claimed", ", 4, 4]", ", 8, 8]", NameShapes),
    ("a signature of another shape", "H/stride, W/stride]", "H, W]", NameShapes),
    ("projection without its stride", "k = 1, stride = stride)", "k = 1)", NameShapes),
    (
        "a block that shrinks its input",
        "conv_bn -> conv_bn\n",
        "conv_bn(stride = 2) -> conv_bn\n",
        NameShapes,
    ),
    (
        "a block that widens its input",
        "conv_bn -> conv_bn\n",
        "conv_bn(128) -> conv_bn(32)\n",
        NameShapes,
    ),
    ("a pool left out", " -> maxpool(2) -> residual", " -> residual", Contradict),
    ("a pool left out", "conv_bn(c) -> maxpool(2)", "conv_bn(c)", Contradict),
    ("a pool left out", " -> maxpool(2)\n  avg", "\n  avg", Contradict),
    ("a convolution more", "flatten", "conv(16) -> flatten", Contradict),
    // Lines left out.
    ("no input", "  input image: [N, 3, 32, 32]\n", "", Miss("input")),
    ("no output", "  output logits: [N, 10]\n", "", Miss("output")),
    ("no import", "import \"lib.net\": conv_bn\n", "", Miss("conv_bn")),
    ("no import", "import \"lib.net\": conv_bn, residual\n", "", Miss("conv_bn")),
    ("no import", "import \"lib.net\": preact\n", "", Miss("preact")),
    ("no branch", "  avg = layer4 -> avgpool(4)\n", "", Miss("avg")),
    ("no branch", "  pre: bn -> relu\n", "", Miss("pre")),
    ("no stage", "  prep:   conv(width)\n", "", Contradict),
    ("no stage", "  layer1: conv_bn(2*width) -> maxpool(2)\n", "", Contradict),
];

/// Where a report stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Line,
    Elsewhere,
}

/// The nets in a folder of their own, one of them changed.
struct Bench {
    folder: tempfile::TempDir,
    nets: Vec<(String, String)>,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets");
        let mut nets: Vec<(String, String)> = Vec::new();
        for entry in std::fs::read_dir(source).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let (name, text) = (path.file_name().unwrap(), std::fs::read_to_string(&path).unwrap());
            std::fs::write(folder.path().join(name), &text).unwrap();
            nets.push((name.to_str().unwrap().to_string(), text));
        }
        nets.sort();
        Bench { folder, nets }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The compilation with a file changed; blocks without a net are seen through the nets that
    /// call them.
    fn compile(&self, name: &str, text: &str) -> Compilation {
        std::fs::write(self.path(name), text).unwrap();
        let mut found = compile(&self.path(name), &[]);
        if name == "lib.net" {
            for caller in ["resnet9.net", "dawnbench.net", "backbone.net"] {
                if found.ok() {
                    found = compile(&self.path(caller), &[]);
                }
            }
        }
        let (_, sound) = self.nets.iter().find(|(n, _)| n == name).unwrap();
        std::fs::write(self.path(name), sound).unwrap();
        found
    }
}

/// A text with one mistake, and its line from 1: `from` at its first place outside the comments at
/// the top.
fn mistaken(text: &str, from: &str, to: &str) -> Option<(String, usize)> {
    let top = if from.starts_with('#') { 0 } else { end_of_comments(text) };
    let at = top + text[top..].find(from)?;
    let wrong = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
    // The change begins where the two texts first differ.
    let same = text.bytes().zip(wrong.bytes()).take_while(|(a, b)| a == b).count();
    Some((wrong, text[..same].matches('\n').count() + 1))
}

fn end_of_comments(text: &str) -> usize {
    text.split_inclusive('\n')
        .take_while(|l| l.starts_with('#'))
        .map(str::len)
        .sum::<usize>()
        .saturating_sub(1)
}

/// Whether a problem stands at a line of a file, by its place or by the place of one of its labels.
fn stands_at(problem: &Problem, sources: &Sources, file: &str, line: usize) -> bool {
    let spans = problem.span.iter().chain(problem.related.iter().map(|(span, _)| span));
    spans.into_iter().any(|&span| {
        let source = sources.get(span.file);
        let text = &source.text;
        let of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
        source.name.ends_with(file) && (of(span.start)..=of(span.end)).contains(&line)
    })
}

/// All that a problem says, but for the excerpt.
fn words(problem: &Problem) -> String {
    let mut words = format!("{}\n{}\n", problem.message, problem.label);
    for (_, label) in &problem.related {
        words += &format!("{label}\n");
    }
    words += problem.help.as_deref().unwrap_or_default();
    for fix in &problem.fixes {
        words += &format!("\n{}", fix.title);
        fix.edits.iter().for_each(|(_, text)| words += &format!("\n{text}"));
    }
    words
}

/// The error that says what must be said, and where it stands; or why there is none.
fn judge(
    found: &Compilation,
    file: &str,
    line: usize,
    must: Must,
) -> Result<(&'static str, Place), String> {
    let all = found.problems.sorted();
    let errors: Vec<&Problem> =
        all.into_iter().filter(|p| p.severity() == Severity::Error).collect();
    if errors.is_empty() {
        return Err("no error".into());
    }
    let at = |p: &Problem| stands_at(p, &found.sources, file, line);
    let two_shapes = |p: &Problem| words(p).matches('[').count() >= 2;
    let (first, fits): (Option<&&Problem>, bool) = match must {
        PointAt => (errors.iter().find(|p| at(p)), true),
        Suggest(word) => (errors.iter().find(|p| at(p) && suggests(p, word)), true),
        NameShapes => (errors.iter().find(|p| two_shapes(p)), true),
        Contradict => {
            (errors.first(), two_shapes(errors[0]) || errors[0].code.as_str() == "expect")
        }
        Miss(word) => (errors.iter().find(|p| words(p).contains(word)), true),
    };
    match first.filter(|_| fits) {
        Some(problem) => {
            Ok((problem.code.as_str(), if at(problem) { Place::Line } else { Place::Elsewhere }))
        }
        None => Err(errors.iter().map(|p| words(p)).collect::<Vec<_>>().join("\n---\n")),
    }
}

/// Whether a repair or the help offers a word.
fn suggests(problem: &Problem, word: &str) -> bool {
    let help = problem.help.as_deref().unwrap_or_default();
    let in_fix = |text: &str| text.contains(word);
    help.contains(&format!("`{word}"))
        || problem.fixes.iter().any(|f| f.edits.iter().any(|(_, t)| in_fix(t)))
}

#[test]
fn every_mistake_is_reported_where_it_is() {
    let bench = Bench::new();
    let mut table = String::from("mistake | replaced | by | files | reported as | where\n");
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for &(what, from, to, must) in MISTAKES {
        let (mut codes, mut places, mut files) = (BTreeSet::new(), BTreeSet::new(), 0);
        for (name, text) in &bench.nets {
            let Some((changed, line)) = mistaken(text, from, to) else { continue };
            (files, tried) = (files + 1, tried + 1);
            match judge(&bench.compile(name, &changed), name, line, must) {
                Ok((code, place)) => {
                    codes.insert(code);
                    places.insert(place);
                }
                Err(why) => wrong.push(format!("{name}:{line}: {what}: {from:?} -> {to:?}: {why}")),
            }
        }
        assert!(files > 0, "no net has {from:?}");
        let codes: Vec<&str> = codes.into_iter().collect();
        let places: Vec<&str> = places
            .into_iter()
            .map(|p| if p == Place::Line { "at the line" } else { "where it conflicts" })
            .collect();
        writeln!(
            table,
            "{what} | {from:?} | {to:?} | {files} | {} | {}",
            codes.join(", "),
            places.join(", ")
        )
        .unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} of {tried} not as they should be:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    writeln!(table, "{} mistakes, {tried} times", MISTAKES.len()).unwrap();
    crate::check::snapshots().bind(|| insta::assert_snapshot!("mistakes", table));
}
