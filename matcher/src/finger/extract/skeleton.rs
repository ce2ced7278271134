//! Binarization and thinning: ridges one pixel wide (Zhang and Suen 1984), then without the corners that method leaves, so
//! that every pixel of a ridge between two minutiae has exactly two neighbors.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::plane::{CELL, Plane};

/// The eight places around a pixel, clockwise from the one above; bit `n` of a neighborhood is the n-th.
pub(super) const AROUND: [(isize, isize); 8] = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)];

/// What the eight pixels around one say, a value for each neighborhood.
struct Rules {
    /// May go in the first and in the second half of a round.
    goes: [[bool; 256]; 2],
    /// May go without breaking or shortening a line.
    corner: [bool; 256],
    /// How often the neighbors change from nothing to ridge, once around: 1 at an ending, 3 and more at a fork.
    crossings: [u8; 256],
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let mut rules = Rules { goes: [[false; 256]; 2], corner: [false; 256], crossings: [0; 256] };
    for code in 0..256usize {
        let set = |bit: usize| code >> (bit % 8) & 1 == 1;
        let neighbors = code.count_ones();
        let crossings = (0..8).filter(|&bit| !set(bit) && set(bit + 1)).count();
        let (up, right, down, left) = (set(0), set(2), set(4), set(6));
        let thick = (2..=6).contains(&neighbors) && crossings == 1;
        rules.goes[0][code] = thick && !(up && right && down) && !(right && down && left);
        rules.goes[1][code] = thick && !(up && right && left) && !(up && down && left);
        // Yokoi's number of connected parts, where diagonal neighbors touch.
        let parts = [0, 2, 4, 6].iter().filter(|&&bit| !set(bit) && (set(bit + 1) || set(bit + 2))).count();
        rules.corner[code] = neighbors >= 2 && parts == 1;
        rules.crossings[code] = crossings as u8;
    }
    rules
});

/// Ridges as lines, one pixel wide.
pub(super) struct Skeleton {
    lines: Plane<u8>,
}

impl Skeleton {
    pub(super) fn lines(&self) -> &Plane<u8> {
        &self.lines
    }

    pub(super) fn is_line(&self, x: isize, y: isize) -> bool {
        self.lines.at(x, y) != 0
    }

    /// How many lines leave this pixel: 1 at an ending, 3 and more at a fork.
    pub(super) fn crossings(&self, x: isize, y: isize) -> u8 {
        let code = AROUND
            .iter()
            .enumerate()
            .fold(0, |code, (bit, (dx, dy))| code | usize::from(self.lines.at(x + dx, y + dy) != 0) << bit);
        RULES.crossings[code & 255]
    }
}

/// Ridge (1) where the enhanced picture is dark, valley and background 0.
pub(super) fn binarized(enhanced: &Plane<f32>, mask: &Plane<f32>) -> Plane<u8> {
    let mut out = Plane::new(enhanced.width(), enhanced.height());
    for y in 0..enhanced.height() {
        let cells = mask.row(y / CELL);
        for (x, &value) in enhanced.row(y).iter().enumerate() {
            let inside = cells.get(x / CELL).is_some_and(|&cell| cell != 0.0);
            out.set(x, y, u8::from(inside && value < 0.0));
        }
    }
    out
}

/// Thins what is not 0. Each round takes a layer off; a picture has fewer layers than half its lesser side.
pub(super) fn thinned(binary: &Plane<u8>) -> Skeleton {
    // With one pixel of nothing around, neighbors need no test for edges.
    let stride = binary.width() + 2;
    let mut pixels = Zeroizing::new(vec![0u8; stride * (binary.height() + 2)]);
    let mut left = Zeroizing::new(Vec::<u32>::new());
    for y in 0..binary.height() {
        for (x, _) in binary.row(y).iter().enumerate().filter(|(_, value)| **value != 0) {
            let at = (y + 1) * stride + x + 1;
            pixels[at] = 1;
            left.push(at as u32);
        }
    }
    let code = |pixels: &[u8], at: u32| {
        let at = at as usize;
        let bit = |at: usize, bit: u8| usize::from(pixels[at]) << bit;
        bit(at - stride, 0)
            | bit(at - stride + 1, 1)
            | bit(at + 1, 2)
            | bit(at + stride + 1, 3)
            | bit(at + stride, 4)
            | bit(at + stride - 1, 5)
            | bit(at - 1, 6)
            | bit(at - stride - 1, 7)
    };
    let mut going = Zeroizing::new(Vec::<u32>::new());
    loop {
        let before = left.len();
        for goes in &RULES.goes {
            going.clear();
            left.retain(|&at| {
                let goes = goes[code(&pixels, at)];
                if goes {
                    going.push(at);
                }
                !goes
            });
            going.iter().for_each(|&at| pixels[at as usize] = 0);
        }
        if left.len() == before {
            break;
        }
    }
    for &at in left.iter() {
        if RULES.corner[code(&pixels, at)] {
            pixels[at as usize] = 0;
        }
    }
    Skeleton { lines: Plane::of(binary.width(), binary.height(), |x, y| pixels[(y + 1) * stride + x + 1]) }
}
