//! Files from strangers: `netc check` refuses each at once, in little memory, and reads nothing
//! that it was not given.
//!
//! The limits are held by the child process itself and by the clock, so that a hang or a flood
//! fails the test: 1 s and 200 MB with optimisation, more without, where libtorch is linked and
//! code is slow.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netc::limits::{MAX_LINES, MAX_PARTS};
use tempfile::TempDir;

use crate::limited::Limits;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 1 }),
    kib: if cfg!(debug_assertions) { 600 } else { 200 } << 10,
};
/// The most that the report of one file may be.
const WORDS: usize = 1 << 20;

/// What a command did.
pub struct Seen {
    pub code: Option<i32>,
    pub text: String,
}

impl Seen {
    /// It was refused for this reason.
    #[track_caller]
    fn refused(&self, code: &str, words: &str) {
        assert_eq!(self.code, Some(1), "{}", self.head());
        // As if on one line.
        let text = self.text.replace('│', " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = format!("[{code}]");
        let found = text.contains(&code) && text.contains(words);
        assert!(found, "expected {words} {code}, got {}", self.head());
    }

    /// It was refused in these words.
    #[track_caller]
    fn refused_with(&self, words: &str) {
        assert_eq!(self.code, Some(1), "{}", self.head());
        assert!(self.text.contains(words), "expected {words}, got {}", self.head());
    }

    /// It is sound.
    #[track_caller]
    fn sound(&self) {
        assert_eq!(self.code, Some(0), "{}", self.head());
    }

    fn head(&self) -> String {
        self.text.chars().take(2000).collect()
    }
}

/// Runs `netc` in a folder within the limits.
#[track_caller]
pub fn netc(folder: &Path, args: &[&str]) -> Seen {
    let ended = LIMITS.run(env!("CARGO_BIN_EXE_netc"), args, folder, "netc");
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    println!("{name}: {} ms, {} MiB", ended.wall.as_millis(), ended.peak_kib >> 10);
    assert!(ended.peak_kib < LIMITS.kib, "{} KiB", ended.peak_kib);
    assert!(ended.said.len() < WORDS, "{} bytes of words", ended.said.len());
    Seen { code: ended.code, text: ended.said }
}

/// Checks `a.net`, which says `text`.
#[track_caller]
fn check(text: impl AsRef<[u8]>) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.net"), text).unwrap();
    netc(folder.path(), &["check", "a.net"])
}

/// A net around some statements.
fn net(body: &str) -> String {
    format!("net a {{\n  input image: [N, 3, 8, 8]\n{body}\n  output y: [N, 3, 8, 8]\n}}\n")
}

/// `count` lines.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, i| {
        writeln!(text, "{}", line(i)).unwrap();
        text
    })
}

/// So many lines that almost as many words and arrows come together as a file may have.
fn fill(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut words = 0;
    for i in 0.. {
        let line = line(i);
        words += line
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|w| !w.is_empty())
            .count()
            + line.matches('>').count();
        if words > MAX_PARTS - 1000 || i == MAX_LINES - 10 {
            break;
        }
        text += &line;
        text.push('\n');
    }
    text
}

/// A folder with files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

// Depth.

#[test]
fn brackets_100_000_deep() {
    // As many as fit into a file.
    for (open, close, deep) in [
        ("(", ")", 100_000),
        ("[", "]", 100_000),
        ("repeat 2 {", "}", 45_000),
        ("block b {", "}", 45_000),
    ] {
        let many = |unit: &str| format!("{}\n", unit.repeat(100)).repeat(deep / 100);
        let text = net(&format!("{}relu{}", many(open), many(close)));
        check(text).refused("limit", "deep");
    }
}

#[test]
fn operators_100_000_deep() {
    for (unit, deep) in [("a + ", 90_000), ("not ", 90_000), ("-", 100_000), ("a or ", 45_000)] {
        check(net(&format!(
            "expect (\n{}a)",
            format!("{}\n", unit.repeat(100)).repeat(deep / 100)
        )))
        .refused("limit", "deep");
    }
}

// Expansion.

#[test]
fn blocks_that_double_to_a_billion() {
    let doubling = |first: &str, of: &dyn Fn(usize) -> String| {
        let blocks = lines(31, |i| if i == 0 { format!("block b0 {{ {first} }}") } else { of(i) });
        check(blocks + &net("  b30")).refused("limit", "");
    };
    let twice = |i: usize| format!("block b{i} {{ b{0} -> b{0} }}", i - 1);
    doubling("relu", &twice);
    doubling("", &twice);
    doubling("relu if false", &twice);
    doubling("s = in -> relu\n add(s)", &|i| {
        format!("block b{i} {{\n s = in -> b{0}\n b{0} -> add(s) }}", i - 1)
    });
}

