//! G1 of BN254, y^2 = x^3 + 3: addition and multiplication of points, as arkworks writes them.

/// The field's modulus, least limb first, and -1/p modulo 2^64, 2^512 modulo p.
const P: [u64; 4] = [0x3c20_8c16_d87c_fd47, 0x9781_6a91_6871_ca8d, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];
const P_NEG_INV: u64 = 0x87d2_0782_e486_6389;
const R2: [u64; 4] = [0xf32c_fc5b_538a_fa89, 0xb5e7_1911_d445_01fb, 0x47ab_1eff_0a41_7ff6, 0x06d8_9f71_cab8_351f];
/// The group's order.
const ORDER: [u64; 4] = [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];

fn limbs(bytes: &[u8]) -> [u64; 4] {
    core::array::from_fn(|i| u64::from_le_bytes(bytes[8 * i..8 * i + 8].try_into().unwrap()))
}

fn below(a: &[u64; 4], b: &[u64; 4]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

pub fn is_scalar(bytes: &[u8; 32]) -> bool {
    below(&limbs(bytes), &ORDER)
}

/// a 2^256 modulo p, reduced.
#[derive(Clone, Copy, PartialEq)]
struct Fp([u64; 4]);

impl Fp {
    const ZERO: Self = Self([0; 4]);

    fn new(plain: [u64; 4]) -> Self {
        Self(plain).mul(&Self(R2))
    }

    fn plain(&self) -> [u64; 4] {
        self.mul(&Self([1, 0, 0, 0])).0
    }

    fn sub_limbs(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
        let (mut out, mut borrow) = ([0; 4], false);
        for i in 0..4 {
            let (d, first) = a[i].overflowing_sub(b[i]);
            let (d, second) = d.overflowing_sub(borrow as u64);
            (out[i], borrow) = (d, first | second);
        }
        (out, borrow)
    }

    fn add_limbs(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let (mut out, mut carry) = ([0; 4], 0u128);
        for i in 0..4 {
            carry += a[i] as u128 + b[i] as u128;
            out[i] = carry as u64;
            carry >>= 64;
        }
        out
    }

    fn reduced(a: [u64; 4]) -> Self {
        Self(if below(&a, &P) { a } else { Self::sub_limbs(&a, &P).0 })
    }

    /// p is below 2^254: a sum of two has no carry.
    fn add(&self, other: &Self) -> Self {
        Self::reduced(Self::add_limbs(&self.0, &other.0))
    }

    fn sub(&self, other: &Self) -> Self {
        let (difference, borrow) = Self::sub_limbs(&self.0, &other.0);
        Self(if borrow { Self::add_limbs(&difference, &P) } else { difference })
    }

    /// Montgomery's product, one limb of the second factor at a time; the running sum stays below 2p.
    fn mul(&self, other: &Self) -> Self {
        let mut t = [0u64; 5];
        for i in 0..4 {
            let mut carry = 0u128;
            for j in 0..4 {
                carry += t[j] as u128 + self.0[j] as u128 * other.0[i] as u128;
                t[j] = carry as u64;
                carry >>= 64;
            }
            let top = t[4] as u128 + carry;
            let m = t[0].wrapping_mul(P_NEG_INV);
            carry = (t[0] as u128 + m as u128 * P[0] as u128) >> 64;
            for j in 1..4 {
                carry += t[j] as u128 + m as u128 * P[j] as u128;
                t[j - 1] = carry as u64;
                carry >>= 64;
            }
            carry += top;
            t[3] = carry as u64;
            t[4] = (carry >> 64) as u64;
        }
        Self::reduced([t[0], t[1], t[2], t[3]])
    }

    fn double(&self) -> Self {
        self.add(self)
    }

    fn square(&self) -> Self {
        self.mul(self)
    }

    /// a^(p - 2).
    fn inverse(&self) -> Self {
        let exponent = [P[0] - 2, P[1], P[2], P[3]];
        let mut out = Self::new([1, 0, 0, 0]);
        for i in (0..256).rev() {
            out = out.square();
            if exponent[i / 64] >> (i % 64) & 1 == 1 {
                out = out.mul(self);
            }
        }
        out
    }
}

/// (x / z^2, y / z^3); z = 0 is infinity.
#[derive(Clone, Copy)]
pub struct Point {
    x: Fp,
    y: Fp,
    z: Fp,
}

impl Point {
    const INFINITY: Self = Self { x: Fp::ZERO, y: Fp::ZERO, z: Fp::ZERO };

    /// 64 bytes: x and y, little-endian; the top two bits are flags: 0x40 infinity, 0x80 the larger y.
    pub fn read(bytes: &[u8; 64]) -> Self {
        if bytes[63] & 0x40 != 0 {
            return Self::INFINITY;
        }
        let mut y = limbs(&bytes[32..]);
        y[3] &= u64::MAX >> 2;
        Self { x: Fp::new(limbs(&bytes[..32])), y: Fp::new(y), z: Fp::new([1, 0, 0, 0]) }
    }

    /// 32 bytes: x, with the flags.
    pub fn compressed(&self) -> [u8; 32] {
        let mut out = [0; 32];
        if self.z == Fp::ZERO {
            out[31] = 0x40;
            return out;
        }
        let inverse = self.z.inverse();
        let square = inverse.square();
        let x = self.x.mul(&square).plain();
        let y = self.y.mul(&square.mul(&inverse));
        for (bytes, limb) in out.chunks_exact_mut(8).zip(x) {
            bytes.copy_from_slice(&limb.to_le_bytes());
        }
        if below(&Fp::ZERO.sub(&y).plain(), &y.plain()) {
            out[31] |= 0x80;
        }
        out
    }

    /// [EFD] dbl-2009-l.
    fn double(&self) -> Self {
        let (a, b) = (self.x.square(), self.y.square());
        let c = b.square();
        let d = self.x.add(&b).square().sub(&a).sub(&c).double();
        let e = a.double().add(&a);
        let x = e.square().sub(&d.double());
        let y = e.mul(&d.sub(&x)).sub(&c.double().double().double());
        Self { x, y, z: self.y.mul(&self.z).double() }
    }

    /// [EFD] add-2007-bl.
    pub fn add(&self, other: &Self) -> Self {
        if self.z == Fp::ZERO {
            return *other;
        }
        if other.z == Fp::ZERO {
            return *self;
        }
        let (zz1, zz2) = (self.z.square(), other.z.square());
        let (u1, u2) = (self.x.mul(&zz2), other.x.mul(&zz1));
        let (s1, s2) = (self.y.mul(&other.z).mul(&zz2), other.y.mul(&self.z).mul(&zz1));
        if u1 == u2 {
            return if s1 == s2 { self.double() } else { Self::INFINITY };
        }
        let h = u2.sub(&u1);
        let i = h.double().square();
        let j = h.mul(&i);
        let r = s2.sub(&s1).double();
        let v = u1.mul(&i);
        let x = r.square().sub(&j).sub(&v.double());
        let y = r.mul(&v.sub(&x)).sub(&s1.mul(&j).double());
        let z = self.z.add(&other.z).square().sub(&zz1).sub(&zz2).mul(&h);
        Self { x, y, z }
    }

    pub fn mul(&self, scalar: &[u8; 32]) -> Self {
        let mut out = Self::INFINITY;
        for i in (0..256).rev() {
            out = out.double();
            if scalar[i / 8] >> (i % 8) & 1 == 1 {
                out = out.add(self);
            }
        }
        out
    }
}
