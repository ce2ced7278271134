//! Whether ridges are light on a dark ground.
//!
//! Ridges and valleys are alike; what tells them apart is the empty ground around a finger, where the sensor is touched
//! as little as by a valley. So the ground of a proper picture is as light as the valleys or lighter, and that of an
//! inverted one as dark as what seems to be valleys. A picture without ground is taken as it is.

use crate::finger::FingerImage;

/// Side of the blocks that are looked at, in pixels at 500 dpi: at least one ridge and one valley.
const BLOCK_PX: usize = 16;
/// A block is one of ridges when its gray values deviate by so much of what the most contrasted tenth does, and one of
/// ground when by less than this.
const RIDGES_FROM: f64 = 0.6;
const GROUND_BELOW: f64 = 0.25;
/// Less ground than this part of the picture tells nothing: the finger's own smudges are as flat.
const GROUND_LEAST: f64 = 0.1;
/// Deviation of the most contrasted tenth, below which there is nothing to be turned (of 255).
const CONTRAST_LEAST: f64 = 8.0;
/// Where the ground lies between the dark (0) and the light (1) lines of the ridge pattern, at most, in an inverted
/// picture: the quarter at the dark end. Sensors that show their ground gray come as low as a half.
const INVERTED_AT_MOST: f64 = 0.25;

struct Block {
    mean: f64,
    deviation: f64,
    /// The first and last tenth of its gray values.
    dark: f64,
    light: f64,
}

pub(super) fn is_inverted(image: &FingerImage) -> bool {
    let blocks = blocks(image);
    let mut deviations: Vec<f64> = blocks.iter().map(|block| block.deviation).collect();
    deviations.sort_by(f64::total_cmp);
    let Some(&contrast) = deviations.get(deviations.len() * 9 / 10).filter(|&&contrast| contrast >= CONTRAST_LEAST)
    else {
        return false;
    };
    let ground = mean(blocks.iter().filter(|block| block.deviation < GROUND_BELOW * contrast).map(|block| block.mean));
    let ridges = || blocks.iter().filter(|block| block.deviation > RIDGES_FROM * contrast);
    let (dark, light) = (mean(ridges().map(|block| block.dark)), mean(ridges().map(|block| block.light)));
    match (ground, dark, light) {
        (Some((count, ground)), Some((_, dark)), Some((_, light))) => {
            count as f64 >= GROUND_LEAST * blocks.len() as f64 && ground < dark + INVERTED_AT_MOST * (light - dark)
        }
        _ => false,
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<(usize, f64)> {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| (count, sum / count as f64))
}

fn blocks(image: &FingerImage) -> Vec<Block> {
    let width = image.width() as usize;
    let band = width * BLOCK_PX;
    let mut blocks = Vec::new();
    for rows in image.gray().chunks_exact(band) {
        for left in (0..=width.saturating_sub(BLOCK_PX)).step_by(BLOCK_PX) {
            blocks.push(block(rows, width, left));
        }
    }
    blocks
}

fn block(rows: &[u8], width: usize, left: usize) -> Block {
    const PIXELS: f64 = (BLOCK_PX * BLOCK_PX) as f64;
    let mut counts = [0u32; 256];
    for row in rows.chunks_exact(width) {
        row.iter().skip(left).take(BLOCK_PX).for_each(|&value| counts[usize::from(value)] += 1);
    }
    let weighted = |power: i32| {
        counts.iter().enumerate().map(|(value, &count)| (value as f64).powi(power) * f64::from(count)).sum::<f64>()
            / PIXELS
    };
    let value_at = |part: f64| {
        let mut left = part * PIXELS;
        counts.iter().position(|&count| {
            left -= f64::from(count);
            left < 0.0
        })
    };
    let mean = weighted(1);
    let [dark, light] = [0.1, 0.9].map(|part| value_at(part).unwrap_or(255) as f64);
    Block { mean, deviation: (weighted(2) - mean * mean).max(0.0).sqrt(), dark, light }
}
