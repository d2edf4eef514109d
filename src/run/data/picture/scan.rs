//! How many bytes of a JPEG's data its pixels leave over. A decoder does not say: after damage that
//! happens to consist of valid codes, it may have all pixels before it has read all data.

/// Bytes before a marker that are accepted: some encoders pad their data to whole words.
const MOST_PADDING: usize = 3;
/// Coefficients of a block.
const BLOCK: usize = 64;

/// The bytes that the first scan with a remainder leaves over. 0 also for files of which this
/// module knows nothing: progressive ones, and those that only a decoder can judge.
pub(super) fn left_over(bytes: &[u8]) -> usize {
    File::default().left_over(bytes).unwrap_or(0)
}

/// What the segments before a scan say.
#[derive(Default)]
struct File {
    size: [usize; 2],
    components: Vec<Component>,
    /// Codes of the constant and of the other coefficients, by number.
    codes: [[Option<Codes>; 4]; 2],
    /// Units between two restart markers; 0 without them.
    interval: usize,
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    /// Blocks of a unit, horizontally and vertically.
    blocks: [usize; 2],
}

impl File {
    fn left_over(mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 2;
        loop {
            let (&[start, marker], rest) = bytes.get(at..)?.split_first_chunk::<2>()?;
            match (start, marker) {
                (0xff, 0xff) => {
                    at += 1;
                    continue;
                }
                (0xff, 0xd9) => return Some(0),
                (0xff, 0x01 | 0xd0..=0xd8) => {
                    at += 2;
                    continue;
                }
                (0xff, _) => {}
                _ => return None,
            }
            let (length, _) = rest.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            let segment = rest.get(2..length)?;
            at += 2 + length;
            match marker {
                0xc0 | 0xc1 => self.frame(segment)?,
                0xc4 => self.tables(segment)?,
                0xdd => self.interval = word(segment, 0)?,
                0xda => {
                    let mut data = Bits { bytes, at, word: 0, count: 0 };
                    match self.scan(segment, &mut data)? {
                        0 => at = data.at,
                        left => return Some(left),
                    }
                }
                // Other ways of coding; and the height after the data.
                0xc2 | 0xc3 | 0xc5..=0xcf | 0xdc => return None,
                _ => {}
            }
        }
    }

    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        self.size = [word(segment, 3)?, word(segment, 1)?];
        let count = usize::from(*segment.get(5)?);
        let parts = segment.get(6..6 + 3 * count)?.chunks_exact(3);
        let component = |part: &[u8]| {
            let blocks = [part[1] >> 4, part[1] & 15].map(usize::from);
            Component { id: part[0], blocks }
        };
        self.components = parts.map(component).collect();
        let sound = |component: &Component| !component.blocks.contains(&0);
        let known = segment[0] == 8 && !self.size.contains(&0);
        (known && self.components.iter().all(sound)).then_some(())
    }

    fn tables(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&place, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let all = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(all)?;
            let table = self.codes.get_mut(usize::from(place >> 4))?;
            *table.get_mut(usize::from(place & 15))? = Some(Codes::new(counts, symbols));
            segment = rest;
        }
        Some(())
    }

    /// What a scan leaves over.
    fn scan(&self, segment: &[u8], data: &mut Bits<'_>) -> Option<usize> {
        let (&count, rest) = segment.split_first()?;
        let mut blocks = Vec::new();
        let mut own = None;
        for part in rest.get(..2 * usize::from(count))?.chunks_exact(2) {
            let component = *self.components.iter().find(|component| component.id == part[0])?;
            let number = [part[1] >> 4, part[1] & 15].map(usize::from);
            let [dc, ac] = [0, 1].map(|i| self.codes[i].get(number[i]).and_then(Option::as_ref));
            let times = component.blocks[0] * component.blocks[1];
            blocks.extend(std::iter::repeat_n((dc?, ac?), times));
            own = Some(component);
        }
        let most = [0, 1].map(|axis| self.components.iter().map(|c| c.blocks[axis]).max());
        let [across, down] = match own.filter(|_| count == 1) {
            // A component alone is stored block by block, without those that only fill a unit.
            Some(component) => {
                blocks.truncate(1);
                let side = |axis: usize| {
                    let samples = (self.size[axis] * component.blocks[axis]).div_ceil(most[axis]?);
                    Some(samples.div_ceil(8))
                };
                [side(0)?, side(1)?]
            }
            None => [self.size[0].div_ceil(8 * most[0]?), self.size[1].div_ceil(8 * most[1]?)],
        };
        let units = across * down;
        for unit in 0..units {
            if self.interval > 0 && unit > 0 && unit.is_multiple_of(self.interval) {
                match data.rest() {
                    0 => data.restart()?,
                    left => return Some(left),
                }
            }
            blocks.iter().try_for_each(|(dc, ac)| data.block(dc, ac))?;
        }
        Some(data.rest())
    }
}

