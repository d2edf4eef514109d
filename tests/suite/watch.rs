//! Watching a training and using its net: event files, curves, single images, what was taken for
//! what.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use netc::lower::Precision;
use netc::run::tensorboard::{EventFile, record};
use netc::run::{
    Confusion, EpochRow, Hardware, Journal as _, Method, Mistake, Outcome, RunFolder, RunInfo,
};
use netc::tools::plot::{Curve, confusion, curves};

use crate::report::scored;

fn netc(args: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
    command
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An epoch of a training that gets better.
fn row(epoch: u32, speed: f64) -> EpochRow {
    let left = (-f64::from(epoch) / 4.0).exp();
    EpochRow {
        epoch,
        lr: 0.1,
        train_time: 9.0 * speed,
        train: scored(2.0 * left + 0.3, 0.9 - 0.8 * left),
        test_time: speed,
        test: Some(scored(1.8 * left + 0.4, 0.88 - 0.75 * left)),
        total_time: 10.0 * speed * f64::from(epoch),
    }
}

/// A folder as a training leaves it, in so far as its files are read without the weights.
fn write_run(path: &Path, rows: &[EpochRow]) {
    let info = RunInfo {
        net: "small".into(),
        outcome: Outcome::Running,
        seed: 0,
        data: "synthetic".into(),
        data_path: None,
        data_mark: None,
        data_sha256: None,
        image: [3, 8, 8],
        classes: vec!["a".into(), "b".into()],
        normalisation: None,
        train_examples: 10,
        test_examples: 10,
        params: 1,
        precision: Precision::Fp32,
        method: Method::default(),
        hardware: Hardware { cpu: "a CPU".into(), threads: 1, device: "cpu".into(), gpu: None },
        netc: "0".into(),
        libtorch: "0".into(),
        after_epoch: 0,
        attempts: Vec::new(),
        last: None,
    };
    let mut folder = RunFolder::new(path, "net small { }\n".into(), "epochs: 1\n".into());
    folder.start(&info).unwrap();
    rows.iter().for_each(|row| folder.epoch(row).unwrap());
    folder.end(Outcome::Finished).unwrap();
}

#[test]
fn runs_are_plotted_as_svg_and_png() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_run(&at("slow & steady"), &(1..=12).map(|epoch| row(epoch, 2.0)).collect::<Vec<_>>());
    write_run(&at("fast"), &(1..=20).map(|epoch| row(epoch, 1.0)).collect::<Vec<_>>());
    let out = netc(&["plot", "slow & steady", "fast"], folder.path());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let svg = text(&out.stdout);
    let document = usvg_texts(&svg);
    for words in
        ["slow &amp; steady: 84.27%", "fast: 87.49%", "accuracy in percent", "loss", "epoch"]
    {
        assert!(document.contains(words), "no `{words}` in {document}");
    }
    assert!(document.contains("time of training and testing in seconds"), "{document}");
    assert!(
        svg.matches("<circle").count() == 4 * (12 + 20),
        "a mark for each epoch in each of four panels"
    );

    let png = at("curves.png");
    let out = netc(&["plot", "fast", "-o", png.to_str().unwrap()], folder.path());
    assert_eq!(
        (out.status.code(), text(&out.stdout)),
        (Some(0), String::new()),
        "{}",
        text(&out.stderr)
    );
    let size = image::ImageReader::open(&png).unwrap().into_dimensions().unwrap();
    assert!(size.0 == 2240 && size.1 > 1000, "{size:?}");
}

/// The texts of an SVG, one a line.
fn usvg_texts(svg: &str) -> String {
    let parts =
        svg.split("<text").skip(1).filter_map(|part| part.split_once('>')?.1.split_once("</text>"));
    parts.map(|(text, _)| text.trim()).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_cannot_be_plotted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("begun"), &[]);
    let refused = |args: &[&str], code: i32, words: &str| {
        let out = netc(args, folder.path());
        assert_eq!(out.status.code(), Some(code), "{}", text(&out.stderr));
        assert!(text(&out.stderr).contains(words), "{}", text(&out.stderr));
    };
    refused(
        &["plot", "begun"],
        1,
        "begun has no whole epoch yet and is left out\nerror: there is nothing to draw yet",
    );
    refused(&["plot", "absent"], 1, "absent holds no run");
    refused(&["plot", "begun", "-o", "x.jpg"], 2, ".svg, .png or .pdf");
    refused(&["plot"], 2, "RUN");
    assert!(curves(&[Curve { name: "empty".into(), rows: Vec::new() }]).is_err());
}