#[test]
fn repeats_within_repeats() {
    check(net("repeat 10000 { repeat 10000 { repeat 10000 { relu } } }")).refused("limit", "");
    check(net("repeat 10000 { repeat 10000 { repeat 10000 { } } }")).refused("limit", "");
    check(net("repeat 1000000000 { relu }")).refused("argument", "rounds");
}

#[test]
fn a_large_body_many_times() {
    for line in ["relu if false", "s = in", "block b { relu }", "x -> y"] {
        let body =
            fill(|i| line.replace("s =", &format!("s{i} =")).replace("b {", &format!("b{i} {{")));
        let text = format!("block big {{\n{body}}}\n{}", net("  repeat 10000 { big }"));
        assert_eq!(check(text).code, Some(1));
    }
}

#[test]
fn lists_that_double() {
    let params = lines(40, |i| match i {
        0 => "p0 = [1, 1],".into(),
        _ => format!("p{i} = [p{0}, p{0}],", i - 1),
    });
    check(format!("net a(\n{params}) {{ input x: [N, 1]\n relu if p39 == 1\n output y: [N, 1] }}"))
        .refused("limit", "");
}

#[test]
fn long_lists_many_times() {
    let list = format!("[{}]", vec!["1"; 30_000].join(", "));
    let wide = |text: String| text.replace(", 1, 1, 1, 1, 1, 1, 1, 1", ",\n1, 1, 1, 1, 1, 1, 1, 1");
    check(wide(net(&format!("repeat 10000 {{ relu if len({list}) > 0 }}")))).refused("limit", "");
    let copies = lines(18_000, |i| format!("p{} = p{i},", i + 1));
    let text =
        format!("net a(p0 = {list},\n{copies}) {{ input x: [N, 1]\n relu\n output y: [N, 1] }}");
    check(wide(text)).refused("limit", "");
    let block = format!("block b(p = {list}) {{ relu if len(p) > 0 }}\n");
    check(wide(block + &net("repeat 10000 { repeat 20 { b } }"))).refused("limit", "");
}

#[test]
fn many_parameters_many_times() {
    let params = lines(19_000, |i| format!("p{i} = {i},"));
    let text =
        net("  repeat 10000 { repeat 10 { relu } }").replacen(" {", &format!("(\n{params}) {{"), 1);
    check(text).refused("limit", "");
    let block = format!("block b(\n{params}) {{ relu }}\n");
    check(block + &net("  repeat 10000 { b }")).refused("limit", "");
}

#[test]
fn many_names_many_times() {
    let labels = lines(19_000, |i| format!("  s{i}: relu"));
    check(net(&format!("{labels}\n  repeat 10000 {{ relu -> relu }}"))).sound_or_refused();
    let defaults = fill(|i| format!("  default celu(alpha = {i})"));
    check(net(&format!("{defaults}\n  repeat 9000 {{ celu -> celu -> celu }}"))).sound_or_refused();
}

#[test]
fn many_edits() {
    let edits = lines(18_000, |i| format!("  after s{i}: relu"));
    let base = lines(18_000, |i| format!("  s{i}: relu"));
    let base = net(&base).replace("net a", "net base");
    let child = format!("net a extends \"base.net\" {{\n{edits}}}\n");
    let folder = folder(&[("base.net", &base), ("a.net", &child)]);
    netc(folder.path(), &["check", "a.net"]).sound_or_refused();
    let lost = child.replace("after s", "after gone");
    fs::write(folder.path().join("a.net"), lost).unwrap();
    netc(folder.path(), &["check", "a.net"]).refused("unknown-name", "gone");
}

#[test]
fn many_operands_many_times() {
    let operands = lines(19_000, |_| "s, s, s, s, ".into());
    check(net(&format!("  s: relu\n  add(\n{operands})"))).refused("arity", "1024");
    let operands = lines(1000, |_| "s, ".into());
    check(net(&format!("  s: relu\n  repeat 10000 {{ add(\n{operands}) }}"))).refused("limit", "");
}

#[test]
fn names_without_end() {
    let long = "n".repeat(500_000);
    check(net(&format!("  {long}: relu\n  {long}x"))).refused("limit", "");
    check(net(&format!("  {long}"))).refused("limit", "");
    let words = "many_words_in_a_name_of_a_block_".repeat(7);
    let blocks = lines(40, |i| {
        format!(
            "block {words}{i} {{ {} }}",
            match i {
                0 => "relu -> relu".to_owned(),
                _ => format!("{words}{0} -> {words}{0}", i - 1),
            }
        )
    });
    check(blocks + &net(&format!("  {words}39"))).refused("limit", "");
}

