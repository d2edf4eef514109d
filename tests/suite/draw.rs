//! `netc draw`: what must hold of every picture, and the pictures of the documentation.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::check::Checked;
use netc::tools::draw::layout::{Point, Rect};
use netc::tools::draw::{
    Direction, DrawFormat, DrawOptions, Fold, NetLayout, PageOptions, StackTree, TreeOptions, draw,
    draw_together, layout, tree,
};
use resvg::usvg::roxmltree::Document;

use super::check::{net, nets};
use super::zoo::zoo;

/// Every sound net of the project and of the cases.
fn sound() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/check_ok");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(cases).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "net"));
    files.extend(zoo());
    files.extend(nets().into_iter().filter(|f| f.file_stem().unwrap() != "lib"));
    files.sort();
    files
}

fn small() -> Checked {
    net(Path::new("tests/cases/check_ok/squeeze_excite.net"))
}

fn folded(net: &Checked, fold: Fold) -> StackTree {
    tree(net, &TreeOptions { fold, ..TreeOptions::default() })
}

/// A net as it is drawn unless something else is asked for.
fn page(net: &Checked) -> (StackTree, NetLayout) {
    let tree = folded(net, Fold::default());
    let picture = layout(&tree, &PageOptions::default());
    (tree, picture)
}

fn text(net: &Checked, format: DrawFormat) -> String {
    String::from_utf8(draw(net, format, DrawOptions::default()).unwrap()).unwrap()
}

/// Whether two rectangles share more than an edge.
fn overlap(a: Rect, b: Rect) -> bool {
    const TOUCH: f64 = 0.01;
    a.x + TOUCH < b.x + b.w
        && b.x + TOUCH < a.x + a.w
        && a.y + TOUCH < b.y + b.h
        && b.y + TOUCH < a.y + a.h
}

fn within(a: Rect, b: Rect) -> bool {
    a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w && a.y + a.h <= b.y + b.h
}

fn leg([a, b]: [Point; 2]) -> Rect {
    Rect { x: a[0].min(b[0]), y: a[1].min(b[1]), w: (a[0] - b[0]).abs(), h: (a[1] - b[1]).abs() }
}

/// The legs of a wire that have a length.
fn legs(points: &[Point]) -> impl Iterator<Item = [Point; 2]> {
    let pairs = points.windows(2).map(|pair| [pair[0], pair[1]]);
    pairs.filter(|[a, b]| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() > 0.01)
}

fn boxes_stand_apart(picture: &NetLayout, file: &str) {
    let page = Rect { x: 0.0, y: 0.0, w: picture.size[0], h: picture.size[1] };
    for (i, a) in picture.cards.iter().enumerate() {
        assert!(within(a.rect, page), "{file}: a box lies beyond the page");
        for b in &picture.cards[..i] {
            assert!(!overlap(a.rect, b.rect), "{file}: boxes {} and {} overlap", a.stack, b.stack);
        }
        for frame in &picture.frames {
            let apart = !overlap(a.rect, frame.rect) || within(a.rect, frame.rect);
            assert!(apart, "{file}: the frame {} cuts box {}", frame.title, a.stack);
        }
    }
    for (i, a) in picture.frames.iter().enumerate() {
        for b in &picture.frames[..i] {
            let apart =
                !overlap(a.rect, b.rect) || within(a.rect, b.rect) || within(b.rect, a.rect);
            assert!(apart, "{file}: the frames {} and {} cut each other", a.title, b.title);
        }
    }
}

fn wires_pass_no_box(picture: &NetLayout, file: &str) {
    for wire in &picture.wires {
        for pair in legs(&wire.points) {
            let [a, b] = pair;
            let straight = (a[0] - b[0]).abs() < 0.01 || (a[1] - b[1]).abs() < 0.01;
            assert!(straight, "{file}: a leg from {} is askew", wire.from);
            for card in &picture.cards {
                assert!(
                    !overlap(leg(pair), card.rect),
                    "{file}: the wire of {} crosses box {}",
                    wire.from,
                    card.stack
                );
            }
        }
    }
}

