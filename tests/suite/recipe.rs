//! Recipes, the schedule, and what is drawn for the augmentation: all that needs no libtorch.

use netc::diag::{FileId, Sources, Style, render};
use netc::graph::Setting;
use netc::recipe::{KEYS, KeyKind, Layers, Recipe, RecipeArg, Schedule};
use netc::run::augment::{Augmentation, Draws};
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
    let (_, problems) = Recipe::resolve(&[], &[(id, yaml)]);
    render(&problems, &sources, Style::PLAIN)
}

fn sound(settings: &[Setting], yaml: &str, epochs: Option<u32>) -> Recipe {
    let length = epochs.map_or(String::new(), |epochs| format!("epochs: {epochs}"));
    let texts = [(FileId(99), yaml), (FileId(98), length.as_str())];
    let (recipe, problems) = Recipe::resolve(settings, &texts);
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
    optimiser: sgd
    momentum: 0.9
    nesterov: true
    weight_decay: 0.0005
    bias_lr_scale: 1.0
    norm_lr_scale: 1.0
    adam_beta1: 0.9
    adam_beta2: 0.999
    adam_eps: 1e-8
    muon_lr: 0.24
    muon_momentum: 0.6
    muon_steps: 3
    label_smoothing: 0.0
    ema: 0.0
    lookahead_every: 0
    lookahead_decay: 0.95
    lookahead_power: 3.0
    lookahead_start: 0.0
    ghost_batch: 0
    whiten_images: 5000
    whiten_eps: 0.0005
    whiten_bias_epochs: 0.0
    crop_pad: 4
    flip: true
    alternating_flip: false
    cutout: 8
    test_every: 1
    test_views: none
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
        "optimiser: adam\n",
        "test_views: 3\n",
        "flip: false\nalternating_flip: true\n",
        "lookahead_every: 5\nlookahead_start: 30\n",
        "ghost_batch: 600\n",
        "ghost_batch: 1\n",
        "- 3\n",
        "epochs: [3\n",
        "cutout: {side: 8}\n",
    ];
    let all: Vec<String> = texts.into_iter().map(refusal).collect();
    insta::assert_snapshot!(all.join("----\n"), @r#"
    error: unknown recipe key `momentun` [recipe]
       ╭─[R.yaml:2:1]
     1 │ epochs: 3
     2 │ momentun: 0.8
       · ────────
       ╰────
      help: did you mean `momentum`?

    ----
    error: unknown recipe key `colour` [recipe]
       ╭─[R.yaml:1:1]
     1 │ colour: red
       · ──────
       ╰────
      help: the keys are epochs, batch_size, peak_lr, peak_epoch, lr_epochs,
            lr_values, optimiser, momentum, nesterov, weight_decay, bias_lr_scale,
            norm_lr_scale, adam_beta1, adam_beta2, adam_eps, muon_lr,
            muon_momentum, muon_steps, freeze, label_smoothing, ema,
            lookahead_every, lookahead_decay, lookahead_power, lookahead_start,
            ghost_batch, whiten_images, whiten_eps, whiten_bias_epochs, crop_pad,
            flip, alternating_flip, cutout, test_every, test_views, accuracy

    ----
    error: `epochs` is set twice [recipe]
       ╭─[R.yaml:3:1]
     2 │ flip: true
     3 │ epochs: 4
       · ──────
       ╰────

    ----
    error: expected a finite number, true, false, a word, or a list of them for
      │ `peak_lr` [recipe]
       ╭─[R.yaml:1:1]
     1 │ peak_lr: .inf
       · ───────
       ╰────

    ----
    error: expected a whole number from 1 to 1048576 for `batch_size`, got 0
      │ [recipe]
       ╭─[R.yaml:1:1]
     1 │ batch_size: 0
       · ──────────
       ╰────

    ----
    error: expected a whole number from 1 to 1048576 for `batch_size`, got 12.5
      │ [recipe]
       ╭─[R.yaml:1:1]
     1 │ batch_size: 12.5
       · ──────────
       ╰────

    ----
    error: expected a number from 0 to 1 for `momentum`, got 1.5 [recipe]
       ╭─[R.yaml:1:1]
     1 │ momentum: 1.5
       · ────────
       ╰────

    ----
    error: expected true or false for `flip`, got "maybe" [recipe]
       ╭─[R.yaml:1:1]
     1 │ flip: maybe
       · ────
       ╰────

    ----
    error: expected `peak_epoch` within 24 epochs, got 40 [recipe]
       ╭─[R.yaml:1:1]
     1 │ peak_epoch: 40
       · ──────────
       ╰────

    ----
    error: expected rising `lr_epochs`, got [0.0, 5.0, 2.0] [recipe]
       ╭─[R.yaml:1:1]
     1 │ lr_epochs: [0, 5, 2]
       · ─────────
     2 │ lr_values: [0, 1, 0]
       ╰────

    ----
    error: expected as many `lr_values` as `lr_epochs`, got 0 and 2 [recipe]
       ╭─[R.yaml:1:1]
     1 │ lr_epochs: [0, 5]
       · ─────────
       ╰────

    ----
    error: expected sgd, adamw or muon for `optimiser`, got "adam" [recipe]
       ╭─[R.yaml:1:1]
     1 │ optimiser: adam
       · ─────────
       ╰────
      help: write `"adamw"`

    ----
    error: expected none, flip or flip_shift for `test_views`, got 3 [recipe]
       ╭─[R.yaml:1:1]
     1 │ test_views: 3
       · ──────────
       ╰────

    ----
    error: `alternating_flip` says when images are mirrored, and `flip: false`
      │ that they are not [recipe]
       ╭─[R.yaml:2:1]
     1 │ flip: false
     2 │ alternating_flip: true
       · ────────────────
       ╰────

    ----
    error: expected `lookahead_start` below 24 epochs, got 30: lookahead would
      │ never begin [recipe]
       ╭─[R.yaml:2:1]
     1 │ lookahead_every: 5
     2 │ lookahead_start: 30
       · ───────────────
       ╰────

    ----
    error: expected `ghost_batch` of at most a batch of 512, got 600 [recipe]
       ╭─[R.yaml:1:1]
     1 │ ghost_batch: 600
       · ───────────
       ╰────

    ----
    error: `ghost_batch` of 1: one image has no deviation [recipe]
       ╭─[R.yaml:1:1]
     1 │ ghost_batch: 1
       · ───────────
       ╰────

    ----
    error: expected lines of `key: value` [recipe]
       ╭─[R.yaml:1:1]
     1 │ - 3
       · ───
       ╰────

    ----
    error: not valid YAML: did not find expected ',' or ']' [recipe]
       ╭─[R.yaml:2:1]
     1 │ epochs: [3
       ╰────

    ----
    error: expected a finite number, true, false, a word, or a list of them for
      │ `cutout` [recipe]
       ╭─[R.yaml:1:1]
     1 │ cutout: {side: 8}
       · ──────
       ╰────
      help: no key stands within another: write each on a line of its own
    "#);
}

#[test]
fn refusals_of_a_net_point_into_it() {
    let compilation = net("epoch = 60, cutout = 12.5");
    let text = render(&compilation.problems, &compilation.sources, Style::PLAIN);
    let text = text.lines().filter(|l| !l.contains(".net:")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text, @r#"
    error: unknown recipe key `epoch` [recipe]
     4 │   output out: [N, 10]
     5 │   recipe { epoch = 60, cutout = 12.5 }
       ·            ─────
     6 │ }
       ╰────
      help: did you mean `epochs`?

    error: expected a whole number from 0 to 1024 for `cutout`, got 12.5
      │ [recipe]
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
    assert!(netc::recipe::read(file.path()).unwrap_err().ends_with("more than 65536 bytes"));
}

#[test]
fn a_resolved_recipe_resolves_to_itself() {
    let settings = settings("epochs = 60, cutout = 12, accuracy = 95.0");
    let recipe = sound(&settings, "", None);
    assert_eq!(sound(&[], &recipe.to_yaml(), None).to_yaml(), recipe.to_yaml());
}

const ALL: Augmentation =
    Augmentation { crop_pad: 4, flip: true, alternating_flip: false, cutout: 8 };

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

#[test]
fn alternating_flips_show_each_image_either_way_in_turn() {
    let what = Augmentation { alternating_flip: true, ..ALL };
    // Of each image, by its number.
    let mirrored = |epoch| {
        let draws = Draws::new(3, epoch, 500, [32, 32], what);
        let mut pairs: Vec<(i64, i64)> = draws.order.into_iter().zip(draws.flip).collect();
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, flip)| flip).collect::<Vec<_>>()
    };
    let first = mirrored(1);
    assert!((200..300).contains(&first.iter().sum::<i64>()), "half of them");
    assert_eq!(mirrored(2), first.iter().map(|flip| 1 - flip).collect::<Vec<_>>());
    assert_eq!((mirrored(3), mirrored(6)), (first, mirrored(2)));
}

