//! NumPy's `.npy` format: a header of one Python dictionary, then the numbers.

use std::io::Read;

/// The maximum length of a header; NumPy's own take 128 bytes.
const MOST_HEADER: usize = 1 << 14;

/// The element type of an array; widths in bytes, those of text in letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
    /// UTF-32.
    Text(usize),
    /// Bytes, padded with zeros.
    Bytes(usize),
    /// Python objects.
    Objects,
    Complex,
    /// Dates, or spans of time.
    Times,
    /// Bytes without a meaning.
    Raw,
    Other,
}

/// The header of an array.
#[derive(Debug)]
pub(super) struct Header {
    /// The type as NumPy writes it, such as `<i8`.
    pub descr: String,
    pub kind: Type,
    pub shape: Vec<usize>,
    /// Bytes before the first number.
    pub length: u64,
    big_endian: bool,
}

impl Header {
    /// Reads a header and leaves `file` at the first number.
    pub(super) fn read(file: &mut impl Read) -> Result<Header, String> {
        let mut start = [0; 8];
        file.read_exact(&mut start).map_err(|_| "expected an array, got fewer than 8 bytes")?;
        if &start[..6] != b"\x93NUMPY" {
            return Err("expected an array in NumPy's format, got other bytes at byte 0".into());
        }
        let mut size = [0; 4];
        let digits = if start[6] == 1 { 2 } else { 4 };
        let ends = |_| "it ends in its header".to_owned();
        file.read_exact(&mut size[..digits]).map_err(ends)?;
        let size = u32::from_le_bytes(size) as usize;
        if size > MOST_HEADER {
            return Err(format!("expected a header of up to {MOST_HEADER} bytes, got {size}"));
        }
        let mut text = vec![0; size];
        file.read_exact(&mut text).map_err(ends)?;
        let length = (8 + digits + size) as u64;
        parse(&String::from_utf8_lossy(&text), length)
            .ok_or_else(|| format!("cannot make out its header at byte {}", 8 + digits))?
    }

    /// A description of the element type.
    pub(super) fn what(&self) -> String {
        match self.kind {
            Type::Objects => "a pickle of Python objects, which is not run".into(),
            Type::Text(_) | Type::Bytes(_) => format!("text ({})", self.descr),
            Type::Complex => format!("complex numbers ({})", self.descr),
            Type::Times => format!("dates or times ({})", self.descr),
            Type::Raw => format!("raw bytes ({})", self.descr),
            Type::Unsigned(_) | Type::Signed(_) | Type::Float(_) | Type::Other => {
                self.descr.clone()
            }
        }
    }

    /// How many bytes the values take; `None` if that overflows, also for an empty array if its
    /// other sizes do.
    pub(super) fn bytes(&self) -> Option<u64> {
        let item = match self.kind {
            Type::Unsigned(n) | Type::Signed(n) | Type::Float(n) | Type::Bytes(n) => n as u64,
            Type::Text(n) => (n as u64).checked_mul(4)?,
            Type::Objects | Type::Complex | Type::Times | Type::Raw | Type::Other => {
                return Some(0);
            }
        };
        let some =
            self.shape.iter().try_fold(item, |bytes, &n| bytes.checked_mul(n.max(1) as u64))?;
        Some(if self.shape.contains(&0) { 0 } else { some })
    }

    /// One integer.
    pub(super) fn integer(&self, bytes: &[u8]) -> i128 {
        let digits = |value: u128, byte: &u8| (value << 8) | u128::from(*byte);
        let value = match self.big_endian {
            true => bytes.iter().fold(0, digits),
            false => bytes.iter().rev().fold(0, digits),
        };
        let negative = matches!(self.kind, Type::Signed(_)) && value >> (8 * bytes.len() - 1) == 1;
        if negative { value as i128 - (1 << (8 * bytes.len())) } else { value as i128 }
    }

