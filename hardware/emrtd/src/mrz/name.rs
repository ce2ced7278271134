//! The name field: components, and what is cut where they do not all fit (Doc 9303-4, 4.2.3; -5, 4.2.3; -6, 4.2.3; -7,
//! 4.2.3 and 7.2.3).
//!
//! The standard leaves the issuer the choice between initials, shortened components and a fixed length. This cuts later
//! components to their initials first, so that the first of each identifier stays whole as long as it can.

use zeroize::Zeroizing;

/// Characters of the secondary identifier that a primary one too long for the field makes room for.
const SECONDARY_MIN: usize = 2;

/// The name field of this width, from identifiers whose components are parted by single fillers.
pub(super) fn field(primary: &str, secondary: &str, width: usize) -> Zeroizing<String> {
    let (primary, secondary) = (components(primary), components(secondary));
    let text = if secondary.is_empty() {
        shortened(&primary, width)
    } else {
        let room = width.saturating_sub(2);
        let primary = if length(&primary) < room {
            shortened(&primary, room)
        } else {
            shortened(&primary, room.saturating_sub(SECONDARY_MIN.min(length(&secondary))))
        };
        let secondary = shortened(&secondary, room.saturating_sub(primary.len()));
        Zeroizing::new(format!("{}<<{}", *primary, *secondary))
    };
    Zeroizing::new(format!("{:<<width$}", *text))
}

fn components(identifier: &str) -> Vec<&str> {
    identifier.split('<').filter(|component| !component.is_empty()).collect()
}

/// With a filler between each two.
fn length(components: &[&str]) -> usize {
    (components.iter().map(|component| component.len()).sum::<usize>() + components.len()).saturating_sub(1)
}

/// As much of each component as leaves an initial to each later one; those that have no room even for that are left
/// out.
fn shortened(components: &[&str], width: usize) -> Zeroizing<String> {
    let components = &components[..components.len().min(width.div_ceil(2))];
    let mut text = Zeroizing::new(String::with_capacity(width));
    for (at, component) in components.iter().enumerate() {
        if at > 0 {
            text.push('<');
        }
        let later = 2 * (components.len() - at - 1);
        let room = width.saturating_sub(text.len() + later);
        text.push_str(component.get(..room).unwrap_or(component));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_a_letter_wherever_it_was_cut() {
        for width in [30, 31, 39] {
            for (primary, secondary) in [
                ("NILAVADHANANANDA", "CHAYAPA<DEJTHAMRONG<KRASUANG"),
                ("BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WARNAMBOOL", "DINGO<POTOROO"),
                ("BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WARNAMBOOL", ""),
                ("AVERYLONGNAMETHATHASNOPARTSANDFILLSTHEFIELD", "A"),
            ] {
                let name = field(primary, secondary, width);
                assert_eq!(name.len(), width);
                assert!(name.ends_with(|last: char| last.is_ascii_uppercase()), "{}", *name);
                assert_eq!(name.contains("<<"), !secondary.is_empty(), "{}", *name);
            }
        }
    }

    #[test]
    fn more_components_than_the_field_has_room_for_are_left_out() {
        assert_eq!(*field("A<B<C<D", "E", 6), "A<B<<E");
        assert_eq!(*field("", "", 5), "<<<<<");
    }
}