#[test]
fn the_reference_is_made_from_the_keys() {
    let written = std::fs::read_to_string("docs/recipe.md").unwrap();
    assert_eq!(
        Recipe::default().markdown(),
        written,
        "`netc recipe --format markdown > docs/recipe.md`"
    );
    for key in KEYS {
        assert_eq!(written.matches(&format!("\n| `{}` |", key.name)).count(), 1, "{}", key.name);
    }
}

#[test]
fn the_explained_recipe_reads_back_as_itself() {
    let text = Recipe::default().explained();
    assert_eq!(sound(&[], &text, None), Recipe::default());
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("# peak_epoch:\n") && text.contains("\noptimiser: sgd\n"), "{text}");
}

#[test]
fn every_key_is_recorded_and_refuses_what_it_does_not_accept() {
    for key in KEYS {
        let outside: &[&str] = match key.kind {
            KeyKind::Whole(..) => &["-1", "0.5", "true", "9999999999", "word"],
            KeyKind::Number(..) => &["-1", "1e9", "true", "[1]", "word"],
            KeyKind::Numbers(..) => &["1", "[-1]", "[true]", "[1e9]"],
            KeyKind::Bool => &["1", "word", "[true]"],
            KeyKind::Word(_) => &["1", "word", "true"],
            KeyKind::Paths => &["1", "[1]", "true", "[[a]]"],
        };
        for value in outside {
            let text = refusal(&format!("{}: {value}\n", key.name));
            assert!(
                text.contains(&format!("expected {}", key.kind.describe())),
                "{}: {text}",
                key.name
            );
        }
        assert!(key.about().ends_with('.') || key.about().ends_with("..."), "{}", key.name);
    }
    let recorded = sound(
        &[],
        "accuracy: 94\nfreeze: a\nlr_epochs: [0, 24]\nlr_values: [1, 0]\npeak_epoch: 3\n",
        None,
    )
    .to_yaml();
    for key in KEYS {
        assert!(recorded.contains(&format!("{}:", key.name)), "{recorded}");
    }
}