    /// One number, an integer or not.
    pub(super) fn number(&self, bytes: &[u8]) -> f64 {
        if !matches!(self.kind, Type::Float(_)) {
            return self.integer(bytes) as f64;
        }
        let digits = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
        let bits = match self.big_endian {
            true => bytes.iter().fold(0, digits),
            false => bytes.iter().rev().fold(0, digits),
        };
        match bytes.len() {
            2 => half::f16::from_bits(bits as u16).to_f64(),
            4 => f32::from_bits(bits as u32).into(),
            _ => f64::from_bits(bits),
        }
    }

    /// All strings of an array of them, without the zeros that pad them.
    ///
    /// # Errors
    /// The first that is not Unicode, as it would be written, and why.
    pub(super) fn strings(&self, bytes: &[u8]) -> Result<Vec<String>, (String, &'static str)> {
        match self.kind {
            Type::Bytes(n) if n > 0 => bytes.chunks_exact(n).map(utf8).collect(),
            Type::Text(n) if n > 0 => {
                let code = |word: &[u8]| u32::try_from(self.integer(word)).unwrap_or(u32::MAX);
                let codes = |bytes: &[u8]| bytes.chunks_exact(4).map(code).collect::<Vec<u32>>();
                bytes.chunks_exact(4 * n).map(|bytes| letters(&codes(bytes))).collect()
            }
            _ => Ok(vec![String::new(); self.shape.iter().product()]),
        }
    }
}

/// A string of bytes.
fn utf8(bytes: &[u8]) -> Result<String, (String, &'static str)> {
    let length = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let text = std::str::from_utf8(&bytes[..length]);
    let refuse = |_| (bytes[..length].escape_ascii().to_string(), "these bytes are not UTF-8");
    text.map(str::to_owned).map_err(refuse)
}

/// A string of code points.
fn letters(codes: &[u32]) -> Result<String, (String, &'static str)> {
    let length = codes.iter().rposition(|&code| code != 0).map_or(0, |last| last + 1);
    let text: Option<String> = codes[..length].iter().map(|&code| char::from_u32(code)).collect();
    text.ok_or_else(|| {
        let letter = |&code: &u32| match char::from_u32(code) {
            Some(letter) => letter.escape_debug().to_string(),
            None => format!("\\u{{{code:x}}}"),
        };
        (codes[..length].iter().map(letter).collect(), "not every letter of it is one of Unicode")
    })
}

/// `{'descr': '<i8', 'fortran_order': False, 'shape': (3, 4), }`. `None` if the text is not of
/// this form; the inner error is for a header that cannot be used.
fn parse(text: &str, length: u64) -> Option<Result<Header, String>> {
    let value = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr")?;
    let Some(descr) =
        descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map(|(d, _)| d)
    else {
        return Some(Err("expected an array of plain numbers, got one of records".into()));
    };
    if descr.len() > 16 || !descr.is_ascii() || descr.len() < 2 {
        return None;
    }
    if !value("fortran_order")?.starts_with("False") {
        return Some(Err("expected C order; in NumPy: numpy.ascontiguousarray(array)".into()));
    }
    let (shape, _) = value("shape")?.strip_prefix('(')?.split_once(')')?;
    let numbers = shape.split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape: Vec<usize> = numbers.map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let (order, kind) = descr.split_at(1);
    let (letter, width) = kind.split_at(1);
    let width: Option<usize> = width.parse().ok();
    let kind = match (letter, width) {
        ("b", Some(1)) => Type::Unsigned(1),
        ("u", Some(n @ (1 | 2 | 4 | 8))) => Type::Unsigned(n),
        ("i", Some(n @ (1 | 2 | 4 | 8))) => Type::Signed(n),
        ("f", Some(n @ (2 | 4 | 8))) => Type::Float(n),
        ("O", _) => Type::Objects,
        ("c", _) => Type::Complex,
        ("M" | "m", _) => Type::Times,
        ("V", _) => Type::Raw,
        ("U", Some(n)) => Type::Text(n),
        ("S", Some(n)) => Type::Bytes(n),
        _ => Type::Other,
    };
    Some(Ok(Header { descr: descr.into(), kind, shape, length, big_endian: order == ">" }))
}