/// Shapes stand beside wires, and on nothing.
fn notes_stand_free(picture: &NetLayout, file: &str) {
    for (i, note) in picture.notes.iter().enumerate() {
        let text = &note.text;
        let cards = picture.cards.iter().map(|card| card.rect);
        let notes = picture.notes[..i].iter().map(|note| note.rect);
        let legs = picture.wires.iter().flat_map(|wire| legs(&wire.points)).map(leg);
        for other in cards.chain(notes).chain(legs) {
            assert!(!overlap(note.rect, other), "{file}: the shape {text} lies on {other:?}");
        }
    }
}

/// Every edge can be followed from its box along wires of its value to the box that reads it.
fn every_edge_is_drawn(tree: &StackTree, picture: &NetLayout, file: &str) {
    let rect = |stack: usize| picture.cards.iter().find(|c| c.stack == stack).unwrap().rect;
    let key = |[x, y]: Point| ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
    let on_border = |[x, y]: Point, r: Rect| {
        let near = |a: f64, b: f64| (a - b).abs() < 0.1;
        let (across, along) = (x > r.x && x < r.x + r.w, y > r.y && y < r.y + r.h);
        across && (near(y, r.y) || near(y, r.y + r.h))
            || along && (near(x, r.x) || near(x, r.x + r.w))
    };
    for &(from, to) in tree.edges.keys() {
        let wires: Vec<_> = picture.wires.iter().filter(|w| w.from == from).collect();
        let starts = wires.iter().map(|w| w.points[0]).filter(|&at| on_border(at, rect(from)));
        let mut reached: BTreeSet<_> = starts.map(key).collect();
        for _ in &wires {
            let on = wires.iter().filter(|w| reached.contains(&key(w.points[0])));
            let ends: Vec<_> = on.map(|w| key(*w.points.last().unwrap())).collect();
            reached.extend(ends);
        }
        let arrives = wires
            .iter()
            .filter(|w| reached.contains(&key(w.points[0])))
            .any(|w| w.to == Some(to) && on_border(*w.points.last().unwrap(), rect(to)));
        assert!(arrives, "{file}: no way from {from} to {to}");
    }
}

/// How often wires of different values cross.
fn crossings(picture: &NetLayout) -> usize {
    let all: Vec<(usize, [Point; 2])> =
        picture.wires.iter().flat_map(|w| legs(&w.points).map(|leg| (w.from, leg))).collect();
    let level = |[a, b]: [Point; 2]| (a[1] - b[1]).abs() < 0.01;
    let cross = |one: [Point; 2], other: [Point; 2]| {
        let (h, v) = (leg(one), leg(other));
        level(one)
            && !level(other)
            && (h.x + 0.1 < v.x && v.x < h.x + h.w - 0.1)
            && (v.y + 0.1 < h.y && h.y < v.y + v.h - 0.1)
    };
    let of = |(a, one): &(usize, [Point; 2])| {
        all.iter().filter(|(b, other)| a != b && cross(*one, *other)).count()
    };
    all.iter().map(of).sum()
}

#[test]
fn no_box_overlaps_another_and_no_wire_crosses_one() {
    let page = |columns, direction| PageOptions { columns, direction, ..PageOptions::default() };
    let ways = [
        (Fold::Rounds, page(None, Direction::Down)),
        (Fold::Rounds, page(None, Direction::Right)),
        (Fold::Calls, page(None, Direction::Down)),
        (Fold::Nothing, page(Some(1), Direction::Down)),
        (Fold::Nothing, page(Some(4), Direction::Down)),
        (Fold::Nothing, page(Some(3), Direction::Right)),
    ];
    for file in sound() {
        let (net, name) = (net(&file), file.display().to_string());
        for (fold, options) in ways {
            let tree = folded(&net, fold);
            let picture = layout(&tree, &options);
            let name = format!("{name}, {fold:?}, {options:?}");
            assert_eq!(picture.cards.len(), tree.stacks.len(), "{name}");
            boxes_stand_apart(&picture, &name);
            wires_pass_no_box(&picture, &name);
            notes_stand_free(&picture, &name);
            every_edge_is_drawn(&tree, &picture, &name);
        }
    }
}