#[test]
fn one_epoch_of_nothing_can_be_drawn() {
    let nothing = scored(f64::NAN, 0.0);
    let dead = EpochRow { test: Some(nothing), train: nothing, total_time: 0.0, ..row(1, 0.0) };
    let svg = curves(&[Curve { name: "dead".into(), rows: vec![dead] }]).unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn a_confusion_counts_and_is_drawn() {
    let mut counted =
        Confusion::new(["cat", "dog", "a <very> long name of a class"].map(String::from).to_vec());
    for (class, answer) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0), (9, 0)] {
        counted.count(class, answer);
    }
    assert_eq!(
        (counted.examples(0), counted.accuracy(0), counted.accuracy(2)),
        (3, Some(2.0 / 3.0), None)
    );
    let worst = Mistake { class: 1, answer: 0, count: 2 };
    assert_eq!(counted.mistakes(), [worst, Mistake { class: 0, answer: 1, count: 1 }]);
    let svg = confusion("pets", &counted);
    assert!(svg.contains("<title>dog taken for cat: 2</title>") && svg.contains("66.7%"), "{svg}");
    assert!(svg.contains("a &lt;very&gt; long name …"), "{svg}");
    let mut large = Confusion::new((0..1000).map(|class| class.to_string()).collect());
    (0..1000).for_each(|class| large.count(class, 999 - class));
    let svg = confusion("many", &large);
    assert!(svg.len() < 300_000, "{}", svg.len());
}

/// Reads frames as their format is described, with a checksum computed bit by bit.
fn frames(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let checksum = |bytes: &[u8]| {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            }
        }
        let crc = !crc;
        crc.rotate_right(15).wrapping_add(0xa282_ead8)
    };
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(word(&bytes[8..]), checksum(&bytes[..8]));
        let content = &bytes[12..12 + length];
        assert_eq!(word(&bytes[12 + length..]), checksum(content));
        frames.push(content.to_vec());
        bytes = &bytes[16 + length..];
    }
    frames
}

fn event_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.to_string_lossy().contains(".tfevents.")).collect();
    files.sort();
    files
}

#[test]
fn records_have_the_frame_of_tensorflow() {
    // The published check value of CRC-32C over "123456789" is e3069283.
    let crc: u32 = 0xe306_9283;
    let masked = crc.rotate_right(15).wrapping_add(0xa282_ead8);
    let bytes = record(b"123456789");
    assert_eq!(bytes[..8], 9u64.to_le_bytes());
    assert_eq!(bytes[21..], masked.to_le_bytes());
    assert_eq!(frames(&[bytes, record(b""), record(&[7; 300])].concat())[2], [7; 300]);
}

#[test]
fn event_files_hold_numbers_and_texts() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!EventFile::is_in(folder.path()));
    let mut file = EventFile::create(folder.path()).unwrap();
    file.start(300).unwrap();
    file.scalars(300, &[("loss/test", 1.5), ("lr", 0.25)]).unwrap();
    file.text(0, "net", "net small { }").unwrap();
    drop(EventFile::create(folder.path()).unwrap());
    assert!(EventFile::is_in(folder.path()));
    let files = event_files(folder.path());
    assert_eq!(files.len(), 2, "a second file of the same second has a name of its own");
    let events = frames(&std::fs::read(&files[0]).unwrap());
    // After the time, 9 bytes: the step, and what there is.
    let after_time: Vec<&[u8]> = events.iter().map(|event| &event[9..]).collect();
    assert_eq!(after_time[0], [&[0x10, 0, 0x1a, 13][..], b"brain.Event:2"].concat());
    assert_eq!(after_time[1], [0x10, 0xac, 2, 0x3a, 2, 8, 1]);
    let value = |tag: &str, bytes: [u8; 4]| {
        let content = [&[0x0a, tag.len() as u8][..], tag.as_bytes(), &[0x15], &bytes].concat();
        [&[0x0a, content.len() as u8][..], &content].concat()
    };
    let summary =
        [value("loss/test", 1.5f32.to_le_bytes()), value("lr", 0.25f32.to_le_bytes())].concat();
    assert_eq!(after_time[2], [&[0x10, 0xac, 2, 0x2a, summary.len() as u8][..], &summary].concat());
    assert!(after_time[3].windows(13).any(|part| part == b"net small { }"));
}