#[test]
fn words_and_lists_stand_in_a_net_too() {
    let settings = settings(
        "optimiser = \"muon\", lr_epochs = [0, 8], lr_values = [2*3, 0], epochs = 8, whiten_bias_epochs = 3",
    );
    let recipe = sound(&settings, "", None);
    assert_eq!((recipe.schedule().peak(), recipe.schedule().at(4.0)), (6.0, 3.0));
    let shorter = sound(&settings, "", Some(4));
    assert_eq!((shorter.whiten_bias_epochs, shorter.lr_epochs), (1.5, vec![0.0, 4.0]));
}

#[test]
fn a_recipe_that_was_built_wrong_is_not_valid() {
    let base = Recipe::default;
    for (recipe, key) in [
        (Recipe { batch_size: 0, ..base() }, "batch_size"),
        (Recipe { epochs: 0, ..base() }, "epochs"),
        (Recipe { peak_lr: f64::NAN, ..base() }, "peak_lr"),
        (Recipe { lr_epochs: vec![0.0], ..base() }, "lr_values"),
        (Recipe { ghost_batch: 1024, ..base() }, "ghost_batch"),
    ] {
        assert_eq!(recipe.validate().unwrap_err().key, key);
    }
    let peak = Recipe { peak_epoch: Some(6.0), ..base() };
    assert_eq!(peak.clone().of_length(12).validate(), Ok(()));
    assert_eq!(peak.of_length(12).peak_epoch, Some(3.0));
}

fn layers(arguments: &[&str]) -> Result<Layers, String> {
    let parsed: Result<Vec<RecipeArg>, String> = arguments.iter().map(|a| a.parse()).collect();
    Layers::of(&parsed?)
}

#[test]
fn a_key_of_the_command_line_wins_over_the_file_and_the_net() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a=b.yaml");
    std::fs::write(&file, "peak_lr: 0.3\ncutout: 4\nepochs: 12\n").unwrap();
    let given =
        ["peak_lr=0.2", file.to_str().unwrap(), "lr_epochs = [0, 5, 24]", "lr_values=[0,1,0]"];
    let settings = settings("peak_lr = 0.1, batch_size = 64, whiten_bias_epochs = 3");
    let (recipe, problems) =
        layers(&given).unwrap().resolve(&settings, Some(24), &mut Sources::default()).unwrap();
    assert!(!problems.has_errors(), "{problems:?}");
    assert_eq!((recipe.peak_lr, recipe.cutout, recipe.batch_size), (0.2, 4, 64));
    // The epochs of one layer go together; those of the layers below are stretched.
    assert_eq!((recipe.epochs, recipe.whiten_bias_epochs), (24, 3.0));
    assert_eq!(recipe.lr_epochs, [0.0, 5.0, 24.0]);
}

