use crate::recipe::Layers;
use crate::run::data::DataSpec;

/// Why a training is not the one that the accuracy in a net's recipe was published for, apart from
/// its net and its epochs: the data, how many images of them are used for training and test, and
/// what comes above the net's recipe.
pub fn unlike_published(
    data: &str,
    [train, test]: [Option<usize>; 2],
    layers: &Layers,
) -> Option<String> {
    let part = |limit: Option<usize>, what: &str| Some(format!("on {} {what} images", limit?));
    let other = match DataSpec::from(data) {
        DataSpec::Cifar10 | DataSpec::Path(_) => None,
        DataSpec::Cifar100 => Some("on CIFAR-100".into()),
        DataSpec::Synthetic(_) => Some("on synthetic images".into()),
    };
    other
        .or_else(|| part(train, "training"))
        .or_else(|| part(test, "test"))
        .or_else(|| layers.words().map(|words| format!("with {words}")))
}