#[test]
fn a_net_that_goes_down_and_up_is_a_u() {
    let net = net(Path::new("tests/cases/check_ok/unet.net"));
    let (tree, picture) = page(&net);
    let skips: Vec<_> =
        picture.wires.iter().filter(|w| w.shortcut && w.points.len() == 3).collect();
    assert_eq!(skips.len(), 3, "one line a level");
    for skip in skips {
        let [.., before, end] = skip.points[..] else { panic!("{skip:?}") };
        assert_eq!(before[1], end[1], "a line across is level");
    }
    assert_eq!(crossings(&picture), 0);
    let card = |at: usize| picture.cards.iter().find(|card| card.stack == at).unwrap();
    let (first, last) = (card(0), card(tree.stacks.len() - 1));
    assert!(first.rect.x + first.rect.w < last.rect.x, "the way up is beside the way down");
    assert!(!first.up && last.up);
    let right = PageOptions { direction: Direction::Right, ..PageOptions::default() };
    assert_eq!(crossings(&layout(&tree, &right)), 0);
    let columns = PageOptions { columns: Some(2), ..PageOptions::default() };
    assert!(layout(&tree, &columns).cards.iter().all(|card| !card.up), "columns were asked for");
}

#[test]
fn there_are_as_many_columns_as_asked_for() {
    for file in ["nets/resnet9.net", "nets/zoo/densenet121.net"] {
        let tree = folded(&net(Path::new(file)), Fold::Nothing);
        for n in 1..=6 {
            let options = PageOptions { columns: Some(n), ..PageOptions::default() };
            let picture = layout(&tree, &options);
            let around = picture.wires.iter().filter(|w| w.points.len() == 6 && w.to.is_none());
            let around = around.filter(|w| w.points[0][1] > w.points[5][1]).count();
            assert_eq!(around, n - 1, "{file} in {n} columns");
        }
    }
}

#[test]
fn a_long_stage_goes_on_in_the_next_column() {
    let tree = folded(&net(Path::new("nets/zoo/densenet121.net")), Fold::Nothing);
    let picture = layout(&tree, &PageOptions::default());
    let titles: Vec<&str> = picture.frames.iter().map(|f| f.title.as_str()).collect();
    assert!(titles.contains(&"dense3, continued"), "{titles:?}");
    let [w, h] = picture.size;
    assert!(h < 5.0 * w, "{w} by {h}");
}

#[test]
fn rounds_that_are_alike_are_drawn_once() {
    let net = net(Path::new("tests/cases/check_ok/rounds.net"));
    let titles = |fold| -> Vec<String> {
        let tree = folded(&net, fold);
        let picture = layout(&tree, &PageOptions::default());
        let captions = tree.stacks.iter().filter_map(|stack| stack.caption.clone());
        let frames = picture.frames.iter().map(|frame| frame.title.clone());
        frames.chain(captions).filter(|title| !title.ends_with("continued")).collect()
    };
    let found = titles(Fold::Rounds);
    let expected = ["body x3", "rep.residual x2", "wider", "grow.dense x4", "head"];
    assert_eq!(found[..5], expected);
    assert_eq!(found[5..], ["enter", "x2", "2"], "the third round of `wider` has more channels");
    assert!(titles(Fold::Nothing).iter().all(|title| !title.contains(" x")));
}

#[test]
fn equal_calls_in_a_row_are_one_box() {
    let boxes = |file: &str| -> Vec<String> {
        let tree = folded(&net(Path::new(file)), Fold::Calls);
        let rows = tree.stacks.iter().flat_map(|stack| &stack.rows);
        let blocks = rows.filter(|row| row.kind == netc::tools::draw::BoxKind::Block);
        blocks.map(|row| row.text.clone()).collect()
    };
    assert_eq!(
        boxes("nets/zoo/resnet50.net"),
        [
            "bottleneck(64) x3",
            "bottleneck(128, stride = 2)",
            "bottleneck(128) x3",
            "bottleneck(256, stride = 2)",
            "bottleneck(256) x5",
            "bottleneck(512, stride = 2)",
            "bottleneck(512) x2",
        ]
    );
    assert!(boxes("nets/zoo/densenet121.net").contains(&"dense x24".to_string()));
}

#[test]
fn parts_of_a_picture_are_left_out() {
    let drawn = |without: &[&str]| {
        let args = [&["draw", "nets/resnet9.net"], without].concat();
        String::from_utf8(netc(&args).stdout).unwrap()
    };
    let all = drawn(&[]);
    for (part, text) in
        [("title", "6.57 M params"), ("legend", ">convolution<"), ("shapes", ">128×16×16</text>")]
    {
        let shown = |svg: &str| svg.lines().any(|l| l.contains("<text") && l.contains(text));
        assert!(shown(&all), "{part}");
        assert!(!shown(&drawn(&["--without", part])), "{part}");
    }
    let none = drawn(&["--without", "title,legend,shapes"]);
    assert!(none.contains("<title>resnet9</title>"), "readers are still told what it is");
}