#[test]
fn a_shape_of_100_000_sizes() {
    let shape = format!("[N, {}]", vec!["1"; 100_000].join(",\n"));
    check(format!(
        "net a {{\n input x: {shape}\n repeat 10000 {{ relu }}\n output y: {shape}\n}}\n"
    ))
    .refused("limit", "");
}

// Numbers.

#[test]
fn numbers_past_63_bits() {
    let sized = |size: &str| {
        format!("net a {{\n input x: [N, {size}]\n relu\n output y: [N, {size}]\n}}\n")
    };
    check(sized("9223372036854775808")).refused("limit", "");
    check(sized("99999999999999999999999999999999999999999999")).refused("limit", "");
    check(sized("9223372036854775807")).refused("shape", "too large");
    check(sized("3037000500 * 3037000500")).refused("expression", "too large");
    check(sized("2147483648, 2147483648, 2147483648")).refused("shape", "too large");
    check(sized("0")).refused("signature", "");
    check(sized("-1")).refused("signature", "");
    check(sized("1e400")).refused("limit", "");
    check(sized("9223372036854775807 + 1")).refused("expression", "too large");
    check(sized("(-9223372036854775807 - 1) // -1")).refused("expression", "too large");
    check(sized("(-9223372036854775807 - 1) % -1")).refused("signature", "got 0");
    check(sized("1 // 0")).refused("expression", "zero");
}

#[test]
fn counts_past_64_bits() {
    let huge = "2147483648";
    for body in [
        format!("conv(1, k = {huge}, pad = {huge})"),
        format!("conv(1, k = {huge}, pad = {huge}, dilation = {huge})"),
        format!("conv({huge}, k = [{huge}, 1], pad = [{huge}, 0])"),
        format!("pad({huge})"),
        format!("upsample({huge}) -> upsample({huge})"),
        format!("maxpool({huge}, pad = 1073741824, stride = 1)"),
        format!("avgpool({huge}, pad = 1073741824, stride = {huge}, ceil = true)"),
        format!("flatten -> linear({huge}) -> linear({huge})"),
        "conv(9223372036854775807)".into(),
        "conv(8, k = 1) -> conv(1048576, k = 63, pad = 524287) -> conv(1048576, k = 1023, pad = 511)".into(),
    ] {
        assert_eq!(check(net(&format!("  {body}"))).code, Some(1), "{body}");
    }
}

// Other files.

#[test]
fn files_that_import_one_another() {
    let seen = folder(&[("a.net", "import \"a.net\": b\nblock b { relu }\n")]);
    netc(seen.path(), &["check", "a.net"]).refused("import-cycle", "a.net -> a.net");
    let seen = folder(&[("a.net", "import \"b.net\": b\n"), ("b.net", "import \"a.net\": b\n")]);
    netc(seen.path(), &["check", "a.net"]).refused("import-cycle", "a.net -> b.net -> a.net");
    let seen = folder(&[("a.net", "net a extends \"a.net\" {}\n")]);
    netc(seen.path(), &["check", "a.net"]).refused("import-cycle", "");
    let chain: Vec<(String, String)> = (0..300)
        .map(|i| (format!("f{i}.net"), format!("import \"f{}.net\": b\n", i + 1)))
        .collect();
    let chain: Vec<(&str, &str)> = chain.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let seen = folder(&chain);
    netc(seen.path(), &["check", "f0.net"]).refused("limit", "files");
}

#[test]
fn many_large_imports() {
    let large = fill(|i| format!("block b{i} {{ relu -> relu }}"));
    let files: Vec<(String, &str)> =
        (0..250).map(|i| (format!("f{i}.net"), large.as_str())).collect();
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let imports = lines(250, |i| format!("import \"f{i}.net\": b{i}"));
    let root = imports + &net("  b0");
    files.push(("a.net", &root));
    let seen = folder(&files);
    netc(seen.path(), &["check", "a.net"]).refused("limit", "");
}