mod trained {
    use super::*;
    use crate::data::folder::{colour, grey};

    /// Grey images whose first pixel tells the class, and a net for them.
    const NET: &str = "net marks(classes = 2) {
  input image: [N, 1, 8, 8]
  body: conv(8) -> relu -> flatten -> linear(classes)
  output logits: [N, classes]
  recipe { epochs = 6, batch_size = 16, peak_lr = 0.1, crop_pad = 0, flip = false, cutout = 0 }
}
";

    fn sets(folder: &Path) {
        for split in ["train", "test"] {
            for i in 0..24u8 {
                let (class, first) = if i % 2 == 0 { ("dark", i) } else { ("light", 200 + i) };
                grey(&folder.join(format!("marks/{split}/{class}/{i}.png")), [8, 8], first);
            }
        }
        std::fs::write(folder.join("marks.net"), NET).unwrap();
    }

    fn ran(out: &Output) -> String {
        assert_eq!(out.status.code(), Some(0), "{}{}", text(&out.stdout), text(&out.stderr));
        text(&out.stdout)
    }

    const TRAIN: [&str; 9] = [
        "train",
        "marks.net",
        "--data",
        "marks",
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--output",
    ];

    #[test]
    fn images_of_ones_own_are_trained_on_and_the_net_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        sets(dir);
        let log = ran(&netc(&[&TRAIN[..], &["run", "--log", "tensorboard"]].concat(), dir));
        assert!(log.contains("marks: 24 training and 24 test images"), "{log}");
        let info = RunFolder::info(&dir.join("run")).unwrap();
        assert_eq!((info.image, info.classes.join(" ").as_str()), ([1, 8, 8], "dark light"));
        let normalisation = info.normalisation.clone().unwrap();
        assert_eq!((normalisation.mean.len(), normalisation.std.len()), (1, 1));
        assert_eq!(info.last.unwrap().test.unwrap().get("acc").unwrap(), 1.0, "{log}");

        // The event file has every epoch.
        let files = event_files(&dir.join("run"));
        let events = frames(&std::fs::read(&files[0]).unwrap());
        let with = |tag: &str| {
            events.iter().filter(|e| e.windows(tag.len()).any(|w| w == tag.as_bytes())).count()
        };
        assert_eq!((with("accuracy/test"), with("step/loss"), with("net marks")), (6, 6, 1));

        predicts(dir);
        evaluates(dir);
    }

    fn predicts(dir: &Path) {
        let out = ran(&netc(&["predict", "run", "marks/test/light/1.png", "--device", "cpu"], dir));
        let lines: Vec<&str> = out.lines().collect();
        assert!(
            lines.len() == 2 && lines[0].ends_with("%  light") && lines[1].ends_with("%  dark"),
            "{out}"
        );
        // Grey as colours, and grey of another size.
        colour(&dir.join("colour.png"), [8, 8], [30, 30, 30]);
        grey(&dir.join("large.png"), [32, 32], 0);
        colour(&dir.join("red.png"), [8, 8], [200, 0, 0]);
        let some = [
            "predict",
            "run",
            "colour.png",
            "large.png",
            "red.png",
            "absent.png",
            "--format",
            "json",
            "--top",
            "1",
        ];
        let out = netc(&some, dir);
        assert_eq!(out.status.code(), Some(1));
        let complaints = text(&out.stderr);
        for words in [
            "large.png: it is 32 x 32 pixels, the net takes 8 x 8; --resize scales it",
            "red.png: it has colours, the net takes grey images",
            "absent.png: ",
        ] {
            assert!(complaints.contains(words), "{complaints}");
        }
        let line: serde_json::Value = serde_json::from_str(&text(&out.stdout)).unwrap();
        assert_eq!(line["image"], "colour.png");
        assert_eq!(line["top"].as_array().unwrap().len(), 1);
        let out = ran(&netc(
            &["predict", "run", "large.png", "colour.png", "--resize", "--device", "cpu"],
            dir,
        ));
        assert!(out.starts_with("large.png\n  ") && out.contains("\ncolour.png\n  "), "{out}");
        assert_eq!(netc(&["predict", "run"], dir).status.code(), Some(2));
        assert_eq!(netc(&["predict", "marks", "colour.png"], dir).status.code(), Some(1));
    }

    fn evaluates(dir: &Path) {
        let out =
            ran(&netc(&["eval", "run", "--confusion", "-o", "c.png", "--device", "cpu"], dir));
        insta::with_settings!({filters => vec![(r"loss \d\.\d+", "loss X")]}, {
            insta::assert_snapshot!(out, @r"
            marks on 24 test images of marks: accuracy 100.00%, loss X

                       0   1  images  right %
            0  dark   12   .      12   100.00
            1  light   .  12      12   100.00

            a row for each true class, a column for each answer
            ");
        });
        assert!(image::open(dir.join("c.png")).is_ok());
        let out =
            ran(&netc(&["eval", "run", "--confusion", "--format", "json", "--device", "cpu"], dir));
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(object["confusion"], serde_json::json!([[12, 0], [0, 12]]));
        assert_eq!((&object["accuracy"], &object["classes"][1]), (&1.0.into(), &"light".into()));
        assert_eq!(netc(&["eval", "run", "-o", "c.png"], dir).status.code(), Some(2));

        // Other images: their normalisation is that of the run. Other classes: refused.
        for class in ["dark", "light"] {
            let from = dir.join(format!("marks/test/{class}"));
            std::fs::create_dir_all(dir.join("more/train")).unwrap();
            std::fs::create_dir_all(dir.join("more/test")).unwrap();
            std::fs::rename(&from, dir.join(format!("more/test/{class}"))).unwrap();
            grey(&dir.join(format!("more/train/{class}/1.png")), [8, 8], 255);
        }
        let out = ran(&netc(&["eval", "run", "--data", "more", "--device", "cpu"], dir));
        assert!(out.starts_with("marks on 24 test images of more: accuracy 100.00%"), "{out}");
        for split in ["train", "test"] {
            let path = |class: &str| dir.join("more").join(split).join(class);
            std::fs::rename(path("light"), path("bright")).unwrap();
        }
        let out = netc(&["eval", "run", "--data", "more", "--device", "cpu"], dir);
        let complaint = text(&out.stderr);
        assert!(
            out.status.code() == Some(1) && complaint.contains("class 0 is `bright` in more"),
            "{complaint}"
        );
    }

    #[test]
    fn a_net_for_other_images_or_classes_is_told_what_to_set() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        sets(dir);
        let refused = |args: &[&str], words: &str| {
            let out = netc(&[&TRAIN[..], &["run"], args].concat(), dir);
            assert_eq!(out.status.code(), Some(1));
            assert!(text(&out.stderr).contains(words), "{}", text(&out.stderr));
        };
        refused(
            &["--set", "classes=3"],
            "marks has 2 classes: expected an output [N, 2], got [N, 3]\n  help: --set classes=2",
        );
        let fixed = NET
            .replace("classes = 2", "scale = 1")
            .replace("linear(classes)", "linear(4) -> mul(scale)");
        std::fs::write(dir.join("marks.net"), fixed.replace("[N, classes]", "[N, 4]")).unwrap();
        refused(&[], "help: `body.linear` decides that: make it `linear(2)`");
        std::fs::write(dir.join("marks.net"), NET.replace("[N, 1, 8, 8]", "[N, 3, 8, 8]")).unwrap();
        refused(&[], "help: write `input image: [N, 1, 8, 8]` in the net");
        let sized = NET.replace("classes = 2", "classes = 2, size = 16, channels = 3");
        std::fs::write(
            dir.join("marks.net"),
            sized.replace("[N, 1, 8, 8]", "[N, channels, size, size]"),
        )
        .unwrap();
        refused(&[], "help: --set channels=1 --set size=8");
        ran(&netc(
            &[&TRAIN[..], &["run", "--set", "channels=1", "--set", "size=8", "--epochs", "1"]]
                .concat(),
            dir,
        ));
    }
}
