//! How WSQ splits a picture into bands of frequencies (IAFIS-IC-0110, figure 4): again and again in four, until 64 parts
//! lie side by side in order of frequency, of which the last four are never coded.

/// Bands that are coded, and those that tables have room for.
pub(super) const CODED: usize = 60;
pub(super) const TABLED: usize = 64;
/// First band of the second and of the third block.
pub(super) const BLOCKS: [usize; 2] = [19, 52];

/// A rectangle of the picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// A region that is split. What a high-pass filter leaves has its frequencies the other way round, so that in the parts
/// to the right and below, what the high-pass filter gives lies first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    pub region: Region,
    /// From left to right the high-pass part lies first.
    pub right: bool,
    /// From top to bottom it does.
    pub lower: bool,
}

/// Length of the part that lies first; the low-pass part is the longer one.
pub(super) fn first_of(length: usize, inverted: bool) -> usize {
    if inverted { length / 2 } else { length.div_ceil(2) }
}

impl Split {
    /// Upper left, upper right, lower left, lower right.
    fn parts(self) -> [Self; 4] {
        let Region { x, y, width, height } = self.region;
        let (left, upper) = (first_of(width, self.right), first_of(height, self.lower));
        let part = |right: bool, lower: bool| {
            let (x, width) = if right { (x + left, width - left) } else { (x, left) };
            let (y, height) = if lower { (y + upper, height - upper) } else { (y, upper) };
            Self { region: Region { x, y, width, height }, right, lower }
        };
        [part(false, false), part(true, false), part(false, true), part(true, true)]
    }
}

/// The splits, larger ones first, and the coded bands.
pub(super) struct Bands {
    pub splits: Vec<Split>,
    pub regions: Vec<Region>,
}

impl Bands {
    pub(super) fn of(width: usize, height: usize) -> Self {
        let whole = Split { region: Region { x: 0, y: 0, width, height }, right: false, lower: false };
        let (mut splits, mut regions) = (vec![whole], Vec::with_capacity(CODED));
        let [low, high_across, high_along, _never_coded] = whole.parts();
        let [lower, across, along, both] = low.parts();
        splits.extend([low, high_across, high_along, lower, across, along]);
        // Four by four parts, of the lowest the first in four again.
        let [lowest, others @ ..] = lower.parts();
        let [deepest, beside @ ..] = lowest.parts();
        splits.extend([lowest, deepest]);
        regions.extend(deepest.parts());
        regions.extend(beside);
        for part in others.into_iter().chain(across.parts()).chain(along.parts()) {
            splits.push(part);
            regions.extend(part.parts());
        }
        regions.push(both);
        regions.extend(high_across.parts());
        regions.extend(high_along.parts());
        Self { splits, regions: regions.into_iter().map(|part| part.region).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_all_but_the_highest_quarter_once() {
        for (width, height) in [(32, 32), (33, 47), (388, 374), (545, 622), (61, 1280)] {
            let bands = Bands::of(width, height);
            assert_eq!((bands.splits.len(), bands.regions.len()), (20, CODED));
            let mut covered = vec![0u8; width * height];
            for Region { x, y, width: across, height: along } in bands.regions {
                for row in covered[y * width..(y + along) * width].chunks_exact_mut(width) {
                    row[x..x + across].iter_mut().for_each(|count| *count += 1);
                }
            }
            for (at, count) in covered.iter().enumerate() {
                let highest = at % width >= width.div_ceil(2) && at / width >= height.div_ceil(2);
                assert_eq!(*count, u8::from(!highest));
            }
        }
    }
}
