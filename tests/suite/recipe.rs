//! Recipes, the schedule, and what is drawn for the augmentation: all that needs no libtorch.

use netc::diag::{FileId, Sources, Style, render};
use netc::graph::Setting;
use netc::run::augment::{Augmentation, Draws};
use netc::run::{Recipe, Schedule};
use netc::{Compilation, compile};

/// A net with this `recipe { }`.
fn net(recipe: &str) -> Compilation {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.net");
    let text = format!(
        "net t {{\n  input image: [N, 3, 8, 8]\n  all: flatten -> linear(10)\n  output out: [N, 10]\n  recipe {{ {recipe} }}\n}}\n"
    );
    std::fs::write(&file, text).unwrap();
    compile(&file, &[])
}

fn settings(recipe: &str) -> Vec<Setting> {
    net(recipe).net.unwrap().graph().settings.clone()
}

/// The problems of a recipe file alone, as shown.
fn refusal(yaml: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("R.yaml", yaml);
    let (_, problems) = Recipe::resolve(&[], Some((id, yaml)), None);
    render(&problems, &sources, Style::PLAIN)
}

fn sound(settings: &[Setting], yaml: &str, epochs: Option<u32>) -> Recipe {
    let (recipe, problems) = Recipe::resolve(settings, Some((FileId(99), yaml)), epochs);
    assert!(problems.is_empty(), "{problems:?}");
    recipe
}

#[test]
fn the_default_is_the_articles() {
    insta::assert_snapshot!(sound(&[], "", None).to_yaml(), @r#"
    epochs: 24
    batch_size: 512
    peak_lr: 0.4
    peak_epoch: 5.0
    momentum: 0.9
    nesterov: true
    weight_decay: 0.0005
    crop_pad: 4
    flip: true
    cutout: 8
    "#);
}

#[test]
fn later_layers_win() {
    let settings = settings("epochs = 60, cutout = 12, peak_lr = 0.3");
    let recipe = sound(&settings, "cutout: 4\nflip: false\n", Some(30));
    assert_eq!((recipe.epochs, recipe.cutout, recipe.flip, recipe.peak_lr), (30, 4, false, 0.3));
}

#[test]
fn the_peak_is_at_a_fifth_of_the_epochs() {
    for (epochs, peak) in [(20, 4.0), (22, 4.0), (24, 5.0), (60, 12.0)] {
        let schedule = sound(&[], "", Some(epochs)).schedule();
        assert_eq!(schedule.at(0.0), 0.0);
        assert_eq!(schedule.at(peak), 0.4);
        assert!((schedule.at(peak / 2.0) - 0.2).abs() < 1e-12);
        assert!(schedule.at(peak + 0.1) < 0.4);
        assert_eq!(schedule.at(epochs.into()), 0.0);
    }
}

#[test]
fn another_length_stretches_the_schedule_of_earlier_layers() {
    let settings = settings("epochs = 30, peak_epoch = 8");
    assert_eq!(sound(&settings, "", Some(15)).schedule().at(4.0), 0.4);
    let knots = "epochs: 35\nlr_epochs: [0, 15, 30, 35]\nlr_values: [0, 0.1, 0.005, 0]\n";
    let schedule = sound(&[], knots, Some(70)).schedule();
    assert_eq!([0.0, 30.0, 60.0, 70.0].map(|e| schedule.at(e)), [0.0, 0.1, 0.005, 0.0]);
}

#[test]
fn a_schedule_is_flat_beyond_its_ends() {
    let schedule = Schedule::new(vec![(1.0, 0.5), (3.0, 0.1)]);
    assert_eq!([0.0, 1.0, 3.0, 9.0].map(|e| schedule.at(e)), [0.5, 0.5, 0.1, 0.1]);
    assert!((schedule.at(2.0) - 0.3).abs() < 1e-12);
}

#[test]
fn refusals_of_a_file_say_where_and_what_would_be_right() {
    let texts = [
        "epochs: 3\nmomentun: 0.8\n",
        "colour: red\n",
        "epochs: 3\nflip: true\nepochs: 4\n",
        "peak_lr: .inf\n",
        "batch_size: 0\n",
        "batch_size: 12.5\n",
        "momentum: 1.5\n",
        "flip: maybe\n",
        "peak_epoch: 40\n",
        "lr_epochs: [0, 5, 2]\nlr_values: [0, 1, 0]\n",
        "lr_epochs: [0, 5]\n",
        "- 3\n",
        "epochs: [3\n",
        "cutout: {side: 8}\n",
    ];
    let all: Vec<String> = texts.into_iter().map(refusal).collect();
    insta::assert_snapshot!(all.join("----\n"), @r#"
    recipe

      × unknown recipe key `momentun`
       ╭─[R.yaml:2:1]
     1 │ epochs: 3
     2 │ momentun: 0.8
       · ────────
       ╰────
      help: did you mean `momentum`?

    ----
    recipe

      × unknown recipe key `colour`
       ╭─[R.yaml:1:1]
     1 │ colour: red
       · ──────
       ╰────
      help: the keys are epochs, batch_size, peak_lr, peak_epoch, lr_epochs, lr_values, momentum,
            nesterov, weight_decay, crop_pad, flip, cutout, accuracy

    ----
    recipe

      × the recipe sets `epochs` twice
       ╭─[R.yaml:3:1]
     2 │ flip: true
     3 │ epochs: 4
       · ──────
       ╰────

    ----
    recipe

      × expected a finite number, true, false, or a list of them for `peak_lr`
       ╭─[R.yaml:1:1]
     1 │ peak_lr: .inf
       · ───────
       ╰────

    ----
    recipe

      × expected a whole number from 1 to 1048576 for `batch_size`, got 0
       ╭─[R.yaml:1:1]
     1 │ batch_size: 0
       · ──────────
       ╰────

    ----
    recipe

      × expected a whole number from 1 to 1048576 for `batch_size`, got 12.5
       ╭─[R.yaml:1:1]
     1 │ batch_size: 12.5
       · ──────────
       ╰────

    ----
    recipe

      × expected a number from 0 to 1 for `momentum`, got 1.5
       ╭─[R.yaml:1:1]
     1 │ momentum: 1.5
       · ────────
       ╰────

    ----
    recipe

      × expected true or false for `flip`, got "maybe"
       ╭─[R.yaml:1:1]
     1 │ flip: maybe
       · ────
       ╰────

    ----
    recipe

      × expected `peak_epoch` within 24 epochs, got 40
       ╭─[R.yaml:1:1]
     1 │ peak_epoch: 40
       · ──────────
       ╰────

    ----
    recipe

      × expected rising `lr_epochs`, got [0.0, 5.0, 2.0]
       ╭─[R.yaml:1:1]
     1 │ lr_epochs: [0, 5, 2]
       · ─────────
     2 │ lr_values: [0, 1, 0]
       ╰────

    ----
    recipe

      × expected as many `lr_values` as `lr_epochs`, got 0 and 2
       ╭─[R.yaml:1:1]
     1 │ lr_epochs: [0, 5]
       · ─────────
       ╰────

    ----
    recipe

      × expected lines of `key: value`
       ╭─[R.yaml:1:1]
     1 │ - 3
       · ───
       ╰────

    ----
    recipe

      × not valid YAML: did not find expected ',' or ']'
       ╭─[R.yaml:2:1]
     1 │ epochs: [3
       ╰────

    ----
    recipe

      × expected a finite number, true, false, or a list of them for `cutout`
       ╭─[R.yaml:1:1]
     1 │ cutout: {side: 8}
       · ──────
       ╰────
    "#);
}

#[test]
fn refusals_of_a_net_point_into_it() {
    let compilation = net("epoch = 60, cutout = 12.5");
    let text = render(&compilation.problems, &compilation.sources, Style::PLAIN);
    let text = text.lines().filter(|l| !l.contains(".net:")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text, @r#"
    recipe

      × unknown recipe key `epoch`
     4 │   output out: [N, 10]
     5 │   recipe { epoch = 60, cutout = 12.5 }
       ·            ─────
     6 │ }
       ╰────
      help: did you mean `epochs`?

    recipe

      × expected a whole number from 0 to 1024 for `cutout`, got 12.5
     4 │   output out: [N, 10]
     5 │   recipe { epoch = 60, cutout = 12.5 }
       ·                                 ────
     6 │ }
       ╰────
    "#);
}

#[test]
fn a_recipe_file_has_at_most_64_kib() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "#".repeat(64 * 1024 + 1)).unwrap();
    assert!(netc::run::recipe::read(file.path()).unwrap_err().ends_with("more than 65536 bytes"));
}