/// Two bytes of a segment as a number.
fn word(segment: &[u8], at: usize) -> Option<usize> {
    let (bytes, _) = segment.get(at..)?.split_first_chunk::<2>()?;
    Some(u16::from_be_bytes(*bytes).into())
}

/// A table of codes.
struct Codes {
    /// By length: the first code, the place of its symbol, and the first code after those of this
    /// length as 16 bits.
    lengths: [(u32, usize, u32); 16],
    symbols: Vec<u8>,
}

impl Codes {
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Codes {
        let (mut code, mut place) = (0, 0);
        let mut lengths = [(0, 0, 0); 16];
        for (i, &count) in counts.iter().enumerate() {
            let (first, start) = (code, place);
            code += u32::from(count);
            place += usize::from(count);
            lengths[i] = (first, start, code << (15 - i));
            code *= 2;
        }
        Codes { lengths, symbols: symbols.into() }
    }
}

/// Coded data up to a marker.
struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
    /// The last bits that were read, of which `count` were not used.
    word: u64,
    count: u32,
}

impl Bits<'_> {
    /// The next byte; `None` at a marker.
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        let length = match (byte, self.bytes.get(self.at + 1)) {
            (0xff, Some(0)) => 2,
            (0xff, _) => return None,
            _ => 1,
        };
        self.at += length;
        Some(byte)
    }

    fn fill(&mut self) {
        while self.count <= 48
            && let Some(byte) = self.byte()
        {
            self.word = (self.word << 8) | u64::from(byte);
            self.count += 8;
        }
    }

    fn skip(&mut self, bits: u32) -> Option<()> {
        self.fill();
        self.count = self.count.checked_sub(bits)?;
        Some(())
    }

    /// The next symbol.
    fn symbol(&mut self, codes: &Codes) -> Option<u8> {
        self.fill();
        let next = match self.count.checked_sub(16) {
            Some(later) => self.word >> later,
            None => self.word << (16 - self.count),
        };
        let next = next as u32 & 0xffff;
        let length = codes.lengths.iter().position(|&(.., end)| next < end)?;
        let (first, place, _) = codes.lengths[length];
        let number = (next >> (15 - length)).checked_sub(first)?;
        let symbol = *codes.symbols.get(place + number as usize)?;
        self.skip(length as u32 + 1)?;
        Some(symbol)
    }

    /// Reads the coefficients of a block.
    fn block(&mut self, dc: &Codes, ac: &Codes) -> Option<()> {
        let bits = self.symbol(dc)?;
        self.skip(bits.into())?;
        let mut next = 1;
        while next < BLOCK {
            let symbol = self.symbol(ac)?;
            let (zeros, bits) = (usize::from(symbol >> 4), symbol & 15);
            if bits == 0 && zeros < 15 {
                break;
            }
            next += zeros + 1;
            self.skip(bits.into())?;
        }
        // More coefficients than a block has are of damage: decoders skip them.
        Some(())
    }

    /// The whole bytes from here to the next marker, unless they are padding.
    fn rest(&mut self) -> usize {
        let buffered: Vec<u8> = (0..self.count / 8).map(|i| (self.word >> (8 * i)) as u8).collect();
        let mut count = buffered.len();
        let mut padding = buffered.iter().all(|&byte| is_padding(byte));
        while let Some(byte) = self.byte() {
            count += 1;
            padding &= is_padding(byte);
        }
        if padding && count <= MOST_PADDING { 0 } else { count }
    }

    /// Goes on after a restart marker.
    fn restart(&mut self) -> Option<()> {
        while self.bytes.get(self.at..self.at + 2)? == [0xff, 0xff] {
            self.at += 1;
        }
        let restarts = matches!(self.bytes[self.at + 1], 0xd0..=0xd7);
        self.at += 2;
        self.count = 0;
        restarts.then_some(())
    }
}

fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | 0xff)
}
