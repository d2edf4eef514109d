//! Pictures, pages and tables with a stranger's text in them are what their formats ask for.

use netc::run::{Confusion, EpochRow};
use netc::tools::flame::{Timed, flame};
use netc::tools::markup::{cell, dot, mermaid, xml, xml_characters};
use netc::tools::plot::{Curve, confusion, curves};
use resvg::usvg::roxmltree::Document;

use crate::report::scored;

/// What a name may hold that comes from a file: markup, quotes, control characters, characters that
/// XML does not have, and an end of what it may stand in.
const HOSTILE: &str = "a<b>&\"'\u{0}\u{1}\u{8}\u{b}\u{1b}[31m\u{7f}\u{85}\u{fffe}\u{ffff}\r\n\t]]>--></svg><script>x</script>";

fn well_formed(document: &str) {
    let parsed = Document::parse(document).unwrap_or_else(|error| panic!("{error}\n{document:?}"));
    assert!(!parsed.descendants().any(|node| node.has_tag_name("script")), "{document}");
}

#[test]
fn a_plot_of_hostile_runs_is_well_formed() {
    let row = EpochRow {
        epoch: 1,
        lr: 0.1,
        train_time: 1.0,
        train: scored(1.0, 0.5),
        test_time: 0.1,
        test: Some(scored(1.0, 0.5)),
        total_time: 1.0,
    };
    well_formed(&curves(&[Curve { name: HOSTILE.into(), rows: vec![row] }]).unwrap());
}

#[test]
fn a_confusion_of_hostile_classes_is_well_formed() {
    let classes = vec![HOSTILE.to_owned(), "b".to_owned()];
    well_formed(&confusion(HOSTILE, &Confusion::new(classes)));
}

#[test]
fn a_flame_of_hostile_paths_is_well_formed() {
    well_formed(&flame(HOSTILE, &[Timed { path: HOSTILE.into(), seconds: 1.0 }]));
}

#[test]
fn every_character_is_one_of_xml_or_replaced() {
    let all: String = ('\0'..=char::MAX).collect();
    well_formed(&format!("<a b=\"{0}\">{0}</a>", xml(&all)));
    assert_eq!(xml_characters("a\u{0}b\u{ffff}".into()), "a\u{fffd}b\u{fffd}");
    assert_eq!(xml_characters("tab\tline\n é 👍".into()), "tab\tline\n é 👍");
}

#[test]
fn texts_of_dot_and_mermaid_stay_within_their_quotes() {
    assert_eq!(dot("a\"b\\\n\u{1}"), "\"a\\\"b\\\\\\n\u{fffd}\"");
    assert_eq!(mermaid("a\"b#quot;\n<"), "a#quot;b#35;quot;\u{fffd}#lt;");
}

#[test]
fn a_cell_is_no_formula() {
    for formula in
        ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "-", "+"]
    {
        assert_eq!(cell(formula), format!("'{formula}"));
    }
    for plain in ["-0.5", "+3", "-1e-3", "1", "", "resnet9", "a=b", "-inf"] {
        assert_eq!(cell(plain), plain);
    }
}
