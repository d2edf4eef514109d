//! `netc draw`: what must hold of every picture, and the pictures of the documentation.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::check::Checked;
use netc::tools::draw::layout::{Point, Rect};
use netc::tools::draw::{DrawFormat, DrawOptions, NetLayout, StackTree, draw, layout, tree};
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

/// Every edge can be followed from its box along wires of its value to the box that reads it.
fn every_edge_is_drawn(tree: &StackTree, picture: &NetLayout, file: &str) {
    let rect = |stack: usize| picture.cards.iter().find(|c| c.stack == stack).unwrap().rect;
    let key = |[x, y]: Point| ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
    for &(from, to) in tree.edges.keys() {
        let wires: Vec<_> = picture.wires.iter().filter(|w| w.from == from).collect();
        let source = rect(from);
        let mut reached = BTreeSet::from([key([source.x + source.w / 2.0, source.y + source.h])]);
        for _ in &wires {
            let on = wires.iter().filter(|w| reached.contains(&key(w.points[0])));
            let ends: Vec<_> = on.map(|w| key(*w.points.last().unwrap())).collect();
            reached.extend(ends);
        }
        let target = rect(to);
        let arrives = wires.iter().filter(|w| reached.contains(&key(w.points[0]))).any(|w| {
            let [x, y] = *w.points.last().unwrap();
            let on_top = (y - target.y).abs() < 0.1 && x > target.x && x < target.x + target.w;
            let beside = (x - target.x).abs() < 0.1 || (x - target.x - target.w).abs() < 0.1;
            w.to == Some(to) && (on_top || beside && y > target.y && y < target.y + target.h)
        });
        assert!(arrives, "{file}: no way from {from} to {to}");
    }
}

#[test]
fn no_box_overlaps_another_and_no_wire_crosses_one() {
    for file in sound() {
        let (net, name) = (net(&file), file.display().to_string());
        for (collapse, columns) in [(false, None), (true, None), (false, Some(1)), (false, Some(4))]
        {
            let tree = tree(&net, collapse);
            let picture = layout(&tree, columns);
            assert_eq!(picture.cards.len(), tree.stacks.len(), "{name}");
            boxes_stand_apart(&picture, &name);
            wires_pass_no_box(&picture, &name);
            every_edge_is_drawn(&tree, &picture, &name);
        }
    }
}

#[test]
fn every_op_stands_on_a_box_unless_blocks_are_collapsed() {
    let net = net(Path::new("nets/dawnbench.net"));
    let rows = |collapse| tree(&net, collapse).stacks.iter().map(|s| s.rows.len()).sum::<usize>();
    assert_eq!(rows(false), net.order().len() + 1, "and the output");
    assert_eq!(rows(true), 16, "eight blocks, six ops around them, the input and the output");
}

#[test]
fn blocks_of_one_kind_are_drawn_alike() {
    let picture = layout(&tree(&net(Path::new("nets/dawnbench.net")), false), Some(1));
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
    let picture = layout(&tree(&net(Path::new("nets/resnet9.net")), false), None);
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
    for (name, start) in
        [("a.svg", "<svg"), ("a.PNG", "\u{fffd}PNG"), ("a.dot", "digraph"), ("a.mmd", "---")]
    {
        let path = folder.path().join(name);
        let out = netc(&["draw", "nets/resnet9.net", "-o", path.to_str().unwrap()]);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(0), 0), "{name}");
        let content = std::fs::read(&path).unwrap();
        assert!(String::from_utf8_lossy(&content).starts_with(start), "{name}");
    }
    let refused = netc(&["draw", "nets/resnet9.net", "-o", "a.jpg"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains(".svg, .png, .dot, .gv or .mmd"));
    assert_eq!(netc(&["draw", "nets/lib.net"]).status.code(), Some(1));
    assert_eq!(netc(&["draw", "nets/resnet9.net", "-o", "absent/a.svg"]).status.code(), Some(1));
}
