//! Huffman codes and the symbols that WSQ codes with them (IAFIS-IC-0110, annex C).

use zeroize::Zeroizing;

use super::WsqError;

/// Longest code, in bits.
const LENGTH_MAX: usize = 16;

// What symbols stand for (table 3). 1 to 100: so many zeros; 107 to 254: the value above -180.
const PLUS_8: u8 = 101;
const MINUS_8: u8 = 102;
const PLUS_16: u8 = 103;
const MINUS_16: u8 = 104;
const ZEROS_8: u8 = 105;
const ZEROS_16: u8 = 106;
const VALUE_ZERO: i32 = 180;
/// Values that have symbols of their own.
const VALUES: std::ops::RangeInclusive<i32> = -73..=74;

/// How many codes of each length there are, and what they stand for, shortest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    pub counts: [u8; LENGTH_MAX],
    pub symbols: Vec<u8>,
}

impl Code {
    pub(super) fn new(counts: [u8; LENGTH_MAX], symbols: Vec<u8>) -> Result<Self, WsqError> {
        // Codes of each length must leave room for the longer ones.
        let mut free = 1u32;
        for count in counts {
            free =
                (2 * free).checked_sub(u32::from(count)).ok_or(WsqError::Malformed("an impossible Huffman table"))?;
        }
        match counts.iter().map(|&count| usize::from(count)).sum::<usize>() == symbols.len() {
            true => Ok(Self { counts, symbols }),
            false => Err(WsqError::Malformed("a Huffman table of another length than it says")),
        }
    }

    /// The next symbol; `None` where the coded bits end before one does.
    fn next(&self, bits: &mut Bits<'_>) -> Result<Option<u8>, WsqError> {
        let (mut code, mut first, mut index) = (0u32, 0u32, 0usize);
        for count in self.counts {
            let Some(bit) = bits.next() else { return Ok(None) };
            code = code << 1 | bit;
            let offset = code - first;
            if offset < u32::from(count) {
                return self.symbols.get(index + offset as usize).copied().map(Some).ok_or(WsqError::Code);
            }
            index += usize::from(count);
            first = (first + u32::from(count)) << 1;
        }
        Err(WsqError::Code)
    }

    /// Code and length for each symbol that has one.
    fn codes(&self) -> [(u16, u8); 256] {
        let mut codes = [(0, 0); 256];
        let (mut code, mut symbols) = (0u32, self.symbols.iter());
        for (length, count) in (1..).zip(self.counts) {
            for symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(*symbol)] = (code as u16, length);
                code += 1;
            }
            code <<= 1;
        }
        codes
    }
}

/// Bits of coded data, the highest of a byte first. A zero byte behind 0xFF is none of them; any other is a marker, where
/// they end.
struct Bits<'a> {
    rest: &'a [u8],
    byte: u8,
    left: u8,
}

impl Bits<'_> {
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            (self.byte, self.rest) = match self.rest {
                [0xFF, 0, rest @ ..] => (0xFF, rest),
                [0xFF, ..] | [] => return None,
                [byte, rest @ ..] => (*byte, rest),
            };
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn number(&mut self, bits: u8) -> Result<i32, WsqError> {
        (0..bits).try_fold(0, |number, _| Ok(number << 1 | self.next().ok_or(WsqError::Truncated)? as i32))
    }
}

/// Coefficients of all bands one after the other, as far as they are decoded.
pub(super) struct Coefficients {
    pub values: Zeroizing<Vec<i32>>,
    count: usize,
}

impl Coefficients {
    /// Room for so many.
    pub(super) fn new(count: usize) -> Self {
        Self { values: Zeroizing::new(Vec::with_capacity(count)), count }
    }

    pub(super) fn are_complete(&self) -> bool {
        self.values.len() == self.count
    }

    fn push(&mut self, value: i32, times: usize) -> Result<(), WsqError> {
        if times > self.count - self.values.len() {
            return Err(WsqError::Malformed("more coefficients than pixels"));
        }
        let length = self.values.len() + times;
        self.values.resize(length, value);
        Ok(())
    }