#[test]
fn a_resolved_recipe_resolves_to_itself() {
    let settings = settings("epochs = 60, cutout = 12, accuracy = 95.0");
    let recipe = sound(&settings, "", None);
    assert_eq!(sound(&[], &recipe.to_yaml(), None).to_yaml(), recipe.to_yaml());
}

const ALL: Augmentation = Augmentation { crop_pad: 4, flip: true, cutout: 8 };

#[test]
fn draws_cover_their_ranges_evenly() {
    let draws = Draws::new(3, 1, 9000, [32, 32], ALL);
    let mut seen: Vec<i64> = draws.order.clone();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..9000));
    assert_ne!(draws.order[..9], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for axis in 0..2 {
        for offset in 0..=8 {
            let count = draws.crop.iter().filter(|at| at[axis] == offset).count();
            assert!((800..1200).contains(&count), "{offset}: {count}");
        }
        assert_eq!(draws.cutout.iter().map(|at| at[axis]).max(), Some(24));
        assert_eq!(draws.cutout.iter().map(|at| at[axis]).min(), Some(0));
    }
    let flips: i64 = draws.flip.iter().sum();
    assert!((4300..4700).contains(&flips), "{flips}");
}

#[test]
fn draws_depend_on_seed_and_epoch_alone() {
    let draws = |seed, epoch| Draws::new(seed, epoch, 100, [32, 32], ALL);
    assert_eq!(draws(1, 2), draws(1, 2));
    assert_ne!(draws(1, 2), draws(1, 3));
    assert_ne!(draws(1, 2), draws(2, 2));
}
