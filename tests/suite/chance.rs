//! Nets by chance that are right, as text.

use std::fmt::Write as _;

/// What a generator decides by. After its end, the first of everything.
pub struct Choices(std::vec::IntoIter<u32>);

impl Choices {
    /// In this order.
    pub fn new(list: Vec<u32>) -> Choices {
        Choices(list.into_iter())
    }

    /// A number below `count`.
    pub fn below(&mut self, count: u64) -> u64 {
        u64::from(self.0.next().unwrap_or(0)) % count
    }

    /// One of a list.
    pub fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

/// Channels, height and width.
pub type Image = [u64; 3];

/// The text of a net while it grows, and the shape that its cursor has.
pub struct Net {
    text: String,
    at: Image,
    /// Values with a name.
    named: Vec<(String, Image)>,
    count: usize,
}

/// The largest image.
const LARGEST: u64 = 24;

/// A window, and how many of it fit.
fn window(choices: &mut Choices, length: u64, most_pad: impl Fn(u64) -> u64) -> [u64; 4] {
    loop {
        let (k, stride) = (choices.of(&[1, 2, 3, 5]), choices.of(&[1, 2, 3]));
        let pad = choices.below(most_pad(k) + 1);
        if length + 2 * pad >= k {
            return [k, stride, pad, (length + 2 * pad - k) / stride + 1];
        }
    }
}

/// Two windows as the arguments of an op.
fn settings(rows: [u64; 4], columns: [u64; 4]) -> String {
    let pair = |i: usize| format!("[{}, {}]", rows[i], columns[i]);
    format!("k = {}, stride = {}, pad = {}", pair(0), pair(1), pair(2))
}

/// A convolution for an image, and the shape that it gives.
pub fn conv(choices: &mut Choices, [c, h, w]: Image) -> (String, Image) {
    let (groups, out) = match choices.below(4) {
        0 => (c, c * choices.of(&[1, 2])),
        1 if c % 2 == 0 => (2, choices.of(&[2, 4, 6])),
        _ => (1, choices.of(&[1, 3, 4, 8])),
    };
    let (rows, columns) =
        (window(choices, h, |k| 3.min(k - 1)), window(choices, w, |k| 3.min(k - 1)));
    let mut dilation = choices.of(&[1, 1, 2, 3]);
    let fits = |d: u64| {
        [(rows, h), (columns, w)].iter().all(|(a, length)| length + 2 * a[2] > d * (a[0] - 1))
    };
    if !fits(dilation) {
        dilation = 1;
    }
    let size =
        |a: [u64; 4], length: u64| (length + 2 * a[2] - dilation * (a[0] - 1) - 1) / a[1] + 1;
    let text = format!(
        "conv({out}, {}, dilation = {dilation}, groups = {groups}, bias = {})",
        settings(rows, columns),
        choices.of(&["true", "false"]),
    );
    (text, [out, size(rows, h), size(columns, w)])
}

/// A pool for an image, and the shape that it gives.
pub fn pool(choices: &mut Choices, [c, h, w]: Image) -> (String, Image) {
    let (rows, columns) = (window(choices, h, |k| k / 2), window(choices, w, |k| k / 2));
    let ceil = choices.below(2) == 1;
    let size = |[k, stride, pad, floor]: [u64; 4], length: u64| {
        let rest = !(length + 2 * pad - k).is_multiple_of(stride);
        floor + u64::from(ceil && rest && floor * stride < length + pad)
    };
    let text = format!(
        "{}({}, ceil = {ceil})",
        choices.of(&["maxpool", "avgpool"]),
        settings(rows, columns),
    );
    (text, [c, size(rows, h), size(columns, w)])
}

impl Net {
    /// The text of a net.
    pub fn of(choices: &mut Choices) -> String {
        let at = [choices.of(&[3, 1, 2, 4]), 4 + choices.below(9), 4 + choices.below(9)];
        let mut net = Net { text: String::new(), at, named: vec![("image".into(), at)], count: 0 };
        for _ in 0..=choices.below(12) {
            net.statement(choices);
        }
        let [c, h, w] = net.at;
        let end = match (choices.below(3), c * h * w) {
            (0, _) => "globalavgpool -> flatten",
            (1, _) => "globalmaxpool -> flatten",
            _ => "flatten",
        };
        format!(
            "# A net by chance.\nblock norm(a = 1.0) {{\n  bn -> celu(alpha = a)\n}}\nblock twice(c = same) :: [N, C, H, W] -> [N, C, H, W] {{\n  s = in -> conv(c, k = 1)\n  conv -> relu -> add(s) if c == same\n  conv(C, k = 1) if c != C\n}}\nnet chance(width = 4, deep = true) {{\n  input image: [N, {}, {}, {}]\n{}  head: {end} -> linear({})\n  output logits: [N, 5]\n}}\n",
            at[0],
            at[1],
            at[2],
            net.text,
            choices.of(&["5", "width + 1"]),
        )
    }

