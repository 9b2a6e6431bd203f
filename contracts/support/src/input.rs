/// An argument, read from its front: integers little-endian, arrays and lists as they are.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn take(&mut self, length: usize) -> &'a [u8] {
        assert!(length <= self.0.len(), "the argument is too short");
        let (front, rest) = self.0.split_at(length);
        self.0 = rest;
        front
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N));
        out
    }

    /// Arrays up to the end.
    pub fn arrays<const N: usize>(&mut self) -> alloc::vec::Vec<[u8; N]> {
        assert!(self.0.len() % N == 0, "the argument has another length");
        let count = self.0.len() / N;
        (0..count).map(|_| self.array()).collect()
    }

    pub fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// Bytes after their length (u32).
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = self.u32();
        self.take(length as usize)
    }

    pub fn rest(&mut self) -> &'a [u8] {
        self.take(self.0.len())
    }

    pub fn end(&self) {
        assert!(self.0.is_empty(), "the argument is too long");
    }
}