/// What lies outside stays unread, and nothing of it is shown.
#[test]
fn imports_from_outside_of_the_project() {
    let outside =
        folder(&[("secret.net", "block b { the_secret }\n"), ("secret.txt", "the_secret\n")]);
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    let whole = outside.path().to_str().unwrap();
    let inside = folder(&[("nets/sub/b.net", "block b { relu }\n")]);
    let nets = inside.path().join("nets");
    symlink(outside.path().join("secret.net"), nets.join("link.net")).unwrap();
    symlink(outside.path(), nets.join("folder")).unwrap();
    symlink("/", nets.join("slash")).unwrap();
    symlink("loop.net", nets.join("loop.net")).unwrap();
    for path in [
        format!("../../{name}/secret.net"),
        format!("sub/../../../{name}/secret.net"),
        format!("{whole}/secret.net"),
        format!("{whole}/secret.txt"),
        format!("{whole}/secret"),
        "link.net".into(),
        "folder/secret.net".into(),
        "folder/secret.txt".into(),
        format!("slash{whole}/secret.net"),
        "/etc/passwd".into(),
        "slash/etc/passwd".into(),
        "../../../../../../../../../../etc/passwd".into(),
    ] {
        for text in [format!("import \"{path}\": b\n"), format!("net a extends \"{path}\" {{}}\n")]
        {
            fs::write(nets.join("a.net"), &text).unwrap();
            let seen = netc(inside.path(), &["check", "nets/a.net"]);
            seen.refused("unreadable", "outside");
            assert!(
                !seen.text.contains("the_secret") && !seen.text.contains("root:"),
                "{}",
                seen.head()
            );
            assert!(!seen.text.contains("secret.net`?"), "{}", seen.head());
        }
    }
    fs::write(nets.join("a.net"), "import \"loop.net\": b\n").unwrap();
    netc(inside.path(), &["check", "nets/a.net"]).refused("unreadable", "");
    fs::write(nets.join("a.net"), "import \"sub/b.net\": b\nblock a { b }\n").unwrap();
    netc(inside.path(), &["check", "nets/a.net"]).sound();
}

/// A repository is one project; elsewhere `NETC_ROOT` says how far it reaches.
#[test]
fn a_project_is_as_large_as_its_repository() {
    let whole = folder(&[
        ("nets/a.net", "import \"../blocks/b.net\": b\nblock a { b }\n"),
        ("blocks/b.net", "block b { relu }\n"),
    ]);
    netc(whole.path(), &["check", "nets/a.net"]).refused("unreadable", "NETC_ROOT");
    fs::create_dir(whole.path().join(".git")).unwrap();
    netc(whole.path(), &["check", "nets/a.net"]).sound();
    netc(&whole.path().join("nets"), &["check", "a.net"]).sound();
}

#[test]
fn files_that_are_none() {
    let here = folder(&[("a.net", "import \"pipe.net\": b\n"), ("folder.net/x", "")]);
    let made = Command::new("mkfifo").arg(here.path().join("pipe.net")).status().unwrap();
    assert!(made.success());
    netc(here.path(), &["check", "a.net"]).refused("unreadable", "pipe");
    netc(here.path(), &["check", "folder.net"]).refused_with("there is no `.net` file in it");
    for file in ["pipe.net", "/dev/zero", "/dev/stdin", "/dev/null", "/dev/tty"] {
        netc(here.path(), &["check", file]).refused("unreadable", file);
        assert_eq!(netc(here.path(), &["fmt", "--check", file]).code, Some(1), "{file}");
    }
    let run = here.path().join("run");
    fs::create_dir(&run).unwrap();
    assert!(Command::new("mkfifo").arg(run.join("run.json")).status().unwrap().success());
    assert_eq!(netc(here.path(), &["plot", "run"]).code, Some(1), "a pipe is no run");
    let sound = here.path().join("sound.net");
    fs::write(&sound, net("  relu")).unwrap();
    let export = ["export", "sound.net", "--format", "onnx", "--weights", "pipe.net"];
    assert_eq!(netc(here.path(), &export).code, Some(1), "a pipe is no weights");
    for file in ["folder.net", "pipe.net"] {
        fs::write(here.path().join("a.net"), format!("net a extends \"{file}\" {{}}\n")).unwrap();
        netc(here.path(), &["check", "a.net"]).refused("unreadable", file);
    }
}

// Bytes.

#[test]
fn a_line_of_100_megabytes() {
    let here = folder(&[]);
    let path = here.path().join("a.net");
    fs::write(&path, vec![b'x'; 100 << 20]).unwrap();
    netc(here.path(), &["check", "a.net"]).refused("limit", "bytes");
    assert_eq!(netc(here.path(), &["fmt", "--check", "a.net"]).code, Some(1));
}

#[test]
fn a_file_of_a_terabyte() {
    let here = folder(&[("a.net", "import \"b.net\": b\n")]);
    File::create(here.path().join("b.net")).unwrap().set_len(1 << 40).unwrap();
    netc(here.path(), &["check", "b.net"]).refused("limit", "bytes");
    netc(here.path(), &["check", "a.net"]).refused("limit", "bytes");
    assert_eq!(netc(here.path(), &["fmt", "--check", "b.net"]).code, Some(1));
}

