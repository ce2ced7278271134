//! Reading the fixed fields of a biometric record, one after another.

/// What is left of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a>(pub(super) &'a [u8]);

impl<'a> Record<'a> {
    /// The next bytes; `None` where the record ends before.
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.bytes(2)?.try_into().map(u16::from_be_bytes).ok()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().map(u32::from_be_bytes).ok()
    }

    /// A part that begins with its own length of four bytes, that length not included in what is given.
    pub(super) fn part(&mut self) -> Option<Self> {
        let length = usize::try_from(self.u32()?).ok()?.checked_sub(4)?;
        self.bytes(length).map(Self)
    }
}
