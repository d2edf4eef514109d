use netc::run::data::synthetic::{Options, generate};
use netc::run::data::{DataSpec, Dataset, Normalisation, Split};

fn small(seed: u64) -> Dataset {
    generate(&Options { seed, train: 600, test: 200 })
}

#[test]
fn the_same_seed_gives_the_same_images_and_another_seed_others() {
    let set = small(0);
    assert_eq!(set, small(0));
    assert_ne!(set.train.images, small(1).train.images);
    assert_ne!(set.train.images[..3072], set.test.images[..3072]);
}

/// Results are compared across versions, so a change of the images must be a decision.
#[test]
fn the_images_of_seed_0_never_change() {
    let images = small(0).train.images;
    let hash = images.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(hash, 14_781_797_572_495_567_385);
}

#[test]
fn a_smaller_set_is_the_beginning_of_a_larger_one() {
    let few = generate(&Options { seed: 0, train: 35, test: 0 });
    assert_eq!(few.train.images, small(0).train.images[..35 * 3072]);
    assert!(few.test.is_empty());
}

#[test]
fn classes_are_balanced_and_values_span_the_range() {
    let Dataset { train, classes, normalisation: Normalisation { mean, std }, .. } = small(0);
    for class in 0..10 {
        assert_eq!(train.labels.iter().filter(|&&label| label == class).count(), 60);
    }
    assert_eq!((classes.len(), train.images.len()), (10, 600 * 3072));
    assert!(train.images.contains(&0) && train.images.contains(&255));
    assert!(mean.iter().all(|mean| (110.0..145.0).contains(mean)), "{mean:?}");
    assert!(std.iter().all(|std| (60.0..90.0).contains(std)), "{std:?}");
}

/// A softmax regression on all pixels generalises little better than chance: the set asks for more
/// than templates.
#[test]
fn a_linear_probe_stays_poor() {
    let set = generate(&Options { seed: 0, train: 1_000, test: 500 });
    let weights = train_probe(&set.train, 5);
    let right = (0..set.test.len())
        .filter(|&i| {
            let scores = scores(&weights, image(&set.test, i));
            let best = (0..10).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            best == Some(usize::from(set.test.labels[i]))
        })
        .count();
    assert!(right * 100 < 30 * set.test.len(), "{right} of {}", set.test.len());
}

#[test]
fn data_specs_are_read_from_the_command_line() {
    assert_eq!(DataSpec::from("cifar10"), DataSpec::Cifar10);
    assert_eq!(DataSpec::from("synthetic"), DataSpec::Synthetic(Options::default()));
    assert_eq!(DataSpec::from("cifar100"), DataSpec::Cifar100);
    assert_eq!(DataSpec::from("data/x"), DataSpec::Path("data/x".into()));
}

type Weights = [Vec<f32>; 10];

fn image(split: &Split, index: usize) -> &[u8] {
    &split.images[index * 3072..][..3072]
}

fn scores(weights: &Weights, image: &[u8]) -> [f32; 10] {
    std::array::from_fn(|class| {
        let products = weights[class].iter().zip(image);
        products.map(|(w, &x)| w * (f32::from(x) / 255.0 - 0.5)).sum()
    })
}

fn train_probe(split: &Split, epochs: usize) -> Weights {
    let mut weights: Weights = std::array::from_fn(|_| vec![0.0; 3072]);
    for index in (0..split.len()).cycle().take(epochs * split.len()) {
        let image = image(split, index);
        let powers = scores(&weights, image).map(f32::exp);
        let total: f32 = powers.iter().sum();
        for class in 0..10 {
            let wanted = f32::from(class == usize::from(split.labels[index]));
            let step = 0.003 * (wanted - powers[class] / total);
            for (w, &x) in weights[class].iter_mut().zip(image) {
                *w += step * (f32::from(x) / 255.0 - 0.5);
            }
        }
    }
    weights
}