#[test]
fn long_lines_within_a_file() {
    for unit in [
        "x ",
        "relu -> ",
        "relu(",
        "\"",
        "# allow: dropped-pixels, ",
        "\t",
        "é",
        "\u{202e}",
        "(a) ",
    ] {
        let text = net(&format!("  {}", unit.repeat(900_000 / unit.len())));
        assert_eq!(check(&text).code, Some(1), "{unit}");
        assert_eq!(check(text.replace('\n', " ")).code, Some(1), "{unit}");
    }
}

#[test]
fn more_mistakes_than_anyone_reads() {
    for line in [
        "x{i}",
        "relu(q{i})",
        "conv(k = {i}.5)",
        "s: relu",
        "a{i} = b{i}",
        "add(in)",
        "linear({i})",
        "x = -> {i}",
    ] {
        let body = fill(|i| format!("  {}", line.replace("{i}", &i.to_string())));
        let text = net(&body);
        assert_eq!(check(text.as_bytes()).code, Some(1), "{line}");
    }
    for wide in [
        "x -> x -> x -> x -> x -> x -> x -> x",
        "relu(q) -> relu(q) -> relu(q) -> relu(q)",
        "add(q, q, q, q, q, q, q)",
    ] {
        assert_eq!(check(net(&fill(|_| format!("  {wide}")))).code, Some(1), "{wide}");
    }
    let text = net(&fill(|i| format!("  x{i}")));
    let here = folder(&[("a.net", &text)]);
    assert_eq!(netc(here.path(), &["check", "--format", "json", "a.net"]).code, Some(1));
    let warned = "net a {\n  input image: [N, 3, 9, 9]\n  s: relu\n  repeat 10000 { t = s -> maxpool(2)\n t }\n  output y: [N, 3, 9, 9]\n}\n";
    assert!(check(warned).code.is_some());
}

#[test]
fn bytes_that_are_no_text() {
    check(b"net a {\n  \0\n}\n").refused("unreadable", "NUL");
    check(b"net a {\n  \xff\xfe\n}\n").refused("unreadable", "UTF-8");
    check(b"\xff\xfen\0e\0t\0").refused("unreadable", "UTF-8");
    check(b"net a { # \xc0\x80\n}\n").refused("unreadable", "UTF-8");
    check(b"net a { # \xed\xa0\x80\n}\n").refused("unreadable", "UTF-8");
    check(vec![0; 1 << 10]).refused("unreadable", "NUL");
    check(vec![0; 1 << 20]).refused("limit", "line");
}

/// Names are ASCII, so that no two of them look alike; and no comment or string turns the text
/// around.
#[test]
fn letters_that_deceive() {
    for (what, text) in [
        ("homoglyph", "rеlu"),
        ("full width", "ｒｅｌｕ"),
        ("combining", "relu\u{301}"),
        ("zero width space", "re\u{200b}lu"),
        ("zero width joiner", "re\u{200d}lu"),
        ("soft hyphen", "re\u{ad}lu"),
        ("no-break space", "relu\u{a0}-> relu"),
        ("line separator", "relu\u{2028}relu"),
        ("byte order mark inside", "re\u{feff}lu"),
        ("tag", "relu\u{e0061}"),
        ("right to left letter", "אב"),
    ] {
        let seen = check(net(&format!("  {text}")));
        seen.refused("syntax", "");
        println!("{what}");
    }
    for control in [
        "\u{202a}",
        "\u{202b}",
        "\u{202d}",
        "\u{202e}",
        "\u{2066}",
        "\u{2067}",
        "\u{2068}",
        "\u{202c}",
        "\u{2069}",
        "\u{200e}",
        "\u{200f}",
        "\u{61c}",
        "\u{2800}",
        "\u{1d173}",
        "\u{200c}",
        "\u{200d}",
        "\u{fe0f}",
    ] {
        check(net(&format!("  relu # {control} }} relu"))).refused("syntax", "U+");
        check(net(&format!("  relu if \"{control}\" == \"a\""))).refused("syntax", "U+");
    }
    for control in ["\u{1b}[2J", "\u{7f}", "\u{8}", "\u{85}"] {
        let seen = check(net(&format!("  relu # {control}")));
        seen.refused("syntax", "U+");
        assert!(!seen.text.contains(control), "{:?}", seen.text);
    }
}

impl Seen {
    /// Either way, it was said within the limits.
    #[track_caller]
    fn sound_or_refused(&self) {
        assert!(matches!(self.code, Some(0 | 1)), "{}", self.head());
    }
}