    /// Decodes one block, restart markers within it; gives what follows it, a marker.
    pub(super) fn decode<'a>(&mut self, block: &'a [u8], code: &Code) -> Result<&'a [u8], WsqError> {
        let mut rest = block;
        let mut restarts = 0u8;
        loop {
            rest = self.decode_interval(rest, code)?;
            match rest {
                // Restarts count from 0 to 7 and again.
                [0xFF, marker @ 0xB0..=0xB7, after @ ..] if *marker == 0xB0 + restarts => {
                    restarts = (restarts + 1) % 8;
                    rest = after;
                }
                [0xFF, 0xB0..=0xB7, ..] => return Err(WsqError::Malformed("restart markers out of order")),
                [] | [_] => return Err(WsqError::Truncated),
                _ => return Ok(rest),
            }
        }
    }

    fn decode_interval<'a>(&mut self, block: &'a [u8], code: &Code) -> Result<&'a [u8], WsqError> {
        let mut bits = Bits { rest: block, byte: 0, left: 0 };
        while let Some(symbol) = code.next(&mut bits)? {
            match symbol {
                zeros @ 1..=100 => self.push(0, usize::from(zeros)),
                PLUS_8 => bits.number(8).and_then(|value| self.push(value, 1)),
                MINUS_8 => bits.number(8).and_then(|value| self.push(-value, 1)),
                PLUS_16 => bits.number(16).and_then(|value| self.push(value, 1)),
                MINUS_16 => bits.number(16).and_then(|value| self.push(-value, 1)),
                ZEROS_8 => bits.number(8).and_then(|zeros| self.push(0, zeros as usize)),
                ZEROS_16 => bits.number(16).and_then(|zeros| self.push(0, zeros as usize)),
                107..=254 => self.push(i32::from(symbol) - VALUE_ZERO, 1),
                _ => Err(WsqError::Code),
            }?;
        }
        Ok(bits.rest)
    }
}

/// A symbol with the bits that follow it.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    symbol: u8,
    number: u16,
    bits: u8,
}

impl zeroize::Zeroize for Symbol {
    fn zeroize(&mut self) {
        *self = Self { symbol: 0, number: 0, bits: 0 };
    }
}

/// What stands for these coefficients.
pub(super) fn symbols(values: &[i32]) -> Zeroizing<Vec<Symbol>> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(values.len()));
    for run in values.chunk_by(|left, right| *left == 0 && *right == 0) {
        if run.first() == Some(&0) {
            symbols.extend(run.chunks(usize::from(u16::MAX)).map(|zeros| zeros_symbol(zeros.len() as u16)));
        } else {
            symbols.extend(run.iter().map(|&value| value_symbol(value)));
        }
    }
    symbols
}

fn zeros_symbol(zeros: u16) -> Symbol {
    match zeros {
        1..=100 => Symbol { symbol: zeros as u8, number: 0, bits: 0 },
        ..=255 => Symbol { symbol: ZEROS_8, number: zeros, bits: 8 },
        _ => Symbol { symbol: ZEROS_16, number: zeros, bits: 16 },
    }
}

fn value_symbol(value: i32) -> Symbol {
    let number = value.unsigned_abs().min(u32::from(u16::MAX)) as u16;
    match (value > 0, number) {
        _ if VALUES.contains(&value) => Symbol { symbol: (value + VALUE_ZERO) as u8, number: 0, bits: 0 },
        (true, ..=255) => Symbol { symbol: PLUS_8, number, bits: 8 },
        (false, ..=255) => Symbol { symbol: MINUS_8, number, bits: 8 },
        (true, _) => Symbol { symbol: PLUS_16, number, bits: 16 },
        (false, _) => Symbol { symbol: MINUS_16, number, bits: 16 },
    }
}

/// The best code for these symbols (ITU-T T.81, K.2, to which annex C refers): none is longer than 16 bits and none is
/// all ones, which pads a block's last byte.
pub(super) fn code_for<'a>(symbols: impl Iterator<Item = &'a Symbol>) -> Code {
    let mut counts = [0u32; 256];
    symbols.for_each(|symbol| counts[usize::from(symbol.symbol)] += 1);
    // The 257th symbol takes the code of all ones.
    let mut trees: Vec<(u64, Vec<usize>)> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(at, &count)| (u64::from(count), vec![at]))
        .collect();
    trees.push((1, vec![256]));
    let mut lengths = [0usize; 257];
    while trees.len() > 1 {
        trees.sort_by_key(|tree| std::cmp::Reverse(tree.0));
        let (Some(right), Some(left)) = (trees.pop(), trees.pop()) else { break };
        let joined: Vec<usize> = left.1.into_iter().chain(right.1).collect();
        joined.iter().for_each(|&symbol| lengths[symbol] += 1);
        trees.push((left.0 + right.0, joined));
    }
    let mut of_length = limited(&lengths);
    // The longest code is the 257th symbol's.
    if let Some(longest) = of_length.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
    let mut order: Vec<usize> = (0..256).filter(|&symbol| lengths[symbol] > 0).collect();
    order.sort_by_key(|&symbol| (lengths[symbol], symbol));
    Code { counts: of_length, symbols: order.into_iter().map(|symbol| symbol as u8).collect() }
}