#[test]
fn pictures_share_a_page() {
    for file in sound() {
        let svg = text(&net(&file), DrawFormat::Svg);
        assert!(!svg.contains(" id=") && !svg.contains("url(#"), "{}", file.display());
        let rules = svg.lines().filter(|line| line.contains(" { "));
        assert!(rules.into_iter().all(|l| l.trim().starts_with(".netc .")), "{}", file.display());
        let count = |what: &str| svg.matches(what).count();
        assert_eq!(count("<text "), count(" textLength="), "{}", file.display());
    }
}

#[test]
fn two_nets_are_drawn_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    for (name, start) in [("d.svg", "<svg"), ("d.png", "\u{fffd}PNG"), ("d.pdf", "%PDF")] {
        let out = netc(&["diff", "nets/base.net", "nets/resnet9.net", "-o", &file(name)]);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0), "{name}");
        let content = std::fs::read(file(name)).unwrap();
        assert!(String::from_utf8_lossy(&content).starts_with(start), "{name}");
    }
    let svg = std::fs::read_to_string(file("d.svg")).unwrap();
    assert!(Document::parse(&svg).is_ok());
    assert_eq!(svg.matches(">+</text>").count(), 14, "two blocks of seven ops");
    assert!(svg.contains(">added<") && !svg.contains(">removed<"));
    let equal = ["diff", "nets/base.net", "nets/base.net", "-o", &file("e.svg")];
    assert_eq!(netc(&equal).status.code(), Some(0));
    let astray = netc(&["diff", "nets/base.net", "nets/base.net", "--collapse"]);
    assert_eq!(astray.status.code(), Some(2));
    let wide = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|name| net(&Path::new("nets").join(name)));
        draw_together(&a, &b, &DrawOptions::default())
    };
    let changed = wide("backbone_norepeat.net", "backbone_3x3.net");
    assert!(changed.contains(">changed<"));
    assert_eq!(changed.matches(">~</text>").count() % 2, 0, "both nets have what changed");
}

#[test]
fn every_op_stands_on_a_box_unless_blocks_are_collapsed() {
    let net = net(Path::new("nets/dawnbench.net"));
    let rows = |fold| folded(&net, fold).stacks.iter().map(|s| s.rows.len()).sum::<usize>();
    assert_eq!(rows(Fold::Rounds), net.order().len() + 1, "and the output");
    assert_eq!(rows(Fold::Calls), 15, "seven calls, six ops around them, the input, the output");
}

#[test]
fn calls_in_nested_repeats_are_all_counted_and_stages_stay_apart() {
    let text = "block b {\n  conv -> relu\n}\n\nnet x {\n  input image: [N, 4, 32, 32]\n  \
                s: for i in 0..2 {\n    repeat 3 {\n      b\n    }\n  }\n  v: repeat 3 {\n    b\n  }\n  \
                w: b -> b\n  z: repeat 4 {\n    conv\n  }\n  output y: [N, 4, 32, 32]\n}\n";
    let net = netc::compile_text(text, &[]).net.unwrap();
    let boxes = |fold| -> Vec<String> {
        let stacks = folded(&net, fold).stacks.into_iter();
        let text = |s: netc::tools::draw::Stack| {
            format!("{}|{}", s.caption.unwrap_or_default(), s.rows[0].text)
        };
        stacks.map(text).collect()
    };
    let whole = ["|image 4×32×32", "s|b x6", "v|b x3", "w|b x2", "z x4|conv 4 3×3", "|y 4×32×32"];
    assert_eq!(boxes(Fold::Calls), whole);
    assert_eq!(boxes(Fold::Rounds)[1], "s: 2 x (rep.b x3)|conv 4 3×3");
    assert_eq!(boxes(Fold::Rounds)[2], "v.b x3|conv 4 3×3");
}

