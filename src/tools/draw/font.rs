//! How wide texts are in the font of pictures, Inter, which comes with netc.

/// How bold a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// On boxes, beside wires, in the legend.
    Regular,
    /// Titles and captions.
    SemiBold,
}

/// The width of a text at a font size, both in pixels. Every text of a picture states it, so that
/// it is as wide in any other font.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let (ascii, others) = match weight {
        Weight::Regular => (&REGULAR, [288, 662, 864, 954]),
        Weight::SemiBold => (&SEMI_BOLD, [319, 673, 956, 954]),
    };
    let advance = |c: char| match c {
        ' '..='~' => ascii[c as usize - 32],
        '·' => others[0],
        '×' => others[1],
        '…' => others[2],
        '→' => others[3],
        _ => UNKNOWN,
    };
    f64::from(text.chars().map(advance).sum::<u32>()) * size / 1000.0
}

/// The advance of a character that the font does not have.
const UNKNOWN: u32 = 700;

/// Advances of the printable ASCII characters, in thousandths of the size.
const REGULAR: [u32; 95] = [
    281, 288, 466, 633, 642, 982, 644, 300, 365, 365, 501, 662, 288, 460, 288, 360, 631, 407, 610,
    618, 646, 593, 620, 566, 619, 620, 288, 302, 662, 662, 662, 511, 966, 690, 654, 730, 722, 601,
    590, 746, 743, 269, 571, 672, 565, 903, 753, 765, 639, 765, 644, 642, 646, 744, 690, 985, 682,
    679, 629, 365, 360, 365, 471, 456, 323, 562, 612, 571, 612, 583, 370, 613, 591, 242, 242, 549,
    242, 876, 591, 600, 612, 612, 376, 528, 327, 591, 562, 818, 546, 562, 552, 426, 333, 426, 662,
];
const SEMI_BOLD: [u32; 95] = [
    252, 321, 523, 644, 650, 1004, 663, 326, 373, 373, 540, 673, 319, 465, 319, 379, 660, 423, 623,
    636, 666, 612, 640, 576, 640, 640, 319, 329, 673, 673, 673, 543, 999, 728, 659, 737, 722, 605,
    588, 749, 746, 277, 580, 703, 565, 922, 759, 769, 645, 773, 652, 650, 660, 736, 728, 1020, 720,
    713, 652, 373, 379, 373, 481, 469, 351, 574, 624, 583, 624, 591, 389, 625, 612, 262, 262, 569,
    262, 900, 612, 609, 624, 624, 397, 549, 353, 612, 587, 839, 569, 588, 566, 455, 359, 455, 673,
];