    /// A line, under a label now and then.
    fn line(&mut self, choices: &mut Choices, text: &str, at: Image) {
        self.count += 1;
        let label = format!("s{}", self.count);
        match choices.below(2) {
            0 => {
                writeln!(self.text, "  {label}: {text}").unwrap();
                self.named.push((label, at));
            }
            _ => writeln!(self.text, "  {text}").unwrap(),
        }
        self.at = at;
    }

    fn statement(&mut self, choices: &mut Choices) {
        let at = self.at;
        let [c, h, w] = at;
        match choices.below(14) {
            0 | 1 => {
                let (text, to) = conv(choices, at);
                self.line(choices, &text, to);
            }
            2 => {
                let (text, to) = pool(choices, at);
                self.line(choices, &text, to);
            }
            3 => {
                let op = choices.of(&[
                    "relu",
                    "gelu",
                    "celu",
                    "silu",
                    "sigmoid",
                    "tanh",
                    "leakyrelu(slope = 0.2)",
                    "elu(alpha = 0.5)",
                    "mish",
                    "hardsigmoid",
                    "hardswish",
                    "softmax",
                    "identity",
                    "bn",
                    "relu(max = 6)",
                    "mul(0.5)",
                    "add(-0.5)",
                    "norm",
                    "norm(0.25)",
                ]);
                self.line(choices, op, at);
            }
            4 => {
                let [p, q] = [choices.below(3), choices.below(3)];
                let mode = if p < h && q < w { choices.of(&["zeros", "reflect"]) } else { "zeros" };
                if h + 2 * p <= LARGEST && w + 2 * q <= LARGEST {
                    let text = format!("pad([{p}, {q}], mode = \"{mode}\")");
                    self.line(choices, &text, [c, h + 2 * p, w + 2 * q]);
                }
            }
            5 => {
                let [p, q] = [1 + choices.below(2), 1 + choices.below(3)];
                if h * p <= LARGEST && w * q <= LARGEST {
                    let mode = choices.of(&["nearest", "bilinear"]);
                    self.line(
                        choices,
                        &format!("upsample([{p}, {q}], mode = \"{mode}\")"),
                        [c, h * p, w * q],
                    );
                }
            }
            6 => {
                let (source, from) =
                    self.named[choices.below(self.named.len() as u64) as usize].clone();
                let (text, to) = conv(choices, from);
                self.count += 1;
                let name = format!("b{}", self.count);
                writeln!(self.text, "  {name} = {source} -> {text} -> bn").unwrap();
                self.named.push((name, to));
            }
            7 => {
                let op = choices.of(&["add", "sub"]);
                self.join(choices, op, |other| other == at, |_| at);
            }
            8 => self.join(
                choices,
                "concat",
                |other| other[1..] == at[1..] && other[0] + c <= 16,
                |other| [c + other[0], h, w],
            ),
            9 => self.join(
                choices,
                "mul",
                |other| (0..3).all(|i| other[i] == at[i] || other[i] == 1),
                |_| at,
            ),
            10 => {
                let source = self.named[choices.below(self.named.len() as u64) as usize].0.clone();
                self.count += 1;
                let gate = format!("g{}", self.count);
                writeln!(
                    self.text,
                    "  {gate} = {source} -> globalavgpool -> conv({c}, k = 1) -> sigmoid"
                )
                .unwrap();
                self.named.push((gate, [c, 1, 1]));
            }
            11 => {
                let rounds = choices.below(4);
                self.line(
                    choices,
                    &format!("repeat {rounds} {{\n    conv -> norm(0.5)\n    r: relu\n  }}"),
                    at,
                );
            }
            12 => {
                let guard = choices.of(&[
                    "deep",
                    "width == 4",
                    "not deep",
                    "width > 10 or deep and 1 + 2 * 3 == 7",
                    "[1, 2] has 3",
                ]);
                self.line(choices, &format!("silu if {guard} else (relu -> bn) if not deep"), at);
            }
            _ => {
                let text = choices.of(&["twice", "twice(2)", "twice(width)"]);
                self.line(choices, text, at);
            }
        }
    }

    fn join(
        &mut self,
        choices: &mut Choices,
        op: &str,
        fits: impl Fn(Image) -> bool,
        to: impl Fn(Image) -> Image,
    ) {
        let fitting: Vec<(String, Image)> =
            self.named.iter().filter(|(_, at)| fits(*at)).cloned().collect();
        if !fitting.is_empty() {
            let (name, at) = fitting[choices.below(fitting.len() as u64) as usize].clone();
            self.line(choices, &format!("{op}({name})"), to(at));
        }
    }
}