#[test]
fn blocks_of_one_kind_are_drawn_alike() {
    let tree = folded(&net(Path::new("nets/dawnbench.net")), Fold::default());
    let picture = layout(&tree, &PageOptions { columns: Some(1), ..PageOptions::default() });
    let sizes = |title: &str| -> Vec<String> {
        let frames = picture.frames.iter().filter(|f| f.title == title);
        frames.map(|f| format!("{:.0} {:.0}", f.rect.w, f.rect.h)).collect()
    };
    for title in ["preact_1", "preact_2"] {
        let sizes = sizes(title);
        assert_eq!(sizes.len(), 4);
        assert_eq!(sizes[2], sizes[3], "{title} of layers 3 and 4");
    }
    assert_eq!(sizes("preact_1")[0], sizes("preact_2")[0], "layer1's blocks are the same");
}

#[test]
fn an_svg_is_xml_with_a_title_and_nothing_from_elsewhere() {
    for file in sound() {
        let svg = text(&net(&file), DrawFormat::Svg);
        let document = Document::parse(&svg).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let top: Vec<&str> =
            document.root_element().children().map(|n| n.tag_name().name()).collect();
        assert!(top.contains(&"title") && top.contains(&"desc"), "{}", file.display());
        assert!(!svg.contains("href") && !svg.contains("@import"), "{}", file.display());
        assert!(!svg.contains("NaN") && !svg.contains("inf "), "{}", file.display());
    }
}

#[test]
fn a_small_net_in_each_text_format() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!("draw_svg", text(&small(), DrawFormat::Svg));
        insta::assert_snapshot!("draw_dot", text(&small(), DrawFormat::Dot));
        insta::assert_snapshot!("draw_mermaid", text(&small(), DrawFormat::Mermaid));
    });
}

#[test]
fn dot_and_mermaid_close_what_they_open() {
    for file in sound() {
        let net = net(&file);
        let dot = text(&net, DrawFormat::Dot);
        let (mut depth, mut quoted, mut escaped) = (0i32, false, false);
        for c in dot.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth -= 1,
                _ => {}
            }
            assert!(depth >= 0, "{}", file.display());
        }
        assert!(depth == 0 && !quoted, "{}", file.display());
        let mermaid = text(&net, DrawFormat::Mermaid);
        let lines = |start: &str| mermaid.lines().filter(|l| l.trim().starts_with(start)).count();
        assert_eq!(lines("subgraph "), lines("end"), "{}", file.display());
    }
}

#[test]
fn a_png_has_its_size_and_is_not_blank() {
    let png =
        draw(&net(Path::new("nets/resnet9.net")), DrawFormat::Png, DrawOptions::default()).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
    let (_, picture) = page(&net(Path::new("nets/resnet9.net")));
    assert_eq!(f64::from(pixels.height()), 2.0 * picture.size[1]);
    let colours: BTreeSet<[u8; 3]> =
        pixels.pixels().iter().map(|p| [p.red(), p.green(), p.blue()]).collect();
    assert!(colours.contains(&[0xdb, 0xea, 0xfe]), "no convolution is drawn");
    assert!(colours.len() > 200, "text leaves many shades: {}", colours.len());
}

fn netc(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

#[test]
fn the_pictures_of_the_documentation_are_what_netc_draws() {
    for name in ["dawnbench", "backbone", "resnet9"] {
        let drawn = netc(&["draw", &format!("nets/{name}.net")]);
        assert_eq!(drawn.status.code(), Some(0));
        let file = format!("docs/pictures/{name}.svg");
        let kept = std::fs::read(&file).unwrap();
        assert!(drawn.stdout == kept, "{file} is old: `netc draw nets/{name}.net -o {file}`");
    }
}

#[test]
fn the_extension_decides_the_format() {
    let folder = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("a.svg", "<svg"),
        ("a.PNG", "\u{fffd}PNG"),
        ("a.pdf", "%PDF"),
        ("a.dot", "digraph"),
        ("a.mmd", "---"),
    ] {
        let path = folder.path().join(name);
        let out = netc(&["draw", "nets/resnet9.net", "-o", path.to_str().unwrap()]);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(0), 0), "{name}");
        let content = std::fs::read(&path).unwrap();
        assert!(String::from_utf8_lossy(&content).starts_with(start), "{name}");
    }
    let refused = netc(&["draw", "nets/resnet9.net", "-o", "a.jpg"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains(".pdf, .dot, .gv or .mmd"));
    assert_eq!(netc(&["draw", "nets/lib.net"]).status.code(), Some(1));
    assert_eq!(netc(&["draw", "nets/resnet9.net", "-o", "absent/a.svg"]).status.code(), Some(1));
}
