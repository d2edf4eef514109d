//! The nets that come with netc, as files to start from.

/// A net that comes with netc.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    source: &'static str,
}

macro_rules! shipped {
    ($($name:literal = $path:literal,)+) => {
        /// Those that stand alone, or with the library in netc.
        pub const SHIPPED: &[Shipped] = &[$(
            Shipped { name: $name, source: include_str!(concat!("../../nets/", $path, ".net")) },
        )+];
    };
}

shipped! {
    "airbench94" = "zoo/airbench94",
    "backbone" = "backbone",
    "base" = "base",
    "dawnbench" = "dawnbench",
    "densenet121" = "zoo/densenet121",
    "mobilenet_v2" = "zoo/mobilenet_v2",
    "resnet18" = "zoo/resnet18",
    "resnet50" = "zoo/resnet50",
    "resnet9" = "resnet9",
    "squeezenet1_1" = "zoo/squeezenet1_1",
    "vgg16" = "zoo/vgg16",
}

impl Shipped {
    /// The text of a file that needs no other.
    pub fn text(&self) -> String {
        self.source.replace("import \"lib.net\":", "import std:")
    }

    /// What it is: the first sentence of its comment.
    pub fn about(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix('#'));
        let comment = lines.map(str::trim).collect::<Vec<_>>().join(" ");
        let mut ends = comment.match_indices([':', ';', '.']);
        let end = ends.find(|(at, _)| comment[at + 1..].starts_with(' '));
        let first = end.map_or(comment.as_str(), |(at, _)| &comment[..at]);
        first.trim_end_matches('.').to_owned()
    }
}