#[test]
fn keys_above_the_net_that_have_no_effect_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("warm.yaml");
    std::fs::write(&file, "muon_lr: 0.3\nadam_eps: 1e-8\nadam_beta2: 0.9\n").unwrap();
    let told = |own: &str, key: &str| {
        let given = layers(&[file.to_str().unwrap(), key]).unwrap();
        let own = settings(own);
        let (_, problems) = given.resolve(&own, None, &mut Sources::default()).unwrap();
        assert!(!problems.has_errors(), "{problems:?}");
        problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    let [muon, adam] = ["muon_lr", "adam_beta2"]
        .map(|key| format!("`{key}` has no effect: it is for `optimiser = \"{}\"`", &key[..4]));
    let adam = adam.replace("adam\"", "adamw\"");
    assert_eq!(told("", "momentum=0.5"), [muon.clone(), adam.clone()]);
    assert_eq!(told("", "optimiser=muon"), [adam]);
    let momentum = "`momentum` has no effect: `optimiser = \"adamw\"` has none".to_owned();
    assert_eq!(told("optimiser = \"adamw\"", "momentum=0.5"), [muon.clone(), momentum]);
    assert_eq!(told("optimiser = \"adamw\"", "epochs=3"), [muon]);
}

#[test]
fn what_the_command_line_says_wrongly_is_pointed_at() {
    let mut sources = Sources::default();
    let given = layers(&["batch_size=many", "peek_lr=1"]).unwrap();
    let (_, problems) = given.resolve(&[], Some(3), &mut sources).unwrap();
    insta::assert_snapshot!(render(&problems, &sources, Style::PLAIN), @r#"
    error: expected a whole number from 1 to 1048576 for `batch_size`, got
      │ "many" [recipe]
       ╭─[the command line:1:1]
     1 │ batch_size: many
       · ──────────
     2 │ peek_lr: 1
       ╰────

    error: unknown recipe key `peek_lr` [recipe]
       ╭─[the command line:2:1]
     1 │ batch_size: many
     2 │ peek_lr: 1
       · ───────
     3 │ epochs: 3
       ╰────
      help: did you mean `peak_lr`?
    "#);
    for wrong in [&["peak_lr="][..], &["=1"], &["one.yaml", "two.yaml"], &["peak_lr=1\nepochs: 2"]]
    {
        layers(wrong).unwrap_err();
    }
    let twice = layers(&["epochs=2"]).unwrap();
    let (_, problems) = twice.resolve(&[], Some(3), &mut Sources::default()).unwrap();
    assert!(problems.has_errors());
}

#[test]
fn values_that_would_become_others_are_told() {
    for (yaml, words) in [
        ("flip: yes\n", "write `true`"),
        ("nesterov: OFF\n", "write `false`"),
        ("flip: 1\n", "write `true`"),
        ("peak_lr: 1e-400\n", "`1e-400` of `peak_lr` is nearer to 0 than a number can be"),
        ("lr_values: [0, 2.5e-999] # none\nlr_epochs: [0, 1]\n", "`2.5e-999` of `lr_values`"),
    ] {
        assert!(refusal(yaml).contains(words), "{yaml}: {}", refusal(yaml));
    }
    for yaml in ["peak_lr: 0e-400\n", "peak_lr: 0.000\n", "peak_lr: 0 # not 1e-400\n"] {
        assert_eq!(refusal(yaml), "", "{yaml}");
    }
    for nothing in ["", "  "] {
        assert!(nothing.parse::<RecipeArg>().unwrap_err().starts_with("expected a file, or KEY="));
    }
}

/// A path that begins with `*` is an alias in YAML.
#[test]
fn patterns_of_paths_are_taken_as_they_are_on_the_command_line_and_quoted_in_a_file() {
    for (given, paths) in [
        ("freeze=**.bn", &["**.bn"][..]),
        ("freeze = [stem, **.bn , *.conv]", &["stem", "**.bn", "*.conv"]),
        ("freeze=\"**.bn\"", &["**.bn"]),
        ("freeze=['*.bn', layer*.conv]", &["*.bn", "layer*.conv"]),
    ] {
        let (recipe, problems) =
            layers(&[given]).unwrap().resolve(&[], None, &mut Sources::default()).unwrap();
        assert!(problems.is_empty(), "{given}: {problems:?}");
        assert_eq!(recipe.freeze, paths, "{given}");
    }
    for (line, help) in [
        ("freeze: **.bn", "`freeze: \"**.bn\"`"),
        ("freeze: *bn", "`freeze: \"*bn\"`"),
        ("freeze: [stem, **.bn]", "`freeze: [stem, \"**.bn\"]`"),
    ] {
        let said = refusal(&format!("epochs: 3\n{line}\nflip: true\n"));
        assert!(said.contains(&format!("what begins with `*` stands in quotes: {help}")), "{said}");
    }
}