/// How many codes of each length there are when those that are too long are made shorter at the cost of others
/// (T.81, figure K.3).
fn limited(lengths: &[usize; 257]) -> [u8; LENGTH_MAX] {
    let mut counts = [0usize; 258];
    lengths.iter().filter(|&&length| length > 0).for_each(|&length| counts[length] += 1);
    for length in (LENGTH_MAX + 1..counts.len()).rev() {
        while counts[length] > 0 {
            let Some(shorter) = (1..length - 1).rev().find(|&shorter| counts[shorter] > 0) else { break };
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    std::array::from_fn(|at| counts[at + 1] as u8)
}

/// Writes a block, padded with ones.
pub(super) fn write(symbols: &[Symbol], code: &Code, out: &mut Vec<u8>) {
    let codes = code.codes();
    let (mut window, mut held) = (0u64, 0u32);
    let mut put = |value: u16, bits: u8| {
        window = window << bits | u64::from(value);
        held += u32::from(bits);
        while held >= 8 {
            held -= 8;
            let byte = (window >> held) as u8;
            out.push(byte);
            if byte == 0xFF {
                out.push(0);
            }
        }
    };
    for Symbol { symbol, number, bits } in symbols {
        let (code, length) = codes[usize::from(*symbol)];
        put(code, length);
        put(*number, *bits);
    }
    put(0x7F, 7);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn round_trip(values: &[i32]) -> Vec<i32> {
        let symbols = symbols(values);
        let code = code_for(symbols.iter());
        assert_eq!(Code::new(code.counts, code.symbols.clone()).unwrap(), code);
        let mut bytes = Vec::new();
        write(&symbols, &code, &mut bytes);
        bytes.extend([0xFF, 0xA1]);
        let mut coefficients = Coefficients::new(values.len());
        assert_eq!(coefficients.decode(&bytes, &code).unwrap(), [0xFF, 0xA1]);
        assert!(coefficients.are_complete());
        coefficients.values.to_vec()
    }

    #[test]
    fn runs_and_values_of_every_size_come_back() {
        let mut values = vec![0; 100];
        for (zeros, value) in
            [(1, 74), (101, -73), (255, 75), (256, -74), (65_535, 255), (65_536, -256), (200_000, 65_535)]
        {
            values.extend(vec![0; zeros]);
            values.push(value);
        }
        assert_eq!(round_trip(&values), values);
        assert!(round_trip(&[]).is_empty());
        assert_eq!(round_trip(&[1]), [1]);
    }

    #[test]
    fn restart_markers_are_passed_in_their_order() {
        let values: Vec<i32> = (0..900).map(|at| if at % 3 == 0 { at % 140 - 70 } else { 0 }).collect();
        let intervals: Vec<_> = values.chunks(90).map(symbols).collect();
        let code = code_for(intervals.iter().flat_map(|interval| interval.iter()));
        let written = |first: u8| {
            let mut bytes = Vec::new();
            for (at, interval) in (0u8..).zip(&intervals) {
                if at > 0 {
                    bytes.extend([0xFF, 0xB0 + (first + at - 1) % 8]);
                }
                write(interval, &code, &mut bytes);
            }
            bytes.extend([0xFF, 0xA1]);
            bytes
        };
        let mut coefficients = Coefficients::new(values.len());
        assert_eq!(coefficients.decode(&written(0), &code).unwrap(), [0xFF, 0xA1]);
        assert_eq!(*coefficients.values, values);
        let mut coefficients = Coefficients::new(values.len());
        assert!(matches!(coefficients.decode(&written(1), &code), Err(WsqError::Malformed(_))));
        let mut too_few = Coefficients::new(values.len() - 1);
        assert!(matches!(too_few.decode(&written(0), &code), Err(WsqError::Malformed(_))));
    }

    #[test]
    fn codes_of_lopsided_counts_are_not_longer_than_sixteen_bits() {
        // Each as often as all rarer ones together: without a limit one code would have 24 bits.
        let values: Vec<i32> =
            (0..24).flat_map(|at| vec![at - 12; 1 << at.min(17)]).filter(|value| *value != 0).collect();
        assert_eq!(round_trip(&values), values);
    }

    #[test]
    fn tables_that_promise_too_many_codes_are_refused() {
        let mut counts = [0; LENGTH_MAX];
        counts[0] = 3;
        assert!(matches!(Code::new(counts, vec![1, 2, 3]), Err(WsqError::Malformed(_))));
        counts[0] = 2;
        assert!(Code::new(counts, vec![1, 2]).is_ok() && Code::new(counts, vec![1]).is_err());
    }

    proptest! {
        #[test]
        fn any_coefficients_come_back(values in prop::collection::vec(prop_oneof![Just(0), -80..80, -65_535..65_536], 0..600)) {
            prop_assert_eq!(round_trip(&values), values);
        }
    }
}
